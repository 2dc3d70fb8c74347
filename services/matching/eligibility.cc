#include "services/matching/eligibility.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

// Days on which an expert could start: ranges in order, apart from each other.
using DaySet = absl::InlinedVector<DayRange, 4>;

// One expert in one slot, on the way through the gates.
struct Case {
  const Pool& pool;
  const SlotRow& slot;
  const DemandRow& demand;
  const ExpertRow& expert;
  DaySet days;
  PeriodSet periods = 0;
};

// Where a gate appends its reason. Null: nobody asks.
using Why = std::string*;

template <typename... Parts>
bool Say(bool passed, Why why, const Parts&... parts) {
  if (why != nullptr) absl::StrAppend(why, parts...);
  return passed;
}

void AppendRange(const DayRange& days, std::string& text) {
  absl::StrAppend(&text, DayText(days.first));
  if (days.first != days.last) absl::StrAppend(&text, " to ", DayText(days.last));
}

std::string RangeText(const DayRange& days) {
  std::string text;
  AppendRange(days, text);
  return text;
}

// The days that two ranges share.
DayRange Shared(const DayRange& one, const DayRange& other) {
  return {std::max(one.first, other.first), std::min(one.last, other.last)};
}

// Of days on which nothing can start any more those that are not past; all, where all are.
DayRange StillToCome(const Pool& pool, const DayRange& days) {
  const DayRange to_come = Shared(days, {pool.today(), kLastDay});
  return to_come.empty() ? days : to_come;
}

// The days that the gates before AVAILABILITY look at.
DayRange DatesToLookAt(const Pool& pool, const SlotRow& slot) {
  if (!slot.dates.empty()) return slot.dates;
  if (!slot.window.empty()) return StillToCome(pool, slot.window);
  return {pool.today(), pool.today()};
}

// What of `days` lies in one of the sorted `ranges`.
DaySet Within(const DaySet& days, const std::vector<DayRange>& ranges) {
  DaySet left;
  for (const DayRange& day : days) {
    for (const DayRange& range : ranges) {
      const DayRange both = Shared(day, range);
      if (!both.empty()) left.push_back(both);
    }
  }
  return left;
}

// What of `days` lies in none of the sorted `ranges`.
DaySet Without(const DaySet& days, const std::vector<DayRange>& ranges) {
  DaySet left;
  for (DayRange day : days) {
    for (const DayRange& range : ranges) {
      if (range.last < day.first || range.first > day.last) continue;
      if (day.first < range.first) left.push_back({day.first, range.first - 1});
      day.first = range.last + 1;
    }
    if (!day.empty()) left.push_back(day);
  }
  return left;
}

// Whether one of the ranges has all of the days; so it is nearly always, and nothing is to be cut.
bool Covered(const DayRange& days, const std::vector<DayRange>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const DayRange& range) {
    return range.first <= days.first && days.last <= range.last;
  });
}

void CutTo(DaySet& days, const DayRange& range) {
  if (range.first <= days.front().first && days.back().last <= range.last) return;
  days = Within(days, {range});
}

bool Membership(Case& c, Why why) {
  if (!c.expert.active) return Say(false, why, "the expert is not active");
  if (c.expert.partner < 0) {
    return Say(false, why, "the partner ", c.expert.partner_name, " is not on record");
  }
  const PartnerRow& partner = c.pool.partners()[c.expert.partner];
  const DayRange asked = c.days.front();
  if (!Covered(asked, partner.memberships)) c.days = Within(c.days, partner.memberships);
  if (c.days.empty()) {
    return Say(false, why, partner.display_name, " is not a member on ", RangeText(asked));
  }
  return Say(true, why, "the expert is active; ", partner.display_name,
             " is a member on the dates");
}

