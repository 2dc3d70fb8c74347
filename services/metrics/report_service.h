#ifndef SERVICES_METRICS_REPORT_SERVICE_H_
#define SERVICES_METRICS_REPORT_SERVICE_H_

#include <functional>

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/metrics/v1/report.grpc.pb.h"
#include "services/metrics/follower.h"
#include "services/metrics/report_store.h"

namespace critac::metrics {

// Serves critac.metrics.v1.ReportService. A report is asked for at the snapshot that the facts have
// once they follow as far as the journals are at the call: what was acknowledged before it is in.
class ReportService final : public v1::ReportService::CallbackService {
 public:
  // All must outlive the service. `on_missing` is called where a document is to be made anew; it must
  // not block.
  ReportService(rpc::Pipeline& pipeline, journal::Journal& journal, Follower& follower,
                ReportStore& store, std::function<void()> on_missing)
      : pipeline_(pipeline),
        journal_(journal),
        follower_(follower),
        store_(store),
        on_missing_(std::move(on_missing)) {}

  grpc::ServerUnaryReactor* CreateReport(grpc::CallbackServerContext* context,
                                         const v1::CreateReportRequest* request,
                                         v1::Report* response) override;
  grpc::ServerUnaryReactor* GetReport(grpc::CallbackServerContext* context,
                                      const v1::GetReportRequest* request,
                                      v1::Report* response) override;
  grpc::ServerUnaryReactor* ListReports(grpc::CallbackServerContext* context,
                                        const v1::ListReportsRequest* request,
                                        v1::ListReportsResponse* response) override;
  // UNAVAILABLE, with RetryInfo: the document is not kept any more and is being made anew.
  grpc::ServerUnaryReactor* GetReportDocument(grpc::CallbackServerContext* context,
                                              const v1::GetReportDocumentRequest* request,
                                              v1::GetReportDocumentResponse* response) override;

 private:
  absl::Status ReadDocument(const v1::GetReportDocumentRequest& in,
                            v1::GetReportDocumentResponse& out);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  Follower& follower_;
  ReportStore& store_;
  const std::function<void()> on_missing_;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_SERVICE_H_
