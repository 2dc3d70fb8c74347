#include "services/cli/import/batch_queue.h"

#include <utility>

namespace critac::cli {

BatchQueue::BatchQueue(int in_flight, std::function<absl::Status(Batch&)> send,
                       std::function<void(const Batch&)> done)
    : in_flight_(static_cast<size_t>(in_flight)), send_(std::move(send)), done_(std::move(done)) {
  for (int i = 0; i < in_flight; ++i) senders_.emplace_back([this] { SendLoop(); });
}

BatchQueue::~BatchQueue() { Finish().IgnoreError(); }

bool BatchQueue::CanTake(const Batch& batch) const {
  if (!status_.ok()) return true;  // to be told so
  if (static_cast<size_t>(submitted_ - handed_back_) >= in_flight_) return false;
  for (const PendingRow& row : batch) {
    for (const std::string& key : row.keys) {
      if (keys_on_their_way_.contains(key)) return false;
    }
  }
  return true;
}

bool BatchQueue::Submit(Batch batch) {
  absl::MutexLock lock(&mutex_);
  const auto can_take = [this, &batch]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return CanTake(batch); };
  mutex_.Await(absl::Condition(&can_take));
  if (!status_.ok()) return false;
  for (const PendingRow& row : batch) keys_on_their_way_.insert(row.keys.begin(), row.keys.end());
  waiting_.emplace_back(submitted_++, std::move(batch));
  return true;
}

void BatchQueue::SendLoop() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !waiting_.empty() || closed_;
    };
    mutex_.Await(absl::Condition(&has_work));
    if (waiting_.empty()) return;
    auto [index, batch] = std::move(waiting_.front());
    waiting_.pop_front();
    if (!status_.ok()) continue;

    mutex_.Unlock();
    absl::Status sent = send_(batch);
    mutex_.Lock();

    for (const PendingRow& row : batch) {
      for (const std::string& key : row.keys) keys_on_their_way_.erase(key);
    }
    if (!sent.ok()) {
      if (status_.ok()) status_ = std::move(sent);
      continue;
    }
    sent_.emplace(index, std::move(batch));
    for (auto next = sent_.find(handed_back_); next != sent_.end();
         next = sent_.find(handed_back_)) {
      done_(next->second);
      sent_.erase(next);
      ++handed_back_;
    }
  }
}

absl::Status BatchQueue::Finish() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  for (std::thread& sender : senders_) {
    if (sender.joinable()) sender.join();
  }
  absl::MutexLock lock(&mutex_);
  return status_;
}

}  // namespace critac::cli
