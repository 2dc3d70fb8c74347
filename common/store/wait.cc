#include "common/store/wait.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"

namespace critac::store {

Wait::Wait(std::string what, absl::Duration at_most, WaitOptions options)
    : what_(std::move(what)),
      at_most_(at_most),
      options_(std::move(options)),
      begin_(options_.clock->Now()) {}

bool Wait::Pause(absl::Duration pause, const absl::Status& why) {
  const absl::Time now = options_.clock->Now();
  if (now - begin_ + pause > at_most_) return false;
  Tell(now - begin_, why);
  if (options_.sleep != nullptr) {
    options_.sleep(pause);
  } else {
    options_.clock->WaitUntil(now + pause);
  }
  return true;
}

void Wait::Tell(absl::Duration waited, const absl::Status& why) {
  if (options_.tell == nullptr) return;
  if (told_.has_value() && waited - *told_ < limits::kWaitTold) return;
  std::string line = absl::StrCat("waiting for ", what_, ", ");
  if (told_.has_value()) {
    line = absl::StrCat("still ", line, absl::FormatDuration(absl::Trunc(waited, absl::Seconds(1))),
                        " of ");
  }
  absl::StrAppend(&line, "at most ", absl::FormatDuration(at_most_), ": ", why.message());
  options_.tell(line);
  told_ = waited;
}

}  // namespace critac::store
