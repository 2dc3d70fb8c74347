#ifndef SERVICES_METRICS_RENDER_H_
#define SERVICES_METRICS_RENDER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "critac/metrics/v1/report.pb.h"
#include "services/metrics/document.h"

namespace critac::metrics {

// The forms of a report. Each is a function of the document alone: the same document gives the same
// bytes.

// One self-contained HTML file, WCAG 2.1 AA: no script, font, picture or style sheet from
// elsewhere; language, title, skip link, headings in order; every chart in a figure with its
// caption and its table. It prints on letter paper.
std::string RenderHtml(const Document& document);

// Markdown (CommonMark with tables). Charts are left to their tables.
std::string RenderMarkdown(const Document& document);

// Every figure as a row, RFC 4180 with CRLF and a header line:
// `section,figure,row,column,unit,value,status`; first the report's title and days. A value without
// unit is text. Status: `shown`, `withheld`, or `none` where there is nothing to compute it from;
// value is empty for the last two. A text that a spreadsheet would take for a formula has an
// apostrophe put before it.
std::string RenderCsv(const Document& document);

// Every figure, and the text, as JSON: keys in a fixed order, two spaces of indentation.
std::string RenderJson(const Document& document);

// What a format is called in Report.document_hashes and file names, and its media type.
struct FormatWords {
  v1::ReportFormat format;
  absl::string_view name;
  absl::string_view extension;
  absl::string_view media_type;
  std::string (*render)(const Document&);
};
inline constexpr FormatWords kFormats[] = {
    {v1::REPORT_FORMAT_HTML, "html", ".html", "text/html; charset=utf-8", RenderHtml},
    {v1::REPORT_FORMAT_MARKDOWN, "markdown", ".md", "text/markdown; charset=utf-8", RenderMarkdown},
    {v1::REPORT_FORMAT_CSV, "csv", ".csv", "text/csv; charset=utf-8; header=present", RenderCsv},
    {v1::REPORT_FORMAT_JSON, "json", ".json", "application/json", RenderJson},
};

// A value as files for programs hold it: the shortest decimal number of at most 12 digits.
std::string PlainNumber(double value);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_RENDER_H_
