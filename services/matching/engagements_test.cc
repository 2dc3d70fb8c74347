#include "services/matching/engagements.h"

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::CivilDay kToday(2026, 11, 20);

v1::Assignment Assign(const std::string& slot, const std::string& expert,
                      const std::string& partner) {
  v1::Assignment assignment;
  assignment.set_slot(slot);
  assignment.set_expert("experts/" + expert);
  assignment.set_partner("partners/" + partner);
  assignment.set_period("2026Q4");
  return assignment;
}

// An engagement with the slots s1 (two people) and s2.
v1::Engagement Agreed() {
  v1::Engagement engagement;
  engagement.set_name("engagements/e1");
  engagement.set_state(v1::ENGAGEMENT_STATE_AGREED);
  *engagement.add_assignments() = Assign("s1", "a", "iacp");
  *engagement.add_assignments() = Assign("s1", "b", "nsa");
  *engagement.add_assignments() = Assign("s2", "a", "iacp");
  return engagement;
}

v1::Delivery Deliver(const std::string& slot, bool completes, const std::string& date) {
  v1::Delivery delivery;
  delivery.set_slot(slot);
  delivery.set_mode(type::v1::DELIVERY_MODE_ON_SITE);
  delivery.set_date(date);
  delivery.set_completes_slot(completes);
  return delivery;
}

TEST(Offer, CanBeAnsweredThroughItsLastDay) {
  v1::Offer offer;
  offer.set_name("offers/o1");
  offer.set_state(v1::OFFER_STATE_OPEN);
  offer.set_answer_by("2026-11-20");
  EXPECT_TRUE(CheckAnswerable(offer, kToday).ok());
  const absl::Status late = CheckAnswerable(offer, kToday + 1);
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(late), "OFFER_EXPIRED");
}

TEST(Offer, ThatWasAnsweredSaysHow) {
  v1::Offer offer;
  offer.set_state(v1::OFFER_STATE_DECLINED);
  const absl::Status status = CheckAnswerable(offer, kToday);
  EXPECT_EQ(ReasonOf(status), "OFFER_NOT_OPEN");
  EXPECT_THAT(status.message(), HasSubstr("OFFER_STATE_DECLINED"));
}

TEST(Capacity, TheLastUnitIsTakenAndTheNextRefused) {
  v1::Expert expert;
  expert.set_name("experts/a");
  expert.set_capacity_per_period(2);
  expert.set_capacity_open(3);
  v1::Partner partner;
  partner.set_name("partners/iacp");
  partner.set_capacity_per_period(5);
  const v1::Assignment assignment = Assign("s1", "a", "iacp");
  const auto used = [](int units) {
    v1::CapacityUse use;
    use.set_used(units);
    return use;
  };
  const auto check = [&](int period, int open, int partner_period) {
    const v1::CapacityUse a = used(period), b = used(open), c = used(partner_period);
    return CheckCapacity(assignment, expert, partner, &a, &b, &c);
  };
  EXPECT_TRUE(CheckCapacity(assignment, expert, partner, nullptr, nullptr, nullptr).ok());
  EXPECT_TRUE(check(1, 2, 4).ok());
  EXPECT_EQ(check(2, 2, 4).message(), "experts/a: has no capacity left in 2026Q4: 2 of 2 used");
  EXPECT_EQ(check(1, 3, 4).message(),
            "experts/a: has no capacity left for one more open at once: 3 of 3 used");
  EXPECT_EQ(check(1, 2, 5).message(), "partners/iacp: has no capacity left in 2026Q4: 5 of 5 used");
  partner.set_capacity_per_period(0);  // no limit of its own
  EXPECT_TRUE(check(1, 2, 1000).ok());
}

TEST(Demand, IsMatchedWhenEverySlotHasAllItsPeople) {
  v1::Demand demand;
  demand.add_slots()->set_id("s1");
  demand.mutable_slots(0)->set_people(2);
  demand.add_slots()->set_id("s2");  // 0 people is 1
  std::vector<v1::Offer> offers(3);
  for (size_t i = 0; i < offers.size(); ++i) {
    *offers[i].mutable_assignment() = Assign(i < 2 ? "s1" : "s2", std::string(1, 'a' + i), "iacp");
    offers[i].set_state(v1::OFFER_STATE_ACCEPTED);
  }
  const std::vector<const v1::Offer*> all = {&offers[0], &offers[1], &offers[2]};
  EXPECT_TRUE(AllAccepted(demand, all));
  for (v1::Offer& offer : offers) {
    offer.set_state(v1::OFFER_STATE_OPEN);
    EXPECT_FALSE(AllAccepted(demand, all));
    offer.set_state(v1::OFFER_STATE_ACCEPTED);
  }
}

