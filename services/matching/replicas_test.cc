// Two processes of matching over one database of a PostgreSQL server.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/work_queue.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/certificate_methods.h"
#include "services/matching/offer_testing.h"
#include "services/matching/solve.h"

namespace critac::matching {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kRounds = 8;

class MatchingReplicas : public ::testing::Test {
 protected:
  // An offer made today, 2026-11-20, can be answered through 2026-11-30; a reminder comes on the 25th.
  MatchingReplicas() {
    center_.policy.set_offer_business_days(5);
    center_.policy.set_reminder_business_days(3);
    center_.AddPartner("elm");
    for (int i = 1; i <= 2 * kRounds; ++i) {
      center_.AddExpert(absl::StrCat("elm", i), "elm").set_capacity_per_period(2);
    }
    first_ = std::make_unique<MatchingBench>(center_, world_);
    second_ = std::make_unique<MatchingBench>(world_, 7);
  }

  MatchingBench& At(int replica) { return replica == 0 ? *first_ : *second_; }

  // Does the same at both at once.
  static void AtBoth(const std::function<void(int replica)>& work) {
    std::thread other([&work] { work(1); });
    work(0);
    other.join();
  }

  std::string Ready() {
    const v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", ++requests_));
    first_->MakeReady(demand);
    first_->FollowOnly(demand.request());
    return demand.request();
  }

  const std::shared_ptr<MatchingWorld> world_ =
      std::make_shared<MatchingWorld>(store::Backend::kPostgresql);
  Center center_;
  std::unique_ptr<MatchingBench> first_;
  std::unique_ptr<MatchingBench> second_;
  int requests_ = 0;
};

// Round after round two offers wait that an expert had room for, who then has room for one. Each replica
// takes one of them at the same moment.
TEST_F(MatchingReplicas, TheLastCapacityGoesToOneOfTwoWhoAcceptAtOnce) {
  for (int round = 1; round <= kRounds; ++round) {
    // Nobody else can be proposed.
    for (int i = 1; i <= 2 * kRounds; ++i) {
      v1::Expert expert = second_->Get<v1::Expert>(absl::StrCat("experts/elm", i));
      expert.set_active(i == round);
      second_->Set(expert);
    }
    const std::vector<std::string> requests = {Ready(), Ready()};
    second_->Solve();
    const std::vector<std::string> offers = {first_->Offered(requests[0]).at(0),
                                             second_->Offered(requests[1]).at(0)};
    const std::string name = absl::StrCat("experts/elm", round);
    v1::Expert expert = first_->Get<v1::Expert>(name);
    expert.set_capacity_per_period(1);
    first_->Set(expert);

    std::atomic<int> accepted = 0;
    AtBoth([&](int replica) {
      const absl::Status status = At(replica).Accept(offers[replica]);
      if (status.ok()) ++accepted;
      if (!status.ok()) EXPECT_EQ(ReasonOf(status), "NO_CAPACITY") << status;
    });
    EXPECT_EQ(accepted, 1) << "round " << round;
    for (int replica : {0, 1}) EXPECT_EQ(At(replica).Used(name, "2026Q4"), 1);
  }
  const auto verified = first_->journal->VerifyChain();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->problem, "");
}

TEST_F(MatchingReplicas, EachReadsWhatTheOtherHasAcknowledged) {
  for (int round = 0; round < kRounds; ++round) {
    MatchingBench& writer = At(round % 2);
    MatchingBench& reader = At(1 - round % 2);
    v1::Expert expert = writer.Get<v1::Expert>("experts/elm1");
    expert.set_full_name(absl::StrCat("Robin Vale ", round));
    expert.set_capacity_open(round + 1);
    writer.Set(expert);
    EXPECT_EQ(writer.Get<v1::Expert>("experts/elm1").full_name(), expert.full_name());
    EXPECT_EQ(reader.Get<v1::Expert>("experts/elm1").full_name(), expert.full_name());
    // A view that was kept from before is not taken for the present one.
    const auto view = reader.pools->Read();
    ASSERT_TRUE(view.ok()) << view.status();
    const auto row = (*view)->pool->FindExpert("experts/elm1");
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ((*view)->pool->experts()[*row].capacity_open, round + 1);
    const int64_t head = writer.journal->Head()->sequence;
    EXPECT_EQ(reader.journal->AwaitBeyond(head - 1, absl::Minutes(1)), head)
        << "who waits for news there is woken";
  }
}

