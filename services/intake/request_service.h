#ifndef SERVICES_INTAKE_REQUEST_SERVICE_H_
#define SERVICES_INTAKE_REQUEST_SERVICE_H_

#include <memory>

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "services/intake/request_commands.h"

namespace critac::intake {

// critac.intake.v1.RequestService.
class RequestService final : public v1::RequestService::CallbackService {
 public:
  // Both must outlive it.
  RequestService(rpc::Pipeline& pipeline, journal::Journal& journal)
      : pipeline_(pipeline), journal_(journal) {}

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
  using Command = absl::Status (*)(journal::Draft&, const rpc::Principal&, const In&, CatalogCache&,
                                   SeenAgency&);
  template <typename In>
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, const In* request,
                                   v1::Request* response, Command<In> command);

  absl::Status List(const rpc::Call& call, const v1::ListRequestsRequest& in,
                    v1::ListRequestsResponse& out);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  CatalogCache catalogs_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_SERVICE_H_
