#ifndef COMMON_BASE_TOGETHER_H_
#define COMMON_BASE_TOGETHER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"

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
    Seat seat = {.call = &call, .weight = weight};
    if (!LeadsAtOnce(seat)) {
      seat.called.WaitForNotification();
      if (!seat.leads) return;
    }
    const std::vector<Seat*> seats = Take(seat);
    std::vector<Call*> calls;
    calls.reserve(seats.size());
    for (const Seat* const one : seats) calls.push_back(one->call);
    make(seat.lane, calls);
    // First of all the next may begin.
    if (Seat* const next = Next(seat.lane)) next->called.Notify();
    for (Seat* const one : seats) {
      if (one != &seat) one->called.Notify();
    }
  }

  // Calls that wait for those being done.
  size_t waiting_count() const {
    absl::MutexLock lock(&mutex_);
    return waiting_.size();
  }

 private:
  struct Seat {
    Call* call;
    int64_t weight;
    // Set before it is called.
    bool leads = false;
    int lane = 0;
    absl::Notification called = {};
  };

  bool LeadsAtOnce(Seat& seat) {
    absl::MutexLock lock(&mutex_);
    if (free_lanes_.empty()) {
      waiting_.push_back(&seat);
      return false;
    }
    seat.lane = free_lanes_.back();
    free_lanes_.pop_back();
    return true;
  }

  std::vector<Seat*> Take(Seat& leader) {
    std::vector<Seat*> seats = {&leader};
    int64_t weight = leader.weight;
    absl::MutexLock lock(&mutex_);
    while (!waiting_.empty() && waiting_.front()->weight <= most_ - weight) {
      weight += waiting_.front()->weight;
      seats.push_back(waiting_.front());
      waiting_.pop_front();
    }
    return seats;
  }

  // Who leads next, in this lane; null: nobody waits.
  Seat* Next(int lane) {
    absl::MutexLock lock(&mutex_);
    if (waiting_.empty()) {
      free_lanes_.push_back(lane);
      return nullptr;
    }
    Seat* const next = waiting_.front();
    waiting_.pop_front();
    next->leads = true;
    next->lane = lane;
    return next;
  }

  const int64_t most_;
  mutable absl::Mutex mutex_;
  std::vector<int> free_lanes_ ABSL_GUARDED_BY(mutex_);
  std::deque<Seat*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac

#endif  // COMMON_BASE_TOGETHER_H_