// A call is made at one replica, and again, as after a lost answer, at the other: before, after, and at the
// same moment.
TEST_F(MatchingReplicas, ARequestIdGivesOneAnswerAtBoth) {
  for (int round = 0; round < kRounds; ++round) {
    const std::string request = Ready();
    first_->Solve();
    const std::string offer = first_->Offered(request).at(0);
    const std::string expert = first_->OfferNamed(offer).assignment().expert();
    const int used = first_->Used(expert, "open");
    const std::string id = first_->ids.NewUuid();
    std::atomic<int> replayed = 0;
    AtBoth([&](int replica) {
      const auto answer = At(replica).AcceptAs(offer, id);
      EXPECT_TRUE(answer.ok()) << answer.status();
      if (answer.ok() && answer->replayed) ++replayed;
    });
    EXPECT_EQ(replayed, 1);
    for (int replica : {0, 1}) {
      const auto again = At(replica).AcceptAs(offer, id);
      ASSERT_TRUE(again.ok()) << again.status();
      EXPECT_TRUE(again->replayed);
    }
    EXPECT_EQ(second_->Used(expert, "open"), used + 1);
  }
}

TEST_F(MatchingReplicas, WhatOneSolvedIsNotDueAtTheOther) {
  Ready();
  for (int replica : {0, 1}) ASSERT_THAT(*At(replica).worker->Due(), SizeIs(1));
  // The proposal that was made is of the input as well.
  first_->Solve();
  second_->Solve();
  for (int replica : {0, 1}) {
    const auto due = At(replica).worker->Due();
    ASSERT_TRUE(due.ok()) << due.status();
    EXPECT_THAT(*due, IsEmpty());
  }
  // A new version may plan otherwise: where a process starts, all is solved once more, by any of them.
  second_->Restart();
  ASSERT_THAT(*second_->worker->Due(), SizeIs(1));
  first_->Solve();
  for (int replica : {0, 1}) EXPECT_THAT(*At(replica).worker->Due(), IsEmpty());
  Ready();
  for (int replica : {0, 1}) EXPECT_THAT(*At(replica).worker->Due(), SizeIs(1));
}

// Both are asked at the same moment. Neither has to solve anew because the other recorded in the middle of it.
TEST_F(MatchingReplicas, TwoWhoAreAskedAtOnceRecordOneRunAfterTheOther) {
  for (int round = 1; round <= kRounds; ++round) {
    Ready();
    int views[] = {0, 0};
    AtBoth([&](int replica) {
      MatchingBench& at = At(replica);
      const auto turn = at.lease->Take("coordinator:dana", absl::InfiniteFuture());
      ASSERT_TRUE(turn.ok()) << turn.status();
      const absl::Status recorded = ExecuteOnPool(
          *at.journal, *at.pools, "",
          [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
            ++views[replica];
            ASSIGN_OR_RETURN(const auto solved, view->Solve(at.clock));
            return RecordSolve(view, solved->plan, solved->run, true);
          },
          &PoolReader::Read, (*turn)->guard());
      EXPECT_TRUE(recorded.ok()) << recorded;
    });
    for (int replica : {0, 1}) EXPECT_EQ(views[replica], 1) << "replica " << replica;
    const auto runs = second_->journal->List<v1::SolveRun>(
        {.collection = "runs", .page_size = 100, .descending = true});
    ASSERT_TRUE(runs.ok()) << runs.status();
    ASSERT_THAT(runs->items, SizeIs(2 * round));
    // The later one found the proposal of the one before, and left it.
    const v1::SolveRun& later = runs->items[0];
    const v1::SolveRun& before = runs->items[1];
    EXPECT_THAT(before.proposals(), SizeIs(round));
    EXPECT_THAT(later.proposals(), ::testing::UnorderedElementsAreArray(before.proposals()));
    EXPECT_THAT(later.superseded(), IsEmpty());
  }
}

