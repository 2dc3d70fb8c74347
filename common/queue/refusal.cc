#include "common/queue/refusal.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/limits.h"
#include "common/base/trace.h"
#include "common/status/error.h"

namespace critac::queue {
namespace {

bool IsKeyCharacter(char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); }

absl::Status CheckNewJob(const std::string& path, const NewJob& job) {
  if (job.key.empty()) return InvalidField(path + ".key", "is empty");
  if (job.key.size() > limits::kJobKeyBytes) {
    return InvalidField(path + ".key", absl::StrFormat("has %d bytes; at most %d", job.key.size(),
                                                       limits::kJobKeyBytes));
  }
  if (!std::all_of(job.key.begin(), job.key.end(), IsKeyCharacter)) {
    return InvalidField(path + ".key", "has a character that is not printable ASCII, or a space");
  }
  if (job.delay < absl::ZeroDuration() || job.delay > limits::kJobDelay) {
    return InvalidField(path + ".delay",
                        absl::StrCat(absl::FormatDuration(job.delay), " is not in 0..",
                                     absl::FormatDuration(limits::kJobDelay)));
  }
  const size_t parent_bytes = TraceParentOf(job.trace).size();
  if (parent_bytes > limits::kJobTraceBytes) {
    return InvalidField(path + ".trace",
                        absl::StrFormat("has a traceparent of %d bytes; at most %d", parent_bytes,
                                        limits::kJobTraceBytes));
  }
  const size_t state_bytes = TraceStateOf(job.trace).size();
  if (state_bytes > limits::kTraceStateBytes) {
    return InvalidField(path + ".trace", absl::StrFormat("has a tracestate of %d bytes; at most %d",
                                                         state_bytes, limits::kTraceStateBytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNewJobs(absl::Span<const NewJob> jobs) {
  if (jobs.size() > limits::kEnqueueJobs) {
    return InvalidField(
        "jobs", absl::StrFormat("are %d; at most %d a call", jobs.size(), limits::kEnqueueJobs));
  }
  for (size_t i = 0; i < jobs.size(); ++i) {
    RETURN_IF_ERROR(CheckNewJob(absl::StrFormat("jobs[%d]", i), jobs[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckReserve(int max, absl::Duration lease) {
  if (max < 1) return InvalidField("max", absl::StrCat(max, " is not 1 or more"));
  return CheckLease("lease", lease);
}

absl::Status CheckLease(absl::string_view field, absl::Duration duration) {
  if (duration > absl::ZeroDuration() && duration <= limits::kJobLease) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(absl::FormatDuration(duration), " is not in 0..",
                                          absl::FormatDuration(limits::kJobLease), ", 0 excluded"));
}

absl::Status CheckRate(int64_t jobs_per_second) {
  if (jobs_per_second >= 0 && jobs_per_second <= limits::kJobRate) return absl::OkStatus();
  return InvalidField("jobs_per_second",
                      absl::StrCat(jobs_per_second, " is not in 0..", limits::kJobRate));
}

absl::Status LeaseLost(absl::string_view key) {
  return Error(absl::StatusCode::kAborted, "LEASE_LOST",
               absl::StrCat("job ", key,
                            " is no longer this worker's: its lease ran out, or it ended"))
      .Resource("critac.queue.v1.Job", key)
      .ToStatus();
}

absl::Status QueueFull(absl::string_view queue, int64_t jobs) {
  return Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
               absl::StrCat("queue ", queue, " would pass ", jobs, " jobs that are not done"))
      .RetryAfter(absl::Seconds(10))
      .ToStatus();
}

absl::Status NoDeadJob(absl::string_view key) {
  return Error(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
               absl::StrCat("there is no dead job ", key))
      .Resource("critac.queue.v1.Job", key)
      .ToStatus();
}

}  // namespace critac::queue
