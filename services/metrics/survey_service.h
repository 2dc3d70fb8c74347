#ifndef SERVICES_METRICS_SURVEY_SERVICE_H_
#define SERVICES_METRICS_SURVEY_SERVICE_H_

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "services/metrics/follower.h"

namespace critac::metrics {

// Serves critac.metrics.v1.SurveyService. The engagement of a response must be one that the facts
// know; where they do not, they are first let follow as far as the journals are now, so that an
// engagement that was acknowledged before the call is found. An agency or partner records for its own
// engagements only.
class SurveyService final : public v1::SurveyService::CallbackService {
 public:
  // All must outlive the service.
  SurveyService(rpc::Pipeline& pipeline, journal::Journal& journal, Follower& follower)
      : pipeline_(pipeline), journal_(journal), follower_(follower) {}

  grpc::ServerUnaryReactor* RecordSurveyResponse(grpc::CallbackServerContext* context,
                                                 const v1::RecordSurveyResponseRequest* request,
                                                 v1::SurveyResponse* response) override;
  grpc::ServerUnaryReactor* ImportSurveyResponses(
      grpc::CallbackServerContext* context, const v1::ImportSurveyResponsesRequest* request,
      v1::ImportSurveyResponsesResponse* response) override;

 private:
  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  Follower& follower_;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_SURVEY_SERVICE_H_
