#ifndef SERVICES_MATCHING_POOL_METHODS_H_
#define SERVICES_MATCHING_POOL_METHODS_H_

#include <functional>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// Runs a method that may wait for another service in `tasks`, off gRPC's threads. RESOURCE_EXHAUSTED
// with RetryInfo: too many wait there.
template <typename Request>
grpc::ServerUnaryReactor* InTasks(
    rpc::Pipeline& pipeline, TaskPool& tasks, grpc::CallbackServerContext* context,
    const Request* request, google::protobuf::Message* response,
    absl::AnyInvocable<absl::Status(const rpc::Call&, const Request&)> handler);

// Gives a command that rests on a view of the pool. Where the view turns out to be old, it is read
// again and the command made anew, some times over. The answer goes to `response`.
using MakeDecide =
    std::function<absl::StatusOr<journal::Decide>(std::shared_ptr<const PoolView> view)>;
absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const rpc::Call& call,
                           const google::protobuf::Message& request,
                           google::protobuf::Message& response, const MakeDecide& make);

// The same for a command of the service's own, which is not repeated by a caller.
absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const MakeDecide& make);

// ---- Details only below -------------------------------------------------------------------------

absl::Status TooManyTasks();

template <typename Request>
grpc::ServerUnaryReactor* InTasks(
    rpc::Pipeline& pipeline, TaskPool& tasks, grpc::CallbackServerContext* context,
    const Request* request, google::protobuf::Message* response,
    absl::AnyInvocable<absl::Status(const rpc::Call&, const Request&)> handler) {
  return pipeline.Unary(
      context, *request, *response,
      [&tasks, handler = std::move(handler)](const rpc::Call& call,
                                             const google::protobuf::Message& checked,
                                             rpc::Pipeline::Finish finish) mutable {
        // A task that is not taken must still end the call, so both ends share what ends it.
        auto shared = std::make_shared<rpc::Pipeline::Finish>(std::move(finish));
        TaskPool::Task task = [&call, &checked, shared, handler = std::move(handler)]() mutable {
          (*shared)(handler(call, static_cast<const Request&>(checked)));
        };
        if (!tasks.TryRun(task)) (*shared)(TooManyTasks());
      });
}

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POOL_METHODS_H_
