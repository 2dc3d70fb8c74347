#include "services/matching/remedy.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>

#include "services/matching/certificate.h"
#include "services/matching/distance.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

constexpr int64_t kNone = Detours::kNone;

// By how much a pair's cost may be less than it is taken for: what a change does to other scores.
constexpr int64_t kMargin = 1'000'000;

// The highest price of leaving people unassigned.
constexpr int64_t kHighestPrice = 1'000'000'000;

template <typename Visit>
void ForEachPeriod(const SlotRow& slot, PeriodSet periods, Visit visit) {
  for (int i = 0; i < kPeriodsPerSlot && periods >> i != 0; ++i) {
    if ((periods >> i & 1) != 0) visit(slot.first_period + i);
  }
}

bool IsCommitted(const SlotRow& slot, const ExpertRow& expert) {
  return std::binary_search(slot.committed_persons.begin(), slot.committed_persons.end(),
                            expert.person);
}

// Whether a plan's network answers for all the pool: nothing is allotted beforehand.
bool IsWhole(const Plan& plan) {
  return plan.network != nullptr && plan.optimal() && plan.network->limits.allotted.empty();
}

// What a unit more costs from each room to done.
std::vector<int64_t> CostsToDone(const SolvedNetwork& solved, Detours& detours) {
  std::vector<int64_t> costs(solved.network.problem().room_count());
  for (size_t room = 0; room < costs.size(); ++room) {
    costs[room] = detours.CostToDone(static_cast<int32_t>(room));
  }
  return costs;
}

// How far what one person more in the slot costs is above what leaving it open costs; nothing where no
// pair of the slot has a way.
std::optional<int64_t> Shortfall(const Pool& pool, const SolvedNetwork& solved,
                                 const std::vector<int64_t>& to_done, int slot) {
  const TransportProblem& problem = solved.network.problem();
  std::optional<int64_t> least;
  for (size_t i = 0; i < solved.pairs.size(); ++i) {
    if (solved.pairs[i].slot != slot) continue;
    const UnitArc& unit = solved.network.pair_arcs()[i];
    if (unit.kind == UnitArc::kNone) continue;
    const int32_t room =
        unit.kind == UnitArc::kPair ? problem.entry[unit.index] : problem.arcs[unit.index].to;
    if (to_done[room] == kNone) continue;
    const int64_t cost = solved.pairs[i].cost + to_done[room];
    if (!least.has_value() || cost < *least) least = cost;
  }
  if (!least.has_value()) return std::nullopt;
  return *least - pool.slots()[slot].open_price;
}

// Whether every change of `some` is among `all`, as large or larger.
bool Includes(const std::vector<PoolChange>& all, const std::vector<PoolChange>& some) {
  return std::all_of(some.begin(), some.end(), [&](const PoolChange& wanted) {
    return std::any_of(all.begin(), all.end(), [&](const PoolChange& one) {
      return one.target() == wanted.target() && one.amount >= wanted.amount;
    });
  });
}

int64_t MissingIn(const Plan& plan) {
  return std::accumulate(plan.open.begin(), plan.open.end(), int64_t{0});
}

PoolChange UnassignedPriceOf(const Pool& pool, int64_t price) {
  return {.kind = v1::REMEDY_KIND_UNASSIGNED_PRICE,
          .amount = price - pool.policy().unassigned_price(),
          .to = price};
}

// What differs between the plans, the slot itself first.
std::vector<PlanChange> Differences(const Pool& pool, const Plan& plan, const Plan& other,
                                    int slot) {
  std::vector<PlanChange> changes = ChangesBetween(pool, plan, other);
  std::stable_partition(changes.begin(), changes.end(),
                        [slot](const PlanChange& change) { return change.slot == slot; });
  return changes;
}

std::vector<v1::RemedyKind> KindsOf(const std::vector<PoolChange>& changes) {
  std::vector<v1::RemedyKind> kinds;
  for (const PoolChange& change : changes) kinds.push_back(change.kind);
  return kinds;
}

