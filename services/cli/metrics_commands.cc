#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/status/error.h"
#include "critac/metrics/v1/measure.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/message_text.h"
#include "services/cli/number_text.h"
#include "services/cli/set_field.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using metrics::v1::Measure;
using metrics::v1::MeasureService;
using metrics::v1::MeasureValue;
using metrics::v1::QueryMeasureResponse;
using metrics::v1::Snapshot;

Columns MeasureColumns() {
  return {Name("id", "id"), Field("title", "title"), Field("unit", "unit"),
          Field("divided by", "dimensions")};
}

absl::Status RunListMeasures(Context& context) {
  ASSIGN_OR_RETURN(
      const metrics::v1::ListMeasuresResponse response,
      context.Call(&MeasureService::Stub::ListMeasures, metrics::v1::ListMeasuresRequest()));
  return context.printer().List(response, "measures", MeasureColumns());
}

Columns PositionColumns() {
  return {Field("journal", "journal"), Number("sequence", "sequence"),
          Field("recorded", "record_time"), Name("hash", "hash")};
}

absl::Status RunSnapshot(Context& context) {
  ASSIGN_OR_RETURN(const Snapshot snapshot, context.Call(&MeasureService::Stub::GetSnapshot,
                                                         metrics::v1::GetSnapshotRequest()));
  return context.printer().List(snapshot, "positions", PositionColumns());
}

// --- Query --------------------------------------------------------------------------------------

struct QueryArguments {
  std::string measure;
  std::vector<std::string> group_by;
  std::string from;
  std::string to;
  std::string filter;
  int lineage = 0;
};

// A figure in its unit, for people: `125,314`, `93.2 %`, `18.0`.
std::string FigureText(double value, metrics::v1::Unit unit, TextStyle style) {
  if (style == TextStyle::kFull) return absl::StrFormat("%.15g", value);
  const bool whole = unit == metrics::v1::UNIT_COUNT && value == std::floor(value);
  if (whole) return WithThousands(static_cast<int64_t>(value));
  return absl::StrCat(absl::StrFormat("%.1f", value),
                      unit == metrics::v1::UNIT_PERCENT ? " %" : "");
}

// A dimension as it was typed, `fiscal-year`, as a header.
std::string WordsOf(absl::string_view dimension, TextStyle style) {
  return absl::StrReplaceAll(dimension, {{"-", style == TextStyle::kShort ? " " : "_"}});
}

// The figures as a table: the groups, and for people the total below them.
Table FiguresTable(const QueryMeasureResponse& response, const std::vector<std::string>& group_by,
                   TextStyle style) {
  const metrics::v1::Unit unit = response.measure().unit();
  bool distribution = response.total().has_percentile_90();
  bool lineage = !response.total().records().empty();
  for (const MeasureValue& value : response.values()) {
    distribution |= value.has_percentile_90();
    lineage |= !value.records().empty();
  }
  Table table;
  for (const std::string& dimension : group_by)
    table.columns.push_back({WordsOf(dimension, style)});
  table.columns.push_back({distribution ? "median" : "value", true, false});
  if (distribution) table.columns.push_back({"p90", true, false});
  table.columns.push_back({"records", true, false});
  table.columns.push_back({"missing", true, false});
  if (lineage) table.columns.push_back({"lineage"});
  if (style == TextStyle::kShort) {
    for (TableColumn& column : table.columns) absl::AsciiStrToUpper(&column.header);
  }

  const std::string nothing = style == TextStyle::kShort ? "-" : "";
  const auto add = [&](std::vector<std::string> row, const MeasureValue& value) {
    row.push_back(value.has_value() ? FigureText(value.value(), unit, style) : nothing);
    if (distribution) {
      row.push_back(value.has_percentile_90() ? FigureText(value.percentile_90(), unit, style)
                                              : nothing);
    }
    row.push_back(absl::StrCat(value.record_count()));
    row.push_back(absl::StrCat(value.missing_count()));
    if (lineage) row.push_back(absl::StrJoin(value.records(), " "));
    table.rows.push_back(std::move(row));
  };
  for (const MeasureValue& value : response.values()) {
    std::vector<std::string> group(value.group().begin(), value.group().end());
    group.resize(group_by.size());
    add(std::move(group), value);
  }
  if (style == TextStyle::kShort || group_by.empty()) {
    std::vector<std::string> group(group_by.size());
    if (!group.empty()) group[0] = "all";
    add(std::move(group), response.total());
  }
  return table;
}