bool HoldsTopic(Case& c, Why why) {
  const auto held =
      std::lower_bound(c.expert.topics.begin(), c.expert.topics.end(), c.slot.topic,
                       [](const auto& entry, int topic) { return entry.first < topic; });
  if (held == c.expert.topics.end() || held->first != c.slot.topic) {
    return Say(false, why, "does not hold ", c.pool.topic_title(c.slot.topic));
  }
  if (why == nullptr) return held->second >= c.slot.minimum_level;
  return Say(held->second >= c.slot.minimum_level, why, "holds ", c.pool.topic_title(c.slot.topic),
             " as ", LevelWord(held->second), "; the slot asks for ",
             LevelWord(c.slot.minimum_level));
}

// Last day on which the expert's credential is valid; nothing where it is not held.
std::optional<Day> CredentialUntil(const ExpertRow& expert, int credential) {
  for (const auto& [title, last] : expert.credentials) {
    if (title == credential) return last;
  }
  return std::nullopt;
}

bool HasCredential(Case& c, Why why) {
  if (c.slot.credential < 0) return true;
  const std::string& title = c.slot.credential_title;
  const std::optional<Day> until = CredentialUntil(c.expert, c.slot.credential);
  if (!until.has_value()) return Say(false, why, "does not hold the credential ", title);
  const DayRange asked{c.days.front().first, c.days.back().last};
  CutTo(c.days, {kFirstDay, *until});
  if (!c.days.empty()) return true;
  return Say(false, why, "holds the credential ", title, " until ", DayText(*until),
             "; the slot asks for it on ", RangeText(asked));
}

bool Speaks(const ExpertRow& expert, const std::string& language) {
  if (language.empty() || language == "en") return true;
  return std::any_of(expert.languages.begin(), expert.languages.end(), [&](const std::string& l) {
    return l == language || absl::StartsWith(l, absl::StrCat(language, "-"));
  });
}

bool ServedIn(uint32_t served, int asked) {
  return asked == 0 || (asked > 0 && asked < 32 && (served >> asked & 1) != 0);
}

bool HasServed(const Case& c, Why why) {
  const SlotRow& slot = c.slot;
  if (!ServedIn(c.expert.service_types, slot.served_in_type)) {
    return Say(false, why, "has not served in an agency of type ",
               AgencyTypeWord(slot.served_in_type));
  }
  if (slot.served_in_same_size_band &&
      slot.served_in_size_band == type::v1::SIZE_BAND_UNSPECIFIED) {
    return Say(false, why,
               "the size band of the agency is not known; the slot asks for service in the same");
  }
  if (ServedIn(c.expert.service_sizes, slot.served_in_size_band)) return true;
  return Say(false, why, "has not served in an agency of ", SizeBandWord(slot.served_in_size_band),
             slot.served_in_same_size_band ? ", as the agency has" : "");
}

bool MeetsDemand(Case& c, Why why) {
  if (!HasCredential(c, why)) return false;
  if (!Speaks(c.expert, c.slot.language)) {
    return Say(false, why, "does not speak ", c.slot.language);
  }
  if (!HasServed(c, why)) return false;
  if (c.slot.on_site && !c.expert.on_site) return Say(false, why, "does not work on site");
  if (!c.slot.on_site && !c.expert.virtually) return Say(false, why, "works on site only");
  if (why == nullptr) return true;
  return Say(true, why, "has what the slot demands: ", DemandWords(c.slot));
}

// A conflict with one of the request's agencies.
bool Concerns(const ConflictRow& conflict, const DemandRow& demand) {
  return std::find(demand.agencies.begin(), demand.agencies.end(), conflict.agency) !=
         demand.agencies.end();
}

std::string ConflictText(const Pool& pool, const ConflictRow& conflict) {
  std::string text =
      absl::StrCat(ConflictWord(conflict.kind), " with ", pool.agency_name(conflict.agency));
  if (conflict.last < kLastDay) absl::StrAppend(&text, " until ", DayText(conflict.last));
  return text;
}