void SortBySize(std::vector<std::vector<PoolChange>>& candidates) {
  for (auto& changes : candidates) std::sort(changes.begin(), changes.end());
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
}

}  // namespace

RemedyFinder::RemedyFinder(const Pool& pool, const Plan& plan, absl::FunctionRef<bool()> is_wanted)
    : pool_(pool), plan_(plan), is_wanted_(is_wanted), use_(pool, plan), missing_(MissingIn(plan)) {
  if (!IsWhole(plan)) return;
  const SolvedNetwork& solved = *plan.network;
  detours_.emplace(solved.network.problem(), solved.transport);
  to_done_ = CostsToDone(solved, *detours_);
  for (const LimitRoom& limit : solved.network.Limits()) {
    if (limit.kind == LimitRoom::kExpertPeriod) {
      period_rooms_[{limit.row, limit.period}] = limit.from_room;
    }
    if (limit.kind == LimitRoom::kPartnerShare) partner_rooms_[limit.row] = limit.from_room;
    if (limit.kind == LimitRoom::kProgramOpen) program_room_ = limit.from_room;
  }
  pairs_of_experts_.resize(pool.experts().size());
  for (size_t i = 0; i < solved.pairs.size(); ++i) {
    pairs_of_experts_[solved.pairs[i].expert].push_back(static_cast<int>(i));
  }
}

Remedies RemedyFinder::Find(int slot) {
  Remedies found;
  if (plan_.open[slot] == 0) return found;
  all_known_ = plan_.proved();
  if (detours_.has_value() && !full_rooms_.has_value()) FindFullRooms();
  std::vector<Changes> candidates;
  AddRooms(slot, candidates);
  AddExperts(slot, candidates);
  AddDates(slot, candidates);
  AddPrices(slot, candidates);
  SortBySize(candidates);
  std::map<std::vector<v1::RemedyKind>, int> alike;
  // Not tried, as there are enough of their kinds, unless a larger set that works has all of one.
  std::vector<const Changes*> passed_over;
  int tries = 0;
  for (const Changes& changes : candidates) {
    if (found.remedies.size() == kMostRemedies) break;
    if (alike[KindsOf(changes)] == kMostAlike) {
      passed_over.push_back(&changes);
      continue;
    }
    const auto smaller = [&](const Remedy& one) { return Includes(changes, one.changes); };
    if (std::any_of(found.remedies.begin(), found.remedies.end(), smaller)) continue;
    if (++tries > kMostTries || !is_wanted_()) {
      found.complete = false;
      break;
    }
    std::optional<Remedy> remedy = TryCandidate(slot, changes);
    if (!remedy.has_value()) continue;
    const auto is_enough = [&](const Changes* one) {
      return Includes(changes, *one) && is_wanted_() && ++tries <= kMostTries &&
             TryCandidate(slot, *one).has_value();
    };
    if (std::any_of(passed_over.begin(), passed_over.end(), is_enough)) continue;
    if (tries > kMostTries || !is_wanted_()) {
      found.complete = false;
      break;
    }
    ++alike[KindsOf(changes)];
    found.remedies.push_back(*std::move(remedy));
  }
  found.complete &= all_known_;
  return found;
}

// ---- Rooms --------------------------------------------------------------------------------------

