#ifndef TESTS_SUPPORT_EVENTUALLY_H_
#define TESTS_SUPPORT_EVENTUALLY_H_

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace critac::testing {

// Looks until `holds`; whether it did before `most` was over. For what only another program knows
// and tells nobody unasked.
inline bool Eventually(const std::function<bool()>& holds,
                       absl::Duration most = absl::Seconds(60)) {
  const absl::Time deadline = absl::Now() + most;
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    SystemClock::Instance().WaitUntil(absl::Now() + absl::Milliseconds(5));
  }
  return true;
}

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_EVENTUALLY_H_