// The reason of the gate, the same whatever the order of the conflicts' rows.
std::string ConflictWhy(const Case& c, bool passed) {
  std::vector<std::string> holding;
  std::vector<std::string> overridden;
  for (const ConflictRow& conflict : c.pool.conflicts_of(c.expert.person)) {
    if (!Concerns(conflict, c.demand)) continue;
    (conflict.overridden ? overridden : holding).push_back(ConflictText(c.pool, conflict));
  }
  const PartnerRow& partner = c.pool.partners()[c.expert.partner];
  for (const ConflictRow& conflict : partner.conflicts) {
    if (!Concerns(conflict, c.demand)) continue;
    (conflict.overridden ? overridden : holding)
        .push_back(absl::StrCat(partner.display_name, ": ", ConflictText(c.pool, conflict)));
  }
  for (std::vector<std::string>* texts : {&holding, &overridden}) {
    std::sort(texts->begin(), texts->end());
    texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
  }
  std::string text = passed ? "no conflict of interest" : absl::StrJoin(holding, "; ");
  if (passed && !holding.empty()) {
    absl::StrAppend(&text, " any more; there was ", absl::StrJoin(holding, "; "));
  }
  if (!overridden.empty()) {
    absl::StrAppend(&text, "; overridden: ", absl::StrJoin(overridden, "; "));
  }
  return text;
}

// Cuts the days to those after the conflicts; whether any is left.
bool CutByConflicts(Case& c, const std::vector<ConflictRow>& conflicts) {
  for (const ConflictRow& conflict : conflicts) {
    if (conflict.overridden || !Concerns(conflict, c.demand)) continue;
    if (conflict.last >= kLastDay) return false;
    CutTo(c.days, {conflict.last + 1, kLastDay});
    if (c.days.empty()) return false;
  }
  return true;
}

bool NoConflict(Case& c, Why why) {
  const bool passed = CutByConflicts(c, c.pool.conflicts_of(c.expert.person)) &&
                      CutByConflicts(c, c.pool.partners()[c.expert.partner].conflicts);
  if (why == nullptr) return passed;
  return Say(passed, why, ConflictWhy(c, passed));
}

// Why a slot has no day to start at all.
std::string NoDatesText(const Pool& pool, const SlotRow& slot) {
  if (slot.window.empty()) return "the slot's window has no day";
  const Day earliest = pool.today() + slot.lead_time_days;
  const std::string lead =
      absl::StrCat("with ", slot.lead_time_days, " days of lead time from ", DayText(pool.today()),
                   " it can start on ", DayText(std::max(earliest, slot.window.first)));
  if (earliest > slot.window.last) {
    return absl::StrCat(lead, ", after the window ends on ", DayText(slot.window.last));
  }
  return absl::StrCat(lead, ", after the day by which help is needed, ", DayText(slot.needed_by));
}

PeriodSet PeriodsOf(const Case& c) {
  if (c.days.size() == 1 && c.days.front() == c.slot.dates) return c.slot.periods;
  PeriodSet periods = 0;
  for (const DayRange& range : c.days) {
    const v1::Period length = c.pool.period_length();
    const int32_t last = PeriodOf(length, range.last).number - c.slot.first_period;
    int32_t i = PeriodOf(length, range.first).number - c.slot.first_period;
    for (; i <= last && i < kPeriodsPerSlot; ++i) periods |= PeriodSet{1} << i;
  }
  return periods;
}

bool Available(Case& c, Why why) {
  if (c.slot.dates.empty()) {
    return why == nullptr ? false : Say(false, why, NoDatesText(c.pool, c.slot));
  }
  const DayRange asked{c.days.front().first, c.days.back().last};
  if (!c.expert.unavailable.empty()) c.days = Without(c.days, c.expert.unavailable);
  if (c.days.empty()) {
    return why == nullptr ? false : Say(false, why, "not available on ", RangeText(asked));
  }
  c.periods = PeriodsOf(c);
  if (why == nullptr) return true;
  absl::string_view before = "can start on ";
  for (const DayRange& range : c.days) {
    absl::StrAppend(why, before);
    AppendRange(range, *why);
    before = ", ";
  }
  return true;
}

