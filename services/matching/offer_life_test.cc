// The life of offers over a real journal, day by day: answered, not answered, offered in vain, and what that makes of a
// team.
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "common/base/calendar.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/delivery_days.h"
#include "services/matching/identity_commands.h"
#include "services/matching/offer_testing.h"
#include "services/matching/partner_commands.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// An offer can be answered through 2026-11-30; reminders come on the 24th and the 27th; the second refusal escalates.
Center SmallCenter() {
  Center center = TwoPartnersOfThree();
  center.policy.set_escalate_after_offers(2);
  return center;
}

class OfferLife : public ::testing::Test {
 protected:
  // Another center than the small one, from here on.
  void Begin() { bench_ = std::make_unique<MatchingBench>(center_); }
  MatchingBench& bench() {
    if (bench_ == nullptr) Begin();
    return *bench_;
  }

  // A ready request with so many slots, of which the first asks for `people`.
  std::string Ready(int slots = 1, int people = 1) {
    v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", ++requests_));
    demand.mutable_slots(0)->set_people(people);
    for (int i = 2; i <= slots; ++i) center_.AddSlot(demand, absl::StrCat("s", i));
    return bench().Ready(demand);
  }

  // One that is agreed, and told to intake.
  std::string Agreed(int slots = 1, int people = 1) {
    const std::string request = Ready(slots, people);
    for (const std::string& offer : bench().Offered(request)) {
      EXPECT_TRUE(bench().Accept(offer).ok());
    }
    bench().Sync();
    EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_MATCHED);
    return request;
  }

  // The next version of the plan of its engagement.
  void DrawUp(const std::string& request) {
    v1::EngagementPlan plan;
    plan.add_objectives("a policy on foot pursuits");
    const auto drawn_up =
        bench().Do(DrawUpPlan(bench().EngagementFor(request).name(), "", "", plan));
    EXPECT_TRUE(drawn_up.ok()) << drawn_up.status();
  }

  // Who serves in the first slot of an engagement is lost; `partner` says so, empty: a coordinator.
  absl::Status Lose(const v1::Engagement& engagement, const std::string& partner = "") {
    const v1::Assignment& lost = engagement.assignments(0);
    return bench()
        .Do(ReleaseExpert(engagement.name(), partner, lost.slot(), lost.expert(),
                          v1::EXPERT_LOSS_CODE_LEFT, "retired"))
        .status();
  }

  // A session in a slot, today.
  static v1::Delivery Session(const std::string& slot, bool completes) {
    v1::Delivery delivery;
    delivery.set_slot(slot);
    delivery.set_delivery_type("deliveryTypes/virtual");
    delivery.set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    delivery.set_date("2026-11-20");
    delivery.set_completes_slot(completes);
    return delivery;
  }

  // An offer to elm1 of the second quarter that the one slot of `fy27-1` spans, from December to March.
  std::string OfferedForNextYear(const std::string& credential = "") {
    v1::Demand& demand = center_.AddDemand("fy27-1");
    demand.mutable_slots(0)->set_window_end("2027-03-31");
    demand.mutable_slots(0)->set_credential(credential);
    for (v1::Expert& expert : center_.experts) {
      if (!credential.empty()) expert.add_credentials()->set_title(credential);
    }
    const std::string request = bench().Ready(demand);
    v1::Assignment wanted;
    wanted.set_slot("s1");
    wanted.set_expert("experts/elm1");
    wanted.set_period("2027Q1");
    const absl::Status status = bench().Override(request, {wanted});
    EXPECT_TRUE(status.ok()) << status;
    const std::vector<std::string> offers = bench().Offers(request);
    EXPECT_THAT(offers, SizeIs(1));
    return offers.empty() ? "" : offers[0];
  }
  // Last day of elm's membership, and of elm1's credential.
  void EndMembership(const std::string& last) {
    v1::Partner partner = bench().Get<v1::Partner>("partners/elm");
    partner.mutable_memberships(0)->set_end(last);
    bench().Set(partner);
  }
  void LimitCredential(const std::string& last) {
    v1::Expert expert = bench().Get<v1::Expert>("experts/elm1");
    expert.mutable_credentials(0)->set_valid_to(last);
    bench().Set(expert);
  }
  // The agency of `fy27-1` needs help by then.
  void NeedBy(const std::string& day) {
    bench().intake.requests["requests/fy27-1"].set_needed_by(day);
    bench().Follow("requests/fy27-1");
  }
  // Of an offer of `fy27-1`: nothing is due, or it comes to nothing and its slot is matched anew.
  void ExpectStands(const std::string& offer) {
    EXPECT_EQ(bench().CareForOffers(), 0);
    EXPECT_EQ(bench().OfferNamed(offer).state(), v1::OFFER_STATE_OPEN);
  }
  void ExpectRefusedAndTakenBack(const std::string& offer, const std::string& why) {
    const absl::Status status = bench().Accept(offer);
    EXPECT_EQ(ReasonOf(status), "NOT_ELIGIBLE") << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why)) << status;
    EXPECT_EQ(bench().CareForOffers(), 1);
    EXPECT_EQ(bench().OfferNamed(offer).state(), v1::OFFER_STATE_WITHDRAWN);
    EXPECT_THAT(bench().DemandFor("requests/fy27-1").refusals(), IsEmpty()) << "nobody refused";
    EXPECT_EQ(bench().Used(ExpertOf(offer), "2027Q1"), 0);
    bench().Solve();
    const auto next = bench().Offered("requests/fy27-1");
    ASSERT_THAT(next, SizeIs(1));
    EXPECT_TRUE(bench().Accept(next[0]).ok());
  }

  void GoTo(absl::CivilDay day) {
    bench().clock.Advance(absl::FromCivil(absl::CivilHour(day) + 9, absl::UTCTimeZone()) -
                          bench().clock.Now());
  }

  // A request becomes ready again, today, and matching takes it up.
  void BecomesReadyAnew(const std::string& request) {
    intake::v1::Request& at_intake = bench().intake.requests[request];
    at_intake.set_state(intake::v1::REQUEST_STATE_READY);
    *at_intake.mutable_ready_time() = journal::ToTimestamp(bench().clock.Now());
    bench().Follow(request);
  }

  // When a request last became ready.
  absl::CivilDay ReadyDay(const std::string& request) {
    return DayOf(journal::FromTimestamp(bench().DemandFor(request).ready_time()));
  }

  // How long a request has waited by today, as the plan prices it.
  int64_t DaysWaited(const std::string& request) {
    const auto view = bench().pools->Read();
    EXPECT_TRUE(view.ok()) << view.status();
    if (!view.ok()) return -1;
    for (const DemandRow& row : (*view)->pool->demands()) {
      if (row.request == request) return row.days_waited;
    }
    ADD_FAILURE() << request << " is not open for matching";
    return -1;
  }

  std::string ExpertOf(const std::string& offer) {
    return bench().OfferNamed(offer).assignment().expert();
  }

  // Of offers accepted at the same time.
  void ExpectOneIsAccepted(const std::vector<std::string>& offers) {
    std::atomic<int> accepted = 0, refused = 0;
    std::vector<std::thread> partners;
    for (const std::string& offer : offers) {
      partners.emplace_back([&, offer] {
        const absl::Status status = bench().Accept(offer);
        accepted += status.ok() ? 1 : 0;
        refused += ReasonOf(status) == "NO_CAPACITY" ? 1 : 0;
      });
    }
    for (std::thread& partner : partners) partner.join();
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(static_cast<size_t>(accepted + refused), offers.size());
  }

  // Every state is what the journal says.
  void ExpectRebuildChangesNothing(const std::string& request) {
    const std::string before = bench().DemandFor(request).DebugString();
    ASSERT_TRUE(bench().journal->Rebuild().ok());
    EXPECT_EQ(bench().DemandFor(request).DebugString(), before);
  }

  Center center_ = SmallCenter();
  int requests_ = 0;
  std::unique_ptr<MatchingBench> bench_;
};

// ---- Not answered