void RemedyFinder::FindFullRooms() {
  full_rooms_.emplace();
  const SolvedNetwork& solved = *plan_.network;
  for (const LimitRoom& limit : solved.network.Limits()) {
    const auto add = [&](int64_t planned, const std::optional<PoolChange>& change, int32_t to,
                         int64_t cost) {
      if (planned > 0 && change.has_value()) AddFullRoom(*change, limit.from_room, to, cost);
    };
    switch (limit.kind) {
      case LimitRoom::kExpertPeriod: {
        add(PlannedIn(limit.row, limit.period), MoreInPeriod(limit.row, limit.period),
            limit.to_room, 0);
        if (use_.LeftIn(limit.row, limit.period) <= 0) break;
        // A period's room is never more than what is left open at once; so that is kept here too.
        const int partner = pool_.experts()[limit.row].partner;
        const bool lower_way = solved.limits.by_period[partner];
        add(PlannedOpen(limit.row), MoreOpen(limit.row),
            lower_way ? limit.to_room : partner_rooms_.at(partner), 0);
        break;
      }
      case LimitRoom::kExpertOpen:
        add(PlannedOpen(limit.row), MoreOpen(limit.row), limit.to_room, 0);
        break;
      case LimitRoom::kPartnerPeriod:
        add(PlannedOfPartner(limit.row, limit.period), MoreOfPartner(limit.row, limit.period),
            limit.to_room, 0);
        break;
      case LimitRoom::kPartnerShare:
        add(use_.UnitsOfPartner(limit.row), MoreShare(limit.row), limit.to_room,
            PartnerPrice(pool_, limit.row, use_.UnitsOfPartner(limit.row)));
        break;
      case LimitRoom::kProgramOpen:
        add(static_cast<int64_t>(plan_.units.size()), MoreOfProgram(), limit.to_room, 0);
        break;
    }
  }
}

void RemedyFinder::AddFullRoom(const PoolChange& change, int32_t from_room, int32_t to_room,
                               int64_t cost) {
  if (change.to < 0) return;
  FullRoom room{change, from_room, to_room, cost, GainOf(change), 0, {}};
  const int64_t back =
      to_room < 0 ? detours_->CostFromDone(from_room) : detours_->CostFromRoom(to_room, from_room);
  room.best = back == kNone ? 0 : cost + back;
  room.from_slot.assign(pool_.slots().size(), kNone);
  for (int slot = 0; slot < static_cast<int>(pool_.slots().size()); ++slot) {
    if (plan_.open[slot] > 0) room.from_slot[slot] = detours_->CostFromRow(slot, from_room);
  }
  full_rooms_->push_back(std::move(room));
}

// Of capacity, the share that is left grows, and with it the score of the expert's pairs.
int64_t RemedyFinder::GainOf(const PoolChange& change) const {
  if (change.expert < 0) return 0;
  ExpertRow row = pool_.experts()[change.expert];
  ChangeExpert(pool_, change, row);
  int64_t most = 0;
  for (const int pair : pairs_of_experts_[change.expert]) {
    const Pair& one = plan_.network->pairs[pair];
    const SlotRow& slot = pool_.slots()[one.slot];
    const Verdict verdict = CheckGatesWithout(pool_, slot, row, 0);
    most = std::max(most, ScoreOf(pool_, slot, row, verdict.periods).total_e6 - one.score_e6);
  }
  return most;
}

int64_t RemedyFinder::PlannedOpen(int expert) const {
  return pool_.experts()[expert].RoomOpen() - use_.OpenLeft(expert);
}

int64_t RemedyFinder::PlannedIn(int expert, int32_t period) const {
  return pool_.experts()[expert].RoomIn(period) - use_.LeftIn(expert, period);
}

int64_t RemedyFinder::PlannedOfPartner(int partner, int32_t period) const {
  return pool_.partners()[partner].RoomIn(period) - use_.PartnerLeftIn(partner, period);
}

// The changes that give room to one unit more where there is none left; nothing where there is.

std::optional<PoolChange> RemedyFinder::MoreOpen(int expert) const {
  if (use_.OpenLeft(expert) > 0) return std::nullopt;
  const ExpertRow& row = pool_.experts()[expert];
  PoolChange change{.kind = v1::REMEDY_KIND_EXPERT_OPEN, .expert = expert};
  change.to = row.used_open + PlannedOpen(expert) + 1;
  change.amount = change.to - row.capacity_open;
  return change;
}

std::optional<PoolChange> RemedyFinder::MoreInPeriod(int expert, int32_t period) const {
  if (use_.LeftIn(expert, period) > 0) return std::nullopt;
  const ExpertRow& row = pool_.experts()[expert];
  PoolChange change{.kind = v1::REMEDY_KIND_EXPERT_PERIOD, .expert = expert, .period = period};
  change.to = row.UsedIn(period) + PlannedIn(expert, period) + 1;
  change.amount = change.to - row.capacity_per_period;
  return change;
}

