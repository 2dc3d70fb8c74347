#ifndef COMMON_QUEUE_REDIS_REDIS_LINK_H_
#define COMMON_QUEUE_REDIS_REDIS_LINK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/together.h"
#include "common/queue/redis/redis_connection.h"
#include "common/queue/redis/redis_route.h"
#include "common/queue/redis/scripts.h"

namespace critac::queue::redis {

struct LinkOptions {
  SocketTimes sockets;
  // How long a call goes on trying while no server can be found: a fail-over or a restart takes
  // about as long. While it has been so for longer already, calls try once.
  absl::Duration patience = absl::Seconds(2);
  // Wait before the next try; doubled after each, up to `max_backoff`, plus up to a quarter at
  // random.
  absl::Duration first_backoff = absl::Milliseconds(20);
  absl::Duration max_backoff = absl::Milliseconds(500);
};

// The way of a queue's calls to its server. Thread-safe: calls that come while others are on their
// way go together, in one write, and their replies are read together.
//
// A call is made again where it cannot have taken effect: the server refused it, being a replica,
// being started, not having the keys or not all of them yet, or not knowing the script. Where its
// connection broke after it was sent it is made again only if it is repeatable; otherwise it is not
// known whether it took effect.
//
// UNAVAILABLE, reason QUEUE_UNAVAILABLE: no server can be reached, it refuses writes, or it is not
// known whether the call took effect; the message says which.
class Link {
 public:
  // All must outlive the link.
  Link(Route& route, const LinkOptions& options, const Clock& clock, IdSource& ids)
      : route_(route), options_(options), clock_(clock), ids_(ids) {}

  absl::StatusOr<Reply> Run(const Script& script, absl::Span<const std::string> keys,
                            absl::Span<const absl::string_view> arguments);
  // A command that can be repeated.
  absl::StatusOr<Reply> Ask(absl::Span<const absl::string_view> words);

 private:
  // What is to become of a call after its reply.
  enum class Next { kDone, kSendText, kSendAgain, kAskElsewhere, kWait };

  struct Call {
    std::string wire;
    // The same with the script's text, for a server that does not know it. Null: none.
    std::function<std::string()> with_text;
    bool repeatable = false;
    absl::StatusOr<Reply> result = absl::UnavailableError("not made");
  };

  absl::StatusOr<Reply> Make(Call& call);
  void MakeAll(absl::Span<Call* const> all);
  absl::Status Prepare();
  // Sends calls and reads their replies; those to be made again are returned.
  std::vector<Call*> Exchange(const std::vector<Call*>& calls, bool& waits);
  void Broken(absl::Span<Call* const> calls, const absl::Status& why, std::vector<Call*>& again,
              bool& waits);
  // `here`: the server whose reply it is.
  Next Look(Call& call, Reply reply, const Endpoint& here);
  Next AskElsewhere(Call& call, absl::string_view where, const Endpoint& here);
  bool WaitBeforeNextTry(int failures, absl::Time deadline);

  Route& route_;
  const LinkOptions options_;
  const Clock& clock_;
  IdSource& ids_;

  Together<Call> together_;
  // Used by the thread that makes the calls of all.
  std::unique_ptr<Connection> connection_;
  // The route's before it was made.
  int64_t generation_ = 0;
  absl::Time down_since_ = absl::InfiniteFuture();
};

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_LINK_H_
