#ifndef COMMON_QUEUE_PERMANENT_H_
#define COMMON_QUEUE_PERMANENT_H_

#include "absl/status/status.h"

namespace critac::queue {

// Whether a job that failed with `status` would fail again however often it is tried, until a
// person changes something. A permanent failure is given up at once, a transient one is tried
// again.
//
//   permanent   INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, UNAUTHENTICATED,
//               FAILED_PRECONDITION, OUT_OF_RANGE, DATA_LOSS
//   transient   CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE;
//               INTERNAL, because a defect may depend on the moment; UNIMPLEMENTED, because a peer
//               may be about to be upgraded
//
// OK is neither: false.
bool IsPermanent(const absl::Status& status);

}  // namespace critac::queue

#endif  // COMMON_QUEUE_PERMANENT_H_
