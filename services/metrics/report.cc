#include "services/metrics/report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/metrics/measures.h"
#include "services/metrics/report_sections.h"
#include "services/metrics/report_source.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

absl::string_view KindText(v1::ReportKind kind) {
  return kind == v1::REPORT_KIND_EXECUTIVE_SUMMARY ? "Executive summary" : "Annual review";
}

std::string RecordTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

}  // namespace

std::vector<NamedFigure> Ranked(const Facts& facts, v1::Dimension dimension,
                                const MeasureAnswer& answer) {
  std::vector<NamedFigure> ranked;
  for (const Figure& figure : answer.figures) {
    ranked.push_back({DimensionLabel(facts, dimension, figure.group[0]), figure});
  }
  std::sort(ranked.begin(), ranked.end(), [](const NamedFigure& a, const NamedFigure& b) {
    const bool a_unknown = a.figure.group[0] == kUnknownValue;
    const bool b_unknown = b.figure.group[0] == kUnknownValue;
    if (a_unknown != b_unknown) return b_unknown;
    const double a_value = a.figure.value.value_or(0);
    const double b_value = b.figure.value.value_or(0);
    if (a_value != b_value) return a_value > b_value;
    return std::pair(a.label, a.figure.group) < std::pair(b.label, b.figure.group);
  });
  return ranked;
}

Figure FigureOf(const MeasureAnswer& answer, const std::vector<std::string>& group) {
  const auto found =
      std::lower_bound(answer.figures.begin(), answer.figures.end(), group,
                       [](const Figure& figure, const std::vector<std::string>& wanted) {
                         return figure.group < wanted;
                       });
  if (found != answer.figures.end() && found->group == group) return *found;
  Figure none;
  none.group = group;
  if (answer.measure != nullptr && answer.measure->aggregation == Aggregation::kCount) {
    none.value = 0;
  }
  return none;
}

TableCell ShareCell(const Figure& part, const Figure& whole) {
  if (whole.record_count == 0) return TableCell::Nothing();
  return ValueCell(
      100.0 * static_cast<double>(part.record_count) / static_cast<double>(whole.record_count),
      v1::UNIT_PERCENT);
}

TableCell CountCell(int64_t count) { return ValueCell(static_cast<double>(count), v1::UNIT_COUNT); }

Paragraph LeftOut(absl::string_view what) {
  return {absl::StrCat(what,
                       " would show numbers that rest on fewer than five records or agencies, "
                       "whatever was withheld in them, and so are left out.")};
}

Section MethodSection(Detail detail) {
  Section section{.id = "methods", .heading = "Methods and definitions", .blocks = {}};
  if (detail == Detail::kBrief) {
    section.blocks.push_back(Paragraph{
        "The annual review of the same period gives the definition of each measure, the method of "
        "its computation, and the tables by state, type and size of agency."});
  }
  section.blocks.push_back(Paragraph{
      "Every figure is computed from the center's journals, up to the events that the last section "
      "names; the same events give the same report. Days are those of UTC, and what happened "
      "before "
      "the records were kept here counts on the day on which it happened. Requests, agencies, "
      "engagements, deliveries and participants are different things and are counted apart. "
      "Medians "
      "and percentiles are by the nearest-rank method: the value at rank ⌈p/100 × n⌉ of the sorted "
      "values, which is always a value that occurred (definition 1 of Hyndman and Fan, 1996)."});
  section.blocks.push_back(Paragraph{
      "No agency and no person is named. In tables by state, type or size of agency, and in "
      "numbers "
      "of people, a number that rests on fewer than five records or agencies is withheld, and "
      "enough "
      "others with it that it does not follow from the totals by subtraction. Zeros are shown. "
      "Both "
      "are marked alike. Means and shares of survey answers are given where at least five people "
      "answered."});
  if (detail == Detail::kBrief) return section;
  Definitions definitions;
  for (const MeasureDefinition& measure : Measures()) {
    definitions.terms.emplace_back(
        absl::StrCat(measure.title, " (", measure.id, ", version ", measure.version, ")"),
        measure.definition);
  }
  section.blocks.push_back(std::move(definitions));
  return section;
}

Section SnapshotSection(const v1::Snapshot& snapshot) {
  Section section{.id = "snapshot", .heading = "Snapshot", .blocks = {}};
  ReportFigure figure{
      .id = "snapshot-positions",
      .title = "Events that this report was made from",
      .summary =
          "The last event taken in of each journal. Its hash depends on every event before "
          "it, so a journal that gives another hash at this number is not the one this "
          "report was made from.",
      .table = {.columns = {
                    {"Journal", ""}, {"Last event", "count"}, {"Recorded", ""}, {"SHA-256", ""}}}};
  for (const v1::Snapshot::Position& position : snapshot.positions()) {
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(position.journal()), CountCell(position.sequence()),
          TableCell::Text(RecordTime(position.record_time())), TableCell::Text(position.hash())}});
  }
  section.blocks.push_back(std::move(figure));
  return section;
}

std::string DefaultTitle(v1::ReportKind kind, absl::CivilDay start, absl::CivilDay end) {
  return absl::StrCat(KindText(kind), ", ", PeriodText(start, end));
}

absl::StatusOr<Document> MakeReport(const Facts& facts, const ReportScope& scope) {
  if (scope.end < scope.start) {
    return InvalidField("report.end_date",
                        absl::StrCat(FormatDate(scope.end), " is before report.start_date ",
                                     FormatDate(scope.start)));
  }
  Document document{
      .kind = std::string(KindText(scope.kind)),
      .title = scope.title.empty() ? DefaultTitle(scope.kind, scope.start, scope.end) : scope.title,
      .period = absl::StrCat(DayText(scope.start), " to ", DayText(scope.end)),
      .start_date = FormatDate(scope.start),
      .end_date = FormatDate(scope.end),
      .snapshot = scope.snapshot,
      .sections = {},
      .withheld = {}};
  ReportSource source(facts, scope.start, scope.end);
  std::vector<Section>& sections = document.sections;
  switch (scope.kind) {
    case v1::REPORT_KIND_ANNUAL_REVIEW:
      sections.push_back(GlanceSection(source, Detail::kFull));
      sections.push_back(TopicSection(source, Detail::kFull));
      sections.push_back(AgencySection(source));
      sections.push_back(StateSection(source, Detail::kFull));
      sections.push_back(TimelinessSection(source, Detail::kFull));
      sections.push_back(DeliverySection(source));
      sections.push_back(SatisfactionSection(source, Detail::kFull));
      sections.push_back(PartnerSection(source, Detail::kFull));
      sections.push_back(MethodSection(Detail::kFull));
      break;
    case v1::REPORT_KIND_EXECUTIVE_SUMMARY:
      sections.push_back(GlanceSection(source, Detail::kBrief));
      sections.push_back(TopicSection(source, Detail::kBrief));
      sections.push_back(StateSection(source, Detail::kBrief));
      sections.push_back(TimelinessSection(source, Detail::kBrief));
      sections.push_back(SatisfactionSection(source, Detail::kBrief));
      sections.push_back(PartnerSection(source, Detail::kBrief));
      sections.push_back(MethodSection(Detail::kBrief));
      break;
    default:
      return InvalidField("report.kind", "is neither an annual review nor an executive summary");
  }
  sections.push_back(SnapshotSection(scope.snapshot));
  RETURN_IF_ERROR(source.status());
  document.withheld = source.TakeLog();
  return document;
}

}  // namespace critac::metrics
