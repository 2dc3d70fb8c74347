// Goal: nothing but a true plan passes. Method: take true plans and change one thing at a time; then
// change things at random and see that whatever still passes as optimal is as cheap as a true plan.

#include "services/matching/certificate.h"

#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

// Two partners, one with a limit; e1 and e2 are one person; three slots, the last one left open.
Center TightCenter() {
  Center center;
  center.policy.set_fairness_price(1000);
  center.policy.set_stability_bonus(500);
  center.AddPartner("a").set_capacity_per_period(2);
  center.AddPartner("b");
  center.AddExpert("e1", "a").add_emails("dana@example.org");
  center.AddExpert("e2", "a").add_emails("dana@example.org");
  center.AddExpert("e3", "b").mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  center.AddExpert("e4", "b").set_active(false);
  for (v1::Expert& expert : center.experts) {
    expert.set_capacity_per_period(1);
    expert.set_capacity_open(1);
  }
  for (const char* id : {"r1", "r2", "r3", "r4"}) {
    center.AddDemand(id).mutable_slots(0)->set_window_end("2027-03-31");
  }
  center.demands[0].mutable_slots(0)->set_people(2);
  center.demands[1].set_urgency(intake::v1::URGENCY_CRITICAL);
  v1::Proposal& proposal = center.proposals.emplace_back();
  proposal.set_request("requests/r1");
  proposal.set_state(v1::PROPOSAL_STATE_OPEN);
  v1::Assignment* standing = proposal.add_assignments();
  standing->set_slot("s1");
  standing->set_expert("experts/e3");
  return center;
}

class Certificate : public ::testing::Test {
 protected:
  Certificate() : pool_(TightCenter().Build()), plan_(Solved(pool_)) {
    EXPECT_TRUE(plan_.optimal());
    EXPECT_EQ(plan_.units.size(), 3u);
  }

  void ExpectRejected(const std::string& why, const std::function<void(Plan&)>& change) {
    Plan changed = plan_;
    change(changed);
    const absl::Status checked = CheckPlan(pool_, changed);
    EXPECT_EQ(checked.code(), absl::StatusCode::kInternal) << why;
    EXPECT_THAT(std::string(checked.message()), HasSubstr(why));
  }

  int OpenSlotRow() const {
    for (size_t s = 0; s < plan_.open.size(); ++s) {
      if (plan_.open[s] > 0) return static_cast<int>(s);
    }
    return -1;
  }

  Pool pool_;
  Plan plan_;
};

TEST_F(Certificate, ATruePlanPasses) { EXPECT_TRUE(CheckPlan(pool_, plan_).ok()); }

TEST_F(Certificate, APlanOfAnotherPoolIsRejected) {
  ExpectRejected("not of this pool", [](Plan& p) { p.open.pop_back(); });
  ExpectRejected("not of this pool", [](Plan& p) { p.prices.slots.pop_back(); });
  ExpectRejected("not of this pool", [](Plan& p) { p.prices.partners.clear(); });
  ExpectRejected("not of this pool", [](Plan& p) { p.prices.experts_open.emplace_back(); });
  ExpectRejected("not of this pool", [](Plan& p) { p.units[0].slot = -1; });
  ExpectRejected("not of this pool", [](Plan& p) { p.units.back().slot = 99; });
  ExpectRejected("not of this pool", [](Plan& p) { p.units[0].expert = 99; });
}

TEST_F(Certificate, UnitsOutOfOrderAreRejected) {
  ExpectRejected("not in order", [](Plan& p) { std::swap(p.units.front(), p.units.back()); });
}

TEST_F(Certificate, AnExpertWhoIsOutAtAGateIsRejected) {
  ExpectRejected("experts/e4 is out at a gate",
                 [&](Plan& p) { p.units.back().expert = ExpertIn(pool_, "e4"); });
}

TEST_F(Certificate, AnotherPeriodIsRejected) {
  ExpectRejected("cannot start in that period", [](Plan& p) { --p.units[0].period; });
  ExpectRejected("cannot start in that period", [](Plan& p) { p.units[0].period += 2; });
  ExpectRejected("cannot start in that period",
                 [](Plan& p) { p.units[0].period = std::numeric_limits<int32_t>::min(); });
  ExpectRejected("cannot start in that period",
                 [](Plan& p) { p.units.back().period = std::numeric_limits<int32_t>::max(); });
}