TEST_F(OfferLife, APartnerIsRemindedOnceOnEachDayAndAfterARestartToo) {
  const auto offers = bench().Offered(Ready());
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(bench().CareForOffers(), 0);
  GoTo(absl::CivilDay(2026, 11, 24));
  EXPECT_EQ(bench().CareForOffers(), 1);
  EXPECT_EQ(bench().OfferNamed(offers[0]).reminder_count(), 1);
  EXPECT_TRUE(bench().OfferNamed(offers[0]).has_reminder_time());
  EXPECT_EQ(bench().CareForOffers(), 0) << "reminded once";
  bench().Restart();
  EXPECT_EQ(bench().CareForOffers(), 0) << "reminded once";
  GoTo(absl::CivilDay(2026, 11, 28));
  EXPECT_EQ(bench().CareForOffers(), 1) << "the day passed without a worker";
  EXPECT_EQ(bench().OfferNamed(offers[0]).reminder_count(), 2);
  EXPECT_EQ(bench().OfferNamed(offers[0]).state(), v1::OFFER_STATE_OPEN);
}

TEST_F(OfferLife, AnOfferExpiresAfterItsLastDayAndGoesToTheNextBest) {
  const std::string request = Ready();
  const auto offers = bench().Offered(request);
  GoTo(absl::CivilDay(2026, 11, 30));
  bench().CareForOffers();
  EXPECT_EQ(bench().OfferNamed(offers[0]).state(), v1::OFFER_STATE_OPEN);
  GoTo(absl::CivilDay(2026, 12, 1));
  EXPECT_EQ(bench().CareForOffers(), 1);
  const v1::Offer expired = bench().OfferNamed(offers[0]);
  EXPECT_EQ(expired.state(), v1::OFFER_STATE_EXPIRED);
  EXPECT_EQ(expired.answered_by(), "") << "nobody answered";
  EXPECT_EQ(ReasonOf(bench().Accept(offers[0])), "OFFER_NOT_OPEN");
  EXPECT_EQ(bench().CareForOffers(), 0);
  EXPECT_EQ(bench().DemandFor(request).state(), v1::DEMAND_STATE_OPEN);
  bench().Solve();
  const auto next = bench().Offered(request);
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_NE(ExpertOf(next[0]), ExpertOf(offers[0]));
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, AnAnswerAfterTheLastDayIsRefusedBeforeAnyJobRan) {
  const auto offers = bench().Offered(Ready());
  GoTo(absl::CivilDay(2026, 12, 1));
  EXPECT_EQ(ReasonOf(bench().Accept(offers[0])), "OFFER_EXPIRED");
  EXPECT_EQ(ReasonOf(bench().Decline(offers[0])), "OFFER_EXPIRED");
}

// Nothing can start in a period that is past, so its capacity is not taken any more.
TEST_F(OfferLife, AnOfferWhosePeriodEndsBeforeItIsAnsweredIsTakenBackAndItsSlotMatchedAgain) {
  v1::Demand& demand = center_.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_window_end("2027-03-31");
  GoTo(absl::CivilDay(2026, 12, 30));
  const std::string request = bench().Ready(demand);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(1));
  const v1::Offer offer = bench().OfferNamed(offers[0]);
  ASSERT_EQ(offer.assignment().period(), "2026Q4");
  ASSERT_GT(offer.answer_by(), "2027-01-01");
  GoTo(absl::CivilDay(2026, 12, 31));
  EXPECT_EQ(bench().CareForOffers(), 0);
  GoTo(absl::CivilDay(2027, 1, 1));
  const absl::Status late = bench().Accept(offers[0]);
  EXPECT_EQ(ReasonOf(late), "PERIOD_OVER") << late;
  EXPECT_THAT(std::string(late.message()), HasSubstr("2026Q4")) << late;
  EXPECT_EQ(bench().CareForOffers(), 1);
  EXPECT_EQ(bench().OfferNamed(offers[0]).state(), v1::OFFER_STATE_WITHDRAWN);
  EXPECT_THAT(bench().DemandFor(request).refusals(), IsEmpty()) << "nobody refused";
  EXPECT_THAT(bench().DemandFor(request).declined(), IsEmpty()) << "may come back";
  EXPECT_EQ(bench().Used(offer.assignment().expert(), "2026Q4"), 0);
  bench().Solve();
  const auto next = bench().Offered(request);
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_EQ(bench().OfferNamed(next[0]).assignment().period(), "2027Q1");
  EXPECT_TRUE(bench().Accept(next[0]).ok());
  EXPECT_EQ(bench().Used(ExpertOf(next[0]), "2027Q1"), 1);
}

TEST_F(OfferLife, OnTheLastDayOfItsPeriodAnOfferCanStillBeAccepted) {
  v1::Demand& demand = center_.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_window_end("2027-03-31");
  GoTo(absl::CivilDay(2026, 12, 30));
  const auto offers = bench().Offered(bench().Ready(demand));
  ASSERT_THAT(offers, SizeIs(1));
  ASSERT_EQ(bench().OfferNamed(offers[0]).assignment().period(), "2026Q4");
  GoTo(absl::CivilDay(2026, 12, 31));
  EXPECT_TRUE(bench().Accept(offers[0]).ok());
  EXPECT_EQ(bench().Used(ExpertOf(offers[0]), "2026Q4"), 1);
}

// Until then, too, it is the partner's to say that the expert does not want to: that is an answer.
TEST_F(OfferLife, AnOfferWhosePeriodIsOverCanBeDeclinedUntilItIsTakenBack) {
  v1::Demand& demand = center_.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_window_end("2027-03-31");
  GoTo(absl::CivilDay(2026, 12, 30));
  const std::string request = bench().Ready(demand);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(1));
  GoTo(absl::CivilDay(2027, 1, 1));
  EXPECT_TRUE(bench().Decline(offers[0]).ok());
  EXPECT_THAT(bench().DemandFor(request).refusals(), SizeIs(1));
  EXPECT_EQ(bench().CareForOffers(), 0);
}

TEST_F(OfferLife, AnAnsweredOfferIsNeitherRemindedNorExpires) {
  const std::string request = Agreed();
  GoTo(absl::CivilDay(2026, 12, 9));
  EXPECT_EQ(bench().CareForOffers(), 0);
  EXPECT_THAT(bench().Offers(request, v1::OFFER_STATE_ACCEPTED), SizeIs(1));
}

// ---- An expert who serves no more

TEST_F(OfferLife, AnExpertDeactivatedAfterTheProposalCannotBeOffered) {
  const std::string request = Ready();
  const std::string proposed =
      bench().Get<v1::Proposal>(bench().DemandFor(request).proposal()).assignments(0).expert();
  for (v1::Expert& expert : center_.experts) {
    if (expert.name() != proposed) continue;
    expert.set_active(false);
    bench().Set(expert);
  }
  const absl::Status status = bench().Approve(request);
  EXPECT_EQ(ReasonOf(status), "NOT_ELIGIBLE") << status;
  EXPECT_THAT(bench().Offers(request), IsEmpty());
  bench().Solve();
  EXPECT_NE(ExpertOf(bench().Offered(request).at(0)), proposed);
}

TEST_F(OfferLife, AnExpertDeactivatedAfterTheOfferCannotAcceptAndTheOfferIsTakenBack) {
  const std::string request = Ready();
  const auto offers = bench().Offered(request);
  const std::string lost = ExpertOf(offers[0]);
  v1::Expert expert = bench().Get<v1::Expert>(lost);
  expert.set_active(false);
  bench().Set(expert);
  EXPECT_EQ(ReasonOf(bench().Accept(offers[0])), "EXPERT_NOT_ACTIVE");
  EXPECT_EQ(bench().CareForOffers(), 1) << "whatever the day";
  EXPECT_EQ(bench().OfferNamed(offers[0]).state(), v1::OFFER_STATE_WITHDRAWN);
  EXPECT_THAT(bench().DemandFor(request).refusals(), IsEmpty()) << "nobody refused";
  EXPECT_THAT(bench().DemandFor(request).declined(), IsEmpty()) << "may come back";
  EXPECT_EQ(bench().Used(lost, "open"), 0);
  bench().Solve();
  EXPECT_NE(ExpertOf(bench().Offered(request).at(0)), lost);
}

