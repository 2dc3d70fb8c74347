#include "services/metrics/metrics_states.h"

#include "critac/metrics/v1/events.pb.h"
#include "critac/metrics/v1/report.pb.h"
#include "critac/metrics/v1/survey.pb.h"

namespace critac::metrics {
namespace {

using google::protobuf::Message;

constexpr char kTables[] = R"sql(
CREATE TABLE metrics_survey (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, engagement TEXT NOT NULL
);
CREATE TABLE metrics_report (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, state BIGINT NOT NULL
);
CREATE INDEX metrics_report_state ON metrics_report (state, name);
CREATE TABLE metrics_report_document (
  report TEXT NOT NULL, format TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (report, format)
);
CREATE TABLE metrics_report_withheld (
  report TEXT NOT NULL, number BIGINT NOT NULL,
  figure TEXT NOT NULL, row_name TEXT NOT NULL, column_name TEXT NOT NULL,
  value BIGINT NOT NULL, is_primary BIGINT NOT NULL,
  PRIMARY KEY (report, number)
);
CREATE TABLE metrics_position (
  journal TEXT PRIMARY KEY, sequence BIGINT NOT NULL, hash TEXT NOT NULL
);
)sql";

store::Value EngagementOf(const Message& state) {
  return static_cast<const v1::SurveyResponse&>(state).engagement();
}

store::Value StateOf(const Message& state) {
  return int64_t{static_cast<const v1::Report&>(state).state()};
}

}  // namespace

std::vector<journal::Projection> MetricsProjections() {
  return {
      {"surveyResponses",
       "metrics_survey",
       &v1::SurveyResponse::default_instance(),
       {{"engagement", EngagementOf}}},
      {"reports", "metrics_report", &v1::Report::default_instance(), {{"state", StateOf}}},
  };
}

std::vector<store::Migration> MetricsMigrations() { return {{1, "metrics", kTables}}; }

void ApplyMetrics(journal::MutableStates& states, const journal::Event& event,
                  const Message& payload) {
  if (const auto* recorded =
          google::protobuf::DynamicCastToGenerated<v1::SurveyResponseRecorded>(&payload)) {
    states.Mutable<v1::SurveyResponse>(event.subject()) = recorded->response();
  } else if (const auto* requested =
                 google::protobuf::DynamicCastToGenerated<v1::ReportRequested>(&payload)) {
    states.Mutable<v1::Report>(event.subject()) = requested->report();
  } else if (const auto* finished =
                 google::protobuf::DynamicCastToGenerated<v1::ReportFinished>(&payload)) {
    states.Mutable<v1::Report>(event.subject()) = finished->report();
  }
}

journal::JournalOptions MetricsJournal() {
  journal::JournalOptions options;
  options.name = "metrics";
  options.projections = MetricsProjections();
  options.apply = ApplyMetrics;
  options.migrations = MetricsMigrations();
  return options;
}

}  // namespace critac::metrics
