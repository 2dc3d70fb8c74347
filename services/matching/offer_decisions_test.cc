#include "services/matching/offer_decisions.h"

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Friday; Thursday the 26th is Thanksgiving.
constexpr absl::CivilDay kMade(2026, 11, 20);

v1::Policy Policy(int reminder_days, int escalate_after = 3) {
  v1::Policy policy;
  policy.set_reminder_business_days(reminder_days);
  policy.set_escalate_after_offers(escalate_after);
  return policy;
}

// ---- Time

TEST(ReminderDays, ComeEverySoManyBusinessDaysUpToTheLastDay) {
  const absl::CivilDay last(2026, 11, 30);  // the fifth business day
  const struct {
    int every;
    std::vector<std::string> days;
  } table[] = {{0, {}},
               {1, {"2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27", "2026-11-30"}},
               {2, {"2026-11-24", "2026-11-27"}},
               {5, {"2026-11-30"}},
               {6, {}}};
  for (const auto& row : table) {
    EXPECT_EQ(ReminderDays(kMade, last, Policy(row.every), {}), row.days) << row.every;
  }
}

v1::Offer OpenOffer() {
  v1::Offer offer;
  offer.set_name("offers/o1");
  offer.set_state(v1::OFFER_STATE_OPEN);
  offer.set_answer_by("2026-11-30");
  offer.add_remind_on("2026-11-24");
  offer.add_remind_on("2026-11-27");
  return offer;
}

TEST(NextReminder, IsTheFirstDayThatIsNotOverOfAnOfferThatIsOpen) {
  const struct {
    v1::OfferState state;
    int reminded;
    const char* day;
  } table[] = {{v1::OFFER_STATE_OPEN, 0, "2026-11-24"}, {v1::OFFER_STATE_OPEN, 1, "2026-11-27"},
               {v1::OFFER_STATE_OPEN, 2, ""},           {v1::OFFER_STATE_ACCEPTED, 0, ""},
               {v1::OFFER_STATE_DECLINED, 1, ""},       {v1::OFFER_STATE_EXPIRED, 1, ""},
               {v1::OFFER_STATE_WITHDRAWN, 0, ""}};
  for (const auto& row : table) {
    v1::Offer offer = OpenOffer();
    offer.set_state(row.state);
    offer.set_reminder_count(row.reminded);
    EXPECT_EQ(NextReminder(offer), row.day)
        << v1::OfferState_Name(row.state) << " " << row.reminded;
  }
  v1::Offer never = OpenOffer();
  never.clear_remind_on();
  EXPECT_EQ(NextReminder(never), "") << "the policy reminds of none";
}

TEST(DueFor, IsRemindedOnTheDayAndExpiredAfterTheLast) {
  const struct {
    absl::CivilDay today;
    int reminded;
    OfferStep step;
    int reminder;
  } table[] = {{absl::CivilDay(2026, 11, 23), 0, OfferStep::kNothing, 0},
               {absl::CivilDay(2026, 11, 24), 0, OfferStep::kRemind, 1},
               {absl::CivilDay(2026, 11, 24), 1, OfferStep::kNothing, 0},
               {absl::CivilDay(2026, 11, 26), 1, OfferStep::kNothing, 0},
               {absl::CivilDay(2026, 11, 27), 1, OfferStep::kRemind, 2},
               {absl::CivilDay(2026, 11, 28), 0, OfferStep::kRemind,
                2},  // the first was missed: not made up for
               {absl::CivilDay(2026, 11, 30), 2, OfferStep::kNothing, 0},
               {absl::CivilDay(2026, 12, 1), 2, OfferStep::kExpire, 0},
               {absl::CivilDay(2026, 12, 1), 0, OfferStep::kExpire, 0}};
  for (const auto& row : table) {
    v1::Offer offer = OpenOffer();
    offer.set_reminder_count(row.reminded);
    const OfferDue due = DueFor(offer, true, row.today);
    EXPECT_EQ(due.step, row.step) << FormatDate(row.today) << " " << row.reminded;
    EXPECT_EQ(due.reminder, row.reminder) << FormatDate(row.today) << " " << row.reminded;
  }
}

TEST(DueFor, IsTakenBackWhenTheExpertIsNotEligibleAnyMoreWhateverTheDay) {
  EXPECT_EQ(DueFor(OpenOffer(), false, kMade).step, OfferStep::kTakeBack);
  EXPECT_EQ(DueFor(OpenOffer(), false, absl::CivilDay(2026, 12, 9)).step, OfferStep::kTakeBack);
}

