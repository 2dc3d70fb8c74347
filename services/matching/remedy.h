#ifndef SERVICES_MATCHING_REMEDY_H_
#define SERVICES_MATCHING_REMEDY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "services/matching/assign.h"
#include "services/matching/detour.h"
#include "services/matching/eligibility.h"
#include "services/matching/forcing.h"
#include "services/matching/network.h"
#include "services/matching/plan_use.h"
#include "services/matching/pool.h"
#include "services/matching/pool_change.h"

// What would fill a slot that a plan leaves open.
//
// A set of changes *works* where the plan of the pool so changed, solved anew, misses fewer people in
// the slot, and fewer in all: one that only takes somebody from another slot is none.
//
// The sets that are considered:
//   room     one unit more of one room, of whomever, that is used up by people of the plan, with those
//            agreed or held: an expert's assignments in a period or open at once, a partner's in a
//            period, or its maximum share, or the program's open at once. Who has it need not be eligible
//            for the slot: others may make place.
//   expert   of one expert, who is eligible or is out at one gate only: what passes the gate, where
//            it is to be passed; and one unit more of rooms that are used up for the expert in a
//            period, the expert's own, the partner's and the program's. At least one of these.
//   dates    a last day to start that is later, by at most a year: the slot's window, the day by which
//            the request needs help, or both, where both end before. Of such days the first ones by which
//            another expert, or one in another period, could start.
//   price    the request's urgency one or two steps higher; or the policy's price of leaving people
//            unassigned, by as little as fills the slot: by a millionth less it does not.
//
// Gates and what passes them:
//   MEMBERSHIP    an expert who is not active is made so. A partner's membership is the center's decision
//                 about the partner as a whole; nothing is offered.
//   TOPIC         the expert holds the topic at the level asked
//   DEMAND        the expert holds the credential through the last day to start; speaks the language;
//                 offers the mode. Where somebody has served, and how large the agency is, are facts;
//                 nothing is offered.
//   CONFLICT      never. Who has a conflict of interest, or is recused, may help only where a second
//                 person overrides it; that is for people to think of, not for this.
//   AVAILABILITY  the expert is free on one day on which the slot can start; of days in the same period
//                 that pass the other gates, the first
//   CAPACITY      room, as above. Nothing makes a person who is in the slot count twice.
//   TRAVEL        the expert travels as far as the agency is
//   DECLINED      never: no is no.
//
// Smaller is: fewer changes; then, change by change in the order of their kinds, first the kind (as
// v1::RemedyKind has them: room, dates, what an expert does, what an expert can, price), then how large
// it is; then the names. A set that has all of a smaller one that works is none.
namespace critac::matching {

struct Remedy {
  // In the order of their kinds.
  std::vector<PoolChange> changes;
  // What the plan then does otherwise, the slot itself first.
  std::vector<PlanChange> plan_changes;
};

struct Remedies {
  // Smallest first: at most kMostRemedies, and of sets of the same kinds at most kMostAlike.
  std::vector<Remedy> remedies;
  // Whether all the sets that might have been among them were tried: not where they are too many, nor
  // where the plan, or one that was made to try a set, is not proved the cheapest, or where the search is not wanted
  // any more.
  bool complete = true;
};

inline constexpr int kMostRemedies = 5;
inline constexpr int kMostAlike = 2;
// Sets tried for a slot, each by solving anew: once, but for a price, which is looked for in steps.
inline constexpr int kMostTries = 60;
inline constexpr int kMostPriceSteps = 16;
// Days by which a date is moved.
inline constexpr int kMostDays = 366;

inline bool IsAlwaysWanted() { return true; }

// Finds what would fill the open slots of a plan. Which sets are worth trying the residual graph of
// the plan says (detour.h): a room that no unit of the slot can reach, or that another slot would have
// sooner, is not. A plan that prices do not prove has no such graph; there all sets are tried, as far
// as kMostTries goes. What is found was tried, and the plan that came of it checked (certificate.h), so
// it works, whatever the graph leaves out. Not for several threads at once.
class RemedyFinder {
 public:
  // The pool and the plan must outlive it, and `is_wanted`, which is asked before each set is tried: once it says no,
  // the search stops.
  RemedyFinder(const Pool& pool, const Plan& plan,
               absl::FunctionRef<bool()> is_wanted = IsAlwaysWanted);

  // Nothing where the slot misses nobody in the plan.
  Remedies Find(int slot);

  // What is left for proofs of all plans that it makes anew, for whichever slot: at first as much as five
  // runs have. Where that is used up, a plan that is not proved is not taken for what the change leads to.
  ProofAllowance& allowance() { return allowance_; }

