#ifndef COMMON_SERVER_QUEUES_H_
#define COMMON_SERVER_QUEUES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/work_queue.h"

namespace critac::server {

// The work queues of a process, each made when it is first asked for. Thread-safe.
class Queues {
 public:
  using Make =
      std::function<absl::StatusOr<std::unique_ptr<queue::WorkQueue>>(const std::string& name)>;
  explicit Queues(Make make) : make_(std::move(make)) {}

  // The queue of a name: always the same one. It lives as long as this object.
  absl::StatusOr<queue::WorkQueue*> Get(const std::string& name);
  // All that were made, by name.
  std::vector<queue::WorkQueue*> All() const;
  // Shuts all down.
  void Shutdown();

 private:
  const Make make_;
  mutable absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<queue::WorkQueue>> queues_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::server

#endif  // COMMON_SERVER_QUEUES_H_