TEST_F(OfferLife, AConflictThatIsDeclaredAfterTheOfferForbidsAcceptingItAndItIsTakenBack) {
  const std::string request = Ready();
  const auto offers = bench().Offered(request);
  const std::string barred = ExpertOf(offers[0]);
  v1::Conflict conflict;
  conflict.set_expert(barred);
  conflict.set_agency("agencies/fy27-1");
  conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
  conflict.set_reason("a suit");
  ASSERT_TRUE(bench().Do(CreateConflict(conflict, "")).ok());
  const absl::Status status = bench().Accept(offers[0]);
  EXPECT_EQ(ReasonOf(status), "NOT_ELIGIBLE") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("litigation")) << status;
  EXPECT_EQ(bench().CareForOffers(), 1);
  EXPECT_EQ(bench().OfferNamed(offers[0]).state(), v1::OFFER_STATE_WITHDRAWN);
  bench().Solve();
  EXPECT_NE(ExpertOf(bench().Offered(request).at(0)), barred);
}

TEST_F(OfferLife, APartnerThatIsNoMemberAnyMoreCannotAccept) {
  const std::string request = Ready();
  const auto offers = bench().Offered(request);
  v1::Partner partner =
      bench().Get<v1::Partner>(bench().OfferNamed(offers[0]).assignment().partner());
  partner.mutable_memberships(0)->set_end("2026-11-19");
  bench().Set(partner);
  EXPECT_EQ(ReasonOf(bench().Accept(offers[0])), "NOT_ELIGIBLE");
}

// Made in the last days that the lead time leaves: when it is answered, nothing new could start in the window any more.
TEST_F(OfferLife, APartnerThatHasLeftCannotAcceptThoughTheLeadTimeLeavesNoDayToStart) {
  for (v1::Expert& expert : center_.experts) expert.set_travels_anywhere(true);
  v1::Demand& demand = center_.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_delivery_type("deliveryTypes/training");
  GoTo(absl::CivilDay(2026, 11, 27));
  const std::string request = bench().Ready(demand);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(1));
  v1::Partner partner =
      bench().Get<v1::Partner>(bench().OfferNamed(offers[0]).assignment().partner());
  partner.mutable_memberships(0)->set_end("2026-12-02");
  bench().Set(partner);
  GoTo(absl::CivilDay(2026, 12, 4));
  const absl::Status status = bench().Accept(offers[0]);
  EXPECT_EQ(ReasonOf(status), "NOT_ELIGIBLE") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a member on 2026-12-04 to 2026-12-31"))
      << status;
  partner.mutable_memberships(0)->set_end("2026-12-04");
  bench().Set(partner);
  EXPECT_TRUE(bench().Accept(offers[0]).ok());
}

// ---- Not eligible in the period that was offered, though in another of the slot's window

TEST_F(OfferLife, AnOfferForAPeriodBeforeWhichTheMembershipEndsIsNotAcceptedAndIsTakenBack) {
  const std::string offer = OfferedForNextYear();
  EndMembership("2027-01-01");
  ExpectStands(offer);
  EndMembership("2026-12-31");
  ExpectRefusedAndTakenBack(offer,
                            "for 2027Q1, out at the gate GATE_MEMBERSHIP: Partner elm is not a "
                            "member on 2027-01-01 to 2027-03-31");
}

TEST_F(OfferLife, AnOfferForAPeriodOnWhoseFirstDayTheMembershipEndsIsAccepted) {
  const std::string offer = OfferedForNextYear();
  EndMembership("2027-01-01");
  EXPECT_TRUE(bench().Accept(offer).ok());
}

TEST_F(OfferLife, AnOfferForAPeriodBeforeWhichTheCredentialExpiresIsNotAcceptedAndIsTakenBack) {
  const std::string offer = OfferedForNextYear("ICAT instructor");
  LimitCredential("2027-01-01");
  ExpectStands(offer);
  LimitCredential("2026-12-31");
  ExpectRefusedAndTakenBack(offer,
                            "for 2027Q1, out at the gate GATE_DEMAND: holds the credential "
                            "ICAT instructor until 2026-12-31");
}

TEST_F(OfferLife, AnOfferForAPeriodOnWhoseFirstDayTheCredentialExpiresIsAccepted) {
  const std::string offer = OfferedForNextYear("ICAT instructor");
  LimitCredential("2027-01-01");
  EXPECT_TRUE(bench().Accept(offer).ok());
}

TEST_F(OfferLife, AnOfferForAPeriodBeforeWhichHelpIsNeededIsNotAcceptedAndIsTakenBack) {
  const std::string offer = OfferedForNextYear();
  NeedBy("2027-01-01");
  ExpectStands(offer);
  NeedBy("2026-12-20");
  ExpectRefusedAndTakenBack(offer,
                            "for 2027Q1, out at the gate GATE_AVAILABILITY: it can start on "
                            "2027-01-01, after the day by which help is needed, 2026-12-20");
}

TEST_F(OfferLife, AnOfferForAPeriodOnWhoseFirstDayHelpIsNeededIsAccepted) {
  const std::string offer = OfferedForNextYear();
  NeedBy("2027-01-01");
  EXPECT_TRUE(bench().Accept(offer).ok());
}

TEST_F(OfferLife, AnOfferInWhosePeriodMembershipAndConflictLeaveNoDayIsNotAcceptedAndIsTakenBack) {
  const std::string offer = OfferedForNextYear();
  EndMembership("2027-02-15");
  v1::Conflict conflict;
  conflict.set_expert(ExpertOf(offer));
  conflict.set_agency("agencies/fy27-1");
  conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
  conflict.set_reason("a suit");
  conflict.set_valid_to("2027-02-14");
  ASSERT_TRUE(bench().Do(CreateConflict(conflict, "")).ok());
  ExpectStands(offer);
  conflict.set_valid_to("2027-02-15");
  ASSERT_TRUE(bench().Do(CreateConflict(conflict, "")).ok());
  ExpectRefusedAndTakenBack(offer, "for 2027Q1, out at the gate GATE_CONFLICT: litigation");
}

TEST_F(OfferLife, OfAnOfferWithoutAPeriodThatCanBeReadTheWholeWindowDecides) {
  const std::string offer = OfferedForNextYear();
  EndMembership("2026-12-31");
  const auto before = bench().pools->ReadGates();
  ASSERT_TRUE(before.ok()) << before.status();
  v1::Offer one = bench().OfferNamed(offer);
  EXPECT_TRUE(FailedGate(*(*before)->pool, one).has_value());
  EndMembership("2026-11-30");
  const auto after = bench().pools->ReadGates();
  ASSERT_TRUE(after.ok()) << after.status();
  for (const char* period : {"", "next year"}) {
    one.mutable_assignment()->set_period(period);
    EXPECT_FALSE(FailedGate(*(*before)->pool, one).has_value()) << period;
    const std::optional<v1::GateResult> failed = FailedGate(*(*after)->pool, one);
    ASSERT_TRUE(failed.has_value()) << period;
    EXPECT_EQ(failed->gate(), v1::GATE_MEMBERSHIP) << period;
  }
}

TEST_F(OfferLife, AnAcceptanceThatRestsOnGatesOfBeforeIsRefused) {
  const auto offers = bench().Offered(Ready());
  const auto before = bench().pools->ReadGates();
  ASSERT_TRUE(before.ok()) << before.status();
  v1::Expert other = center_.experts.back();
  other.set_travel_radius_km(5);
  bench().Set(other);
  EXPECT_EQ(ReasonOf(bench().Do(AcceptOffer(*before, offers[0], "")).status()), "INPUTS_CHANGED");
  EXPECT_TRUE(bench().Accept(offers[0]).ok());
}

// ---- Capacity

TEST_F(OfferLife, OfTwoAcceptancesOfTheLastCapacityExactlyOneWins) {
  center_.experts.clear();
  center_.AddExpert("elm1", "elm").set_capacity_per_period(2);
  const std::string first = Ready(), second = Ready();
  bench().Solve();
  const std::vector<std::string> offers = {bench().Offered(first).at(0),
                                           bench().Offered(second).at(0)};
  // Offered while there was room for both.
  v1::Expert expert = bench().Get<v1::Expert>("experts/elm1");
  expert.set_capacity_per_period(1);
  bench().Set(expert);
  ExpectOneIsAccepted(offers);
  EXPECT_EQ(bench().Used("experts/elm1", "2026Q4"), 1);
  EXPECT_EQ(bench().Used("partners/elm", "2026Q4"), 1);
}

