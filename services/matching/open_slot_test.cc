#include "services/matching/open_slot.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Two requests and one expert with one assignment, of whom `r1` gets nobody: `r0` is critical.
class WhatWouldFill : public ::testing::Test {
 protected:
  WhatWouldFill() {
    center_.policy.set_urgency_price(1000000);
    center_.AddPartner("nsa");
    center_.AddExpert("e1").set_capacity_per_period(1);
    center_.AddDemand("r0").set_urgency(intake::v1::URGENCY_CRITICAL);
    center_.AddDemand("r1");
  }

  v1::ExplainedOpenSlot Explain(const std::string& request = "r1",
                                const std::vector<std::string>& hidden = {}) {
    const Pool pool = center_.Build();
    const Plan plan = Solved(pool);
    RemedyFinder finder(pool, plan);
    return ExplainOpenSlot(pool, plan, SlotIn(pool, request), finder, hidden);
  }

  static std::vector<std::string> SummariesOf(const v1::ExplainedOpenSlot& slot) {
    std::vector<std::string> summaries;
    for (const v1::Remedy& remedy : slot.remedies()) summaries.push_back(remedy.summary());
    return summaries;
  }

  Center center_;
};

TEST_F(WhatWouldFill, OneAssignmentMoreIsTheSmallestChange) {
  const v1::ExplainedOpenSlot slot = Explain();
  EXPECT_EQ(slot.open().slot(), "s1");
  EXPECT_EQ(slot.open().people(), 1);
  EXPECT_TRUE(slot.complete());
  ASSERT_THAT(slot.remedies(), SizeIs(2));
  ASSERT_THAT(slot.remedies(0).changes(), SizeIs(1));
  const v1::RemedyChange& change = slot.remedies(0).changes(0);
  EXPECT_EQ(change.kind(), v1::REMEDY_KIND_EXPERT_PERIOD);
  EXPECT_EQ(change.subject(), "experts/e1");
  EXPECT_EQ(change.field(), "capacity_per_period");
  EXPECT_EQ(change.from(), "1");
  EXPECT_EQ(change.to(), "2");
  EXPECT_EQ(change.amount(), 1);
  EXPECT_EQ(change.period(), "2026Q4");
  ASSERT_THAT(slot.remedies(0).plan_changes(), SizeIs(1));
  EXPECT_EQ(slot.remedies(0).plan_changes(0).to_expert(), "experts/e1");
  EXPECT_THAT(
      SummariesOf(slot),
      ElementsAre(
          "With one assignment more of experts/e1 in 2026Q4 (2 instead of 1): requests/r1 "
          "s1 would get experts/e1.",
          "With the slot's window open until 2027-01-01 instead of 2026-12-31, 1 day later: "
          "requests/r1 s1 would get experts/e1."));
  EXPECT_EQ(slot.summary(), slot.remedies(0).summary());
}

TEST_F(WhatWouldFill, WhatIsNotWantedAnyMoreIsNotLookedFor) {
  const Pool pool = center_.Build();
  const Plan plan = Solved(pool);
  int asked = 0;
  const auto is_wanted = [&asked] { return ++asked == 1; };
  RemedyFinder finder(pool, plan, is_wanted);
  const Remedies found = finder.Find(SlotIn(pool, "r1"));
  EXPECT_EQ(asked, 2);
  EXPECT_THAT(found.remedies, SizeIs(::testing::Le(1U))) << "one set was tried";
  EXPECT_FALSE(found.complete);
}

TEST_F(WhatWouldFill, WhereExpertAndPartnerAreFullBothAreRaised) {
  center_.partners[0].set_capacity_per_period(1);
  const v1::ExplainedOpenSlot slot = Explain();
  // In the next quarter both have room.
  ASSERT_THAT(slot.remedies(), SizeIs(2));
  EXPECT_EQ(slot.remedies(0).changes(0).kind(), v1::REMEDY_KIND_WINDOW_END);
  EXPECT_EQ(
      slot.remedies(1).summary(),
      "With one assignment more of experts/e1 in 2026Q4 (2 instead of 1) and one assignment more "
      "of partners/nsa in 2026Q4 (2 instead of 1): requests/r1 s1 would get experts/e1.");
}

