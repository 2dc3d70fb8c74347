#ifndef COMMON_RPC_TASKS_H_
#define COMMON_RPC_TASKS_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "common/rpc/pipeline.h"

namespace critac::rpc {

// RESOURCE_EXHAUSTED with RetryInfo, reason TOO_MANY_TASKS.
absl::Status TooManyTasks();

// Runs `body` in `tasks`, with what ends the call; where too many wait there, ends it with TooManyTasks.
void RunInTasks(TaskPool& tasks, absl::AnyInvocable<void(Pipeline::Finish)> body,
                Pipeline::Finish finish);

// Runs a method that may wait for another server in `tasks`, off gRPC's threads. One that nobody waits for any more
// when its turn comes is not begun (Pipeline::CheckStillWanted). TooManyTasks: too many wait there. `tasks` must
// outlive the call.
template <typename Request>
grpc::ServerUnaryReactor* InTasks(
    Pipeline& pipeline, TaskPool& tasks, grpc::CallbackServerContext* context,
    const Request* request, google::protobuf::Message* response,
    absl::AnyInvocable<absl::Status(const Call&, const Request&)> handler) {
  return pipeline.Unary(context, *request, *response,
                        [&pipeline, &tasks, context, handler = std::move(handler)](
                            const Call& call, const google::protobuf::Message& checked,
                            Pipeline::Finish finish) mutable {
                          RunInTasks(
                              tasks,
                              [&pipeline, context, &call, &checked,
                               handler = std::move(handler)](Pipeline::Finish end) mutable {
                                const absl::Status wanted =
                                    pipeline.CheckStillWanted(*context, call);
                                if (!wanted.ok()) return end(wanted);
                                end(handler(call, static_cast<const Request&>(checked)));
                              },
                              std::move(finish));
                        });
}

}  // namespace critac::rpc

#endif  // COMMON_RPC_TASKS_H_