TEST_F(OfferLife, OfTwoAcceptancesOfTheProgramsLastCapacityExactlyOneWins) {
  const std::string first = Ready(), second = Ready();
  bench().Solve();
  const std::vector<std::string> offers = {bench().Offered(first).at(0),
                                           bench().Offered(second).at(0)};
  v1::PolicySet set;
  *set.mutable_policy() = center_.policy;
  set.mutable_policy()->set_capacity_open(1);
  ASSERT_TRUE(bench()
                  .Do([&](journal::Draft& draft) {
                    draft.Emit(kCurrentPolicy, set);
                    return absl::OkStatus();
                  })
                  .ok());
  ExpectOneIsAccepted(offers);
}

TEST_F(OfferLife, AnOfferAcceptedTwiceTakesCapacityOnce) {
  const auto offers = bench().Offered(Ready());
  const std::string expert = ExpertOf(offers[0]);
  const std::string id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  EXPECT_TRUE(bench().AcceptAs(offers[0], id).ok());
  const auto again = bench().AcceptAs(offers[0], id);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(ReasonOf(bench().Accept(offers[0])), "OFFER_NOT_OPEN");
  EXPECT_EQ(bench().Used(expert, "open"), 1);
  EXPECT_EQ(bench().Used(expert, "2026Q4"), 1);
}

TEST_F(OfferLife, ARequestThatLeavesBeforeAllAcceptedGivesTheCapacityBack) {
  const std::string request = Ready(2);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(2));
  const std::string expert = ExpertOf(offers[0]);
  ASSERT_TRUE(bench().Accept(offers[0]).ok());
  EXPECT_EQ(bench().Used(expert, "open"), 1);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_WITHDRAWN);
  bench().Follow(request);
  EXPECT_EQ(bench().OfferNamed(offers[0]).state(), v1::OFFER_STATE_RELEASED);
  EXPECT_EQ(bench().OfferNamed(offers[1]).state(), v1::OFFER_STATE_WITHDRAWN);
  EXPECT_EQ(bench().Used(expert, "open"), 0);
  EXPECT_EQ(bench().Used(expert, "2026Q4"), 0);
}

// ---- Partial acceptance, escalation

TEST_F(OfferLife, WhoAcceptedStaysWhileTheOtherPlaceIsOfferedToTheNextBest) {
  const std::string request = Ready(1, 2);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(2));
  ASSERT_TRUE(bench().Accept(offers[0]).ok());
  ASSERT_TRUE(bench().Decline(offers[1]).ok());
  bench().Solve();
  const auto next = bench().Offered(request);
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_NE(ExpertOf(next[0]), ExpertOf(offers[0]));
  EXPECT_NE(ExpertOf(next[0]), ExpertOf(offers[1]));
  ASSERT_TRUE(bench().Accept(next[0]).ok());
  const v1::Engagement engagement = bench().EngagementFor(request);
  ASSERT_THAT(engagement.assignments(), SizeIs(2));
  std::set<std::string> team;
  for (const auto& one : engagement.assignments()) team.insert(one.expert());
  EXPECT_EQ(team, (std::set<std::string>{ExpertOf(offers[0]), ExpertOf(next[0])}));
}

TEST_F(OfferLife, ASlotRefusedAsOftenAsThePolicySaysIsEscalatedUntilItIsFilled) {
  const std::string request = Ready();
  const auto escalated = [&] {
    const auto page = bench().journal->List<v1::Demand>(
        {.collection = "demands", .condition = {"escalated = 1", {}}});
    EXPECT_TRUE(page.ok()) << page.status();
    return page->items.size();
  };
  ASSERT_TRUE(bench().Decline(bench().Offered(request).at(0)).ok());
  EXPECT_EQ(escalated(), 0u);
  bench().Solve();
  ASSERT_THAT(bench().Offered(request), SizeIs(1));
  GoTo(absl::CivilDay(2026, 12, 10));
  bench().CareForOffers();  // the second lets it expire
  EXPECT_EQ(escalated(), 1u);
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 2);
  bench().Solve();
  const auto third = bench().Offered(request);
  ASSERT_THAT(third, SizeIs(1)) << "stays open to a person's decision";
  EXPECT_EQ(escalated(), 1u);
  ASSERT_TRUE(bench().Accept(third[0]).ok());
  EXPECT_EQ(escalated(), 0u);
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 0);
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, RefusalsOfASlotThatWasFilledAreCountedAnewAndWhoRefusedStaysOut) {
  const std::string request = Ready();
  std::set<std::string> asked;
  // Has the next best decline, or accept.
  const auto answer = [&](bool accepts) {
    const std::string offer = bench().Offered(request).at(0);
    EXPECT_TRUE(asked.insert(ExpertOf(offer)).second) << ExpertOf(offer) << " is asked again";
    EXPECT_TRUE((accepts ? bench().Accept(offer) : bench().Decline(offer)).ok());
    bench().Solve();
    return bench().DemandFor(request).refusals(0);
  };
  EXPECT_EQ(answer(false).count(), 1);
  EXPECT_EQ(answer(true).count(), 0);
  ASSERT_TRUE(Lose(bench().EngagementFor(request)).ok());
  bench().Sync();
  bench().Follow(request);
  const v1::SlotRefusals first = answer(false);
  EXPECT_EQ(first.count(), 1);
  EXPECT_FALSE(first.has_escalate_time()) << "the policy allows one more";
  const v1::SlotRefusals second = answer(false);
  EXPECT_EQ(second.count(), 2);
  EXPECT_TRUE(second.has_escalate_time());
  EXPECT_THAT(bench().DemandFor(request).declined(), SizeIs(4)) << "three refused, one was lost";
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, ASlotWhoseRefusalsAreOverIsNotOfferedUnaskedAfterALoss) {
  center_.policy.set_reoffer_automatically(true);
  const std::string request = Ready();
  ASSERT_TRUE(bench().Decline(bench().Offered(request).at(0)).ok());
  bench().Solve();
  const auto again = bench().Offers(request);
  ASSERT_THAT(again, SizeIs(1)) << "the next is asked unasked";
  ASSERT_TRUE(bench().Accept(again[0]).ok());
  ASSERT_TRUE(Lose(bench().EngagementFor(request)).ok());
  bench().Sync();
  bench().Follow(request);
  bench().Solve();
  EXPECT_NE(bench().DemandFor(request).proposal(), "");
  EXPECT_THAT(bench().Offers(request), IsEmpty()) << "a loss is for a person to decide again";
}

TEST_F(OfferLife, RefusalsAreCountedOnWhileASlotWithSomeOfItsPeopleMissesOthers) {
  const std::string request = Ready(1, 2);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(2));
  ASSERT_TRUE(bench().Decline(offers[1]).ok());
  ASSERT_TRUE(bench().Accept(offers[0]).ok());
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 1) << "one is missing still";
  bench().Solve();
  ASSERT_TRUE(bench().Accept(bench().Offered(request).at(0)).ok());
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 0);
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, RefusalsOfASlotThatMakesDoWithFewerPeopleAreCountedAnew) {
  const std::string request = Ready(1, 2);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(2));
  ASSERT_TRUE(bench().Accept(offers[0]).ok());
  ASSERT_TRUE(bench().Decline(offers[1]).ok());
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 1);
  ASSERT_TRUE(bench().Do(ReduceSlot(DemandOf(request), "s1", "one will do")).ok());
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 0);
  ExpectRebuildChangesNothing(request);
}

