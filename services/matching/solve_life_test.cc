// What becomes of a solve when something happens in the middle of it, over a real journal.
#include <memory>
#include <thread>
#include <vector>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/offer_testing.h"
#include "services/matching/partner_commands.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SolveLife : public ::testing::Test {
 protected:
  SolveLife() {
    center_.AddPartner("elm");
    center_.AddExpert("elm1", "elm");
    center_.AddExpert("elm2", "elm");
    bench_ = std::make_unique<MatchingBench>(center_);
  }

  // A request that became ready, and that nobody solved for yet.
  std::string ReadyOnly() {
    const v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", center_.demands.size() + 1));
    bench_->MakeReady(demand);
    bench_->FollowOnly(demand.request());
    return demand.request();
  }

  // A plan of the records as they are now.
  struct Planned {
    std::shared_ptr<const PoolView> view;
    std::shared_ptr<const struct Solved> solved;
  };
  Planned Plan() {
    const auto view = bench_->pools->Read();
    EXPECT_TRUE(view.ok()) << view.status();
    const auto solved = (*view)->Solve(bench_->clock);
    EXPECT_TRUE(solved.ok()) << solved.status();
    return {*view, *solved};
  }
  absl::Status Record(const Planned& planned) {
    return bench_->Do(RecordSolve(planned.view, planned.solved->plan, planned.solved->run, false))
        .status();
  }

  std::vector<v1::Proposal> Proposals() {
    const auto page =
        bench_->journal->List<v1::Proposal>({.collection = "proposals", .page_size = 100});
    EXPECT_TRUE(page.ok()) << page.status();
    return page->items;
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
};

TEST_F(SolveLife, ARequestWithdrawnMeanwhileIsNotProposedFor) {
  const std::string gone = ReadyOnly(), stays = ReadyOnly();
  const Planned planned = Plan();
  bench_->intake.requests[gone].set_state(intake::v1::REQUEST_STATE_WITHDRAWN);
  bench_->FollowOnly(gone);
  EXPECT_EQ(ReasonOf(Record(planned)), "INPUTS_CHANGED");
  EXPECT_THAT(Proposals(), IsEmpty());
  bench_->Solve();
  ASSERT_THAT(Proposals(), SizeIs(1));
  EXPECT_EQ(Proposals()[0].request(), stays);
}

TEST_F(SolveLife, AnExpertDeactivatedMeanwhileIsNotProposed) {
  ReadyOnly();
  const Planned planned = Plan();
  v1::Expert expert = center_.experts[0];
  expert.set_active(false);
  bench_->Set(expert);
  EXPECT_EQ(ReasonOf(Record(planned)), "INPUTS_CHANGED");
  bench_->Solve();
  ASSERT_THAT(Proposals(), SizeIs(1));
  EXPECT_EQ(Proposals()[0].assignments(0).expert(), "experts/elm2");
}

TEST_F(SolveLife, WhatAReadyRequestAsksForAnewIsTakenOver) {
  const std::string request = ReadyOnly();
  bench_->Solve();
  ASSERT_TRUE(bench_->Approve(request).ok());
  const std::vector<std::string> offers = bench_->Offers(request);
  ASSERT_THAT(offers, SizeIs(1));
  intake::v1::Request& held = bench_->intake.requests[request];
  held.set_urgency(intake::v1::URGENCY_CRITICAL);
  held.set_needed_by("2027-03-31");
  held.add_co_served_agencies("agencies/sea");
  bench_->FollowOnly(request);
  const v1::Demand demand = bench_->DemandFor(request);
  EXPECT_EQ(demand.urgency(), intake::v1::URGENCY_CRITICAL);
  EXPECT_EQ(demand.needed_by(), "2027-03-31");
  EXPECT_THAT(demand.co_served_agencies(), ElementsAre("agencies/sea"));
  EXPECT_EQ(demand.state(), v1::DEMAND_STATE_OFFERED) << "who was offered stays";
  const int64_t head = bench_->journal->Head()->sequence;
  bench_->FollowOnly(request);
  EXPECT_EQ(bench_->journal->Head()->sequence, head) << "nothing new is nothing to record";
  // A conflict with an agency that is served too counts from then on.
  v1::Conflict conflict;
  conflict.set_expert(bench_->OfferNamed(offers[0]).assignment().expert());
  conflict.set_agency("agencies/sea");
  conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
  conflict.set_reason("a suit");
  ASSERT_TRUE(bench_->Do(CreateConflict(conflict, "")).ok());
  EXPECT_EQ(ReasonOf(bench_->Accept(offers[0])), "NOT_ELIGIBLE");
}

