// What a reader keeps of the records is what the journal has, whatever changes.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/mail_address.h"
#include "gmock/gmock.h"
#include "services/matching/engagement_commands.h"
#include "services/matching/full_reading_testing.h"
#include "services/matching/identity_commands.h"
#include "services/matching/offer_testing.h"
#include "services/matching/partner_commands.h"
#include "services/matching/policy_decisions.h"
#include "services/matching/rating_commands.h"
#include "services/matching/record_follower.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class PoolReading : public ::testing::Test {
 protected:
  PoolReading() {
    center_.policy.set_offer_business_days(5);
    center_.policy.set_reminder_business_days(2);
    for (const char* partner : {"elm", "oak"}) {
      center_.AddPartner(partner);
      for (int i = 1; i <= 3; ++i) center_.AddExpert(absl::StrCat(partner, i), partner);
    }
    bench_ = std::make_unique<MatchingBench>(center_);
  }

  v1::Demand NewDemand(int people = 1) {
    v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", center_.demands.size() + 1));
    demand.mutable_slots(0)->set_people(people);
    return demand;
  }

  // Changes a record of an expert, which need not be there yet.
  void ChangeExpert(const std::string& id, const std::function<void(v1::Expert&)>& change) {
    const auto found = bench_->journal->Get<v1::Expert>("experts/" + id);
    v1::Expert expert = found.ok() ? *found : center_.experts[0];
    expert.set_name("experts/" + id);
    change(expert);
    bench_->Set(expert);
  }
  // A change of the solver's input that has nothing to do with anything else.
  void ChangeAnything() {
    ChangeExpert("oak3", [this](v1::Expert& expert) { expert.set_capacity_open(++turn_); });
  }

  absl::Status Sql(const std::string& sql) {
    return bench_->journal->database().Write(
        [&](store::Connection& connection) { return connection.Execute(sql).status(); });
  }

  void PutInForce(int64_t version, const std::function<void(v1::Policy&)>& change) {
    v1::PolicySet set;
    *set.mutable_policy() = center_.policy;
    set.mutable_policy()->set_version(version);
    set.mutable_policy()->set_reason("spread the work");
    change(*set.mutable_policy());
    ASSERT_TRUE(bench_
                    ->Do([&](journal::Draft& draft) {
                      draft.Emit(kCurrentPolicy, set);
                      return absl::OkStatus();
                    })
                    .ok());
  }

  void ExpectSame(const std::string& after) {
    SCOPED_TRACE(after);
    ExpectAsReadInFull(*bench_->pools);
  }

  // The rows of the experts that the pool has.
  std::vector<std::string> Experts() {
    const auto view = bench_->pools->Read();
    EXPECT_TRUE(view.ok()) << view.status();
    std::vector<std::string> names;
    if (!view.ok()) return names;
    for (const ExpertRow& row : (*view)->pool->experts()) names.push_back(row.name);
    return names;
  }
  // Whether two experts are one person.
  bool AreOne(const std::string& first, const std::string& second) {
    const auto view = bench_->pools->Read();
    EXPECT_TRUE(view.ok()) << view.status();
    if (!view.ok()) return false;
    const Pool& pool = *(*view)->pool;
    return pool.experts()[ExpertIn(pool, first)].person ==
           pool.experts()[ExpertIn(pool, second)].person;
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
  int turn_ = 0;
};

