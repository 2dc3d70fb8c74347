#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/metrics/render.h"
#include "services/metrics/report_style.h"
#include "services/metrics/svg_chart.h"

namespace critac::metrics {
namespace {

// Tables longer than this scroll on a screen.
constexpr size_t kLongTable = 22;

// Tables of so few columns are not stretched over the page, so that the eye keeps the row.
constexpr size_t kNarrowTable = 3;

void WriteCell(const TableCell& cell, bool numeric, std::string& out) {
  const bool off =
      cell.kind == TableCell::Kind::kWithheld || cell.kind == TableCell::Kind::kNothing;
  // A long word without spaces, such as a hash, can be broken anywhere.
  const bool hash = cell.kind == TableCell::Kind::kText && cell.text.size() >= 40 &&
                    cell.text.find(' ') == std::string::npos;
  const absl::string_view kind = off && numeric ? " class=\"n off\""
                                 : off          ? " class=\"off\""
                                 : numeric      ? " class=\"n\""
                                 : hash         ? " class=\"hash\""
                                                : "";
  absl::StrAppend(&out, "<td", kind, ">", EscapeMarkup(cell.text), "</td>");
}

void WriteTable(const ReportFigure& figure, std::string& out) {
  const Table& table = figure.table;
  const bool has_chart = !std::holds_alternative<std::monostate>(figure.chart);
  const std::string caption =
      has_chart ? absl::StrCat("Table: ", figure.title) : std::string(figure.title);
  absl::StrAppend(&out, "<div class=\"scroll", table.rows.size() > kLongTable ? " long" : "",
                  table.columns.size() <= kNarrowTable ? " narrow" : "",
                  "\" tabindex=\"0\" role=\"region\" aria-label=\"", EscapeMarkup(caption),
                  "\">\n<table aria-label=\"", EscapeMarkup(caption), "\">\n<thead><tr>");
  for (const TableColumn& column : table.columns) {
    absl::StrAppend(&out, "<th scope=\"col\"", column.unit.empty() ? "" : " class=\"n\"", ">",
                    EscapeMarkup(column.title), "</th>");
  }
  absl::StrAppend(&out, "</tr></thead>\n<tbody>\n");
  for (const TableRow& row : table.rows) {
    const absl::string_view kind = row.kind == TableRow::Kind::kTotal      ? " class=\"total\""
                                   : row.kind == TableRow::Kind::kSubtotal ? " class=\"subtotal\""
                                                                           : "";
    absl::StrAppend(&out, "<tr", kind, "><th scope=\"row\">", EscapeMarkup(row.cells[0].text),
                    "</th>");
    for (size_t i = 1; i < row.cells.size(); ++i) {
      WriteCell(row.cells[i], !table.columns[i].unit.empty(), out);
    }
    absl::StrAppend(&out, "</tr>\n");
  }
  absl::StrAppend(&out, "</tbody>\n</table>\n</div>\n");
}

void WriteHtml(const Paragraph& block, std::string& out) {
  absl::StrAppend(&out, "<p>", EscapeMarkup(block.text), "</p>\n");
}

void WriteHtml(const KeyFigures& block, std::string& out) {
  absl::StrAppend(&out, "<dl class=\"keys\">\n");
  for (const KeyFigure& figure : block.figures) {
    absl::StrAppend(&out, "<div><dt>", EscapeMarkup(figure.label), "</dt><dd class=\"value\">",
                    EscapeMarkup(figure.cell.text), "</dd>");
    if (!figure.note.empty()) {
      absl::StrAppend(&out, "<dd class=\"note\">", EscapeMarkup(figure.note), "</dd>");
    }
    absl::StrAppend(&out, "</div>\n");
  }
  absl::StrAppend(&out, "</dl>\n");
}

void WriteHtml(const ReportFigure& block, std::string& out) {
  const std::string svg = ToSvg(block);
  const bool pair = StandsBesideTable(block);
  absl::StrAppend(&out, "<figure id=\"", EscapeMarkup(block.id), "\"",
                  block.table.rows.size() > kLongTable ? " class=\"tall\"" : "",
                  pair ? " class=\"pair\"" : "", ">\n<figcaption><h3>", EscapeMarkup(block.title),
                  "</h3>");
  if (!block.summary.empty()) absl::StrAppend(&out, "<p>", EscapeMarkup(block.summary), "</p>");
  absl::StrAppend(&out, "</figcaption>\n<div class=\"both\">\n");
  if (!svg.empty()) {
    absl::StrAppend(&out,
                    "<div class=\"chart scroll\" tabindex=\"0\" role=\"region\" "
                    "aria-label=\"Chart: ",
                    EscapeMarkup(block.title), "\">", svg, "</div>\n");
  }
  WriteTable(block, out);
  absl::StrAppend(&out, "</div>\n");
  for (const std::string& note : block.notes) {
    absl::StrAppend(&out, "<p class=\"note\">", EscapeMarkup(note), "</p>\n");
  }
  absl::StrAppend(&out, "</figure>\n");
}

void WriteHtml(const Definitions& block, std::string& out) {
  absl::StrAppend(&out, "<dl class=\"terms\">\n");
  for (const auto& [term, meaning] : block.terms) {
    absl::StrAppend(&out, "<div><dt>", EscapeMarkup(term), "</dt><dd>", EscapeMarkup(meaning),
                    "</dd></div>\n");
  }
  absl::StrAppend(&out, "</dl>\n");
}

void WriteContents(const Document& document, std::string& out) {
  absl::StrAppend(&out, "<nav aria-labelledby=\"contents\"><div class=\"wrap\">",
                  "<h2 id=\"contents\">Contents</h2>\n<ol>\n");
  for (const Section& section : document.sections) {
    absl::StrAppend(&out, "<li><a href=\"#", EscapeMarkup(section.id), "\">",
                    EscapeMarkup(section.heading), "</a></li>\n");
  }
  absl::StrAppend(&out, "</ol></div></nav>\n");
}

}  // namespace

std::string RenderHtml(const Document& document) {
  std::string out;
  absl::StrAppend(
      &out, "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<meta charset=\"utf-8\">\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n", "<title>",
      EscapeMarkup(document.title), "</title>\n<style>", kReportStyle,
      "</style>\n</head>\n<body>\n", "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n",
      "<header><div class=\"wrap\"><p class=\"kind\">Technical assistance center</p>\n<h1>",
      EscapeMarkup(document.title), "</h1>\n<p>", EscapeMarkup(document.kind), " for ",
      EscapeMarkup(document.period), "</p></div></header>\n");
  WriteContents(document, out);
  absl::StrAppend(&out, "<main id=\"main\" class=\"wrap\" tabindex=\"-1\">\n");
  for (const Section& section : document.sections) {
    const std::string id = EscapeMarkup(section.id);
    absl::StrAppend(&out, "<section id=\"", id, "\" aria-labelledby=\"", id, "-heading\">\n",
                    "<h2 id=\"", id, "-heading\">", EscapeMarkup(section.heading), "</h2>\n");
    for (const Block& block : section.blocks) {
      std::visit([&](const auto& each) { WriteHtml(each, out); }, block);
    }
    absl::StrAppend(&out, "</section>\n");
  }
  absl::StrAppend(&out, "</main>\n<footer><div class=\"wrap\">", EscapeMarkup(document.title),
                  ". The last section names the records it was made from.</div></footer>\n",
                  "</body>\n</html>\n");
  return out;
}

}  // namespace critac::metrics