// The window goes on until March; the offers are for 2026Q4.
TEST_F(SolveLife, AConflictThatLeavesNoDayOfTheOffersPeriodIsSeenAtAcceptance) {
  for (const auto& [valid_to, reason] : std::vector<std::pair<std::string, std::string>>{
           {"2027-01-15", "NOT_ELIGIBLE"}, {"2026-12-30", ""}}) {
    SCOPED_TRACE(valid_to);
    v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", center_.demands.size() + 1));
    demand.mutable_slots(0)->set_window_end("2027-03-31");
    bench_->MakeReady(demand);
    bench_->FollowOnly(demand.request());
    bench_->Solve();
    ASSERT_TRUE(bench_->Approve(demand.request()).ok());
    const std::vector<std::string> offers = bench_->Offers(demand.request());
    ASSERT_THAT(offers, SizeIs(1));
    ASSERT_EQ(bench_->OfferNamed(offers[0]).assignment().period(), "2026Q4");
    v1::Conflict conflict;
    conflict.set_expert(bench_->OfferNamed(offers[0]).assignment().expert());
    conflict.set_agency(demand.agency().agency());
    conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
    conflict.set_reason("a suit");
    conflict.set_valid_to(valid_to);
    ASSERT_TRUE(bench_->Do(CreateConflict(conflict, "")).ok());
    EXPECT_EQ(ReasonOf(bench_->Accept(offers[0])), reason);
  }
}

TEST_F(SolveLife, AWorkerKilledInTheMiddleLeavesNothingBehindAndTheNextSolves) {
  const std::string request = ReadyOnly();
  Plan();
  bench_->Restart();
  EXPECT_THAT(Proposals(), IsEmpty());
  const auto due = bench_->worker->Due();
  ASSERT_TRUE(due.ok()) << due.status();
  ASSERT_THAT(*due, SizeIs(1));
  EXPECT_EQ((*due)[0].key, kSolveJob);
  bench_->Solve();
  ASSERT_THAT(Proposals(), SizeIs(1));
  EXPECT_EQ(Proposals()[0].request(), request);
}

TEST_F(SolveLife, ASolveThatChangesNothingIsNotDueAgain) {
  ReadyOnly();
  bench_->Solve();
  // The proposal that was made is of the input as well.
  bench_->Solve();
  const auto due = bench_->worker->Due();
  ASSERT_TRUE(due.ok()) << due.status();
  EXPECT_THAT(*due, IsEmpty());
  bench_->Solve();
  EXPECT_THAT(Proposals(), SizeIs(1)) << "a job done twice changes nothing";
}

// The window passes, and nothing is recorded at midnight.
TEST_F(SolveLife, ANewDayIsSolvedThoughNothingWasRecorded) {
  ReadyOnly();
  bench_->Solve();
  bench_->Solve();
  ASSERT_THAT(Proposals(), SizeIs(1));
  ASSERT_THAT(Proposals()[0].assignments(), SizeIs(1));
  EXPECT_THAT(*bench_->worker->Due(), IsEmpty());
  bench_->clock.Advance(absl::FromCivil(absl::CivilDay(2027, 2, 1), absl::UTCTimeZone()) -
                        bench_->clock.Now());
  ASSERT_THAT(*bench_->worker->Due(), SizeIs(1));
  bench_->Solve();
  bench_->Solve();
  EXPECT_THAT(*bench_->worker->Due(), IsEmpty());
  ASSERT_THAT(Proposals(), SizeIs(2));
  for (const v1::Proposal& proposal : Proposals()) {
    if (proposal.state() == v1::PROPOSAL_STATE_OPEN) {
      EXPECT_THAT(proposal.assignments(), IsEmpty());
    }
  }
}

TEST_F(SolveLife, ThoseWhoAskAtOnceAfterAChangeShareOneReading) {
  ReadyOnly();
  // So that all have one catalog in hand: those who ask for the first at once may each get one of their own.
  ASSERT_TRUE(bench_->pools->Read().ok());
  for (int change = 0; change < 20; ++change) {
    v1::Expert expert = center_.experts[0];
    expert.set_capacity_open(1 + change);
    bench_->Set(expert);
    std::vector<std::shared_ptr<const PoolView>> views(4);
    std::vector<std::thread> threads;
    for (std::shared_ptr<const PoolView>& view : views) {
      threads.emplace_back([this, &view] {
        const auto read = bench_->pools->Read();
        if (read.ok()) view = *read;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_NE(views[0], nullptr);
    EXPECT_EQ(views[0]->pool->experts()[0].capacity_open, 1 + change);
    for (const std::shared_ptr<const PoolView>& view : views) EXPECT_EQ(view, views[0]);
  }
}

TEST_F(SolveLife, ManyRequestsThatBecomeReadyAtOnceAreSolvedOnce) {
  for (int i = 0; i < 4; ++i) ReadyOnly();
  bench_->Solve();
  const auto runs = bench_->journal->List<v1::SolveRun>({.collection = "runs", .page_size = 100});
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_THAT(runs->items, SizeIs(1));
  EXPECT_THAT(Proposals(), SizeIs(4));
}

}  // namespace
}  // namespace critac::matching
