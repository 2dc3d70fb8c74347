#ifndef SERVICES_INTAKE_AGENCY_SERVICE_H_
#define SERVICES_INTAKE_AGENCY_SERVICE_H_

#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/intake/v1/agency.grpc.pb.h"

namespace critac::intake {

// critac.intake.v1.AgencyService.
class AgencyService final : public v1::AgencyService::CallbackService {
 public:
  // All must outlive it.
  AgencyService(rpc::Pipeline& pipeline, journal::Journal& journal, const Clock& clock)
      : pipeline_(pipeline), journal_(journal), clock_(clock) {}

  grpc::ServerUnaryReactor* CreateAgency(grpc::CallbackServerContext* context,
                                         const v1::CreateAgencyRequest* request,
                                         v1::Agency* response) override;
  grpc::ServerUnaryReactor* GetAgency(grpc::CallbackServerContext* context,
                                      const v1::GetAgencyRequest* request,
                                      v1::Agency* response) override;
  grpc::ServerUnaryReactor* ListAgencies(grpc::CallbackServerContext* context,
                                         const v1::ListAgenciesRequest* request,
                                         v1::ListAgenciesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateAgency(grpc::CallbackServerContext* context,
                                         const v1::UpdateAgencyRequest* request,
                                         v1::Agency* response) override;
  grpc::ServerUnaryReactor* LookupAgency(grpc::CallbackServerContext* context,
                                         const v1::LookupAgencyRequest* request,
                                         v1::Agency* response) override;
  grpc::ServerUnaryReactor* ImportAgencies(grpc::CallbackServerContext* context,
                                           const v1::ImportAgenciesRequest* request,
                                           v1::ImportAgenciesResponse* response) override;

 private:
  absl::Status Lookup(const v1::LookupAgencyRequest& in, v1::Agency& out);
  absl::StatusOr<std::vector<v1::Agency>> ByAlias(const std::string& alias);
  absl::StatusOr<std::vector<v1::Agency>> ByName(const std::string& display_name,
                                                 const std::string& state);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  const Clock& clock_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_AGENCY_SERVICE_H_
