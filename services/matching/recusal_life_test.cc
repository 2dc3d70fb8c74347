// What intake is told of recusals over a real journal: by every cause, once, whatever happened on the way.
#include "common/rpc/field_rules.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/identity_commands.h"
#include "services/matching/offer_testing.h"
#include "services/matching/partner_commands.h"
#include "services/matching/recusal_notice.h"
#include "services/matching/service_testing.h"
#include "tests/support/eventually.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOkaforDecides[] = "program-manager:okafor";

class RecusalLife : public ::testing::Test {
 protected:
  RecusalLife() {
    center_.AddPartner("elm");
    center_.AddPartner("oak");
    center_.AddExpert("ana", "elm").add_emails("Ana@Elm.org");
    center_.AddExpert("ortiz", "oak").add_emails("ortiz@oak.org");
    bench_ = std::make_unique<MatchingBench>(center_);
  }

  // Declares a recusal of an expert, or of a partner, from agency a1; its name.
  std::string Declare(const std::string& expert, const std::string& partner = "",
                      const std::string& valid_to = "") {
    v1::Conflict conflict;
    conflict.set_expert(expert);
    conflict.set_partner(partner);
    conflict.set_agency("agencies/a1");
    conflict.set_kind(v1::CONFLICT_KIND_RECUSAL);
    conflict.set_reason("a brother serves there");
    conflict.set_valid_to(valid_to);
    auto answer = bench_->Do(CreateConflict(conflict, ""));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? static_cast<v1::Conflict&>(*answer->message).name() : "";
  }

  void Decide(const std::string& first, const std::string& second, bool same) {
    const auto answer = bench_->Do(DecideIdentity(first, second, same, "asked her"));
    EXPECT_TRUE(answer.ok()) << answer.status();
  }

  // Whether the last event puts the job in.
  bool IsCause() {
    const int64_t head = bench_->journal->Head()->sequence;
    const auto events = bench_->journal->ReadEvents(head, 1);
    EXPECT_TRUE(events.ok()) << events.status();
    return !TellJobsOf({{events->front(), nullptr, ""}}).empty();
  }

  // What intake is told when the job is done after the last event, which must be what puts it in.
  std::vector<intake::v1::Recusal> ToldByIt() {
    EXPECT_TRUE(IsCause());
    const absl::Status status = bench_->recusal_sync->Tell("");
    EXPECT_TRUE(status.ok()) << status;
    return recusals().told();
  }

  FakeRecusals& recusals() { return bench_->intake.recusals; }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
};

TEST_F(RecusalLife, IntakeIsToldWhoIsRecusedUntilItIsOverridden) {
  EXPECT_THAT(ToldByIt(), IsEmpty());
  EXPECT_EQ(recusals().version(), 0) << "nothing to tell";
  const std::string name = Declare("experts/ana", "", "2026-12-31");
  const auto told = ToldByIt();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].name(), name);
  EXPECT_EQ(told[0].valid_to(), "2026-12-31");
  EXPECT_THAT(told[0].agencies(), ElementsAre("agencies/a1"));
  EXPECT_THAT(told[0].parties(), ElementsAre("experts/ana", "partners/elm#ana"));
  EXPECT_THAT(told[0].addresses(), ElementsAre("ana@elm.org"));

  ASSERT_TRUE(bench_->Do(AskConflictOverride(name, "nobody else", "")).ok());
  EXPECT_THAT(ToldByIt(), SizeIs(1)) << "asking is not enough";
  const auto overridden = bench_->Do(OverrideConflict(name, "he left", {}), kOkaforDecides);
  ASSERT_TRUE(overridden.ok()) << overridden.status();
  EXPECT_THAT(ToldByIt(), IsEmpty());
}

TEST_F(RecusalLife, IntakeIsToldOfAPartnersRecusal) {
  Declare("", "partners/oak");
  const auto told = ToldByIt();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].parties(), ElementsAre("partners/oak"));
}

TEST_F(RecusalLife, IntakeIsToldWhoIsWho) {
  Declare("experts/ana");
  EXPECT_THAT(ToldByIt()[0].addresses(), ElementsAre("ana@elm.org"));
  Decide("experts/ana", "experts/ortiz", true);
  const auto joined = ToldByIt();
  EXPECT_THAT(joined[0].addresses(), ElementsAre("ana@elm.org", "ortiz@oak.org"));
  EXPECT_THAT(joined[0].parties(), ElementsAre("experts/ana", "experts/ortiz", "partners/elm#ana",
                                               "partners/oak#ortiz"));
  Decide("experts/ana", "experts/ortiz", false);
  EXPECT_THAT(ToldByIt()[0].addresses(), ElementsAre("ana@elm.org"));
  Decide("agencies/a1", "agencies/a2", true);
  EXPECT_THAT(ToldByIt()[0].agencies(), ElementsAre("agencies/a1", "agencies/a2"));
  Decide("agencies/a1", "agencies/a2", false);
  EXPECT_THAT(ToldByIt()[0].agencies(), ElementsAre("agencies/a1"));
}