TEST(LeadPartner, HasTheMostPeopleAndIsTheFirstByNameAmongEquals) {
  const v1::Assignment a = Assign("s1", "a", "nsa"), b = Assign("s1", "b", "iacp"),
                       c = Assign("s2", "c", "nsa");
  EXPECT_EQ(LeadPartner({a, b, c}), "partners/nsa");
  EXPECT_EQ(LeadPartner({a, b}), "partners/iacp");
  EXPECT_EQ(LeadPartner({}), "");
}

TEST(Delivery, BelongsToASlotThatIsNotOver) {
  v1::Engagement engagement = Agreed();
  EXPECT_TRUE(CheckDelivery(engagement, Deliver("s1", true, "2026-11-20"), kToday).ok());
  EXPECT_THAT(CheckDelivery(engagement, Deliver("s3", true, "2026-11-20"), kToday).message(),
              HasSubstr("delivery.slot: 's3' is none of the engagement's slots: s1, s2"));
  *engagement.add_deliveries() = Deliver("s1", true, "2026-11-19");
  EXPECT_EQ(ReasonOf(CheckDelivery(engagement, Deliver("s1", false, "2026-11-20"), kToday)),
            "SLOT_OVER");
  EXPECT_EQ(ReasonOf(CheckWaiver(engagement, "s1")), "SLOT_OVER");
  EXPECT_TRUE(CheckWaiver(engagement, "s2").ok());
}

TEST(Delivery, IsRecordedWhenItHasTakenPlace) {
  EXPECT_TRUE(CheckDelivery(Agreed(), Deliver("s1", true, "2026-11-20"), kToday).ok());
  EXPECT_THAT(CheckDelivery(Agreed(), Deliver("s1", true, "2026-11-21"), kToday).message(),
              HasSubstr("delivery.date: 2026-11-21 lies in the future"));
}

TEST(Delivery, TakesPlaceFromTheDayOnWhichItsEngagementWasAgreed) {
  v1::Engagement engagement = Agreed();
  engagement.mutable_create_time()->set_seconds(1795183200);  // 2026-11-20, 14:00
  EXPECT_EQ(DayAgreed(engagement), kToday);
  EXPECT_TRUE(CheckDay(engagement, Deliver("s1", true, "2026-11-20")).ok());
  const absl::Status early = CheckDay(engagement, Deliver("s1", true, "2026-11-19"));
  EXPECT_EQ(BadRequestOf(early).field_violations(0).field(), "delivery.date");
  EXPECT_THAT(early.message(),
              HasSubstr("2026-11-19 is before the engagement was agreed, 2026-11-20"));
}

TEST(Delivery, IsOfADeliveryTypeOfTheCatalog) {
  intake::v1::Catalog catalog;
  v1::Delivery delivery = Deliver("s1", true, "2026-11-20");
  delivery.set_delivery_type("deliveryTypes/coaching");
  EXPECT_THAT(CheckType(catalog, delivery).message(), HasSubstr("it has none"));
  for (const char* name : {"deliveryTypes/coaching", "deliveryTypes/training"}) {
    intake::v1::CatalogEntry& entry = *catalog.add_entries();
    entry.set_name(name);
    entry.mutable_delivery_type();
  }
  catalog.mutable_entries(0)->set_valid_to("2020-12-31");
  EXPECT_TRUE(CheckType(catalog, delivery).ok()) << "an engagement may outlast its type";
  delivery.set_delivery_type("deliveryTypes/coachin");
  const absl::Status unknown = CheckType(catalog, delivery);
  EXPECT_EQ(BadRequestOf(unknown).field_violations(0).field(), "delivery.delivery_type");
  EXPECT_THAT(unknown.message(), HasSubstr("'deliveryTypes/coachin' is none of the catalog's: "
                                           "deliveryTypes/coaching, deliveryTypes/training"));
}

TEST(Delivery, ThatWasVirtualHadNobodyOnSite) {
  v1::Delivery delivery = Deliver("s1", true, "2026-11-20");
  delivery.set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
  delivery.mutable_attendance()->set_virtual_(20);
  EXPECT_TRUE(CheckDelivery(Agreed(), delivery, kToday).ok());
  delivery.mutable_attendance()->set_on_site(1);
  EXPECT_THAT(CheckDelivery(Agreed(), delivery, kToday).message(),
              HasSubstr("delivery.attendance.on_site"));
}