// Periods of `among` in which the expert, and the partner, have an assignment left.
PeriodSet PeriodsWithRoom(const Case& c, PeriodSet among, bool& expert_full) {
  const PartnerRow& partner = c.pool.partners()[c.expert.partner];
  PeriodSet left = 0;
  expert_full = true;
  for (int i = 0; i < kPeriodsPerSlot && among >> i != 0; ++i) {
    if ((among >> i & 1) == 0) continue;
    const int32_t period = c.slot.first_period + i;
    if (c.expert.RoomIn(period) == 0) continue;
    expert_full = false;
    if (partner.RoomIn(period) > 0) left |= PeriodSet{1} << i;
  }
  return left;
}

bool HasCapacity(Case& c, Why why) {
  if (std::binary_search(c.slot.committed_persons.begin(), c.slot.committed_persons.end(),
                         c.expert.person)) {
    return Say(false, why, "is offered or accepted in this slot already");
  }
  if (c.expert.RoomOpen() == 0) {
    return Say(false, why, "no assignment left: ", c.expert.used_open, " of ",
               c.expert.capacity_open, " open at once");
  }
  if (c.pool.program_room() == 0) {
    return Say(false, why, "no assignment left: the program's ", c.pool.policy().capacity_open(),
               " open at once are taken");
  }
  bool expert_full = false;
  const PeriodSet asked = c.periods;
  c.periods = PeriodsWithRoom(c, asked, expert_full);
  if (why == nullptr) return c.periods != 0;
  if (c.periods != 0) {
    return Say(true, why, c.expert.RoomOpen(), " of ", c.expert.capacity_open,
               " assignments open at once left; room in ",
               absl::StrJoin(c.pool.PeriodNames(c.slot, c.periods), ", "));
  }
  const PartnerRow& partner = c.pool.partners()[c.expert.partner];
  const std::string periods = absl::StrJoin(c.pool.PeriodNames(c.slot, asked), ", ");
  if (expert_full) {
    return Say(false, why, "no assignment left in ", periods, ": the expert's ",
               c.expert.capacity_per_period, " a period are taken");
  }
  return Say(false, why, "no assignment left in ", periods, ": ", partner.display_name, "'s ",
             partner.capacity_per_period, " a period are taken");
}

bool CanTravel(Case& c, Why why) {
  if (!c.slot.on_site) return Say(true, why, "not on site");
  if (c.expert.travels_anywhere) return Say(true, why, "travels anywhere");
  const int32_t radius = c.expert.travel_radius_km;
  if (c.demand.place.has_value() && c.expert.home.has_value()) {
    const bool near = IsWithinKm(*c.demand.place, *c.expert.home, radius);
    if (why == nullptr) return near;
    return Say(near, why, "lives ", DistanceKm(*c.demand.place, *c.expert.home),
               " km away and travels ", radius, " km");
  }
  const bool same_state = c.demand.state != kUnknownState && c.demand.state == c.expert.home_state;
  return Say(same_state && radius > 0, why, "the distance is not known; lives in ",
             StateCode(c.expert.home_state), ", the agency is in ", StateCode(c.demand.state),
             ", travels ", radius, " km");
}

bool NotDeclined(Case& c, Why why) {
  const bool declined = std::binary_search(c.slot.declined_persons.begin(),
                                           c.slot.declined_persons.end(), c.expert.person);
  return Say(!declined, why, declined ? "declined this slot before" : "has not declined this slot");
}

struct GateCheck {
  v1::Gate gate;
  bool (*passes)(Case& c, Why why);
};

// The gates in the field's order. To change a gate, change its function; to add one, add its line.
constexpr GateCheck kGates[] = {
    {v1::GATE_MEMBERSHIP, Membership},  {v1::GATE_TOPIC, HoldsTopic},
    {v1::GATE_DEMAND, MeetsDemand},     {v1::GATE_CONFLICT, NoConflict},
    {v1::GATE_AVAILABILITY, Available}, {v1::GATE_CAPACITY, HasCapacity},
    {v1::GATE_TRAVEL, CanTravel},       {v1::GATE_DECLINED, NotDeclined},
};

Case CaseOf(const Pool& pool, const SlotRow& slot, const ExpertRow& expert) {
  return {pool, slot, pool.demands()[slot.demand], expert, {DatesToLookAt(pool, slot)}};
}

}  // namespace

