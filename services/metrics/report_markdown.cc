#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/metrics/render.h"

namespace critac::metrics {
namespace {

// Text as text: nothing in it is markup.
std::string Escaped(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (absl::string_view("\\`*_[]<>|#~&").find(c) != absl::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void WriteMarkdown(const Paragraph& block, std::string& out) {
  absl::StrAppend(&out, Escaped(block.text), "\n\n");
}

void WriteMarkdown(const KeyFigures& block, std::string& out) {
  for (const KeyFigure& figure : block.figures) {
    absl::StrAppend(&out, "- **", Escaped(figure.cell.text), "** ", Escaped(figure.label));
    if (!figure.note.empty()) absl::StrAppend(&out, " (", Escaped(figure.note), ")");
    out += "\n";
  }
  out += "\n";
}

void WriteTable(const Table& table, std::string& out) {
  for (const TableColumn& column : table.columns) {
    absl::StrAppend(&out, "| ", Escaped(column.title), " ");
  }
  out += "|\n";
  for (const TableColumn& column : table.columns) out += column.unit.empty() ? "|---" : "|--:";
  out += "|\n";
  for (const TableRow& row : table.rows) {
    const absl::string_view mark = row.kind == TableRow::Kind::kPlain ? "" : "**";
    for (const TableCell& cell : row.cells) {
      absl::StrAppend(&out, "| ", mark, Escaped(cell.text), mark, " ");
    }
    out += "|\n";
  }
  out += "\n";
}

void WriteMarkdown(const ReportFigure& block, std::string& out) {
  absl::StrAppend(&out, "### ", Escaped(block.title), "\n\n");
  if (!block.summary.empty()) absl::StrAppend(&out, Escaped(block.summary), "\n\n");
  WriteTable(block.table, out);
  for (const std::string& note : block.notes) absl::StrAppend(&out, Escaped(note), "\n\n");
}

void WriteMarkdown(const Definitions& block, std::string& out) {
  for (const auto& [term, meaning] : block.terms) {
    absl::StrAppend(&out, "- **", Escaped(term), ".** ", Escaped(meaning), "\n");
  }
  out += "\n";
}

}  // namespace

std::string RenderMarkdown(const Document& document) {
  std::string out = absl::StrCat("# ", Escaped(document.title), "\n\n", Escaped(document.kind),
                                 " for ", Escaped(document.period), "\n\n");
  for (const Section& section : document.sections) {
    absl::StrAppend(&out, "## ", Escaped(section.heading), "\n\n");
    for (const Block& block : section.blocks) {
      std::visit([&](const auto& each) { WriteMarkdown(each, out); }, block);
    }
  }
  // One newline ends the file.
  while (out.size() > 1 && out[out.size() - 2] == '\n') out.pop_back();
  return out;
}

}  // namespace critac::metrics
