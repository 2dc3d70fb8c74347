// Sections about what was done: how soon, what was delivered, what people say of it, and by whom.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "services/metrics/report_sections.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

// ---- Timeliness ----

struct ClockRow {
  absl::string_view id;
  absl::string_view label;
};
constexpr ClockRow kClockRows[] = {
    {"acknowledge", "Acknowledged"},
    {"first-contact", "First contact"},
    {"scope", "Scoped"},
    {"match", "Matched"},
    {"plan", "Plan approved"},
    {"first-delivery", "First delivery"},
    {"close", "Closed"},
};

ReportFigure TimelinessFigure(ReportSource& source, Detail detail) {
  ReportFigure figure{
      .id = "timeliness",
      .title = "Days to each step",
      .summary =
          "Half of the steps took no longer than the median, nine in ten no longer than the "
          "90th percentile. Calendar days, by the day on which the step was taken.",
      .table = {.columns = {{"Step", ""}, {"Median days", "days"}, {"90th percentile", "days"}}}};
  if (detail == Detail::kFull) {
    figure.table.columns.push_back({"Times", "count"});
    figure.table.columns.push_back({"Within target", "percent"});
    figure.table.columns.push_back({"With a target", "count"});
  }
  SpanChart chart{
      .spans = {}, .low_name = "Median", .high_name = "90th percentile", .unit = "calendar days"};
  for (const ClockRow& row : kClockRows) {
    const Figure days = source.Ask(absl::StrCat("days-to-", row.id)).total;
    const Figure target = source.Ask(absl::StrCat("within-target-", row.id)).total;
    const TableCell median = CellOf(days, v1::UNIT_DAYS);
    const TableCell high = days.percentile_90.has_value()
                               ? ValueCell(*days.percentile_90, v1::UNIT_DAYS)
                               : TableCell::Nothing();
    chart.spans.push_back({std::string(row.label), median, high});
    TableRow cells{TableRow::Kind::kPlain, {TableCell::Text(std::string(row.label)), median, high}};
    if (detail == Detail::kFull) {
      cells.cells.push_back(CountCell(days.record_count));
      cells.cells.push_back(CellOf(target, v1::UNIT_PERCENT));
      cells.cells.push_back(CountCell(target.record_count));
    }
    figure.table.rows.push_back(std::move(cells));
  }
  figure.notes.push_back(
      "Each step is timed from the one it follows: acknowledged, first contact and closed from the "
      "submission, scoped from the acceptance, matched from ready, plan approved from matched, "
      "first delivery from the approved plan.");
  if (detail == Detail::kFull) {
    figure.notes.push_back(
        "Targets are in business days, without the days on which a request waited for information "
        "or was on hold.");
  }
  figure.chart = std::move(chart);
  return figure;
}

// ---- Deliveries ----

std::vector<TableColumn> DeliveryColumns(absl::string_view first) {
  return {{std::string(first), ""},
          {"Deliveries", "count"},
          {"Hours", "hours"},
          {"Participants", "count"},
          {"Attendance not recorded", "count"}};
}

ReportFigure DeliveryFigure(ReportSource& source, v1::Dimension dimension, std::string id,
                            std::string title, absl::string_view column, const PublishedCut& cut) {
  const MeasureAnswer deliveries = source.Ask("deliveries", {dimension});
  const MeasureAnswer hours = source.Ask("hours", {dimension});
  const MeasureAnswer people = source.Ask("participants", {dimension});
  ReportFigure figure{.id = std::move(id),
                      .title = std::move(title),
                      .summary = "Sessions and products by the day on which they were delivered.",
                      .table = {.columns = DeliveryColumns(column)}};
  BarChart chart;
  bool withheld = cut.total != Disposition::kShown;
  for (const NamedFigure& each : Ranked(source.facts(), dimension, deliveries)) {
    const std::vector<std::string>& group = each.figure.group;
    const Figure attended = FigureOf(people, group);
    const TableCell participants =
        source.Published(cut, group, CellOf(attended, v1::UNIT_COUNT), figure.id, "Participants");
    withheld = withheld || participants.kind == TableCell::Kind::kWithheld;
    const TableCell count = CellOf(each.figure, v1::UNIT_COUNT);
    chart.bars.push_back({each.label, count});
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(each.label), count, CellOf(FigureOf(hours, group), v1::UNIT_HOURS),
          participants, CountCell(attended.missing_count)}});
  }
  figure.table.rows.push_back(
      {TableRow::Kind::kTotal,
       {TableCell::Text("All deliveries"), CellOf(deliveries.total, v1::UNIT_COUNT),
        CellOf(hours.total, v1::UNIT_HOURS),
        cut.total == Disposition::kShown ? CellOf(people.total, v1::UNIT_COUNT)
                                         : TableCell::Withheld(),
        CountCell(people.total.missing_count)}});
  if (withheld) figure.notes.push_back(kWithheldNote);
  figure.chart = std::move(chart);
  return figure;
}

