#include "services/metrics/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

// Charts are drawn this wide, in the unit of their view box, and scale with the page.
constexpr double kFullWidth = 720;
constexpr double kPairedWidth = 500;

// About the width of a character of a label.
constexpr double kCharacter = 7.8;

constexpr absl::string_view kInk = "#12233f";
constexpr absl::string_view kQuietInk = "#4a5a73";
constexpr absl::string_view kBlue = "#2f67ad";
constexpr absl::string_view kLine = "#c9d3e1";

std::string Number(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.size() > 2 && text.substr(text.size() - 2) == ".0") text.resize(text.size() - 2);
  return text;
}

// Gathers the elements of a drawing.
class Canvas {
 public:
  explicit Canvas(const ReportFigure& figure)
      : figure_(figure), width_(StandsBesideTable(figure) ? kPairedWidth : kFullWidth) {}

  double width() const { return width_; }

  void Rect(double x, double y, double width, double height, absl::string_view fill,
            absl::string_view more = "") {
    absl::StrAppend(&body_, "<rect x=\"", Number(x), "\" y=\"", Number(y), "\" width=\"",
                    Number(width), "\" height=\"", Number(height), "\" fill=\"", fill, "\"", more,
                    "/>");
  }

  void Line(double x1, double y1, double x2, double y2, absl::string_view stroke, double width) {
    absl::StrAppend(&body_, "<line x1=\"", Number(x1), "\" y1=\"", Number(y1), "\" x2=\"",
                    Number(x2), "\" y2=\"", Number(y2), "\" stroke=\"", stroke,
                    "\" stroke-width=\"", Number(width), "\"/>");
  }

  enum class Anchor { kStart, kMiddle, kEnd };
  void Text(double x, double y, absl::string_view text, double size, absl::string_view fill,
            Anchor anchor = Anchor::kStart, bool bold = false) {
    const absl::string_view anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    absl::StrAppend(&body_, "<text x=\"", Number(x), "\" y=\"", Number(y), "\" font-size=\"",
                    Number(size), "\" fill=\"", fill, "\"", anchors[static_cast<int>(anchor)],
                    bold ? " font-weight=\"600\"" : "", ">", EscapeMarkup(text), "</text>");
  }

  void Raw(absl::string_view element) { absl::StrAppend(&body_, element); }

  // The fill of a group's marks. Groups after the first are patterns, so that they differ without
  // color too.
  std::string GroupFill(int group) {
    if (group == 0) return std::string(kBlue);
    const std::string id = absl::StrCat(figure_.id, group == 1 ? "-stripes" : "-dots");
    const std::string pattern =
        group == 1
            ? "<rect width=\"8\" height=\"8\" fill=\"#f2c98a\"/>"
              "<path d=\"M-2 2l4-4M0 8l8-8M6 10l4-4\" stroke=\"#7a4200\" stroke-width=\"2\"/>"
            : "<rect width=\"8\" height=\"8\" fill=\"#dfe5ee\"/>"
              "<circle cx=\"4\" cy=\"4\" r=\"1.7\" fill=\"#4a5a73\"/>";
    return Pattern(id, pattern);
  }

  // The fill of what is withheld.
  std::string WithheldFill() {
    return Pattern(absl::StrCat(figure_.id, "-withheld"),
                   "<rect width=\"8\" height=\"8\" fill=\"#ffffff\"/>"
                   "<path d=\"M-2 6l4 4M0 0l8 8M6-2l4 4\" stroke=\"#9aa8bd\" stroke-width=\"1\"/>");
  }

  std::string Finish(double height) const {
    const std::string title = absl::StrCat(figure_.id, "-chart-title");
    const std::string description = absl::StrCat(figure_.id, "-chart-description");
    std::string definitions;
    for (const auto& [unused, pattern] : patterns_) definitions += pattern;
    if (!definitions.empty()) definitions = absl::StrCat("<defs>", definitions, "</defs>");
    return absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", Number(width_),
                        " ", Number(height), "\" role=\"img\" aria-labelledby=\"", title, " ",
                        description, "\"><title id=\"", title, "\">", EscapeMarkup(figure_.title),
                        "</title><desc id=\"", description, "\">", EscapeMarkup(figure_.summary),
                        " The table that follows holds the same figures.</desc>", definitions,
                        body_, "</svg>");
  }

 private:
  std::string Pattern(const std::string& id, absl::string_view content) {
    patterns_[id] = absl::StrCat("<pattern id=\"", EscapeMarkup(id),
                                 "\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">",
                                 content, "</pattern>");
    return absl::StrCat("url(#", EscapeMarkup(id), ")");
  }

  const ReportFigure& figure_;
  const double width_;
  std::string body_;
  std::map<std::string, std::string> patterns_;
};