TEST_F(PoolReading, AChangeOfAPartnerOrExpertIsTakenOver) {
  ExpectSame("the first reading");
  ChangeExpert("birch", [](v1::Expert& expert) { expert.set_partner("partners/oak"); });
  ExpectSame("an expert comes first by name");
  ChangeExpert("yew", [](v1::Expert& expert) { expert.add_languages("Spanish"); });
  ExpectSame("an expert comes last by name");
  ChangeExpert("elm3", [](v1::Expert& expert) {
    expert.set_capacity_per_period(7);
    *expert.add_unavailable() = Dates("2026-12-01", "2026-12-10");
    v1::Service& service = *expert.add_services();
    service.set_agency("agencies/sea");
    service.set_end("2025-06-30");
    expert.mutable_topics(0)->set_topic("topics/de-escalation-of-crises");
  });
  ExpectSame("an expert in the middle changes");
  ChangeExpert("elm1", [](v1::Expert& expert) { expert.set_active(false); });
  ExpectSame("an expert is deactivated");
  ASSERT_TRUE(bench_
                  ->Do([](journal::Draft& draft) {
                    v1::PartnerSet set;
                    set.mutable_partner()->set_name("partners/elm");
                    set.mutable_partner()->set_display_name("Elm");
                    set.mutable_partner()->set_capacity_per_period(2);
                    draft.Emit("partners/elm", set);
                    set.mutable_partner()->set_name("partners/ash");
                    draft.Emit("partners/ash", set);
                    return absl::OkStatus();
                  })
                  .ok());
  ExpectSame("a partner changes, another one comes");
  EXPECT_THAT(Experts(),
              ElementsAre("experts/birch", "experts/elm1", "experts/elm2", "experts/elm3",
                          "experts/oak1", "experts/oak2", "experts/oak3", "experts/yew"));
}

TEST_F(PoolReading, AChangeOfWhoMustNotHelpWhomIsTakenOver) {
  ExpectSame("the first reading");
  const std::string request = bench_->Ready(NewDemand());
  ExpectSame("a request becomes ready");
  v1::Conflict conflict;
  conflict.set_expert("experts/elm1");
  conflict.set_agency("agencies/fy27-1");
  conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
  conflict.set_reason("a suit");
  ASSERT_TRUE(bench_->Do(CreateConflict(conflict, "")).ok());
  ExpectSame("a conflict is declared");
  conflict.clear_expert();
  conflict.set_partner("partners/oak");
  ASSERT_TRUE(bench_->Do(CreateConflict(conflict, "")).ok());
  ExpectSame("a conflict of a partner is declared");
  ASSERT_TRUE(
      bench_->Do(DecideIdentity("experts/elm1", "experts/oak2", true, "the same person")).ok());
  ExpectSame("two records are one");
  EXPECT_TRUE(AreOne("elm1", "oak2"));
  ASSERT_TRUE(bench_->Do(DecideIdentity("agencies/fy27-1", "agencies/lake", true, "renamed")).ok());
  ExpectSame("two agencies are one");
  ASSERT_TRUE(bench_->Do(DecideIdentity("experts/elm1", "experts/oak2", false, "brothers")).ok());
  ExpectSame("two records are two after all");
  EXPECT_FALSE(AreOne("elm1", "oak2"));
}

TEST_F(PoolReading, TheLifeOfARequestIsTakenOver) {
  ExpectSame("the first reading");
  const std::string request = bench_->Ready(NewDemand(2)), other = bench_->Ready(NewDemand());
  ExpectSame("requests are proposed for");
  const std::vector<std::string> offers = bench_->Offered(request);
  ASSERT_THAT(offers, SizeIs(2));
  ExpectSame("offers are made");
  ASSERT_TRUE(bench_->Decline(offers[0]).ok());
  ExpectSame("an offer is declined");
  bench_->Solve();
  ExpectSame("the next best is proposed");
  ASSERT_TRUE(bench_->Accept(offers[1]).ok());
  ExpectSame("an offer is accepted");
  for (const std::string& offer : bench_->Offered(request)) {
    ASSERT_TRUE(bench_->Accept(offer).ok());
    ExpectSame("the last offer is accepted");
  }
  const v1::Engagement engagement = bench_->EngagementFor(request);
  ASSERT_THAT(engagement.assignments(), SizeIs(2));
  ASSERT_TRUE(bench_->Do(TakeRatings({{"surveyResponses/r1", engagement.name(), "", 4}})).ok());
  ExpectSame("who served is rated");
  bench_->Sync();
  const v1::Assignment& lost = engagement.assignments(0);
  ASSERT_TRUE(bench_
                  ->Do(ReleaseExpert(engagement.name(), "", lost.slot(), lost.expert(),
                                     v1::EXPERT_LOSS_CODE_LEFT, "retired"))
                  .ok());
  ExpectSame("an expert is lost");
  bench_->Sync();
  bench_->Follow(request);
  ExpectSame("the lost place is matched anew");
  bench_->intake.requests[other].set_urgency(intake::v1::URGENCY_CRITICAL);
  bench_->FollowOnly(other);
  ExpectSame("a request becomes urgent");
  ASSERT_THAT(bench_->Offered(other), SizeIs(1));
  bench_->intake.requests[other].set_state(intake::v1::REQUEST_STATE_WITHDRAWN);
  bench_->FollowOnly(other);
  ExpectSame("a request is withdrawn with its offer");
}

