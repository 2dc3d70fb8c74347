// Goal: what the plan promises holds for any pool, not only for those somebody thought of.
// Method: thousands of small random pools from a printed seed, few and coarse numbers so that ties
// and exhausted limits are the rule; every plan is checked by its certificate, against all plans
// there are, and against the same pool in another order.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "services/matching/certificate.h"
#include "services/matching/eligibility.h"
#include "services/matching/explain.h"
#include "services/matching/forcing.h"
#include "services/matching/network.h"
#include "services/matching/plan_round.h"
#include "services/matching/proposal.h"
#include "services/matching/rank.h"
#include "services/matching/score.h"
#include "services/matching/testing_center.h"
#include "services/matching/testing_every_plan.h"
#include "services/matching/testing_transport.h"

namespace critac::matching {
namespace {

constexpr uint32_t kSeed = 20261120;

struct Shape {
  int partners = 2;
  int experts = 5;
  int demands = 3;
  int people = 2;
  bool partner_limits = true;
};

constexpr const char* kWindows[][2] = {{"2026-12-01", "2026-12-31"},
                                       {"2027-01-01", "2027-03-31"},
                                       {"2026-12-01", "2027-02-28"},
                                       {"2026-12-15", "2027-06-30"}};

Center RandomCenter(Dice& dice, const Shape& shape) {
  Center center;
  center.policy.set_unassigned_price(dice.Between(0, 3) * 500000);
  center.policy.set_urgency_price(dice.Between(0, 1) * 333333);
  center.policy.set_fairness_price(dice.Between(0, 3) * 166667);
  center.policy.set_stability_bonus(dice.Between(0, 2) * 333333);
  for (int p = 0; p < shape.partners; ++p) {
    v1::Partner& partner = center.AddPartner(absl::StrCat("p", p));
    if (shape.partner_limits && dice.OneIn(2)) partner.set_capacity_per_period(dice.Between(1, 2));
    if (dice.OneIn(3)) center.Use(partner.name(), "open", dice.Between(1, 2));
  }
  if (dice.OneIn(4)) center.policy.set_capacity_open(dice.Between(2, 6));
  if (dice.OneIn(2)) {
    center.policy.set_minimum_share_price(dice.Between(0, 3) * 400000);
    v1::PartnerShare& share = *center.policy.add_partner_shares();
    share.set_partner(center.partners[0].name());
    share.set_minimum_e6(dice.Between(0, 5) * 100000);
    share.set_maximum_e6(dice.OneIn(2) ? 0 : share.minimum_e6() + dice.Between(0, 4) * 50000);
  }
  for (int e = 0; e < shape.experts; ++e) {
    v1::Expert& expert = center.AddExpert(absl::StrCat("e", e),
                                          absl::StrCat("p", dice.Between(0, shape.partners - 1)));
    expert.mutable_topics(0)->set_level(static_cast<intake::v1::Level>(dice.Between(1, 3)));
    expert.set_capacity_per_period(dice.Between(0, 2));
    expert.set_capacity_open(dice.Between(1, 3));
    expert.add_emails(absl::StrCat("person", dice.OneIn(4) ? 0 : e, "@example.org"));
    if (dice.OneIn(4)) *expert.add_unavailable() = Dates("2026-12-01", "2026-12-31");
    if (dice.OneIn(4)) center.Use(expert.name(), "2027Q1", 1);
  }
  for (int d = 0; d < shape.demands; ++d) {
    v1::Demand& demand = center.AddDemand(absl::StrCat("r", d));
    demand.set_urgency(static_cast<intake::v1::Urgency>(dice.Between(1, 3)));
    intake::v1::Slot& slot = *demand.mutable_slots(0);
    const auto& window = kWindows[dice.Between(0, 3)];
    slot.set_window_start(window[0]);
    slot.set_window_end(window[1]);
    slot.set_people(dice.Between(1, shape.people));
    if (dice.OneIn(3)) slot.set_minimum_level(intake::v1::LEVEL_PRACTITIONER);
    if (dice.OneIn(4)) demand.add_declined(absl::StrCat("s1 experts/e", dice.Between(0, 4)));
    if (dice.OneIn(3)) {
      v1::Proposal& proposal = center.proposals.emplace_back();
      proposal.set_request(demand.request());
      proposal.set_state(v1::PROPOSAL_STATE_OPEN);
      v1::Assignment* standing = proposal.add_assignments();
      standing->set_slot("s1");
      standing->set_expert(absl::StrCat("experts/e", dice.Between(0, 4)));
      standing->set_period(d % 2 == 0 ? "2027Q1" : "2026Q4");
    }
  }
  return center;
}

void Shuffle(Center& center, Dice& dice) {
  std::shuffle(center.partners.begin(), center.partners.end(), dice.engine());
  std::shuffle(center.experts.begin(), center.experts.end(), dice.engine());
  std::shuffle(center.demands.begin(), center.demands.end(), dice.engine());
  std::shuffle(center.uses.begin(), center.uses.end(), dice.engine());
  std::shuffle(center.proposals.begin(), center.proposals.end(), dice.engine());
}

// That a plan so changed costs what is said.
void ExpectPriceOfChanges(const Pool& pool, const Plan& plan, const ForcedPlan& forced) {
  std::map<int, int64_t> partners;
  for (const PlanUnit& unit : plan.units) ++partners[pool.experts()[unit.expert].partner];
  const auto cost_of = [&](int slot, int expert, int32_t period) -> int64_t {
    if (expert < 0) return pool.slots()[slot].open_price;
    return CostIn(pool, plan.network->pairs[*plan.network->FindPair(slot, expert)], period);
  };
  const auto fairness = [&] {
    int64_t sum = 0;
    for (const auto& [partner, units] : partners) {
      for (int64_t k = 0; k < units; ++k) {
        sum += PartnerPrice(pool, partner, k);
      }
    }
    return sum;
  };
  int64_t price = -fairness();
  for (const PlanChange& change : forced.changes) {
    price += cost_of(change.slot, change.to_expert, change.to_period) -
             cost_of(change.slot, change.from_expert, change.from_period);
    if (change.from_expert >= 0) --partners[pool.experts()[change.from_expert].partner];
    if (change.to_expert >= 0) ++partners[pool.experts()[change.to_expert].partner];
  }
  EXPECT_EQ(price + fairness(), forced.price);
}

TEST(PlanProperties, WithoutPartnersLimitsThePlanIsTheFirstOfTheCheapest) {
  std::cout << "seed " << kSeed << "\n";
  Dice dice(kSeed);
  for (int round = 0; round < 2000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Shape shape;
    shape.partner_limits = false;
    const Pool pool = RandomCenter(dice, shape).Build();
    const Plan plan = Solved(pool);
    const EveryPlan every(pool);
    EXPECT_EQ(plan.objective, every.cost());
    EXPECT_TRUE(plan.optimal());
    EXPECT_EQ(plan.units, every.units());
  }
}

TEST(PlanProperties, WithPartnersLimitsThePlanIsBoundedAndNearlyAlwaysTheCheapest) {
  std::cout << "seed " << kSeed + 1 << "\n";
  Dice dice(kSeed + 1);
  int not_proved = 0;
  int by_cases = 0;
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const Pool pool = RandomCenter(dice, Shape{}).Build();
    const Plan plan = Solved(pool);
    const EveryPlan every(pool);
    EXPECT_LE(plan.bound, every.cost());
    EXPECT_GE(plan.objective, every.cost());
    by_cases += plan.cases.empty() ? 0 : 1;
    if (plan.proved()) {
      EXPECT_EQ(plan.objective, every.cost());
    } else {
      ++not_proved;
    }
  }
  std::cout << by_cases << " of " << kRounds << " proved by cases, " << not_proved
            << " not proved the cheapest\n";
  EXPECT_GT(by_cases, 0);
  EXPECT_LT(by_cases, kRounds / 50);
  EXPECT_LE(not_proved, kRounds / 1000);
}

// Goal: what the proofs rest on where limits overlap: whatever room open at once is said to cost, no plan is cheaper
// than what the network then says. Method: any prices, in pools small enough for all plans; and the check, which shares
// nothing with the network, computes the same bound from its prices.
TEST(PlanProperties, WhateverRoomOpenAtOnceCostsNoPlanIsCheaperThanTheBound) {
  std::cout << "seed " << kSeed + 8 << "\n";
  Dice dice(kSeed + 8);
  int higher = 0;
  for (int round = 0; round < 1000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const Pool pool = RandomCenter(dice, Shape{}).Build();
    const auto pairs = std::make_shared<const std::vector<Pair>>(EligiblePairs(pool));
    NetworkLimits limits;
    limits.by_period.assign(pool.partners().size(), true);
    const absl::StatusOr<Round> without = SolveRound(pool, pairs, limits);
    ASSERT_TRUE(without.ok()) << without.status();
    for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
      if (dice.OneIn(4)) limits.open_prices[e] = dice.Between(1, 30) * 100'000;
    }
    const absl::StatusOr<Round> with = SolveRound(pool, pairs, limits);
    ASSERT_TRUE(with.ok()) << with.status();
    higher += with->bound > without->bound ? 1 : 0;
    EXPECT_LE(with->bound, EveryPlan(pool).cost());
    Plan plan = Solved(pool);
    plan.bound = with->bound;
    plan.prices = with->network->network.PricesOf(with->network->transport);
    plan.cases.clear();
    const absl::Status checked = CheckPlan(pool, plan);
    EXPECT_TRUE(checked.ok()) << checked;
  }
  EXPECT_GT(higher, 3);
}

