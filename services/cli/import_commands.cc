#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "google/protobuf/struct.pb.h"
#include "services/cli/commands.h"
#include "services/cli/display_width.h"
#include "services/cli/exit_status.h"
#include "services/cli/import/importer.h"
#include "services/cli/number_text.h"
#include "services/cli/progress_bar.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

struct ImportArguments {
  std::string path;
  std::string refused_path;
  bool dry_run = false;
  bool allow_refused = false;
};

absl::string_view FileName(absl::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

void PrintTable(World& world, const ImportKind& kind, const ImportArguments& arguments,
                const ImportSummary& summary) {
  world.out << kind.name << ": " << WithThousands(summary.rows) << " rows of "
            << Printable(FileName(arguments.path)) << " in "
            << absl::StrFormat("%.1f s", absl::ToDoubleSeconds(summary.duration));
  if (summary.duration > absl::ZeroDuration()) {
    world.out << ", " << WithThousands(static_cast<int64_t>(summary.RowsPerSecond()))
              << " rows a second";
  }
  world.out << (arguments.dry_run ? "; a dry run: nothing was changed\n" : "\n");
  Table table;
  table.columns = {{"", false, false}, {"", true, false}, {"", false, false}};
  table.rows = {{"  created", WithThousands(summary.created), ""},
                {"  updated", WithThousands(summary.updated), ""},
                {"  unchanged", WithThousands(summary.unchanged), ""},
                {"  refused", WithThousands(summary.refused), summary.refused_path}};
  const std::string text = FormatTable(table, 0);
  world.out << text.substr(text.find('\n') + 1);  // it has no header
}

void PrintCsv(World& world, const ImportKind& kind, const ImportSummary& summary) {
  Table table;
  for (const char* header : {"kind", "rows", "created", "updated", "unchanged", "refused",
                             "refused_file", "seconds", "rows_per_second"}) {
    table.columns.push_back({header});
  }
  table.rows = {{kind.name, absl::StrCat(summary.rows), absl::StrCat(summary.created),
                 absl::StrCat(summary.updated), absl::StrCat(summary.unchanged),
                 absl::StrCat(summary.refused), summary.refused_path,
                 absl::StrFormat("%.3f", absl::ToDoubleSeconds(summary.duration)),
                 absl::StrFormat("%.0f", summary.RowsPerSecond())}};
  world.out << FormatCsv(table);
}

absl::Status PrintJson(Context& context, const ImportKind& kind, const ImportArguments& arguments,
                       const ImportSummary& summary) {
  google::protobuf::Struct document;
  auto& fields = *document.mutable_fields();
  fields["kind"].set_string_value(kind.name);
  fields["dryRun"].set_bool_value(arguments.dry_run);
  fields["rows"].set_number_value(static_cast<double>(summary.rows));
  fields["created"].set_number_value(static_cast<double>(summary.created));
  fields["updated"].set_number_value(static_cast<double>(summary.updated));
  fields["unchanged"].set_number_value(static_cast<double>(summary.unchanged));
  fields["refused"].set_number_value(static_cast<double>(summary.refused));
  if (!summary.refused_path.empty()) {
    fields["refusedFile"].set_string_value(summary.refused_path);
  }
  fields["seconds"].set_number_value(absl::ToDoubleSeconds(summary.duration));
  return context.printer().Json(document);
}

absl::Status PrintSummary(Context& context, const ImportKind& kind,
                          const ImportArguments& arguments, const ImportSummary& summary) {
  switch (context.printer().format()) {
    case OutputFormat::kJson:
      return PrintJson(context, kind, arguments, summary);
    case OutputFormat::kCsv:
      PrintCsv(context.world(), kind, summary);
      return absl::OkStatus();
    case OutputFormat::kTable:
    case OutputFormat::kName:
      PrintTable(context.world(), kind, arguments, summary);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status RunImport(Context& context, const ImportKind& kind, const ImportArguments& arguments) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ImportOptions options;
  options.path = arguments.path;
  options.refused_path = arguments.refused_path;
  options.validate_only = arguments.dry_run;
  ASSIGN_OR_RETURN(options.run, context.RequestId());

  ImportSummary summary;
  absl::Status status;
  {
    ProgressBar bar(context.world(), absl::StrCat("importing ", kind.name));
    status = ImportFile(
        kind, options, *client, context.world().clock,
        [&bar](double fraction, const ImportSummary& so_far) {
          bar.Update(fraction, absl::StrCat(WithThousands(so_far.rows), " rows"));
        },
        summary);
  }
  if (!status.ok() && summary.rows == 0) return status;
  RETURN_IF_ERROR(PrintSummary(context, kind, arguments, summary));
  if (!status.ok()) {
    return Annotate(status, absl::StrCat("the import ended early, after ",
                                         WithThousands(summary.rows), " rows"));
  }
  RETURN_IF_ERROR(summary.refused_file_status);
  if (summary.refused > 0 && !arguments.allow_refused) return AlreadyTold();
  return absl::OkStatus();
}

std::string CsvHelp(const ImportKind& kind) {
  if (kind.shorthands.empty()) return "";
  std::string text = "\nCSV columns besides the fields of the message:";
  for (const CsvShorthand& shorthand : kind.shorthands) {
    absl::StrAppend(&text, "\n  ", shorthand.header, ": ", shorthand.help);
  }
  return text;
}

void AddImport(CLI::App& noun, Context& context, const ImportKind& kind) {
  auto arguments = std::make_shared<ImportArguments>();
  std::vector<std::string> examples = {
      absl::StrCat("critac import ", kind.name, " sample/", kind.name,
                   kind.name == "agencies" ? ".csv" : ".jsonl", " --as coordinator:dana"),
      absl::StrCat("critac import ", kind.name, " ", kind.name,
                   ".csv.gz --dry-run --as coordinator:dana")};
  CLI::App& command = context.AddCommand(
      noun, kind.name, absl::StrCat("Imports ", kind.name, " from a file"), examples,
      [&context, &kind, arguments] { return RunImport(context, kind, *arguments); });
  command.footer(absl::StrCat(command.get_footer(), CsvHelp(kind)));
  command.add_option("FILE", arguments->path, "CSV or JSON, gzip or not")->required();
  command.add_flag("--dry-run", arguments->dry_run, "Check every row, change nothing");
  command.add_option("--refused", arguments->refused_path,
                     "Where refused rows go (default: FILE.refused.csv)");
  command.add_flag("--allow-refused", arguments->allow_refused,
                   "Exit with 0 also where rows were refused");
  context.AddRequestId(command);
}

}  // namespace

void AddImportCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(
      app, "import",
      "Imports files: CSV with a header, JSON lines or a JSON array of the messages (proto3 JSON), "
      "for agencies also the FBI's registry by state. Can be run again: what is there and the same "
      "stays as it is. Refused rows go to a file beside the input, with row number and reason");
  for (const ImportKind& kind : ImportKinds()) AddImport(noun, context, kind);
}

}  // namespace critac::cli
