// Sections about who asked, for what and from where.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/calendar.h"
#include "services/metrics/report_sections.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

constexpr size_t kBriefTopics = 6;
constexpr size_t kChartTopics = 15;

// ---- At a glance ----

struct GlanceRow {
  absl::string_view measure;
  // Whether it counts people.
  bool people = false;
};
constexpr GlanceRow kGlanceRows[] = {
    {"requests"},           {"agencies"},        {"repeat-agencies"},
    {"officers"},           {"offers"},          {"engagements"},
    {"deliveries"},         {"hours"},           {"participants", true},
    {"satisfaction", true}, {"met-goals", true},
};

// How many people a figure speaks of: itself where it counts them, else who answered.
double PeopleBehind(const GlanceRow& row, const Figure& figure) {
  if (row.measure == "participants") return figure.value.value_or(0);
  return static_cast<double>(figure.record_count);
}

ReportFigure GlanceTable(ReportSource& source) {
  ReportFigure figure{
      .id = "program-figures",
      .title = "Program figures",
      .summary =
          "The year before is the same span of days one year earlier, counted from the same "
          "records.",
      .table = {.columns = {{"Measure", ""},
                            {"This period", "value"},
                            {"Year before", "value"},
                            {"Records", "count"},
                            {"Not recorded", "count"}}}};
  for (const GlanceRow& row : kGlanceRows) {
    const MeasureAnswer answer = source.Ask(row.measure);
    if (answer.measure == nullptr) break;
    const Figure before = source.YearBefore(row.measure);
    const auto cell = [&](const Figure& of, absl::string_view column) {
      TableCell value = CellOf(of, answer.measure->unit);
      if (!row.people) return value;
      const bool total = row.measure == "participants" && column == "now";
      if (total && source.participants_by_type().total != Disposition::kShown) {
        return TableCell::Withheld();
      }
      return source.PublishedPeople(PeopleBehind(row, of), value, figure.id,
                                    absl::StrCat(row.measure, " ", column));
    };
    const bool survey = row.people && row.measure != "participants";
    const auto people_count = [&](int64_t count, absl::string_view column) {
      if (!survey) return CountCell(count);
      return source.PublishedPeople(static_cast<double>(count), CountCell(count), figure.id,
                                    absl::StrCat(row.measure, " ", column));
    };
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(answer.measure->title), cell(answer.total, "now"),
          cell(before, "year before"), people_count(answer.total.record_count, "records"),
          people_count(answer.total.missing_count, "not recorded")}});
  }
  return figure;
}

int64_t StatesReached(ReportSource& source) {
  int64_t states = 0;
  for (const Figure& figure : source.Ask("requests", {v1::DIMENSION_STATE}).figures) {
    if (figure.group[0] != kUnknownValue) ++states;
  }
  return states;
}

KeyFigures GlanceFigures(ReportSource& source) {
  KeyFigures keys;
  const auto add = [&keys](absl::string_view label, TableCell cell, std::string note = "") {
    keys.figures.push_back({std::string(label), std::move(cell), std::move(note)});
  };
  add("Requests", CellOf(source.Ask("requests").total, v1::UNIT_COUNT));
  const Figure agencies = source.Ask("agencies").total;
  const Figure repeat = source.Ask("repeat-agencies").total;
  add("Agencies that asked for help", CellOf(agencies, v1::UNIT_COUNT),
      absl::StrCat(CellOf(repeat, v1::UNIT_COUNT).text, " had asked before"));
  add("States and territories", CountCell(StatesReached(source)));
  const Figure officers = source.Ask("officers").total;
  add("Sworn officers in those agencies", CellOf(officers, v1::UNIT_COUNT),
      officers.missing_count == 0
          ? "known for every agency"
          : absl::StrCat("not known for ", Counted(officers.missing_count, "agency", "agencies")));
  const PublishedCut& small = source.profile_cuts().by_under_50;
  if (small.safe && small.Shows({kUnder50})) {
    const MeasureAnswer by_under_50 = source.Ask("agencies", {v1::DIMENSION_UNDER_50_SWORN});
    add("Agencies with fewer than 50 sworn officers",
        ShareCell(FigureOf(by_under_50, {kUnder50}), by_under_50.total));
  }
  add("Deliveries", CellOf(source.Ask("deliveries").total, v1::UNIT_COUNT),
      absl::StrCat("in ", Counted(source.Ask("engagements").total.record_count, "new engagement",
                                  "new engagements")));
  const Figure people = source.Ask("participants").total;
  add("Participants", source.participants_by_type().total == Disposition::kShown
                          ? CellOf(people, v1::UNIT_COUNT)
                          : TableCell::Withheld());
  const Figure goals = source.Ask("met-goals").total;
  add("Say that it met its goals",
      source.PublishedPeople(static_cast<double>(goals.record_count),
                             CellOf(goals, v1::UNIT_PERCENT), "at-a-glance", "met-goals"),
      goals.record_count < kDisclosureThreshold
          ? ""
          : absl::StrCat("of ", Counted(goals.record_count, "response", "responses")));
  return keys;
}