TEST_F(Certificate, AnotherScoreIsRejected) {
  ExpectRejected("another score", [](Plan& p) { ++p.units[0].score_e6; });
}

TEST_F(Certificate, OnePersonTwiceInASlotIsRejected) {
  ExpectRejected("is one person twice", [&](Plan& p) {
    const int slot = SlotIn(pool_, "r1");
    const int32_t period = p.units[0].period;
    p.units = {{slot, ExpertIn(pool_, "e1"), period, 1000000},
               {slot, ExpertIn(pool_, "e2"), period, 1000000}};
    p.open = {0, 1, 1, 1};
  });
}

TEST_F(Certificate, MoreThanAnExpertsCapacityIsRejected) {
  const int e3 = ExpertIn(pool_, "e3");
  ExpectRejected("experts/e3 has more open at once", [&](Plan& p) {
    const PlanUnit unit{OpenSlotRow(), e3, p.units[0].period + 1, 666667};
    p.units.push_back(unit);
    std::sort(p.units.begin(), p.units.end());
    --p.open[unit.slot];
  });
  Center center = TightCenter();
  center.experts[2].set_capacity_open(9);
  const Pool pool = center.Build();
  Plan plan = Solved(pool);
  for (PlanUnit& unit : plan.units) {
    if (unit.expert == e3) unit.period = plan.units[0].period;
  }
  EXPECT_THAT(std::string(CheckPlan(pool, plan).message()),
              HasSubstr("experts/e3 has more in a period"));
}

TEST_F(Certificate, MoreThanAPartnersCapacityIsRejected) {
  Center center = TightCenter();
  center.partners[0].set_capacity_per_period(1);
  const Pool pool = center.Build();
  Plan plan = Solved(pool);
  for (PlanUnit& unit : plan.units) unit.period = pool.slots()[0].first_period;
  EXPECT_THAT(std::string(CheckPlan(pool, plan).message()),
              HasSubstr("partners/a has more in a period"));
}

TEST_F(Certificate, WrongCountsAreRejected) {
  ExpectRejected("counts its people wrongly", [](Plan& p) { p.units.pop_back(); });
  ExpectRejected("counts its people wrongly", [](Plan& p) { ++p.open[0]; });
  ExpectRejected("counts its people wrongly", [](Plan& p) { p.open[0] = -1; });
  ExpectRejected("counts the people asked for wrongly", [](Plan& p) { ++p.unit_count; });
  ExpectRejected("counts the eligible pairs wrongly", [](Plan& p) { --p.pair_count; });
}

TEST_F(Certificate, AnotherObjectiveOrBoundIsRejected) {
  ExpectRejected("objective is not what its units cost", [](Plan& p) { --p.objective; });
  ExpectRejected("objective is not what its units cost", [](Plan& p) { ++p.objective; });
  ExpectRejected("bound is not what its prices prove", [](Plan& p) { --p.bound; });
  ExpectRejected("bound is not what its prices prove", [](Plan& p) { ++p.bound; });
}

TEST_F(Certificate, AWorsePlanIsNotOptimalHoweverItIsDressed) {
  // A unit less and its slot open: feasible, dearer.
  const auto drop = [&](Plan& p) {
    const PlanUnit unit = p.units.back();
    p.units.pop_back();
    ++p.open[unit.slot];
    p.objective +=
        pool_.slots()[unit.slot].open_price + unit.score_e6 +
        (unit.slot == SlotIn(pool_, "r1") && unit.expert == ExpertIn(pool_, "e3") ? 500 : 0);
    int64_t count = 0;
    for (const PlanUnit& other : p.units) {
      count += pool_.experts()[other.expert].partner == pool_.experts()[unit.expert].partner;
    }
    p.objective -= 1000 * count;
  };
  Plan worse = plan_;
  drop(worse);
  EXPECT_TRUE(CheckPlan(pool_, worse).ok())
      << "it is a plan, with an honest bound: " << CheckPlan(pool_, worse);
  EXPECT_FALSE(worse.optimal());
  ExpectRejected("bound is not what its prices prove", [&](Plan& p) {
    drop(p);
    p.bound = p.objective;
  });
}

