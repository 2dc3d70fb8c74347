#include "services/matching/certificate.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "services/matching/eligibility.h"
#include "services/matching/memory_need.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

using absl::int128;

absl::Status Wrong(const std::string& what) {
  return absl::InternalError(absl::StrCat("the plan does not hold: ", what));
}

// Checks one plan. It shares the gates and the score with the solver, which say what is to be solved,
// and nothing of how it is solved.
class Checker {
 public:
  // A pair that the plan has to have, in a period or in any.
  struct Forced {
    int slot = 0;
    int expert = 0;
    std::optional<int32_t> period;
  };
  Checker(const Pool& pool, const Plan& plan, std::optional<Forced> forced)
      : pool_(pool), plan_(plan), forced_(forced) {}

  absl::Status Check() {
    for (const auto step :
         {&Checker::CheckShape, &Checker::CheckForced, &Checker::CheckUnits, &Checker::CheckLimits,
          &Checker::CheckObjective, &Checker::CheckPrices, &Checker::CheckBound}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    if (plan_.optimal()) {
      if (absl::Status status = CheckSlackness(); !status.ok()) return status;
    }
    if (plan_.cases.empty()) return absl::OkStatus();
    LeaveOutDearPairs();
    // Each case prices its pairs anew.
    priced_.clear();
    return CheckCases();
  }

 private:
  using Key = std::pair<int, int32_t>;
  // People of an expert who start in a period, at most.
  using CaseLimits = std::map<Key, int64_t>;

  const SlotRow& Slot(int slot) const { return pool_.slots()[slot]; }
  const ExpertRow& Expert(int expert) const { return pool_.experts()[expert]; }
  std::string Name(int slot) const { return absl::StrCat(Slot(slot).request, " ", Slot(slot).id); }
  std::string Name(int slot, int expert) const {
    return absl::StrCat(Name(slot), " with ", Expert(expert).name);
  }

  bool IsOfThisPool(const Prices& prices) const {
    return prices.slots.size() == pool_.slots().size() &&
           prices.partners.size() == pool_.partners().size() &&
           prices.experts_open.size() == pool_.experts().size();
  }

  absl::Status CheckShape() {
    const size_t slots = pool_.slots().size();
    const size_t experts = pool_.experts().size();
    if (plan_.open.size() != slots || !IsOfThisPool(plan_.prices)) {
      return Wrong("it is not of this pool");
    }
    for (const PlanUnit& unit : plan_.units) {
      if (unit.slot < 0 || unit.slot >= static_cast<int>(slots) || unit.expert < 0 ||
          unit.expert >= static_cast<int>(experts)) {
        return Wrong("a unit is not of this pool");
      }
    }
    if (!std::is_sorted(plan_.units.begin(), plan_.units.end())) {
      return Wrong("its units are not in order");
    }
    return absl::OkStatus();
  }

  bool IsForcedIn(int slot) const { return forced_.has_value() && forced_->slot == slot; }

  // People of a slot who are free to be anybody, or nobody.
  int64_t FreeIn(int slot) const { return Slot(slot).missing - (IsForcedIn(slot) ? 1 : 0); }

  absl::Status CheckForced() {
    if (!forced_.has_value()) return absl::OkStatus();
    const PlanUnit* unit = plan_.FindUnit(forced_->slot, forced_->expert);
    const std::string name = Name(forced_->slot, forced_->expert);
    if (unit == nullptr) return Wrong(absl::StrCat(name, " is not in it"));
    if (forced_->period.value_or(unit->period) == unit->period) return absl::OkStatus();
    return Wrong(absl::StrCat(name, " is not in it in that period"));
  }

  absl::Status CheckUnits() {
    for (const PlanUnit& unit : plan_.units) {
      const Verdict verdict = CheckGates(pool_, unit.slot, unit.expert);
      const std::string name = Name(unit.slot, unit.expert);
      if (!verdict.eligible()) return Wrong(absl::StrCat(name, " is out at a gate"));
      const int64_t place = int64_t{unit.period} - Slot(unit.slot).first_period;
      if (place < 0 || place >= kPeriodsPerSlot || (verdict.periods >> place & 1) == 0) {
        return Wrong(absl::StrCat(name, " cannot start in that period"));
      }
      const Score score = ScoreOf(pool_, unit.slot, unit.expert, verdict.periods);
      if (score.total_e6 != unit.score_e6) return Wrong(absl::StrCat(name, " has another score"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckLimits() {
    absl::flat_hash_map<std::pair<int, int>, int> of_person;
    std::vector<int64_t> of_slot(pool_.slots().size(), 0);
    std::vector<int64_t> of_expert(pool_.experts().size(), 0);
    for (const PlanUnit& unit : plan_.units) {
      const ExpertRow& expert = Expert(unit.expert);
      if (++of_person[{unit.slot, expert.person}] > 1) {
        return Wrong(absl::StrCat(Name(unit.slot, unit.expert), " is one person twice"));
      }
      ++of_slot[unit.slot];
      if (++of_expert[unit.expert] > expert.RoomOpen()) {
        return Wrong(absl::StrCat(expert.name, " has more open at once than its capacity"));
      }
      if (++expert_periods_[{unit.expert, unit.period}] > expert.RoomIn(unit.period)) {
        return Wrong(absl::StrCat(expert.name, " has more in a period than its capacity"));
      }
      const PartnerRow& partner = pool_.partners()[expert.partner];
      if (++partner_periods_[{expert.partner, unit.period}] > partner.RoomIn(unit.period)) {
        return Wrong(absl::StrCat(partner.name, " has more in a period than its capacity"));
      }
      if (++partners_[expert.partner] > partner.most) {
        return Wrong(absl::StrCat(partner.name, " has more than its maximum share"));
      }
      units_of_[{unit.slot, unit.expert}] = unit.period;
    }
    if (static_cast<int64_t>(plan_.units.size()) > pool_.program_room()) {
      return Wrong("the program has more open at once than its capacity");
    }
    experts_ = std::move(of_expert);
    int64_t people = 0;
    for (size_t s = 0; s < of_slot.size(); ++s) {
      people += pool_.slots()[s].missing;
      if (plan_.open[s] < 0 || plan_.open[s] + of_slot[s] != pool_.slots()[s].missing) {
        return Wrong(absl::StrCat(Name(static_cast<int>(s)), " counts its people wrongly"));
      }
    }
    if (plan_.unit_count != people) return Wrong("it counts the people asked for wrongly");
    return absl::OkStatus();
  }

  // Price of the partner's assignment after `count` of this plan.
  int128 NextPrice(int partner, int64_t count) const {
    const int64_t used = std::min<int64_t>(pool_.partners()[partner].used_open + count, 1'000'000);
    const bool below_share = count < pool_.partners()[partner].least;
    return int128(pool_.policy().fairness_price()) * used -
           (below_share ? pool_.policy().minimum_share_price() : 0);
  }

  // An eligible pair that starts in one of its periods.
  int128 CostOfPair(int slot, int expert, PeriodSet periods, int32_t period,
                    int64_t score_e6) const {
    return -int128(score_e6) -
           (HasBonus(slot, expert, periods, period) ? pool_.policy().stability_bonus() : 0);
  }

  // The bonus is for who stands in the period in which they stand; in any, where they cannot start in
  // that one, or where it is not said.
  bool HasBonus(int slot, int expert, PeriodSet periods, int32_t period) const {
    const std::vector<int>& standing = Slot(slot).standing_experts;
    if (std::find(standing.begin(), standing.end(), expert) == standing.end()) return false;
    const std::optional<Period> stands_in = Slot(slot).StandingPeriod(expert);
    if (!stands_in.has_value()) return true;
    for (int i = 0; i < kPeriodsPerSlot && periods >> i != 0; ++i) {
      const bool open = (periods >> i & 1) != 0;
      const int32_t number = Slot(slot).first_period + i;
      const v1::Period length = PeriodOf(pool_.period_length(), 0).length;
      if (open && *stands_in == Period{length, number}) return period == number;
    }
    return true;
  }

  absl::Status CheckObjective() {
    int128 cost = 0;
    for (const PlanUnit& unit : plan_.units) {
      cost += CostOfUnit(unit.slot, unit.expert, unit.period);
    }
    for (size_t s = 0; s < plan_.open.size(); ++s) {
      cost += int128(plan_.open[s]) * pool_.slots()[s].open_price;
    }
    for (const auto& [partner, count] : partners_) {
      for (int64_t k = 0; k < count; ++k) cost += NextPrice(partner, k);
    }
    if (cost != plan_.objective) return Wrong("its objective is not what its units cost");
    return absl::OkStatus();
  }

  // Only finite, not negative prices bound anything.
  absl::Status CheckPrices() {
    if (plan_.prices.program < 0) return Wrong("the price of the program's capacity is negative");
    for (const int64_t price : plan_.prices.experts_open) {
      if (price < 0) return Wrong("a price of an expert's assignment open at once is negative");
    }
    for (const auto& [expert, period, price] : plan_.prices.expert_periods) {
      if (expert < 0 || expert >= static_cast<int>(pool_.experts().size()) || price < 0 ||
          !expert_prices_.try_emplace({expert, period}, price).second) {
        return Wrong("a price of an expert's period is negative, twice, or of nobody");
      }
    }
    for (const auto& [partner, period, price] : plan_.prices.partner_periods) {
      if (partner < 0 || partner >= static_cast<int>(pool_.partners().size()) || price < 0 ||
          !partner_prices_.try_emplace({partner, period}, price).second) {
        return Wrong("a price of a partner's period is negative, twice, or of nobody");
      }
    }
    for (size_t s = 0; s < pool_.slots().size(); ++s) {
      const SlotRow& slot = pool_.slots()[s];
      if (FreeIn(static_cast<int>(s)) > 0 && plan_.prices.slots[s] > slot.open_price) {
        return Wrong(absl::StrCat(Name(static_cast<int>(s)), " costs more filled than left open"));
      }
    }
    return absl::OkStatus();
  }

  static int64_t PriceIn(const absl::flat_hash_map<Key, int64_t>& prices, const Key& key) {
    const auto found = prices.find(key);
    return found == prices.end() ? 0 : found->second;
  }

  // What a pair costs at the prices, in one period, less what its slot pays.
  int128 ReducedCost(int slot, int expert, int32_t period, int128 cost) const {
    const int partner = Expert(expert).partner;
    return cost + PriceIn(expert_prices_, {expert, period}) + plan_.prices.experts_open[expert] +
           PriceIn(partner_prices_, {partner, period}) + plan_.prices.partners[partner] +
           plan_.prices.program - plan_.prices.slots[slot];
  }

  // An eligible pair, as the gates and the score have it, whatever the prices are.
  struct JudgedPair {
    int expert = 0;
    int person = 0;
    PeriodSet periods = 0;
    int64_t score_e6 = 0;
  };

  // All of a slot's, persons together.
  std::vector<JudgedPair> JudgedPairs(int slot) const {
    std::vector<JudgedPair> pairs;
    for (int expert = 0; expert < static_cast<int>(pool_.experts().size()); ++expert) {
      const Verdict verdict = CheckGates(pool_, slot, expert);
      if (!verdict.eligible()) continue;
      const int64_t score_e6 = ScoreOf(pool_, slot, expert, verdict.periods).total_e6;
      pairs.push_back({expert, Expert(expert).person, verdict.periods, score_e6});
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const JudgedPair& a, const JudgedPair& b) { return a.person < b.person; });
    return pairs;
  }

  // The least over its periods.
  int128 LeastReducedCost(int slot, const JudgedPair& pair) const {
    const bool forced = IsForcedIn(slot) && forced_->expert == pair.expert;
    int128 least = absl::Int128Max();
    for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
      if ((pair.periods >> i & 1) == 0) continue;
      const int32_t period = Slot(slot).first_period + i;
      if (forced && forced_->period.value_or(period) != period) continue;
      const int128 cost = CostOfPair(slot, pair.expert, pair.periods, period, pair.score_e6);
      least = std::min(least, ReducedCost(slot, pair.expert, period, cost));
    }
    return least;
  }

  // An eligible pair at the prices.
  struct PricedPair {
    int expert = 0;
    int person = 0;
    int128 reduced = 0;
  };
  // Where there are cases, all pairs are kept as they were judged, while they are priced.
  static_assert(kPlanBytesPerPair + int64_t{2 * sizeof(PricedPair) + 2 * sizeof(JudgedPair)} <=
                    kSolveBytesPerPair,
                "what memory_need.h says of the check");

  // In the order in which they were judged.
  std::vector<PricedPair> PricedPairs(int slot, const std::vector<JudgedPair>& judged) const {
    std::vector<PricedPair> pairs;
    pairs.reserve(judged.size());
    for (const JudgedPair& pair : judged) {
      pairs.push_back({pair.expert, pair.person, LeastReducedCost(slot, pair)});
    }
    return pairs;
  }

  absl::Status CheckBound() {
    int128 bound = 0;
    int64_t pair_count = 0;
    if (absl::Status status = AddUpBound(bound, pair_count); !status.ok()) return status;
    if (pair_count != plan_.pair_count) return Wrong("it counts the eligible pairs wrongly");
    if (bound != plan_.bound) return Wrong("its bound is not what its prices prove");
    if (plan_.bound > plan_.objective) return Wrong("its bound is above its objective");
    return absl::OkStatus();
  }

  // The least that any plan can cost, if what is scarce is paid at the prices. Every plan pays at
  // most this less than it costs, whatever the prices are; that is why it is a bound.
  absl::Status AddUpBound(int128& bound, int64_t& pair_count) {
    priced_.resize(pool_.slots().size());
    judged_.resize(pool_.slots().size());
    for (int s = 0; s < static_cast<int>(pool_.slots().size()); ++s) {
      const int64_t missing = Slot(s).missing;
      if (missing == 0) continue;
      bound += int128(missing) * plan_.prices.slots[s];
      if (known_pairs_ != nullptr) {
        priced_[s] = PricedPairs(s, (*known_pairs_)[s]);
      } else {
        std::vector<JudgedPair> judged = JudgedPairs(s);
        priced_[s] = PricedPairs(s, judged);
        if (!plan_.cases.empty()) judged_[s] = std::move(judged);
      }
      pair_count += static_cast<int64_t>(priced_[s].size());
      bound += LeastOverPersons(s);
    }
    bound -= int128(plan_.prices.program) * pool_.program_room();
    for (int e = 0; e < static_cast<int>(pool_.experts().size()); ++e) {
      bound -= int128(plan_.prices.experts_open[e]) * Expert(e).RoomOpen();
    }
    for (const auto& [key, price] : expert_prices_) {
      bound -= int128(price) * RoomOf(key);
    }
    for (const auto& [key, price] : partner_prices_) {
      bound -= int128(price) * pool_.partners()[key.first].RoomIn(key.second);
    }
    for (int p = 0; p < static_cast<int>(pool_.partners().size()); ++p) {
      int128 least = 0;
      if (!LeastOfPartner(p, least)) return Wrong("a partner's price bounds nothing");
      bound += least;
    }
    return absl::OkStatus();
  }

  // A plan with a pair costs the bound at least, and what the pair is dearer at its prices than what the bound has
  // counted for the person in the slot. Where that is no less than the objective, no cheaper plan has the pair, so the
  // cases need not count with it.
  void LeaveOutDearPairs() {
    for (size_t s = 0; s < priced_.size(); ++s) {
      const std::vector<PricedPair>& pairs = priced_[s];
      std::vector<JudgedPair> kept;
      for (size_t first = 0, end = 0; first < pairs.size(); first = end) {
        int128 least = 0;
        for (; end < pairs.size() && pairs[end].person == pairs[first].person; ++end) {
          least = std::min(least, pairs[end].reduced);
        }
        for (size_t i = first; i < end; ++i) {
          const bool forced = IsForcedIn(static_cast<int>(s)) && forced_->expert == pairs[i].expert;
          const bool is_dear = plan_.bound + (pairs[i].reduced - least) >= plan_.objective;
          if (forced || !is_dear) kept.push_back(judged_[s][i]);
        }
      }
      judged_[s] = std::move(kept);
    }
  }

  absl::Status CheckCases() {
    size_t next = 0;
    std::set<CaseLimits> proved;
    if (absl::Status status = CheckCase({}, next, proved); !status.ok()) return status;
    if (next != plan_.cases.size()) return Wrong("a case of its proof is none of another one's");
    return absl::OkStatus();
  }

  // Checks the next case, which has these limits, and those into which it is divided. `proved`: the limits of those
  // that are proved by now.
  absl::Status CheckCase(const CaseLimits& limits, size_t& next, std::set<CaseLimits>& proved) {
    if (next == plan_.cases.size()) return Wrong("its proof leaves a case out");
    const ProofCase& one = plan_.cases[next++];
    if (one.expert >= static_cast<int>(pool_.experts().size())) {
      return Wrong("a case of its proof is not of this pool");
    }
    if (one.expert < 0) {
      if (!one.prices.has_value()) {
        return proved.contains(limits) ? absl::OkStatus()
                                       : Wrong("a case of its proof has no prices");
      }
      if (absl::Status status = CheckCasePrices(*one.prices, limits); !status.ok()) return status;
      proved.insert(limits);
      return absl::OkStatus();
    }
    std::set<int32_t> periods;
    int128 people = 0;
    for (const auto& [period, fewer_than] : one.fewer_than) {
      if (fewer_than < 1 || !periods.insert(period).second) {
        return Wrong("a case of its proof is divided by nobody, or by a period twice");
      }
      people += fewer_than;
    }
    // Who has as many in each of the periods has more than that in all.
    if (people <= Expert(one.expert).RoomOpen()) {
      return Wrong("its proof divides a case and leaves plans out");
    }
    for (const auto& [period, fewer_than] : one.fewer_than) {
      CaseLimits part = limits;
      int64_t& most = part.try_emplace({one.expert, period}, fewer_than - 1).first->second;
      most = std::min(most, fewer_than - 1);
      if (absl::Status status = CheckCase(part, next, proved); !status.ok()) return status;
    }
    proved.insert(limits);
    return absl::OkStatus();
  }

  // That at these prices no plan within the limits is cheaper.
  absl::Status CheckCasePrices(const Prices& prices, const CaseLimits& limits) const {
    if (!IsOfThisPool(prices)) return Wrong("a case of its proof is not of this pool");
    Plan priced;
    priced.prices = prices;
    Checker checker(pool_, priced, forced_);
    checker.case_limits_ = limits;
    checker.known_pairs_ = &judged_;
    if (absl::Status status = checker.CheckPrices(); !status.ok()) return status;
    int128 bound = 0;
    int64_t pair_count = 0;
    if (absl::Status status = checker.AddUpBound(bound, pair_count); !status.ok()) return status;
    if (bound < plan_.objective) return Wrong("a case of its proof may have a cheaper plan");
    return absl::OkStatus();
  }

  // A slot takes a person once: of each person the cheapest record, where that is below the price. The
  // pair that has to be there is taken whatever it costs, and it takes its person.
  int128 LeastOverPersons(int slot) const {
    const std::vector<PricedPair>& pairs = priced_[slot];
    int128 sum = 0;
    for (size_t i = 0; i < pairs.size();) {
      int128 least = 0;
      std::optional<int128> forced;
      const int person = pairs[i].person;
      for (; i < pairs.size() && pairs[i].person == person; ++i) {
        least = std::min(least, pairs[i].reduced);
        if (IsForcedIn(slot) && forced_->expert == pairs[i].expert) forced = pairs[i].reduced;
      }
      if (forced.has_value()) {
        sum += *forced;
      } else if (FreeIn(slot) > 0) {
        sum += least;
      }
    }
    return sum;
  }

  // An expert's limit in a period is also that of all periods together.
  int64_t RoomOf(const Key& expert_period) const {
    const ExpertRow& expert = Expert(expert_period.first);
    const int64_t room = std::min(expert.RoomIn(expert_period.second), expert.RoomOpen());
    const auto most = case_limits_.find(expert_period);
    return most == case_limits_.end() ? room : std::min(room, most->second);
  }

  // The least of fairness less price over any number of assignments. False where it has none: each
  // assignment more would be cheaper still.
  bool LeastOfPartner(int partner, int128& least) const {
    const int128 price = plan_.prices.partners[partner];
    const int64_t most = pool_.partners()[partner].most;
    least = 0;
    for (int64_t k = 0; k < most && NextPrice(partner, k) < price; ++k) {
      if (k > 4'000'000) return false;
      least += NextPrice(partner, k) - price;
    }
    return true;
  }

  absl::Status CheckSlackness() {
    for (int s = 0; s < static_cast<int>(priced_.size()); ++s) {
      // There a pair may be dearer than what is not used; the bound has counted it so.
      if (IsForcedIn(s)) continue;
      if (absl::Status status = CheckSlotSlackness(s); !status.ok()) return status;
    }
    for (int e = 0; e < static_cast<int>(pool_.experts().size()); ++e) {
      if (plan_.prices.experts_open[e] > 0 && experts_[e] < Expert(e).RoomOpen()) {
        return Wrong(absl::StrCat(Expert(e).name, " has a price and is not used up"));
      }
    }
    for (const auto& [key, price] : expert_prices_) {
      if (price > 0 && CountIn(expert_periods_, key) < RoomOf(key)) {
        return Wrong(absl::StrCat(Expert(key.first).name, " has a price in a period with room"));
      }
    }
    for (const auto& [key, price] : partner_prices_) {
      const PartnerRow& partner = pool_.partners()[key.first];
      if (price > 0 && CountIn(partner_periods_, key) < partner.RoomIn(key.second)) {
        return Wrong(absl::StrCat(partner.name, " has a price in a period with room"));
      }
    }
    if (plan_.prices.program > 0 &&
        static_cast<int64_t>(plan_.units.size()) < pool_.program_room()) {
      return Wrong("the program has a price and room");
    }
    return CheckPartnerSlackness();
  }

  template <typename Map, typename MapKey>
  static int64_t CountIn(const Map& map, const MapKey& key) {
    const auto found = map.find(key);
    return found == map.end() ? 0 : found->second;
  }

  absl::Status CheckPartnerSlackness() const {
    for (int p = 0; p < static_cast<int>(pool_.partners().size()); ++p) {
      const int64_t count = CountIn(partners_, p);
      const int128 price = plan_.prices.partners[p];
      const bool more = count < pool_.partners()[p].most;
      if ((more && price > NextPrice(p, count)) || (count > 0 && price < NextPrice(p, count - 1))) {
        return Wrong(absl::StrCat(pool_.partners()[p].name, " has a price that is not fair"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckSlotSlackness(int slot) const {
    if (plan_.open[slot] > 0 && plan_.prices.slots[slot] < Slot(slot).open_price) {
      return Wrong(absl::StrCat(Name(slot), " is open though filling it is cheaper"));
    }
    const std::vector<PricedPair>& pairs = priced_[slot];
    for (size_t i = 0; i < pairs.size();) {
      int128 least = 0;
      int used = -1;
      int128 used_reduced = 0;
      const int person = pairs[i].person;
      for (; i < pairs.size() && pairs[i].person == person; ++i) {
        least = std::min(least, pairs[i].reduced);
        const auto unit = units_of_.find({slot, pairs[i].expert});
        if (unit == units_of_.end()) continue;
        used = pairs[i].expert;
        const int128 cost = CostOfUnit(slot, used, unit->second);
        used_reduced = ReducedCost(slot, used, unit->second, cost);
      }
      if (used < 0 && least < 0) {
        return Wrong(absl::StrCat(Name(slot, pairs[i - 1].expert), " is cheaper and not used"));
      }
      if (used >= 0 && used_reduced != least) {
        return Wrong(absl::StrCat(Name(slot, used), " is used and something else is cheaper"));
      }
    }
    return absl::OkStatus();
  }

  int128 CostOfUnit(int slot, int expert, int32_t period) const {
    const PeriodSet periods = CheckGates(pool_, slot, expert).periods;
    const int64_t score_e6 = ScoreOf(pool_, slot, expert, periods).total_e6;
    return CostOfPair(slot, expert, periods, period, score_e6);
  }

  const Pool& pool_;
  const Plan& plan_;
  const std::optional<Forced> forced_;
  CaseLimits case_limits_;
  // Units of the plan.
  std::vector<int64_t> experts_;
  absl::flat_hash_map<int, int64_t> partners_;
  absl::flat_hash_map<Key, int64_t> expert_periods_;
  absl::flat_hash_map<Key, int64_t> partner_periods_;
  absl::flat_hash_map<std::pair<int, int>, int32_t> units_of_;
  // Prices by key.
  absl::flat_hash_map<Key, int64_t> expert_prices_;
  absl::flat_hash_map<Key, int64_t> partner_prices_;
  // By slot: pairs at the prices; where there are cases, as they were judged, less those that are left out. Of a case:
  // those of the whole, where they are known.
  std::vector<std::vector<PricedPair>> priced_;
  std::vector<std::vector<JudgedPair>> judged_;
  const std::vector<std::vector<JudgedPair>>* known_pairs_ = nullptr;
};

}  // namespace

absl::Status CheckPlan(const Pool& pool, const Plan& plan) {
  return Checker(pool, plan, std::nullopt).Check();
}

absl::Status CheckPlanWith(const Pool& pool, const Plan& plan, int slot, int expert,
                           std::optional<int32_t> period) {
  return Checker(pool, plan, Checker::Forced{slot, expert, period}).Check();
}

}  // namespace critac::matching
