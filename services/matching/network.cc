#include "services/matching/network.h"

#include <algorithm>
#include <limits>

#include "common/status/error.h"
#include "services/matching/canonical.h"
#include "services/matching/eligibility.h"
#include "services/matching/memory_need.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

// Calls `visit` with the number of every period of a pair.
template <typename Visit>
void ForEachPeriod(const Pool& pool, const Pair& pair, Visit visit) {
  const int32_t first = pool.slots()[pair.slot].first_period;
  for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
    if ((pair.periods >> i & 1) != 0) visit(first + i);
  }
}

static_assert(int64_t{sizeof(Pair) + sizeof(UnitArc) + 5 * sizeof(int32_t)} == kPlanBytesPerPair,
              "what memory_need.h says of a pair in a plan");

}  // namespace

Pair PairOf(const Pool& pool, int slot, int expert, PeriodSet periods) {
  const std::vector<int>& standing = pool.slots()[slot].standing_experts;
  const bool stands = std::binary_search(standing.begin(), standing.end(), expert);
  const int64_t score = ScoreOf(pool, slot, expert, periods).total_e6;
  if (!stands) return {slot, expert, score, -score, periods};
  const int64_t bonus = pool.policy().stability_bonus();
  const std::optional<int32_t> period = StandingPeriodNumber(pool, slot, expert);
  const int64_t place = int64_t{period.value_or(0)} - pool.slots()[slot].first_period;
  const bool kept = period.has_value() && place >= 0 && place < kPeriodsPerSlot &&
                    (periods >> place & 1) != 0 && periods != PeriodSet{1} << place;
  if (!kept) return {slot, expert, score, -score - bonus, periods, -1, true};
  return {slot, expert, score, -score, periods, static_cast<int>(place), true};
}

std::optional<int32_t> KeptPeriod(const Pool& pool, const Pair& pair) {
  if (pair.kept < 0) return std::nullopt;
  return pool.slots()[pair.slot].first_period + pair.kept;
}

int64_t CostIn(const Pool& pool, const Pair& pair, int32_t period) {
  return pair.cost - (KeptPeriod(pool, pair) == period ? pool.policy().stability_bonus() : 0);
}

int64_t LeastCost(const Pool& pool, const Pair& pair) {
  return pair.cost - (pair.kept >= 0 ? pool.policy().stability_bonus() : 0);
}

std::vector<Pair> EligiblePairs(const Pool& pool) {
  std::vector<Pair> pairs;
  for (int slot = 0; slot < static_cast<int>(pool.slots().size()); ++slot) {
    const SlotRow& row = pool.slots()[slot];
    if (row.missing == 0) continue;
    for (const int expert : pool.holders_of(row.topic)) {
      const Verdict verdict = CheckGates(pool, slot, expert);
      if (verdict.eligible()) pairs.push_back(PairOf(pool, slot, expert, verdict.periods));
    }
  }
  return pairs;
}

int64_t PartnerPrice(const Pool& pool, int partner, int64_t planned) {
  constexpr int64_t kMost = 1'000'000;
  const PartnerRow& row = pool.partners()[partner];
  return pool.policy().fairness_price() * std::min(row.used_open + planned, kMost) -
         (planned < row.least ? pool.policy().minimum_share_price() : 0);
}

int64_t RoomOf(const ExpertRow& expert, int32_t period) {
  return std::min(expert.RoomIn(period), expert.RoomOpen());
}

PlanNetwork::PlanNetwork(const Pool& pool, const std::vector<Pair>& pairs,
                         const NetworkLimits& limits)
    : pool_(pool), pairs_(pairs), limits_(limits) {
  for (const SlotRow& slot : pool.slots()) demand_ += slot.missing;
  AddPartners();
  std::vector<std::vector<int>> pairs_of(pool.experts().size());
  for (int i = 0; i < static_cast<int>(pairs.size()); ++i) pairs_of[pairs[i].expert].push_back(i);
  start_rooms_of_pairs_.resize(pairs.size());
  kept_arcs_.assign(pairs.size(), -1);
  expert_rooms_.assign(pool.experts().size(), -1);
  for (int expert = 0; expert < static_cast<int>(pairs_of.size()); ++expert) {
    if (!pairs_of[expert].empty()) AddExpert(expert, pairs_of[expert]);
  }
  AddSlots();
}

