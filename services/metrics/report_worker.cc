#include "services/metrics/report_worker.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/base/ids.h"
#include "common/base/sha256.h"
#include "common/queue/permanent.h"
#include "common/status/error.h"
#include "critac/metrics/v1/events.pb.h"
#include "services/metrics/journal_follower.h"
#include "services/metrics/render.h"
#include "services/metrics/report.h"
#include "services/metrics/report_commands.h"

namespace critac::metrics {
namespace {

// A command of the service itself that happens once a report, however often it is given.
journal::Command OwnCommand(const std::string& report, absl::string_view what,
                            const std::string& trace, journal::Decide decide) {
  journal::Command command;
  command.request_id = UuidFromName(absl::StrCat("metrics ", what, " ", report));
  command.fingerprint = std::string(what);
  command.actor = "service:metrics";
  command.trace = trace;
  command.reads = {report};
  command.decide = std::move(decide);
  return command;
}

absl::StatusOr<Document> DocumentOf(const v1::Report& report, const Facts& facts) {
  const std::optional<absl::CivilDay> start = ParseDate(report.start_date());
  const std::optional<absl::CivilDay> end = ParseDate(report.end_date());
  if (!start.has_value() || !end.has_value()) {
    return InvalidField("report.start_date", "or report.end_date is no date");
  }
  return MakeReport(facts, {.kind = report.kind(),
                            .start = *start,
                            .end = *end,
                            .title = report.title(),
                            .snapshot = report.snapshot()});
}

// Whether the documents made are those on record, where some are.
absl::Status CheckHashes(const v1::Report& report,
                         const std::map<std::string, std::string>& hashes) {
  for (const auto& [format, hash] : report.document_hashes()) {
    const auto made = hashes.find(format);
    if (made != hashes.end() && made->second == hash) continue;
    return Error(absl::StatusCode::kDataLoss, "DOCUMENT_DIFFERS",
                 absl::StrCat(report.name(), ", ", format,
                              ": made anew, it has not the SHA-256 on record, ", hash))
        .ToStatus();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReportWorker::Handle(const queue::Job& job) {
  const absl::Status status = Make(job.key(), job.trace());
  if (status.ok() || !queue::IsPermanent(status)) return status;
  // A report that is done stays so: then this says nothing, and the job is given up.
  RETURN_IF_ERROR(journal_
                      .Execute(OwnCommand(job.key(), "fail", job.trace(),
                                          FailReport(job.key(), std::string(status.message()))))
                      .status());
  return status;
}

absl::Status ReportWorker::Make(const std::string& name, const std::string& trace) {
  ASSIGN_OR_RETURN(const v1::Report report, journal_.Get<v1::Report>(name));
  if (report.state() == v1::REPORT_STATE_FAILED) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Facts facts, FactsAt(report.snapshot(), trace, channels_));
  ASSIGN_OR_RETURN(const Document document, DocumentOf(report, facts));
  std::map<std::string, std::string> documents;
  std::map<std::string, std::string> hashes;
  for (const FormatWords& format : kFormats) {
    std::string content = format.render(document);
    hashes[std::string(format.name)] = Sha256Hex(content);
    documents[std::string(format.name)] = std::move(content);
  }
  RETURN_IF_ERROR(CheckHashes(report, hashes));
  // First the documents, then that they are there: the other way round they could be missing.
  RETURN_IF_ERROR(store_.Save(name, documents, document.withheld));
  if (report.state() != v1::REPORT_STATE_PENDING) return absl::OkStatus();
  return journal_.Execute(OwnCommand(name, "finish", trace, FinishReport(name, std::move(hashes))))
      .status();
}

absl::StatusOr<std::vector<queue::NewJob>> ReportWorker::Due() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, store_.Due());
  std::vector<queue::NewJob> jobs;
  for (const std::string& name : names) {
    queue::NewJob& job = jobs.emplace_back();
    job.key = name;
  }
  return jobs;
}

std::vector<queue::NewJob> ReportJobsOf(absl::Span<const journal::CommittedEvent> events) {
  const std::string& requested = v1::ReportRequested::descriptor()->full_name();
  std::vector<queue::NewJob> jobs;
  for (const auto& [event, payload, trace] : events) {
    if (event.type() == requested) jobs.push_back({.key = event.subject(), .trace = trace});
  }
  return jobs;
}

}  // namespace critac::metrics