TEST(DueFor, IsTakenBackAfterItsPeriodUnlessTheLastDayToAnswerWasNotAfterIt) {
  const struct {
    const char* period;
    const char* answer_by;
    absl::CivilDay today;
    OfferStep step;
  } table[] = {
      {"2026Q4", "2027-01-06", absl::CivilDay(2026, 12, 31), OfferStep::kNothing},
      {"2026Q4", "2027-01-06", absl::CivilDay(2027, 1, 1), OfferStep::kTakeBack},
      {"2026Q4", "2027-01-06", absl::CivilDay(2027, 1, 7), OfferStep::kTakeBack},  // nobody looked
      {"2026-12", "2027-01-06", absl::CivilDay(2026, 12, 31), OfferStep::kNothing},
      {"2026-12", "2027-01-06", absl::CivilDay(2027, 1, 1), OfferStep::kTakeBack},
      {"2026Q4", "2026-12-31", absl::CivilDay(2027, 1, 1), OfferStep::kExpire},
      {"2026Q4", "2026-12-30", absl::CivilDay(2027, 1, 1), OfferStep::kExpire},
      {"2027Q1", "2027-01-06", absl::CivilDay(2027, 1, 6), OfferStep::kNothing},
      {"2027Q1", "2027-01-06", absl::CivilDay(2027, 1, 7), OfferStep::kExpire},
      {"", "2027-01-06", absl::CivilDay(2027, 1, 6), OfferStep::kNothing},
      {"", "2027-01-06", absl::CivilDay(2027, 1, 7), OfferStep::kExpire}};
  for (const auto& row : table) {
    v1::Offer offer = OpenOffer();
    offer.mutable_assignment()->set_period(row.period);
    offer.set_answer_by(row.answer_by);
    offer.set_reminder_count(offer.remind_on_size());
    EXPECT_EQ(DueFor(offer, true, row.today).step, row.step)
        << row.period << " " << row.answer_by << " " << FormatDate(row.today);
  }
}

TEST(CheckPeriodGoesOn, RefusesAnOfferWhosePeriodIsOver) {
  v1::Offer offer = OpenOffer();
  EXPECT_TRUE(CheckPeriodGoesOn(offer, kMade).ok()) << "none is said";
  offer.mutable_assignment()->set_period("2026Q4");
  EXPECT_TRUE(CheckPeriodGoesOn(offer, absl::CivilDay(2026, 12, 31)).ok());
  const absl::Status over = CheckPeriodGoesOn(offer, absl::CivilDay(2027, 1, 1));
  EXPECT_EQ(over.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(over), "PERIOD_OVER");
  EXPECT_THAT(std::string(over.message()), HasSubstr("is for 2026Q4, which is over"));
  EXPECT_THAT(std::string(over.message()), HasSubstr("its slot is matched again"));
}

TEST(DueFor, NothingOfAnOfferThatIsNotOpen) {
  for (int state = v1::OfferState_MIN; state <= v1::OfferState_MAX; ++state) {
    if (state == v1::OFFER_STATE_OPEN) continue;
    v1::Offer offer = OpenOffer();
    offer.set_state(static_cast<v1::OfferState>(state));
    EXPECT_EQ(DueFor(offer, false, absl::CivilDay(2026, 12, 9)).step, OfferStep::kNothing) << state;
  }
}

// ---- Slots offered in vain

// Of two slots, s1 for two people; s1 was refused `refused` times.
v1::Demand Demand(int refused, bool escalated = false) {
  v1::Demand demand;
  demand.set_name("demands/fy27-1");
  demand.set_state(v1::DEMAND_STATE_OPEN);
  auto& first = *demand.add_slots();
  first.set_id("s1");
  first.set_people(2);
  demand.add_slots()->set_id("s2");
  if (refused == 0) return demand;
  auto& refusals = *demand.add_refusals();
  refusals.set_slot("s1");
  refusals.set_count(refused);
  if (escalated) refusals.mutable_escalate_time()->set_seconds(1);
  return demand;
}

TEST(Escalation, ComesWithTheRefusalThatThePolicySays) {
  EXPECT_FALSE(ShouldEscalate(Demand(0), "s1", Policy(0, 1)));
  EXPECT_FALSE(ShouldEscalate(Demand(2), "s1", Policy(0, 3)));
  EXPECT_TRUE(ShouldEscalate(Demand(3), "s1", Policy(0, 3)));
  EXPECT_TRUE(ShouldEscalate(Demand(4), "s1", Policy(0, 3))) << "the policy asks for fewer now";
  EXPECT_FALSE(ShouldEscalate(Demand(3), "s2", Policy(0, 3))) << "another slot";
  EXPECT_FALSE(ShouldEscalate(Demand(3, true), "s1", Policy(0, 3))) << "once";
  EXPECT_FALSE(ShouldEscalate(Demand(99), "s1", Policy(0, 0))) << "0: never";
}

