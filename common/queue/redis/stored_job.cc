#include "common/queue/redis/stored_job.h"

#include <array>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/base/sha256.h"
#include "common/base/trace.h"

namespace critac::queue::redis {
namespace {

constexpr size_t kIdBytes = 14;
constexpr size_t kTimeBytes = 8;
// Priority, time, length of the trace.
constexpr size_t kHeaderBytes = 1 + kTimeBytes + 1;

// A trace with a tracestate is kept as a traceparent of a later version, behind whose parts it has
// the tracestate: who does not know of it takes it for that, and hands on the trace without it. No
// other trace begins so, as ParseTrace makes every version 00.
constexpr char kVersionWithState[] = "01";
constexpr size_t kVersionBytes = 2;
constexpr size_t kParentBytes = 55;
static_assert(kParentBytes + 1 + limits::kJobTraceStateBytes == 255, "its length has one byte");

// Empty: the traceparent alone is kept.
std::string KeptWithState(absl::string_view trace) {
  const std::string state = FitTraceState(TraceStateOf(trace), limits::kJobTraceStateBytes);
  if (state.empty()) return "";
  const std::optional<std::string> parent = ParseTrace(TraceParentOf(trace));
  if (!parent.has_value()) return "";
  return absl::StrCat(kVersionWithState, absl::string_view(*parent).substr(kVersionBytes), "-",
                      state);
}

std::string TraceOfKept(absl::string_view kept) {
  if (kept.size() <= kParentBytes || kept[kParentBytes] != '-' ||
      !absl::StartsWith(kept, kVersionWithState)) {
    return std::string(kept);
  }
  const absl::string_view parts = kept.substr(kVersionBytes, kParentBytes - kVersionBytes);
  return JoinTrace(absl::StrCat("00", parts), kept.substr(kParentBytes + 1));
}

}  // namespace

std::string JobId(absl::string_view key) {
  const std::array<uint8_t, 32> digest = Sha256(key);
  return std::string(reinterpret_cast<const char*>(digest.data()), kIdBytes);
}

std::string EncodeJob(const NewJob& job, absl::Time enqueued) {
  const std::string with_state = KeptWithState(job.trace);
  const absl::string_view trace = with_state.empty() ? TraceParentOf(job.trace) : with_state;
  std::string record;
  record.reserve(kHeaderBytes + trace.size() + job.key.size());
  record += static_cast<char>('0' + static_cast<int>(job.priority));
  const auto micros = static_cast<uint64_t>(absl::ToUnixMicros(enqueued));
  for (int shift = 56; shift >= 0; shift -= 8) record += static_cast<char>(micros >> shift & 0xff);
  record += static_cast<char>(trace.size());
  absl::StrAppend(&record, trace, job.key);
  return record;
}

std::optional<StoredJob> DecodeJob(absl::string_view record) {
  if (record.size() < kHeaderBytes || record[0] < '0' || record[0] > '2') return std::nullopt;
  const size_t trace_bytes = static_cast<uint8_t>(record[kHeaderBytes - 1]);
  if (record.size() < kHeaderBytes + trace_bytes) return std::nullopt;
  uint64_t micros = 0;
  for (size_t i = 1; i <= kTimeBytes; ++i) micros = micros << 8 | static_cast<uint8_t>(record[i]);
  return StoredJob{
      .priority = static_cast<Priority>(record[0] - '0'),
      .enqueued = absl::FromUnixMicros(static_cast<int64_t>(micros)),
      .trace = TraceOfKept(record.substr(kHeaderBytes, trace_bytes)),
      .key = std::string(record.substr(kHeaderBytes + trace_bytes)),
  };
}

}  // namespace critac::queue::redis
