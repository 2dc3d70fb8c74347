#ifndef COMMON_QUEUE_BACKOFF_H_
#define COMMON_QUEUE_BACKOFF_H_

#include <cstdint>

#include "absl/time/time.h"

namespace critac::queue {

// How long to wait after the `failures`-th failure in a row (from 1): `first`, doubled after each,
// up to `max`, plus up to a quarter of that at random, so that those who failed together do not come
// back together. `bits` are 64 random bits.
absl::Duration Backoff(absl::Duration first, absl::Duration max, int failures, uint64_t bits);

}  // namespace critac::queue

#endif  // COMMON_QUEUE_BACKOFF_H_