TEST_F(PoolReading, ThePolicyIsTheOneInForce) {
  ExpectSame("the first reading");
  bench_->Ready(NewDemand());
  PutInForce(2, [](v1::Policy& policy) { policy.set_capacity_open(3); });
  ExpectSame("another version is in force");
  v1::PolicyProposed proposed;
  *proposed.mutable_policy() = center_.policy;
  proposed.mutable_policy()->set_version(3);
  proposed.mutable_policy()->set_name(PolicyName(3));
  proposed.mutable_policy()->set_state(v1::POLICY_STATE_DRAFT);
  ASSERT_TRUE(bench_
                  ->Do([&](journal::Draft& draft) {
                    draft.Emit(PolicyName(3), proposed);
                    return absl::OkStatus();
                  })
                  .ok());
  ChangeAnything();
  ExpectSame("a draft is there");
  const auto view = bench_->pools->Read();
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)->policy.version(), 2);
  EXPECT_EQ((*view)->policy.capacity_open(), 3);
  EXPECT_EQ((*view)->policy.reason(), "") << "a text";
}

// A row is taken out of its table behind the journal's back: who reads it anew finds it gone.
TEST_F(PoolReading, OnlyWhatChangedIsReadUntilTextsArePurged) {
  EXPECT_THAT(Experts(), SizeIs(6));
  ASSERT_TRUE(Sql("DELETE FROM expert WHERE name = 'experts/elm2'").ok());
  ChangeAnything();
  EXPECT_THAT(Experts(), SizeIs(6));
  ChangeExpert("elm1", [](v1::Expert& expert) { expert.set_full_name("Robin Vale"); });
  EXPECT_THAT(Experts(), SizeIs(6));
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field = 'expert.full_name'").ok());
  ChangeAnything();
  EXPECT_THAT(Experts(), ElementsAre("experts/elm1", "experts/elm3", "experts/oak1", "experts/oak2",
                                     "experts/oak3"));
  ExpectSame("a purge");
}

TEST_F(PoolReading, OfTheCatalogInHandTheRecordsAreThoseOfNowAndIntakeIsNotAsked) {
  const auto before = bench_->pools->Read();
  ASSERT_TRUE(before.ok()) << before.status();
  bench_->intake.Meet();
  intake::v1::CatalogEntry& entry = *bench_->intake.catalog.add_entries();
  entry.set_name("topics/new");
  entry.mutable_topic()->set_title("New");
  bench_->intake.Meet();
  bench_->clock.Advance(absl::Minutes(2));
  v1::Expert expert = center_.experts[0];
  expert.set_capacity_open(5);
  bench_->Set(expert);
  const auto in_hand = bench_->pools->ReadInHand();
  ASSERT_TRUE(in_hand.ok()) << in_hand.status();
  EXPECT_EQ((*in_hand)->catalog, (*before)->catalog);
  const auto row = (*in_hand)->pool->FindExpert(expert.name());
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*in_hand)->pool->experts()[*row].capacity_open, 5);
  const auto asked = bench_->pools->Read();
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ((*asked)->catalog->entries_size(), (*before)->catalog->entries_size() + 1);
}

TEST_F(PoolReading, AfterTheStatesAreBuiltAnewAllAreRead) {
  ASSERT_TRUE(Sql("DELETE FROM expert WHERE name = 'experts/elm2'").ok());
  EXPECT_THAT(Experts(), SizeIs(5));
  ASSERT_TRUE(bench_->journal->Rebuild().ok());
  ChangeAnything();
  EXPECT_THAT(Experts(), SizeIs(6));
  ExpectSame("a rebuild");
}

