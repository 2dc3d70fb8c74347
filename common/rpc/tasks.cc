#include "common/rpc/tasks.h"

#include "common/status/error.h"

namespace critac::rpc {

absl::Status TooManyTasks() {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_TASKS",
               "too many such calls wait; make the call again later")
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

}  // namespace critac::rpc