// Runs of growing price, for one more than the partner can be given people: so, unless the maximum
// share is used up, the partner's price is never more than its next assignment's. They lead to done, or
// to the program's room.
void PlanNetwork::AddPartners() {
  if (pool_.policy().capacity_open() > 0) {
    program_room_ = problem_.AddRoom({{pool_.program_room(), 0}});
  }
  partner_rooms_.assign(pool_.partners().size(), -1);
  std::vector<int64_t> pairs_of(pool_.partners().size(), 0);
  for (const Pair& pair : pairs_) ++pairs_of[pool_.experts()[pair.expert].partner];
  for (int p = 0; p < static_cast<int>(partner_rooms_.size()); ++p) {
    if (pairs_of[p] == 0) continue;
    std::vector<TransportProblem::ExitRun> runs;
    const int64_t most = std::min(pool_.partners()[p].most, std::min(demand_, pairs_of[p]) + 1);
    for (int64_t k = 0; k < most; ++k) {
      const int64_t price = PartnerPrice(pool_, p, k);
      if (runs.empty() || runs.back().price != price) runs.push_back({0, price});
      ++runs.back().capacity;
    }
    if (program_room_ < 0) {
      partner_rooms_[p] = problem_.AddRoom(std::move(runs));
      continue;
    }
    partner_rooms_[p] = problem_.AddRoom();
    for (const TransportProblem::ExitRun& run : runs) {
      problem_.AddArc({partner_rooms_[p], program_room_, run.capacity, run.price});
    }
  }
}

int64_t PlanNetwork::LimitOf(int expert, int32_t period) const {
  const int64_t room = RoomOf(pool_.experts()[expert], period);
  const auto allotted = limits_.allotted.find({expert, period});
  return allotted == limits_.allotted.end() ? room : std::min(room, allotted->second);
}

int64_t PlanNetwork::OpenPriceOf(int expert) const {
  const int partner = pool_.experts()[expert].partner;
  if (partner < 0 || !limits_.by_period[partner]) return 0;
  const auto price = limits_.open_prices.find(expert);
  return price == limits_.open_prices.end() ? 0 : price->second;
}

int64_t PlanNetwork::size() const {
  return static_cast<int64_t>(pool_.slots().size() + pool_.experts().size() + pairs_.size() +
                              problem_.arcs.size()) +
         problem_.room_count();
}

void PlanNetwork::AddExpert(int expert, const std::vector<int>& pairs_of_expert) {
  const ExpertRow& row = pool_.experts()[expert];
  if (!limits_.by_period[row.partner]) {
    expert_rooms_[expert] = problem_.AddRoom();
    problem_.AddArc({expert_rooms_[expert], partner_rooms_[row.partner], row.RoomOpen(), 0});
  }
  std::vector<PeriodRoom> period_rooms;
  std::vector<std::pair<std::pair<int32_t, PeriodSet>, int32_t>> start_rooms;
  for (const int pair : pairs_of_expert) {
    start_rooms_of_pairs_[pair] = StartRoomOf(pair, period_rooms, start_rooms);
  }
}

int32_t PlanNetwork::PeriodRoomOf(int expert, int32_t period, std::vector<PeriodRoom>& rooms) {
  for (const PeriodRoom& known : rooms) {
    if (known.period == period) return known.room;
  }
  const int32_t room = problem_.AddRoom();
  const int32_t next = expert_rooms_[expert] >= 0
                           ? expert_rooms_[expert]
                           : PartnerPeriodRoomOf(pool_.experts()[expert].partner, period);
  const int64_t cost = OpenPriceOf(expert);
  const int32_t arc = problem_.AddArc({room, next, LimitOf(expert, period), cost});
  rooms.push_back({period, room});
  expert_periods_.push_back({expert, period, room, next, arc, cost});
  return room;
}

