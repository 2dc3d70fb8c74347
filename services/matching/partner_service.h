#ifndef SERVICES_MATCHING_PARTNER_SERVICE_H_
#define SERVICES_MATCHING_PARTNER_SERVICE_H_

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "services/matching/recusal_reader.h"

namespace critac::matching {

// critac.matching.v1.PartnerService over the pipeline.
class PartnerService final : public v1::PartnerService::CallbackService {
 public:
  PartnerService(rpc::Pipeline& pipeline, journal::Journal& journal, RecusalReader& recusals)
      : pipeline_(pipeline), journal_(journal), recusals_(recusals) {}

  grpc::ServerUnaryReactor* GetPartner(grpc::CallbackServerContext* context,
                                       const v1::GetPartnerRequest* request,
                                       v1::Partner* response) override;
  grpc::ServerUnaryReactor* ListPartners(grpc::CallbackServerContext* context,
                                         const v1::ListPartnersRequest* request,
                                         v1::ListPartnersResponse* response) override;
  grpc::ServerUnaryReactor* ImportPartners(grpc::CallbackServerContext* context,
                                           const v1::ImportPartnersRequest* request,
                                           v1::ImportPartnersResponse* response) override;
  grpc::ServerUnaryReactor* GetExpert(grpc::CallbackServerContext* context,
                                      const v1::GetExpertRequest* request,
                                      v1::Expert* response) override;
  grpc::ServerUnaryReactor* ListExperts(grpc::CallbackServerContext* context,
                                        const v1::ListExpertsRequest* request,
                                        v1::ListExpertsResponse* response) override;
  grpc::ServerUnaryReactor* ImportExperts(grpc::CallbackServerContext* context,
                                          const v1::ImportExpertsRequest* request,
                                          v1::ImportExpertsResponse* response) override;
  grpc::ServerUnaryReactor* CreateConflict(grpc::CallbackServerContext* context,
                                           const v1::CreateConflictRequest* request,
                                           v1::Conflict* response) override;
  grpc::ServerUnaryReactor* ListConflicts(grpc::CallbackServerContext* context,
                                          const v1::ListConflictsRequest* request,
                                          v1::ListConflictsResponse* response) override;
  grpc::ServerUnaryReactor* AskConflictOverride(grpc::CallbackServerContext* context,
                                                const v1::AskConflictOverrideRequest* request,
                                                v1::Conflict* response) override;
  grpc::ServerUnaryReactor* OverrideConflict(grpc::CallbackServerContext* context,
                                             const v1::OverrideConflictRequest* request,
                                             v1::Conflict* response) override;

 private:
  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  RecusalReader& recusals_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PARTNER_SERVICE_H_