TEST(Delivery, CountsEachRankOnceAndNoMorePeopleThanTookPart) {
  v1::Delivery delivery = Deliver("s1", true, "2026-11-20");
  v1::Attendance& attendance = *delivery.mutable_attendance();
  attendance.set_on_site(12);
  attendance.set_virtual_(3);
  const auto people = [&](v1::Rank rank, int count) {
    v1::RankAttendance& one = *attendance.add_by_rank();
    one.set_rank(rank);
    one.set_people(count);
  };
  const auto check = [&] { return CheckDelivery(Agreed(), delivery, kToday); };
  people(v1::RANK_COMMAND, 5);
  EXPECT_TRUE(check().ok()) << "not every rank need be known";
  people(v1::RANK_LINE, 10);
  EXPECT_TRUE(check().ok()) << "all of them";
  attendance.mutable_by_rank(1)->set_people(11);
  EXPECT_EQ(BadRequestOf(check()).field_violations(0).field(), "delivery.attendance.by_rank");
  EXPECT_THAT(check().message(), HasSubstr("adds up to 16 people, and 15 took part"));
  attendance.mutable_by_rank(1)->set_people(1);
  attendance.mutable_by_rank(1)->set_rank(v1::RANK_COMMAND);
  EXPECT_EQ(BadRequestOf(check()).field_violations(0).field(),
            "delivery.attendance.by_rank[1].rank");
  EXPECT_THAT(check().message(), HasSubstr("RANK_COMMAND stands there twice"));
}

TEST(Delivery, IsNotRecordedForAnEngagementThatIsOver) {
  for (const auto state : {v1::ENGAGEMENT_STATE_DELIVERED, v1::ENGAGEMENT_STATE_ENDED}) {
    v1::Engagement engagement = Agreed();
    engagement.set_state(state);
    EXPECT_EQ(ReasonOf(CheckDelivery(engagement, Deliver("s1", true, "2026-11-20"), kToday)),
              "ENGAGEMENT_OVER");
  }
}

// An engagement in delivery: d1 in s1, which goes on, and d2, which completed s2.
v1::Engagement BegunWithTwo() {
  v1::Engagement engagement = Agreed();
  engagement.set_state(v1::ENGAGEMENT_STATE_IN_DELIVERY);
  engagement.mutable_create_time()->set_seconds(1794960000);  // 2026-11-18
  *engagement.add_deliveries() = Deliver("s1", false, "2026-11-18");
  *engagement.add_deliveries() = Deliver("s2", true, "2026-11-19");
  engagement.mutable_deliveries(0)->set_id("d1");
  engagement.mutable_deliveries(1)->set_id("d2");
  return engagement;
}

TEST(Amendment, IsHeldAgainstWhatADeliveryIsHeldAgainst) {
  const v1::Engagement engagement = BegunWithTwo();
  const v1::Delivery& before = *FindDelivery(engagement, "d1");
  EXPECT_EQ(FindDelivery(engagement, "d3"), nullptr);
  const auto check = [&](const v1::Delivery& after) {
    return CheckAmendment(engagement, before, after, kToday);
  };
  EXPECT_TRUE(check(Deliver("s1", false, "2026-11-20")).ok());
  EXPECT_THAT(check(Deliver("s1", false, "2026-11-21")).message(), HasSubstr("lies in the future"));
  EXPECT_THAT(check(Deliver("s1", false, "2026-11-17")).message(),
              HasSubstr("before the engagement was agreed, 2026-11-18"));
  EXPECT_THAT(check(Deliver("s3", false, "2026-11-18")).message(),
              HasSubstr("delivery.slot: 's3' is none of the engagement's slots: s1, s2"));
  v1::Delivery ranks = before;
  ranks.mutable_attendance()->add_by_rank()->set_people(1);
  EXPECT_THAT(check(ranks).message(), HasSubstr("adds up to 1 people, and 0 took part"));
}

TEST(Amendment, OfAPastRecordKeepsItsDay) {
  v1::Engagement engagement = BegunWithTwo();
  v1::Delivery& before = *engagement.mutable_deliveries(0);
  before.set_date("2020-01-01");
  v1::Delivery after = before;
  after.mutable_attendance()->set_on_site(12);
  EXPECT_TRUE(CheckAmendment(engagement, before, after, kToday).ok());
  after.set_date("2020-01-02");
  EXPECT_FALSE(CheckAmendment(engagement, before, after, kToday).ok());
  engagement.set_external_id("old:1");
  EXPECT_TRUE(CheckAmendment(engagement, before, after, kToday).ok());
}