std::optional<PoolChange> RemedyFinder::MoreOfPartner(int partner, int32_t period) const {
  if (use_.PartnerLeftIn(partner, period) > 0) return std::nullopt;
  const PartnerRow& row = pool_.partners()[partner];
  PoolChange change{.kind = v1::REMEDY_KIND_PARTNER_PERIOD, .partner = partner, .period = period};
  change.to = row.UsedIn(period) + PlannedOfPartner(partner, period) + 1;
  change.amount = change.to - row.capacity_per_period;
  return change;
}

// `to` is -1 where even the whole would not be enough.
std::optional<PoolChange> RemedyFinder::MoreShare(int partner) const {
  if (use_.ShareLeft(partner) > 0) return std::nullopt;
  constexpr int64_t kWhole_e6 = 1'000'000;
  const PartnerRow& row = pool_.partners()[partner];
  const int64_t wanted = row.used_open + use_.UnitsOfPartner(partner) + 1;
  const int64_t whole = pool_.people_count();
  PoolChange change{.kind = v1::REMEDY_KIND_PARTNER_SHARE, .partner = partner};
  change.to = wanted > whole ? -1 : (wanted * kWhole_e6 + whole - 1) / whole;
  for (const v1::PartnerShare& share : pool_.policy().partner_shares()) {
    if (share.partner() == row.name) {
      change.amount = wanted - whole * share.maximum_e6() / kWhole_e6;
    }
  }
  return change;
}

std::optional<PoolChange> RemedyFinder::MoreOfProgram() const {
  if (use_.ProgramLeft() > 0) return std::nullopt;
  PoolChange change{.kind = v1::REMEDY_KIND_PROGRAM_OPEN};
  change.amount = 1 - use_.ProgramLeft();
  change.to = pool_.policy().capacity_open() + change.amount;
  return change;
}

void RemedyFinder::AddRoomsInUse(std::vector<Changes>& candidates) const {
  std::set<PoolChange> rooms;
  const auto add = [&](const std::optional<PoolChange>& change) {
    if (change.has_value() && change->to >= 0) rooms.insert(*change);
  };
  for (const PlanUnit& unit : plan_.units) {
    const int partner = pool_.experts()[unit.expert].partner;
    add(MoreInPeriod(unit.expert, unit.period));
    add(MoreOpen(unit.expert));
    add(MoreOfPartner(partner, unit.period));
    add(MoreShare(partner));
    add(MoreOfProgram());
  }
  for (const PoolChange& room : rooms) candidates.push_back({room});
}

void RemedyFinder::AddRooms(int slot, std::vector<Changes>& candidates) const {
  if (!detours_.has_value()) {
    AddRoomsInUse(candidates);
    return;
  }
  const int64_t open_price = pool_.slots()[slot].open_price;
  for (const FullRoom& room : *full_rooms_) {
    const int64_t to_done = room.to_room < 0 ? 0 : to_done_[room.to_room];
    if (room.from_slot[slot] == kNone || to_done == kNone) continue;
    const int64_t saves = open_price - room.from_slot[slot] - room.cost - to_done;
    // Where others would have more of it, it goes to them.
    if (saves + room.gain < 0 || saves + room.gain < -room.best) continue;
    candidates.push_back({room.change});
  }
}

// ---- Experts ------------------------------------------------------------------------------------

int64_t RemedyFinder::WayFromPartner(int partner) const {
  const auto room = partner_rooms_.find(partner);
  if (room != partner_rooms_.end()) return to_done_[room->second];
  const int64_t from_program = program_room_ < 0 ? 0 : to_done_[program_room_];
  return from_program == kNone ? kNone : PartnerPrice(pool_, partner, 0) + from_program;
}

int64_t RemedyFinder::WayFrom(int expert, int32_t period) const {
  const auto room = period_rooms_.find({expert, period});
  return room == period_rooms_.end() ? WayFromPartner(pool_.experts()[expert].partner)
                                     : to_done_[room->second];
}