TEST_F(RecusalLife, IntakeIsToldOfAnExpertsNewAddressesAndOfNewRecords) {
  Declare("experts/ana");
  v1::Expert ana = bench_->Get<v1::Expert>("experts/ana");
  ana.add_emails("ana@home.org");
  bench_->Set(ana);
  EXPECT_THAT(ToldByIt()[0].addresses(), ElementsAre("ana@elm.org", "ana@home.org"));
  v1::Expert other = bench_->Get<v1::Expert>("experts/ortiz");
  other.set_name("experts/third");
  other.clear_emails();
  other.add_emails("ANA@home.org");
  other.add_emails("third@oak.org");
  bench_->Set(other);
  EXPECT_THAT(ToldByIt()[0].addresses(),
              ElementsAre("ana@elm.org", "ana@home.org", "third@oak.org"));
  ana.clear_emails();
  bench_->Set(ana);
  EXPECT_THAT(ToldByIt()[0].addresses(), IsEmpty());
}

TEST_F(RecusalLife, AnExpiredRecusalIsToldNoMore) {
  Declare("experts/ana", "", "2026-11-20");
  EXPECT_THAT(ToldByIt(), SizeIs(1)) << "its last day";
  bench_->clock.Advance(absl::Hours(9) + absl::Minutes(59));
  EXPECT_THAT(ToldByIt(), SizeIs(1));
  bench_->clock.Advance(absl::Minutes(1));
  EXPECT_THAT(ToldByIt(), IsEmpty()) << "though nothing was recorded";
}

TEST_F(RecusalLife, WhatIntakeKnowsIsNotToldAgain) {
  Declare("experts/ana");
  ToldByIt();
  EXPECT_EQ(recusals().version(), 1);
  ToldByIt();
  bench_->Restart();
  ToldByIt();
  bench_->Ready(center_.AddDemand("fy27-1"));
  EXPECT_FALSE(IsCause()) << "who is recused is not of this or that request";
  EXPECT_EQ(recusals().version(), 1);
}

TEST_F(RecusalLife, WhatAnAwayIntakeMissedItIsToldLater) {
  Declare("experts/ana");
  recusals().SetAway(true);
  EXPECT_EQ(bench_->recusal_sync->Tell("").code(), absl::StatusCode::kUnavailable);
  bench_->Restart();
  EXPECT_EQ(bench_->recusal_sync->Tell("").code(), absl::StatusCode::kUnavailable);
  recusals().SetAway(false);
  EXPECT_THAT(ToldByIt(), SizeIs(1));
}

// As another replica does, whose records may be newer, or a backup of intake's.
TEST_F(RecusalLife, WhoeverToldSomethingElseIsTakenIntoAccount) {
  Declare("experts/ana");
  recusals().TellOtherAfterGet();
  EXPECT_EQ(bench_->recusal_sync->Tell("").code(), absl::StatusCode::kAborted);
  EXPECT_THAT(recusals().told(), IsEmpty()) << "what is older did not take its place";
  EXPECT_THAT(ToldByIt(), SizeIs(1)) << "looked at again, it is to be told";
  recusals().TellOther();
  EXPECT_THAT(ToldByIt(), SizeIs(1));
}

TEST(RecusalJobs, AServiceThatRunsTellsByItself) {
  testing::MatchingServer server;
  server.Execute([](journal::Draft& draft) {
    v1::ExpertSet expert;
    expert.mutable_expert()->set_name("experts/ana");
    expert.mutable_expert()->set_partner("partners/elm");
    expert.mutable_expert()->add_emails("ana@elm.org");
    draft.Emit("experts/ana", expert);
    v1::ConflictSet set;
    set.mutable_conflict()->set_name("conflicts/c1");
    set.mutable_conflict()->set_expert("experts/ana");
    set.mutable_conflict()->set_agency("agencies/a1");
    set.mutable_conflict()->set_kind(v1::CONFLICT_KIND_RECUSAL);
    draft.Emit("conflicts/c1", set);
    return absl::OkStatus();
  });
  server.Start();
  const auto told = [&](size_t count) {
    return critac::testing::Eventually(
        [&] { return server.intake_recusals.told().size() == count; });
  };
  EXPECT_TRUE(told(1)) << "what was recorded before";
  server.Execute([](journal::Draft& draft) {
    v1::ConflictSet set;
    set.mutable_conflict()->set_name("conflicts/c2");
    set.mutable_conflict()->set_partner("partners/elm");
    set.mutable_conflict()->set_agency("agencies/a2");
    set.mutable_conflict()->set_kind(v1::CONFLICT_KIND_RECUSAL);
    draft.Emit("conflicts/c2", set);
    return absl::OkStatus();
  });
  EXPECT_TRUE(told(2)) << "and what is from then on";
}