// The journal keeps what it said: the count of an acceptance from before went on.
TEST_F(OfferLife, AnAcceptanceFromBeforeRefusalsWereCountedAnewLeavesTheCountAsItWas) {
  const std::string request = Ready();
  ASSERT_TRUE(bench().Decline(bench().Offered(request).at(0)).ok());
  bench().Solve();
  v1::OfferAccepted accepted;
  *accepted.mutable_offer() = bench().OfferNamed(bench().Offered(request).at(0));
  accepted.mutable_offer()->set_state(v1::OFFER_STATE_ACCEPTED);
  ASSERT_TRUE(bench()
                  .Do([&](journal::Draft& draft) {
                    draft.Emit(accepted.offer().name(), accepted);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 1);
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, AnOfferThatIsTakenBackEscalatesNothingHoweverOftenTheSlotWasRefused) {
  const std::string request = Ready();
  ASSERT_TRUE(bench().Decline(bench().Offered(request).at(0)).ok());
  bench().Solve();
  const auto again = bench().Offered(request);
  ASSERT_THAT(again, SizeIs(1));
  // By this policy the slot was refused too often as it is.
  v1::PolicySet set;
  *set.mutable_policy() = center_.policy;
  set.mutable_policy()->set_escalate_after_offers(1);
  ASSERT_TRUE(bench()
                  .Do([&](journal::Draft& draft) {
                    draft.Emit(kCurrentPolicy, set);
                    return absl::OkStatus();
                  })
                  .ok());
  for (v1::Expert& expert : center_.experts) {
    if (expert.name() != ExpertOf(again[0])) continue;
    expert.set_active(false);
    bench().Set(expert);
  }
  EXPECT_EQ(bench().CareForOffers(), 1);
  EXPECT_EQ(bench().OfferNamed(again[0]).state(), v1::OFFER_STATE_WITHDRAWN);
  EXPECT_EQ(bench().DemandFor(request).refusals(0).count(), 1);
  EXPECT_FALSE(bench().DemandFor(request).refusals(0).has_escalate_time());
}

TEST_F(OfferLife, ThePolicyMayOfferToTheNextBestByItselfUntilItIsEscalated) {
  center_.policy.set_reoffer_automatically(true);
  const std::string request = Ready();
  EXPECT_THAT(bench().Offers(request), IsEmpty()) << "the first takes a person's decision";
  const auto first = bench().Offered(request);
  ASSERT_TRUE(bench().Decline(first[0]).ok());
  bench().Solve();
  const auto second = bench().Offers(request);
  ASSERT_THAT(second, SizeIs(1)) << "offered without one";
  EXPECT_NE(ExpertOf(second[0]), ExpertOf(first[0]));
  ASSERT_TRUE(bench().Decline(second[0]).ok());
  bench().Solve();
  EXPECT_THAT(bench().Offers(request), IsEmpty()) << "escalated";
  EXPECT_NE(bench().DemandFor(request).proposal(), "");
  EXPECT_THAT(bench().Offered(request), SizeIs(1));
}

// ---- Who may be somebody whom a conflict of interest keeps out

class SuspectedLife : public OfferLife {
 protected:
  // elm1 alone takes part, and may be oak1, who serves in the agency of the first request.
  SuspectedLife() {
    for (v1::Expert& expert : center_.experts) {
      expert.set_active(expert.name() == "experts/elm1");
      if (expert.name() != "experts/elm1" && expert.name() != "experts/oak1") continue;
      expert.set_full_name(expert.active() ? "Bob Lee" : "Robert Lee");
      expert.mutable_home()->set_latitude_e6(40'760'000);
      expert.mutable_home()->set_longitude_e6(-111'890'000);
      if (!expert.active()) expert.add_services()->set_agency("agencies/fy27-1");
    }
  }

  v1::Proposal Standing(const std::string& request) {
    return bench().Get<v1::Proposal>(bench().DemandFor(request).proposal());
  }
  absl::Status Decide(bool same) {
    return bench().Do(DecideIdentity("experts/elm1", "experts/oak1", same, "asked him")).status();
  }
};

TEST_F(SuspectedLife, IsProposedWithWhatIsSuspectedAndOfferedByAPersonAlone) {
  center_.policy.set_approve_automatically(true);
  const std::string request = Ready();
  EXPECT_THAT(bench().Offers(request), IsEmpty()) << "whatever the policy says";
  const v1::Proposal proposal = Standing(request);
  EXPECT_EQ(proposal.state(), v1::PROPOSAL_STATE_OPEN);
  ASSERT_THAT(proposal.assignments(), SizeIs(1));
  ASSERT_THAT(proposal.assignments(0).suspected_conflicts(), SizeIs(1));
  EXPECT_EQ(proposal.assignments(0).suspected_conflicts(0).expert(), "experts/oak1");

  const std::vector<std::string> offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(1)) << "a person may";
  EXPECT_THAT(bench().Get<v1::Proposal>(proposal.name()).assignments(0).suspected_conflicts(),
              SizeIs(1))
      << "and it is on record that it was known";
  EXPECT_THAT(bench().OfferNamed(offers[0]).assignment().suspected_conflicts(), IsEmpty())
      << "the partner is told nothing of others' records";
}

TEST_F(SuspectedLife, IsOfferedAsThePolicySaysOnceTheRecordsAreSaidToBeTwo) {
  center_.policy.set_approve_automatically(true);
  const std::string request = Ready();
  const std::string before = Standing(request).name();
  ASSERT_TRUE(Decide(false).ok());
  bench().Solve();
  const std::vector<std::string> offers = bench().Offers(request);
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(ExpertOf(offers[0]), "experts/elm1");
  EXPECT_EQ(bench().Get<v1::Proposal>(before).state(), v1::PROPOSAL_STATE_SUPERSEDED);
}

TEST_F(SuspectedLife, IsOutOnceTheRecordsAreSaidToBeOne) {
  const std::string request = Ready();
  ASSERT_TRUE(Decide(true).ok());
  bench().Solve();
  EXPECT_THAT(Standing(request).assignments(), IsEmpty());
}

TEST_F(SuspectedLife, IsProposedAnewWhenASuspicionArises) {
  const std::string name = center_.experts[3].full_name();
  center_.experts[3].clear_full_name();
  const std::string request = Ready();
  const v1::Proposal before = Standing(request);
  EXPECT_THAT(before.assignments(0).suspected_conflicts(), IsEmpty());
  center_.experts[3].set_full_name(name);
  bench().Set(center_.experts[3]);
  bench().Solve();
  const v1::Proposal after = Standing(request);
  EXPECT_NE(after.name(), before.name());
  EXPECT_THAT(after.assignments(0).suspected_conflicts(), SizeIs(1));
  bench().Solve();
  EXPECT_EQ(Standing(request).name(), after.name()) << "and left alone then";
}

TEST_F(SuspectedLife, IsNotOfferedToAgainByItselfAfterARefusal) {
  center_.policy.set_reoffer_automatically(true);
  for (v1::Expert& expert : center_.experts) {
    if (expert.name() == "experts/oak2") expert.set_active(true);
  }
  const std::string request = Ready();
  v1::Assignment wanted;
  wanted.set_slot("s1");
  wanted.set_expert("experts/oak2");
  ASSERT_TRUE(bench().Override(request, {wanted}).ok());
  ASSERT_TRUE(bench().Decline(bench().Offers(request).at(0)).ok());
  bench().Solve();
  EXPECT_THAT(bench().Offers(request), IsEmpty());
  ASSERT_THAT(Standing(request).assignments(), SizeIs(1));
  EXPECT_EQ(Standing(request).assignments(0).expert(), "experts/elm1");
}

// ---- A slot with fewer people

TEST_F(OfferLife, APersonMayGoAheadWithThoseWhoAccepted) {
  const std::string request = Ready(2, 2);
  const auto offers = bench().Offered(request);
  ASSERT_THAT(offers, SizeIs(3));
  std::string kept;
  for (const std::string& offer : offers) {
    if (bench().OfferNamed(offer).assignment().slot() == "s1" && kept.empty()) kept = offer;
  }
  ASSERT_TRUE(bench().Accept(kept).ok());
  const std::string demand = DemandOf(request);
  ASSERT_TRUE(bench().Do(ReduceSlot(demand, "s2", "nobody is free")).ok());
  EXPECT_THAT(bench().Offers(request), SizeIs(1)) << "the offer of s2 is taken back";
  EXPECT_EQ(bench().DemandFor(request).engagement(), "");
  ASSERT_TRUE(bench().Do(ReduceSlot(demand, "s1", "one will do")).ok());
  EXPECT_THAT(bench().Offers(request), IsEmpty());
  const v1::Engagement engagement = bench().EngagementFor(request);
  ASSERT_THAT(engagement.assignments(), SizeIs(1));
  EXPECT_EQ(engagement.assignments(0).offer(), kept);
  ASSERT_THAT(engagement.waivers(), SizeIs(1));
  EXPECT_EQ(engagement.waivers(0).slot(), "s2");
  EXPECT_EQ(engagement.waivers(0).reason(), "nobody is free");
  EXPECT_EQ(engagement.waivers(0).actor(), "coordinator:dana");
  ExpectRebuildChangesNothing(request);
}

// ---- A slot that is not delivered

TEST_F(OfferLife, AWaivedSlotIsOverAndTheRequestIsLedToDeliveredWithoutIt) {
  const std::string request = Agreed(2);
  const std::string name = bench().EngagementFor(request).name();
  const auto state = [&] { return bench().intake.requests[request].state(); };
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_PLANNED);
  ASSERT_TRUE(bench().Do(RecordDelivery(name, "", Session("s1", true), bench().Basis())).ok());
  bench().Sync();
  EXPECT_EQ(state(), intake::v1::REQUEST_STATE_IN_DELIVERY);

  const auto answer = bench().Do(WaiveSlot(name, "", "s2", "the academy has closed"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto& waived = static_cast<const v1::Engagement&>(*answer->message);
  EXPECT_EQ(waived.state(), v1::ENGAGEMENT_STATE_DELIVERED);
  ASSERT_THAT(waived.waivers(), SizeIs(1));
  EXPECT_EQ(waived.waivers(0).slot(), "s2");
  EXPECT_EQ(waived.waivers(0).reason(), "the academy has closed");
  EXPECT_EQ(waived.waivers(0).actor(), "coordinator:dana");
  for (const v1::Expert& expert : center_.experts)
    EXPECT_EQ(bench().Used(expert.name(), "open"), 0) << expert.name();
  EXPECT_EQ(ReasonOf(bench().Do(WaiveSlot(name, "", "s2", "again")).status()), "ENGAGEMENT_OVER");

  bench().Sync();
  EXPECT_EQ(state(), intake::v1::REQUEST_STATE_DELIVERED);
  EXPECT_THAT(bench().intake.actions,
              ElementsAre("REQUEST_ACTION_RECORD_MATCH ", "REQUEST_ACTION_START_DELIVERY ",
                          "REQUEST_ACTION_COMPLETE_DELIVERY "));
  EXPECT_TRUE(bench().EngagementFor(request).settled());
  ASSERT_TRUE(bench().journal->Rebuild().ok());
  EXPECT_THAT(bench().EngagementFor(request).waivers(), SizeIs(1));
}

TEST_F(OfferLife, WaiversAloneAreNoDeliveryAndAreOfThosePartnersWhoTakePart) {
  const std::string request = Agreed();
  const v1::Engagement agreed = bench().EngagementFor(request);
  const std::string& own = agreed.assignments(0).partner();
  const std::string other = own == "partners/elm" ? "partners/oak" : "partners/elm";
  EXPECT_EQ(bench().Do(WaiveSlot(agreed.name(), other, "s1", "no")).status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(bench().Do(WaiveSlot(agreed.name(), own, "s1", "nobody came")).ok());
  EXPECT_EQ(bench().EngagementFor(request).state(), v1::ENGAGEMENT_STATE_AGREED);
  EXPECT_THAT(bench().EngagementFor(request).waivers(), SizeIs(1));
  EXPECT_EQ(ReasonOf(bench().Do(WaiveSlot(agreed.name(), own, "s1", "again")).status()),
            "SLOT_OVER");
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_PLANNED);
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_PLANNED);
  EXPECT_FALSE(bench().EngagementFor(request).settled());
}

// ---- Its plan

TEST_F(OfferLife, EveryVersionOfThePlanIsToldToIntakeOnce) {
  const std::string request = Agreed();
  DrawUp(request);
  bench().Sync();
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].plan_version(), 1);
  DrawUp(request);
  DrawUp(request);
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].plan_version(), 3);
  EXPECT_THAT(bench().intake.actions,
              ElementsAre("REQUEST_ACTION_RECORD_MATCH ", "REQUEST_ACTION_RECORD_PLAN ",
                          "REQUEST_ACTION_RECORD_PLAN "));
}