int32_t PlanNetwork::PartnerPeriodRoomOf(int partner, int32_t period) {
  const auto [entry, added] = partner_period_rooms_.try_emplace({partner, period}, 0);
  if (added) {
    entry->second = problem_.AddRoom();
    const int64_t room = pool_.partners()[partner].RoomIn(period);
    const int32_t arc = problem_.AddArc({entry->second, partner_rooms_[partner], room, 0});
    partner_periods_.push_back({partner, period, entry->second, partner_rooms_[partner], arc});
  }
  return entry->second;
}

int32_t PlanNetwork::StartRoomOf(
    int index, std::vector<PeriodRoom>& period_rooms,
    std::vector<std::pair<std::pair<int32_t, PeriodSet>, int32_t>>& start_rooms) {
  const Pair& pair = pairs_[index];
  if (pair.kept >= 0) return AddKeptRoom(index, period_rooms);
  int shift = 0;
  while ((pair.periods >> shift & 1) == 0) ++shift;
  const int32_t first = pool_.slots()[pair.slot].first_period + shift;
  const std::pair<int32_t, PeriodSet> key(first, pair.periods >> shift);
  for (const auto& [known, room] : start_rooms) {
    if (known == key) return room;
  }
  int32_t room = -1;
  if (key.second == 1) {
    room = PeriodRoomOf(pair.expert, first, period_rooms);
  } else {
    room = problem_.AddRoom();
    ForEachPeriod(pool_, pair, [&](int32_t period) {
      problem_.AddArc({room, PeriodRoomOf(pair.expert, period, period_rooms), demand_, 0});
    });
  }
  start_rooms.emplace_back(key, room);
  return room;
}

int32_t PlanNetwork::AddKeptRoom(int pair, std::vector<PeriodRoom>& period_rooms) {
  const Pair& kept = pairs_[pair];
  const int32_t room = problem_.AddRoom();
  ForEachPeriod(pool_, kept, [&](int32_t period) {
    const int32_t to = PeriodRoomOf(kept.expert, period, period_rooms);
    const int64_t price = CostIn(pool_, kept, period) - kept.cost;
    const int32_t arc = problem_.AddArc({room, to, 1, price});
    if (KeptPeriod(pool_, kept) != period) return;
    pairs_of_kept_arcs_[arc] = pair;
    kept_arcs_[pair] = arc;
  });
  return room;
}

void PlanNetwork::AddSlots() {
  pair_arcs_.resize(pairs_.size());
  int first = 0;
  for (int s = 0; s < static_cast<int>(pool_.slots().size()); ++s) {
    const SlotRow& slot = pool_.slots()[s];
    const bool forced = limits_.forced.has_value() && pairs_[*limits_.forced].slot == s;
    problem_.AddRow(slot.missing - (forced ? 1 : 0), slot.open_price);
    int last = first;
    while (last < static_cast<int>(pairs_.size()) && pairs_[last].slot == s) ++last;
    AddPairs(first, last);
    first = last;
  }
  if (limits_.forced.has_value()) AddForced();
}

