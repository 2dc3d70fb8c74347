// A meeting over a real journal: called, voted on, decided, and what becomes of the requests.
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/meeting_commands.h"
#include "services/matching/meetings.h"
#include "services/matching/offer_testing.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDana[] = "coordinator:dana";

class MeetingLife : public ::testing::Test {
 protected:
  MeetingLife() {
    for (const char* partner : {"elm", "oak"}) {
      center_.AddPartner(partner);
      for (int i = 1; i <= 2; ++i) center_.AddExpert(absl::StrCat(partner, i), partner);
    }
    bench_ = std::make_unique<MatchingBench>(center_);
    request_ = bench_->Ready(center_.AddDemand("fy27-1"));
  }

  absl::Status Do(journal::Decide decide, const std::string& actor = kDana) {
    return bench_->Do(std::move(decide), actor).status();
  }

  absl::StatusOr<journal::Answer> CallAgain(const std::string& request_id = "") {
    const auto view = bench_->pools->Read();
    const auto solved = (*view)->Solve(bench_->clock);
    auto items = ItemsOf(*(*view)->pool, (*solved)->plan, *(*view)->demands, {}, 3);
    return bench_->Do(CallMeeting(std::move(items), (*view)->policy.version(), "", ""), kDana,
                      request_id);
  }
  v1::Meeting Call() {
    const auto answer = CallAgain();
    EXPECT_TRUE(answer.ok()) << answer.status();
    return static_cast<const v1::Meeting&>(*answer->message);
  }

  absl::StatusOr<v1::MeetingItem> Decide(const v1::Meeting& meeting, v1::ItemDecisionKind kind,
                                         const std::string& reason = "",
                                         const std::string& expert = "") {
    v1::DecideItemRequest decision;
    decision.set_name(meeting.name());
    decision.set_request(request_);
    decision.set_kind(kind);
    decision.set_reason(reason);
    if (!expert.empty()) {
      v1::Assignment& one = *decision.add_assignments();
      one.set_slot("s1");
      one.set_expert("experts/" + expert);
    }
    const auto view = bench_->pools->Read();
    return ItemOf(bench_->Do(DecideItem(*view, decision), kDana));
  }

  absl::StatusOr<v1::MeetingItem> Vote(const v1::Meeting& meeting, const std::string& expert,
                                       const std::string& partner, v1::VoteChoice choice,
                                       const std::string& reason = "") {
    v1::Vote vote;
    vote.set_choice(choice);
    vote.set_reason(reason);
    return ItemOf(bench_->Do(
        CastVote(meeting.name(), request_, "s1", "experts/" + expert, "partners/" + partner, vote),
        "partner:partners/" + partner));
  }