// ---- Topics and months ----

std::string TopicSummary(const std::vector<NamedFigure>& topics) {
  if (topics.empty()) return "No request names a topic.";
  return absl::StrCat("Requests by their primary topic. ", topics[0].label,
                      " was asked for most, in ",
                      Counted(topics[0].figure.record_count, "request", "requests"), ".");
}

ReportFigure TopicFigure(ReportSource& source, Detail detail) {
  const bool brief = detail == Detail::kBrief;
  const MeasureAnswer requests = source.Ask("requests", {v1::DIMENSION_TOPIC});
  const MeasureAnswer agencies = source.Ask("agencies", {v1::DIMENSION_TOPIC});
  const std::vector<NamedFigure> topics = Ranked(source.facts(), v1::DIMENSION_TOPIC, requests);
  ReportFigure figure{
      .id = "requests-by-topic",
      .title = brief ? "Topics asked for most" : "Requests by topic",
      .summary = TopicSummary(topics),
      .table = {.columns = {{"Topic", ""}, {"Requests", "count"}, {"Share", "percent"}}}};
  if (!brief) figure.table.columns.push_back({"Agencies", "count"});
  const auto row = [&](std::string label, const Figure& of_requests, const Figure& of_agencies) {
    TableRow cells{TableRow::Kind::kPlain,
                   {TableCell::Text(std::move(label)), CellOf(of_requests, v1::UNIT_COUNT),
                    ShareCell(of_requests, requests.total)}};
    if (!brief) cells.cells.push_back(CellOf(of_agencies, v1::UNIT_COUNT));
    return cells;
  };
  BarChart chart;
  for (size_t i = 0; i < topics.size() && (!brief || i < kBriefTopics); ++i) {
    const NamedFigure& topic = topics[i];
    figure.table.rows.push_back(
        row(topic.label, topic.figure, FigureOf(agencies, topic.figure.group)));
    if (i < kChartTopics) chart.bars.push_back({topic.label, figure.table.rows[i].cells[1]});
  }
  figure.table.rows.push_back(row("All topics", requests.total, agencies.total));
  figure.table.rows.back().kind = TableRow::Kind::kTotal;
  if (brief && topics.size() > kBriefTopics) {
    figure.notes.push_back(absl::StrCat("Requests named ", topics.size(), " topics in all."));
  } else if (topics.size() > chart.bars.size()) {
    figure.notes.push_back(absl::StrCat("The chart shows the ", chart.bars.size(),
                                        " topics asked for most, of ", topics.size(), "."));
  }
  if (!brief) {
    figure.notes.push_back(
        "An agency that asked about two topics counts in both, and once in the total.");
  }
  figure.chart = std::move(chart);
  return figure;
}

// `Oct 2025` of `2025-10`.
std::string MonthLabel(absl::CivilMonth month) {
  return absl::FormatTime("%b %Y", absl::FromCivil(month, absl::UTCTimeZone()),
                          absl::UTCTimeZone());
}

// Months without a request are shown too. Nothing past two years: columns would be too thin.
constexpr int kMostMonths = 24;