// Breaks a label into lines of at most `width` characters, at spaces.
std::vector<std::string> Wrapped(absl::string_view label, size_t width) {
  std::vector<std::string> lines = {""};
  for (const absl::string_view word : absl::StrSplit(label, ' ', absl::SkipEmpty())) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    absl::StrAppend(&lines.back(), lines.back().empty() ? "" : " ", word);
  }
  return lines;
}

double Largest(const std::vector<Mark>& marks) {
  double largest = 0;
  for (const Mark& mark : marks) largest = std::max(largest, mark.cell.value);
  return largest == 0 ? 1 : largest;
}

// ---- Bars ----

constexpr double kBarHeight = 18;
constexpr double kBarStep = 27;
constexpr double kWrappedLine = 15;
constexpr size_t kBarLabelCharacters = 31;

// Room for the longest line of the labels.
double LabelWidth(const std::vector<std::vector<std::string>>& labels) {
  size_t longest = 4;
  for (const std::vector<std::string>& lines : labels) {
    for (const std::string& line : lines) longest = std::max(longest, line.size());
  }
  return kCharacter * static_cast<double>(std::min(longest, kBarLabelCharacters + 2)) + 12;
}

double DrawLegend(const std::vector<std::string>& groups, double x, Canvas& canvas) {
  if (groups.empty()) return 4;
  for (size_t i = 0; i < groups.size(); ++i) {
    canvas.Rect(x, 4, 16, 14, canvas.GroupFill(static_cast<int>(i)), " stroke=\"#4a5a73\"");
    canvas.Text(x + 22, 16, groups[i], 13, kInk);
    x += 40 + 7.2 * static_cast<double>(groups[i].size());
  }
  return 34;
}

void DrawBar(const Mark& mark, double left, double middle, double scale, Canvas& canvas) {
  const double top = middle - kBarHeight / 2;
  if (mark.cell.kind == TableCell::Kind::kWithheld) {
    canvas.Rect(left, top, 40, kBarHeight, canvas.WithheldFill(), " stroke=\"#9aa8bd\"");
    canvas.Text(left + 48, middle + 4.5, mark.cell.text, 13, kQuietInk);
    return;
  }
  const double width = std::max(mark.cell.value * scale, 0.0);
  if (width > 0) {
    canvas.Rect(left, top, std::max(width, 1.0), kBarHeight, canvas.GroupFill(mark.group),
                " rx=\"1.5\"");
  }
  canvas.Text(left + width + 7, middle + 4.5, mark.cell.text, 13, kInk, Canvas::Anchor::kStart,
              true);
}

std::string Draw(const BarChart& chart, Canvas& canvas) {
  std::vector<std::vector<std::string>> labels;
  for (const Mark& mark : chart.bars) labels.push_back(Wrapped(mark.label, kBarLabelCharacters));
  const double left = LabelWidth(labels);
  const double scale = (canvas.width() - left - 76) / Largest(chart.bars);
  const double top = DrawLegend(chart.groups, left, canvas);
  double y = top;
  for (size_t i = 0; i < chart.bars.size(); ++i) {
    const double extra = kWrappedLine * static_cast<double>(labels[i].size() - 1);
    const double middle = y + (kBarStep + extra) / 2;
    double baseline = middle + 4.5 - extra / 2;
    for (const std::string& line : labels[i]) {
      canvas.Text(left - 10, baseline, line, 13, kInk, Canvas::Anchor::kEnd);
      baseline += kWrappedLine;
    }
    DrawBar(chart.bars[i], left, middle, scale, canvas);
    y += kBarStep + extra;
  }
  canvas.Line(left, top, left, y, kQuietInk, 1);
  return canvas.Finish(y + 4);
}

// ---- Columns ----

