#ifndef COMMON_BASE_TOGETHER_H_
#define COMMON_BASE_TOGETHER_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/base/futex.h"

namespace critac {

// Has what many threads ask for done together: while some do it, those that come wait; then one of
// them does it for all that have come. So nobody waits for others to come, and the more there are,
// the more goes at once. They are begun in the order in which they came. Thread-safe.
template <typename Call>
class Together {
 public:
  // `lanes`: how many threads do calls at a time, each those of its own; 1: one after another.
  // `most`: weight that a thread does at once; a call that is heavier goes alone.
  explicit Together(int lanes = 1, int64_t most = std::numeric_limits<int64_t>::max())
      : most_(most) {
    for (int lane = lanes - 1; lane >= 0; --lane) free_lanes_.push_back(lane);
  }

  // Returns once `call` is done, by this thread or another. `make` does calls; `lane`, from 0, is
  // that of no other thread meanwhile.
  void Do(Call& call, int64_t weight,
          absl::FunctionRef<void(int lane, absl::Span<Call* const> calls)> make) {
    bool leads = false;
    const std::shared_ptr<Round> round = Join(call, weight, leads);
    if (!leads) {
      AwaitChange(round->done, 0);
      return;
    }
    AwaitChange(round->lane, kNone);
    Begin(*round);
    make(round->lane, round->calls);
    // First of all the next may begin.
    GiveLane(round->lane);
    // One call of the system wakes all of them.
    round->done.store(1);
    WakeAll(round->done);
  }

  // Calls that wait for those being done.
  size_t waiting_count() const {
    absl::MutexLock lock(&mutex_);
    size_t count = 0;
    for (const auto& round : waiting_) count += round->calls.size();
    return count;
  }

 private:
  static constexpr int kNone = -1;

  // Calls that are done at once, by the thread of the first.
  struct Round {
    std::vector<Call*> calls;
    int64_t weight = 0;
    std::atomic<int> lane = kNone;
    std::atomic<int> done = 0;
  };

  // The round that the call goes in: the last, as long as it has not begun and there is room.
  std::shared_ptr<Round> Join(Call& call, int64_t weight, bool& leads) {
    absl::MutexLock lock(&mutex_);
    leads = waiting_.empty() || waiting_.back()->weight > most_ - weight;
    if (leads) {
      waiting_.push_back(std::make_shared<Round>());
      if (!free_lanes_.empty()) {
        waiting_.back()->lane = free_lanes_.back();
        free_lanes_.pop_back();
      }
    }
    Round& round = *waiting_.back();
    round.calls.push_back(&call);
    round.weight += weight;
    return waiting_.back();
  }

  // Those that come from now on are in another round.
  void Begin(const Round& round) {
    absl::MutexLock lock(&mutex_);
    waiting_.erase(std::find_if(waiting_.begin(), waiting_.end(),
                                [&round](const auto& one) { return one.get() == &round; }));
  }

  // To the round that has waited longest for one.
  void GiveLane(int lane) {
    std::shared_ptr<Round> next;
    {
      absl::MutexLock lock(&mutex_);
      for (const auto& round : waiting_) {
        if (round->lane != kNone) continue;
        next = round;
        break;
      }
      if (next == nullptr) {
        free_lanes_.push_back(lane);
        return;
      }
      next->lane = lane;
    }
    WakeOne(next->lane);
  }

  const int64_t most_;
  mutable absl::Mutex mutex_;
  std::vector<int> free_lanes_ ABSL_GUARDED_BY(mutex_);
  // In the order in which their first calls came; those that have a lane are about to begin.
  std::deque<std::shared_ptr<Round>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac

#endif  // COMMON_BASE_TOGETHER_H_
