#ifndef COMMON_BASE_IDS_H_
#define COMMON_BASE_IDS_H_

#include <array>
#include <cstdint>
#include <random>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace critac {

// Where random ids come from. Thread-safe.
class IdSource {
 public:
  virtual ~IdSource() = default;

  // 64 random bits.
  virtual uint64_t NextBits() = 0;

  // A random UUID (version 4, RFC 9562), lower case.
  std::string NewUuid();

  // A random id of `length` characters out of 0-9 and a-z without i, l, o, u (Crockford's base 32),
  // for resource names that people read to each other. `length` is 1 to 26.
  std::string NewShortId(int length);
};

// Ids nobody can guess, from the kernel's random generator, fetched some at a time: a command may
// take a dozen.
class RandomIdSource final : public IdSource {
 public:
  uint64_t NextBits() override;

 private:
  absl::Mutex mutex_;
  std::array<uint64_t, 32> fetched_ ABSL_GUARDED_BY(mutex_);
  size_t left_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The same ids for the same seed: for tests and the sample program.
class SeededIdSource final : public IdSource {
 public:
  explicit SeededIdSource(uint64_t seed) : engine_(seed) {}
  uint64_t NextBits() override;

 private:
  absl::Mutex mutex_;
  std::mt19937_64 engine_ ABSL_GUARDED_BY(mutex_);
};

// The UUID of `name` (version 5 in form, RFC 9562, over SHA-256): the same name gives the same
// UUID, so a step derived from another can be repeated without happening twice.
std::string UuidFromName(absl::string_view name);

// Whether `text` is a UUID: 8-4-4-4-12 hexadecimal digits, either case.
bool IsUuid(absl::string_view text);

}  // namespace critac

#endif  // COMMON_BASE_IDS_H_
