#ifndef COMMON_QUEUE_ENQUEUE_ALL_H_
#define COMMON_QUEUE_ENQUEUE_ALL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// Puts in any number of jobs, limits::kEnqueueJobs a call. Ends at the first error, which it
// returns; what was put in stays. Adds to `added_count` how many were added or brought back.
absl::Status EnqueueAll(WorkQueue& queue, absl::Span<const NewJob> jobs, int64_t& added_count);

}  // namespace critac::queue

#endif  // COMMON_QUEUE_ENQUEUE_ALL_H_