TEST(PlanProperties, TheSameCenterInAnotherOrderHasTheSamePlan) {
  std::cout << "seed " << kSeed + 2 << "\n";
  Dice dice(kSeed + 2);
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Shape shape{3, 12, 8, 3, round % 2 == 0};
    Center center = RandomCenter(dice, shape);
    const Pool pool = center.Build();
    const Plan plan = Solved(pool);
    Shuffle(center, dice);
    const Pool shuffled = center.Build();
    const Plan again = Solved(shuffled);
    EXPECT_EQ(TextOf(pool, plan), TextOf(shuffled, again));
    EXPECT_EQ(plan.objective, again.objective);
    EXPECT_EQ(plan.bound, again.bound);
    EXPECT_EQ(plan.open, again.open);
  }
}

// Goal: what forcing a pair costs is exact, and the plan it tells of is a plan. Method: every pair of
// many pools is compared with a plan made anew with the pair in it.
TEST(PlanProperties, ForcingAPairCostsWhatThePlanWithItCosts) {
  std::cout << "seed " << kSeed + 4 << "\n";
  Dice dice(kSeed + 4);
  int compared = 0;
  int chains = 0;
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const Pool pool = RandomCenter(dice, {2, 6, 5, 2, round % 2 == 0}).Build();
    const Plan plan = Solved(pool);
    Forcing forcing(pool, plan);
    for (int s = 0; s < static_cast<int>(pool.slots().size()); ++s) {
      for (const Forcing::Price& price : forcing.PricesOf(s)) {
        const absl::StatusOr<Plan> with = SolvedWith(pool, s, price.expert);
        if (!with.ok()) {
          EXPECT_EQ(with.status().code(), absl::StatusCode::kFailedPrecondition) << with.status();
          if (ReasonOf(with.status()) == "NO_PLAN_WITH_PAIR") {
            EXPECT_EQ(price.price, std::nullopt);
            EXPECT_TRUE(forcing.NoPlanHas(s, price.expert));
          }
          continue;
        }
        EXPECT_FALSE(forcing.NoPlanHas(s, price.expert));
        if (!plan.proved() || !with->proved()) continue;
        const absl::Status checked = CheckPlanWith(pool, *with, s, price.expert);
        EXPECT_TRUE(checked.ok()) << checked;
        ASSERT_TRUE(price.price.has_value());
        EXPECT_EQ(*price.price, with->objective - plan.objective);
        ++compared;
        const std::optional<ForcedPlan> forced = forcing.Force(s, price.expert);
        EXPECT_EQ(forced->price, *price.price);
        if (forced->changes.empty()) {
          EXPECT_NE(plan.FindUnit(s, price.expert), nullptr);
          continue;
        }
        EXPECT_EQ(forced->changes[0].slot, s);
        EXPECT_EQ(forced->changes[0].to_expert, price.expert);
        chains += forced->changes.size() > 1 ? 1 : 0;
        ExpectPriceOfChanges(pool, plan, *forced);
      }
    }
  }
  EXPECT_GT(compared, 1000);
  EXPECT_GT(chains, 100);
}

