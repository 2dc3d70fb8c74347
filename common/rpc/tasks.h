#ifndef COMMON_RPC_TASKS_H_
#define COMMON_RPC_TASKS_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "common/rpc/pipeline.h"

namespace critac::rpc {

// RESOURCE_EXHAUSTED with RetryInfo, reason TOO_MANY_TASKS.
absl::Status TooManyTasks();

// Runs a method that may wait for another server in `tasks`, off gRPC's threads. TooManyTasks: too
// many wait there. `tasks` must outlive the call.
template <typename Request>
grpc::ServerUnaryReactor* InTasks(
    Pipeline& pipeline, TaskPool& tasks, grpc::CallbackServerContext* context,
    const Request* request, google::protobuf::Message* response,
    absl::AnyInvocable<absl::Status(const Call&, const Request&)> handler) {
  return pipeline.Unary(
      context, *request, *response,
      [&tasks, handler = std::move(handler)](const Call& call,
                                             const google::protobuf::Message& checked,
                                             Pipeline::Finish finish) mutable {
        // A task that is not taken must still end the call, so both ends share what ends it.
        auto shared = std::make_shared<Pipeline::Finish>(std::move(finish));
        TaskPool::Task task = [&call, &checked, shared, handler = std::move(handler)]() mutable {
          (*shared)(handler(call, static_cast<const Request&>(checked)));
        };
        if (!tasks.TryRun(task)) (*shared)(TooManyTasks());
      });
}

}  // namespace critac::rpc

#endif  // COMMON_RPC_TASKS_H_