int64_t RemedyFinder::CostOf(const SlotRow& slot, int expert, const ExpertRow& row,
                             PeriodSet periods) const {
  const bool stands =
      std::binary_search(slot.standing_experts.begin(), slot.standing_experts.end(), expert);
  return -ScoreOf(pool_, slot, row, periods).total_e6 -
         (stands ? pool_.policy().stability_bonus() : 0);
}

bool RemedyFinder::MayPay(int slot, int64_t cost, int64_t way) const {
  if (!detours_.has_value()) return true;
  return way != kNone && cost + way <= pool_.slots()[slot].open_price + kMargin;
}

void RemedyFinder::AddExperts(int slot, std::vector<Changes>& candidates) const {
  const SlotRow& row = pool_.slots()[slot];
  for (int expert = 0; expert < static_cast<int>(pool_.experts().size()); ++expert) {
    const ExpertRow& as_is = pool_.experts()[expert];
    if (as_is.partner < 0 || IsCommitted(row, as_is)) continue;
    const GateSet capacity = SetOf(v1::GATE_CAPACITY);
    const Verdict verdict = CheckGatesWithout(pool_, row, as_is, capacity);
    if (verdict.eligible()) {
      AddEntrant({slot, expert, as_is, std::nullopt, verdict.periods}, candidates);
      continue;
    }
    // Days come in order: of those in the same periods the first is enough.
    std::set<PeriodSet> known;
    for (const PoolChange& way : WaysThrough(slot, expert, verdict.gate)) {
      ExpertRow changed = as_is;
      ChangeExpert(pool_, way, changed);
      const Verdict then = CheckGatesWithout(pool_, row, changed, capacity);
      if (then.eligible() && known.insert(then.periods).second) {
        AddEntrant({slot, expert, std::move(changed), way, then.periods}, candidates);
      }
    }
  }
}

void RemedyFinder::AddEntrant(const Entrant& entrant, std::vector<Changes>& candidates) const {
  ForEachPeriod(pool_.slots()[entrant.slot], entrant.periods,
                [&](int32_t period) { AddSubsets(entrant, period, candidates); });
}

// What passes the gate, with every part of the room that is missing: others may make place for the rest,
// as far as the plan has it taken.
void RemedyFinder::AddSubsets(const Entrant& entrant, int32_t period,
                              std::vector<Changes>& candidates) const {
  const int expert = entrant.expert;
  const int partner = entrant.row.partner;
  struct Piece {
    std::optional<PoolChange> change;
    bool planned = false;
  };
  std::vector<Piece> pieces = {
      {MoreInPeriod(expert, period), PlannedIn(expert, period) > 0},
      {MoreOpen(expert), PlannedOpen(expert) > 0},
      {MoreOfPartner(partner, period), PlannedOfPartner(partner, period) > 0},
      {MoreShare(partner), use_.UnitsOfPartner(partner) > 0},
      {MoreOfProgram(), !plan_.units.empty()}};
  pieces.erase(std::remove_if(pieces.begin(), pieces.end(),
                              [](const Piece& piece) { return !piece.change.has_value(); }),
               pieces.end());
  const int64_t cost = CostOf(pool_.slots()[entrant.slot], expert, entrant.row, entrant.periods);
  const int64_t with_room =
      std::min(PartnerPrice(pool_, partner, use_.UnitsOfPartner(partner)), WayFromPartner(partner));
  const uint32_t all = (uint32_t{1} << pieces.size()) - 1;
  for (uint32_t chosen = 0; chosen <= all; ++chosen) {
    Changes changes;
    bool possible = true;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const bool taken = (chosen >> i & 1) != 0;
      if (taken) changes.push_back(*pieces[i].change);
      possible &= taken ? pieces[i].change->to >= 0 : pieces[i].planned;
    }
    const int64_t displaced = WayFrom(expert, period);
    const int64_t way = chosen == all ? with_room
                        : chosen == 0 ? displaced
                                      : std::min(with_room, displaced);
    if (entrant.gate.has_value()) changes.push_back(*entrant.gate);
    // One unit of room by itself is worth trying where AddRooms says so, or none of it is the plan's.
    const bool known =
        detours_.has_value() && changes.size() == 1 && !entrant.gate.has_value() && chosen != all;
    if (changes.empty() || !possible || known || !MayPay(entrant.slot, cost, way)) continue;
    candidates.push_back(std::move(changes));
  }
}

