#ifndef COMMON_QUEUE_REDIS_REDIS_URL_H_
#define COMMON_QUEUE_REDIS_REDIS_URL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace critac::queue::redis {

struct Endpoint {
  std::string host;
  int port = 0;

  bool operator==(const Endpoint&) const = default;
};

// `host:port`, an IPv6 address in brackets.
std::string ToString(const Endpoint& endpoint);

// Where a Redis is and how to log in.
struct Target {
  enum class Kind { kSingle, kSentinel, kCluster };

  Kind kind = Kind::kSingle;
  // Of the one server; of the sentinels; of some nodes of the cluster.
  std::vector<Endpoint> endpoints;
  // Name under which the sentinels watch the master.
  std::string master;
  // Empty: the default user. Sentinels are asked without logging in.
  std::string user;
  std::string password;
  // A cluster has only 0.
  int database = 0;
};

// Reads one of
//
//   redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
//   redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/NAME[/DATABASE]
//   redis+cluster://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]
//
// Ports are 6379 and of sentinels 26379 unless given; user and password are percent-encoded.
// INVALID_ARGUMENT: what is wrong, without the password.
absl::StatusOr<Target> ParseUrl(absl::string_view url);

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_URL_H_