ReportFigure MonthFigure(ReportSource& source) {
  const MeasureAnswer requests = source.Ask("requests", {v1::DIMENSION_MONTH});
  ReportFigure figure{.id = "requests-by-month",
                      .title = "Requests by month",
                      .summary = "Requests by the month in which they were first submitted.",
                      .table = {.columns = {{"Month", ""}, {"Requests", "count"}}}};
  ColumnChart chart;
  const absl::CivilMonth last(source.end());
  for (absl::CivilMonth month(source.start()); month <= last; ++month) {
    Figure of_month = FigureOf(requests, {MonthValue(absl::CivilDay(month))});
    const TableCell count = CountCell(of_month.record_count);
    chart.columns.push_back({MonthLabel(month), count});
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain, {TableCell::Text(MonthLabel(month)), count}});
  }
  figure.table.rows.push_back(
      {TableRow::Kind::kTotal,
       {TableCell::Text("All months"), CellOf(requests.total, v1::UNIT_COUNT)}});
  if (chart.columns.size() <= kMostMonths) figure.chart = std::move(chart);
  return figure;
}

ReportFigure StandingFigure(ReportSource& source) {
  const MeasureAnswer requests = source.Ask("requests", {v1::DIMENSION_REQUEST_STATE});
  ReportFigure figure{
      .id = "where-requests-stand",
      .title = "Where the requests stand",
      .summary = "The state, at the snapshot, of the requests submitted in the period.",
      .table = {.columns = {{"State", ""}, {"Requests", "count"}, {"Share", "percent"}}}};
  BarChart chart;
  for (const NamedFigure& state : Ranked(source.facts(), v1::DIMENSION_REQUEST_STATE, requests)) {
    const TableCell count = CellOf(state.figure, v1::UNIT_COUNT);
    chart.bars.push_back({state.label, count});
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(state.label), count, ShareCell(state.figure, requests.total)}});
  }
  figure.table.rows.push_back(
      {TableRow::Kind::kTotal,
       {TableCell::Text("All requests"), CellOf(requests.total, v1::UNIT_COUNT),
        ShareCell(requests.total, requests.total)}});
  const Figure no_match = source.Ask("no-match").total;
  figure.notes.push_back(
      no_match.record_count == 0
          ? "For every request that was matched so far, an expert was found for each slot."
          : absl::StrCat("For ", Counted(no_match.record_count, "request", "requests"),
                         " no expert was found for at least one slot so far."));
  figure.chart = std::move(chart);
  return figure;
}

// ---- Agencies ----

// A row of requests, their share and agencies, withheld together.
TableRow AgencyRow(ReportSource& source, const PublishedCut& cut, absl::string_view figure_id,
                   std::string label, const Figure& requests, const Figure& whole,
                   const Figure& agencies) {
  const std::vector<std::string>& group = requests.group;
  const TableCell count =
      source.Published(cut, group, CellOf(requests, v1::UNIT_COUNT), figure_id, "Requests");
  if (count.kind == TableCell::Kind::kWithheld) {
    return {
        TableRow::Kind::kPlain,
        {TableCell::Text(std::move(label)), count, TableCell::Withheld(),
         source.Published(cut, group, CellOf(agencies, v1::UNIT_COUNT), figure_id, "Agencies")}};
  }
  return {TableRow::Kind::kPlain,
          {TableCell::Text(std::move(label)), count, ShareCell(requests, whole),
           CellOf(agencies, v1::UNIT_COUNT)}};
}

TableRow AgencyTotal(absl::string_view label, const MeasureAnswer& requests,
                     const MeasureAnswer& agencies) {
  return {TableRow::Kind::kTotal,
          {TableCell::Text(std::string(label)), CellOf(requests.total, v1::UNIT_COUNT),
           ShareCell(requests.total, requests.total), CellOf(agencies.total, v1::UNIT_COUNT)}};
}

bool AnyWithheld(const Table& table) {
  for (const TableRow& row : table.rows) {
    for (const TableCell& cell : row.cells) {
      if (cell.kind == TableCell::Kind::kWithheld) return true;
    }
  }
  return false;
}

