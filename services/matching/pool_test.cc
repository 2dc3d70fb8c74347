#include "services/matching/pool.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "critac/type/v1/options.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void ExpectRefused(const Center& center, const std::string& field) {
  const absl::StatusOr<Pool> pool = Pool::Build(center.Input());
  ASSERT_FALSE(pool.ok()) << field;
  EXPECT_EQ(pool.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(pool.status()), "INVALID_FIELD");
  EXPECT_THAT(std::string(pool.status().message()), HasSubstr(field));
}

TEST(Pool, AnEmptyCenterHasAnEmptyPool) {
  const Pool pool = Center().Build();
  EXPECT_TRUE(pool.experts().empty());
  EXPECT_TRUE(pool.slots().empty());
  EXPECT_EQ(pool.FindExpert("experts/e1"), std::nullopt);
  EXPECT_EQ(pool.FindSlot("requests/r1", ""), std::nullopt);
  EXPECT_TRUE(Pool::Build(PoolInput{}).ok());
}

TEST(Pool, RowsAreInTheOrderOfNames) {
  Center center;
  center.AddPartner("zeta");
  center.AddPartner("alpha");
  center.AddExpert("e2", "zeta");
  center.AddExpert("e10", "alpha");
  v1::Demand& later = center.AddDemand("r2");
  center.AddSlot(later, "a1");
  center.AddDemand("r1");
  const Pool pool = center.Build();
  EXPECT_EQ(pool.partners()[0].name, "partners/alpha");
  EXPECT_EQ(pool.experts()[0].name, "experts/e10");
  EXPECT_EQ(pool.experts()[0].partner, 0);
  EXPECT_EQ(pool.slots()[0].request, "requests/r1");
  EXPECT_EQ(pool.slots()[1].id, "a1");
  EXPECT_EQ(pool.slots()[2].id, "s1");
  EXPECT_THAT(pool.demands()[1].slots, ElementsAre(2, 1)) << "in the order of the scope";
  EXPECT_EQ(pool.FindSlot("requests/r2", ""), 2);
  EXPECT_EQ(pool.FindSlot("requests/r2", "a1"), 1);
  EXPECT_EQ(pool.FindSlot("requests/r2", "s9"), std::nullopt);
  EXPECT_EQ(pool.FindSlot("requests/r3", "s1"), std::nullopt);
}