  static absl::StatusOr<v1::MeetingItem> ItemOf(absl::StatusOr<journal::Answer> answer) {
    if (!answer.ok()) return answer.status();
    return static_cast<const v1::MeetingItem&>(*answer->message);
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
  std::string request_;
};

TEST_F(MeetingLife, IsCalledWithTheShortlistOfTheMoment) {
  const v1::Meeting meeting = Call();
  EXPECT_EQ(meeting.title(), "Coalition meeting of 2026-11-20");
  EXPECT_EQ(meeting.date(), "2026-11-20");
  EXPECT_EQ(meeting.state(), v1::MEETING_STATE_OPEN);
  EXPECT_EQ(meeting.called_by(), kDana);
  ASSERT_THAT(meeting.items(), SizeIs(1));
  const v1::ShortlistSlot& slot = meeting.items(0).slots(0);
  ASSERT_THAT(slot.candidates(), SizeIs(4)) << "who is proposed, and three alternates";
  EXPECT_EQ(
      slot.candidates(0).expert(),
      bench_->Get<v1::Proposal>(bench_->DemandFor(request_).proposal()).assignments(0).expert());
  EXPECT_TRUE(slot.candidates(0).proposed());
}

TEST_F(MeetingLife, KeepsNotesAndOfEachPartnerTheLastVote) {
  const v1::Meeting meeting = Call();
  ASSERT_TRUE(Do(AddNote(meeting.name(), request_, "the chief wants somebody near", "")).ok());
  ASSERT_TRUE(Vote(meeting, "elm1", "oak", v1::VOTE_CHOICE_AGAINST, "away in May").ok());
  ASSERT_TRUE(Vote(meeting, "elm1", "elm", v1::VOTE_CHOICE_FOR).ok());
  const auto voted = Vote(meeting, "elm1", "oak", v1::VOTE_CHOICE_ABSTAIN);
  ASSERT_TRUE(voted.ok()) << voted.status();
  ASSERT_TRUE(bench_->journal->Rebuild().ok());
  const auto kept = bench_->Get<v1::Meeting>(meeting.name());
  EXPECT_EQ(kept.items(0).notes(0).text(), "the chief wants somebody near");
  EXPECT_EQ(kept.items(0).notes(0).actor(), kDana);
  std::vector<std::string> votes;
  for (const v1::Vote& vote : kept.items(0).slots(0).candidates(0).votes()) {
    votes.push_back(absl::StrCat(vote.partner(), " ", v1::VoteChoice_Name(vote.choice())));
  }
  EXPECT_THAT(votes,
              ElementsAre("partners/elm VOTE_CHOICE_FOR", "partners/oak VOTE_CHOICE_ABSTAIN"));
  EXPECT_EQ(voted->slots(0).candidates(0).votes_size(), 2);
  EXPECT_EQ(voted->notes(0).text(), "the chief wants somebody near");
  EXPECT_NE(kept.etag(), meeting.etag());
  EXPECT_EQ(kept.title(), "Coalition meeting of 2026-11-20");
  EXPECT_EQ(kept.said_bytes(), 3 * SaidBytes("") + SaidBytes("the chief wants somebody near") +
                                   static_cast<int64_t>(std::string("away in May").size()));
}

TEST_F(MeetingLife, ApprovingSendsTheOffers) {
  const v1::Meeting meeting = Call();
  const auto decided = Decide(meeting, v1::ITEM_DECISION_KIND_APPROVED);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->decision().kind(), v1::ITEM_DECISION_KIND_APPROVED);
  EXPECT_NE(decided->decision().proposal(), "");
  ASSERT_THAT(bench_->Offers(request_), SizeIs(1));
  EXPECT_EQ(bench_->OfferNamed(bench_->Offers(request_)[0]).assignment().expert(),
            meeting.items(0).slots(0).candidates(0).expert());
  EXPECT_EQ(ReasonOf(Decide(meeting, v1::ITEM_DECISION_KIND_APPROVED).status()), "ITEM_DECIDED");
  EXPECT_THAT(bench_->Offers(request_), SizeIs(1));
}

TEST_F(MeetingLife, PutsOthersInThePlaceOfThoseProposed) {
  const v1::Meeting meeting = Call();
  const auto decided =
      Decide(meeting, v1::ITEM_DECISION_KIND_OVERRIDDEN, "worked with them before", "oak2");
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->decision().reason(), "worked with them before");
  ASSERT_THAT(bench_->Offers(request_), SizeIs(1));
  EXPECT_EQ(bench_->OfferNamed(bench_->Offers(request_)[0]).assignment().expert(), "experts/oak2");
  const auto proposal = bench_->Get<v1::Proposal>(decided->decision().proposal());
  EXPECT_EQ(proposal.state(), v1::PROPOSAL_STATE_OVERRIDDEN);
}

TEST_F(MeetingLife, AnOverrideOfSomebodyWhoIsOutRecordsNothing) {
  v1::Expert out = bench_->Get<v1::Expert>("experts/oak2");
  out.set_active(false);
  bench_->Set(out);
  const v1::Meeting meeting = Call();
  EXPECT_EQ(
      ReasonOf(Decide(meeting, v1::ITEM_DECISION_KIND_OVERRIDDEN, "so be it", "oak2").status()),
      "NOT_ELIGIBLE");
  EXPECT_FALSE(bench_->Get<v1::Meeting>(meeting.name()).items(0).has_decision());
  EXPECT_THAT(bench_->Offers(request_), IsEmpty());
}