// What would let an expert pass a gate, each by itself.
std::vector<PoolChange> RemedyFinder::WaysThrough(int slot, int expert, v1::Gate gate) const {
  const SlotRow& row = pool_.slots()[slot];
  const ExpertRow& candidate = pool_.experts()[expert];
  std::vector<PoolChange> ways;
  const auto add = [&](v1::RemedyKind kind, int64_t amount, int64_t to) {
    ways.push_back({.kind = kind, .amount = amount, .expert = expert, .slot = slot, .to = to});
  };
  switch (gate) {
    case v1::GATE_MEMBERSHIP:
      if (!candidate.active) add(v1::REMEDY_KIND_ACTIVE, 1, 1);
      break;
    case v1::GATE_TOPIC: {
      int64_t held = 0;
      for (const auto& [topic, level] : candidate.topics) {
        if (topic == row.topic) held = level;
      }
      const int64_t wanted = std::max<int64_t>(row.minimum_level, intake::v1::LEVEL_AWARENESS);
      if (held < wanted) add(v1::REMEDY_KIND_TOPIC, wanted - held, wanted);
      break;
    }
    case v1::GATE_DEMAND:
      if (row.credential >= 0 && !row.dates.empty()) {
        add(v1::REMEDY_KIND_CREDENTIAL, 1, row.dates.last);
      }
      if (!row.language.empty()) add(v1::REMEDY_KIND_LANGUAGE, 1, 1);
      add(v1::REMEDY_KIND_MODE, 1, row.on_site ? 1 : 0);
      break;
    case v1::GATE_AVAILABILITY:
      for (const Day day : DaysOfChange(expert, row.dates)) {
        add(v1::REMEDY_KIND_AVAILABILITY, 1, day);
      }
      break;
    case v1::GATE_TRAVEL: {
      const std::optional<int32_t> km = DistanceBetween(pool_.demands()[row.demand], candidate);
      const int64_t wanted = km.value_or(1);
      add(v1::REMEDY_KIND_TRAVEL, wanted - candidate.travel_radius_km, wanted);
      break;
    }
    default:
      break;
  }
  return ways;
}

// Days of a range on which another answer of the gates may begin, that is, the first of all, those of
// periods and memberships, and those after an absence or a conflict ends.
std::vector<Day> RemedyFinder::DaysOfChange(int expert, DayRange within) const {
  std::set<Day> days;
  const auto add = [&](Day day) {
    if (within.Contains(day)) days.insert(day);
  };
  if (within.empty()) return {};
  add(within.first);
  const v1::Period length = pool_.period_length();
  for (Day day = within.first; day <= within.last; day = DaysOf(PeriodOf(length, day)).last + 1) {
    add(day);
  }
  const ExpertRow& row = pool_.experts()[expert];
  for (const DayRange& range : row.unavailable) add(range.last + 1);
  if (row.partner >= 0) {
    const PartnerRow& partner = pool_.partners()[row.partner];
    for (const DayRange& range : partner.memberships) add(range.first);
    for (const ConflictRow& conflict : partner.conflicts) add(conflict.last + 1);
  }
  for (const ConflictRow& conflict : pool_.conflicts_of(row.person)) add(conflict.last + 1);
  return {days.begin(), days.end()};
}

// ---- Dates and prices ---------------------------------------------------------------------------

std::vector<PoolChange> RemedyFinder::DatesTo(int slot, Day last) const {
  const SlotRow& row = pool_.slots()[slot];
  std::vector<PoolChange> changes;
  if (row.window.last < last) {
    changes.push_back({.kind = v1::REMEDY_KIND_WINDOW_END,
                       .amount = last - row.window.last,
                       .slot = slot,
                       .to = last});
  }
  if (row.needed_by < last) {
    changes.push_back({.kind = v1::REMEDY_KIND_NEEDED_BY,
                       .amount = last - row.needed_by,
                       .slot = slot,
                       .to = last});
  }
  return changes;
}

