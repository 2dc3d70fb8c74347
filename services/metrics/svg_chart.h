#ifndef SERVICES_METRICS_SVG_CHART_H_
#define SERVICES_METRICS_SVG_CHART_H_

#include <string>

#include "absl/strings/string_view.h"
#include "services/metrics/document.h"

namespace critac::metrics {

// Draws a figure's chart as an SVG element to stand in HTML; empty where it has none. It carries
// role, title and description, labels every mark with its value, tells groups apart by pattern as
// well as by color, and uses no script, style sheet, font or file from elsewhere. The same figure
// gives the same bytes.
std::string ToSvg(const ReportFigure& figure);

// Whether chart and table are small enough to stand side by side; the chart is then drawn narrower.
bool StandsBesideTable(const ReportFigure& figure);

// Text in XML or HTML, content or attribute.
std::string EscapeMarkup(absl::string_view text);

// Contrast of two colors `#rrggbb` as WCAG 2.1 defines it, 1 to 21.
double ContrastRatio(absl::string_view color, absl::string_view other);

// Fills of the map's steps from few to many, each with the color of the text on it.
struct MapStep {
  absl::string_view fill;
  absl::string_view text;
};
inline constexpr MapStep kMapSteps[] = {
    {"#e7eef8", "#12233f"}, {"#b9cfea", "#12233f"}, {"#7da5d8", "#0b1729"},
    {"#2f67ad", "#ffffff"}, {"#163a70", "#ffffff"},
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_SVG_CHART_H_
