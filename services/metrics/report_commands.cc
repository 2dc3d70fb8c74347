#include "services/metrics/report_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/status/error.h"
#include "critac/metrics/v1/events.pb.h"
#include "services/metrics/report.h"

namespace critac::metrics {
namespace {

using journal::Draft;

// Ends a report that is being made, as `change` says.
template <typename Change>
absl::Status Finish(Draft& draft, const std::string& name, Change change) {
  const auto* report = draft.Find<v1::Report>(name);
  if (report == nullptr) return ResourceNotFound("critac.metrics.v1.Report", name);
  if (report->state() == v1::REPORT_STATE_PENDING) {
    v1::ReportFinished finished;
    *finished.mutable_report() = *report;
    change(*finished.mutable_report());
    draft.Emit(name, finished);
  }
  draft.AnswerWith(name);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckReport(const v1::Report& report) {
  if (ParseDate(report.end_date()) >= ParseDate(report.start_date())) return absl::OkStatus();
  return InvalidField(
      "report.end_date",
      absl::StrCat(report.end_date(), " is before report.start_date ", report.start_date()));
}

journal::Decide RequestReport(v1::Report report, v1::Snapshot snapshot) {
  return [report = std::move(report), snapshot = std::move(snapshot)](Draft& draft) {
    RETURN_IF_ERROR(CheckReport(report));
    v1::ReportRequested requested;
    v1::Report& pending = *requested.mutable_report();
    pending = report;
    pending.set_name(draft.NameByEvent("reports/r"));
    if (pending.title().empty()) {
      pending.set_title(DefaultTitle(pending.kind(), *ParseDate(pending.start_date()),
                                     *ParseDate(pending.end_date())));
    }
    *pending.mutable_snapshot() = snapshot;
    pending.set_state(v1::REPORT_STATE_PENDING);
    *pending.mutable_create_time() = journal::ToTimestamp(draft.now());
    draft.Emit(pending.name(), requested);
    draft.AnswerWith(pending.name());
    return absl::OkStatus();
  };
}

journal::Decide FinishReport(std::string name, std::map<std::string, std::string> hashes) {
  return [name = std::move(name), hashes = std::move(hashes)](Draft& draft) {
    return Finish(draft, name, [&](v1::Report& report) {
      report.set_state(v1::REPORT_STATE_DONE);
      for (const auto& [format, hash] : hashes) (*report.mutable_document_hashes())[format] = hash;
    });
  };
}

journal::Decide FailReport(std::string name, std::string problem) {
  return [name = std::move(name), problem = std::move(problem)](Draft& draft) {
    return Finish(draft, name, [&](v1::Report& report) {
      report.set_state(v1::REPORT_STATE_FAILED);
      report.set_problem(problem);
    });
  };
}

}  // namespace critac::metrics
