#ifndef SERVICES_METRICS_MEASURE_SERVICE_H_
#define SERVICES_METRICS_MEASURE_SERVICE_H_

#include "common/rpc/pipeline.h"
#include "critac/metrics/v1/measure.grpc.pb.h"
#include "services/metrics/follower.h"

namespace critac::metrics {

// Serves critac.metrics.v1.MeasureService: the table of measures, and figures from the facts as they
// are, with the snapshot they hold at.
class MeasureService final : public v1::MeasureService::CallbackService {
 public:
  // Both must outlive the service.
  MeasureService(rpc::Pipeline& pipeline, Follower& follower)
      : pipeline_(pipeline), follower_(follower) {}

  grpc::ServerUnaryReactor* ListMeasures(grpc::CallbackServerContext* context,
                                         const v1::ListMeasuresRequest* request,
                                         v1::ListMeasuresResponse* response) override;
  grpc::ServerUnaryReactor* QueryMeasure(grpc::CallbackServerContext* context,
                                         const v1::QueryMeasureRequest* request,
                                         v1::QueryMeasureResponse* response) override;
  grpc::ServerUnaryReactor* GetSnapshot(grpc::CallbackServerContext* context,
                                        const v1::GetSnapshotRequest* request,
                                        v1::Snapshot* response) override;

 private:
  rpc::Pipeline& pipeline_;
  Follower& follower_;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_MEASURE_SERVICE_H_
