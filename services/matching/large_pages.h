#ifndef SERVICES_MATCHING_LARGE_PAGES_H_
#define SERVICES_MATCHING_LARGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace critac::matching {

// Allocates for vectors that are gone through again and again, and from anywhere to anywhere: those of many megabytes
// lie in large pages, where the system has them, whose addresses a processor keeps in mind.
template <typename T>
struct LargePages {
  using value_type = T;

  LargePages() = default;
  template <typename U>
  LargePages(const LargePages<U>&) {}  // NOLINT(google-explicit-constructor): as allocators convert

  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes < kLeastBytes) return static_cast<T*>(::operator new(bytes));
    void* const place = ::operator new(bytes, std::align_val_t{kPageBytes});
    // Where it is refused, the pages are small.
    (void)madvise(place, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(place);
  }
  void deallocate(T* place, size_t count) {
    if (count * sizeof(T) < kLeastBytes) return ::operator delete(place);
    ::operator delete(place, std::align_val_t{kPageBytes});
  }

  // As C++17 takes it too (lemon_transport.cc).
  friend bool operator==(const LargePages&, const LargePages&) { return true; }
  friend bool operator!=(const LargePages&, const LargePages&) { return false; }

 private:
  static constexpr size_t kPageBytes = size_t{2} << 20;
  static constexpr size_t kLeastBytes = 4 * kPageBytes;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_LARGE_PAGES_H_