TEST_F(Certificate, NegativeForeignAndDoublePricesAreRejected) {
  ExpectRejected("open at once is negative", [](Plan& p) { p.prices.experts_open[0] = -1; });
  const int32_t period = plan_.units[0].period;
  ExpectRejected("expert's period",
                 [&](Plan& p) { p.prices.expert_periods.emplace_back(0, period + 1, -1); });
  ExpectRejected("expert's period",
                 [&](Plan& p) { p.prices.expert_periods.emplace_back(99, period, 1); });
  ExpectRejected("expert's period", [&](Plan& p) {
    p.prices.expert_periods = {{0, period, 1}, {0, period, 1}};
  });
  ExpectRejected("partner's period", [&](Plan& p) {
    p.prices.partner_periods = {{0, period, -1}};
  });
  ExpectRejected("partner's period", [&](Plan& p) {
    p.prices.partner_periods = {{-1, period, 1}};
  });
  ExpectRejected("costs more filled than left open", [&](Plan& p) {
    p.prices.slots[OpenSlotRow()] = pool_.slots()[OpenSlotRow()].open_price + 1;
  });
}

TEST_F(Certificate, PricesThatProveAnotherBoundAreRejected) {
  ExpectRejected("bound", [](Plan& p) { p.prices.slots[0] -= 1; });
  ExpectRejected("bound", [](Plan& p) { p.prices.partners[0] += 1000000; });
  ExpectRejected("bound", [](Plan& p) { p.prices.partners[0] = -5000000; });
  ExpectRejected("bound", [](Plan& p) { p.prices.experts_open[0] += 5000000; });
  ExpectRejected("bound", [](Plan& p) { p.prices.expert_periods.emplace_back(0, 9999, 7); });
}

TEST_F(Certificate, PricesBeyondReasonOverflowNothing) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  ExpectRejected("bounds nothing", [&](Plan& p) { p.prices.partners[0] = kMost; });
  ExpectRejected("bound", [&](Plan& p) { p.prices.partners[0] = -kMost - 1; });
  ExpectRejected("bound", [&](Plan& p) { p.prices.experts_open.assign(4, kMost); });
  ExpectRejected("bound", [&](Plan& p) { p.prices.slots.assign(4, -kMost - 1); });
  ExpectRejected("objective", [&](Plan& p) { p.objective = kMost; });
}

TEST_F(Certificate, APlanOfYesterdaysPolicyIsRejected) {
  Center center = TightCenter();
  center.policy.set_fairness_price(1001);
  EXPECT_FALSE(CheckPlan(center.Build(), plan_).ok());
  center = TightCenter();
  center.policy.set_unassigned_price(2000001);
  EXPECT_FALSE(CheckPlan(center.Build(), plan_).ok());
}

TEST_F(Certificate, AnyPlanWithAPairPassesAsOne) {
  for (int slot = 0; slot < static_cast<int>(pool_.slots().size()); ++slot) {
    for (const char* id : {"e1", "e2", "e3"}) {
      const int expert = ExpertIn(pool_, id);
      const absl::StatusOr<Plan> with = SolvedWith(pool_, slot, expert);
      ASSERT_TRUE(with.ok()) << with.status();
      EXPECT_TRUE(with->optimal());
      const absl::Status checked = CheckPlanWith(pool_, *with, slot, expert);
      EXPECT_TRUE(checked.ok()) << slot << " with " << id << ": " << checked;
    }
  }
}

TEST_F(Certificate, TheCheapestPlanIsTheCheapestWithEachOfItsPairs) {
  for (const PlanUnit& unit : plan_.units) {
    const absl::Status checked = CheckPlanWith(pool_, plan_, unit.slot, unit.expert);
    EXPECT_TRUE(checked.ok()) << checked;
  }
}

TEST_F(Certificate, APlanThatHasNotThePairOrIsDressedUpIsRejectedAsOneWithIt) {
  const int expert = ExpertIn(pool_, "e3");
  const int slot = OpenSlotRow();
  const absl::StatusOr<Plan> with = SolvedWith(pool_, slot, expert);
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_GT(with->objective, plan_.objective);
  const auto error_of = [&](const Plan& plan) {
    return std::string(CheckPlanWith(pool_, plan, slot, expert).message());
  };
  EXPECT_THAT(error_of(plan_), HasSubstr("with experts/e3 is not in it"));
  Plan changed = *with;
  ++changed.objective;
  EXPECT_THAT(error_of(changed), HasSubstr("objective is not what its units cost"));
  for (const int by : {-1, 1}) {
    changed = *with;
    changed.bound += by;
    EXPECT_THAT(error_of(changed), HasSubstr("bound is not what its prices prove"));
  }
  changed = *with;
  changed.units.erase(std::find_if(changed.units.begin(), changed.units.end(),
                                   [&](const PlanUnit& unit) { return unit.expert != expert; }));
  EXPECT_THAT(error_of(changed), HasSubstr("counts its people wrongly"));
}

