#include "services/metrics/survey_commands.h"

#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/base/sha256.h"
#include "common/rpc/field_rules.h"
#include "common/status/error.h"
#include "critac/metrics/v1/events.pb.h"
#include "google/protobuf/util/message_differencer.h"

namespace critac::metrics {
namespace {

using google::protobuf::util::MessageDifferencer;
using intake::v1::ImportResult;
using journal::Draft;

constexpr int kNameCharacters = 12;

absl::Status CheckDay(Draft& draft, const v1::SurveyResponse& response, absl::string_view field) {
  const std::optional<absl::CivilDay> day = ParseDate(response.date());
  const absl::CivilDay today = DayOf(draft.now());
  if (day.has_value() && *day <= today) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(response.date(), " is after today, ", FormatDate(today)));
}

void Emit(Draft& draft, const v1::SurveyResponse& response) {
  v1::SurveyResponseRecorded recorded;
  *recorded.mutable_response() = response;
  draft.Emit(response.name(), recorded);
}

// What was recorded under a name, with its texts. Nothing where there is none.
std::optional<v1::SurveyResponse> Known(Draft& draft, const std::string& name) {
  const auto* state = draft.Find<v1::SurveyResponse>(name);
  if (state == nullptr) return std::nullopt;
  v1::SurveyResponse known = *state;
  draft.ReadTexts(known);
  return known;
}

absl::Status AlreadyRecorded(const v1::SurveyResponse& response) {
  return Error(absl::StatusCode::kAlreadyExists, "SURVEY_RESPONSE_EXISTS",
               absl::StrCat("response.external_id: another response is recorded under ",
                            response.external_id(), "; an import corrects it"))
      .Resource("critac.metrics.v1.SurveyResponse", response.name())
      .ToStatus();
}

// Imports rows one after the other. What a row before it said counts for a row, recorded or not.
class SurveyImport {
 public:
  SurveyImport(Draft& draft, bool validate_only) : draft_(draft), validate_only_(validate_only) {}

  void Import(const SurveyRow& row, ImportResult& result) {
    v1::SurveyResponse response = row.response;
    const absl::Status status = Check(row);
    if (!status.ok()) {
      result.set_outcome(intake::v1::IMPORT_OUTCOME_REFUSED);
      result.set_problem(std::string(status.message()));
      return;
    }
    response.set_name(ImportedSurveyName(response.external_id()));
    const auto [known, first] = said_.try_emplace(response.name());
    if (first) known->second = Known(draft_, response.name());
    const bool same =
        known->second.has_value() && MessageDifferencer::Equals(*known->second, response);
    result.set_outcome(!known->second.has_value() ? intake::v1::IMPORT_OUTCOME_CREATED
                       : same                     ? intake::v1::IMPORT_OUTCOME_UNCHANGED
                                                  : intake::v1::IMPORT_OUTCOME_UPDATED);
    result.set_name(response.name());
    if (!same && !validate_only_) Emit(draft_, response);
    known->second = std::move(response);
  }

 private:
  absl::Status Check(const SurveyRow& row) {
    RETURN_IF_ERROR(rpc::CheckFields(row.response));
    if (row.response.external_id().empty()) {
      return InvalidField("external_id", "is the key of a row and must not be empty");
    }
    RETURN_IF_ERROR(row.status);
    return CheckDay(draft_, row.response, "date");
  }

  Draft& draft_;
  const bool validate_only_;
  std::map<std::string, std::optional<v1::SurveyResponse>> said_;
};

}  // namespace

std::string ImportedSurveyName(const std::string& external_id) {
  return absl::StrCat("surveyResponses/x", Sha256Hex(external_id).substr(0, 20));
}

journal::Decide RecordSurvey(v1::SurveyResponse response) {
  return [response = std::move(response)](Draft& draft) -> absl::Status {
    RETURN_IF_ERROR(CheckDay(draft, response, "response.date"));
    v1::SurveyResponse recorded = response;
    if (response.external_id().empty()) {
      recorded.set_name(absl::StrCat("surveyResponses/", draft.ids().NewShortId(kNameCharacters)));
    } else {
      recorded.set_name(ImportedSurveyName(response.external_id()));
      const std::optional<v1::SurveyResponse> known = Known(draft, recorded.name());
      if (known.has_value() && !MessageDifferencer::Equals(*known, recorded)) {
        return AlreadyRecorded(recorded);
      }
      draft.AnswerWith(recorded.name());
      if (known.has_value()) return absl::OkStatus();
    }
    Emit(draft, recorded);
    draft.AnswerWith(recorded.name());
    return absl::OkStatus();
  };
}

journal::Decide ImportSurveys(std::vector<SurveyRow> rows, bool validate_only) {
  return [rows = std::move(rows), validate_only](Draft& draft) {
    auto answer = std::make_unique<v1::ImportSurveyResponsesResponse>();
    SurveyImport import(draft, validate_only);
    for (size_t i = 0; i < rows.size(); ++i) {
      ImportResult& result = *answer->add_results();
      result.set_index(static_cast<int32_t>(i));
      import.Import(rows[i], result);
    }
    draft.AnswerWith(std::move(answer));
    return absl::OkStatus();
  };
}

}  // namespace critac::metrics
