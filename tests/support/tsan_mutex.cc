// Tells ThreadSanitizer what absl::Mutex does. The distribution's Abseil is built without the
// sanitizer, which therefore sees no lock where one is, and calls every access under it a race.
// The functions here take the place of the library's, call those, and say what happened. Linked
// into what is built for ThreadSanitizer, and only there.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

#include "absl/base/options.h"
#include "absl/synchronization/mutex.h"

extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

#define CRITAC_TEXT_INNER(x) #x
#define CRITAC_TEXT(x) CRITAC_TEXT_INNER(x)

// The library's own function by its mangled name without `absl` and its inline namespace.
template <typename Function>
Function* Real(const char* prefix, const char* rest) {
  const std::string inline_namespace = CRITAC_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  const std::string name = std::string(prefix) + "4absl" + std::to_string(inline_namespace.size()) +
                           inline_namespace + rest;
  void* const found = dlsym(RTLD_NEXT, name.c_str());
  if (found == nullptr) {
    std::fprintf(stderr, "tsan_mutex: Abseil has no %s\n", name.c_str());
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

// Functions of the library call each other; only the outermost one speaks.
thread_local int depth = 0;

class Outermost {
 public:
  Outermost() { ++depth; }
  ~Outermost() { --depth; }
  bool speaks() const { return depth == 1; }
};

constexpr unsigned kWrite = 0;
constexpr unsigned kRead = __tsan_mutex_read_lock;

// A call that ends with the lock held.
template <typename Call>
auto Locking(absl::Mutex* mutex, unsigned how, const Call& call) {
  const Outermost outermost;
  if (outermost.speaks()) __tsan_mutex_pre_lock(mutex, how);
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    if (outermost.speaks()) __tsan_mutex_post_lock(mutex, how, 0);
  } else {
    auto result = call();
    if (outermost.speaks()) __tsan_mutex_post_lock(mutex, how, 0);
    return result;
  }
}

template <typename Call>
void Unlocking(absl::Mutex* mutex, unsigned how, const Call& call) {
  const Outermost outermost;
  if (outermost.speaks()) __tsan_mutex_pre_unlock(mutex, how);
  call();
  if (outermost.speaks()) __tsan_mutex_post_unlock(mutex, how);
}

// A call with the lock held that lets go of it meanwhile.
template <typename Call>
auto Waiting(absl::Mutex* mutex, const Call& call) {
  if (depth > 0) return call();
  __tsan_mutex_pre_unlock(mutex, kWrite);
  __tsan_mutex_post_unlock(mutex, kWrite);
  return Locking(mutex, kWrite, call);
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const auto real = Real<void(Mutex*)>("_ZN", "5Mutex4LockEv");
  Locking(this, kWrite, [&] { real(this); });
}

void Mutex::Unlock() {
  static const auto real = Real<void(Mutex*)>("_ZN", "5Mutex6UnlockEv");
  Unlocking(this, kWrite, [&] { real(this); });
}

bool Mutex::TryLock() {
  static const auto real = Real<bool(Mutex*)>("_ZN", "5Mutex7TryLockEv");
  const Outermost outermost;
  if (outermost.speaks()) __tsan_mutex_pre_lock(this, __tsan_mutex_try_lock);
  const bool locked = real(this);
  if (outermost.speaks()) {
    __tsan_mutex_post_lock(
        this, locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
        0);
  }
  return locked;
}

void Mutex::ReaderLock() {
  static const auto real = Real<void(Mutex*)>("_ZN", "5Mutex10ReaderLockEv");
  Locking(this, kRead, [&] { real(this); });
}

void Mutex::ReaderUnlock() {
  static const auto real = Real<void(Mutex*)>("_ZN", "5Mutex12ReaderUnlockEv");
  Unlocking(this, kRead, [&] { real(this); });
}

void Mutex::LockWhen(const Condition& condition) {
  static const auto real =
      Real<void(Mutex*, const Condition&)>("_ZN", "5Mutex8LockWhenERKNS0_9ConditionE");
  Locking(this, kWrite, [&] { real(this, condition); });
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  static const auto real = Real<bool(Mutex*, const Condition&, Duration)>(
      "_ZN", "5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  return Locking(this, kWrite, [&] { return real(this, condition, timeout); });
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static const auto real = Real<bool(Mutex*, const Condition&, Time)>(
      "_ZN", "5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Locking(this, kWrite, [&] { return real(this, condition, deadline); });
}

void Mutex::Await(const Condition& condition) {
  static const auto real =
      Real<void(Mutex*, const Condition&)>("_ZN", "5Mutex5AwaitERKNS0_9ConditionE");
  Waiting(this, [&] { real(this, condition); });
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static const auto real = Real<bool(Mutex*, const Condition&, Duration)>(
      "_ZN", "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  return Waiting(this, [&] { return real(this, condition, timeout); });
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static const auto real = Real<bool(Mutex*, const Condition&, Time)>(
      "_ZN", "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Waiting(this, [&] { return real(this, condition, deadline); });
}

void CondVar::Wait(Mutex* mutex) {
  static const auto real = Real<void(CondVar*, Mutex*)>("_ZN", "7CondVar4WaitEPNS0_5MutexE");
  Waiting(mutex, [&] { real(this, mutex); });
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static const auto real = Real<bool(CondVar*, Mutex*, Duration)>(
      "_ZN", "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return Waiting(mutex, [&] { return real(this, mutex, timeout); });
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto real = Real<bool(CondVar*, Mutex*, Time)>(
      "_ZN", "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return Waiting(mutex, [&] { return real(this, mutex, deadline); });
}

// A condition is looked at with the lock held, by whichever thread has it then, on the inside of
// calls that say they have let go of it.
bool Condition::Eval() const {
  static const auto real = Real<bool(const Condition*)>("_ZNK", "9Condition4EvalEv");
  const int outside = depth;
  depth = 0;
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  const bool holds = real(this);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  depth = outside;
  return holds;
}

ABSL_NAMESPACE_END
}  // namespace absl
