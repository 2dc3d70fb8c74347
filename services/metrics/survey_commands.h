#ifndef SERVICES_METRICS_SURVEY_COMMANDS_H_
#define SERVICES_METRICS_SURVEY_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/journal/command.h"
#include "critac/metrics/v1/survey.pb.h"

namespace critac::metrics {

// Name of the response that a past record became: the same for the same id.
std::string ImportedSurveyName(const std::string& external_id);

// Records a response, whose `engagement` is a name. One with an external id takes the place of what
// was recorded under it before. INVALID_ARGUMENT: its day is in the future.
journal::Decide RecordSurvey(v1::SurveyResponse response);

// A row of an import, and what is wrong with it so far: OK, or that its engagement is not known.
struct SurveyRow {
  v1::SurveyResponse response;
  absl::Status status;
};

// Records rows, keyed by external id; a row that is refused does not stop the others, and the same
// row changes nothing. A row is held against the rules of its fields here. `validate_only`: says what
// would become of each, and records none.
journal::Decide ImportSurveys(std::vector<SurveyRow> rows, bool validate_only);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_SURVEY_COMMANDS_H_