// Goal: where limits overlap, so that no prices prove the plan, what forcing a pair costs is exact all the same.
// Method: of many pools those whose plan is proved by cases; there every pair is compared with all plans that have it.
TEST(PlanProperties,
     WhereThePlanIsProvedByCasesForcingAPairCostsWhatTheCheapestOfAllPlansWithItCosts) {
  std::cout << "seed " << kSeed + 6 << "\n";
  Dice dice(kSeed + 6);
  int compared = 0;
  int without_plan = 0;
  int not_known = 0;
  for (int round = 0; round < 6000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const Pool pool = RandomCenter(dice, Shape{}).Build();
    const Plan plan = Solved(pool);
    if (plan.cases.empty()) continue;
    EXPECT_EQ(plan.objective, EveryPlan(pool).cost());
    Forcing forcing(pool, plan);
    for (int s = 0; s < static_cast<int>(pool.slots().size()); ++s) {
      for (const Forcing::Price& price : forcing.PricesOf(s)) {
        const EveryPlan with(pool, std::make_pair(s, price.expert));
        if (with.cost() == INT64_MAX) {
          EXPECT_EQ(price.price, std::nullopt);
          ++without_plan;
        } else if (price.price.has_value()) {
          EXPECT_EQ(*price.price, with.cost() - plan.objective);
          EXPECT_FALSE(forcing.NoPlanHas(s, price.expert));
          ++compared;
        } else {
          ++not_known;
        }
      }
    }
  }
  std::cout << compared << " compared, " << without_plan << " in no plan, " << not_known
            << " not known\n";
  EXPECT_GT(compared, 50);
  EXPECT_LE(not_known, compared / 20);
}

