#ifndef SERVICES_MATCHING_IDENTITY_SERVICE_H_
#define SERVICES_MATCHING_IDENTITY_SERVICE_H_

#include "common/base/task_pool.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/matching/v1/identity.grpc.pb.h"

namespace critac::matching {

// critac.matching.v1.IdentityService over the pipeline. Records are compared in `tasks`: with many
// experts that takes a while.
class IdentityService final : public v1::IdentityService::CallbackService {
 public:
  IdentityService(rpc::Pipeline& pipeline, journal::Journal& journal, TaskPool& tasks)
      : pipeline_(pipeline), journal_(journal), tasks_(tasks) {}

  grpc::ServerUnaryReactor* FindSuspectedIdentities(
      grpc::CallbackServerContext* context, const v1::FindSuspectedIdentitiesRequest* request,
      v1::FindSuspectedIdentitiesResponse* response) override;
  grpc::ServerUnaryReactor* DecideIdentity(grpc::CallbackServerContext* context,
                                           const v1::DecideIdentityRequest* request,
                                           v1::Identity* response) override;
  grpc::ServerUnaryReactor* ListIdentities(grpc::CallbackServerContext* context,
                                           const v1::ListIdentitiesRequest* request,
                                           v1::ListIdentitiesResponse* response) override;

 private:
  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  TaskPool& tasks_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_IDENTITY_SERVICE_H_
