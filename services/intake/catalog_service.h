#ifndef SERVICES_INTAKE_CATALOG_SERVICE_H_
#define SERVICES_INTAKE_CATALOG_SERVICE_H_

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/intake/v1/catalog.grpc.pb.h"

namespace critac::intake {

// critac.intake.v1.CatalogService.
class CatalogService final : public v1::CatalogService::CallbackService {
 public:
  // Both must outlive it.
  CatalogService(rpc::Pipeline& pipeline, journal::Journal& journal)
      : pipeline_(pipeline), journal_(journal) {}

  grpc::ServerUnaryReactor* GetCatalog(grpc::CallbackServerContext* context,
                                       const v1::GetCatalogRequest* request,
                                       v1::Catalog* response) override;
  grpc::ServerUnaryReactor* ImportCatalog(grpc::CallbackServerContext* context,
                                          const v1::ImportCatalogRequest* request,
                                          v1::ImportCatalogResponse* response) override;

 private:
  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_CATALOG_SERVICE_H_