absl::Status PrintFigures(Context& context, const QueryMeasureResponse& response,
                          const std::vector<std::string>& group_by) {
  World& world = context.world();
  switch (context.printer().format()) {
    case OutputFormat::kJson:
      return context.printer().Json(response);
    case OutputFormat::kCsv:
      world.out << FormatCsv(FiguresTable(response, group_by, TextStyle::kFull));
      return absl::OkStatus();
    case OutputFormat::kTable:
    case OutputFormat::kName:
      break;
  }
  const Measure& measure = response.measure();
  world.out << WrapText(absl::StrCat(measure.title(), ": ", measure.definition()), world.out_width)
            << "\n"
            << FormatTable(FiguresTable(response, group_by, TextStyle::kShort), world.out_width);
  std::vector<std::string> positions;
  for (const auto& position : response.snapshot().positions()) {
    positions.push_back(absl::StrCat(position.journal(), " ", position.sequence()));
  }
  world.out << "\nas of " << absl::StrJoin(positions, ", ") << "\n";
  return absl::OkStatus();
}

absl::Status RunQuery(Context& context, const QueryArguments& arguments) {
  metrics::v1::QueryMeasureRequest request;
  request.set_measure(arguments.measure);
  for (const std::string& dimension : arguments.group_by) {
    ASSIGN_OR_RETURN(const int number,
                     ReadEnum(*metrics::v1::Dimension_descriptor(), "--by", dimension));
    request.add_group_by(static_cast<metrics::v1::Dimension>(number));
  }
  request.set_start_date(arguments.from);
  request.set_end_date(arguments.to);
  request.set_filter(arguments.filter);
  request.set_lineage_limit(arguments.lineage);
  ASSIGN_OR_RETURN(const QueryMeasureResponse response,
                   context.Call(&MeasureService::Stub::QueryMeasure, request));
  return PrintFigures(context, response, arguments.group_by);
}

void AddQuery(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<QueryArguments>();
  CLI::App& command = context.AddCommand(
      noun, "query", "Computes a measure, divided by up to three dimensions",
      {"critac metrics query requests --by topic --from 2019-10-01 --to 2020-09-30",
       "critac metrics query days-to-match --by fiscal-year,agency-type --output csv",
       "critac metrics query requests --filter 'state = \"UT\"' --lineage 10"},
      [&context, arguments] { return RunQuery(context, *arguments); });
  command.add_option("MEASURE", arguments->measure, "Its id; see `critac metrics list`")
      ->required();
  command
      .add_option("--by", arguments->group_by,
                  "Dimensions, with commas between: topic, state, agency-type, size-band, partner, "
                  "month, fiscal-year, …")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--from", arguments->from, "First day");
  command.add_option("--to", arguments->to, "Last day");
  command.add_option("--filter", arguments->filter, "Condition on dimensions");
  command.add_option("--lineage", arguments->lineage, "Most names of records shown in each group")
      ->check(CLI::Range(0, 1000).description(""));
}

}  // namespace

void AddMetricsCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "metrics", "Measures: what came of the program");
  AddQuery(noun, context);
  context.AddCommand(noun, "list", "Lists the measures with what they can be divided by",
                     {"critac metrics list", "critac metrics list --output json"},
                     [&context] { return RunListMeasures(context); });
  context.AddCommand(noun, "snapshot", "Shows how far the facts follow the journals",
                     {"critac metrics snapshot --output json"},
                     [&context] { return RunSnapshot(context); });
}

}  // namespace critac::cli
