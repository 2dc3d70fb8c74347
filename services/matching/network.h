#ifndef SERVICES_MATCHING_NETWORK_H_
#define SERVICES_MATCHING_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "services/matching/assign.h"
#include "services/matching/canonical.h"
#include "services/matching/pool.h"
#include "services/matching/transport.h"

// The plan as a transport. README.md draws it.
namespace critac::matching {

// An eligible expert of a slot that misses people.
struct Pair {
  int slot = 0;
  int expert = 0;
  int64_t score_e6 = 0;
  // In any period but the kept one. Less the bonus, where the standing proposal has the pair and no period
  // is kept.
  int64_t cost = 0;
  // Periods in which the expert could start, as the verdict has them.
  PeriodSet periods = 0;
  // Which of the periods, counted from the slot's first, has the bonus alone: the standing proposal's, where
  // there are others beside it; -1: none.
  int kept = -1;
  // A standing proposal has it, in whichever period.
  bool stands = false;
};

// The number of the period that a pair has the bonus for; nothing: for none, or for all.
std::optional<int32_t> KeptPeriod(const Pool& pool, const Pair& pair);

// What a pair costs that starts in a period; and in that of its periods where it costs least.
int64_t CostIn(const Pool& pool, const Pair& pair, int32_t period);
int64_t LeastCost(const Pool& pool, const Pair& pair);

// The pair of an eligible expert with the slot.
Pair PairOf(const Pool& pool, int slot, int expert, PeriodSet periods);

// Every one of them, by slot, then by expert.
std::vector<Pair> EligiblePairs(const Pool& pool);

// There can be many millions of them, so the networks of a solve have them together.
using SharedPairs = std::shared_ptr<const std::vector<Pair>>;

// By expert and period: so many people at most start there, though there might be room for more.
using Allotted = std::map<std::pair<int, int32_t>, int64_t>;

// By expert whose limit open at once a network leaves out: what each assignment of theirs costs on top. Above 0.
using OpenPrices = std::map<int, int64_t>;

// Which limits a network keeps. Three kinds of limits overlap: an expert's assignments open at once
// (over all periods), a period's assignments of an expert, and a period's assignments of a partner.
// A flow can keep any two that nest.
struct NetworkLimits {
  // By partner: keep the partner's limits by period instead of its experts' limits open at once.
  std::vector<bool> by_period;
  // How experts whose assignments open at once it leaves out are kept from exceeding that.
  Allotted allotted;
  // What else keeps them from that, without forbidding it: so what the network costs, less these prices times the room
  // open at once, is what no plan costs less than, whatever the prices are.
  OpenPrices open_prices;
  // A pair that the plan must have: its place among the pairs.
  std::optional<int> forced;
};

// Units of an expert that fit a period, whatever else is planned: those left in the period and open
// at once.
int64_t RoomOf(const ExpertRow& expert, int32_t period);

// Price of a partner's next assignment when a plan gives it `planned` already: fairness, which grows
// with what it has in hand (up to a million, so that it fits whatever the input says), less what it
// is worth to come up to the minimum share. The partner takes no more than its maximum share.
int64_t PartnerPrice(const Pool& pool, int partner, int64_t planned);

// A limit that a network keeps: units go from one room to the next, at most so many. `to_room` is -1 where
// the units are done: of the program's capacity, and, without that, of a partner's maximum share.
struct LimitRoom {
  enum Kind {
    kExpertPeriod,
    kExpertOpen,
    kPartnerPeriod,
    kPartnerShare,
    kProgramOpen
  } kind = kExpertPeriod;
  // Expert or partner; of the program, 0.
  int row = 0;
  int32_t period = 0;
  int32_t from_room = 0;
  int32_t to_room = -1;
};

// How many of an expert's people start in a period.
struct ExpertUnits {
  int expert = 0;
  int32_t period = 0;
  int64_t units = 0;
};

class PlanNetwork {
 public:
  PlanNetwork(const Pool& pool, const std::vector<Pair>& pairs, const NetworkLimits& limits);

  const TransportProblem& problem() const { return problem_; }
  // How much there is of it to be built and gone through: slots, experts, pairs, rooms and arcs.
  int64_t size() const;
  // What each pair of slot and expert became.
  const std::vector<UnitArc>& pair_arcs() const { return pair_arcs_; }
  // In which order plans of the same price are gone through: whom standing proposals have, then who
  // starts in a kept period, then every pair.
  std::vector<UnitArc> Preferred() const;
  // Of each pair, whether it is in a transport of this network.
  std::vector<bool> ChosenIn(const Transport& transport) const;
  // Of each partner, how many pairs are in their kept periods in it.
  std::vector<int64_t> KeptIn(const Transport& transport) const;

  // Of each expert and period in which somebody could start, how many do in it; by expert, then by period.
  std::vector<ExpertUnits> UnitsOfExperts(const Transport& transport) const;