// ---- Satisfaction ----

std::string SatisfactionWords(ReportSource& source) {
  const Figure points = source.Ask("satisfaction").total;
  const Figure goals = source.Ask("met-goals").total;
  const Figure heard = source.Ask("response-rate").total;
  const Figure gain = source.Ask("knowledge-gain").total;
  std::string text;
  if (goals.record_count >= kDisclosureThreshold) {
    absl::StrAppend(&text, ValueText(*goals.value, v1::UNIT_PERCENT), " of ",
                    Counted(goals.record_count, "response", "responses"),
                    " say that the assistance met its goals. ");
  }
  if (points.record_count >= kDisclosureThreshold) {
    absl::StrAppend(&text, "Satisfaction is ", ValueText(*points.value, v1::UNIT_POINTS),
                    " of 5 on average, over ",
                    Counted(points.record_count, "response", "responses"), ". ");
  }
  if (text.empty()) text = "Fewer than five people answered, so their answers are withheld. ";
  if (heard.value.has_value()) {
    absl::StrAppend(&text, "At least one person answered for ",
                    ValueText(*heard.value, v1::UNIT_PERCENT), " of the ",
                    Counted(heard.record_count, "engagement", "engagements"),
                    " with a delivery in the period. ");
  }
  if (gain.record_count >= kDisclosureThreshold) {
    absl::StrAppend(&text, "Where knowledge was tested before and after, in ",
                    Counted(gain.record_count, "engagement", "engagements"),
                    ", the share of right answers changed by ", NumberText(*gain.value),
                    " percentage points. ");
  }
  text.pop_back();
  return text;
}

struct PointsBucket {
  std::string label;
  int64_t count = 0;
};

bool Small(const PointsBucket& bucket) {
  return bucket.count > 0 && bucket.count < kDisclosureThreshold;
}

// Answers by points, the lowest put together until none of the numbers is small. The mean is known
// too, and would help to work out a number that was merely left out. Empty: not even that helps.
std::vector<PointsBucket> PointsBuckets(const std::vector<int64_t>& counts) {
  for (size_t merged = 1; merged < counts.size(); ++merged) {
    std::vector<PointsBucket> buckets(1);
    buckets[0].label = merged == 1 ? "1 point" : absl::StrCat("1 to ", merged, " points");
    for (size_t i = 0; i < counts.size(); ++i) {
      if (i >= merged) buckets.push_back({absl::StrCat(i + 1, " points"), 0});
      buckets.back().count += counts[i];
    }
    if (std::none_of(buckets.begin(), buckets.end(), Small)) return buckets;
  }
  return {};
}

ReportFigure PointsFigure(const std::vector<PointsBucket>& buckets) {
  ReportFigure figure{
      .id = "satisfaction",
      .title = "Satisfaction of participants and requesters",
      .summary =
          "How many answered with how many points, from 1, not satisfied, to 5, very "
          "satisfied.",
      .table = {.columns = {{"Answer", ""}, {"Responses", "count"}, {"Share", "percent"}}}};
  Figure all;
  for (const PointsBucket& bucket : buckets) all.record_count += bucket.count;
  ColumnChart chart;
  for (const PointsBucket& bucket : buckets) {
    Figure part;
    part.record_count = bucket.count;
    chart.columns.push_back({bucket.label, CountCell(bucket.count)});
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(bucket.label), CountCell(bucket.count), ShareCell(part, all)}});
  }
  figure.table.rows.push_back(
      {TableRow::Kind::kTotal,
       {TableCell::Text("All responses"), CountCell(all.record_count), ShareCell(all, all)}});
  figure.chart = std::move(chart);
  return figure;
}