// A team is of different people: where records of one person stand beside each other in a slot for
// several, they share a room that lets one of them through.
void PlanNetwork::AddPairs(int first, int last) {
  const auto person_of = [this](int pair) { return pool_.experts()[pairs_[pair].expert].person; };
  const int forced_person =
      limits_.forced.has_value() && *limits_.forced >= first && *limits_.forced < last
          ? person_of(*limits_.forced)
          : -1;
  const bool team = problem_.demand.back() > 1;
  absl::flat_hash_map<int, int> records;
  if (team) {
    for (int pair = first; pair < last; ++pair) ++records[person_of(pair)];
  }
  absl::flat_hash_map<int, int32_t> shared;
  for (int pair = first; pair < last; ++pair) {
    const int person = person_of(pair);
    if (person == forced_person) {
      pair_arcs_[pair] = {UnitArc::kNone, 0};
    } else if (!team || records[person] == 1) {
      pair_arcs_[pair] = {UnitArc::kPair, static_cast<int32_t>(problem_.entry.size())};
      problem_.AddPair(start_rooms_of_pairs_[pair], static_cast<int32_t>(pairs_[pair].cost));
      pairs_of_entries_.push_back(pair);
    } else {
      const auto [entry, added] = shared.try_emplace(person, 0);
      if (added) {
        entry->second = problem_.AddRoom();
        problem_.AddPair(entry->second, 0);
        pairs_of_entries_.push_back(-1);
      }
      const int32_t arc =
          problem_.AddArc({entry->second, start_rooms_of_pairs_[pair], 1, pairs_[pair].cost});
      pair_arcs_[pair] = {UnitArc::kArc, arc};
      pairs_of_arcs_[arc] = pair;
    }
  }
}

// A row of its own, which stays open at no price that a plan can save: a pair displaces five others at
// most, of its expert's period, of its expert, of its partner's period, of its partner's share, and of the
// program; and it saves no more of the prices of room open at once than each of the six pays.
void PlanNetwork::AddForced() {
  const Pair& pair = pairs_[*limits_.forced];
  int64_t dearest = 0;
  for (const SlotRow& slot : pool_.slots()) dearest = std::max(dearest, slot.open_price);
  int64_t cheapest = 0;
  for (const Pair& one : pairs_) cheapest = std::min(cheapest, LeastCost(pool_, one));
  int64_t lowest = 0;
  int64_t highest = 0;
  for (int p = 0; p < static_cast<int>(pool_.partners().size()); ++p) {
    lowest = std::min(lowest, PartnerPrice(pool_, p, 0));
    highest = std::max(highest, PartnerPrice(pool_, p, demand_));
  }
  int64_t dearest_open = 0;
  for (const auto& [expert, price] : limits_.open_prices) {
    dearest_open = std::max(dearest_open, price);
  }
  problem_.AddRow(1, 6 * (dearest - cheapest + highest - lowest + dearest_open) + 1);
  pair_arcs_[*limits_.forced] = {UnitArc::kPair, static_cast<int32_t>(problem_.entry.size())};
  problem_.AddPair(start_rooms_of_pairs_[*limits_.forced], static_cast<int32_t>(pair.cost));
  pairs_of_entries_.push_back(*limits_.forced);
}

std::optional<int> PlanNetwork::PairOf(const UnitArc& unit) const {
  if (unit.kind == UnitArc::kPair) {
    const int pair = pairs_of_entries_[unit.index];
    return pair < 0 ? std::nullopt : std::make_optional(pair);
  }
  const auto found = pairs_of_arcs_.find(unit.index);
  return found == pairs_of_arcs_.end() ? std::nullopt : std::make_optional(found->second);
}

std::optional<int> PlanNetwork::PairKeptBy(const UnitArc& unit) const {
  if (unit.kind != UnitArc::kArc) return std::nullopt;
  const auto found = pairs_of_kept_arcs_.find(unit.index);
  return found == pairs_of_kept_arcs_.end() ? std::nullopt : std::make_optional(found->second);
}

std::vector<UnitArc> PlanNetwork::Preferred() const {
  std::vector<UnitArc> order;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    if (pairs_[i].stands) order.push_back(pair_arcs_[i]);
  }
  for (const int32_t arc : kept_arcs_) {
    if (arc >= 0) order.push_back({UnitArc::kArc, arc});
  }
  for (size_t i = 0; i < pairs_.size(); ++i) {
    if (!pairs_[i].stands) order.push_back(pair_arcs_[i]);
  }
  return order;
}

