#include "services/cli/sample/casting.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"

namespace critac::cli {
namespace {

using matching::v1::DateRange;
using matching::v1::Expert;
using matching::v1::Partner;

// Dates of ISO 8601 are in order as texts; an empty end is open.
bool Covers(const DateRange& range, absl::CivilDay day) {
  const std::string date = FormatDate(day);
  return range.start() <= date && (range.end().empty() || date <= range.end());
}

bool Overlaps(const DateRange& range, absl::CivilDay first, absl::CivilDay last) {
  return range.start() <= FormatDate(last) &&
         (range.end().empty() || FormatDate(first) <= range.end());
}

bool IsMember(const Partner& partner, absl::CivilDay first, absl::CivilDay last) {
  return std::any_of(
      partner.memberships().begin(), partner.memberships().end(),
      [&](const DateRange& range) { return Covers(range, first) && Covers(range, last); });
}

bool Holds(const Expert& expert, const intake::v1::Slot& slot) {
  return std::any_of(expert.topics().begin(), expert.topics().end(), [&](const auto& held) {
    return held.topic() == slot.topic() && held.level() >= slot.minimum_level();
  });
}

bool ComesInMode(const Expert& expert, type::v1::DeliveryMode mode) {
  return expert.modes().empty() ||
         std::find(expert.modes().begin(), expert.modes().end(), mode) != expert.modes().end();
}

double Kilometers(const type::v1::Coordinates& a, const type::v1::Coordinates& b) {
  constexpr double kRadians = M_PI / 180e6;
  constexpr double kEarthKilometers = 6371;
  const double latitude = (b.latitude_e6() - a.latitude_e6()) * kRadians / 2;
  const double longitude = (b.longitude_e6() - a.longitude_e6()) * kRadians / 2;
  const double haversine =
      std::pow(std::sin(latitude), 2) + std::cos(a.latitude_e6() * kRadians) *
                                            std::cos(b.latitude_e6() * kRadians) *
                                            std::pow(std::sin(longitude), 2);
  return 2 * kEarthKilometers * std::asin(std::sqrt(haversine));
}

bool IsNearEnough(const Expert& expert, const intake::v1::Agency& agency) {
  if (expert.travels_anywhere()) return true;
  return agency.has_coordinates() &&
         Kilometers(expert.home(), agency.coordinates()) <= expert.travel_radius_km();
}

std::string QuarterOf(absl::CivilDay day) {
  return absl::StrCat(day.year(), "Q", (day.month() - 1) / 3 + 1);
}

}  // namespace

Casting::Casting(const std::vector<Partner>& partners, const std::vector<Expert>& experts)
    : partners_(partners), experts_(experts) {}

int Casting::Used(const std::string& owner, const std::string& quarter) const {
  const auto found = used_.find({owner, quarter});
  return found == used_.end() ? 0 : found->second;
}

bool Casting::IsEligible(size_t index, const Demand& demand) const {
  const Expert& expert = experts_[index];
  const Partner& partner = *std::find_if(partners_.begin(), partners_.end(), [&](const Partner& p) {
    return p.name() == expert.partner();
  });
  const bool absent = std::any_of(
      expert.unavailable().begin(), expert.unavailable().end(),
      [&](const DateRange& range) { return Overlaps(range, demand.first, demand.last); });
  return expert.active() && IsMember(partner, demand.first, demand.last) &&
         Holds(expert, demand.slot.slot) && ComesInMode(expert, demand.slot.way->mode) && !absent &&
         Used(expert.name(), demand.quarter) < expert.capacity_per_period() &&
         Used(partner.name(), demand.quarter) < partner.capacity_per_period() &&
         (!demand.slot.slot.on_site() || IsNearEnough(expert, demand.agency));
}

int Casting::Cast(const intake::v1::Agency& agency, absl::CivilDay match_day,
                  const std::vector<size_t>& taken, Dice& dice, SampleSlot& slot) {
  const Demand demand{agency, slot, match_day, *ParseDate(slot.deliveries.back().date()),
                      QuarterOf(match_day)};
  std::vector<size_t> candidates;
  for (size_t i = 0; i < experts_.size(); ++i) {
    const bool has = std::find(taken.begin(), taken.end(), i) != taken.end();
    if (!has && IsEligible(i, demand)) candidates.push_back(i);
  }
  dice.Shuffle(candidates);
  std::stable_sort(candidates.begin(), candidates.end(), [&](size_t a, size_t b) {
    return Used(experts_[a].name(), demand.quarter) < Used(experts_[b].name(), demand.quarter);
  });
  candidates.resize(std::min(candidates.size(), static_cast<size_t>(slot.slot.people())));
  for (const size_t i : candidates) {
    ++used_[{experts_[i].name(), demand.quarter}];
    ++used_[{experts_[i].partner(), demand.quarter}];
  }
  slot.experts = std::move(candidates);
  return static_cast<int>(slot.experts.size());
}

}  // namespace critac::cli
