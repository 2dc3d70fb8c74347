#include "services/matching/meetings.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Two partners; of their four experts the first is the best by level, the last is no longer active.
Center MeetingCenter() {
  Center center;
  center.AddPartner("elm");
  center.AddPartner("oak");
  center.AddExpert("elm1", "elm").mutable_topics(0)->set_level(intake::v1::LEVEL_EXPERT);
  center.AddExpert("oak1", "oak").mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  center.AddExpert("elm2", "elm").mutable_topics(0)->set_level(intake::v1::LEVEL_AWARENESS);
  center.AddExpert("oak2", "oak").set_active(false);
  return center;
}

v1::MeetingItem Shortlist(const Center& center, int alternates) {
  const Pool pool = center.Build();
  return ShortlistOf(pool, Solved(pool), center.demands[0], alternates);
}

// `elm1 1 proposed`: expert, rank, and whether the plan has it.
std::vector<std::string> Candidates(const v1::ShortlistSlot& slot) {
  std::vector<std::string> texts;
  for (const v1::ShortlistCandidate& one : slot.candidates()) {
    texts.push_back(
        absl::StrCat(one.expert().substr(8), " ", one.rank(), one.proposed() ? " proposed" : ""));
  }
  return texts;
}

// A meeting with one request, for which elm1 is proposed in s1.
v1::Meeting OneItem() {
  v1::Meeting meeting;
  meeting.set_name("meetings/m00000007");
  meeting.set_state(v1::MEETING_STATE_OPEN);
  v1::MeetingItem& item = *meeting.add_items();
  item.set_request("requests/fy27-1");
  v1::ShortlistSlot& slot = *item.add_slots();
  slot.set_slot("s1");
  slot.set_open_because("1 of 2 people is missing.");
  for (const char* expert : {"elm1", "oak1"}) {
    v1::ShortlistCandidate& candidate = *slot.add_candidates();
    candidate.set_expert(absl::StrCat("experts/", expert));
    candidate.set_partner(absl::StrCat("partners/", std::string(expert).substr(0, 3)));
    candidate.set_score_e6(900'000);
    candidate.set_proposed(candidate.expert() == "experts/elm1");
  }
  return meeting;
}

v1::Proposal Proposes(const std::vector<std::string>& experts) {
  v1::Proposal proposal;
  proposal.set_name("proposals/p00000003");
  for (const std::string& expert : experts) {
    v1::Assignment& one = *proposal.add_assignments();
    one.set_slot("s1");
    one.set_expert("experts/" + expert);
  }
  return proposal;
}

// ---- The shortlist

TEST(ShortlistOf, HasThoseProposedAndThenTheNextBest) {
  Center center = MeetingCenter();
  center.AddDemand("fy27-1");
  const v1::MeetingItem item = Shortlist(center, 1);
  EXPECT_EQ(item.request(), "requests/fy27-1");
  ASSERT_THAT(item.slots(), SizeIs(1));
  EXPECT_EQ(item.slots(0).topic(), kTopic);
  EXPECT_EQ(item.slots(0).delivery_type(), "deliveryTypes/virtual");
  EXPECT_EQ(item.slots(0).hours(), 8);
  EXPECT_EQ(item.slots(0).window_start(), "2026-12-01");
  EXPECT_EQ(item.slots(0).window_end(), "2026-12-31");
  EXPECT_EQ(item.slots(0).people(), 1);
  EXPECT_EQ(item.slots(0).eligible_count(), 3) << "one is not active";
  EXPECT_EQ(item.slots(0).open_because(), "");
  EXPECT_THAT(Candidates(item.slots(0)), ElementsAre("elm1 1 proposed", "oak1 2"));
  EXPECT_THAT(Candidates(Shortlist(center, 20).slots(0)),
              ElementsAre("elm1 1 proposed", "oak1 2", "elm2 3"));
}

TEST(ShortlistOf, SaysHowUrgentTheRequestIsAndSinceWhenItWaits) {
  Center center = MeetingCenter();
  v1::Demand& demand = center.AddDemand("fy27-1");
  demand.set_urgency(intake::v1::URGENCY_CRITICAL);
  demand.set_needed_by("2026-12-24");
  const int64_t ready = demand.ready_time().seconds();
  v1::MeetingItem item = Shortlist(center, 1);
  EXPECT_EQ(item.urgency(), intake::v1::URGENCY_CRITICAL);
  EXPECT_EQ(item.needed_by(), "2026-12-24");
  EXPECT_EQ(item.waiting_since().seconds(), ready) << "where nothing else is said";
  center.demands[0].mutable_waiting_since()->set_seconds(ready - 86400);
  EXPECT_EQ(Shortlist(center, 1).waiting_since().seconds(), ready - 86400);
}

TEST(ShortlistOf, PutsWhoIsProposedFirstWhateverTheRank) {
  Center center = MeetingCenter();
  center.AddDemand("fy27-1");
  center.AddDemand("fy27-2");
  center.experts[0].set_capacity_per_period(1);
  center.experts[1].set_capacity_per_period(1);
  // One of the two gets elm1, the other oak1, though elm1 is the best for both.
  const Pool pool = center.Build();
  const Plan plan = Solved(pool);
  std::vector<std::string> firsts;
  for (const v1::Demand& demand : center.demands) {
    firsts.push_back(Candidates(ShortlistOf(pool, plan, demand, 2).slots(0)).at(0));
  }
  EXPECT_THAT(firsts, ::testing::UnorderedElementsAre("elm1 1 proposed", "oak1 2 proposed"));
}

TEST(ShortlistOf, SaysWhatKeepsASlotOpen) {
  Center center = MeetingCenter();
  v1::Demand& demand = center.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_people(4);
  const v1::MeetingItem item = Shortlist(center, 3);
  EXPECT_THAT(Candidates(item.slots(0)), SizeIs(3));
  EXPECT_THAT(item.slots(0).open_because(), HasSubstr("1 of 4 people are missing"));
}

TEST(ShortlistOf, NamesWhoIsProposedThoughNotAmongTheBest) {
  Center center = MeetingCenter();
  center.AddDemand("fy27-1");
  const Pool pool = center.Build();
  Plan plan = Solved(pool);
  ASSERT_EQ(plan.units.size(), 1u);
  plan.units[0].expert = ExpertIn(pool, "elm2");
  EXPECT_THAT(Candidates(ShortlistOf(pool, plan, center.demands[0], 1).slots(0)),
              ElementsAre("elm2 3 proposed", "elm1 1"));
}

// ---- Which requests

// Requests of a meeting, or the reason why there is none.
std::vector<std::string> Before(const Center& center, const std::vector<std::string>& wanted) {
  const Pool pool = center.Build();
  const auto items = ItemsOf(pool, Solved(pool), center.demands, wanted, 1);
  if (!items.ok()) return {ReasonOf(items.status())};
  std::vector<std::string> names;
  for (const v1::MeetingItem& item : *items) names.push_back(item.request());
  return names;
}

TEST(ItemsOf, ThatWaitedLongestComeFirst) {
  Center center = MeetingCenter();
  EXPECT_THAT(Before(center, {}), ElementsAre("NOTHING_OPEN"));
  center.AddDemand("fy27-3").mutable_ready_time()->set_seconds(300);
  center.AddDemand("fy27-1").mutable_ready_time()->set_seconds(300);
  center.AddDemand("fy27-2").mutable_ready_time()->set_seconds(100);
  center.AddDemand("fy27-4").mutable_ready_time()->set_seconds(400);
  center.demands.back().mutable_waiting_since()->set_seconds(200);
  EXPECT_THAT(Before(center, {}), ElementsAre("requests/fy27-2", "requests/fy27-4",
                                              "requests/fy27-1", "requests/fy27-3"));
  EXPECT_THAT(Before(center, {"requests/fy27-3", "requests/fy27-2"}),
              ElementsAre("requests/fy27-2", "requests/fy27-3"));
  EXPECT_THAT(Before(center, {"requests/fy27-9"}), ElementsAre("NOT_OPEN_FOR_MATCHING"));
}

TEST(ItemsOf, AreOfRequestsForWhichSomebodyIsMissing) {
  Center center = MeetingCenter();
  center.AddDemand("fy27-2");
  v1::Demand& asked = center.AddDemand("fy27-1");
  v1::Assignment& committed = *asked.add_committed();
  committed.set_slot("s1");
  committed.set_expert("experts/elm2");
  EXPECT_THAT(Before(center, {}), ElementsAre("requests/fy27-2"));
  EXPECT_THAT(Before(center, {"requests/fy27-1"}), ElementsAre("NOT_OPEN_FOR_MATCHING"));
}

TEST(ItemsOf, AreNoMoreThanAMeetingHolds) {
  Center center = MeetingCenter();
  for (int i = 0; i < kMostMeetingItems; ++i) center.AddDemand(absl::StrCat("fy27-", i));
  EXPECT_THAT(Before(center, {}), SizeIs(kMostMeetingItems));
  center.AddDemand("fy27-more");
  EXPECT_THAT(Before(center, {}), ElementsAre("MEETING_TOO_LARGE"));
}

TEST(ItemsOf, HaveNoLongerShortlistsThanAMeetingHolds) {
  Center center = MeetingCenter();
  for (int i = 0; i < 40; ++i)
    center.AddExpert(absl::StrCat("elm-", std::string(80, 'x'), i), "elm");
  for (int i = 0; i < 60; ++i) {
    v1::Demand& demand = center.AddDemand(absl::StrCat("fy27-", i));
    for (const char* slot : {"s2", "s3"}) center.AddSlot(demand, slot);
  }
  const Pool pool = center.Build();
  const Plan plan = Solved(pool);
  EXPECT_TRUE(ItemsOf(pool, plan, center.demands, {}, 3).ok());
  EXPECT_EQ(ReasonOf(ItemsOf(pool, plan, center.demands, {}, 20).status()), "MEETING_TOO_LARGE");
}

// ---- Who takes part

TEST(CheckMember, MembershipIsDated) {
  v1::Partner partner;
  *partner.add_memberships() = Dates("2017-01-01", "2022-06-30");
  *partner.add_memberships() = Dates("2025-01-01", "");
  const auto is_member = [&](int year, int month, int day) {
    return CheckMember(&partner, "partners/mcca", absl::CivilDay(year, month, day)).ok();
  };
  EXPECT_FALSE(is_member(2016, 12, 31));
  EXPECT_TRUE(is_member(2017, 1, 1));
  EXPECT_TRUE(is_member(2022, 6, 30));
  EXPECT_FALSE(is_member(2022, 7, 1));
  EXPECT_TRUE(is_member(2026, 11, 20));
  const absl::Status unknown = CheckMember(nullptr, "partners/typo", absl::CivilDay(2026, 11, 20));
  EXPECT_EQ(ReasonOf(unknown), "NOT_A_MEMBER");
  EXPECT_EQ(unknown.code(), absl::StatusCode::kPermissionDenied);
}

// ---- What is taken

TEST(VoteOn, ACandidateOfTheShortlistOnly) {
  const v1::Meeting meeting = OneItem();
  const auto voted = VoteOn(meeting, "requests/fy27-1", "s1", "experts/oak1");
  ASSERT_TRUE(voted.ok()) << voted.status();
  EXPECT_EQ(voted->expert(), "experts/oak1");
  struct Wrong {
    const char* request;
    const char* slot;
    const char* expert;
    const char* field;
  };
  for (const Wrong& wrong : {Wrong{"requests/fy27-9", "s1", "experts/oak1", "request"},
                             Wrong{"requests/fy27-1", "s9", "experts/oak1", "slot"},
                             Wrong{"requests/fy27-1", "s1", "experts/oak9", "expert"}}) {
    const absl::Status status = VoteOn(meeting, wrong.request, wrong.slot, wrong.expert).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.field;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), wrong.field);
  }
  EXPECT_THAT(VoteOn(meeting, "requests/fy27-1", "s1", "experts/oak9").status().message(),
              HasSubstr("experts/oak9 is not on the shortlist of slot s1; on it: experts/elm1, "
                        "experts/oak1"));
  v1::Meeting two = meeting;
  v1::ShortlistSlot& second = *two.mutable_items(0)->add_slots();
  second.set_slot("s2");
  second.add_candidates()->set_expert("experts/oak2");
  EXPECT_THAT(VoteOn(two, "requests/fy27-1", "s1", "experts/oak2").status().message(),
              HasSubstr("experts/oak2 is not on the shortlist of slot s1, but on that of s2"));
  v1::Meeting over = meeting;
  over.set_state(v1::MEETING_STATE_CLOSED);
  EXPECT_EQ(ReasonOf(VoteOn(over, "requests/fy27-1", "s1", "experts/oak1").status()),
            "MEETING_OVER");
  v1::Meeting decided = meeting;
  decided.mutable_items(0)->mutable_decision()->set_kind(v1::ITEM_DECISION_KIND_DEFERRED);
  EXPECT_EQ(ReasonOf(VoteOn(decided, "requests/fy27-1", "s1", "experts/oak1").status()),
            "ITEM_DECIDED");
}