void RemedyFinder::AddDates(int slot, std::vector<Changes>& candidates) const {
  const SlotRow& row = pool_.slots()[slot];
  if (row.window.empty() || row.needed_by == kFirstDay) return;
  const Day base = std::min(row.window.last, row.needed_by);
  const DayRange within{std::max(row.dates.first, base + 1), base + kMostDays};
  std::set<Day> days;
  for (const int expert : pool_.holders_of(row.topic)) {
    for (const Day day : DaysOfChange(expert, within)) days.insert(day);
  }
  // Expert and period in which the expert could start.
  std::set<std::pair<int, int32_t>> known;
  const auto look = [&](const SlotRow& at) {
    bool pays = false;
    for (const int expert : pool_.holders_of(row.topic)) {
      const ExpertRow& candidate = pool_.experts()[expert];
      const Verdict verdict = CheckGatesWithout(pool_, at, candidate, 0);
      ForEachPeriod(at, verdict.periods, [&](int32_t period) {
        if (!known.emplace(expert, period).second) return;
        const int64_t cost = CostOf(at, expert, candidate, verdict.periods);
        pays |= MayPay(slot, cost, WayFrom(expert, period));
      });
    }
    return pays;
  };
  if (!row.dates.empty()) look(row);
  for (const Day day : days) {
    Changes changes = DatesTo(slot, day);
    SlotRow then = row;
    then.window.last = std::max(then.window.last, day);
    then.needed_by = std::max(then.needed_by, day);
    pool_.SetStartDays(then);
    if (look(then)) candidates.push_back(std::move(changes));
  }
}

void RemedyFinder::AddPrices(int slot, std::vector<Changes>& candidates) const {
  int64_t least = 0;
  if (detours_.has_value()) {
    const std::optional<int64_t> shortfall = Shortfall(pool_, *plan_.network, to_done_, slot);
    if (!shortfall.has_value()) return;
    least = *shortfall;
  }
  const int64_t urgency = std::max<int64_t>(pool_.demands()[pool_.slots()[slot].demand].urgency,
                                            intake::v1::URGENCY_ROUTINE);
  for (int64_t to = urgency + 1; to <= intake::v1::URGENCY_CRITICAL; ++to) {
    if ((to - urgency) * pool_.policy().urgency_price() < least) continue;
    candidates.push_back(
        {{.kind = v1::REMEDY_KIND_URGENCY, .amount = to - urgency, .slot = slot, .to = to}});
  }
  candidates.push_back({{.kind = v1::REMEDY_KIND_UNASSIGNED_PRICE, .slot = slot}});
}

// ---- Trying -------------------------------------------------------------------------------------

// A run has an allowance of its own. Where less is left here, and it was used up, only a proved plan is sure to be the
// one that a run makes.
std::optional<Plan> RemedyFinder::MakePlan(const Pool& then) {
  const ProofAllowance of_a_run;
  ProofAllowance own{std::min(of_a_run.steps, allowance_.steps)};
  const int64_t begin = own.steps;
  absl::StatusOr<Plan> plan = SolvePlan(then, own);
  allowance_.steps -= begin - own.steps;
  const bool as_by_itself = begin == of_a_run.steps || own.steps > 0;
  all_known_ &= plan.ok() && plan->proved();
  if (!plan.ok() || !(as_by_itself || plan->proved())) return std::nullopt;
  return *std::move(plan);
}

bool RemedyFinder::Works(int slot, const Pool& then, const Plan& other) const {
  return other.open[slot] < plan_.open[slot] && MissingIn(other) < missing_ &&
         CheckPlan(then, other).ok();
}

std::optional<Remedy> RemedyFinder::TryCandidate(int slot, const Changes& changes) {
  if (changes.front().kind == v1::REMEDY_KIND_UNASSIGNED_PRICE) return TryUnassignedPrice(slot);
  const Pool then = Changed(pool_, changes);
  const std::optional<Plan> plan = MakePlan(then);
  if (!plan.has_value() || !Works(slot, then, *plan)) return std::nullopt;
  return Remedy{changes, Differences(pool_, plan_, *plan, slot)};
}

