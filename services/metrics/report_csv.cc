#include <string>
#include <utility>
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

// Where a cell stands.
struct Place {
  absl::string_view section;
  absl::string_view figure;
  absl::string_view row;
  absl::string_view column;
  absl::string_view unit;
};

void WriteRow(const Place& place, const TableCell& cell, std::string& out) {
  const bool number = cell.kind == TableCell::Kind::kNumber;
  const bool text = cell.kind == TableCell::Kind::kText;
  for (const absl::string_view field :
       {place.section, place.figure, place.row, place.column, place.unit}) {
    absl::StrAppend(&out, TextField(field), ",");
  }
  absl::StrAppend(&out,
                  number ? PlainNumber(cell.value)
                  : text ? TextField(cell.text)
                         : "",
                  ",", number || text ? "shown" : cell.text, "\r\n");
}

void WriteCsv(const Section& section, const ReportFigure& figure, std::string& out) {
  for (const TableRow& row : figure.table.rows) {
    for (size_t i = 1; i < row.cells.size(); ++i) {
      const TableColumn& column = figure.table.columns[i];
      WriteRow({section.id, figure.id, row.cells[0].text, column.title, column.unit}, row.cells[i],
               out);
    }
  }
}

void WriteCsv(const Section& section, const KeyFigures& figures, std::string& out) {
  for (const KeyFigure& figure : figures.figures) {
    WriteRow({section.id, "key-figures", figure.label, "This period", "value"}, figure.cell, out);
  }
}

// Paragraphs and definitions are no figures.
template <typename Other>
void WriteCsv(const Section&, const Other&, std::string&) {}

}  // namespace

std::string PlainNumber(double value) { return absl::StrFormat("%.12g", value); }

std::string RenderCsv(const Document& document) {
  std::string out = "section,figure,row,column,unit,value,status\r\n";
  const std::pair<absl::string_view, const std::string*> report[] = {
      {"Title", &document.title},
      {"First day", &document.start_date},
      {"Last day", &document.end_date}};
  for (const auto& [row, text] : report) {
    WriteRow({"report", "report", row, "Text", ""}, TableCell::Text(*text), out);
  }
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      std::visit([&](const auto& each) { WriteCsv(section, each, out); }, block);
    }
  }
  return out;
}

}  // namespace critac::metrics
