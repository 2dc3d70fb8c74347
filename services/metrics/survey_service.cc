#include "services/metrics/survey_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "services/metrics/call_commands.h"
#include "services/metrics/facts.h"
#include "services/metrics/survey_commands.h"

namespace critac::metrics {
namespace {

using rpc::Call;

// Whether the caller may speak for an engagement: an agency of its own, a partner that serves in it,
// anyone else the method lets in.
bool SpeaksFor(const rpc::Principal& principal, const Facts& facts,
               const EngagementFacts& engagement) {
  if (principal.role == type::v1::ROLE_AGENCY) {
    const RequestFacts* request = FindRequest(facts, engagement.request);
    const AgencyTraits& agency = request == nullptr ? engagement.agency : request->agency;
    return agency.agency == principal.resource();
  }
  if (principal.role != type::v1::ROLE_PARTNER) return true;
  for (const AssignmentFacts& assignment : engagement.assignments) {
    if (assignment.partner == principal.resource()) return true;
  }
  return false;
}

// Puts the name of the engagement in. NOT_FOUND: the facts know none that the caller may speak for.
absl::Status ResolveEngagement(const rpc::Principal& principal, const Facts& facts,
                               v1::SurveyResponse& response) {
  if (response.engagement().empty() && response.engagement_external_id().empty()) {
    return InvalidField("engagement", "is empty, and so is engagement_external_id; one is needed");
  }
  const EngagementFacts* engagement =
      FindEngagement(facts, response.engagement(), response.engagement_external_id());
  if (engagement == nullptr || !SpeaksFor(principal, facts, *engagement)) {
    return ResourceNotFound("critac.matching.v1.Engagement", response.engagement().empty()
                                                                 ? response.engagement_external_id()
                                                                 : response.engagement());
  }
  response.set_engagement(engagement->name);
  return absl::OkStatus();
}

// Puts the names of engagements into rows, or what is wrong with them; returns whether some
// engagements were not found.
bool ResolveRows(const rpc::Principal& principal, const Facts& facts,
                 std::vector<SurveyRow>& rows) {
  bool missing = false;
  for (SurveyRow& row : rows) {
    row.status = ResolveEngagement(principal, facts, row.response);
    missing = missing || absl::IsNotFound(row.status);
  }
  return missing;
}

}  // namespace

grpc::ServerUnaryReactor* SurveyService::RecordSurveyResponse(
    grpc::CallbackServerContext* context, const v1::RecordSurveyResponseRequest* request,
    v1::SurveyResponse* response) {
  return pipeline_.Unary(
      context, *request, *response,
      [this, response](const Call& call, const google::protobuf::Message& checked,
                       rpc::Pipeline::Finish finish) {
        const auto& in = static_cast<const v1::RecordSurveyResponseRequest&>(checked);
        auto resolved = std::make_shared<v1::SurveyResponse>(in.response());
        const auto resolve = [this, &call, resolved] {
          absl::Status status;
          follower_.Read([&](const Facts& facts) {
            status = ResolveEngagement(call.principal, facts, *resolved);
          });
          return status;
        };
        const auto submit = [this, &call, &in, response, resolved](rpc::Pipeline::Finish end) {
          SubmitFor(journal_, call, in, RecordSurvey(*resolved), *response, std::move(end));
        };
        const absl::Status status = resolve();
        if (status.ok()) return submit(std::move(finish));
        if (!absl::IsNotFound(status)) return finish(status);
        follower_.WhenCaughtUp(
            call.deadline, [resolve, submit, finish = std::move(finish)](absl::Status up) mutable {
              if (up.ok()) up = resolve();
              if (!up.ok()) return finish(up);
              submit(std::move(finish));
            });
      });
}

grpc::ServerUnaryReactor* SurveyService::ImportSurveyResponses(
    grpc::CallbackServerContext* context, const v1::ImportSurveyResponsesRequest* request,
    v1::ImportSurveyResponsesResponse* response) {
  return pipeline_.Unary(
      context, *request, *response,
      [this, response](const Call& call, const google::protobuf::Message& checked,
                       rpc::Pipeline::Finish finish) {
        const auto& in = static_cast<const v1::ImportSurveyResponsesRequest&>(checked);
        auto rows = std::make_shared<std::vector<SurveyRow>>();
        for (const v1::SurveyResponse& row : in.responses()) rows->push_back({row, {}});
        const auto resolve = [this, &call, rows] {
          bool missing = false;
          follower_.Read(
              [&](const Facts& facts) { missing = ResolveRows(call.principal, facts, *rows); });
          return !missing;
        };
        const auto submit = [this, &call, &in, response, rows](rpc::Pipeline::Finish end) {
          SubmitFor(journal_, call, in, ImportSurveys(*rows, in.validate_only()), *response,
                    std::move(end));
        };
        if (resolve()) return submit(std::move(finish));
        follower_.WhenCaughtUp(
            call.deadline, [resolve, submit, finish = std::move(finish)](absl::Status up) mutable {
              if (!up.ok()) return finish(up);
              resolve();
              submit(std::move(finish));
            });
      });
}

}  // namespace critac::metrics
