#include "common/server/queues.h"

#include "common/status/error.h"

namespace critac::server {

absl::StatusOr<queue::WorkQueue*> Queues::Get(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const auto found = queues_.find(name);
  if (found != queues_.end()) return found->second.get();
  ASSIGN_OR_RETURN(std::unique_ptr<queue::WorkQueue> queue, make_(name));
  return queues_.insert({name, std::move(queue)}).first->second.get();
}

std::vector<queue::WorkQueue*> Queues::All() const {
  absl::MutexLock lock(&mutex_);
  std::vector<queue::WorkQueue*> all;
  for (const auto& [name, queue] : queues_) all.push_back(queue.get());
  return all;
}

void Queues::Shutdown() {
  for (queue::WorkQueue* queue : All()) queue->Shutdown();
}

}  // namespace critac::server
