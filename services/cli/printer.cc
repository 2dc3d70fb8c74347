#include "services/cli/printer.h"

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "google/protobuf/util/json_util.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;

constexpr size_t kDayLength = 10;  // `2026-11-24`

Table TableOf(const std::vector<const Message*>& rows, const Columns& columns, TextStyle style) {
  Table table;
  for (const Column& column : columns) {
    const std::string header =
        style == TextStyle::kShort
            ? absl::AsciiStrToUpper(column.header)
            : absl::AsciiStrToLower(absl::StrReplaceAll(column.header, {{" ", "_"}}));
    table.columns.push_back({header, column.right, column.may_be_cut});
  }
  for (const Message* row : rows) {
    std::vector<std::string>& cells = table.rows.emplace_back();
    for (const Column& column : columns) {
      std::string& cell = cells.emplace_back(column.text(*row, style));
      if (cell.empty() && style == TextStyle::kShort) cell = "-";
    }
  }
  return table;
}

std::string WithoutCollections(absl::string_view names) {
  std::vector<std::string> brief;
  for (const absl::string_view name : absl::StrSplit(names, ", ")) {
    brief.push_back(WithoutCollection(name));
  }
  return absl::StrJoin(brief, ", ");
}

absl::StatusOr<std::string> ToJson(const Message& message, bool in_lines) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = in_lines;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat("cannot be written as JSON: ", std::string(status.message())));
  }
  return json;
}

std::string NameOf(const Message& message) {
  const auto* field = message.GetDescriptor()->FindFieldByName("name");
  if (field == nullptr) field = message.GetDescriptor()->field(0);
  return FieldText(message, field->name(), TextStyle::kFull);
}

}  // namespace

Column Field(std::string header, std::string path) {
  return {std::move(header), [path = std::move(path)](const Message& message, TextStyle style) {
            return FieldText(message, path, style);
          }};
}

Column Number(std::string header, std::string path) {
  Column column = Field(std::move(header), std::move(path));
  column.right = true;
  column.may_be_cut = false;
  return column;
}

Column Name(std::string header, std::string path) {
  Column column = Field(std::move(header), std::move(path));
  column.may_be_cut = false;
  return column;
}

Column Day(std::string header, std::string path) {
  Column column{std::move(header),
                [path = std::move(path)](const Message& message, TextStyle style) {
                  const std::string text = FieldText(message, path, style);
                  return style == TextStyle::kShort ? text.substr(0, kDayLength) : text;
                }};
  column.may_be_cut = false;
  return column;
}

Column Brief(std::string header, std::string path) {
  return {std::move(header), [path = std::move(path)](const Message& message, TextStyle style) {
            const std::string text = FieldText(message, path, style);
            return style == TextStyle::kShort ? WithoutCollections(text) : text;
          }};
}

absl::Status Printer::Show(const Message& message, const Columns& columns) {
  switch (format_) {
    case OutputFormat::kJson:
      return Json(message);
    case OutputFormat::kTable:
      world_.out << Describe(message, world_.out_width);
      return absl::OkStatus();
    case OutputFormat::kCsv:
    case OutputFormat::kName:
      return Rows({&message}, columns);
  }
  return absl::OkStatus();
}

absl::Status Printer::Row(const Message& message, const Columns& columns) {
  return format_ == OutputFormat::kJson ? Json(message) : Rows({&message}, columns);
}

absl::Status Printer::List(const Message& response, absl::string_view field,
                           const Columns& columns) {
  if (format_ == OutputFormat::kJson) return Json(response);
  const auto* list = response.GetDescriptor()->FindFieldByName(std::string(field));
  std::vector<const Message*> rows;
  for (int i = 0; i < response.GetReflection()->FieldSize(response, list); ++i) {
    rows.push_back(&response.GetReflection()->GetRepeatedMessage(response, list, i));
  }
  return Rows(rows, columns);
}

absl::Status Printer::Documents(const std::vector<const Message*>& rows,
                                absl::string_view list_name, const Columns& columns) {
  if (format_ != OutputFormat::kJson) return Rows(rows, columns);
  std::vector<std::string> documents;
  for (const Message* row : rows) {
    ASSIGN_OR_RETURN(documents.emplace_back(), JsonLine(*row));
  }
  world_.out << "{\"" << list_name << "\":[\n" << absl::StrJoin(documents, ",\n") << "\n]}\n";
  return absl::OkStatus();
}

absl::StatusOr<std::string> Printer::FormatRows(const std::vector<const Message*>& rows,
                                                const Columns& columns) const {
  switch (format_) {
    case OutputFormat::kTable:
      return FormatTable(TableOf(rows, columns, TextStyle::kShort), world_.out_width);
    case OutputFormat::kCsv:
      return FormatCsv(TableOf(rows, columns, TextStyle::kFull));
    case OutputFormat::kName: {
      std::string names;
      for (const Message* row : rows) absl::StrAppend(&names, NameOf(*row), "\n");
      return names;
    }
    case OutputFormat::kJson:
      break;
  }
  return absl::InternalError("rows without a response have no JSON form");
}

absl::Status Printer::Rows(const std::vector<const Message*>& rows, const Columns& columns) {
  ASSIGN_OR_RETURN(const std::string text, FormatRows(rows, columns));
  world_.out << text;
  return absl::OkStatus();
}

absl::Status Printer::MoreRows(const std::vector<const Message*>& rows, const Columns& columns) {
  ASSIGN_OR_RETURN(const std::string text, FormatRows(rows, columns));
  const bool has_header = format_ != OutputFormat::kName;
  world_.out << (has_header ? text.substr(text.find('\n') + 1) : text);
  return absl::OkStatus();
}

absl::Status Printer::Json(const Message& message) {
  ASSIGN_OR_RETURN(const std::string json, ToJson(message, true));
  world_.out << json;
  if (json.empty() || json.back() != '\n') world_.out << "\n";
  return absl::OkStatus();
}

absl::StatusOr<std::string> JsonLine(const Message& message) { return ToJson(message, false); }

}  // namespace critac::cli