Verdict CheckGates(const Pool& pool, int slot, int expert) {
  return CheckGatesWithout(pool, pool.slots()[slot], pool.experts()[expert], 0);
}

Verdict CheckGatesWithout(const Pool& pool, const SlotRow& slot, const ExpertRow& expert,
                          GateSet left_out) {
  Case c = CaseOf(pool, slot, expert);
  for (const GateCheck& check : kGates) {
    if ((left_out & SetOf(check.gate)) == 0 && !check.passes(c, nullptr)) return {check.gate, 0};
  }
  return {v1::GATE_UNSPECIFIED, c.periods};
}

Verdict ExplainGates(const Pool& pool, int slot, int expert,
                     google::protobuf::RepeatedPtrField<v1::GateResult>& gates) {
  Case c = CaseOf(pool, pool.slots()[slot], pool.experts()[expert]);
  for (const GateCheck& check : kGates) {
    v1::GateResult& result = *gates.Add();
    result.set_gate(check.gate);
    result.set_passed(check.passes(c, result.mutable_explanation()));
    if (!result.passed()) return {check.gate, 0};
  }
  return {v1::GATE_UNSPECIFIED, c.periods};
}

ExplainedVerdict ExplainGates(const Pool& pool, int slot, int expert) {
  google::protobuf::RepeatedPtrField<v1::GateResult> gates;
  const Verdict verdict = ExplainGates(pool, slot, expert, gates);
  return {verdict, {std::make_move_iterator(gates.begin()), std::make_move_iterator(gates.end())}};
}

std::optional<v1::GateResult> FailedGateIn(const Pool& pool, int slot, int expert, Period period) {
  const SlotRow& row = pool.slots()[slot];
  const DayRange window = Shared(row.window, DaysOf(period));
  if (window.empty()) return std::nullopt;
  const DayRange in_time = Shared(window, {kFirstDay, row.needed_by});
  v1::GateResult result;
  if (in_time.empty()) {
    result.set_gate(v1::GATE_AVAILABILITY);
    result.set_explanation(absl::StrCat("it can start on ", DayText(window.first),
                                        ", after the day by which help is needed, ",
                                        DayText(row.needed_by)));
    return result;
  }
  const DayRange left = Shared(in_time, row.dates);
  Case c = CaseOf(pool, row, pool.experts()[expert]);
  c.days = {left.empty() ? StillToCome(pool, in_time) : left};
  for (const GateCheck& check : kGates) {
    if (check.gate > v1::GATE_CONFLICT) break;
    result.set_gate(check.gate);
    result.clear_explanation();
    if (!check.passes(c, result.mutable_explanation())) return result;
  }
  return std::nullopt;
}

std::optional<std::string> HoldingConflict(const Pool& pool, int slot, int expert) {
  Case c = CaseOf(pool, pool.slots()[slot], pool.experts()[expert]);
  const std::vector<ConflictRow>& conflicts = pool.conflicts_of(c.expert.person);
  if (CutByConflicts(c, conflicts)) return std::nullopt;
  std::vector<std::string> texts;
  for (const ConflictRow& conflict : conflicts) {
    if (conflict.overridden || !Concerns(conflict, c.demand)) continue;
    texts.push_back(ConflictText(pool, conflict));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return absl::StrJoin(texts, "; ");
}

void AppendReason(const Pool& pool, int slot, int expert, v1::Gate gate, std::string& text) {
  Case c = CaseOf(pool, pool.slots()[slot], pool.experts()[expert]);
  for (const GateCheck& check : kGates) {
    check.passes(c, check.gate == gate ? &text : nullptr);
    if (check.gate == gate) return;
  }
}

std::optional<int32_t> DistanceBetween(const DemandRow& demand, const ExpertRow& expert) {
  if (!demand.place.has_value() || !expert.home.has_value()) return std::nullopt;
  return DistanceKm(*demand.place, *expert.home);
}

}  // namespace critac::matching