TEST_F(OfferLife, AVersionDrawnUpWhileTheOneBeforeIsApprovedIsNotToldAnyMore) {
  const std::string request = Agreed();
  DrawUp(request);
  bench().Sync();
  DrawUp(request);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_PLANNED);
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].plan_version(), 1);
}

TEST_F(OfferLife, AfterALossThePlanIsToldAgainForTheNewTeam) {
  const std::string request = Agreed();
  DrawUp(request);
  bench().Sync();
  ASSERT_TRUE(Lose(bench().EngagementFor(request)).ok());
  bench().clock.Advance(absl::Hours(1));
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].plan_version(), 0);
  bench().Follow(request);
  ASSERT_TRUE(bench().Accept(bench().Offered(request).at(0)).ok());
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_MATCHED);
  EXPECT_EQ(bench().intake.requests[request].plan_version(), 1);
}

// ---- A lost expert

TEST_F(OfferLife, ALostExpertIsReplacedAndTheRestOfTheTeamKept) {
  const std::string request = Agreed(2);
  const v1::Engagement before = bench().EngagementFor(request);
  ASSERT_THAT(before.assignments(), SizeIs(2));
  const v1::Assignment& lost = before.assignments(0);
  const v1::Assignment& kept = before.assignments(1);
  ASSERT_TRUE(Lose(before).ok());
  EXPECT_EQ(bench().OfferNamed(lost.offer()).state(), v1::OFFER_STATE_RELEASED);
  EXPECT_THAT(bench().EngagementFor(request).sought_slots(), ElementsAre(lost.slot()));

  bench().clock.Advance(absl::Hours(1));
  bench().Sync();
  bench().Sync();
  EXPECT_THAT(bench().intake.actions,
              ElementsAre("REQUEST_ACTION_RECORD_MATCH ",
                          "REQUEST_ACTION_REMATCH an expert was lost, and another is sought: slot "
                          "s1"));
  bench().Follow(request);
  EXPECT_EQ(bench().DemandFor(request).engagement(), before.name());
  const v1::Proposal proposal = bench().Get<v1::Proposal>(bench().DemandFor(request).proposal());
  ASSERT_THAT(proposal.assignments(), SizeIs(1));
  EXPECT_EQ(proposal.assignments(0).slot(), lost.slot());
  EXPECT_NE(proposal.assignments(0).expert(), lost.expert());
  const auto offers = bench().Offered(request);
  ASSERT_TRUE(bench().Accept(offers.at(0)).ok());

  const v1::Engagement after = bench().EngagementFor(request);
  EXPECT_EQ(after.name(), before.name());
  EXPECT_THAT(after.sought_slots(), IsEmpty());
  ASSERT_THAT(after.assignments(), SizeIs(2));
  EXPECT_EQ(after.assignments(0).offer(), offers[0]);
  EXPECT_EQ(after.assignments(1).offer(), kept.offer());
  EXPECT_EQ(bench().OfferNamed(kept.offer()).state(), v1::OFFER_STATE_ACCEPTED);
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_MATCHED);

  // Each serves once: nothing is lost, nothing counted twice.
  std::map<std::string, int> open;
  for (const v1::Assignment& one : after.assignments()) ++open[one.expert()];
  open.emplace(lost.expert(), 0);
  for (const auto& [expert, count] : open) {
    EXPECT_EQ(bench().Used(expert, "open"), count) << expert;
    EXPECT_EQ(bench().Used(expert, "2026Q4"), count) << expert;
  }
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, ASecondLossIsToldToIntakeAgain) {
  const std::string request = Agreed();
  for (int i = 1; i <= 2; ++i) {
    const v1::Engagement engagement = bench().EngagementFor(request);
    ASSERT_TRUE(Lose(engagement).ok());
    bench().clock.Advance(absl::Hours(1));
    bench().Sync();
    ASSERT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_READY) << i;
    bench().Follow(request);
    ASSERT_TRUE(bench().Accept(bench().Offered(request).at(0)).ok());
    bench().Sync();
    ASSERT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_MATCHED) << i;
  }
  EXPECT_EQ(bench().EngagementFor(request).loss_count(), 2);
}

TEST_F(OfferLife, ALossDoesNotBeginTheWaitAnew) {
  const std::string request = Agreed();
  EXPECT_EQ(ReadyDay(request), absl::CivilDay(2026, 11, 20));
  GoTo(absl::CivilDay(2026, 11, 24));
  ASSERT_TRUE(Lose(bench().EngagementFor(request)).ok());
  bench().Sync();
  bench().Follow(request);
  EXPECT_EQ(ReadyDay(request), absl::CivilDay(2026, 11, 24));
  EXPECT_EQ(DaysWaited(request), 4);

  ASSERT_TRUE(bench().Accept(bench().Offered(request).at(0)).ok());
  bench().Sync();
  GoTo(absl::CivilDay(2026, 11, 30));
  ASSERT_TRUE(Lose(bench().EngagementFor(request)).ok());
  bench().Sync();
  bench().Follow(request);
  EXPECT_EQ(ReadyDay(request), absl::CivilDay(2026, 11, 30));
  EXPECT_EQ(DaysWaited(request), 10);
  ExpectRebuildChangesNothing(request);
}