// Raises the price by what is short, which is never more than what is needed: one unit more of price takes
// at most one off. Where the price changes who is short of what, it does so again.
std::optional<Remedy> RemedyFinder::TryUnassignedPrice(int slot) {
  TriedPrice tried{pool_.policy().unassigned_price(), missing_, plan_.objective, false, {}};
  std::optional<int64_t> shortfall;
  if (detours_.has_value()) {
    shortfall = Shortfall(pool_, *plan_.network, to_done_, slot);
    if (!shortfall.has_value()) return std::nullopt;
  }
  for (int step = 0; shortfall.has_value() && step < kMostPriceSteps; ++step) {
    const int64_t price = tried.price + std::max<int64_t>(1, *shortfall);
    if (price > kHighestPrice) return std::nullopt;
    const PoolChange change = UnassignedPriceOf(pool_, price);
    const Pool then = Changed(pool_, {change});
    const std::optional<Plan> plan = MakePlan(then);
    if (!plan.has_value()) return std::nullopt;
    if (Works(slot, then, *plan)) {
      return Remedy{{change}, Differences(pool_, plan_, *plan, slot)};
    }
    tried = {price, MissingIn(*plan), plan->objective, false, {}};
    if (!IsWhole(*plan)) break;
    Detours detours(plan->network->network.problem(), plan->network->transport);
    shortfall = Shortfall(then, *plan->network, CostsToDone(*plan->network, detours), slot);
    if (!shortfall.has_value()) return std::nullopt;
  }
  return SearchUnassignedPrice(slot, std::move(tried));
}

// The dearer it is to leave people out, the fewer are left out; so where the highest price leaves out as many, each
// does. Else the prices that do not work and those that do are brought together.
std::optional<Remedy> RemedyFinder::SearchUnassignedPrice(int slot, TriedPrice below) {
  if (below.price >= kHighestPrice) return std::nullopt;
  std::optional<TriedPrice> above = TryPrice(slot, kHighestPrice);
  if (!above.has_value()) return std::nullopt;
  if (!above->works) {
    // Fewer may be left out of other slots, and at a price between of this one.
    all_known_ &= above->missing >= missing_;
    return std::nullopt;
  }
  for (int step = 1; above->price - below.price > 1; ++step) {
    std::optional<TriedPrice> between;
    if (step < kMostPriceSteps) between = TryPrice(slot, PriceBetween(below, *above));
    if (!between.has_value()) {
      all_known_ = false;
      return std::nullopt;
    }
    if (between->works) {
      above = std::move(between);
    } else {
      below = *std::move(between);
    }
  }
  return Remedy{{UnassignedPriceOf(pool_, above->price)}, std::move(above->plan_changes)};
}

std::optional<RemedyFinder::TriedPrice> RemedyFinder::TryPrice(int slot, int64_t price) {
  const Pool then = Changed(pool_, {UnassignedPriceOf(pool_, price)});
  const std::optional<Plan> plan = MakePlan(then);
  if (!plan.has_value()) return std::nullopt;
  TriedPrice tried{price, MissingIn(*plan), plan->objective, Works(slot, then, *plan), {}};
  if (tried.works) tried.plan_changes = Differences(pool_, plan_, *plan, slot);
  return tried;
}

// A plan costs what it costs at a price of 0, and the price for each who is missing. So the price at which both plans
// cost the same tells soonest where the one takes over; where as many are missing, the middle.
int64_t RemedyFinder::PriceBetween(const TriedPrice& below, const TriedPrice& above) {
  int64_t price = below.price + (above.price - below.price) / 2;
  if (const int64_t fewer = below.missing - above.missing; fewer > 0) {
    const int64_t dearer = (above.objective - above.missing * above.price) -
                           (below.objective - below.missing * below.price);
    price = dearer / fewer + (dearer % fewer > 0 ? 1 : 0);
  }
  return std::clamp(price, below.price + 1, above.price - 1);
}

}  // namespace critac::matching