std::vector<int64_t> PlanNetwork::KeptIn(const Transport& transport) const {
  std::vector<int64_t> kept(pool_.partners().size(), 0);
  for (const auto& [arc, pair] : pairs_of_kept_arcs_) {
    kept[pool_.experts()[pairs_[pair].expert].partner] += transport.arc_units[arc];
  }
  return kept;
}

std::vector<ExpertUnits> PlanNetwork::UnitsOfExperts(const Transport& transport) const {
  std::vector<ExpertUnits> all;
  for (const PricedRoom& one : expert_periods_) {
    all.push_back({one.row, one.period, transport.arc_units[one.arc]});
  }
  std::sort(all.begin(), all.end(), [](const ExpertUnits& a, const ExpertUnits& b) {
    return std::make_pair(a.expert, a.period) < std::make_pair(b.expert, b.period);
  });
  return all;
}

std::optional<int> SolvedNetwork::FindPair(int slot, int expert) const {
  const auto pair = std::lower_bound(pairs.begin(), pairs.end(), std::make_pair(slot, expert),
                                     [](const Pair& one, const std::pair<int, int>& meant) {
                                       return std::make_pair(one.slot, one.expert) < meant;
                                     });
  if (pair == pairs.end() || pair->slot != slot || pair->expert != expert) return std::nullopt;
  return static_cast<int>(pair - pairs.begin());
}

std::vector<bool> PlanNetwork::ChosenIn(const Transport& transport) const {
  std::vector<bool> chosen(pairs_.size(), false);
  for (size_t i = 0; i < pairs_.size(); ++i) {
    const UnitArc& arc = pair_arcs_[i];
    if (arc.kind == UnitArc::kPair) {
      chosen[i] = std::binary_search(transport.used.begin(), transport.used.end(), arc.index);
    } else if (arc.kind == UnitArc::kArc) {
      chosen[i] = transport.arc_units[arc.index] > 0;
    }
  }
  return chosen;
}

std::vector<LimitRoom> PlanNetwork::Limits() const {
  std::vector<LimitRoom> all;
  for (const PricedRoom& one : expert_periods_) {
    all.push_back({LimitRoom::kExpertPeriod, one.row, one.period, one.room, one.next});
  }
  for (const PricedRoom& one : partner_periods_) {
    all.push_back({LimitRoom::kPartnerPeriod, one.row, one.period, one.room, one.next});
  }
  for (int e = 0; e < static_cast<int>(expert_rooms_.size()); ++e) {
    if (expert_rooms_[e] < 0) continue;
    const int32_t next = partner_rooms_[pool_.experts()[e].partner];
    all.push_back({LimitRoom::kExpertOpen, e, 0, expert_rooms_[e], next});
  }
  for (int p = 0; p < static_cast<int>(partner_rooms_.size()); ++p) {
    if (partner_rooms_[p] < 0) continue;
    all.push_back({LimitRoom::kPartnerShare, p, 0, partner_rooms_[p], program_room_});
  }
  if (program_room_ >= 0) all.push_back({LimitRoom::kProgramOpen, 0, 0, program_room_, -1});
  return all;
}

