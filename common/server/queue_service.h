#ifndef COMMON_SERVER_QUEUE_SERVICE_H_
#define COMMON_SERVER_QUEUE_SERVICE_H_

#include "common/rpc/pipeline.h"
#include "common/server/queues.h"
#include "critac/queue/v1/queue.grpc.pb.h"

namespace critac::server {

// Serves critac.queue.v1.QueueService over the queues of the process.
class QueueService final : public queue::v1::QueueService::CallbackService {
 public:
  // Both must outlive the service.
  QueueService(rpc::Pipeline& pipeline, const Queues& queues)
      : pipeline_(pipeline), queues_(queues) {}

  grpc::ServerUnaryReactor* ListQueues(grpc::CallbackServerContext* context,
                                       const queue::v1::ListQueuesRequest* request,
                                       queue::v1::ListQueuesResponse* response) override;
  grpc::ServerUnaryReactor* PeekQueue(grpc::CallbackServerContext* context,
                                      const queue::v1::PeekQueueRequest* request,
                                      queue::v1::PeekQueueResponse* response) override;

 private:
  rpc::Pipeline& pipeline_;
  const Queues& queues_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_QUEUE_SERVICE_H_