// Goal: a proof by cases proves, and nothing that leaves plans out or is too dear passes as one.
// Method: e1, who has one assignment in all, has none in the first quarter or none in the second; one thing is changed
// at a time.
TEST(CertificateByCases, APlanIsProvedByAllCasesThereAre) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  ASSERT_FALSE(plan.optimal());
  ASSERT_EQ(plan.cases.size(), 3u);
  EXPECT_EQ(plan.cases[0].expert, ExpertIn(pool, "e1"));
  ASSERT_EQ(plan.cases[0].fewer_than.size(), 2u);
  const auto expect_rejected = [&](const std::string& why,
                                   const std::function<void(std::vector<ProofCase>&)>& change) {
    Plan changed = plan;
    change(changed.cases);
    const absl::Status checked = CheckPlan(pool, changed);
    EXPECT_EQ(checked.code(), absl::StatusCode::kInternal) << why;
    EXPECT_THAT(std::string(checked.message()), HasSubstr(why));
  };
  using Cases = std::vector<ProofCase>;
  expect_rejected("leaves a case out", [](Cases& c) { c.pop_back(); });
  expect_rejected("none of another one's", [](Cases& c) { c.push_back(c.back()); });
  expect_rejected("leaves plans out", [](Cases& c) { c[0].fewer_than.pop_back(); });
  expect_rejected("a period twice", [](Cases& c) { c[0].fewer_than[1] = c[0].fewer_than[0]; });
  expect_rejected("divided by nobody", [](Cases& c) { c[0].fewer_than[1].second = 0; });
  expect_rejected("not of this pool", [](Cases& c) { c[0].expert = 2; });
  expect_rejected("has no prices", [](Cases& c) { c[1].prices.reset(); });
  expect_rejected("not of this pool", [](Cases& c) { c[1].prices->slots.clear(); });
  expect_rejected("costs more filled", [](Cases& c) { c[1].prices->slots.assign(2, 5'000'000); });
  expect_rejected("may have a cheaper plan", [](Cases& c) { c[0].fewer_than[0].second = 2; });
  expect_rejected("may have a cheaper plan", [](Cases& c) {
    *c[1].prices = Prices{{0, 0}, {0}, 0, {0, 0}, {}, {}};
  });
  // As it is, it passes.
  EXPECT_TRUE(CheckPlan(pool, plan).ok());
}

TEST_F(Certificate, WhateverPassesAsOptimalIsAsCheapAsTheTruePlan) {
  constexpr uint32_t kSeed = 5;
  std::cout << "seed " << kSeed << "\n";
  std::mt19937 engine(kSeed);
  const auto any = [&](int n) { return static_cast<int>(engine() % static_cast<uint32_t>(n)); };
  int passed = 0;
  for (int round = 0; round < 20000; ++round) {
    Plan p = plan_;
    for (int change = 0; change <= any(3); ++change) {
      const int step = any(2) == 0 ? 1 : -1;
      PlanUnit& unit = p.units[any(static_cast<int>(p.units.size()))];
      switch (any(10)) {
        case 0:
          unit.slot = any(4);
          break;
        case 1:
          unit.expert = any(4);
          break;
        case 2:
          unit.period += step;
          break;
        case 3:
          p.open[any(4)] += step;
          break;
        case 4:
          p.objective += step * 1000 * any(3);
          break;
        case 5:
          p.bound += step * 1000 * any(3);
          break;
        case 6:
          p.prices.slots[any(4)] += step * 1000;
          break;
        case 7:
          p.prices.partners[any(2)] += step * 1000;
          break;
        case 8:
          p.prices.experts_open[any(4)] += step * 1000;
          break;
        default:
          unit.score_e6 += step * 333333;
          break;
      }
    }
    std::sort(p.units.begin(), p.units.end());
    if (!CheckPlan(pool_, p).ok() || !p.optimal()) continue;
    ++passed;
    EXPECT_EQ(p.objective, plan_.objective);
  }
  EXPECT_GT(passed, 0) << "some changes undo each other or find a plan as cheap";
  EXPECT_LT(passed, 2000);
}

}  // namespace
}  // namespace critac::matching
