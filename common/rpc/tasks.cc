#include "common/rpc/tasks.h"

#include <memory>
#include <utility>

#include "common/status/error.h"

namespace critac::rpc {

absl::Status TooManyTasks() {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_TASKS",
               "too many such calls wait; make the call again later")
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

void RunInTasks(TaskPool& tasks, absl::AnyInvocable<void(Pipeline::Finish)> body,
                Pipeline::Finish finish) {
  // A task that is not taken must still end the call, so both ends share what ends it.
  auto shared = std::make_shared<Pipeline::Finish>(std::move(finish));
  TaskPool::Task task = [shared, body = std::move(body)]() mutable { body(std::move(*shared)); };
  if (!tasks.TryRun(task)) (*shared)(TooManyTasks());
}

}  // namespace critac::rpc
