#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/metrics/render.h"
#include "services/metrics/svg_chart.h"

namespace critac::metrics {
namespace {

// Colors of text keep 4.5 : 1 on what is behind them: #12233f and #4a5a73 on white and on #f4f7fb,
// #ffffff and #c9d9f0 on #12294b.
constexpr absl::string_view kStyle = R"css(
:root{--ink:#12233f;--quiet:#4a5a73;--navy:#12294b;--blue:#1f5497;--line:#d5deea;--wash:#f4f7fb}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;color:var(--ink);background:#fff;font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
h1,h2{font-family:Charter,"Iowan Old Style","Palatino Linotype",Georgia,"Liberation Serif",serif;line-height:1.15;text-wrap:balance}
a{color:var(--blue)}
a:focus-visible,.scroll:focus-visible{outline:3px solid #c2570c;outline-offset:2px}
.skip{position:absolute;left:-999rem;top:0;background:#fff;color:var(--ink);padding:.75rem 1rem;z-index:2}
.skip:focus{left:0}
.wrap{max-width:60rem;margin:0 auto;padding:0 1.5rem}
header{background:var(--navy);color:#fff;padding:4.5rem 0 3.5rem;border-bottom:6px solid #d9822b}
header p{margin:0;color:#c9d9f0}
header .kind{font-weight:600;letter-spacing:.09em;text-transform:uppercase;font-size:.875rem}
h1{font-size:clamp(2.1rem,5.5vw,3.5rem);margin:.7rem 0 .9rem;font-weight:700}
nav{background:var(--wash);border-bottom:1px solid var(--line);padding:1.5rem 0}
nav h2{font-family:inherit;font-size:.875rem;font-weight:600;letter-spacing:.09em;text-transform:uppercase;color:var(--quiet);margin:0 0 .75rem}
nav ol{margin:0;padding-left:1.5rem;columns:2;column-gap:2.5rem}
nav li{padding:.15rem 0;break-inside:avoid}
section{padding:2.75rem 0 1rem;border-bottom:1px solid var(--line)}
section:last-of-type{border-bottom:0}
section>h2{font-size:clamp(1.55rem,3.4vw,2.1rem);margin:0 0 1.1rem}
h3{font-size:1.15rem;line-height:1.3;margin:0 0 .35rem}
p{max-width:44rem;margin:0 0 1.1rem}
.keys{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:1px;background:var(--line);border:1px solid var(--line);margin:1.6rem 0 2rem;padding:0}
.keys>div{background:#fff;padding:1.15rem 1.2rem 1.05rem;display:flex;flex-direction:column}
.keys dt{order:2;font-weight:600;line-height:1.3}
.keys dd{margin:0}
.keys .value{order:1;font:700 2.35rem/1.1 Charter,"Iowan Old Style","Palatino Linotype",Georgia,"Liberation Serif",serif;color:var(--blue);font-variant-numeric:lining-nums}
.keys .note{order:3;color:var(--quiet);font-size:.875rem;line-height:1.4;margin-top:.3rem}
figure{margin:2rem 0 2.75rem}
figcaption{margin-bottom:1rem}
figcaption p{color:var(--quiet);margin:0}
.scroll{overflow-x:auto}
.chart{margin:0 0 1.25rem}
.chart svg{display:block;width:100%;min-width:34rem;height:auto;font-family:inherit}
.pair .chart svg{min-width:24rem}
@media (min-width:56rem){.pair .both{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,4fr);gap:2.5rem;align-items:start}}
.long{max-height:30rem;overflow:auto;border:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:.9375rem;line-height:1.4;font-variant-numeric:tabular-nums lining-nums}
th,td{padding:.42rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th[scope=row]{font-weight:400;min-width:9.5rem}
thead th{font-weight:600;border-bottom:2px solid var(--navy);vertical-align:bottom;background:#fff}
.long thead th{position:sticky;top:0}
.n{text-align:right}
td.n{white-space:nowrap}
.narrow table{max-width:34rem}
.pair th[scope=row]{min-width:0}
.off{color:var(--quiet);font-style:italic}
.subtotal *{font-weight:600}
.subtotal{background:var(--wash)}
.total *{font-weight:700}
.total th,.total td{border-top:2px solid var(--navy);border-bottom:0}
.note{color:var(--quiet);font-size:.9rem;margin:.6rem 0 0}
.terms{margin:1.2rem 0 2rem}
.terms dt{font-weight:600;margin-top:.9rem}
.terms dd{margin:.1rem 0 0;max-width:46rem}
.hash{overflow-wrap:anywhere;font-family:ui-monospace,Consolas,monospace;font-size:.85em}
footer{background:var(--wash);border-top:1px solid var(--line);color:var(--quiet);padding:1.5rem 0 2.5rem;font-size:.9375rem}
@media (max-width:40rem){nav ol{columns:1}header{padding:3rem 0 2.25rem}}
@media print{
@page{size:letter;margin:14mm 16mm}
html{font-size:9.25pt}
body{font-size:1rem;line-height:1.45}
p{margin-bottom:.6rem;max-width:none}
h1{font-size:2.6rem;margin:.3rem 0 .4rem}
section>h2{font-size:1.6rem;margin-bottom:.5rem}
figure{margin:.8rem 0 1.1rem}
figcaption{margin-bottom:.4rem}
.chart{margin-bottom:.5rem}
.keys{margin:.8rem 0}
.keys>div{padding:.6rem .8rem}
.keys .value{font-size:1.9rem}
th,td{padding:.2rem .5rem}
footer{display:none}
.skip,nav{display:none}
header{background:none;color:#000;border-bottom:3pt solid #12294b;padding:0 0 8pt}
header p{color:#333}
.wrap{max-width:none;padding:0}
section{padding:9pt 0 2pt}
h2,h3,figcaption{break-after:avoid}
figure,.keys>div,.terms>div{break-inside:avoid}
figure.tall{break-inside:auto}
.chart{break-inside:avoid}
.scroll,.long{overflow:visible;max-height:none;border:0}
.chart svg,.pair .chart svg{min-width:0}
.pair .both{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,4fr);gap:8mm;align-items:start}
tr{break-inside:avoid}
thead{display:table-header-group}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
)css";

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

void Write(const Paragraph& block, std::string& out) {
  absl::StrAppend(&out, "<p>", EscapeMarkup(block.text), "</p>\n");
}

void Write(const KeyFigures& block, std::string& out) {
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

void Write(const ReportFigure& block, std::string& out) {
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

void Write(const Definitions& block, std::string& out) {
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
      EscapeMarkup(document.title), "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n",
      "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n",
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
      std::visit([&](const auto& each) { Write(each, out); }, block);
    }
    absl::StrAppend(&out, "</section>\n");
  }
  absl::StrAppend(&out, "</main>\n<footer><div class=\"wrap\">", EscapeMarkup(document.title),
                  ". The last section names the records it was made from.</div></footer>\n",
                  "</body>\n</html>\n");
  return out;
}

}  // namespace critac::metrics