TEST_F(OfferLife, AMatchUndoneByACoordinatorDoesNotBeginTheWaitAnew) {
  const std::string request = Agreed();
  GoTo(absl::CivilDay(2026, 11, 24));
  BecomesReadyAnew(request);
  EXPECT_EQ(bench().DemandFor(request).engagement(), "") << "it begins from nothing";
  EXPECT_EQ(ReadyDay(request), absl::CivilDay(2026, 11, 24));
  EXPECT_EQ(DaysWaited(request), 4);
}

// Experts served in agencies of different sizes, and the slot asks for the agency's own.
TEST_F(OfferLife, AnAgencyWhoseSizeIsCorrectedGetsAnExpertWhoServedInThatSize) {
  center_.experts[0].add_services()->set_size_band(type::v1::SIZE_BAND_25_49);
  center_.experts[4].add_services()->set_size_band(type::v1::SIZE_BAND_50_99);
  v1::Demand& demand = center_.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_served_in_same_size_band(true);
  const std::string request = bench().Ready(demand);
  type::v1::AgencyProfile& agency = *bench().intake.requests[request].mutable_agency_profile();
  const std::pair<type::v1::SizeBand, std::string> corrections[] = {
      {type::v1::SIZE_BAND_25_49, center_.experts[0].name()},
      {type::v1::SIZE_BAND_50_99, center_.experts[4].name()},
      {type::v1::SIZE_BAND_25_49, center_.experts[0].name()}};
  for (const auto& [band, expert] : corrections) {
    agency.set_size_band(band);
    bench().Follow(request);
    const v1::Demand now = bench().DemandFor(request);
    EXPECT_EQ(now.agency().size_band(), band);
    const v1::Proposal proposal = bench().Get<v1::Proposal>(now.proposal());
    ASSERT_THAT(proposal.assignments(), SizeIs(1));
    EXPECT_EQ(proposal.assignments(0).expert(), expert);
  }
  ExpectRebuildChangesNothing(request);

  const int64_t head = bench().journal->Head()->sequence;
  bench().FollowOnly(request);
  EXPECT_EQ(bench().journal->Head()->sequence, head) << "the agency is as it was";
}

TEST_F(OfferLife, ARequestThatWasHeldGoesOnWaitingAndOneThatWasEndedWaitsAfresh) {
  const std::string request = Ready();
  GoTo(absl::CivilDay(2026, 11, 24));
  BecomesReadyAnew(request);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_ON_HOLD);
  bench().Follow(request);
  EXPECT_EQ(bench().DemandFor(request).state(), v1::DEMAND_STATE_CLOSED);
  GoTo(absl::CivilDay(2026, 11, 25));
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_READY);
  bench().Follow(request);
  EXPECT_EQ(DaysWaited(request), 5);

  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_WITHDRAWN);
  bench().Follow(request);
  GoTo(absl::CivilDay(2026, 11, 26));
  BecomesReadyAnew(request);
  EXPECT_EQ(DaysWaited(request), 0);
}

TEST_F(OfferLife, ARequestHeldWhileAnotherIsSoughtKeepsTheRestOfTheTeam) {
  const std::string request = Agreed(2);
  const v1::Engagement before = bench().EngagementFor(request);
  ASSERT_TRUE(Lose(before).ok());
  bench().Sync();
  bench().Follow(request);
  const auto offers = bench().Offered(request);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_ON_HOLD);
  bench().Follow(request);
  EXPECT_EQ(bench().OfferNamed(offers.at(0)).state(), v1::OFFER_STATE_WITHDRAWN);
  EXPECT_EQ(bench().EngagementFor(request).state(), v1::ENGAGEMENT_STATE_AGREED);
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_ON_HOLD);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_READY);
  bench().Follow(request);
  ASSERT_TRUE(bench().Accept(bench().Offered(request).at(0)).ok());
  EXPECT_THAT(bench().EngagementFor(request).assignments(), SizeIs(2));
}

TEST_F(OfferLife, ARequestWithdrawnWhileAnotherIsSoughtEndsTheEngagementAndFreesAll) {
  const std::string request = Agreed(2);
  const v1::Engagement before = bench().EngagementFor(request);
  ASSERT_TRUE(Lose(before).ok());
  bench().Sync();
  bench().Follow(request);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_WITHDRAWN);
  bench().Follow(request);
  EXPECT_EQ(bench().Get<v1::Engagement>(before.name()).state(), v1::ENGAGEMENT_STATE_ENDED);
  for (const v1::Expert& expert : center_.experts)
    EXPECT_EQ(bench().Used(expert.name(), "open"), 0);
}

TEST_F(OfferLife, ASlotForWhichAnotherIsSoughtIsReducedNotWaived) {
  const std::string request = Agreed(2);
  const v1::Engagement before = bench().EngagementFor(request);
  ASSERT_TRUE(Lose(before).ok());
  EXPECT_EQ(ReasonOf(bench().Do(WaiveSlot(before.name(), "", "s1", "no")).status()), "SLOT_SOUGHT");
  bench().Sync();
  bench().Follow(request);
  ASSERT_TRUE(bench().Do(ReduceSlot(DemandOf(request), "s1", "one session will do")).ok());
  const v1::Engagement after = bench().EngagementFor(request);
  EXPECT_THAT(after.sought_slots(), IsEmpty());
  ASSERT_THAT(after.waivers(), SizeIs(1));
  EXPECT_EQ(after.waivers(0).slot(), "s1");
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_MATCHED);
}