TEST(Pool, SharesOfPartnersThatContradictEachOtherAreRefused) {
  const auto with = [](std::vector<std::array<int, 2>> shares) {
    Center center;
    for (size_t i = 0; i < shares.size(); ++i) {
      v1::PartnerShare& share = *center.policy.add_partner_shares();
      share.set_partner(absl::StrCat("partners/p", i));
      share.set_minimum_e6(shares[i][0]);
      share.set_maximum_e6(shares[i][1]);
    }
    return center;
  };
  EXPECT_TRUE(Pool::Build(with({{500'000, 500'000}, {500'000, 0}}).Input()).ok());
  ExpectRefused(
      with({{500'000, 0}, {500'001, 0}}),
      "policy.partner_shares[1].minimum_e6: with this one the minimum shares are 1000001");
  ExpectRefused(with({{300'001, 300'000}}),
                "policy.partner_shares[0].minimum_e6: 300001 is above the maximum of 300000");
  ExpectRefused(with({{-1, 0}}), "policy.partner_shares[0].minimum_e6: -1 is not in 0..1000000");
  ExpectRefused(with({{0, 1'000'001}}), "policy.partner_shares[0].maximum_e6: 1000001");
  Center twice = with({{0, 0}, {0, 0}});
  twice.policy.mutable_partner_shares(1)->set_partner("partners/p0");
  ExpectRefused(twice, "policy.partner_shares[1].partner: partners/p0 has a share already");
}

TEST(Pool, TwoOfOneNameAreRefused) {
  Center partners;
  partners.AddPartner("nsa");
  partners.AddPartner("nsa");
  ExpectRefused(partners, "partners: partners/nsa is there twice");
  Center experts;
  experts.AddExpert("e1");
  experts.AddExpert("e1");
  ExpectRefused(experts, "experts: experts/e1 is there twice");
  Center demands;
  demands.AddDemand("r1");
  demands.AddDemand("r1");
  ExpectRefused(demands, "demands: requests/r1 is there twice");
  Center slots;
  slots.AddSlot(slots.AddDemand("r1"), "s1");
  ExpectRefused(slots, "requests/r1 has slot `s1` twice");
}

TEST(Pool, PricesAreTakenUpToTheLimitsOfTheProtoAndNoFurther) {
  for (const char* name : {"unassigned_price", "urgency_price", "waiting_price_per_day",
                           "fairness_price", "stability_bonus"}) {
    const google::protobuf::FieldDescriptor* field =
        v1::Policy::descriptor()->FindFieldByName(name);
    const int64_t most = field->options().GetExtension(type::v1::field).maximum();
    Center center;
    const google::protobuf::Reflection* reflection = center.policy.GetReflection();
    reflection->SetInt64(&center.policy, field, most);
    EXPECT_TRUE(Pool::Build(center.Input()).ok()) << name;
    reflection->SetInt64(&center.policy, field, most + 1);
    ExpectRefused(center, name);
    reflection->SetInt64(&center.policy, field, -1);
    ExpectRefused(center, name);
  }
}

TEST(Pool, ANegativeWeightIsRefusedAndAHugeOneTaken) {
  Center center;
  center.policy.mutable_weights()->set_load(-1);
  ExpectRefused(center, "policy.weights.load: -1 is negative");
  center.policy.mutable_weights()->set_load(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(Pool::Build(center.Input()).ok());
}

TEST(Pool, APeriodOfAUseThatCannotBeReadIsRefused) {
  Center center;
  center.Use("experts/e1", "open", 1);
  center.Use("experts/e1", "next year", 1);
  ExpectRefused(center, "uses[1].period: `next year` is not `open`");
  center.uses.clear();
  center.held.emplace_back().set_expert("experts/e1");
  ExpectRefused(center, "held[0].period");
}

TEST(Pool, UsesOfWhoIsNotOnRecordCountForNothing) {
  Center center;
  center.AddExpert("e1");
  center.Use("experts/e9", "2026Q4", 1);
  center.Use("experts/e1", "2026Q4", -5);
  EXPECT_EQ(center.Build().experts()[0].RoomIn(2026 * 4 + 3), 3);
}

TEST(Pool, MissingPeopleAreThoseNeitherOfferedNorAccepted) {
  Center center;
  center.AddExpert("e1");
  v1::Demand& demand = center.AddDemand("r1");
  demand.mutable_slots(0)->set_people(3);
  v1::Assignment* committed = demand.add_committed();
  committed->set_slot("s1");
  committed->set_expert("experts/e1");
  EXPECT_EQ(center.Build().slots()[0].missing, 2);
  for (int i = 0; i < 5; ++i) *demand.add_committed() = demand.committed(0);
  EXPECT_EQ(center.Build().slots()[0].missing, 0);
  demand.clear_committed();
  demand.mutable_slots(0)->set_people(0);
  EXPECT_EQ(center.Build().slots()[0].missing, 1);
}

TEST(Pool, ThePriceOfAnOpenSlotGrowsWithUrgencyAndWaiting) {
  Center center;
  center.policy.set_unassigned_price(1000);
  center.policy.set_urgency_price(100);
  center.policy.set_waiting_price_per_day(7);
  v1::Demand& demand = center.AddDemand("r1");
  EXPECT_EQ(center.Build().slots()[0].open_price, 1000);
  demand.set_urgency(intake::v1::URGENCY_ELEVATED);
  EXPECT_EQ(center.Build().slots()[0].open_price, 1100);
  demand.set_urgency(intake::v1::URGENCY_CRITICAL);
  EXPECT_EQ(center.Build().slots()[0].open_price, 1200);
  center.today = absl::CivilDay(2026, 11, 30);
  EXPECT_EQ(center.Build().slots()[0].open_price, 1270);
  center.today = absl::CivilDay(2026, 11, 1);
  EXPECT_EQ(center.Build().slots()[0].open_price, 1200) << "ready in the future is not waiting";
  demand.mutable_waiting_since()->set_seconds(demand.ready_time().seconds() - 86400 * 21);
  EXPECT_EQ(center.Build().slots()[0].open_price, 1214) << "waiting since 2026-10-30";
  demand.clear_ready_time();
  EXPECT_EQ(center.Build().slots()[0].open_price, 1214);
  demand.clear_waiting_since();
  EXPECT_EQ(center.Build().slots()[0].open_price, 1200);
  demand.mutable_ready_time()->set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(center.Build().demands()[0].days_waited,
            DayNumber(absl::CivilDay(2026, 11, 1)) - kFirstDay);
}

TEST(Pool, OnlyStandingProposalsEarnTheBonus) {
  Center center;
  center.AddExpert("e1");
  center.AddDemand("r1");
  v1::Proposal& proposal = center.proposals.emplace_back();
  proposal.set_request("requests/r1");
  v1::Assignment* assignment = proposal.add_assignments();
  assignment->set_slot("s1");
  assignment->set_expert("experts/e1");
  for (const v1::ProposalState state :
       {v1::PROPOSAL_STATE_APPROVED, v1::PROPOSAL_STATE_SUPERSEDED}) {
    proposal.set_state(state);
    EXPECT_TRUE(center.Build().slots()[0].standing_experts.empty());
  }
  proposal.set_state(v1::PROPOSAL_STATE_OPEN);
  EXPECT_THAT(center.Build().slots()[0].standing_experts, ElementsAre(0));
  assignment->set_slot("");
  EXPECT_TRUE(center.Build().slots()[0].standing_experts.empty());
}

TEST(Pool, ASlotSpansFiveYearsOfMonthsAtMost) {
  Center center;
  center.policy.set_period(v1::PERIOD_MONTH);
  intake::v1::Slot& slot = *center.AddDemand("r1").mutable_slots(0);
  slot.set_window_start("2026-12-01");
  slot.set_window_end("2199-12-31");
  const Pool pool = center.Build();
  const std::vector<std::string> names = pool.PeriodNames(pool.slots()[0], pool.slots()[0].periods);
  ASSERT_EQ(names.size(), static_cast<size_t>(kPeriodsPerSlot));
  EXPECT_EQ(names.front(), "2026-12");
  EXPECT_EQ(names.back(), "2031-11");
}

}  // namespace
}  // namespace critac::matching
