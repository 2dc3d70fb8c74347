#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "critac/metrics/v1/report.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/progress_bar.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using metrics::v1::Report;
using metrics::v1::ReportFormat;
using metrics::v1::ReportService;

// Between two looks at whether a report is done.
constexpr absl::Duration kFirstLook = absl::Milliseconds(50);
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(500);

Columns ReportColumns() {
  return {Name("name", "name"),           Field("kind", "kind"),   Day("from", "start_date"),
          Day("to", "end_date"),          Field("state", "state"), Field("title", "title"),
          Day("asked for", "create_time")};
}

// --- Saving -------------------------------------------------------------------------------------

struct SaveArguments {
  std::string name;
  std::string folder;
  std::vector<std::string> formats;
};

// Names under which the formats' hashes stand in a report.
absl::string_view HashKey(ReportFormat format) {
  switch (format) {
    case metrics::v1::REPORT_FORMAT_HTML:
      return "html";
    case metrics::v1::REPORT_FORMAT_MARKDOWN:
      return "markdown";
    case metrics::v1::REPORT_FORMAT_CSV:
      return "csv";
    case metrics::v1::REPORT_FORMAT_JSON:
      return "json";
    default:
      return "";
  }
}

absl::StatusOr<std::vector<ReportFormat>> ReadFormats(const std::vector<std::string>& names) {
  std::vector<ReportFormat> formats;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const int number,
                     ReadEnum(*metrics::v1::ReportFormat_descriptor(), "--format", name));
    formats.push_back(static_cast<ReportFormat>(number));
  }
  if (formats.empty()) {
    formats = {metrics::v1::REPORT_FORMAT_HTML, metrics::v1::REPORT_FORMAT_MARKDOWN,
               metrics::v1::REPORT_FORMAT_CSV, metrics::v1::REPORT_FORMAT_JSON};
  }
  return formats;
}

// A document's name comes from elsewhere, and must stay inside the folder.
absl::Status CheckFileName(const std::string& name) {
  const bool plain = !name.empty() && name[0] != '.' && !absl::StrContains(name, '/') &&
                     !absl::StrContains(name, '\0');
  if (plain) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the center names the document \"", name, "\", which is no plain file name"));
}

absl::Status WriteFile(const std::string& path, const std::string& content) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (file.good()) return absl::OkStatus();
  return UsageError(absl::StrCat(
      path, ": cannot be written: ", errno != 0 ? std::strerror(errno) : "the disk is full?"));
}

absl::Status SaveDocument(Context& context, const Report& report, ReportFormat format,
                          const std::string& folder) {
  metrics::v1::GetReportDocumentRequest request;
  request.set_name(report.name());
  request.set_format(format);
  ASSIGN_OR_RETURN(const metrics::v1::GetReportDocumentResponse document,
                   context.Call(&ReportService::Stub::GetReportDocument, request));
  RETURN_IF_ERROR(CheckFileName(document.file_name()));
  const auto hash = report.document_hashes().find(std::string(HashKey(format)));
  if (hash != report.document_hashes().end() && hash->second != Sha256Hex(document.content())) {
    return absl::DataLossError(absl::StrCat(document.file_name(),
                                            ": is not the document that the report cites: its "
                                            "SHA-256 is another"));
  }
  const std::string path = absl::StrCat(folder, "/", document.file_name());
  RETURN_IF_ERROR(WriteFile(path, document.content()));
  context.world().err << "saved " << path << "\n";
  return absl::OkStatus();
}

absl::Status SaveDocuments(Context& context, const Report& report, const SaveArguments& arguments) {
  ASSIGN_OR_RETURN(const std::vector<ReportFormat> formats, ReadFormats(arguments.formats));
  std::error_code error;
  std::filesystem::create_directories(arguments.folder, error);
  if (error) {
    return UsageError(absl::StrCat(arguments.folder, ": cannot be made: ", error.message()));
  }
  for (const ReportFormat format : formats) {
    RETURN_IF_ERROR(SaveDocument(context, report, format, arguments.folder));
  }
  return absl::OkStatus();
}

absl::StatusOr<Report> GetReport(Context& context, const std::string& name) {
  metrics::v1::GetReportRequest request;
  RETURN_IF_ERROR(SetField(request, "name", name));
  return context.Call(&ReportService::Stub::GetReport, request);
}

absl::Status RunSave(Context& context, const SaveArguments& arguments) {
  ASSIGN_OR_RETURN(const Report report, GetReport(context, arguments.name));
  return SaveDocuments(context, report, arguments);
}

// --- Making -------------------------------------------------------------------------------------

struct CreateArguments {
  std::string kind;
  std::string from;
  std::string to;
  int fiscal_year = 0;
  std::string title;
  bool no_wait = false;
  double wait_seconds = 300;
  SaveArguments save;
};

