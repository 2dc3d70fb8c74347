#ifndef SERVICES_INTAKE_RECUSAL_SERVICE_H_
#define SERVICES_INTAKE_RECUSAL_SERVICE_H_

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/intake/v1/recusal.grpc.pb.h"

namespace critac::intake {

// critac.intake.v1.RecusalService.
class RecusalService final : public v1::RecusalService::CallbackService {
 public:
  // Both must outlive it.
  RecusalService(rpc::Pipeline& pipeline, journal::Journal& journal)
      : pipeline_(pipeline), journal_(journal) {}

  grpc::ServerUnaryReactor* GetRecusals(grpc::CallbackServerContext* context,
                                        const v1::GetRecusalsRequest* request,
                                        v1::Recusals* response) override;
  grpc::ServerUnaryReactor* SetRecusals(grpc::CallbackServerContext* context,
                                        const v1::SetRecusalsRequest* request,
                                        v1::Recusals* response) override;

 private:
  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_RECUSAL_SERVICE_H_