// One that intake refuses would keep it from being told of all others.
TEST(RecusalJobs, IntakeTakesTheLongestNamesAndAddressesThatCanBeOnRecord) {
  const std::string id(100, 'x');
  const std::string agency = absl::StrCat("agencies/", id);
  const std::string address = absl::StrCat(std::string(64, 'a'), "@", std::string(63, 'b'), ".",
                                           std::string(63, 'c'), ".", std::string(57, 'd'), ".org");
  ASSERT_EQ(address.size(), 254u);
  v1::Expert expert;
  expert.set_name(absl::StrCat("experts/", id));
  expert.set_partner(absl::StrCat("partners/", id));
  expert.set_full_name("Ana Ortiz");
  expert.add_emails(address);
  ASSERT_TRUE(rpc::CheckFields(expert).ok()) << rpc::CheckFields(expert);
  v1::Conflict conflict;
  conflict.set_name(absl::StrCat("conflicts/", id));
  conflict.set_kind(v1::CONFLICT_KIND_RECUSAL);
  conflict.set_expert(expert.name());
  conflict.set_agency(agency);
  intake::v1::SetRecusalsRequest told;
  for (const auto& recusal :
       RecusalNotice({conflict}, {expert}, {}, absl::CivilDay(2026, 11, 20))) {
    *told.add_recusals() = recusal;
  }
  told.set_etag("0");
  told.set_request_id("6f9619ff-8b86-4d01-b42d-00cf4fc964ff");
  ASSERT_THAT(told.recusals(), SizeIs(1));
  EXPECT_THAT(told.recusals(0).agencies(), ElementsAre(agency));
  EXPECT_THAT(told.recusals(0).parties(),
              ElementsAre(expert.name(), absl::StrCat(expert.partner(), "#", id)));
  EXPECT_THAT(told.recusals(0).addresses(), ElementsAre(address));
  EXPECT_TRUE(rpc::CheckFields(told).ok()) << rpc::CheckFields(told);
  expert.set_name(absl::StrCat("experts/", id, "x"));
  EXPECT_FALSE(rpc::CheckFields(expert).ok()) << "no name is longer";
  expert.set_name("experts/ana");
  expert.set_emails(0, absl::StrCat(address, "x"));
  EXPECT_FALSE(rpc::CheckFields(expert).ok()) << "nor an address";
}

// A replica of an older version gives the job up at once; as a derived job it would stay dead for an hour. The
// first pass of the reconciler is as any other.
TEST(RecusalJobs, AJobThatWasGivenUpComesBackWithTheNextPass) {
  const auto world = std::make_shared<testing::ServerWorld>();
  testing::MatchingServer server(world);
  server.Execute([](journal::Draft& draft) {
    v1::ConflictSet set;
    set.mutable_conflict()->set_name("conflicts/c1");
    set.mutable_conflict()->set_partner("partners/elm");
    set.mutable_conflict()->set_agency("agencies/a1");
    set.mutable_conflict()->set_kind(v1::CONFLICT_KIND_RECUSAL);
    draft.Emit("conflicts/c1", set);
    return absl::OkStatus();
  });
  ASSERT_TRUE(world->sync_queue.Enqueue({TellJob()}).ok());
  const auto leases = world->sync_queue.Reserve(1, absl::Minutes(1), absl::ZeroDuration());
  ASSERT_TRUE(leases.ok()) << leases.status();
  ASSERT_THAT(*leases, SizeIs(1));
  ASSERT_TRUE(world->sync_queue.Fail(leases->front(), "no such engagement", false).ok());
  ASSERT_EQ(world->sync_queue.Stats()->dead, 1);
  server.Start();
  EXPECT_TRUE(critac::testing::Eventually([&] { return server.intake_recusals.told().size() == 1; },
                                          absl::Seconds(20)));
}

TEST(RecusalJobs, TheRecusedDoNotFollowTheJournal) {
  testing::MatchingServer server;
  server.Execute([](journal::Draft& draft) {
    v1::ConflictSet set;
    set.mutable_conflict()->set_name("conflicts/c1");
    set.mutable_conflict()->set_partner("partners/elm");
    set.mutable_conflict()->set_agency("agencies/a1");
    set.mutable_conflict()->set_kind(v1::CONFLICT_KIND_RECUSAL);
    draft.Emit("conflicts/c1", set);
    set.mutable_conflict()->set_name("conflicts/c2");
    set.mutable_conflict()->clear_partner();
    set.mutable_conflict()->set_expert("experts/e1");
    draft.Emit("conflicts/c2", set);
    v1::ExpertSet expert;
    expert.mutable_expert()->set_name("experts/e1");
    expert.mutable_expert()->set_partner("partners/oak");
    expert.mutable_expert()->add_emails("ana@x.org");
    draft.Emit("experts/e1", expert);
    return absl::OkStatus();
  });
  const std::pair<const char*, bool> readers[] = {{"auditor:Ana@x.org", false},
                                                  {"program-manager:experts/e1", false},
                                                  {"auditor:alex", true},
                                                  {"program-manager:bo@x.org", true},
                                                  {"service:metrics", true}};
  for (const auto& [who, may] : readers) {
    rpc::Call call;
    call.principal = *rpc::ParsePrincipal(who);
    const absl::Status status = server.bound().CheckMayFollow(call);
    EXPECT_EQ(status.ok(), may) << who;
    if (!may) EXPECT_EQ(ReasonOf(status), "RECUSED");
  }
}

}  // namespace
}  // namespace critac::matching