TEST(Amendment, EndsASlotOrOpensItAgainWhileTheEngagementGoesOn) {
  v1::Engagement engagement = BegunWithTwo();
  const v1::Delivery d1 = engagement.deliveries(0), d2 = engagement.deliveries(1);
  v1::Delivery last = d1;
  last.set_completes_slot(true);
  EXPECT_TRUE(CheckAmendment(engagement, d1, last, kToday).ok());
  EXPECT_EQ(StateAmended(engagement, last), v1::ENGAGEMENT_STATE_DELIVERED);
  last.set_slot("s2");
  EXPECT_EQ(ReasonOf(CheckAmendment(engagement, d1, last, kToday)), "SLOT_OVER");
  last.set_completes_slot(false);
  EXPECT_TRUE(CheckAmendment(engagement, d1, last, kToday).ok()) << "it was in s2, before its last";
  v1::Delivery goes_on = d2;
  goes_on.set_completes_slot(false);
  EXPECT_TRUE(CheckAmendment(engagement, d2, goes_on, kToday).ok());
  EXPECT_EQ(StateAmended(engagement, goes_on), v1::ENGAGEMENT_STATE_IN_DELIVERY);
  engagement.add_sought_slots("s1");
  last.set_slot("s1");
  last.set_completes_slot(true);
  EXPECT_EQ(ReasonOf(CheckAmendment(engagement, d1, last, kToday)), "SLOT_SOUGHT");
}

TEST(Amendment, LeavesADeliveredEngagementDelivered) {
  v1::Engagement engagement = BegunWithTwo();
  engagement.mutable_deliveries(0)->set_completes_slot(true);
  engagement.set_state(v1::ENGAGEMENT_STATE_DELIVERED);
  const v1::Delivery d1 = engagement.deliveries(0);
  v1::Delivery after = d1;
  after.set_date("2026-11-20");
  after.mutable_attendance()->set_on_site(12);
  EXPECT_TRUE(CheckAmendment(engagement, d1, after, kToday).ok());
  EXPECT_EQ(StateAmended(engagement, after), v1::ENGAGEMENT_STATE_DELIVERED);
  after.set_completes_slot(false);
  const absl::Status opened = CheckAmendment(engagement, d1, after, kToday);
  EXPECT_EQ(ReasonOf(opened), "SLOT_COMPLETED");
  EXPECT_THAT(opened.message(), HasSubstr("its slot s1 by d1, which goes on completing it"));
  after.set_completes_slot(true);
  after.set_slot("s2");
  EXPECT_EQ(ReasonOf(CheckAmendment(engagement, d1, after, kToday)), "SLOT_COMPLETED");
  engagement.set_state(v1::ENGAGEMENT_STATE_ENDED);
  EXPECT_EQ(ReasonOf(CheckAmendment(engagement, d1, d1, kToday)), "ENGAGEMENT_OVER");
}

TEST(Amendment, IsMadeTwoHundredTimes) {
  v1::Engagement engagement = BegunWithTwo();
  for (int i = 0; i < 199; ++i) engagement.add_amendments();
  const v1::Delivery& d1 = engagement.deliveries(0);
  EXPECT_TRUE(CheckAmendment(engagement, d1, d1, kToday).ok());
  engagement.add_amendments();
  EXPECT_EQ(ReasonOf(CheckAmendment(engagement, d1, d1, kToday)), "TOO_MANY_AMENDMENTS");
}