TEST_F(WhatWouldFill, WhoeverHasRoomNeedNotBeEligible) {
  center_.AddExpert("e2").set_capacity_per_period(1);
  center_.AddConflict("e2", "r1", v1::CONFLICT_KIND_LITIGATION);
  center_.AddDemand("r2").set_urgency(intake::v1::URGENCY_CRITICAL);
  const v1::ExplainedOpenSlot slot = Explain();
  EXPECT_EQ(slot.remedies(0).changes(0).subject(), "experts/e1");
  EXPECT_EQ(
      slot.remedies(1).summary(),
      "With one assignment more of experts/e2 in 2026Q4 (2 instead of 1): requests/r1 s1 would "
      "get experts/e1, requests/r0 s1 would get experts/e2 instead of experts/e1.");
  const v1::ExplainedOpenSlot recused = Explain("r1", {"requests/r0"});
  EXPECT_EQ(recused.remedies(1).summary(),
            "With one assignment more of experts/e2 in 2026Q4 (2 instead of 1): requests/r1 s1 "
            "would get experts/e1.");
  EXPECT_THAT(recused.remedies(1).plan_changes(), SizeIs(1)) << "what is hidden is not named";
}

TEST_F(WhatWouldFill, AConflictOfInterestAndANoAreNotOffered) {
  center_.experts[0].set_capacity_per_period(9);
  center_.AddExpert("e2");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_RECUSAL);
  center_.demands[1].add_declined("s1 experts/e2");
  const v1::ExplainedOpenSlot slot = Explain();
  EXPECT_THAT(slot.remedies(), IsEmpty());
  EXPECT_TRUE(slot.complete());
  ASSERT_THAT(slot.gates(), SizeIs(2));
  EXPECT_EQ(slot.gates(0).gate(), v1::GATE_CONFLICT);
  EXPECT_EQ(slot.gates(0).count(), 1);
  EXPECT_EQ(slot.gates(0).alone_count(), 1);
  EXPECT_EQ(slot.gates(1).gate(), v1::GATE_DECLINED);
  EXPECT_EQ(
      slot.summary(),
      "Nothing fills it that is one unit of room, one date, one price, or of one expert. 1 has "
      "a conflict of interest and passes all else; only a second person can override that. 1 "
      "declined it before, and passes all else.");
}

TEST_F(WhatWouldFill, WhereSomebodyHasServedIsNotOffered) {
  center_.experts[0].set_capacity_per_period(9);
  intake::v1::Slot& slot = *center_.demands[1].mutable_slots(0);
  const auto expect_nothing = [&] {
    const v1::ExplainedOpenSlot explained = Explain();
    EXPECT_THAT(explained.remedies(), IsEmpty());
    EXPECT_TRUE(explained.complete());
    ASSERT_THAT(explained.gates(), SizeIs(1));
    EXPECT_EQ(explained.gates(0).gate(), v1::GATE_DEMAND);
    EXPECT_EQ(explained.gates(0).alone_count(), 1);
  };
  slot.set_served_in_size_band(type::v1::SIZE_BAND_25_49);
  expect_nothing();
  slot.clear_served_in_size_band();
  slot.set_served_in_same_size_band(true);
  expect_nothing();
  center_.demands[1].mutable_agency()->set_size_band(type::v1::SIZE_BAND_UNKNOWN);
  expect_nothing();
}