Prices PlanNetwork::PricesOf(const Transport& transport) const {
  const std::vector<int64_t>& room_prices = transport.room_prices;
  Prices prices;
  prices.slots.assign(transport.row_prices.begin(),
                      transport.row_prices.begin() + static_cast<int64_t>(pool_.slots().size()));
  if (program_room_ >= 0) prices.program = std::max<int64_t>(0, room_prices[program_room_]);
  for (size_t p = 0; p < partner_rooms_.size(); ++p) {
    prices.partners.push_back(partner_rooms_[p] < 0
                                  ? PartnerPrice(pool_, static_cast<int>(p), 0)
                                  : room_prices[partner_rooms_[p]] - prices.program);
  }
  for (size_t e = 0; e < expert_rooms_.size(); ++e) {
    const int32_t room = expert_rooms_[e];
    prices.experts_open.push_back(
        room < 0
            ? OpenPriceOf(static_cast<int>(e))
            : std::max<int64_t>(
                  0, room_prices[room] - room_prices[partner_rooms_[pool_.experts()[e].partner]]));
  }
  const auto read = [&](const std::vector<PricedRoom>& rooms, auto& into) {
    for (const PricedRoom& one : rooms) {
      const int64_t price = room_prices[one.room] - room_prices[one.next] - one.cost;
      if (price > 0) into.emplace_back(one.row, one.period, price);
    }
    std::sort(into.begin(), into.end());
  };
  read(expert_periods_, prices.expert_periods);
  read(partner_periods_, prices.partner_periods);
  return prices;
}

std::optional<int32_t> StandingPeriodNumber(const Pool& pool, int slot, int expert) {
  const std::optional<Period> standing = pool.slots()[slot].StandingPeriod(expert);
  const bool comparable =
      standing.has_value() && standing->length == PeriodOf(pool.period_length(), 0).length;
  return comparable ? std::make_optional(standing->number) : std::nullopt;
}

std::vector<int64_t> KeptIn(const Pool& pool, const std::vector<Pair>& chosen,
                            const Placement& placement) {
  std::vector<int64_t> kept(pool.partners().size(), 0);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const std::optional<int32_t> period = KeptPeriod(pool, chosen[i]);
    if (!period.has_value() || placement.periods[i] != period) continue;
    ++kept[pool.experts()[chosen[i].expert].partner];
  }
  return kept;
}

absl::StatusOr<Placement> PlaceInPeriods(const Pool& pool, const std::vector<Pair>& chosen) {
  TransportProblem problem;
  absl::flat_hash_map<std::pair<int, int32_t>, int32_t> expert_rooms, partner_rooms;
  const auto partner_room = [&](int partner, int32_t period) {
    const auto [entry, added] = partner_rooms.try_emplace({partner, period}, 0);
    if (added) entry->second = problem.AddRoom({{pool.partners()[partner].RoomIn(period), 0}});
    return entry->second;
  };
  const auto expert_room = [&](int expert, int32_t period) {
    const auto [entry, added] = expert_rooms.try_emplace({expert, period}, 0);
    if (added) {
      const ExpertRow& row = pool.experts()[expert];
      const int32_t next = partner_room(row.partner, period);
      entry->second = problem.AddRoom();
      problem.AddArc({entry->second, next, RoomOf(row, period), 0});
    }
    return entry->second;
  };
  std::vector<int32_t> periods;
  std::vector<UnitArc> kept;
  const int32_t price_of_move = pool.policy().stability_bonus() > 0 ? 1 : 0;
  // To leave one without a period costs more than to move all of them.
  const int64_t unplaced = static_cast<int64_t>(chosen.size()) + 1;
  for (const Pair& pair : chosen) {
    problem.AddRow(1, unplaced);
    const std::optional<int32_t> to_keep = KeptPeriod(pool, pair);
    ForEachPeriod(pool, pair, [&](int32_t period) {
      if (period == to_keep) kept.push_back({UnitArc::kPair, static_cast<int32_t>(periods.size())});
      problem.AddPair(expert_room(pair.expert, period),
                      period == to_keep.value_or(period) ? 0 : price_of_move);
      periods.push_back(period);
    });
  }
  ASSIGN_OR_RETURN(Transport transport, SolveTransport(problem));
  MakeCanonical(problem, kept, transport);
  Placement placement;
  placement.periods.resize(chosen.size());
  int32_t row = 0;
  for (const int32_t pair : transport.used) {
    while (pair >= problem.row_begin[row + 1]) ++row;
    placement.periods[row] = periods[pair];
  }
  return placement;
}

}  // namespace critac::matching