TEST(Engagement, IsDeliveredWhenEverySlotIsDeliveredOrWaived) {
  v1::Engagement engagement = Agreed();
  EXPECT_EQ(StateAfter(engagement, true, ""), v1::ENGAGEMENT_STATE_IN_DELIVERY);
  EXPECT_EQ(StateAfter(engagement, true, "s1"), v1::ENGAGEMENT_STATE_IN_DELIVERY);
  *engagement.add_deliveries() = Deliver("s1", true, "2026-11-19");
  EXPECT_EQ(StateAfter(engagement, true, "s2"), v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_EQ(StateAfter(engagement, false, "s2"), v1::ENGAGEMENT_STATE_DELIVERED);  // waived
}

TEST(Engagement, WithNothingButWaiversWasNotDelivered) {
  v1::Engagement engagement = Agreed();
  engagement.add_waivers()->set_slot("s1");
  EXPECT_EQ(StateAfter(engagement, false, "s2"), v1::ENGAGEMENT_STATE_AGREED);
}

TEST(Actions, LeadTheRequestAsFarAsItsEngagementIs) {
  using namespace intake::v1;  // NOLINT(google-build-using-namespace): a table
  v1::Engagement engagement = Agreed();
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_READY),
              ElementsAre(REQUEST_ACTION_RECORD_MATCH));
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_MATCHED), IsEmpty());
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_PLANNED), IsEmpty());
  engagement.set_state(v1::ENGAGEMENT_STATE_IN_DELIVERY);
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_PLANNED),
              ElementsAre(REQUEST_ACTION_START_DELIVERY));
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_IN_DELIVERY), IsEmpty());
  engagement.set_state(v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_PLANNED),
              ElementsAre(REQUEST_ACTION_START_DELIVERY, REQUEST_ACTION_COMPLETE_DELIVERY));
  EXPECT_THAT(ActionsDue(engagement, REQUEST_STATE_IN_DELIVERY),
              ElementsAre(REQUEST_ACTION_COMPLETE_DELIVERY));
  for (const auto state : {REQUEST_STATE_DELIVERED, REQUEST_STATE_CLOSED, REQUEST_STATE_WITHDRAWN,
                           REQUEST_STATE_ON_HOLD}) {
    EXPECT_THAT(ActionsDue(engagement, state), IsEmpty());
  }
}

TEST(Actions, LeadARequestBackToMatchingWhileAnotherIsSought) {
  using namespace intake::v1;  // NOLINT(google-build-using-namespace): a table
  v1::Engagement engagement = Agreed();
  engagement.set_state(v1::ENGAGEMENT_STATE_IN_DELIVERY);
  engagement.add_sought_slots("s1");
  for (const auto state :
       {REQUEST_STATE_MATCHED, REQUEST_STATE_PLANNED, REQUEST_STATE_IN_DELIVERY}) {
    EXPECT_THAT(ActionsDue(engagement, state), ElementsAre(REQUEST_ACTION_REMATCH));
  }
  for (const auto state : {REQUEST_STATE_READY, REQUEST_STATE_ON_HOLD, REQUEST_STATE_WITHDRAWN}) {
    EXPECT_THAT(ActionsDue(engagement, state), IsEmpty());
  }
}

TEST(Actions, AreTakenAgainForATeamThatLostAnExpert) {
  v1::Engagement engagement = Agreed();
  const std::string first = CauseOf(engagement);
  EXPECT_EQ(first, "engagements/e1");
  engagement.set_loss_count(1);
  const std::string second = CauseOf(engagement);
  engagement.set_loss_count(2);
  EXPECT_NE(first, second);
  EXPECT_NE(second, CauseOf(engagement));
}

TEST(Engagement, IsNotDeliveredWhileASlotSeeksItsExpert) {
  v1::Engagement engagement = Agreed();
  engagement.mutable_assignments()->RemoveLast();  // the one of s2
  engagement.add_sought_slots("s2");
  EXPECT_EQ(StateAfter(engagement, true, "s1"), v1::ENGAGEMENT_STATE_IN_DELIVERY);
  EXPECT_EQ(ReasonOf(CheckWaiver(engagement, "s2")), "SLOT_SOUGHT");
  v1::Delivery delivery = Deliver("s2", true, "2026-11-20");
  EXPECT_EQ(ReasonOf(CheckDelivery(engagement, delivery, kToday)), "SLOT_SOUGHT");
  delivery.set_completes_slot(false);
  EXPECT_TRUE(CheckDelivery(engagement, delivery, kToday).ok());
  EXPECT_TRUE(CheckWaiver(engagement, "s1").ok());
}

TEST(Settled, IsAnEngagementWhoseRequestIsDeliveredOrOverOtherwise) {
  using namespace intake::v1;  // NOLINT(google-build-using-namespace): a table
  v1::Engagement engagement = Agreed();
  EXPECT_FALSE(IsSettled(engagement, REQUEST_STATE_MATCHED));
  EXPECT_FALSE(IsSettled(engagement, REQUEST_STATE_DELIVERED));
  EXPECT_TRUE(IsSettled(engagement, REQUEST_STATE_WITHDRAWN));
  engagement.set_state(v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_TRUE(IsSettled(engagement, REQUEST_STATE_DELIVERED));
  EXPECT_TRUE(IsSettled(engagement, REQUEST_STATE_CLOSED));
  EXPECT_FALSE(IsSettled(engagement, REQUEST_STATE_IN_DELIVERY));
}

}  // namespace
}  // namespace critac::matching
