#include "services/metrics/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ReportFigure FigureWith(Chart chart) {
  ReportFigure figure;
  figure.id = "by-x";
  figure.title = "Requests <by> \"x\"";
  figure.summary = "A & B.";
  figure.chart = std::move(chart);
  return figure;
}

TableCell Count(int value) { return ValueCell(value, v1::UNIT_COUNT); }

TEST(SvgChart, AFigureWithoutAChartHasNone) { EXPECT_EQ(ToSvg(FigureWith({})), ""); }

TEST(SvgChart, CarriesRoleTitleAndDescriptionForThoseWhoDoNotSeeIt) {
  const std::string svg = ToSvg(FigureWith(BarChart{{{"One", Count(3)}}, {}}));
  EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"by-x-chart-title "
                             "by-x-chart-description\""));
  EXPECT_THAT(svg, HasSubstr("<title id=\"by-x-chart-title\">Requests &lt;by&gt; "
                             "&quot;x&quot;</title>"));
  EXPECT_THAT(svg, HasSubstr("<desc id=\"by-x-chart-description\">A &amp; B."));
}

TEST(SvgChart, LabelsEveryBarWithNameAndValue) {
  const std::string svg =
      ToSvg(FigureWith(BarChart{{{"One", Count(1200)}, {"Two <b>", Count(0)}}, {}}));
  EXPECT_THAT(svg, HasSubstr(">One</text>"));
  EXPECT_THAT(svg, HasSubstr(">1,200</text>"));
  EXPECT_THAT(svg, HasSubstr(">Two &lt;b&gt;</text>"));
  EXPECT_THAT(svg, HasSubstr(">0</text>"));
}

TEST(SvgChart, TellsGroupsApartByPatternToo) {
  const std::string svg =
      ToSvg(FigureWith(BarChart{{{"One", Count(1), 0}, {"Two", Count(2), 1}}, {"few", "many"}}));
  EXPECT_THAT(svg, HasSubstr("<pattern id=\"by-x-stripes\""));
  EXPECT_THAT(svg, HasSubstr("fill=\"url(#by-x-stripes)\""));
  EXPECT_THAT(svg, HasSubstr(">few</text>"));
  EXPECT_THAT(svg, HasSubstr(">many</text>"));
}

TEST(SvgChart, DrawsWhatIsWithheldAlikeWhateverItsValue) {
  const auto draw = [] {
    return ToSvg(FigureWith(BarChart{{{"One", TableCell::Withheld()}, {"Two", Count(20)}}, {}}));
  };
  EXPECT_THAT(draw(), HasSubstr(">withheld</text>"));
  EXPECT_THAT(draw(), HasSubstr("fill=\"url(#by-x-withheld)\""));
}

TEST(SvgChart, TheMapShowsEveryStateWithItsValue) {
  TileMap map;
  map.tiles = {{"UT", Count(7)}, {"NV", TableCell::Withheld()}, {"CA", Count(60)}};
  const std::string svg = ToSvg(FigureWith(map));
  for (const StateTile& tile : StateTiles()) {
    EXPECT_THAT(svg, HasSubstr(">" + std::string(tile.code) + "</text>"));
  }
  EXPECT_THAT(svg, HasSubstr(">7</text>"));
  EXPECT_THAT(svg, HasSubstr(">60</text>"));
  EXPECT_THAT(svg, HasSubstr(">w</text>"));
  EXPECT_THAT(svg, HasSubstr(">7 to 17</text>"));
  EXPECT_THAT(svg, HasSubstr(">51 to 60</text>"));
}

TEST(SvgChart, AMapWithoutValuesIsDrawnToo) {
  EXPECT_THAT(ToSvg(FigureWith(TileMap{})), HasSubstr(">UT</text>"));
}

TEST(SvgChart, SpansShowBothPointsAndWhereThereAreNone) {
  SpanChart chart;
  chart.low_name = "Median";
  chart.high_name = "90th percentile";
  chart.unit = "days";
  chart.spans = {{"Matched", Count(12), Count(24)},
                 {"Closed", TableCell::Nothing(), TableCell::Nothing()}};
  const std::string svg = ToSvg(FigureWith(chart));
  EXPECT_THAT(svg, HasSubstr(">12 / 24</text>"));
  EXPECT_THAT(svg, HasSubstr(">none</text>"));
  EXPECT_THAT(svg, HasSubstr(">Median</text>"));
}

TEST(SvgChart, ColumnsBreakTheirLabels) {
  ColumnChart chart;
  for (int i = 0; i < 12; ++i) chart.columns.push_back({"Oct 2025", Count(i)});
  const std::string svg = ToSvg(FigureWith(chart));
  EXPECT_THAT(svg, HasSubstr(">Oct</text>"));
  EXPECT_THAT(svg, HasSubstr(">2025</text>"));
}

TEST(SvgChart, NeedsNothingFromElsewhere) {
  const std::string svg = ToSvg(FigureWith(BarChart{{{"One", Count(3)}}, {}}));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_THAT(svg, Not(HasSubstr("<style")));
}

TEST(SvgChart, ContrastIsAsWcagDefinesIt) {
  EXPECT_NEAR(ContrastRatio("#000000", "#ffffff"), 21, 1e-9);
  EXPECT_NEAR(ContrastRatio("#ffffff", "#000000"), 21, 1e-9);
  EXPECT_NEAR(ContrastRatio("#777777", "#ffffff"), 4.478, 1e-3);
  EXPECT_EQ(ContrastRatio("#123456", "#123456"), 1);
}

TEST(SvgChart, TextOnEveryStepOfTheMapHasContrast) {
  for (const MapStep& step : kMapSteps) {
    EXPECT_GE(ContrastRatio(step.fill, step.text), 4.5) << step.fill;
  }
}

}  // namespace
}  // namespace critac::metrics
