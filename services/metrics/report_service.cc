#include "services/metrics/report_service.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/metrics/call_commands.h"
#include "services/metrics/render.h"
#include "services/metrics/report_commands.h"

namespace critac::metrics {
namespace {

using rpc::Call;

// `annual-review-2025-10-01-to-2026-09-30.html`.
std::string FileName(const v1::Report& report, const FormatWords& format) {
  const absl::string_view kind =
      report.kind() == v1::REPORT_KIND_EXECUTIVE_SUMMARY ? "executive-summary" : "annual-review";
  return absl::StrCat(kind, "-", report.start_date(), "-to-", report.end_date(), format.extension);
}

absl::Status NotDone(const v1::Report& report) {
  return FailedPrecondition("REPORT_NOT_DONE", report.name(),
                            report.state() == v1::REPORT_STATE_FAILED
                                ? absl::StrCat("could not be made: ", report.problem())
                                : "is being made; GetReport tells when it is done");
}

}  // namespace

grpc::ServerUnaryReactor* ReportService::CreateReport(grpc::CallbackServerContext* context,
                                                      const v1::CreateReportRequest* request,
                                                      v1::Report* response) {
  return pipeline_.Unary(
      context, *request, *response,
      [this, response](const Call& call, const google::protobuf::Message& checked,
                       rpc::Pipeline::Finish finish) {
        const auto& in = static_cast<const v1::CreateReportRequest&>(checked);
        if (const absl::Status status = CheckReport(in.report()); !status.ok()) {
          return finish(status);
        }
        follower_.WhenCaughtUp(
            call.deadline,
            [this, &call, &in, response, finish = std::move(finish)](absl::Status up) mutable {
              if (!up.ok()) return finish(up);
              SubmitFor(journal_, call, in,
                        RequestReport(in.report(), follower_.Read([](const Facts&) {})), *response,
                        std::move(finish));
            });
      });
}

grpc::ServerUnaryReactor* ReportService::GetReport(grpc::CallbackServerContext* context,
                                                   const v1::GetReportRequest* request,
                                                   v1::Report* response) {
  return pipeline_.Get<v1::GetReportRequest, v1::Report>(
      context, request, response, journal_,
      [](const Call&, const auto& in, journal::Records& records, v1::Report& out) {
        return records.GetInto(in.name(), out);
      });
}

grpc::ServerUnaryReactor* ReportService::ListReports(grpc::CallbackServerContext* context,
                                                     const v1::ListReportsRequest* request,
                                                     v1::ListReportsResponse* response) {
  return pipeline_.Read<v1::ListReportsRequest, v1::ListReportsResponse>(
      context, request, response, [this](const Call&, const auto& in, auto& out) {
        return journal_.ListInto(
            {.collection = "reports",
             .filter = "",
             .condition = {},
             .page_size = in.page_size(),
             .page_token = in.page_token(),
             .descending = true},
            [&out]() -> google::protobuf::Message& { return *out.add_reports(); },
            *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* ReportService::GetReportDocument(
    grpc::CallbackServerContext* context, const v1::GetReportDocumentRequest* request,
    v1::GetReportDocumentResponse* response) {
  return pipeline_.Read<v1::GetReportDocumentRequest, v1::GetReportDocumentResponse>(
      context, request, response,
      [this](const Call&, const auto& in, auto& out) { return ReadDocument(in, out); });
}

absl::Status ReportService::ReadDocument(const v1::GetReportDocumentRequest& in,
                                         v1::GetReportDocumentResponse& out) {
  ASSIGN_OR_RETURN(const v1::Report report, journal_.Get<v1::Report>(in.name()));
  if (report.state() != v1::REPORT_STATE_DONE) return NotDone(report);
  for (const FormatWords& format : kFormats) {
    if (format.format != in.format()) continue;
    ASSIGN_OR_RETURN(std::optional<std::string> content, store_.Read(report.name(), format.name));
    if (!content.has_value()) {
      on_missing_();
      return Error(absl::StatusCode::kUnavailable, "DOCUMENT_BEING_MADE",
                   absl::StrCat(report.name(), ": the document is being made anew"))
          .RetryAfter(absl::Seconds(2))
          .ToStatus();
    }
    out.set_content(*std::move(content));
    out.set_media_type(std::string(format.media_type));
    out.set_file_name(FileName(report, format));
    return absl::OkStatus();
  }
  return InvalidField("format", "is none of html, markdown, csv and json");
}

}  // namespace critac::metrics
