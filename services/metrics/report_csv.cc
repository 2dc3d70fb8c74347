#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "services/metrics/render.h"

namespace critac::metrics {
namespace {

// A text field. Spreadsheets run a text that begins like a formula, so it is made to begin with an
// apostrophe. Quoted where RFC 4180 asks for it.
std::string TextField(absl::string_view text) {
  std::string field(text);
  if (!field.empty() && absl::string_view("=+-@\t\r").find(field[0]) != absl::string_view::npos) {
    field.insert(0, "'");
  }
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  return absl::StrCat("\"", absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\"");
}

void WriteRow(absl::string_view section, absl::string_view figure, absl::string_view row,
              const TableColumn& column, const TableCell& cell, std::string& out) {
  const bool number = cell.kind == TableCell::Kind::kNumber;
  absl::StrAppend(&out, TextField(section), ",", TextField(figure), ",", TextField(row), ",",
                  TextField(column.title), ",", TextField(column.unit), ",",
                  number ? PlainNumber(cell.value) : "", ",", number ? "shown" : cell.text, "\r\n");
}

void Write(const Section& section, const ReportFigure& figure, std::string& out) {
  for (const TableRow& row : figure.table.rows) {
    for (size_t i = 1; i < row.cells.size(); ++i) {
      if (row.cells[i].kind == TableCell::Kind::kText) continue;
      WriteRow(section.id, figure.id, row.cells[0].text, figure.table.columns[i], row.cells[i],
               out);
    }
  }
}

}  // namespace

std::string PlainNumber(double value) { return absl::StrFormat("%.12g", value); }

std::string RenderCsv(const Document& document) {
  std::string out = "section,figure,row,column,unit,value,status\r\n";
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      if (const auto* figure = std::get_if<ReportFigure>(&block)) Write(section, *figure, out);
    }
  }
  return out;
}

}  // namespace critac::metrics