TEST(MayOfferUnasked, OnlyWhereThePolicySaysAndNeverOnceEscalated) {
  v1::Policy approves, reoffers;
  approves.set_approve_automatically(true);
  reoffers.set_reoffer_automatically(true);
  const struct {
    v1::Demand demand;
    bool by_default, approving, reoffering;
  } table[] = {{Demand(0), false, true, false},
               {Demand(1), false, true, true},
               {Demand(3, true), false, false, false}};
  for (const auto& row : table) {
    EXPECT_EQ(MayOfferUnasked(row.demand, "s1", {}), row.by_default);
    EXPECT_EQ(MayOfferUnasked(row.demand, "s1", approves), row.approving);
    EXPECT_EQ(MayOfferUnasked(row.demand, "s1", reoffers), row.reoffering);
  }
}

v1::Offer OfferIn(const std::string& slot, const std::string& name, v1::OfferState state) {
  v1::Offer offer;
  offer.set_name("offers/" + name);
  offer.set_state(state);
  offer.mutable_assignment()->set_slot(slot);
  return offer;
}

TEST(Reduction, KeepsThoseWhoAcceptedAndTakesBackWhatIsOpen) {
  const v1::Offer accepted = OfferIn("s1", "a", v1::OFFER_STATE_ACCEPTED);
  const v1::Offer open = OfferIn("s1", "b", v1::OFFER_STATE_OPEN);
  const v1::Offer other = OfferIn("s2", "c", v1::OFFER_STATE_OPEN);
  v1::Demand demand = Demand(0);
  demand.set_proposal("proposals/p1");
  const auto reduced = ReductionOf(demand, "s1", {&accepted, &open, &other}, nullptr);
  ASSERT_TRUE(reduced.ok()) << reduced.status();
  EXPECT_EQ(reduced->reduction().people(), 1);
  EXPECT_THAT(reduced->withdrawn_offers(), ElementsAre("offers/b"));
  EXPECT_EQ(reduced->superseded_proposal(), "proposals/p1");
  EXPECT_TRUE(reduced->resets_refusals());
}

TEST(Reduction, DropsASlotThatNobodyAcceptedUnlessItIsTheOnlyOne) {
  v1::Demand demand = Demand(0);
  const auto dropped = ReductionOf(demand, "s2", {}, nullptr);
  ASSERT_TRUE(dropped.ok()) << dropped.status();
  EXPECT_EQ(dropped->reduction().people(), 0);
  demand.mutable_slots()->DeleteSubrange(0, 1);
  EXPECT_EQ(ReasonOf(ReductionOf(demand, "s2", {}, nullptr).status()), "NOTHING_LEFT");
  v1::Engagement engagement;
  EXPECT_EQ(ReasonOf(ReductionOf(demand, "s2", {}, &engagement).status()), "NOTHING_LEFT");
  engagement.add_deliveries()->set_slot("s2");
  EXPECT_TRUE(ReductionOf(demand, "s2", {}, &engagement).ok()) << "something was delivered";
}

TEST(Reduction, IsRefusedWhereNobodyIsMissing) {
  const v1::Offer accepted = OfferIn("s2", "a", v1::OFFER_STATE_ACCEPTED);
  EXPECT_EQ(ReasonOf(ReductionOf(Demand(0), "s2", {&accepted}, nullptr).status()), "SLOT_FILLED");
  EXPECT_THAT(ReductionOf(Demand(0), "s9", {}, nullptr).status().message(),
              HasSubstr("'s9' is none of the request's slots: s1, s2"));
  for (const v1::DemandState state : {v1::DEMAND_STATE_MATCHED, v1::DEMAND_STATE_CLOSED}) {
    v1::Demand demand = Demand(0);
    demand.set_state(state);
    EXPECT_EQ(ReasonOf(ReductionOf(demand, "s1", {}, nullptr).status()), "NOT_OPEN_FOR_MATCHING");
  }
}

// ---- A lost expert

v1::Assignment Filled(const std::string& slot, const std::string& expert,
                      const std::string& partner) {
  v1::Assignment assignment;
  assignment.set_slot(slot);
  assignment.set_expert("experts/" + expert);
  assignment.set_partner("partners/" + partner);
  return assignment;
}

