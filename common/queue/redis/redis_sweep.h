#ifndef COMMON_QUEUE_REDIS_REDIS_SWEEP_H_
#define COMMON_QUEUE_REDIS_REDIS_SWEEP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/queue/redis/redis_link.h"

namespace critac::queue::redis {

// Ids that may be orphans: those of jobs that stand in no line or at two places, those in lines that
// no job has, and those in the line of leases that nobody holds.
// Read page by page while others move jobs, so some are none: the script `heal` looks again.
absl::StatusOr<std::vector<std::string>> FindOrphans(Link& link,
                                                     absl::Span<const std::string> keys);

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_SWEEP_H_
