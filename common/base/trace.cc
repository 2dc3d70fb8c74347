#include "common/base/trace.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/limits.h"

namespace critac {
namespace {

// Of a traceparent of version 00, and where the digits of its flags begin.
constexpr size_t kParentBytes = 55;
constexpr size_t kFlagsPlace = 53;

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsHex(absl::string_view text) { return std::all_of(text.begin(), text.end(), IsLowerHex); }

bool IsId(absl::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != absl::string_view::npos;
}

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsStateKeyCharacter(char c) {
  return IsLowerOrDigit(c) || c == '_' || c == '-' || c == '*' || c == '/';
}

// A part of a member's key, up to `most` characters.
bool IsStateKeyPart(absl::string_view text, size_t most) {
  return !text.empty() && text.size() <= most && IsLowerOrDigit(text.front()) &&
         std::all_of(text.begin(), text.end(), IsStateKeyCharacter);
}

// `vendor`, or `tenant@vendor`. A digit may be first in either form, as the standard's next edition has it.
bool IsStateKey(absl::string_view text) {
  const size_t at = text.find('@');
  if (at == absl::string_view::npos) return IsStateKeyPart(text, 256);
  const absl::string_view vendor = text.substr(at + 1);
  return IsStateKeyPart(text.substr(0, at), 241) && IsStateKeyPart(vendor, 14) &&
         vendor.front() >= 'a';
}

// Spaces at its end are none of it.
bool IsStateValue(absl::string_view text) {
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != ',' && c != '=';
  });
}

absl::string_view WithoutOuterSpace(absl::string_view text) {
  constexpr char kSpace[] = " \t";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == absl::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The finalizer of SplitMix64: every bit of the result depends on every bit of `x`, and no two `x`
// give the same.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

std::optional<std::string> ParseTrace(absl::string_view parent, absl::string_view state) {
  if (parent.size() < kParentBytes) return {};
  if (parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return {};
  const absl::string_view version = parent.substr(0, 2);
  if (!IsHex(version) || version == "ff") return {};
  if (parent.size() > kParentBytes && (version == "00" || parent[kParentBytes] != '-')) return {};
  if (!IsId(parent.substr(3, 32)) || !IsId(parent.substr(36, 16)) ||
      !IsHex(parent.substr(kFlagsPlace, 2))) {
    return {};
  }
  return JoinTrace(absl::StrCat("00", parent.substr(2, kParentBytes - 2)), ParseTraceState(state));
}

std::string ParseTraceState(absl::string_view text) {
  constexpr size_t kMostMembers = 32;
  size_t count = 0;
  std::vector<absl::string_view> keys;
  std::vector<absl::string_view> members;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::string_view member = WithoutOuterSpace(part);
    if (member.empty()) continue;
    const size_t equals = member.find('=');
    if (equals == absl::string_view::npos || ++count > kMostMembers) return "";
    const absl::string_view key = member.substr(0, equals);
    if (!IsStateKey(key) || !IsStateValue(member.substr(equals + 1))) return "";
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(key);
    members.push_back(member);
  }
  return FitTraceState(absl::StrJoin(members, ","), limits::kTraceStateBytes);
}

std::string FitTraceState(absl::string_view state, size_t bytes) {
  constexpr size_t kLargeBytes = 128;
  if (state.size() <= bytes) return std::string(state);
  std::vector<absl::string_view> members = absl::StrSplit(state, ',');
  size_t size = state.size() + 1;  // with a comma behind each
  const auto leave_off = [&](size_t more_than) {
    for (size_t i = members.size(); i > 0 && size > bytes + 1; --i) {
      if (members[i - 1].size() <= more_than) continue;
      size -= members[i - 1].size() + 1;
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  };
  leave_off(kLargeBytes);
  leave_off(0);
  return absl::StrJoin(members, ",");
}

std::string JoinTrace(absl::string_view parent, absl::string_view state) {
  return absl::StrCat(parent, state.empty() ? "" : " ", state);
}

absl::string_view TraceParentOf(absl::string_view trace) {
  return trace.substr(0, trace.find(' '));
}

absl::string_view TraceStateOf(absl::string_view trace) {
  const size_t space = trace.find(' ');
  return space == absl::string_view::npos ? absl::string_view() : trace.substr(space + 1);
}

absl::string_view TraceIdOf(absl::string_view trace) { return trace.substr(3, 32); }

absl::string_view SpanIdOf(absl::string_view trace) { return trace.substr(36, 16); }

bool IsSampled(absl::string_view trace) {
  // The last bit of the last digit.
  const char digit = trace[kFlagsPlace + 1];
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
  const std::optional<std::string> trace = ParseTrace(TraceParentOf(parent), TraceStateOf(parent));
  if (!trace.has_value()) return NewTrace();
  if (!IsSampled(*trace)) return *trace;
  const uint64_t count = counter_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t step = Mix(Mix(low_seed_ + count) ^ high_seed_) | 1;
  return JoinTrace(
      absl::StrCat("00-", TraceIdOf(*trace), "-", absl::Hex(step, absl::kZeroPad16), "-01"),
      TraceStateOf(*trace));
}

}  // namespace critac
