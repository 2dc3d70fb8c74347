#ifndef SERVICES_MATCHING_TWO_THREADS_H_
#define SERVICES_MATCHING_TWO_THREADS_H_

#include <atomic>
#include <cstdint>
#include <thread>

namespace critac::matching {

inline constexpr int32_t kTwoThreadsSlices = 64;

// Has `work(slice, first, last)` done for each of kTwoThreadsSlices slices, which together are 0 to before `count`, by
// this thread and another one. Each takes the next slice when it is done with one, so that this thread works from the
// start, however long the other takes to come, and neither waits long for the other in the end. What `work` does with
// different slices must not clash.
template <typename Work>
void InTwoThreads(int64_t count, Work work) {
  std::atomic<int32_t> next = 0;
  const auto begin_of = [&](int32_t slice) {
    return static_cast<int32_t>(count * slice / kTwoThreadsSlices);
  };
  const auto take_slices = [&] {
    for (int32_t slice = next++; slice < kTwoThreadsSlices; slice = next++) {
      work(slice, begin_of(slice), begin_of(slice + 1));
    }
  };
  std::thread other(take_slices);
  take_slices();
  other.join();
}

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TWO_THREADS_H_