v1::Engagement AgreedWithLead() {
  v1::Engagement engagement;
  engagement.set_name("engagements/e1");
  engagement.set_state(v1::ENGAGEMENT_STATE_AGREED);
  engagement.set_lead_partner("partners/nsa");
  *engagement.add_assignments() = Filled("s1", "a", "iacp");
  *engagement.add_assignments() = Filled("s1", "b", "nsa");
  *engagement.add_assignments() = Filled("s2", "b", "nsa");
  return engagement;
}

TEST(Release, NamesWhoIsLostAndFreesAPeriodInWhichNothingWasDelivered) {
  v1::Engagement engagement = AgreedWithLead();
  const auto released = ReleaseOf(engagement, "s1", "experts/b");
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->assignment().partner(), "partners/nsa");
  EXPECT_TRUE(released->frees_period());
  engagement.set_state(v1::ENGAGEMENT_STATE_IN_DELIVERY);
  engagement.add_deliveries()->set_slot("s1");
  EXPECT_FALSE(ReleaseOf(engagement, "s1", "experts/b")->frees_period());
  EXPECT_TRUE(ReleaseOf(engagement, "s2", "experts/b")->frees_period());
}

TEST(Release, ASecondExpertOfASlotCanBeLostToo) {
  v1::Engagement engagement = AgreedWithLead();
  engagement.mutable_assignments()->DeleteSubrange(0, 1);
  engagement.add_sought_slots("s1");
  EXPECT_TRUE(ReleaseOf(engagement, "s1", "experts/b").ok());
}

TEST(Release, IsRefusedForOneWhoDoesNotServeAndForWhatIsOver) {
  v1::Engagement engagement = AgreedWithLead();
  EXPECT_THAT(ReleaseOf(engagement, "s2", "experts/a").status().message(),
              HasSubstr("expert: experts/a does not serve in slot s2"));
  EXPECT_THAT(ReleaseOf(engagement, "s9", "experts/a").status().message(), HasSubstr("slot: 's9'"));
  engagement.add_waivers()->set_slot("s2");
  EXPECT_EQ(ReasonOf(ReleaseOf(engagement, "s2", "experts/b").status()), "SLOT_OVER");
  engagement.set_state(v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_EQ(ReasonOf(ReleaseOf(engagement, "s1", "experts/b").status()), "ENGAGEMENT_OVER");
}

TEST(RestoredTeam, KeepsItsLeadWhileThatServes) {
  v1::Engagement engagement = AgreedWithLead();
  v1::Demand demand;
  *demand.add_committed() = Filled("s2", "b", "nsa");
  *demand.add_committed() = Filled("s1", "c", "iacp");
  *demand.add_committed() = Filled("s1", "a", "iacp");
  const v1::TeamRestored kept = RestoredTeam(engagement, demand);
  EXPECT_EQ(kept.lead_partner(), "partners/nsa");
  ASSERT_EQ(kept.assignments_size(), 3);
  EXPECT_EQ(kept.assignments(1).expert(), "experts/c") << "by slot and expert";
  EXPECT_EQ(kept.state(), v1::ENGAGEMENT_STATE_AGREED);
  demand.mutable_committed(0)->set_partner("partners/fop");
  EXPECT_EQ(RestoredTeam(engagement, demand).lead_partner(), "partners/iacp");
}

TEST(RestoredTeam, WithoutASlotThatWasGivenUpMayBeDone) {
  v1::Engagement engagement = AgreedWithLead();
  engagement.mutable_assignments()->DeleteSubrange(2, 1);
  engagement.add_sought_slots("s2");
  engagement.set_state(v1::ENGAGEMENT_STATE_IN_DELIVERY);
  auto& delivery = *engagement.add_deliveries();
  delivery.set_slot("s1");
  delivery.set_completes_slot(true);
  v1::Demand demand;
  *demand.add_committed() = Filled("s1", "a", "iacp");
  *demand.add_committed() = Filled("s1", "b", "nsa");
  auto& reduction = *demand.add_reductions();
  reduction.set_slot("s2");
  reduction.set_reason("nobody is free");
  const v1::TeamRestored restored = RestoredTeam(engagement, demand);
  ASSERT_EQ(restored.waivers_size(), 1);
  EXPECT_EQ(restored.waivers(0).slot(), "s2");
  EXPECT_EQ(restored.waivers(0).reason(), "nobody is free");
  EXPECT_EQ(restored.state(), v1::ENGAGEMENT_STATE_DELIVERED);
}

TEST(Waivers, AreOfSlotsThatWereDroppedNotOfThoseWithFewerPeople) {
  v1::Demand demand;
  EXPECT_THAT(WaiversOf(demand), IsEmpty());
  demand.add_reductions()->set_people(1);
  EXPECT_THAT(WaiversOf(demand), IsEmpty());
}

}  // namespace
}  // namespace critac::matching
