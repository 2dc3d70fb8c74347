// What a reader keeps of the records is what the journal has, whatever changes.
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

constexpr uint32_t kSeed = 20261130;
constexpr int kRandomChanges = 150;

class PoolReading : public ::testing::Test {
 protected:
  PoolReading() { bench_ = std::make_unique<MatchingBench>(center_); }

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

  Center center_ = TwoPartnersOfThree();
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

TEST_F(PoolReading, WhatDidNotChangeIsSharedWithTheViewBefore) {
  const auto first = bench_->pools->Read();
  ASSERT_TRUE(first.ok()) << first.status();
  bench_->Ready(NewDemand());
  const auto with_demand = bench_->pools->Read();
  ASSERT_TRUE(with_demand.ok()) << with_demand.status();
  EXPECT_THAT(*(*with_demand)->demands, SizeIs(1));
  EXPECT_EQ(&(*with_demand)->pool->experts()[0], &(*first)->pool->experts()[0]);
  ChangeAnything();
  const auto with_expert = bench_->pools->Read();
  ASSERT_TRUE(with_expert.ok()) << with_expert.status();
  EXPECT_NE(&(*with_expert)->pool->experts()[0], &(*first)->pool->experts()[0]);
  EXPECT_EQ((*with_expert)->demands, (*with_demand)->demands);
  EXPECT_EQ((*with_expert)->standing, (*with_demand)->standing);
  EXPECT_NE((*first)->pool->experts()[5].capacity_open, turn_) << "a view never changes";
  EXPECT_EQ((*with_expert)->pool->experts()[5].capacity_open, turn_);
}

// What is made anew is shared with no view.
TEST_F(PoolReading, AnAddressThatNobodyElseHasLeavesAllElseAsItIs) {
  const auto is_shared_after = [this](const char* id, const std::vector<std::string>& addresses) {
    const auto before = bench_->pools->Read();
    ChangeExpert(id, [&](v1::Expert& expert) {
      expert.mutable_emails()->Assign(addresses.begin(), addresses.end());
    });
    ExpectSame(absl::StrCat(id, ": ", absl::StrJoin(addresses, ", ")));
    const auto after = bench_->pools->Read();
    EXPECT_TRUE(before.ok() && after.ok());
    return before.ok() && after.ok() && (*before)->demands == (*after)->demands;
  };
  ExpectSame("the first reading");
  EXPECT_TRUE(is_shared_after("elm1", {"ana@a.example"}));
  EXPECT_TRUE(is_shared_after("elm1", {"ana@a.example", "ANA@a.example", "ana@b.example"}));
  EXPECT_TRUE(is_shared_after("oak1", {"bo@a.example"}));
  EXPECT_FALSE(is_shared_after("oak1", {"bo@a.example", "ana@b.example"}));
  EXPECT_TRUE(AreOne("elm1", "oak1"));
  EXPECT_TRUE(is_shared_after("elm1", {"ana@b.example"}));
  EXPECT_TRUE(AreOne("elm1", "oak1"));
  EXPECT_FALSE(is_shared_after("elm1", {}));
  EXPECT_FALSE(AreOne("elm1", "oak1"));
  EXPECT_TRUE(is_shared_after("oak1", {"bo@a.example"})) << "nobody has it any more";
}

// A pool of several chunks of experts, and what changed since it was made.
class PoolUpdate : public ::testing::Test {
 protected:
  PoolUpdate() : center_(BusyCenter(20, 4, 600, 6)), before_(center_.Build()) {}

  Pool Updated() {
    const auto uses_of = [&](absl::string_view) {
      return absl::Span<const v1::CapacityUse>(center_.uses);
    };
    absl::StatusOr<Pool> pool = Pool::Update(before_, center_.Input(), {owners_, uses_of});
    EXPECT_TRUE(pool.ok()) << pool.status();
    EXPECT_EQ(RowsAsText(*pool), RowsAsText(center_.Build()));
    return *std::move(pool);
  }
  bool Shares(const Pool& pool, int row) { return &pool.experts()[row] == &before_.experts()[row]; }

