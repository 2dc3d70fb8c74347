#ifndef COMMON_QUEUE_REDIS_REDIS_CONNECTION_H_
#define COMMON_QUEUE_REDIS_REDIS_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/queue/redis/redis_reply.h"
#include "common/queue/redis/redis_url.h"

struct redisContext;

namespace critac::queue::redis {

// How long one waits for a socket. By the machine's clock: what is waited for is the network.
struct SocketTimes {
  absl::Duration connect = absl::Seconds(1);
  // For the next bytes to be taken by the other side.
  absl::Duration write = absl::Seconds(2);
  // For all of a reply to come, from when it was asked for or the reply before it was read.
  absl::Duration reply = absl::Seconds(2);
};

// A command in the protocol's form.
std::string Wire(absl::Span<const absl::string_view> words);

// A connection to one server. Not thread-safe. After an error it is of no use any more. Errors do not
// name the server: callers of the queue see them.
class Connection {
 public:
  // Connects and logs in. UNAVAILABLE: the server cannot be reached in time, or refuses the user.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Endpoint& endpoint,
                                                          const Target& target,
                                                          const SocketTimes& times);
  // Connects to a sentinel, without logging in.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenSentinel(const Endpoint& endpoint,
                                                                  const SocketTimes& times);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }

  // Whether the other side closed it, or says something unasked. To be asked before commands are
  // sent on a connection that has been idle.
  bool IsStale() const;

  // Adds a command, which Send sends.
  absl::Status Append(absl::string_view wire);
  absl::Status Send();
  // The next reply, which may be an error of the server's. UNAVAILABLE: none came in time.
  absl::StatusOr<Reply> Read();

  // One command and its reply; an error of the server's is UNAVAILABLE.
  absl::StatusOr<Reply> Ask(absl::Span<const absl::string_view> words);

  // Waits until something can be read, `wake` can be read, or `most` is over; whether it is the
  // first.
  bool AwaitReadable(int wake, absl::Duration most) const;

 private:
  Connection(redisContext* context, Endpoint endpoint, const SocketTimes& times);

  static absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& endpoint,
                                                             const SocketTimes& times);
  absl::Status LogIn(const Target& target);

  redisContext* const context_;
  const Endpoint endpoint_;
  const SocketTimes times_;
};

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_CONNECTION_H_
