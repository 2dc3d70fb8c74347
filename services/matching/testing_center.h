#ifndef SERVICES_MATCHING_TESTING_CENTER_H_
#define SERVICES_MATCHING_TESTING_CENTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

// A small center for the tests of matching: what a test does not say is such that every expert is
// eligible for every slot.
namespace critac::matching {

// Topic `topics/de-escalation`, "De-escalation".
inline constexpr absl::string_view kTopic = "topics/de-escalation";

struct Center {
  Center();

  // 2026-11-20.
  absl::CivilDay today{2026, 11, 20};
  // Quarters; topic fit only; leaving open costs 2,000,000; nothing for waiting, urgency, fairness.
  v1::Policy policy;
  // The topic; delivery types `deliveryTypes/virtual` (no lead time) and `deliveryTypes/training`
  // (on site, 30 days).
  intake::v1::Catalog catalog;
  std::vector<v1::Partner> partners;
  std::vector<v1::Expert> experts;
  std::vector<v1::Conflict> conflicts;
  std::vector<v1::Identity> identities;
  std::vector<v1::Demand> demands;
  std::vector<v1::CapacityUse> uses;
  std::vector<v1::Assignment> held;
  std::vector<v1::Proposal> proposals;

  // A member from always, without a limit of its own.
  v1::Partner& AddPartner(absl::string_view id);
  // Active, holds the topic as expert, three assignments a period and ten open at once.
  v1::Expert& AddExpert(absl::string_view id, absl::string_view partner_id = "nsa");
  // Ready today, with one slot `s1` for one person, virtual, 2026-12-01 to 2026-12-31; of an agency
  // of its own, `agencies/ID`, municipal, 25 to 49 sworn, Utah.
  v1::Demand& AddDemand(absl::string_view id);
  intake::v1::Slot& AddSlot(v1::Demand& demand, absl::string_view slot_id);
  v1::Conflict& AddConflict(absl::string_view expert_id, absl::string_view agency_id,
                            v1::ConflictKind kind);
  // `experts/e1` and another one, or `agencies/a1` and another one.
  v1::Identity& AddIdentity(absl::string_view first, absl::string_view second,
                            v1::IdentityState state = v1::IDENTITY_STATE_CONFIRMED);
  void Use(absl::string_view owner, absl::string_view period, int used);

  PoolInput Input() const;
  // Fails the test where the pool cannot be built.
  Pool Build() const;
};

// A busy center with 60 topics, of which every expert holds `held`; made of the same numbers each time.
Center BusyCenter(int requests, int partners, int experts, int held);

// A busy year in which limits of all kinds bind at once: 300 requests, two thirds of them for one quarter; ten partners
// with seven people a quarter each; experts with one to four people open at once, and with one to three a quarter; and
// 180 people open at once in the program.
Center ScarceYear(int experts, int held);

// A center in which limits overlap: the partner has one assignment a quarter, e1 one in all. Only e1 can do r1, in
// 2026Q4 only; e1 or, in 2026Q4, e2 can do r2. Without the partner's limit each would have one, without that of e1 it
// would have both; with the two limits only r1 is filled, which is more urgent by 100,000, and no prices prove that
// this is the best.
Center OverlappingCenter();

// `2026-12-05`.
v1::DateRange Dates(absl::string_view start, absl::string_view end);

// Rows by id; fail the test where there is none.
int ExpertIn(const Pool& pool, absl::string_view id);
int SlotIn(const Pool& pool, absl::string_view demand_id, absl::string_view slot_id = "s1");

// The plan, solved and checked; fails the test where it does not hold.
Plan Solved(const Pool& pool);

// The cheapest plan with an expert in a slot, with an allowance of its own; `period` as in SolvePlanWith.
absl::StatusOr<Plan> SolvedWith(const Pool& pool, int slot, int expert,
                                std::optional<int32_t> period = std::nullopt);

// What a plan has, as text: `fy27-1/s1 e1 2026Q4`.
std::vector<std::string> TextOf(const Pool& pool, const Plan& plan);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TESTING_CENTER_H_
