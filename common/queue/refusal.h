#ifndef COMMON_QUEUE_REFUSAL_H_
#define COMMON_QUEUE_REFUSAL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/queue/work_queue.h"

// What every queue refuses, and in which words, so that no implementation differs in them.
namespace critac::queue {

// OK, or INVALID_ARGUMENT with the first job and field that NewJob does not accept.
absl::Status CheckNewJobs(absl::Span<const NewJob> jobs);

// OK, or INVALID_ARGUMENT: the arguments of Reserve.
absl::Status CheckReserve(int max, absl::Duration lease);

// OK, or INVALID_ARGUMENT: `duration`, called `field`, is no length of a lease.
absl::Status CheckLease(absl::string_view field, absl::Duration duration);

// OK, or INVALID_ARGUMENT: so many jobs a second are no limit.
absl::Status CheckRate(int64_t jobs_per_second);

// ABORTED, reason LEASE_LOST.
absl::Status LeaseLost(absl::string_view key);

// RESOURCE_EXHAUSTED, reason QUEUE_FULL.
absl::Status QueueFull(absl::string_view queue, int64_t jobs);

// NOT_FOUND, reason RESOURCE_NOT_FOUND.
absl::Status NoDeadJob(absl::string_view key);

}  // namespace critac::queue

#endif  // COMMON_QUEUE_REFUSAL_H_
