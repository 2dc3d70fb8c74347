#include "services/intake/catalog_service.h"

#include "services/intake/import_commands.h"
#include "services/intake/intake_states.h"

namespace critac::intake {

using rpc::Call;

grpc::ServerUnaryReactor* CatalogService::GetCatalog(grpc::CallbackServerContext* context,
                                                     const v1::GetCatalogRequest* request,
                                                     v1::Catalog* response) {
  return pipeline_.Get<v1::GetCatalogRequest, v1::Catalog>(
      context, request, response, journal_,
      [](const Call&, const auto&, journal::Records& records, v1::Catalog& out) {
        const absl::Status status = records.GetInto(kCatalogName, out);
        // Before its first entry the catalog is empty, not missing.
        return absl::IsNotFound(status) ? absl::OkStatus() : status;
      });
}

grpc::ServerUnaryReactor* CatalogService::ImportCatalog(grpc::CallbackServerContext* context,
                                                        const v1::ImportCatalogRequest* request,
                                                        v1::ImportCatalogResponse* response) {
  return pipeline_.Write<v1::ImportCatalogRequest, v1::ImportCatalogResponse>(
      context, request, response, journal_, [](const Call&, const auto& in) -> journal::Decide {
        return [in](journal::Draft& draft) { return intake::ImportCatalog(draft, in); };
      });
}

}  // namespace critac::intake