// Scores are at most so high then, and prices scaled with them.
void ScalePrices(v1::Policy& policy, int64_t most) {
  constexpr int64_t kWhole = 1'000'000;
  const auto scaled = [&](int64_t price) { return price * most / kWhole; };
  policy.set_unassigned_price(scaled(policy.unassigned_price()));
  policy.set_urgency_price(scaled(policy.urgency_price()));
  policy.set_fairness_price(scaled(policy.fairness_price()));
  policy.set_stability_bonus(scaled(policy.stability_bonus()));
  policy.set_minimum_share_price(scaled(policy.minimum_share_price()));
  // Nobody has served in an agency, so that is worth nothing to anyone.
  policy.mutable_weights()->set_topic_fit(most);
  policy.mutable_weights()->set_peer_similarity(kWhole - most);
}

// Whether an expert who is eligible for a slot has a partner that may have somebody in the plan.
bool SomebodyMayServe(const Pool& pool, int slot) {
  const std::vector<RankedExpert> eligible =
      RankEligible(pool, slot, static_cast<int>(pool.experts().size()));
  return std::any_of(eligible.begin(), eligible.end(), [&](const RankedExpert& one) {
    return pool.partners()[pool.experts()[one.expert].partner].most > 0;
  });
}

// What a place in a slot can be worth to others, at most. Five of them may have to make place: of the
// expert's period, of the expert, of the partner's period, of the partner's maximum share, and of the
// program. Each is worth at most the dearest price, a score, the bonus, and a step to the minimum share;
// and the partner's next person costs no more than one more would after all that anybody asks for.
int64_t MostOthersPay(const Pool& pool, int64_t highest_score) {
  int64_t dearest = 0;
  for (const SlotRow& slot : pool.slots()) dearest = std::max(dearest, slot.open_price);
  const v1::Policy& policy = pool.policy();
  return 5 * (dearest + highest_score + policy.stability_bonus() + policy.minimum_share_price()) +
         pool.people_count() * policy.fairness_price();
}

