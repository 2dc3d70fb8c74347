#include "common/base/trace.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace critac {
namespace {

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsHex(absl::string_view text) { return std::all_of(text.begin(), text.end(), IsLowerHex); }

bool IsId(absl::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != absl::string_view::npos;
}

// The finalizer of SplitMix64: every bit of the result depends on every bit of `x`, and no two `x`
// give the same.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

std::optional<std::string> ParseTrace(absl::string_view text) {
  constexpr size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  const absl::string_view version = text.substr(0, 2);
  if (!IsHex(version) || version == "ff") return {};
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return {};
  const absl::string_view parts = text.substr(2, kLength - 2);
  if (!IsId(text.substr(3, 32)) || !IsId(text.substr(36, 16)) || !IsHex(text.substr(53, 2))) {
    return {};
  }
  return absl::StrCat("00", parts);
}

absl::string_view TraceIdOf(absl::string_view trace) { return trace.substr(3, 32); }

absl::string_view SpanIdOf(absl::string_view trace) { return trace.substr(36, 16); }

bool IsSampled(absl::string_view trace) {
  // The last bit of the last digit.
  const char digit = trace.back();
  return (digit >= 'a' ? digit - 'a' + 10 : digit - '0') % 2 == 1;
}

bool IsInSample(absl::string_view trace_id, double ratio) {
  // The standard wants the last 7 bytes of an id to be random, whoever made it.
  constexpr size_t kRandomDigits = 14;
  constexpr double kRandomIds = 72057594037927936.0;  // 2 to the 56
  uint64_t random = 0;
  if (!absl::SimpleHexAtoi(trace_id.substr(trace_id.size() - kRandomDigits), &random)) return false;
  return static_cast<double>(random) < ratio * kRandomIds;
}

TraceSource::TraceSource(IdSource& ids, double ratio)
    : ratio_(ratio), high_seed_(ids.NextBits()), low_seed_(ids.NextBits()) {}

std::string TraceSource::NewTrace() {
  const uint64_t count = counter_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t low = Mix(low_seed_ + count);
  // The protocol gives the id of all zeros another meaning; a set bit keeps the parent's from it,
  // and the trace id's as well.
  const uint64_t parent = Mix(low ^ high_seed_) | 1;
  std::string trace = absl::StrCat("00-", absl::Hex(Mix(high_seed_ + count) | 1, absl::kZeroPad16),
                                   absl::Hex(low, absl::kZeroPad16), "-",
                                   absl::Hex(parent, absl::kZeroPad16), "-01");
  if (!IsInSample(TraceIdOf(trace), ratio_)) trace.back() = '0';
  return trace;
}

std::string TraceSource::NewStep(absl::string_view parent) {
  const std::optional<std::string> trace = ParseTrace(parent);
  if (!trace.has_value()) return NewTrace();
  if (!IsSampled(*trace)) return *trace;
  const uint64_t count = counter_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t step = Mix(Mix(low_seed_ + count) ^ high_seed_) | 1;
  return absl::StrCat("00-", TraceIdOf(*trace), "-", absl::Hex(step, absl::kZeroPad16), "-01");
}

}  // namespace critac
