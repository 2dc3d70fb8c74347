#ifndef COMMON_SERVER_QUEUE_SERVICE_H_
#define COMMON_SERVER_QUEUE_SERVICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "common/rpc/pipeline.h"
#include "common/server/queues.h"
#include "critac/queue/v1/queue.grpc.pb.h"

namespace critac::server {

// NOT_FOUND, reason QUEUE_NOT_FOUND: there is no queue `name`, only `names`.
absl::Status QueueNotFound(const std::string& name, const std::vector<std::string>& names);

// Serves critac.queue.v1.QueueService over the queues of the process. Its calls may wait for the
// server that holds a queue, so they run on a thread of its own.
class QueueService final : public queue::v1::QueueService::CallbackService {
 public:
  // Whether a caller may see jobs.
  using MayPeek = std::function<absl::Status(const rpc::Call&)>;

  // Both must outlive the service, and the server it is registered with must have shut down before
  // its end. `may_peek` may be null: whoever may call may see.
  QueueService(rpc::Pipeline& pipeline, const Queues& queues, MayPeek may_peek = nullptr);

  grpc::ServerUnaryReactor* ListQueues(grpc::CallbackServerContext* context,
                                       const queue::v1::ListQueuesRequest* request,
                                       queue::v1::ListQueuesResponse* response) override;
  grpc::ServerUnaryReactor* PeekQueue(grpc::CallbackServerContext* context,
                                      const queue::v1::PeekQueueRequest* request,
                                      queue::v1::PeekQueueResponse* response) override;
  grpc::ServerUnaryReactor* PauseQueue(grpc::CallbackServerContext* context,
                                       const queue::v1::PauseQueueRequest* request,
                                       queue::v1::QueueStats* response) override;
  grpc::ServerUnaryReactor* ResumeQueue(grpc::CallbackServerContext* context,
                                        const queue::v1::ResumeQueueRequest* request,
                                        queue::v1::QueueStats* response) override;
  grpc::ServerUnaryReactor* LimitQueue(grpc::CallbackServerContext* context,
                                       const queue::v1::LimitQueueRequest* request,
                                       queue::v1::QueueStats* response) override;
  grpc::ServerUnaryReactor* RedriveJobs(grpc::CallbackServerContext* context,
                                        const queue::v1::RedriveJobsRequest* request,
                                        queue::v1::RedriveJobsResponse* response) override;
  grpc::ServerUnaryReactor* PurgeJobs(grpc::CallbackServerContext* context,
                                      const queue::v1::PurgeJobsRequest* request,
                                      queue::v1::PurgeJobsResponse* response) override;

 private:
  // Runs a method that changes a queue, and answers with the queue's figures.
  template <typename Request>
  grpc::ServerUnaryReactor* Govern(
      grpc::CallbackServerContext* context, const Request* request, queue::v1::QueueStats* response,
      absl::AnyInvocable<absl::Status(queue::WorkQueue&, const Request&)> change);

  rpc::Pipeline& pipeline_;
  const Queues& queues_;
  const MayPeek may_peek_;
  TaskPool tasks_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_QUEUE_SERVICE_H_
