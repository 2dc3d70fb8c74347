#include "services/metrics/report_source.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_join.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

// The same day a year before; February 29 has February 28.
absl::CivilDay YearBeforeDay(absl::CivilDay day) {
  const absl::CivilDay same(day.year() - 1, day.month(), day.day());
  return same.month() == day.month() ? same : same - 1;
}

}  // namespace

ReportSource::ReportSource(const Facts& facts, absl::CivilDay start, absl::CivilDay end)
    : facts_(facts), start_(start), end_(end) {}

MeasureAnswer ReportSource::Ask(absl::string_view measure, std::vector<v1::Dimension> group_by) {
  return Kept(Evaluate(facts_, {.measure = std::string(measure),
                                .group_by = std::move(group_by),
                                .start = start_,
                                .end = end_}));
}

Figure ReportSource::YearBefore(absl::string_view measure) {
  return Kept(Evaluate(facts_, {.measure = std::string(measure),
                                .start = YearBeforeDay(start_),
                                .end = YearBeforeDay(end_)}))
      .total;
}

const AgencyProfileCuts& ReportSource::profile_cuts() {
  if (!profile_cuts_.has_value()) {
    const auto type = v1::DIMENSION_AGENCY_TYPE;
    const auto band = v1::DIMENSION_SIZE_BAND;
    const auto under_50 = v1::DIMENSION_UNDER_50_SWORN;
    profile_cuts_ =
        Kept(ProtectAgencyProfile({.by_type = Ask("requests", {type}),
                                   .by_band = Ask("requests", {band}),
                                   .by_under_50 = Ask("requests", {under_50}),
                                   .by_type_and_under_50 = Ask("requests", {type, under_50}),
                                   .by_all = Ask("requests", {type, band, under_50})}));
  }
  return *profile_cuts_;
}

const PlaceCuts& ReportSource::place_cuts() {
  if (!place_cuts_.has_value()) {
    place_cuts_ = Kept(ProtectPlaces(Ask("requests", {v1::DIMENSION_STATE})));
  }
  return *place_cuts_;
}

const PublishedCut& ReportSource::participants_by_type() {
  if (!participant_cuts_.has_value()) {
    const MeasureAnswer by_type = Ask("participants", {v1::DIMENSION_DELIVERY_TYPE});
    const MeasureAnswer by_mode = Ask("participants", {v1::DIMENSION_MODE});
    participant_cuts_ = Kept(ProtectPeople({&by_type, &by_mode}));
    participant_cuts_->resize(2);
  }
  return participant_cuts_->at(0);
}

const PublishedCut& ReportSource::participants_by_mode() {
  participants_by_type();
  return participant_cuts_->at(1);
}

const PublishedCut& ReportSource::responses_by_partner() {
  if (!responses_by_partner_.has_value()) {
    MeasureAnswer answer = Ask("satisfaction", {v1::DIMENSION_PARTNER});
    // What is protected is how many answered; the mean falls with it.
    answer.total.value = static_cast<double>(answer.total.record_count);
    for (Figure& figure : answer.figures) {
      figure.value = static_cast<double>(figure.record_count);
    }
    std::vector<PublishedCut> cuts = Kept(ProtectPeople({&answer}));
    cuts.resize(1);
    responses_by_partner_ = std::move(cuts[0]);
  }
  return *responses_by_partner_;
}

std::vector<int64_t> ReportSource::SatisfactionCounts() {
  std::vector<int64_t> counts(5, 0);
  FindMeasure("satisfaction")->rows(facts_, [&](const Row& row) {
    if (!row.value.has_value() || *row.day < start_ || end_ < *row.day) return;
    const auto points = static_cast<size_t>(*row.value);
    if (points >= 1 && points <= counts.size()) ++counts[points - 1];
  });
  return counts;
}

TableCell ReportSource::Published(const PublishedCut& cut, const std::vector<std::string>& group,
                                  const TableCell& cell, absl::string_view figure,
                                  absl::string_view column) {
  const Disposition disposition = cut.Of(group);
  if (disposition == Disposition::kShown) return cell;
  log_.push_back({std::string(figure), absl::StrJoin(group, " / "), std::string(column),
                  static_cast<int64_t>(std::llround(cell.value)),
                  disposition == Disposition::kPrimary});
  return TableCell::Withheld();
}

TableCell ReportSource::PublishedPeople(double people, const TableCell& cell,
                                        absl::string_view figure, absl::string_view row) {
  if (people <= 0 || people >= static_cast<double>(kDisclosureThreshold)) return cell;
  log_.push_back({std::string(figure), std::string(row), "",
                  static_cast<int64_t>(std::llround(cell.value)), true});
  return TableCell::Withheld();
}

TableCell CellOf(const Figure& figure, v1::Unit unit) {
  return figure.value.has_value() ? ValueCell(*figure.value, unit) : TableCell::Nothing();
}

}  // namespace critac::metrics