 private:
  using Changes = std::vector<PoolChange>;
  // A way through a room that is used up; to_room -1: done.
  struct FullRoom {
    PoolChange change;
    int32_t from_room = 0;
    int32_t to_room = -1;
    int64_t cost = 0;
    // Score that some pair gains by the change, at most.
    int64_t gain = 0;
    // What the best use of one unit more costs, less than 0 where it saves; and by slot what it costs a
    // unit to come there, kNone where it does not.
    int64_t best = 0;
    std::vector<int64_t> from_slot;
  };
  // An expert in a slot, with what would let the expert pass the gates.
  struct Entrant {
    int slot = 0;
    int expert = 0;
    ExpertRow row;
    std::optional<PoolChange> gate;
    PeriodSet periods = 0;
  };

  void FindFullRooms();
  void AddFullRoom(const PoolChange& change, int32_t from_room, int32_t to_room, int64_t cost);
  int64_t GainOf(const PoolChange& change) const;
  // People of the plan in a room.
  int64_t PlannedOpen(int expert) const;
  int64_t PlannedIn(int expert, int32_t period) const;
  int64_t PlannedOfPartner(int partner, int32_t period) const;

  std::optional<PoolChange> MoreOpen(int expert) const;
  std::optional<PoolChange> MoreInPeriod(int expert, int32_t period) const;
  std::optional<PoolChange> MoreOfPartner(int partner, int32_t period) const;
  std::optional<PoolChange> MoreShare(int partner) const;
  std::optional<PoolChange> MoreOfProgram() const;

  // Candidates of each kind, worth trying.
  void AddRooms(int slot, std::vector<Changes>& candidates) const;
  // Those that people of the plan are in, by its use alone.
  void AddRoomsInUse(std::vector<Changes>& candidates) const;
  void AddExperts(int slot, std::vector<Changes>& candidates) const;
  void AddEntrant(const Entrant& entrant, std::vector<Changes>& candidates) const;
  void AddSubsets(const Entrant& entrant, int32_t period, std::vector<Changes>& candidates) const;
  void AddDates(int slot, std::vector<Changes>& candidates) const;
  void AddPrices(int slot, std::vector<Changes>& candidates) const;

  std::vector<PoolChange> WaysThrough(int slot, int expert, v1::Gate gate) const;
  std::vector<Day> DaysOfChange(int expert, DayRange within) const;
  std::vector<PoolChange> DatesTo(int slot, Day last) const;

  // The least that a unit costs from an expert in a period to done; from a partner.
  int64_t WayFrom(int expert, int32_t period) const;
  int64_t WayFromPartner(int partner) const;
  int64_t CostOf(const SlotRow& slot, int expert, const ExpertRow& row, PeriodSet periods) const;
  bool MayPay(int slot, int64_t cost, int64_t way) const;

  // What a price of leaving people unassigned leads to.
  struct TriedPrice {
    int64_t price = 0;
    int64_t missing = 0;
    int64_t objective = 0;
    bool works = false;
    std::vector<PlanChange> plan_changes;
  };

  // The plan of a changed pool; nothing where it is not known. Keeps whether all of them are proved.
  std::optional<Plan> MakePlan(const Pool& then);
  // Whether it is a plan of the changed pool in which the slot is filled.
  bool Works(int slot, const Pool& then, const Plan& other) const;
  std::optional<Remedy> TryCandidate(int slot, const Changes& changes);
  // The smallest price of leaving people unassigned that works.
  std::optional<Remedy> TryUnassignedPrice(int slot);
  // The same where no ways say what is short: above a price that does not work.
  std::optional<Remedy> SearchUnassignedPrice(int slot, TriedPrice below);
  std::optional<TriedPrice> TryPrice(int slot, int64_t price);
  static int64_t PriceBetween(const TriedPrice& below, const TriedPrice& above);

  const Pool& pool_;
  const Plan& plan_;
  const absl::FunctionRef<bool()> is_wanted_;
  PlanUse use_;
  int64_t missing_ = 0;
  // Nothing where the plan is not the cheapest of its network: then everything is tried.
  std::optional<Detours> detours_;
  // By room, expert and period, partner.
  std::vector<int64_t> to_done_;
  std::map<std::pair<int, int32_t>, int32_t> period_rooms_;
  std::map<int, int32_t> partner_rooms_;
  int32_t program_room_ = -1;
  std::vector<std::vector<int>> pairs_of_experts_;
  std::optional<std::vector<FullRoom>> full_rooms_;
  ProofAllowance allowance_{5 * ProofAllowance{}.steps};
  // Of the slot that is looked at: whether nothing that was begun remained unknown.
  bool all_known_ = true;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_REMEDY_H_