std::vector<TableColumn> AgencyColumns(absl::string_view first) {
  return {
      {std::string(first), ""}, {"Requests", "count"}, {"Share", "percent"}, {"Agencies", "count"}};
}

ReportFigure TypeFigure(ReportSource& source) {
  const MeasureAnswer requests = source.Ask("requests", {v1::DIMENSION_AGENCY_TYPE});
  const MeasureAnswer agencies = source.Ask("agencies", {v1::DIMENSION_AGENCY_TYPE});
  ReportFigure figure{.id = "requests-by-agency-type",
                      .title = "Requests by type of agency",
                      .summary = "The type of each agency at the time of its request.",
                      .table = {.columns = AgencyColumns("Type of agency")}};
  BarChart chart;
  for (const NamedFigure& type : Ranked(source.facts(), v1::DIMENSION_AGENCY_TYPE, requests)) {
    figure.table.rows.push_back(AgencyRow(source, source.profile_cuts().by_type, figure.id,
                                          type.label, type.figure, requests.total,
                                          FigureOf(agencies, type.figure.group)));
    chart.bars.push_back({type.label, figure.table.rows.back().cells[1]});
  }
  figure.table.rows.push_back(AgencyTotal("All types", requests, agencies));
  if (AnyWithheld(figure.table)) figure.notes.push_back(kWithheldNote);
  figure.chart = std::move(chart);
  return figure;
}

// The bands of each class, in order, and the class as a subtotal.
struct BandClass {
  absl::string_view under_50;
  std::vector<absl::string_view> bands;
};
const std::vector<BandClass>& BandClasses() {
  static const auto& classes = *new std::vector<BandClass>{
      {kUnder50, {"0_1", "2_9", "10_24", "25_49"}},
      {k50AndMore, {"50_99", "100_249", "250_999", "1000_PLUS"}},
      {kUnknownValue, {}},
  };
  return classes;
}

ReportFigure SizeFigure(ReportSource& source) {
  const MeasureAnswer bands = source.Ask("requests", {v1::DIMENSION_SIZE_BAND});
  const MeasureAnswer band_agencies = source.Ask("agencies", {v1::DIMENSION_SIZE_BAND});
  const MeasureAnswer classes = source.Ask("requests", {v1::DIMENSION_UNDER_50_SWORN});
  const MeasureAnswer class_agencies = source.Ask("agencies", {v1::DIMENSION_UNDER_50_SWORN});
  const AgencyProfileCuts& cuts = source.profile_cuts();
  ReportFigure figure{.id = "requests-by-agency-size",
                      .title = "Requests by size of agency",
                      .summary =
                          "Size by sworn officers, full-time and part-time, at the time of "
                          "the request.",
                      .table = {.columns = AgencyColumns("Sworn officers")}};
  BarChart chart{.bars = {}, .groups = {"Fewer than 50", "50 and more"}};
  int group = 0;
  for (const BandClass& each : BandClasses()) {
    for (const absl::string_view band : each.bands) {
      Figure of_band = FigureOf(bands, {std::string(band)});
      figure.table.rows.push_back(
          AgencyRow(source, cuts.by_band, figure.id,
                    DimensionLabel(source.facts(), v1::DIMENSION_SIZE_BAND, band), of_band,
                    bands.total, FigureOf(band_agencies, of_band.group)));
      chart.bars.push_back(
          {figure.table.rows.back().cells[0].text, figure.table.rows.back().cells[1], group});
    }
    Figure of_class = FigureOf(classes, {std::string(each.under_50)});
    figure.table.rows.push_back(
        AgencyRow(source, cuts.by_under_50, figure.id,
                  DimensionLabel(source.facts(), v1::DIMENSION_UNDER_50_SWORN, each.under_50),
                  of_class, classes.total, FigureOf(class_agencies, of_class.group)));
    figure.table.rows.back().kind = TableRow::Kind::kSubtotal;
    ++group;
  }
  figure.table.rows.push_back(AgencyTotal("All sizes", bands, band_agencies));
  if (AnyWithheld(figure.table)) figure.notes.push_back(kWithheldNote);
  figure.chart = std::move(chart);
  return figure;
}

