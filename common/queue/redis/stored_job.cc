#include "common/queue/redis/stored_job.h"

#include <array>
#include <cstdint>

#include "common/base/sha256.h"

namespace critac::queue::redis {
namespace {

constexpr size_t kIdBytes = 14;
constexpr size_t kTimeBytes = 8;
// Priority, time, length of the trace.
constexpr size_t kHeaderBytes = 1 + kTimeBytes + 1;

}  // namespace

std::string JobId(absl::string_view key) {
  const std::array<uint8_t, 32> digest = Sha256(key);
  return std::string(reinterpret_cast<const char*>(digest.data()), kIdBytes);
}

std::string EncodeJob(const NewJob& job, absl::Time enqueued) {
  std::string record;
  record.reserve(kHeaderBytes + job.trace.size() + job.key.size());
  record += static_cast<char>('0' + static_cast<int>(job.priority));
  const auto micros = static_cast<uint64_t>(absl::ToUnixMicros(enqueued));
  for (int shift = 56; shift >= 0; shift -= 8) record += static_cast<char>(micros >> shift & 0xff);
  record += static_cast<char>(job.trace.size());
  record += job.trace;
  record += job.key;
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
      .trace = std::string(record.substr(kHeaderBytes, trace_bytes)),
      .key = std::string(record.substr(kHeaderBytes + trace_bytes)),
  };
}

}  // namespace critac::queue::redis