// ---- Partners ----

std::string PartnerWords(ReportSource& source, const MeasureAnswer& load) {
  std::vector<std::string> partners;
  for (const NamedFigure& partner : Ranked(source.facts(), v1::DIMENSION_PARTNER, load)) {
    partners.push_back(
        absl::StrCat(partner.label, " (", CellOf(partner.figure, v1::UNIT_COUNT).text, ")"));
  }
  return absl::StrCat("Partner organizations sent experts ",
                      Counted(load.total.record_count, "time", "times"), ": ", Listed(partners),
                      ".");
}

// The partners of any of the answers, with their figures of the first, which are empty for those
// that were only asked, or delivered what was agreed before.
MeasureAnswer WithPartnersOf(MeasureAnswer first, absl::Span<const MeasureAnswer* const> others) {
  for (const MeasureAnswer* other : others) {
    for (const Figure& figure : other->figures) {
      const auto at =
          std::lower_bound(first.figures.begin(), first.figures.end(), figure,
                           [](const Figure& a, const Figure& b) { return a.group < b.group; });
      if (at != first.figures.end() && at->group == figure.group) continue;
      first.figures.insert(at, FigureOf(first, figure.group));
    }
  }
  return first;
}

ReportFigure PartnerFigure(ReportSource& source) {
  const std::vector<v1::Dimension> by = {v1::DIMENSION_PARTNER};
  const MeasureAnswer load = source.Ask("load", by);
  const MeasureAnswer engagements = source.Ask("engagements", by);
  const MeasureAnswer deliveries = source.Ask("deliveries", by);
  const MeasureAnswer hours = source.Ask("hours", by);
  const MeasureAnswer offers = source.Ask("offers", by);
  const MeasureAnswer accepted = source.Ask("acceptance-rate", by);
  const MeasureAnswer points = source.Ask("satisfaction", by);
  ReportFigure figure{
      .id = "partners",
      .title = "Expert assignments by partner organization",
      .summary =
          "How often an expert of each partner was assigned to a slot of an engagement "
          "agreed in the period.",
      .table = {.columns = {{"Partner", ""},
                            {"Assignments", "count"},
                            {"Engagements", "count"},
                            {"Deliveries", "count"},
                            {"Hours", "hours"},
                            {"Offers", "count"},
                            {"Accepted", "percent"},
                            {"Satisfaction", "points"}}}};
  const auto add = [&](std::string label, const auto& of, TableCell satisfaction) {
    figure.table.rows.push_back(
        {TableRow::Kind::kPlain,
         {TableCell::Text(std::move(label)), CountCell(of(load).record_count),
          CountCell(of(engagements).record_count), CountCell(of(deliveries).record_count),
          ValueCell(of(hours).value.value_or(0), v1::UNIT_HOURS),
          CountCell(of(offers).record_count), CellOf(of(accepted), v1::UNIT_PERCENT),
          satisfaction}});
  };
  BarChart chart;
  const MeasureAnswer listed = WithPartnersOf(load, {&engagements, &deliveries, &offers});
  for (const NamedFigure& partner : Ranked(source.facts(), v1::DIMENSION_PARTNER, listed)) {
    const std::vector<std::string>& group = partner.figure.group;
    add(
        partner.label, [&](const MeasureAnswer& answer) { return FigureOf(answer, group); },
        source.Published(source.responses_by_partner(), group,
                         CellOf(FigureOf(points, group), v1::UNIT_POINTS), figure.id,
                         "Satisfaction"));
    chart.bars.push_back({partner.label, figure.table.rows.back().cells[1]});
  }
  add(
      "All partners", [](const MeasureAnswer& answer) { return answer.total; },
      source.PublishedPeople(static_cast<double>(points.total.record_count),
                             CellOf(points.total, v1::UNIT_POINTS), figure.id, "all"));
  figure.table.rows.back().kind = TableRow::Kind::kTotal;
  figure.notes.push_back(
      "An engagement or delivery that several partners serve counts with each of them, and once in "
      "the total.");
  for (const TableRow& row : figure.table.rows) {
    if (row.cells.back().kind != TableCell::Kind::kWithheld) continue;
    figure.notes.push_back(kWithheldNote);
    break;
  }
  figure.chart = std::move(chart);
  return figure;
}

}  // namespace