ReportFigure TypeAndSizeFigure(ReportSource& source) {
  const MeasureAnswer types = source.Ask("requests", {v1::DIMENSION_AGENCY_TYPE});
  const MeasureAnswer classes = source.Ask("requests", {v1::DIMENSION_UNDER_50_SWORN});
  const MeasureAnswer inner =
      source.Ask("requests", {v1::DIMENSION_AGENCY_TYPE, v1::DIMENSION_UNDER_50_SWORN});
  const AgencyProfileCuts& cuts = source.profile_cuts();
  ReportFigure figure{.id = "requests-by-type-and-size",
                      .title = "Requests by type and size of agency",
                      .summary = "",
                      .table = {.columns = {{"Type of agency", ""}}}};
  std::vector<std::string> columns;
  for (const BandClass& each : BandClasses()) {
    columns.emplace_back(each.under_50);
    figure.table.columns.push_back(
        {DimensionLabel(source.facts(), v1::DIMENSION_UNDER_50_SWORN, each.under_50), "count"});
  }
  figure.table.columns.push_back({"All sizes", "count"});
  for (const NamedFigure& type : Ranked(source.facts(), v1::DIMENSION_AGENCY_TYPE, types)) {
    TableRow row{TableRow::Kind::kPlain, {TableCell::Text(type.label)}};
    for (const std::string& column : columns) {
      const std::vector<std::string> group = {type.figure.group[0], column};
      row.cells.push_back(source.Published(cuts.by_type_and_under_50, group,
                                           CountCell(FigureOf(inner, group).record_count),
                                           figure.id, column));
    }
    row.cells.push_back(source.Published(cuts.by_type, type.figure.group,
                                         CellOf(type.figure, v1::UNIT_COUNT), figure.id, "all"));
    figure.table.rows.push_back(std::move(row));
  }
  TableRow total{TableRow::Kind::kTotal, {TableCell::Text("All types")}};
  for (const std::string& column : columns) {
    total.cells.push_back(source.Published(cuts.by_under_50, {column},
                                           CountCell(FigureOf(classes, {column}).record_count),
                                           figure.id, column));
  }
  total.cells.push_back(CellOf(types.total, v1::UNIT_COUNT));
  figure.table.rows.push_back(std::move(total));
  if (AnyWithheld(figure.table)) figure.notes.push_back(kWithheldNote);
  return figure;
}

ReportFigure RegionFigure(ReportSource& source, const MeasureAnswer& by_state) {
  ReportFigure figure{
      .id = "requests-by-region",
      .title = "Requests by region",
      .summary = "Regions as the Census Bureau draws them.",
      .table = {.columns = {{"Region", ""}, {"Requests", "count"}, {"Share", "percent"}}}};
  BarChart chart;
  for (const auto& [name, region] : RegionFigures(by_state)) {
    const TableCell count = source.Published(source.place_cuts().by_region, region.group,
                                             CellOf(region, v1::UNIT_COUNT), figure.id, "Requests");
    const bool withheld = count.kind == TableCell::Kind::kWithheld;
    chart.bars.push_back({name, count});
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(name), count,
          withheld ? TableCell::Withheld() : ShareCell(region, by_state.total)}});
  }
  figure.table.rows.push_back({TableRow::Kind::kTotal,
                               {TableCell::Text("All"), CellOf(by_state.total, v1::UNIT_COUNT),
                                ShareCell(by_state.total, by_state.total)}});
  if (AnyWithheld(figure.table)) figure.notes.push_back(kWithheldNote);
  figure.chart = std::move(chart);
  return figure;
}