// Goal: no request starves. A slot whose price of staying open is above what any others could pay gets
// somebody, if anybody may serve there; and waiting alone brings every slot there, however little a day
// of it weighs: its price grows by the same amount each day, without bound, while those of the others are
// what they are.
// Method: in many pools, each demand in turn is made to wait so long that its price passes twice what
// others could pay. A day weighs from one millionth of a score on; where it weighs little, all else is
// scaled with it, so that the wait begins after 1900, before which there are no days. Where limits
// overlap, a plan says how far from the best it can be at most (`bound`); only where that is more than
// the price is above what others could pay, nobody may have been found.
TEST(PlanProperties, WhoeverWaitsLongEnoughIsServed) {
  std::cout << "seed " << kSeed + 5 << "\n";
  Dice dice(kSeed + 5);
  int served = 0;
  int served_only_now = 0;
  int served_beside_shares = 0;
  int served_by_small_weights = 0;
  int not_said = 0;
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Center center = RandomCenter(dice, {2, 4, 5, 2, round % 2 == 0});
    int64_t weight = dice.Between(1, 9);
    for (int tens = dice.Between(0, 5); tens > 0; --tens) weight *= 10;
    const int64_t highest_score = std::min<int64_t>(1'000'000, 500 * weight);
    center.policy.set_waiting_price_per_day(weight);
    ScalePrices(center.policy, highest_score);
    const Pool before = center.Build();
    const Plan plan = Solved(before);
    for (int d = 0; d < static_cast<int>(center.demands.size()); ++d) {
      const int slot = SlotIn(before, absl::StrCat("r", d));
      if (before.slots()[slot].missing == 0 || !SomebodyMayServe(before, slot)) continue;
      const int64_t most_others_pay = MostOthersPay(before, highest_score);
      Center late = center;
      const int64_t days = 2 * most_others_pay / weight + 1;
      google::protobuf::Timestamp& ready = *late.demands[d].mutable_ready_time();
      ready.set_seconds(ready.seconds() - days * 86400);
      const Pool pool = late.Build();
      const int64_t open_price = pool.slots()[slot].open_price;
      ASSERT_EQ(open_price, before.slots()[slot].open_price + days * weight);
      const Plan with = Solved(pool);
      if (open_price - most_others_pay <= with.objective - with.bound) {
        ++not_said;
        continue;
      }
      EXPECT_LT(with.open[slot], pool.slots()[slot].missing);
      ++served;
      served_only_now += plan.open[slot] == before.slots()[slot].missing ? 1 : 0;
      served_beside_shares += center.policy.partner_shares().empty() ? 0 : 1;
      served_by_small_weights += weight < 1000 ? 1 : 0;
    }
  }
  std::cout << served << " served, " << served_only_now << " of them only now; of " << not_said
            << " the plan does not say\n";
  EXPECT_GT(served, 500);
  EXPECT_GT(served_only_now, 50);
  EXPECT_GT(served_beside_shares, 100);
  EXPECT_GT(served_by_small_weights, 100);
  EXPECT_LT(not_said, served / 20);
}

// Fills every field of a message, and of those in it, with what nobody should send.
class Garbler {
 public:
  explicit Garbler(Dice& dice) : dice_(dice) {}

