#ifndef COMMON_BASE_FUTEX_H_
#define COMMON_BASE_FUTEX_H_

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>

namespace critac {

// Waits and wakes of an atomic, by the system call alone. Those of the library yield the processor some times before
// they wait, which costs many threads on few processors more than the wait.
static_assert(sizeof(std::atomic<int>) == sizeof(int));

// Returns once `value` is not `old` any more.
inline void AwaitChange(const std::atomic<int>& value, int old) {
  while (value.load(std::memory_order_acquire) == old) {
    // Returns at once where it changed in between, and now and then for no reason.
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
  }
}

// Wakes those that wait for a change of `value`: one, or all with one call.
inline void WakeOne(std::atomic<int>& value) {
  syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}
inline void WakeAll(std::atomic<int>& value) {
  syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace critac

#endif  // COMMON_BASE_FUTEX_H_