ReportFigure StateFigure(ReportSource& source, const MeasureAnswer& requests) {
  const MeasureAnswer agencies = source.Ask("agencies", {v1::DIMENSION_STATE});
  ReportFigure figure{
      .id = "requests-by-state",
      .title = "Requests by state and territory",
      .summary = absl::StrCat("Requests came from ", StatesReached(source),
                              " of the 50 states, the District of Columbia and five territories. "
                              "Each square is one of them, about where it lies."),
      .table = {.columns = AgencyColumns("State or territory")}};
  std::vector<NamedFigure> states = Ranked(source.facts(), v1::DIMENSION_STATE, requests);
  std::sort(states.begin(), states.end(),
            [](const NamedFigure& a, const NamedFigure& b) { return a.label < b.label; });
  TileMap map;
  for (const NamedFigure& state : states) {
    figure.table.rows.push_back(AgencyRow(source, source.place_cuts().by_state, figure.id,
                                          state.label, state.figure, requests.total,
                                          FigureOf(agencies, state.figure.group)));
    map.tiles.push_back({state.figure.group[0], figure.table.rows.back().cells[1]});
  }
  figure.table.rows.push_back(AgencyTotal("All", requests, agencies));
  figure.notes.push_back("States and territories that are not in the table sent no request.");
  if (AnyWithheld(figure.table)) figure.notes.push_back(kWithheldNote);
  figure.chart = std::move(map);
  return figure;
}

std::string AgencyWords(ReportSource& source) {
  const Figure agencies = source.Ask("agencies").total;
  const Figure officers = source.Ask("officers").total;
  std::string text =
      absl::StrCat(Counted(agencies.record_count, "agency", "agencies"), " asked for help");
  if (officers.record_count > 0) {
    absl::StrAppend(&text, ". Together they have ", CellOf(officers, v1::UNIT_COUNT).text,
                    " sworn officers, each agency counted once");
    if (officers.missing_count > 0) {
      absl::StrAppend(&text, "; the number is not known for ",
                      Counted(officers.missing_count, "of them", "of them"));
    }
  }
  return absl::StrCat(text, ".");
}

}  // namespace

Section GlanceSection(ReportSource& source, Detail detail) {
  Section section{.id = "at-a-glance", .heading = "The program at a glance", .blocks = {}};
  const Figure requests = source.Ask("requests").total;
  section.blocks.push_back(Paragraph{absl::StrCat(
      "In ", PeriodText(source.start(), source.end()), " the center took in ",
      Counted(requests.record_count, "request", "requests"), " for technical assistance from ",
      Counted(source.Ask("agencies").total.record_count, "agency", "agencies"), " in ",
      Counted(StatesReached(source), "state or territory", "states and territories"),
      ". Assistance is voluntary, tailored to what the agency asks for, and free of cost to it.")});
  section.blocks.push_back(GlanceFigures(source));
  if (detail == Detail::kFull) section.blocks.push_back(GlanceTable(source));
  return section;
}

Section TopicSection(ReportSource& source, Detail detail) {
  Section section{.id = "topics", .heading = "What agencies asked for", .blocks = {}};
  section.blocks.push_back(TopicFigure(source, detail));
  if (detail == Detail::kFull) {
    section.blocks.push_back(MonthFigure(source));
    section.blocks.push_back(StandingFigure(source));
  }
  return section;
}

Section AgencySection(ReportSource& source) {
  Section section{.id = "agencies", .heading = "Who asked", .blocks = {}};
  section.blocks.push_back(Paragraph{AgencyWords(source)});
  if (!source.profile_cuts().by_type.safe) {
    section.blocks.push_back(LeftOut("Tables by type and size of agency"));
    return section;
  }
  section.blocks.push_back(TypeFigure(source));
  section.blocks.push_back(SizeFigure(source));
  section.blocks.push_back(TypeAndSizeFigure(source));
  return section;
}

Section StateSection(ReportSource& source, Detail detail) {
  Section section{.id = "states", .heading = "Where requests came from", .blocks = {}};
  const MeasureAnswer requests = source.Ask("requests", {v1::DIMENSION_STATE});
  if (!source.place_cuts().by_state.safe) {
    section.blocks.push_back(LeftOut("Tables by state and region"));
    return section;
  }
  if (detail == Detail::kFull) section.blocks.push_back(StateFigure(source, requests));
  section.blocks.push_back(RegionFigure(source, requests));
  return section;
}

}  // namespace critac::metrics
