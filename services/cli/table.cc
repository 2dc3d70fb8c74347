#include "services/cli/table.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/cli/display_width.h"

namespace critac::cli {
namespace {

constexpr int kGap = 2;
constexpr int kLeastCutWidth = 8;

// Cells as they are shown, the headers first.
std::vector<std::vector<std::string>> PrintableLines(const Table& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const TableColumn& column : table.columns) lines[0].push_back(Printable(column.header));
  for (const std::vector<std::string>& row : table.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(Printable(cell));
    line.resize(table.columns.size());
  }
  return lines;
}

// Widest column that may still be cut; -1 where there is none.
int WidestToCut(const Table& table, const std::vector<int>& widths) {
  int widest = -1;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (!table.columns[i].may_be_cut || widths[i] <= kLeastCutWidth) continue;
    if (widest < 0 || widths[i] > widths[widest]) widest = static_cast<int>(i);
  }
  return widest;
}

std::vector<int> ColumnWidths(const Table& table,
                              const std::vector<std::vector<std::string>>& lines, int width) {
  std::vector<int> widths(table.columns.size(), 0);
  for (const std::vector<std::string>& line : lines) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
    }
  }
  if (width == 0 || widths.empty()) return widths;
  int total =
      std::accumulate(widths.begin(), widths.end(), kGap * (static_cast<int>(widths.size()) - 1));
  for (int widest = WidestToCut(table, widths); total > width && widest >= 0;
       widest = WidestToCut(table, widths)) {
    --widths[widest];
    --total;
  }
  return widths;
}

std::string FormatLine(const Table& table, const std::vector<std::string>& cells,
                       const std::vector<int>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = CutToWidth(cells[i], std::max(widths[i], 1));
    const std::string padding(std::max(0, widths[i] - DisplayWidth(cell)), ' ');
    if (i > 0) line.append(kGap, ' ');
    absl::StrAppend(&line, table.columns[i].right ? padding : "", cell,
                    table.columns[i].right ? "" : padding);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string FormatTable(const Table& table, int width) {
  const std::vector<std::vector<std::string>> lines = PrintableLines(table);
  const std::vector<int> widths = ColumnWidths(table, lines, width);
  std::string text;
  for (const std::vector<std::string>& line : lines) text += FormatLine(table, line, widths);
  return text;
}

std::string FormatCsvRecord(const std::vector<std::string>& fields) {
  // A lone empty field would be an empty line, which readers skip.
  if (fields.size() == 1 && fields[0].empty()) return "\"\"\r\n";
  std::string record;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) record += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      record += fields[i];
    } else {
      absl::StrAppend(&record, "\"", absl::StrReplaceAll(fields[i], {{"\"", "\"\""}}), "\"");
    }
  }
  return record + "\r\n";
}

std::string FormatCsv(const Table& table) {
  std::vector<std::string> headers;
  for (const TableColumn& column : table.columns) headers.push_back(column.header);
  std::string text = FormatCsvRecord(headers);
  for (const std::vector<std::string>& row : table.rows) text += FormatCsvRecord(row);
  return text;
}

}  // namespace critac::cli
