#include <memory>
#include <string>
#include <vector>

#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using metrics::v1::SurveyResponse;
using metrics::v1::SurveyService;

// A flag of `record`, and the field of the response that it fills.
struct SurveyFlag {
  const char* flag;
  const char* field;
  const char* help;
};

constexpr SurveyFlag kSurveyFlags[] = {
    {"--engagement", "engagement", "Engagement it is about"},
    {"--instrument", "instrument", "participant, requester, consultant, pre, post or follow-up"},
    {"--instrument-version", "instrument_version", "Version of the questionnaire"},
    {"--date", "date", "Day of the answer (default: today)"},
    {"--satisfaction", "satisfaction", "1 to 5"},
    {"--met-goals", "met_goals", "Whether the training met its goals: yes or no"},
    {"--knowledge", "knowledge_percent", "Right answers in a knowledge test, percent"},
    {"--comment", "comment", "In words"},
    {"--external-id", "external_id", "Id in another system, SYSTEM:ID"},
};

Columns SurveyColumns() {
  return {Name("name", "name"),
          Brief("engagement", "engagement"),
          Field("instrument", "instrument"),
          Day("date", "date"),
          Number("satisfaction", "satisfaction"),
          Field("met goals", "met_goals")};
}

absl::Status RunRecord(Context& context, const std::vector<std::string>& values) {
  metrics::v1::RecordSurveyResponseRequest request;
  SurveyResponse& response = *request.mutable_response();
  response.set_date(FormatDate(DayOf(context.world().clock.Now())));
  for (size_t i = 0; i < std::size(kSurveyFlags); ++i) {
    if (values[i].empty()) continue;
    RETURN_IF_ERROR(SetField(response, kSurveyFlags[i].field, values[i]));
  }
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const SurveyResponse recorded,
                   context.Call(&SurveyService::Stub::RecordSurveyResponse, request));
  return context.printer().Show(recorded, SurveyColumns());
}

}  // namespace

void AddSurveyCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "survey", "What participants, requesters and experts say");
  auto values = std::make_shared<std::vector<std::string>>(std::size(kSurveyFlags));
  CLI::App& record = context.AddCommand(
      noun, "record", "Records a filled-in questionnaire; it names no person",
      {"critac survey record --engagement en-5t8w --instrument participant --satisfaction 5 "
       "--met-goals yes"},
      [&context, values] { return RunRecord(context, *values); });
  for (size_t i = 0; i < std::size(kSurveyFlags); ++i) {
    CLI::Option* option =
        record.add_option(kSurveyFlags[i].flag, (*values)[i], kSurveyFlags[i].help);
    if (i < 2) option->required();
  }
  context.AddRequestId(record);
}

}  // namespace critac::cli