std::string Draw(const ColumnChart& chart, Canvas& canvas) {
  constexpr double kTop = 24;
  constexpr double kBase = 214;
  const double step =
      canvas.width() / static_cast<double>(std::max<size_t>(chart.columns.size(), 1));
  const double width = std::min(step * 0.68, 64.0);
  const double scale = (kBase - kTop) / Largest(chart.columns);
  for (size_t i = 0; i < chart.columns.size(); ++i) {
    const Mark& mark = chart.columns[i];
    const double middle = step * (static_cast<double>(i) + 0.5);
    const bool withheld = mark.cell.kind == TableCell::Kind::kWithheld;
    const double height = withheld ? 40 : std::max(mark.cell.value * scale, 0.0);
    if (height > 0) {
      canvas.Rect(middle - width / 2, kBase - height, width, height,
                  withheld ? canvas.WithheldFill() : canvas.GroupFill(mark.group),
                  withheld ? " stroke=\"#9aa8bd\"" : " rx=\"1.5\"");
    }
    canvas.Text(middle, kBase - height - 7, mark.cell.text, 13, withheld ? kQuietInk : kInk,
                Canvas::Anchor::kMiddle, !withheld);
    const std::vector<std::string> lines =
        Wrapped(mark.label, static_cast<size_t>(step / kCharacter));
    for (size_t line = 0; line < lines.size(); ++line) {
      canvas.Text(middle, kBase + 18 + kWrappedLine * static_cast<double>(line), lines[line], 13,
                  line == 0 ? kInk : kQuietInk, Canvas::Anchor::kMiddle);
    }
  }
  canvas.Line(0, kBase, canvas.width(), kBase, kQuietInk, 1);
  return canvas.Finish(kBase + 44);
}

// ---- Map ----

constexpr double kTileStep = 60;
constexpr double kTile = 55;

// The least value of each step: whole numbers, equally far apart, from the least value shown that
// is not zero to the largest.
std::vector<double> StepStarts(const std::vector<Mark>& tiles) {
  const double largest = Largest(tiles);
  double least = largest;
  for (const Mark& tile : tiles) {
    if (tile.cell.value > 0) least = std::min(least, tile.cell.value);
  }
  const double size = std::ceil((largest - least + 1) / std::size(kMapSteps));
  std::vector<double> starts;
  for (double start = least; start <= largest; start += size) starts.push_back(start);
  return starts;
}

void DrawTile(const StateTile& place, const Mark& mark, const std::vector<double>& starts,
              Canvas& canvas) {
  const double x = kTileStep * place.column + (kTileStep - kTile) / 2;
  const double y = kTileStep * place.row;
  const double middle = x + kTile / 2;
  std::string fill = "#ffffff";
  absl::string_view ink = kInk;
  if (mark.cell.kind == TableCell::Kind::kWithheld) {
    fill = canvas.WithheldFill();
  } else {
    for (size_t i = 0; i < starts.size(); ++i) {
      if (mark.cell.value < starts[i]) break;
      fill = std::string(kMapSteps[i].fill);
      ink = kMapSteps[i].text;
    }
  }
  canvas.Rect(x, y, kTile, kTile, fill, " rx=\"4\" stroke=\"#8fa1bb\"");
  if (mark.cell.kind == TableCell::Kind::kWithheld) {
    canvas.Rect(x + 12, y + 8, kTile - 24, kTile - 16, "#ffffff", " rx=\"3\"");
    canvas.Text(middle, y + 45, "w", 14, kQuietInk, Canvas::Anchor::kMiddle);
  } else {
    canvas.Text(middle, y + 45, mark.cell.text, 17, ink, Canvas::Anchor::kMiddle, true);
  }
  canvas.Text(middle, y + 22, place.code, 13, ink, Canvas::Anchor::kMiddle);
}

void DrawMapLegend(const std::vector<double>& starts, double largest, double y, Canvas& canvas) {
  double x = kTileStep * 2;
  const auto entry = [&](absl::string_view fill, absl::string_view text) {
    canvas.Rect(x, y, 22, 16, fill, " rx=\"2\" stroke=\"#8fa1bb\"");
    canvas.Text(x + 28, y + 13, text, 13, kInk);
    x += 46 + 7.4 * static_cast<double>(text.size());
  };
  entry("#ffffff", "0");
  for (size_t i = 0; i < starts.size(); ++i) {
    const double end = i + 1 < starts.size() ? starts[i + 1] - 1 : largest;
    entry(kMapSteps[i].fill, starts[i] == end
                                 ? NumberText(end)
                                 : absl::StrCat(NumberText(starts[i]), " to ", NumberText(end)));
  }
  entry(canvas.WithheldFill(), "w: withheld");
}

std::string Draw(const TileMap& chart, Canvas& canvas) {
  std::map<absl::string_view, const Mark*> marks;
  for (const Mark& mark : chart.tiles) marks[mark.label] = &mark;
  const double largest = Largest(chart.tiles);
  const std::vector<double> starts = StepStarts(chart.tiles);
  const Mark none{"", TableCell::Number(0, "0")};
  double bottom = 0;
  for (const StateTile& place : StateTiles()) {
    const auto mark = marks.find(place.code);
    DrawTile(place, mark == marks.end() ? none : *mark->second, starts, canvas);
    bottom = std::max(bottom, kTileStep * (place.row + 1));
  }
  DrawMapLegend(starts, largest, bottom + 14, canvas);
  return canvas.Finish(bottom + 36);
}

