#ifndef COMMON_QUEUE_REDIS_REDIS_ROUTE_H_
#define COMMON_QUEUE_REDIS_REDIS_ROUTE_H_

#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/redis/redis_connection.h"
#include "common/queue/redis/redis_url.h"

namespace critac::queue::redis {

// Knows which server has a queue's keys: the one, the master that the sentinels name, or the node of
// the cluster to which the others point. All keys of a queue are under one hash tag, so it is one
// server. Thread-safe.
class Route {
 public:
  Route(Target target, const SocketTimes& times) : target_(std::move(target)), times_(times) {}

  // A connection to that server. UNAVAILABLE: none can be had now; the next call may try another.
  absl::StatusOr<std::unique_ptr<Connection>> Connect();

  // The server said where the keys are.
  void Moved(const Endpoint& endpoint);
  // The server failed, or is not the master any more: it is looked for anew.
  void Suspect();
  // Rises when the server changes, so that other connections can follow.
  int64_t generation() const;

  // A connection to some node, for one command that a cluster sent there.
  absl::StatusOr<std::unique_ptr<Connection>> ConnectTo(const Endpoint& endpoint) const {
    return Connection::Open(endpoint, target_, times_);
  }

  // Whether another server may take over.
  bool can_change() const { return target_.kind != Target::Kind::kSingle; }

 private:
  absl::StatusOr<Endpoint> AskSentinels();
  absl::StatusOr<std::unique_ptr<Connection>> ConnectToMaster();
  Endpoint NodeToAsk();

  const Target target_;
  const SocketTimes times_;

  mutable absl::Mutex mutex_;
  // Of a cluster: the node that the others pointed to, and the next to ask where it is not known.
  std::optional<Endpoint> node_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of sentinels: the one that answered last, and the master last found.
  size_t sentinel_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<Endpoint> master_ ABSL_GUARDED_BY(mutex_);
  int64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_ROUTE_H_
