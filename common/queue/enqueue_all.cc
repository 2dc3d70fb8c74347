#include "common/queue/enqueue_all.h"

#include "common/base/limits.h"
#include "common/status/error.h"

namespace critac::queue {

absl::Status EnqueueAll(WorkQueue& queue, absl::Span<const NewJob> jobs, int64_t& added_count) {
  while (!jobs.empty()) {
    // As many as there are, at most.
    const absl::Span<const NewJob> some = jobs.subspan(0, limits::kEnqueueJobs);
    ASSIGN_OR_RETURN(const int64_t count, queue.Enqueue(some));
    added_count += count;
    jobs.remove_prefix(some.size());
  }
  return absl::OkStatus();
}

}  // namespace critac::queue