// ---- Spans ----

// A round distance between the marks of an axis that reaches to `largest`: 1, 2 or 5 times a power
// of ten, at most six of them.
double AxisStep(double largest) {
  double step = 1;
  for (int i = 0; largest / step > 6; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  return step;
}

std::string Draw(const SpanChart& chart, Canvas& canvas) {
  constexpr double kLabel = 130;
  constexpr double kTop = 40;
  constexpr double kStep = 36;
  double largest = 1;
  for (const SpanChart::Span& span : chart.spans) {
    largest = std::max({largest, span.low.value, span.high.value});
  }
  const double bottom = kTop + kStep * static_cast<double>(chart.spans.size());
  const double axis_step = AxisStep(largest);
  const double scale = (canvas.width() - kLabel - 110) / largest;
  for (double at = 0; at <= largest; at += axis_step) {
    canvas.Line(kLabel + at * scale, kTop - 6, kLabel + at * scale, bottom, kLine, 1);
    canvas.Text(kLabel + at * scale, bottom + 18, NumberText(at), 12, kQuietInk,
                Canvas::Anchor::kMiddle);
  }
  canvas.Text(kLabel, bottom + 36, chart.unit, 12, kQuietInk, Canvas::Anchor::kMiddle);

  const auto low_mark = [&](double x, double y) {
    canvas.Raw(absl::StrCat("<circle cx=\"", Number(x), "\" cy=\"", Number(y), "\" r=\"7\" fill=\"",
                            kBlue, "\"/>"));
  };
  const auto high_mark = [&](double x, double y) {
    canvas.Raw(absl::StrCat("<path d=\"M", Number(x), " ", Number(y - 8),
                            "l8 8l-8 8l-8-8z\" fill=\"#ffffff\" stroke=\"#7a4200\" "
                            "stroke-width=\"2.5\"/>"));
  };
  low_mark(kLabel + 7, 12);
  canvas.Text(kLabel + 20, 16.5, chart.low_name, 13, kInk);
  const double second = kLabel + 50 + 7.2 * static_cast<double>(chart.low_name.size());
  high_mark(second, 12);
  canvas.Text(second + 14, 16.5, chart.high_name, 13, kInk);

  double y = kTop + kStep / 2;
  for (const SpanChart::Span& span : chart.spans) {
    canvas.Text(kLabel - 12, y + 4.5, span.label, 13, kInk, Canvas::Anchor::kEnd);
    if (span.low.kind == TableCell::Kind::kNumber && span.high.kind == TableCell::Kind::kNumber) {
      const double low = kLabel + span.low.value * scale;
      const double high = kLabel + span.high.value * scale;
      canvas.Line(low, y, high, y, "#8fa1bb", 3);
      high_mark(high, y);
      low_mark(low, y);
      canvas.Text(high + 14, y + 4.5, absl::StrCat(span.low.text, " / ", span.high.text), 13, kInk,
                  Canvas::Anchor::kStart, true);
    } else {
      canvas.Text(kLabel + 8, y + 4.5, span.low.text, 13, kQuietInk);
    }
    y += kStep;
  }
  return canvas.Finish(bottom + 42);
}

std::string Draw(const std::monostate&, Canvas&) { return ""; }

double Luminance(absl::string_view color) {
  double luminance = 0;
  const double weights[] = {0.2126, 0.7152, 0.0722};
  for (int i = 0; i < 3; ++i) {
    uint32_t byte = 0;
    if (!absl::SimpleHexAtoi(color.substr(1 + 2 * i, 2), &byte)) return 0;
    const double share = byte / 255.0;
    luminance +=
        weights[i] * (share <= 0.03928 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4));
  }
  return luminance;
}

}  // namespace

std::string ToSvg(const ReportFigure& figure) {
  Canvas canvas(figure);
  return std::visit([&](const auto& chart) { return Draw(chart, canvas); }, figure.chart);
}

bool StandsBesideTable(const ReportFigure& figure) {
  constexpr size_t kMostColumns = 3;
  constexpr size_t kMostRows = 16;
  return !std::holds_alternative<std::monostate>(figure.chart) &&
         !std::holds_alternative<TileMap>(figure.chart) &&
         figure.table.columns.size() <= kMostColumns && figure.table.rows.size() <= kMostRows;
}

std::string EscapeMarkup(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

double ContrastRatio(absl::string_view color, absl::string_view other) {
  const double a = Luminance(color);
  const double b = Luminance(other);
  return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

}  // namespace critac::metrics