// Goal: no stream of writers keeps a solve from its end, and each run is of the records right before it.
// Method: two write at each replica without a pause. Wherever they can, a solve waits until they have overtaken it:
// once one more has written than there are writers, one began to after the view was read.
TEST_F(MatchingReplicas, ASolveEndsThoughFourWriteAtBothAllTheTime) {
  constexpr int kWriters = 4;
  for (int i = 0; i < 2; ++i) Ready();
  absl::Mutex mutex;
  int written = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i, expert = center_.experts[i]]() mutable {
      while (!over) {
        expert.set_capacity_open(1 + expert.capacity_open() % 3);
        At(i % 2).Set(expert);
        absl::MutexLock lock(&mutex);
        ++written;
      }
    });
  }
  const std::thread::id caller = std::this_thread::get_id();
  for (int round = 0; round < kRounds; ++round) {
    MatchingBench& at = At(round % 2);
    const auto turn = at.lease->Take("coordinator:dana", absl::InfiniteFuture());
    EXPECT_TRUE(turn.ok()) << turn.status();
    if (!turn.ok()) break;
    bool was_alone = false;
    const absl::Status recorded = ExecuteOnPool(
        *at.journal, *at.pools, "",
        [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
          ASSIGN_OR_RETURN(const auto solved, view->Solve(at.clock));
          was_alone = std::this_thread::get_id() != caller;
          if (!was_alone) {
            absl::MutexLock lock(&mutex);
            const int enough = written + kWriters + 1;
            const auto overtaken = [&] { return written >= enough; };
            mutex.Await(absl::Condition(&overtaken));
          }
          return RecordSolve(view, solved->plan, solved->run, true);
        },
        &PoolReader::Read, (*turn)->guard());
    EXPECT_TRUE(recorded.ok()) << recorded;
    EXPECT_TRUE(was_alone);
  }
  over = true;
  for (std::thread& writer : writers) writer.join();
  const auto runs = first_->journal->List<v1::SolveRun>({.collection = "runs", .page_size = 100});
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_THAT(runs->items, SizeIs(kRounds));
  for (const v1::SolveRun& run : runs->items) {
    const auto certified = ReadCertifiedRun(*second_->journal, *second_->pools, run.name());
    EXPECT_TRUE(certified.ok()) << run.name() << ": " << certified.status();
  }
  const auto verified = second_->journal->VerifyChain();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->problem, "");
}

// Both solve at once, and one waits for the other: what is recorded is as if one had.
TEST_F(MatchingReplicas, TwoWhoSolveAtOnceProposeOnce) {
  std::vector<std::string> requests;
  for (int i = 0; i < kRounds; ++i) requests.push_back(Ready());
  AtBoth([&](int replica) { At(replica).Solve(); });
  const auto proposals =
      first_->journal->List<v1::Proposal>({.collection = "proposals", .page_size = 100});
  ASSERT_TRUE(proposals.ok()) << proposals.status();
  EXPECT_THAT(proposals->items, SizeIs(kRounds));
  for (const std::string& request : requests) {
    EXPECT_NE(second_->DemandFor(request).proposal(), "") << request;
  }
}

// Both find the same offers due before either does anything, and then do it at once, as they do where the lease
// of a job ran out. Either event, made a second time, would be in the journal.
TEST_F(MatchingReplicas, AnOfferIsRemindedOfAndExpiresOnceThoughBothDoIt) {
  std::vector<std::string> requests;
  for (int i = 0; i < kRounds; ++i) requests.push_back(Ready());
  first_->Solve();
  std::vector<std::string> offers;
  for (const std::string& request : requests) offers.push_back(first_->Offered(request).at(0));

  const auto care_at_both = [this] {
    const std::vector<queue::NewJob> due[] = {first_->DueForOffers(), second_->DueForOffers()};
    for (const auto& jobs : due) EXPECT_THAT(jobs, SizeIs(kRounds));
    AtBoth([&](int replica) { At(replica).CareFor(due[replica]); });
    for (int replica : {0, 1}) EXPECT_THAT(At(replica).DueForOffers(), IsEmpty());
  };
  const auto count_events = [this](const std::string& type, const std::string& subject) {
    const auto events =
        second_->journal->ReadEvents(1, 10, {absl::StrCat("critac.matching.v1.", type)}, subject);
    EXPECT_TRUE(events.ok()) << events.status();
    return events.ok() ? events->size() : 0;
  };
  for (int replica : {0, 1}) EXPECT_THAT(At(replica).DueForOffers(), IsEmpty());
  world_->clock.Advance(absl::Hours(5 * 24));
  care_at_both();
  for (const std::string& offer : offers) {
    EXPECT_EQ(count_events("OfferReminded", offer), 1u) << offer;
    for (int replica : {0, 1}) EXPECT_EQ(At(replica).OfferNamed(offer).reminder_count(), 1);
  }

  world_->clock.Advance(absl::Hours(6 * 24));
  care_at_both();
  for (int i = 0; i < kRounds; ++i) {
    EXPECT_EQ(count_events("OfferReminded", offers[i]), 1u) << offers[i];
    EXPECT_EQ(count_events("OfferDeclined", offers[i]), 1u) << offers[i];
    for (int replica : {0, 1}) {
      EXPECT_EQ(At(replica).OfferNamed(offers[i]).state(), v1::OFFER_STATE_EXPIRED);
      const v1::Demand demand = At(replica).DemandFor(requests[i]);
      ASSERT_THAT(demand.refusals(), SizeIs(1));
      EXPECT_EQ(demand.refusals(0).count(), 1) << requests[i];
    }
  }
}

}  // namespace
}  // namespace critac::matching