  Center center_;
  const Pool before_;
  absl::flat_hash_set<std::string> owners_;
};

TEST_F(PoolUpdate, ChunksOfExpertsWhoDidNotChangeAreShared) {
  v1::Expert& expert = center_.experts[300];
  const int64_t capacity = expert.capacity_open();
  expert.set_capacity_open(static_cast<int32_t>(capacity + 1));
  expert.mutable_topics(0)->set_topic("topics/a-new-one");
  center_.Use(expert.name(), "2026Q4", 1);
  center_.Use(center_.partners[0].name(), "open", 2);
  owners_ = {expert.name()};
  const Pool pool = Updated();
  EXPECT_TRUE(Shares(pool, 255));
  EXPECT_FALSE(Shares(pool, 256));
  EXPECT_FALSE(Shares(pool, 511));
  EXPECT_TRUE(Shares(pool, 512));
  EXPECT_EQ(pool.experts()[300].capacity_open, capacity + 1);
  EXPECT_EQ(pool.experts()[300].UsedIn(2026 * 4 + 3), 1);
  EXPECT_EQ(before_.experts()[300].capacity_open, capacity);
  EXPECT_EQ(before_.experts()[300].UsedIn(2026 * 4 + 3), 0);
}

TEST_F(PoolUpdate, WhereNoExpertChangedAllRowsAreShared) {
  center_.policy.set_capacity_open(7);
  center_.demands.pop_back();
  center_.demands[0].mutable_slots(0)->set_topic("topics/that-nobody-holds");
  const Pool pool = Updated();
  for (const int row : {0, 255, 256, 599}) EXPECT_TRUE(Shares(pool, row)) << row;
  EXPECT_EQ(pool.slots().size() + 1, before_.slots().size());
}

TEST_F(PoolUpdate, WhoHasAConflictWithAnAgencyIsListedAsLongAsItIsOnRecord) {
  owners_ = {center_.experts[300].name()};
  center_.AddConflict("e10300", "r10003", v1::CONFLICT_KIND_RECUSAL);
  const Pool with = Updated();
  EXPECT_THAT(with.persons_with(with.demands()[3].agencies[0]), ElementsAre(300));
  EXPECT_THAT(with.RecordsOf(300), ElementsAre(300));

  center_.conflicts.clear();
  const auto uses_of = [&](absl::string_view) {
    return absl::Span<const v1::CapacityUse>(center_.uses);
  };
  const auto without = Pool::Update(with, center_.Input(), {owners_, uses_of});
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(without->persons_with(without->demands()[3].agencies[0]), IsEmpty());
  EXPECT_EQ(RowsAsText(*without), RowsAsText(center_.Build()));
}

TEST_F(PoolUpdate, WhatEveryRowRestsOnHasAllMadeAnew) {
  const Center center = center_;
  const std::pair<const char*, std::function<void(Center&)>> changes[] = {
      {"another day", [](Center& changed) { ++changed.today; }},
      {"another period", [](Center& changed) { changed.policy.set_period(v1::PERIOD_MONTH); }},
      {"other years", [](Center& changed) { changed.policy.set_recent_agency_years(4); }},
      {"a partner more", [](Center& changed) { changed.AddPartner("ash"); }},
      {"an expert more", [](Center& changed) { changed.AddExpert("a", "p1"); }}};
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    center_ = center;
    change(center_);
    EXPECT_FALSE(Shares(Updated(), 0));
  }
  center_ = center;
  for (int i = 0; i < 2; ++i) owners_.insert(center_.experts[i].name());
  // Others come first by name, so that the records are not where the rows are.
  std::swap(center_.experts[0], center_.experts[1]);
  EXPECT_FALSE(Shares(Updated(), 0));
}

TEST_F(PoolUpdate, WhatIsWrongIsToldAsByAReadingOfAll) {
  center_.Use("partners/p1", "someday", 1);
  const auto uses_of = [&](absl::string_view) {
    return absl::Span<const v1::CapacityUse>(center_.uses);
  };
  const auto pool = Pool::Update(before_, center_.Input(), {owners_, uses_of});
  ASSERT_FALSE(pool.ok());
  EXPECT_EQ(pool.status(), Pool::Build(center_.Input()).status());
}

// Goal: whatever changes, and in whatever order, the view is the one that all records make, be its rows made of those
// of the view before or of all records. Method: random changes of each kind of record; after each the view is compared
// with a full reading. What the commands refuse changes nothing.
class RandomPoolReading : public PoolReading {
 protected:
  RandomPoolReading() {
    for (const char* id : {"elm1", "elm2", "elm3", "oak1", "oak2", "oak3"}) experts_.push_back(id);
  }

  int Any(int count) { return static_cast<int>(engine_() % static_cast<uint32_t>(count)); }
  std::string OneOf(const std::vector<std::string>& texts) {
    return texts[Any(static_cast<int>(texts.size()))];
  }
  std::string Agency() {
    return OneOf({"agencies/fy27-1", "agencies/fy27-2", "agencies/lake", "agencies/sea"});
  }
  std::string Topic() {
    return OneOf({std::string(kTopic), "topics/a", "topics/b", absl::StrCat("topics/c", Any(20))});
  }