TEST_F(OfferLife, ASlotIsNotCompletedWhileAnotherIsSoughtForIt) {
  const std::string request = Agreed();
  const std::string name = bench().EngagementFor(request).name();
  ASSERT_TRUE(Lose(bench().EngagementFor(request)).ok());
  EXPECT_EQ(
      ReasonOf(bench().Do(RecordDelivery(name, "", Session("s1", true), bench().Basis())).status()),
      "SLOT_SOUGHT");
  // What took place is recorded all the same; that it was enough is a person's decision.
  ASSERT_TRUE(bench().Do(RecordDelivery(name, "", Session("s1", false), bench().Basis())).ok());
  bench().Sync();
  bench().Follow(request);
  const std::string offer = bench().Offered(request).at(0);
  ASSERT_TRUE(bench().Do(ReduceSlot(DemandOf(request), "s1", "all was delivered")).ok());
  EXPECT_EQ(bench().OfferNamed(offer).state(), v1::OFFER_STATE_WITHDRAWN);
  const v1::Engagement after = bench().EngagementFor(request);
  EXPECT_EQ(after.state(), v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_NE(after.lead_partner(), "");
  for (const v1::Expert& expert : center_.experts)
    EXPECT_EQ(bench().Used(expert.name(), "open"), 0);
  ExpectRebuildChangesNothing(request);
}

// ---- Deliveries on one day

TEST_F(OfferLife, APersonDeliversTwentyFourHoursOfADayInAllEngagementsTogether) {
  // One person, with a record at each of two partners, each for one engagement.
  center_.partners.clear();
  center_.experts.clear();
  for (const char* partner : {"elm", "oak"}) {
    center_.AddPartner(partner);
    v1::Expert& expert = center_.AddExpert(absl::StrCat(partner, 1), partner);
    expert.set_capacity_per_period(1);
    expert.add_emails("lee@fallspd.org");
  }
  std::vector<v1::Engagement> both;
  for (int i = 0; i < 2; ++i) both.push_back(bench().EngagementFor(Agreed()));
  ASSERT_NE(both[0].assignments(0).expert(), both[1].assignments(0).expert());
  const auto record = [&](const v1::Engagement& of, int quarter_hours, const std::string& partner) {
    v1::Delivery delivery = Session("s1", false);
    delivery.set_quarter_hours(quarter_hours);
    return bench().Do(RecordDelivery(of.name(), partner, delivery, bench().Basis())).status();
  };
  ASSERT_TRUE(record(both[0], 80, "").ok());
  EXPECT_THAT(bench().EngagementFor(both[0].request()).deliveries(0).experts(),
              ElementsAre(both[0].assignments(0).expert()));
  const absl::Status refused = record(both[1], 17, "");
  EXPECT_EQ(ReasonOf(refused), "HOURS_CLASH");
  EXPECT_THAT(refused.message(),
              HasSubstr(absl::StrCat("20 in delivery d1 of ", both[0].name(), "); 4.25 more")));
  const absl::Status to_partner = record(both[1], 17, both[1].lead_partner());
  EXPECT_EQ(ReasonOf(to_partner), "HOURS_CLASH");
  EXPECT_THAT(to_partner.message(), Not(HasSubstr(both[0].name()))) << "another partner's";
  DeliveryBasis recused = bench().Basis();
  recused.hidden = {both[0].request()};
  v1::Delivery long_one = Session("s1", false);
  long_one.set_quarter_hours(17);
  EXPECT_THAT(bench().Do(RecordDelivery(both[1].name(), "", long_one, recused)).status().message(),
              Not(HasSubstr(both[0].name())));
  EXPECT_TRUE(record(both[1], 16, both[1].lead_partner()).ok());
  EXPECT_EQ(ReasonOf(record(both[0], 1, "")), "HOURS_CLASH") << "the day is full";

  const std::string day = ExpertDayName(both[0].assignments(0).expert(), "2026-11-20");
  const std::string before = bench().Get<v1::ExpertDay>(day).DebugString();
  ExpectRebuildChangesNothing(both[0].request());
  EXPECT_EQ(bench().Get<v1::ExpertDay>(day).DebugString(), before);
}

TEST_F(OfferLife, APersonIsOnSiteAtOneAgencyOnADay) {
  center_.experts.resize(1);
  const std::string first = bench().EngagementFor(Agreed()).name();
  const std::string second = bench().EngagementFor(Agreed()).name();
  v1::Delivery visit = Session("s1", false);
  visit.set_delivery_type("deliveryTypes/training");
  visit.set_mode(type::v1::DELIVERY_MODE_ON_SITE);
  visit.set_quarter_hours(8);
  ASSERT_TRUE(bench().Do(RecordDelivery(first, "", visit, bench().Basis())).ok());
  const absl::Status refused =
      bench().Do(RecordDelivery(second, "", visit, bench().Basis())).status();
  EXPECT_EQ(ReasonOf(refused), "SITE_CLASH");
  EXPECT_THAT(refused.message(), HasSubstr(absl::StrCat("delivery d1 of ", first)));
  EXPECT_TRUE(bench().Do(RecordDelivery(first, "", visit, bench().Basis())).ok()) << "again there";
  GoTo(absl::CivilDay(2026, 11, 21));
  visit.set_date("2026-11-21");
  EXPECT_TRUE(bench().Do(RecordDelivery(second, "", visit, bench().Basis())).ok());
}

TEST_F(OfferLife, ADeliveryIsAmendedAndItsDayWithIt) {
  const std::string request = Agreed(2);
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_PLANNED);
  const std::string name = bench().EngagementFor(request).name();
  v1::Delivery session = Session("s1", true);
  session.set_quarter_hours(96);
  GoTo(absl::CivilDay(2026, 11, 23));
  session.set_date("2026-11-23");
  ASSERT_TRUE(bench().Do(RecordDelivery(name, "", session, bench().Basis())).ok());
  const std::string expert = bench().EngagementFor(request).deliveries(0).experts(0);
  const auto amend = [&](const std::string& id, const v1::Delivery& delivery,
                         const std::string& etag = "") {
    return bench().Do(
        AmendDelivery(name, "", id, delivery, "a slip of the pen", etag, bench().Basis()));
  };
  EXPECT_THAT(amend("d2", session).status().message(),
              HasSubstr("'d2' is none of the engagement's deliveries: d1"));
  EXPECT_EQ(ReasonOf(amend("d1", session, "1").status()), "ETAG_MISMATCH");
  v1::Delivery amended = session;
  amended.set_delivery_type("deliveryTypes/astrology");
  EXPECT_THAT(amend("d1", amended).status().message(), HasSubstr("is none of the catalog's"));
  EXPECT_THAT(bench().EngagementFor(request).amendments(), IsEmpty());

  // It stands in its own way neither on its day nor on another one.
  amended = session;
  amended.set_quarter_hours(95);
  ASSERT_TRUE(amend("d1", amended).ok());
  amended.set_date("2026-11-20");
  ASSERT_TRUE(amend("d1", amended, bench().EngagementFor(request).etag()).ok());
  const v1::Engagement after = bench().EngagementFor(request);
  ASSERT_THAT(after.deliveries(), SizeIs(1));
  EXPECT_EQ(after.deliveries(0).date(), "2026-11-20");
  EXPECT_EQ(after.deliveries(0).quarter_hours(), 95);
  EXPECT_THAT(after.deliveries(0).experts(), ElementsAre(expert));
  ASSERT_THAT(after.amendments(), SizeIs(2));
  EXPECT_EQ(after.amendments(1).delivery(), "d1");
  EXPECT_EQ(after.amendments(1).actor(), "coordinator:dana");
  EXPECT_EQ(after.amendments(1).reason(), "a slip of the pen");
  EXPECT_EQ(journal::FromTimestamp(after.amendments(1).amend_time()), bench().clock.Now());
  const auto on = [&](const std::string& date) {
    return bench().Get<v1::ExpertDay>(ExpertDayName(expert, date)).deliveries();
  };
  EXPECT_THAT(on("2026-11-23"), IsEmpty());
  EXPECT_THAT(on("2026-11-20"), SizeIs(1));

  // That it was the last of its slot is taken back, and said again; then the other slot is over, too.
  amended.set_completes_slot(false);
  ASSERT_TRUE(amend("d1", amended).ok());
  amended.set_completes_slot(true);
  ASSERT_TRUE(amend("d1", amended).ok());
  ASSERT_TRUE(bench().Do(WaiveSlot(name, "", "s2", "not needed")).ok());
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_DELIVERED);
  amended.mutable_attendance()->set_virtual_(31);
  ASSERT_TRUE(amend("d1", amended).ok());
  EXPECT_EQ(bench().EngagementFor(request).state(), v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_EQ(bench().EngagementFor(request).deliveries(0).attendance().virtual_(), 31);
  amended.set_completes_slot(false);
  EXPECT_EQ(ReasonOf(amend("d1", amended).status()), "SLOT_COMPLETED");
  for (const v1::Expert& one : center_.experts) EXPECT_EQ(bench().Used(one.name(), "open"), 0);

  const std::string before = bench().EngagementFor(request).DebugString();
  ExpectRebuildChangesNothing(request);
  EXPECT_EQ(bench().EngagementFor(request).DebugString(), before);
  EXPECT_THAT(on("2026-11-20"), SizeIs(1));
}

TEST_F(OfferLife, AnAmendmentThatCompletesTheLastSlotLeadsTheRequestOn) {
  const std::string request = Agreed();
  bench().intake.requests[request].set_state(intake::v1::REQUEST_STATE_PLANNED);
  const std::string name = bench().EngagementFor(request).name();
  ASSERT_TRUE(bench().Do(RecordDelivery(name, "", Session("s1", false), bench().Basis())).ok());
  ASSERT_TRUE(bench()
                  .Do(AmendDelivery(name, "", "d1", Session("s1", true), "it was the last", "",
                                    bench().Basis()))
                  .ok());
  EXPECT_EQ(bench().EngagementFor(request).state(), v1::ENGAGEMENT_STATE_DELIVERED);
  for (const v1::Expert& one : center_.experts) EXPECT_EQ(bench().Used(one.name(), "open"), 0);
  bench().Sync();
  EXPECT_EQ(bench().intake.requests[request].state(), intake::v1::REQUEST_STATE_DELIVERED);
}

TEST_F(OfferLife, APartnerReleasesItsOwnExpertsOnly) {
  const std::string request = Agreed();
  const v1::Engagement engagement = bench().EngagementFor(request);
  const v1::Assignment& one = engagement.assignments(0);
  const std::string other = one.partner() == "partners/elm" ? "partners/oak" : "partners/elm";
  EXPECT_EQ(Lose(engagement, other).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Lose(engagement, one.partner()).ok());
}

}  // namespace
}  // namespace critac::matching
