#ifndef COMMON_STORE_WAIT_H_
#define COMMON_STORE_WAIT_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace critac::store {

// How a wait goes.
struct WaitOptions {
  // By whose time: the machine's, since it is other processes that are waited for.
  const Clock* clock = &SystemClock::Instance();
  // Lets a pause pass. Null: by the clock.
  std::function<void(absl::Duration)> sleep = nullptr;
  // Told what is waited for and why, in a line without its end. Null: nobody is told.
  std::function<void(const std::string& line)> tell = nullptr;
};

// A wait for something that is tried again and again, which begins when this is made. What it is for is told before the
// first pause, and again every limits::kWaitTold, with the time waited. Not thread-safe.
class Wait {
 public:
  // For `what` (`the database`), for `at_most`.
  Wait(std::string what, absl::Duration at_most, WaitOptions options);

  // Lets `pause` pass before the next try, since `why` came of the one before. False, at once: it would pass `at_most`.
  bool Pause(absl::Duration pause, const absl::Status& why);

 private:
  void Tell(absl::Duration waited, const absl::Status& why);

  const std::string what_;
  const absl::Duration at_most_;
  const WaitOptions options_;
  const absl::Time begin_;
  // How long it had waited when it last told; unset where it has not.
  std::optional<absl::Duration> told_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_WAIT_H_
