#include "common/base/ids.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "common/base/sha256.h"

namespace critac {
namespace {

// Sets the version and variant bits of RFC 9562 and writes the canonical form.
std::string FormatUuid(uint64_t high, uint64_t low, int version) {
  high = (high & 0xffffffffffff0fffULL) | (static_cast<uint64_t>(version) << 12);
  low = (low & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff,
                         high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

uint64_t ReadBits(const std::array<uint8_t, 32>& bytes, size_t offset) {
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits = bits << 8 | bytes[offset + i];
  return bits;
}

}  // namespace

std::string IdSource::NewUuid() {
  const uint64_t high = NextBits();
  return FormatUuid(high, NextBits(), 4);
}

std::string IdSource::NewShortId(int length) {
  static constexpr absl::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id;
  uint64_t bits = 0;
  for (int i = 0; i < length; ++i) {
    if (i % 12 == 0) bits = NextBits();
    id += kAlphabet[bits & 31];
    bits >>= 5;
  }
  return id;
}

uint64_t RandomIdSource::NextBits() {
  absl::MutexLock lock(&mutex_);
  if (left_ == 0) {
    static_assert(sizeof(fetched_) <= 256, "getentropy gives at most 256 bytes");
    // It cannot fail for so few bytes once the machine has started.
    if (getentropy(fetched_.data(), sizeof(fetched_)) != 0) std::abort();
    left_ = fetched_.size();
  }
  return fetched_[--left_];
}

uint64_t SeededIdSource::NextBits() {
  absl::MutexLock lock(&mutex_);
  return engine_();
}

std::string UuidFromName(absl::string_view name) {
  const std::array<uint8_t, 32> digest = Sha256(name);
  return FormatUuid(ReadBits(digest, 0), ReadBits(digest, 8), 5);
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

}  // namespace critac