  // Addresses that were purged are left out.
  void Change(const std::string& id, const std::function<void(v1::Expert&)>& change) {
    ChangeExpert(id, [&](v1::Expert& expert) {
      std::vector<std::string> emails(expert.emails().begin(), expert.emails().end());
      expert.clear_emails();
      for (const std::string& email : emails) {
        if (!email.empty()) expert.add_emails(email);
      }
      change(expert);
    });
  }

  void ChangeAField(v1::Expert& expert) {
    switch (Any(9)) {
      case 0:
        expert.set_capacity_per_period(Any(4));
        expert.set_capacity_open(Any(8));
        break;
      case 1:
        expert.set_full_name(absl::StrCat("Robin Vale ", Any(100)));
        break;
      case 2:
        expert.set_partner(OneOf({"partners/ash", "partners/elm", "partners/oak"}));
        break;
      case 3:
        expert.clear_topics();
        for (int i = Any(4); i >= 0; --i) {
          v1::HeldTopic& held = *expert.add_topics();
          held.set_topic(Topic());
          held.set_level(static_cast<intake::v1::Level>(1 + Any(3)));
        }
        break;
      case 4: {
        if (expert.services_size() > 2) expert.clear_services();
        v1::Service& service = *expert.add_services();
        service.set_agency(Agency());
        service.set_end(OneOf({"", "2025-06-30", "2026-11-22", "2027-01-31"}));
        break;
      }
      case 5: {
        if (expert.credentials_size() > 2) expert.clear_credentials();
        v1::Credential& credential = *expert.add_credentials();
        credential.set_title(OneOf({"ICAT instructor", "icat Instructor", "CIT", "Mediator"}));
        credential.set_valid_to(OneOf({"", "2026-12-15", "2027-06-30"}));
        break;
      }
      case 6:
        if (expert.unavailable_size() > 2) expert.clear_unavailable();
        *expert.add_unavailable() = Dates("2026-12-01", OneOf({"2026-12-05", "2026-12-20"}));
        break;
      case 7:
        expert.clear_languages();
        expert.add_languages(OneOf({"Spanish", "es-MX", "fr"}));
        break;
      default:
        expert.set_rating_count(expert.rating_count() + 1);
        expert.set_rating_sum(expert.rating_sum() + 1 + Any(5));
        break;
    }
  }

  void AddAnExpert() {
    const std::string id = absl::StrCat(OneOf({"ash", "elm1", "elm2", "oak", "zed"}), "x", Any(50));
    Change(id, [&](v1::Expert& expert) { ChangeAField(expert); });
    experts_.push_back(id);
  }
  void ChangeAnAddress() {
    Change(OneOf(experts_), [&](v1::Expert& expert) {
      if (Any(3) == 0) expert.clear_emails();
      expert.add_emails(OneOf({"ana@a.example", "Bo@B.example", "cy@c.example", "di@d.example"}));
    });
  }
  void ChangeAPartner() {
    v1::Partner partner = center_.partners[0];
    partner.set_name(OneOf({"partners/ash", "partners/elm", "partners/oak"}));
    partner.set_display_name(absl::StrCat("Partner ", Any(10)));
    partner.set_capacity_per_period(Any(4));
    if (Any(3) == 0) *partner.add_memberships() = Dates("2026-01-01", "2026-12-10");
    bench_->Set(partner);
  }
  void DeclareAConflict() {
    v1::Conflict conflict;
    if (Any(3) == 0) {
      conflict.set_partner(OneOf({"partners/elm", "partners/oak"}));
    } else {
      conflict.set_expert("experts/" + OneOf(experts_));
    }
    conflict.set_agency(Agency());
    conflict.set_kind(Any(2) == 0 ? v1::CONFLICT_KIND_LITIGATION : v1::CONFLICT_KIND_OWN_AGENCY);
    conflict.set_reason("a suit");
    conflict.set_valid_to(OneOf({"", "2026-12-10"}));
    bench_->Do(CreateConflict(conflict, "")).status().IgnoreError();
  }
  // Overrides a conflict, or has it hold again.
  void ChangeAConflict() {
    const auto conflicts =
        bench_->journal->List<v1::Conflict>({.collection = "conflicts", .page_size = 100});
    ASSERT_TRUE(conflicts.ok()) << conflicts.status();
    if (conflicts->items.empty()) return;
    v1::ConflictSet set;
    *set.mutable_conflict() = conflicts->items[Any(static_cast<int>(conflicts->items.size()))];
    v1::Conflict& conflict = *set.mutable_conflict();
    conflict.set_overridden_by(conflict.overridden_by().empty() ? "program-manager:pat" : "");
    ASSERT_TRUE(bench_
                    ->Do([&](journal::Draft& draft) {
                      draft.Emit(set.conflict().name(), set);
                      return absl::OkStatus();
                    })
                    .ok());
  }
  void DecideWhoIsWho() {
    const bool same = Any(3) != 0;
    if (Any(3) == 0) {
      bench_->Do(DecideIdentity(Agency(), Agency(), same, "renamed")).status().IgnoreError();
      return;
    }
    const std::string first = "experts/" + OneOf(experts_), second = "experts/" + OneOf(experts_);
    bench_->Do(DecideIdentity(first, second, same, "known well")).status().IgnoreError();
  }
  void ChangeThePolicy() {
    PutInForce(++version_, [&](v1::Policy& policy) {
      policy.set_capacity_open(Any(6));
      policy.set_unassigned_price(1'000'000 + Any(1'000'000));
      if (Any(3) == 0) policy.set_period(v1::PERIOD_MONTH);
      if (Any(3) == 0) policy.set_recent_agency_years(1);
    });
  }
  void AskForHelp() {
    v1::Demand demand = NewDemand(1 + Any(2));
    demand.mutable_slots(0)->set_topic(Topic());
    if (Any(3) == 0) demand.mutable_slots(0)->set_credential("ICAT instructor");
    requests_.push_back(bench_->Ready(demand));
  }
  void DecideOnAProposalOrOffer() {
    if (requests_.empty()) return;
    const std::string request = OneOf(requests_);
    const std::vector<std::string> offers = bench_->Offers(request);
    if (offers.empty()) return bench_->Approve(request).IgnoreError();
    (Any(3) == 0 ? bench_->Decline(offers[0]) : bench_->Accept(offers[0])).IgnoreError();
  }
  void RateWhoServed() {
    if (requests_.empty()) return;
    const std::string engagement = bench_->DemandFor(OneOf(requests_)).engagement();
    if (engagement.empty()) return;
    const std::string response = absl::StrCat("surveyResponses/r", ++turn_);
    ASSERT_TRUE(bench_->Do(TakeRatings({{response, engagement, "", 1 + Any(5)}})).ok());
  }
  void ChangeTheCatalog() {
    bench_->intake.Meet();
    for (intake::v1::CatalogEntry& entry : *bench_->intake.catalog.mutable_entries()) {
      if (entry.has_topic()) entry.mutable_topic()->set_title(absl::StrCat("Topic ", Any(10)));
    }
    bench_->intake.Meet();
    bench_->clock.Advance(absl::Minutes(2));
  }
  void Purge() {
    ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field LIKE 'expert.emails%'").ok());
    Change("oak3", [this](v1::Expert& expert) { expert.set_capacity_open(++turn_); });
  }

