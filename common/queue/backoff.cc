#include "common/queue/backoff.h"

#include <algorithm>
#include <cmath>

namespace critac::queue {

absl::Duration Backoff(absl::Duration first, absl::Duration max, int failures, uint64_t bits) {
  absl::Duration wait = std::min(first, max);
  for (int i = 1; i < failures && wait < max && wait > absl::ZeroDuration(); ++i) {
    wait = std::min(wait * 2, max);
  }
  const double fraction = std::ldexp(static_cast<double>(bits >> 11), -53);  // 0 to 1, 1 excluded
  return wait + wait / 4 * fraction;
}

}  // namespace critac::queue