TEST(CheckAsShortlisted, NobodyIsApprovedWhomTheMeetingDidNotSee) {
  const v1::MeetingItem item = OneItem().items(0);
  EXPECT_TRUE(CheckAsShortlisted(item, Proposes({"elm1"})).ok());
  for (const auto& experts :
       {std::vector<std::string>{}, {"oak1"}, {"elm1", "oak1"}, {"elm1", "elm1"}}) {
    const absl::Status status = CheckAsShortlisted(item, Proposes(experts));
    EXPECT_EQ(ReasonOf(status), "SHORTLIST_OLD");
    EXPECT_THAT(status.message(),
                HasSubstr(experts.empty() ? "proposes nobody" : "experts/" + experts.back()));
  }
}

TEST(CheckRoom, EndsBeforeTheMeetingIsTooLargeToRead) {
  v1::Meeting meeting = OneItem();
  meeting.set_said_bytes(kMostSaidBytes - SaidBytes("word"));
  EXPECT_TRUE(CheckRoom(meeting, "word").ok());
  EXPECT_EQ(ReasonOf(CheckRoom(meeting, "words")), "MEETING_FULL");
}

TEST(CheckDecision, SaysWhatIsMissingOrTooMuch) {
  const std::vector<v1::Assignment> some(1);
  struct Case {
    v1::ItemDecisionKind kind;
    bool assigns;
    const char* reason;
    const char* field;  // that is wrong; empty: none
  };
  for (const Case& one : {Case{v1::ITEM_DECISION_KIND_APPROVED, false, "", ""},
                          {v1::ITEM_DECISION_KIND_APPROVED, false, "the best", ""},
                          {v1::ITEM_DECISION_KIND_APPROVED, true, "", "assignments"},
                          {v1::ITEM_DECISION_KIND_OVERRIDDEN, true, "knows them", ""},
                          {v1::ITEM_DECISION_KIND_OVERRIDDEN, false, "knows them", "assignments"},
                          {v1::ITEM_DECISION_KIND_OVERRIDDEN, true, "", "reason"},
                          {v1::ITEM_DECISION_KIND_DEFERRED, false, "no quorum", ""},
                          {v1::ITEM_DECISION_KIND_DEFERRED, true, "no quorum", "assignments"},
                          {v1::ITEM_DECISION_KIND_DEFERRED, false, "", "reason"}}) {
    const absl::Status status = CheckDecision(
        one.kind, one.assigns ? absl::MakeConstSpan(some) : absl::Span<const v1::Assignment>(),
        one.reason);
    if (one.field[0] == '\0') {
      EXPECT_TRUE(status.ok()) << status;
    } else {
      ASSERT_FALSE(status.ok()) << v1::ItemDecisionKind_Name(one.kind) << " " << one.field;
      EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), one.field);
    }
  }
}

}  // namespace
}  // namespace critac::matching