  std::mt19937 engine_{kSeed};
  // Ids.
  std::vector<std::string> experts_;
  std::vector<std::string> requests_;
  int64_t version_ = 1;
};

TEST_F(RandomPoolReading, WhateverChangesIsTakenOver) {
  const auto change_an_expert = [this] {
    Change(OneOf(experts_), [&](v1::Expert& expert) { ChangeAField(expert); });
  };
  // What should happen more often is there more than once.
  const std::pair<const char*, std::function<void()>> steps[] = {
      {"an expert changes", change_an_expert},
      {"an expert changes in something else", change_an_expert},
      {"an expert changes in something else again", change_an_expert},
      {"an expert retires, or comes back",
       [this] {
         Change(OneOf(experts_), [](v1::Expert& expert) { expert.set_active(!expert.active()); });
       }},
      {"several experts change before the next reading",
       [&] {
         for (int i = 0; i < 3; ++i) change_an_expert();
       }},
      {"an expert is added", [this] { AddAnExpert(); }},
      {"an address changes", [this] { ChangeAnAddress(); }},
      {"a partner changes", [this] { ChangeAPartner(); }},
      {"a conflict is declared", [this] { DeclareAConflict(); }},
      {"a conflict changes", [this] { ChangeAConflict(); }},
      {"who is who is decided", [this] { DecideWhoIsWho(); }},
      {"the policy changes", [this] { ChangeThePolicy(); }},
      {"a request becomes ready", [this] { AskForHelp(); }},
      {"a proposal or an offer is decided", [this] { DecideOnAProposalOrOffer(); }},
      {"an offer or a proposal is decided", [this] { DecideOnAProposalOrOffer(); }},
      {"who served is rated", [this] { RateWhoServed(); }},
      {"the catalog changes", [this] { ChangeTheCatalog(); }},
      {"a day passes", [this] { bench_->clock.Advance(absl::Hours(24)); }},
      {"addresses are purged", [this] { Purge(); }}};
  for (int i = 0; i < kRandomChanges && !HasFailure(); ++i) {
    const auto& [what, change] = steps[Any(static_cast<int>(std::size(steps)))];
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", change ", i));
    change();
    ExpectSame(what);
  }
}

}  // namespace
}  // namespace critac::matching
