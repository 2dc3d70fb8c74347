#ifndef TESTS_SUPPORT_REDIS_CLIENT_H_
#define TESTS_SUPPORT_REDIS_CLIENT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/queue/redis/redis_connection.h"

namespace critac::testing {

// What the server at a port of loopback answers to one command, on a connection of its own. An
// error of the server's is UNAVAILABLE, with its text.
inline absl::StatusOr<queue::redis::Reply> AskRedis(int port,
                                                    const std::vector<std::string>& words) {
  auto connection = queue::redis::Connection::Open({.host = "127.0.0.1", .port = port}, {}, {});
  if (!connection.ok()) return connection.status();
  const std::vector<absl::string_view> views(words.begin(), words.end());
  return (*connection)->Ask(views);
}

// Whether it took the command.
inline bool TellRedis(int port, const std::vector<std::string>& words) {
  return AskRedis(port, words).ok();
}

// The text that it answers; empty where it does not.
inline std::string TextOfRedis(int port, const std::vector<std::string>& words) {
  const auto reply = AskRedis(port, words);
  return reply.ok() ? std::string(reply->value().text()) : "";
}

// The number that it answers; -1 where it does not.
inline int64_t NumberOfRedis(int port, const std::vector<std::string>& words) {
  const auto reply = AskRedis(port, words);
  return reply.ok() ? reply->value().integer() : -1;
}

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_REDIS_CLIENT_H_
