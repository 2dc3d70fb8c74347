#ifndef COMMON_QUEUE_REDIS_STORED_JOB_H_
#define COMMON_QUEUE_REDIS_STORED_JOB_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/queue/work_queue.h"

namespace critac::queue::redis {

// The name of a job in the server's lines: 14 bytes of the SHA-256 of its key. A line of ids is a
// fraction of a line of keys, and the scripts refuse a key whose id is another's.
std::string JobId(absl::string_view key);

// A job as the server keeps it; scripts/lines.lua says where what stands.
struct StoredJob {
  Priority priority = Priority::kNormal;
  absl::Time enqueued;
  std::string trace;
  std::string key;
};

// `enqueued` is kept in microseconds, and of a tracestate what limits::kJobTraceStateBytes hold.
std::string EncodeJob(const NewJob& job, absl::Time enqueued);
// Nothing: that is no record of a job.
std::optional<StoredJob> DecodeJob(absl::string_view record);

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_STORED_JOB_H_