  void Garble(google::protobuf::Message& message) {
    const google::protobuf::Descriptor* type = message.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      if (!dice_.OneIn(3)) continue;
      const int count = type->field(i)->is_repeated() ? dice_.Between(0, 3) : 1;
      for (int n = 0; n < count; ++n) GarbleField(message, *type->field(i));
    }
  }

 private:
  using Field = google::protobuf::FieldDescriptor;

  void GarbleField(google::protobuf::Message& message, const Field& field) {
    const google::protobuf::Reflection& access = *message.GetReflection();
    const bool many = field.is_repeated();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_MESSAGE:
        Garble(*(many ? access.AddMessage(&message, &field)
                      : access.MutableMessage(&message, &field)));
        break;
      case Field::CPPTYPE_STRING:
        many ? access.AddString(&message, &field, Text())
             : access.SetString(&message, &field, Text());
        break;
      case Field::CPPTYPE_INT32:
        if (!many) access.SetInt32(&message, &field, static_cast<int32_t>(Number()));
        break;
      case Field::CPPTYPE_INT64:
        if (!many) access.SetInt64(&message, &field, Number());
        break;
      case Field::CPPTYPE_ENUM: {
        const int value = dice_.Between(-2, 40);
        many ? access.AddEnumValue(&message, &field, value)
             : access.SetEnumValue(&message, &field, value);
        break;
      }
      case Field::CPPTYPE_BOOL:
        if (!many) access.SetBool(&message, &field, dice_.OneIn(2));
        break;
      default:
        break;
    }
  }

  std::string Text() {
    const char* texts[] = {"",
                           "topics/de-escalation",
                           "experts/e0",
                           "partners/p0",
                           "s1",
                           "1900-01-01",
                           "2199-12-31",
                           "2026-12-15",
                           "2026-13-45",
                           "open",
                           "2026Q4",
                           "es",
                           "\u00ff\u4e2d",
                           "s1 experts/e0",
                           "UT",
                           "agencies/r0"};
    return texts[dice_.Between(0, 15)];
  }

  int64_t Number() {
    const int64_t numbers[] = {0, 1, -1, 2, 1000, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    return numbers[dice_.Between(0, 8)];
  }

  Dice& dice_;
};

TEST(PlanProperties, WhateverStandsInTheFieldsThePlanHoldsOrTheInputIsRefused) {
  std::cout << "seed " << kSeed + 3 << "\n";
  Dice dice(kSeed + 3);
  Garbler garbler(dice);
  int planned = 0;
  int refused = 0;
  int assigned = 0;
  for (int round = 0; round < 3000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Center center = RandomCenter(dice, Shape{});
    const auto any = [&](auto& messages) {
      for (auto& message : messages) {
        if (dice.OneIn(4)) garbler.Garble(message);
      }
    };
    any(center.partners);
    any(center.experts);
    any(center.demands);
    any(center.proposals);
    for (int i = 0; i < 3; ++i) garbler.Garble(center.conflicts.emplace_back());
    if (dice.OneIn(4)) garbler.Garble(center.policy);
    if (dice.OneIn(4)) any(center.uses);
    if (dice.OneIn(4)) garbler.Garble(center.held.emplace_back());
    if (dice.OneIn(4)) garbler.Garble(center.catalog);
    const absl::StatusOr<Pool> pool = Pool::Build(center.Input());
    if (!pool.ok()) {
      EXPECT_EQ(pool.status().code(), absl::StatusCode::kInvalidArgument) << pool.status();
      ++refused;
      continue;
    }
    const Plan plan = Solved(*pool);
    ++planned;
    assigned += static_cast<int>(plan.units.size());
    for (int s = 0; s < static_cast<int>(pool->slots().size()); ++s) {
      RankCandidates(*pool, s, {});
      if (!pool->experts().empty()) ExplainMatch(*pool, &plan, s, 0);
    }
    for (int d = 0; d < static_cast<int>(pool->demands().size()); ++d) {
      AssignmentsOf(*pool, plan, d);
      OpenSlotsOf(*pool, plan, d);
    }
  }
  EXPECT_GT(planned, 500);
  EXPECT_GT(refused, 100);
  EXPECT_GT(assigned, 500);
}

}  // namespace
}  // namespace critac::matching