  // The pair of slot and expert that became this; nothing: none, as what records of one person share.
  std::optional<int> PairOf(const UnitArc& unit) const;

  // The pair that is in its kept period where this arc carries a unit; nothing: of none.
  std::optional<int> PairKeptBy(const UnitArc& unit) const;

  // Every limit that it keeps.
  std::vector<LimitRoom> Limits() const;

  // What a cheapest transport of this network says of prices.
  Prices PricesOf(const Transport& transport) const;

 private:
  // A room for an expert's assignments in one period.
  struct PeriodRoom {
    int32_t period = 0;
    int32_t room = 0;
  };

  void AddPartners();
  void AddExpert(int expert, const std::vector<int>& pairs_of_expert);
  int32_t PeriodRoomOf(int expert, int32_t period, std::vector<PeriodRoom>& rooms);
  int32_t PartnerPeriodRoomOf(int partner, int32_t period);
  int64_t LimitOf(int expert, int32_t period) const;
  int64_t OpenPriceOf(int expert) const;
  // The room that a pair leads to: the expert's assignments that may start in these periods, or the pair's
  // alone, where one of its periods is kept.
  int32_t StartRoomOf(int pair, std::vector<PeriodRoom>& period_rooms,
                      std::vector<std::pair<std::pair<int32_t, PeriodSet>, int32_t>>& start_rooms);
  int32_t AddKeptRoom(int pair, std::vector<PeriodRoom>& period_rooms);
  void AddSlots();
  void AddPairs(int first, int last);
  void AddForced();

  const Pool& pool_;
  const std::vector<Pair>& pairs_;
  const NetworkLimits& limits_;
  int64_t demand_ = 0;
  TransportProblem problem_;
  // Through it all partners' units go, where the program has a capacity; -1: it has none.
  int32_t program_room_ = -1;
  // By partner, expert; -1 where there is none.
  std::vector<int32_t> partner_rooms_;
  std::vector<int32_t> expert_rooms_;
  std::vector<int32_t> start_rooms_of_pairs_;
  std::vector<UnitArc> pair_arcs_;
  // By pair of the problem, and by arc: the pair of slot and expert, or -1.
  std::vector<int> pairs_of_entries_;
  absl::flat_hash_map<int32_t, int> pairs_of_arcs_;
  // By arc into a kept period: its pair. And by pair: the arc, or -1.
  absl::flat_hash_map<int32_t, int> pairs_of_kept_arcs_;
  std::vector<int32_t> kept_arcs_;
  struct PricedRoom {
    int row = 0;
    int32_t period = 0;
    int32_t room = 0;
    int32_t next = 0;
    // From the one to the other, and what it costs.
    int32_t arc = 0;
    int64_t cost = 0;
  };
  std::vector<PricedRoom> expert_periods_;
  std::vector<PricedRoom> partner_periods_;
  absl::flat_hash_map<std::pair<int, int32_t>, int32_t> partner_period_rooms_;
};

// A network and its solution.
struct SolvedNetwork {
  SolvedNetwork(const Pool& pool, SharedPairs its_pairs, NetworkLimits its_limits)
      : shared_pairs(std::move(its_pairs)),
        limits(std::move(its_limits)),
        network(pool, pairs, limits) {}
  SolvedNetwork(const SolvedNetwork&) = delete;
  SolvedNetwork& operator=(const SolvedNetwork&) = delete;

  // By slot, then by expert. Nothing: not eligible, or the slot misses nobody.
  std::optional<int> FindPair(int slot, int expert) const;

  const SharedPairs shared_pairs;
  const std::vector<Pair>& pairs = *shared_pairs;
  const NetworkLimits limits;
  const PlanNetwork network;
  Transport transport;
};

// Where chosen pairs start.
struct Placement {
  // By pair chosen: the number of the period; nothing where the limits by period leave none.
  std::vector<std::optional<int32_t>> periods;
};

// Of each partner, how many of the pairs start in their kept periods.
std::vector<int64_t> KeptIn(const Pool& pool, const std::vector<Pair>& chosen,
                            const Placement& placement);

// The number of the period in which a standing proposal has the expert start in the slot; nothing where
// it has not, or where the policy's periods are of another length.
std::optional<int32_t> StandingPeriodNumber(const Pool& pool, int slot, int expert);

// Places chosen pairs, by slot and expert, in periods within the limits by period of experts and
// partners: as many as possible; of these as many as possible in kept periods, where the policy has a bonus,
// and each, in turn, in its kept one that leaves the others before it theirs; and then each, in turn, in its
// first period that leaves the others theirs.
absl::StatusOr<Placement> PlaceInPeriods(const Pool& pool, const std::vector<Pair>& chosen);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_NETWORK_H_