absl::Status FillDates(const CreateArguments& arguments, Report& report) {
  const bool dates = !arguments.from.empty() || !arguments.to.empty();
  if (dates == (arguments.fiscal_year != 0)) {
    return UsageError("say what it covers: --fiscal-year, or --from and --to");
  }
  // The fiscal year 2020 began on 2019-10-01.
  report.set_start_date(dates ? arguments.from
                              : absl::StrFormat("%d-10-01", arguments.fiscal_year - 1));
  report.set_end_date(dates ? arguments.to : absl::StrFormat("%d-09-30", arguments.fiscal_year));
  return absl::OkStatus();
}

// Looks at a report until it is done or could not be made.
absl::StatusOr<Report> Await(Context& context, Report report, absl::Duration patience) {
  World& world = context.world();
  ProgressBar bar(world, absl::StrCat("making ", report.name()));
  const absl::Time start = world.clock.Now();
  absl::Duration between = kFirstLook;
  while (report.state() == metrics::v1::REPORT_STATE_PENDING) {
    const absl::Duration elapsed = world.clock.Now() - start;
    if (elapsed >= patience) {
      return Error(
                 absl::StatusCode::kFailedPrecondition, "REPORT_PENDING",
                 absl::StrCat(report.name(), " is not done after ", absl::FormatDuration(patience),
                              "; it goes on being made: `critac report get ", report.name(), "`"))
          .ToStatus();
    }
    bar.Pulse(absl::FormatDuration(absl::Trunc(elapsed, absl::Seconds(1))));
    world.sleep(between);
    between = std::min(between * 2, kBetweenLooks);
    ASSIGN_OR_RETURN(report, GetReport(context, report.name()));
  }
  return report;
}

absl::Status RunCreate(Context& context, const CreateArguments& arguments) {
  metrics::v1::CreateReportRequest request;
  Report& wanted = *request.mutable_report();
  RETURN_IF_ERROR(SetField(wanted, "kind", arguments.kind));
  RETURN_IF_ERROR(FillDates(arguments, wanted));
  wanted.set_title(arguments.title);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(Report report, context.Call(&ReportService::Stub::CreateReport, request));
  if (!arguments.no_wait) {
    ASSIGN_OR_RETURN(report,
                     Await(context, std::move(report), absl::Seconds(arguments.wait_seconds)));
  }
  RETURN_IF_ERROR(context.printer().Show(report, ReportColumns()));
  if (report.state() == metrics::v1::REPORT_STATE_FAILED) {
    return Error(absl::StatusCode::kFailedPrecondition, "REPORT_FAILED",
                 absl::StrCat(report.name(), " could not be made: ", report.problem()))
        .ToStatus();
  }
  if (arguments.save.folder.empty() || arguments.no_wait) return absl::OkStatus();
  return SaveDocuments(context, report, arguments.save);
}

void AddSaveOptions(CLI::App& command, SaveArguments& arguments) {
  command.add_option("--out", arguments.folder, "Folder for the documents; made where it is not");
  AddRepeated(command, "--format", arguments.formats,
              "html, markdown, csv or json (default: all four)");
}

void AddCreateReport(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<CreateArguments>();
  CLI::App& command = context.AddCommand(
      noun, "create", "Makes a report, waits until it is done and can save its documents",
      {"critac report create annual-review --fiscal-year 2020 --out reports --as "
       "program-manager:okafor",
       "critac report create executive-summary --from 2018-10-01 --to 2020-09-30 --format html "
       "--out reports --as program-manager:okafor"},
      [&context, arguments] { return RunCreate(context, *arguments); });
  command.add_option("KIND", arguments->kind, "annual-review or executive-summary")->required();
  command.add_option("--fiscal-year", arguments->fiscal_year, "Federal fiscal year it covers")
      ->check(CLI::Range(1901, 2199).description(""));
  command.add_option("--from", arguments->from, "First day it covers");
  command.add_option("--to", arguments->to, "Last day it covers");
  command.add_option("--title", arguments->title, "Title (default: from kind and dates)");
  command.add_flag("--no-wait", arguments->no_wait, "Do not wait until it is done");
  command.add_option("--wait", arguments->wait_seconds, "Most seconds to wait")
      ->check(CLI::Range(0.0, 86400.0).description(""))
      ->capture_default_str();
  AddSaveOptions(command, arguments->save);
  context.AddRequestId(command);
}

}  // namespace

void AddReportCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "report", "The annual review and its executive summary");
  AddCreateReport(noun, context);
  AddGet(noun, context, MethodOf(context, &ReportService::Stub::GetReport), "Shows a report",
         {"critac report get rp-2h6v"}, ReportColumns());
  AddList(noun, context, MethodOf(context, &ReportService::Stub::ListReports),
          "Lists reports, newest first", {"critac report list"}, "reports", ReportColumns(), {});
  auto arguments = std::make_shared<SaveArguments>();
  CLI::App& save = context.AddCommand(
      noun, "save", "Saves a report's documents, each checked against the hash the report cites",
      {"critac report save rp-2h6v --out reports",
       "critac report save rp-2h6v --format csv --out ."},
      [&context, arguments] { return RunSave(context, *arguments); });
  save.add_option("NAME", arguments->name, "The report")->required();
  AddSaveOptions(save, *arguments);
  save.get_option("--out")->required();
}

}  // namespace critac::cli
