// Two processes of matching, as they are in production, that share a PostgreSQL and a queue.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/match_worker.h"
#include "services/matching/matching_states.h"
#include "services/matching/service_testing.h"
#include "services/matching/testing_center.h"
#include "tests/support/eventually.h"

namespace critac::matching {
namespace {

using critac::testing::Eventually;
using queue::FaultyQueue;
using ::testing::SizeIs;

class SharedQueue : public ::testing::Test {
 protected:
  SharedQueue() {
    center_.AddPartner("elm");
    for (int i = 1; i <= 8; ++i) center_.AddExpert(absl::StrCat("elm", i), "elm");
    world_->intake.catalog = center_.catalog;
    for (auto& replica : replicas_) {
      replica = std::make_unique<testing::MatchingServer>(world_);
    }
    replicas_[0]->Execute([this](journal::Draft& draft) {
      v1::PolicySet policy;
      *policy.mutable_policy() = center_.policy;
      draft.Emit(kCurrentPolicy, policy);
      for (const v1::Partner& partner : center_.partners) {
        v1::PartnerSet set;
        *set.mutable_partner() = partner;
        draft.Emit(partner.name(), set);
      }
      for (const v1::Expert& expert : center_.experts) {
        v1::ExpertSet set;
        *set.mutable_expert() = expert;
        draft.Emit(expert.name(), set);
      }
      return absl::OkStatus();
    });
  }

  ~SharedQueue() override {
    for (auto& replica : replicas_) replica->match_queue.LetGo(FaultyQueue::Call::kComplete);
  }

  // Both begin their work, and end what there is to do from before.
  void Start() {
    for (auto& replica : replicas_) replica->Start();
    replicas_[0]->match_queue.AwaitEnded(FaultyQueue::Call::kEnqueue, 1);
    ASSERT_TRUE(Eventually([&] { return world_->match_queue.Peek(std::nullopt, 1)->empty(); }));
  }

  // Opens a demand at a replica.
  std::string Open(int replica) {
    const v1::Demand demand = center_.AddDemand(absl::StrCat("fy27-", ++demands_));
    replicas_[replica]->Execute([demand](journal::Draft& draft) {
      v1::DemandOpened opened;
      *opened.mutable_demand() = demand;
      draft.Emit(demand.name(), opened);
      return absl::OkStatus();
    });
    return demand.name();
  }

  // The proposal for a demand; empty: none is made yet.
  std::string ProposalFor(const std::string& demand) {
    const auto state = replicas_[0]->journal().Get<v1::Demand>(demand);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? state->proposal() : "";
  }

  int64_t Begun(FaultyQueue::Call call) const {
    return replicas_[0]->match_queue.begun_count(call) +
           replicas_[1]->match_queue.begun_count(call);
  }

  const std::shared_ptr<testing::ServerWorld> world_ =
      std::make_shared<testing::ServerWorld>(store::Backend::kPostgresql);
  Center center_;
  std::unique_ptr<testing::MatchingServer> replicas_[2];
  int demands_ = 0;
};

// Whoever takes the job cannot end it, while the other replica opens a demand and puts the job in again. Its
// own worker is free, and must leave it.
TEST_F(SharedQueue, OfTwoReplicasOneSolvesAtATime) {
  Start();
  for (auto& replica : replicas_) replica->match_queue.Hold(FaultyQueue::Call::kComplete);
  const int64_t before = Begun(FaultyQueue::Call::kComplete);
  const std::string first = Open(0);
  ASSERT_TRUE(Eventually([&] { return !ProposalFor(first).empty(); }));
  ASSERT_TRUE(Eventually([&] { return Begun(FaultyQueue::Call::kComplete) == before + 1; }));

  const int64_t put_in = replicas_[1]->match_queue.begun_count(FaultyQueue::Call::kEnqueue);
  const std::string second = Open(1);
  replicas_[1]->match_queue.AwaitEnded(FaultyQueue::Call::kEnqueue, put_in + 1);
  const auto jobs = world_->match_queue.Peek(std::nullopt, 10);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(1));
  EXPECT_EQ(jobs->front().key, kSolveJob);
  EXPECT_EQ(jobs->front().state, queue::JobState::kLeased);
  EXPECT_EQ(Begun(FaultyQueue::Call::kComplete), before + 1);
  EXPECT_EQ(ProposalFor(second), "");

  for (auto& replica : replicas_) replica->match_queue.LetGo(FaultyQueue::Call::kComplete);
  EXPECT_TRUE(Eventually([&] { return !ProposalFor(second).empty(); }));
}

// Demands come at both; a replica hears of its own commits only, and yet all are proposed for, each once.
TEST_F(SharedQueue, WhatEitherRecordsIsSolvedByAny) {
  Start();
  std::vector<std::string> demands;
  for (int i = 0; i < 12; ++i) demands.push_back(Open(i % 2));
  for (const std::string& demand : demands) {
    EXPECT_TRUE(Eventually([&] {
      // A solve that demands overtake as often as they may is put back for a while, which has to pass.
      world_->clock.Advance(absl::Milliseconds(20));
      return !ProposalFor(demand).empty();
    })) << demand;
  }
  const auto verified = replicas_[1]->journal().VerifyChain();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->problem, "");
}

}  // namespace
}  // namespace critac::matching
