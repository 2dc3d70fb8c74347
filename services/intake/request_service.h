#ifndef SERVICES_INTAKE_REQUEST_SERVICE_H_
#define SERVICES_INTAKE_REQUEST_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "services/intake/request_commands.h"

namespace critac::intake {

// critac.intake.v1.RequestService.
class RequestService final : public v1::RequestService::CallbackService {
 public:
  // All must outlive it.
  RequestService(rpc::Pipeline& pipeline, journal::Journal& journal, RecusalReader& recusals,
                 const Clock& clock)
      : pipeline_(pipeline), journal_(journal), clock_(clock), caches_(recusals) {}

  grpc::ServerUnaryReactor* CreateRequest(grpc::CallbackServerContext* context,
                                          const v1::CreateRequestRequest* request,
                                          v1::Request* response) override;
  grpc::ServerUnaryReactor* GetRequest(grpc::CallbackServerContext* context,
                                       const v1::GetRequestRequest* request,
                                       v1::Request* response) override;
  grpc::ServerUnaryReactor* ListRequests(grpc::CallbackServerContext* context,
                                         const v1::ListRequestsRequest* request,
                                         v1::ListRequestsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateRequest(grpc::CallbackServerContext* context,
                                          const v1::UpdateRequestRequest* request,
                                          v1::Request* response) override;
  grpc::ServerUnaryReactor* ActOnRequest(grpc::CallbackServerContext* context,
                                         const v1::ActOnRequestRequest* request,
                                         v1::Request* response) override;
  grpc::ServerUnaryReactor* GetLifecycle(grpc::CallbackServerContext* context,
                                         const v1::GetLifecycleRequest* request,
                                         v1::Lifecycle* response) override;
  grpc::ServerUnaryReactor* ImportRequests(grpc::CallbackServerContext* context,
                                           const v1::ImportRequestsRequest* request,
                                           v1::ImportRequestsResponse* response) override;

 private:
  // A command on one request, as in request_commands.h.
  template <typename In>
  using Command = absl::Status (*)(journal::Draft&, const rpc::Principal&, const In&,
                                   CommandCaches&, SeenAgency&);
  template <typename In>
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, const In* request,
                                   v1::Request* response, Command<In> command);

  // Agencies from which the caller is recused now.
  absl::StatusOr<std::vector<std::string>> HiddenFrom(const rpc::Call& call,
                                                      journal::Records& records);
  // Puts the last hand to requests for this caller: what it can do now, the agency as it is now, and
  // nothing of what is `hidden`. Profiles that were read are kept in `profiles`.
  using Profiles = absl::flat_hash_map<std::string, type::v1::AgencyProfile>;
  absl::Status Polish(const rpc::Call& call, absl::Span<const std::string> hidden,
                      journal::Records& records, Profiles& profiles, v1::Request& request);
  absl::Status Get(const rpc::Call& call, const v1::GetRequestRequest& in,
                   journal::Records& records, v1::Request& out);
  absl::Status List(const rpc::Call& call, const v1::ListRequestsRequest& in,
                    v1::ListRequestsResponse& out);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  const Clock& clock_;
  CommandCaches caches_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_SERVICE_H_