TEST_F(MeetingLife, DoesNotApproveWhomItDidNotSee) {
  const v1::Meeting meeting = Call();
  v1::Expert lost = bench_->Get<v1::Expert>(meeting.items(0).slots(0).candidates(0).expert());
  lost.set_active(false);
  bench_->Set(lost);
  bench_->Solve();
  const absl::Status status = Decide(meeting, v1::ITEM_DECISION_KIND_APPROVED).status();
  EXPECT_EQ(ReasonOf(status), "SHORTLIST_OLD");
  EXPECT_THAT(status.message(), HasSubstr("it proposes experts/"));
  EXPECT_THAT(bench_->Offers(request_), IsEmpty());
}

TEST_F(MeetingLife, LeavesForLaterWhatIsDeferred) {
  const v1::Meeting meeting = Call();
  ASSERT_TRUE(Decide(meeting, v1::ITEM_DECISION_KIND_DEFERRED, "no quorum").ok());
  EXPECT_THAT(bench_->Offers(request_), IsEmpty());
  EXPECT_NE(bench_->DemandFor(request_).proposal(), "") << "the proposal stands";
  const absl::Status closed = Do(CloseMeeting(meeting.name()));
  ASSERT_TRUE(closed.ok()) << closed;
  EXPECT_EQ(bench_->Get<v1::Meeting>(meeting.name()).state(), v1::MEETING_STATE_CLOSED);
  EXPECT_TRUE(bench_->Get<v1::Meeting>(meeting.name()).has_close_time());
  for (const absl::Status& late : {Do(CloseMeeting(meeting.name())),
                                   Do(AddNote(meeting.name(), request_, "one thing more", "")),
                                   Vote(meeting, "elm1", "oak", v1::VOTE_CHOICE_FOR).status(),
                                   Decide(meeting, v1::ITEM_DECISION_KIND_APPROVED).status()}) {
    EXPECT_EQ(ReasonOf(late), "MEETING_OVER");
  }
  const v1::Meeting next = Call();
  EXPECT_TRUE(Decide(next, v1::ITEM_DECISION_KIND_APPROVED).ok());
}

TEST_F(MeetingLife, ThereIsNoneAboutNothingButACallRepeatedGetsItsMeeting) {
  const std::string request_id = "3f0c1d52-8a51-4a6e-9d5b-0a5e8f1f6c11";
  const auto first = CallAgain(request_id);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto& meeting = static_cast<const v1::Meeting&>(*first->message);
  ASSERT_TRUE(Decide(meeting, v1::ITEM_DECISION_KIND_APPROVED).ok());
  EXPECT_EQ(ReasonOf(CallAgain().status()), "NOTHING_OPEN") << "all its people are asked";
  const auto repeated = CallAgain(request_id);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(static_cast<const v1::Meeting&>(*repeated->message).name(), meeting.name());
  EXPECT_EQ(Do(CloseMeeting("meetings/m99999999")).code(), absl::StatusCode::kNotFound);
}

TEST_F(MeetingLife, TakesNoMoreWordsThanItCanHold) {
  const v1::Meeting meeting = Call();
  ASSERT_TRUE(Do([&](journal::Draft& draft) {
                v1::MeetingNoted much;
                much.set_request(request_);
                much.set_said_bytes(kMostSaidBytes);
                draft.Emit(meeting.name(), much);
                return absl::OkStatus();
              }).ok());
  for (const absl::Status& status : {Do(AddNote(meeting.name(), request_, "one thing more", "")),
                                     Vote(meeting, "elm1", "oak", v1::VOTE_CHOICE_FOR).status(),
                                     Decide(meeting, v1::ITEM_DECISION_KIND_APPROVED).status()}) {
    EXPECT_EQ(ReasonOf(status), "MEETING_FULL");
  }
  EXPECT_THAT(bench_->Offers(request_), IsEmpty());
}

TEST_F(MeetingLife, IsOfMembers) {
  const v1::Meeting meeting = Call();
  for (const absl::Status& status :
       {Vote(meeting, "elm1", "typo", v1::VOTE_CHOICE_FOR).status(),
        Do(AddNote(meeting.name(), request_, "a word", "partners/typo"))}) {
    EXPECT_EQ(ReasonOf(status), "NOT_A_MEMBER");
  }
  EXPECT_TRUE(Do(AddNote(meeting.name(), request_, "a word", "partners/elm")).ok());
}

}  // namespace
}  // namespace critac::matching
