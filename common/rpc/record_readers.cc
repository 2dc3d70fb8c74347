#include "common/rpc/record_readers.h"

#include <pthread.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/limits.h"

namespace critac::rpc {

RecordReaders::RecordReaders(int threads, int most_waiting)
    : most_waiting_(static_cast<size_t>(most_waiting)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Loop(); });
    pthread_setname_np(threads_.back().native_handle(), "read-records");
  }
}

RecordReaders::~RecordReaders() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

bool RecordReaders::TryAdd(journal::Journal& journal, Answer& answer) {
  absl::MutexLock lock(&mutex_);
  if (waiting_.size() >= most_waiting_) return false;
  waiting_.push_back({&journal, std::move(answer)});
  changed_.Signal();
  return true;
}

void RecordReaders::Loop() {
  while (true) {
    std::vector<Asked> taken;
    {
      absl::MutexLock lock(&mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (waiting_.empty()) return;
      while (!waiting_.empty() && taken.size() < limits::kReadsAnsweredTogether) {
        taken.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    absl::flat_hash_map<journal::Journal*, absl::StatusOr<journal::Look>> looks;
    for (Asked& asked : taken) {
      auto look = looks.find(asked.journal);
      if (look == looks.end()) look = looks.emplace(asked.journal, asked.journal->LookNow()).first;
      asked.answer(look->second);
    }
  }
}

}  // namespace critac::rpc