TEST_F(WhatWouldFill, WhatAnExpertLacksIsSaidInTheFieldsWords) {
  center_.demands[0].mutable_slots(0)->set_topic("topics/other");
  intake::v1::Slot& slot = *center_.demands[1].mutable_slots(0);
  v1::Expert& expert = center_.experts[0];
  const auto first = [&] { return SummariesOf(Explain())[0]; };
  const std::string then = ": requests/r1 s1 would get experts/e1.";

  expert.set_active(false);
  EXPECT_EQ(first(), "With experts/e1 active" + then);
  expert.set_active(true);
  expert.mutable_topics(0)->set_level(intake::v1::LEVEL_AWARENESS);
  slot.set_minimum_level(intake::v1::LEVEL_EXPERT);
  EXPECT_EQ(first(), "With experts/e1 holding De-escalation as expert (now as awareness)" + then);
  expert.clear_topics();
  EXPECT_EQ(first(), "With experts/e1 holding De-escalation as expert (now not at all)" + then);
  expert.add_topics()->set_topic(std::string(kTopic));
  expert.mutable_topics(0)->set_level(intake::v1::LEVEL_EXPERT);
  slot.set_credential("ICAT instructor");
  EXPECT_EQ(first(),
            "With experts/e1 holding the credential ICAT instructor until 2026-12-31" + then);
  slot.clear_credential();
  slot.set_language("es");
  EXPECT_EQ(first(), "With experts/e1 speaking es" + then);
  slot.clear_language();
  expert.add_modes(type::v1::DELIVERY_MODE_ON_SITE);
  EXPECT_EQ(first(), "With experts/e1 working virtually" + then);
  expert.clear_modes();
  slot.set_on_site(true);
  expert.mutable_home()->set_latitude_e6(40'000'000);
  expert.mutable_home()->set_longitude_e6(-111'000'000);
  expert.set_travel_radius_km(10);
  type::v1::AgencyProfile& agency = *center_.demands[1].mutable_agency();
  agency.mutable_coordinates()->set_latitude_e6(41'000'000);
  agency.mutable_coordinates()->set_longitude_e6(-111'000'000);
  EXPECT_EQ(first(), "With experts/e1 traveling 111 km instead of 10 km" + then);
  slot.set_on_site(false);
  *expert.add_unavailable() = Dates("2026-01-01", "2029-12-31");
  EXPECT_EQ(first(), "With experts/e1 free on 2026-12-01" + then);
}

TEST_F(WhatWouldFill, DatesThatAreTooEarlyAreMoved) {
  center_.demands[0].mutable_slots(0)->set_topic("topics/other");
  center_.demands[1].set_needed_by("2026-12-10");
  intake::v1::Slot& slot = *center_.demands[1].mutable_slots(0);
  slot.set_delivery_type("deliveryTypes/training");
  center_.experts[0].set_travels_anywhere(true);
  v1::ExplainedOpenSlot explained = Explain();
  EXPECT_EQ(explained.remedies(0).summary(),
            "With help needed by 2026-12-20 instead of 2026-12-10, 10 days later: requests/r1 s1 "
            "would get experts/e1.");
  EXPECT_EQ(explained.remedies(0).changes(0).amount(), 10);
  EXPECT_EQ(explained.remedies(0).changes(0).subject(), "requests/r1");
  slot.set_window_end("2026-12-15");
  explained = Explain();
  EXPECT_EQ(
      explained.remedies(0).summary(),
      "With the slot's window open until 2026-12-20 instead of 2026-12-15, 5 days later and "
      "help needed by 2026-12-20 instead of 2026-12-10, 10 days later: requests/r1 s1 would get "
      "experts/e1.");
}

TEST_F(WhatWouldFill, APriceThatIsTooLowIsRaisedByAsMuchAsIsShort) {
  center_.demands.erase(center_.demands.begin());
  center_.Use("partners/nsa", "open", 2);
  center_.policy.set_fairness_price(1000000);
  center_.policy.set_unassigned_price(400000);
  // One person more costs 2 of fairness less a score of 1: 0.6 is short, and as good is good enough.
  const v1::ExplainedOpenSlot slot = Explain();
  ASSERT_THAT(slot.remedies(), SizeIs(2));
  EXPECT_EQ(slot.remedies(0).summary(),
            "With urgency elevated instead of routine: requests/r1 s1 would get experts/e1.");
  const v1::RemedyChange& change = slot.remedies(1).changes(0);
  EXPECT_EQ(change.kind(), v1::REMEDY_KIND_UNASSIGNED_PRICE);
  EXPECT_EQ(change.from(), "400000");
  EXPECT_EQ(change.to(), "1000000");
}

TEST_F(WhatWouldFill, AMaximumShareIsRaisedToTheNextPerson) {
  center_.experts[0].set_capacity_per_period(9);
  v1::PartnerShare& share = *center_.policy.add_partner_shares();
  share.set_partner("partners/nsa");
  share.set_maximum_e6(700000);
  EXPECT_EQ(
      Explain().remedies(0).summary(),
      "With a maximum share of partners/nsa of 1.0000 instead of 0.7000: requests/r1 s1 would "
      "get experts/e1.");
}

TEST_F(WhatWouldFill, AFilledSlotHasNoRemedies) {
  const Pool pool = center_.Build();
  const Plan plan = Solved(pool);
  EXPECT_THAT(RemedyFinder(pool, plan).Find(SlotIn(pool, "r0")).remedies, IsEmpty());
}

}  // namespace
}  // namespace critac::matching