// As after a commit of a version that does not say what it changed.
TEST_F(PoolReading, WhereItIsNotKnownWhatChangedAllAreRead) {
  EXPECT_THAT(Experts(), SizeIs(6));
  ChangeExpert("elm1", [](v1::Expert& expert) { expert.set_capacity_open(1); });
  ASSERT_TRUE(Sql("DELETE FROM journal_change").ok());
  ASSERT_TRUE(Sql("DELETE FROM expert WHERE name = 'experts/elm2'").ok());
  EXPECT_THAT(Experts(), SizeIs(5));
  ExpectSame("a step that is not known");
}

TEST_F(PoolReading, RecordsWithAnAddressInCommonAreOneUntilItIsPurged) {
  ChangeExpert("elm1", [](v1::Expert& expert) {
    expert.add_emails("r.vale@work.example");
    expert.add_emails("Robin.Vale+a@gmail.com");
  });
  EXPECT_FALSE(AreOne("elm1", "oak1"));
  ChangeExpert("oak1", [](v1::Expert& expert) { expert.add_emails("robinvale@googlemail.com"); });
  EXPECT_TRUE(AreOne("elm1", "oak1"));
  ExpectSame("an address in common");
  ChangeExpert("oak1", [](v1::Expert& expert) { expert.set_emails(0, "robin.veil@gmail.com"); });
  EXPECT_FALSE(AreOne("elm1", "oak1"));
  ExpectSame("another address");
  ChangeExpert("oak1", [](v1::Expert& expert) { expert.add_emails("R.Vale@WORK.example"); });
  EXPECT_TRUE(AreOne("elm1", "oak1"));
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field LIKE 'expert.emails%'").ok());
  ChangeAnything();
  EXPECT_FALSE(AreOne("elm1", "oak1")) << "what was purged is nobody's";
  ExpectSame("a purge");
}

TEST_F(PoolReading, WhatIsKeptHasNoTexts) {
  const std::vector<std::string> addresses = {"Robin.Vale@gmail.com", "robinvale+x@gmail.com",
                                              "ana@example.com"};
  for (size_t i = 0; i < addresses.size(); ++i) {
    ChangeExpert(absl::StrCat("elm", i + 1), [&](v1::Expert& expert) {
      expert.set_full_name("Robin Vale");
      expert.add_emails(addresses[i]);
    });
  }
  v1::Conflict conflict;
  conflict.set_expert("experts/elm1");
  conflict.set_agency("agencies/sea");
  conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
  conflict.set_reason("a suit");
  ASSERT_TRUE(bench_->Do(CreateConflict(conflict, "")).ok());
  RecordFollower kept, another;
  ASSERT_TRUE(kept.Update(*bench_->journal).ok());
  ASSERT_TRUE(another.Update(*bench_->journal).ok());
  const PoolInput input = kept.Input();
  ASSERT_THAT(input.experts, SizeIs(6));
  ASSERT_THAT(input.conflicts, SizeIs(1));
  EXPECT_EQ(input.conflicts[0].reason(), "");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(input.experts[i].full_name(), "");
    ASSERT_THAT(input.experts[i].emails(), SizeIs(1));
    const std::string& kept_address = input.experts[i].emails(0);
    EXPECT_THAT(kept_address, SizeIs(64));
    EXPECT_THAT(kept_address, Not(::testing::HasSubstr("@")));
    EXPECT_EQ(AddressIdentity(kept_address), kept_address);
    EXPECT_NE(kept_address, another.Input().experts[i].emails(0)) << "the key is the object's own";
  }
  EXPECT_EQ(input.experts[0].emails(0), input.experts[1].emails(0));
  EXPECT_NE(input.experts[0].emails(0), input.experts[2].emails(0));
  EXPECT_THAT(input.experts[3].emails(), IsEmpty());
}

}  // namespace
}  // namespace critac::matching