Section TimelinessSection(ReportSource& source, Detail detail) {
  Section section{.id = "timeliness-section", .heading = "How soon help came", .blocks = {}};
  const Figure acknowledged = source.Ask("days-to-acknowledge").total;
  const Figure matched = source.Ask("days-to-match").total;
  std::vector<std::string> parts;
  if (acknowledged.value.has_value()) {
    parts.push_back(absl::StrCat("Half of the requests were acknowledged within ",
                                 ValueText(*acknowledged.value, v1::UNIT_DAYS),
                                 " of their submission"));
  }
  if (matched.value.has_value()) {
    parts.push_back(absl::StrCat(parts.empty() ? "Half" : "half", " were matched within ",
                                 ValueText(*matched.value, v1::UNIT_DAYS),
                                 " after they were ready"));
  }
  section.blocks.push_back(Paragraph{
      parts.empty()
          ? "No step was completed in the period."
          : absl::StrCat(parts.size() == 2 ? absl::StrCat(parts[0], ", and ", parts[1]) : parts[0],
                         ".")});
  section.blocks.push_back(TimelinessFigure(source, detail));
  return section;
}

Section DeliverySection(ReportSource& source) {
  Section section{.id = "deliveries", .heading = "What was delivered", .blocks = {}};
  const MeasureAnswer deliveries = source.Ask("deliveries");
  if (deliveries.total.record_count == 0) {
    section.blocks.push_back(Paragraph{"Nothing was delivered in the period."});
    return section;
  }
  section.blocks.push_back(Paragraph{absl::StrCat(
      Counted(deliveries.total.record_count, "delivery was", "deliveries were"), " made, ",
      ValueText(source.Ask("hours").total.value.value_or(0), v1::UNIT_HOURS), " in all.")});
  section.blocks.push_back(DeliveryFigure(source, v1::DIMENSION_DELIVERY_TYPE, "deliveries-by-type",
                                          "Deliveries by type", "Delivery type",
                                          source.participants_by_type()));
  section.blocks.push_back(DeliveryFigure(source, v1::DIMENSION_MODE, "deliveries-by-mode",
                                          "Deliveries on site and virtual", "Mode",
                                          source.participants_by_mode()));
  return section;
}

Section SatisfactionSection(ReportSource& source, Detail detail) {
  Section section{.id = "satisfaction-section", .heading = "What people say of it", .blocks = {}};
  section.blocks.push_back(Paragraph{SatisfactionWords(source)});
  if (detail == Detail::kBrief) return section;
  const std::vector<int64_t> counts = source.SatisfactionCounts();
  const std::vector<PointsBucket> buckets = PointsBuckets(counts);
  int64_t all = 0;
  for (const int64_t count : counts) all += count;
  if (all == 0) return section;
  if (buckets.empty()) {
    section.blocks.push_back(LeftOut("The table of answers by points"));
  } else {
    section.blocks.push_back(PointsFigure(buckets));
  }
  return section;
}

Section PartnerSection(ReportSource& source, Detail detail) {
  Section section{.id = "partner-section", .heading = "Who helped", .blocks = {}};
  const MeasureAnswer load = source.Ask("load", {v1::DIMENSION_PARTNER});
  if (load.total.record_count == 0) {
    section.blocks.push_back(Paragraph{"No engagement was agreed in the period."});
  } else if (detail == Detail::kBrief) {
    section.blocks.push_back(Paragraph{PartnerWords(source, load)});
  } else {
    section.blocks.push_back(PartnerFigure(source));
  }
  return section;
}

}  // namespace critac::metrics
