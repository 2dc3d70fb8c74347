// Who may solve and record when, over a real journal. Two leases over one database stand for two replicas.
#include "services/matching/solve_lease.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "gmock/gmock.h"
#include "services/matching/certificate_methods.h"
#include "services/matching/match_commands.h"
#include "services/matching/offer_testing.h"
#include "services/matching/pool_methods.h"
#include "services/matching/solve.h"
#include "services/matching/solve_methods.h"
#include "tests/support/eventually.h"

namespace critac::matching {
namespace {

using critac::testing::Eventually;
using ::testing::HasSubstr;

using SolveTurn = absl::StatusOr<std::unique_ptr<SolveLease::Turn>>;

class LeasedSolve : public ::testing::Test {
 protected:
  LeasedSolve() {
    center_.AddPartner("elm");
    center_.AddExpert("elm1", "elm");
    bench_ = std::make_unique<MatchingBench>(center_);
    second_ = std::make_unique<SolveLease>(bench_->journal->database(), bench_->clock);
    const v1::Demand& demand = center_.AddDemand("fy27-1");
    bench_->MakeReady(demand);
    bench_->FollowOnly(demand.request());
  }

  SolveLease& first() { return *bench_->lease; }
  SolveLease& second() { return *second_; }
  ManualClock& clock() { return bench_->clock; }

  // Waits for as long as it takes.
  SolveTurn Take(SolveLease& lease, const std::string& who = "coordinator:dana") {
    return lease.Take(who, absl::InfiniteFuture());
  }
  // Does not wait.
  SolveTurn TakeNow(SolveLease& lease) { return lease.Take("coordinator:kim", clock().Now()); }

  // Solves in a turn and records the run; `meanwhile` is what happens in between.
  absl::Status Record(
      const SolveLease::Turn& turn, const std::function<void()>& meanwhile = [] {}) {
    return ExecuteOnPool(
        *bench_->journal, *bench_->pools, "",
        [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
          ASSIGN_OR_RETURN(const auto solved, view->Solve(clock()));
          meanwhile();
          return RecordSolve(view, solved->plan, solved->run, true);
        },
        &PoolReader::Read, turn.guard());
  }

  // Solves and records in a turn, where a solve takes a little too long to be made while all writers wait; `meanwhile`
  // is what happens in the middle of every try in which others can write.
  absl::Status SolveLong(const SolveLease::Turn& turn, const std::function<void(Work)>& meanwhile) {
    const std::thread::id caller = std::this_thread::get_id();
    const auto execute = [&](const MakeDecide& make, Work work) {
      return ExecuteOnPool(
          *bench_->journal, *bench_->pools, "",
          [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
            absl::StatusOr<journal::Decide> decide = make(std::move(view));
            if (std::this_thread::get_id() != caller) return decide;
            meanwhile(work);
            if (work == Work::kSolves) clock().Advance(limits::kDecidedAlone + absl::Seconds(0.1));
            return decide;
          },
          &PoolReader::Read, turn.guard(), work);
    };
    return SolveAndRecord(*bench_->journal, clock(), true, execute).status();
  }

  // Makes one of the center's experts the only one that is active.
  journal::Command MakeOnlyActive(const std::string& name) {
    journal::Command command;
    command.actor = "coordinator:dana";
    command.decide = [experts = center_.experts, name](journal::Draft& draft) -> absl::Status {
      for (const v1::Expert& expert : experts) {
        v1::ExpertSet set;
        *set.mutable_expert() = expert;
        set.mutable_expert()->set_active(expert.name() == name);
        draft.Emit(expert.name(), set);
      }
      return absl::OkStatus();
    };
    return command;
  }

  // A process that took a turn now and died.
  void LeaveBehind() {
    const absl::Time now = clock().Now();
    const absl::Status written =
        bench_->journal->database().Write([&](store::Connection& connection) {
          return connection.InsertRows(
              "solve_lease", {"id", "turn", "holder", "take_time", "expire_time"},
              {{int64_t{1}, int64_t{41}, std::string("service:matching"), absl::ToUnixMicros(now),
                absl::ToUnixMicros(now + SolveLease::kTerm)}},
              store::OnConflict::kReplace, {"id"});
        });
    ASSERT_TRUE(written.ok()) << written;
  }

  // Until when the lease lasts.
  absl::Time ExpireTime() {
    absl::Time time;
    const absl::Status read = bench_->journal->database().Read([&](store::Connection& connection) {
      return connection.Query("SELECT expire_time FROM solve_lease WHERE id = 1", {},
                              [&](const store::Row& row) {
                                time = absl::FromUnixMicros(row.Int(0));
                                return absl::OkStatus();
                              });
    });
    EXPECT_TRUE(read.ok()) << read;
    return time;
  }

  size_t RunCount() {
    const auto runs = bench_->journal->List<v1::SolveRun>({.collection = "runs"});
    EXPECT_TRUE(runs.ok()) << runs.status();
    return runs.ok() ? runs->items.size() : 0;
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
  std::unique_ptr<SolveLease> second_;
};

TEST_F(LeasedSolve, WhatWasGivenBackIsHadByTheNext) {
  for (SolveLease* lease : {&first(), &second(), &first()}) {
    const auto turn = TakeNow(*lease);
    ASSERT_TRUE(turn.ok()) << turn.status();
    EXPECT_TRUE(Record(**turn).ok());
  }
  EXPECT_EQ(RunCount(), 3u);
}

TEST_F(LeasedSolve, WhoFindsItTakenIsToldWhoSolvesSinceWhenAndWhenToComeBack) {
  const auto turn = Take(first(), "coordinator:dana");
  ASSERT_TRUE(turn.ok()) << turn.status();
  clock().Advance(absl::Seconds(2));
  // Of another process, and of the same.
  for (SolveLease* lease : {&second(), &first()}) {
    const absl::Status refused = TakeNow(*lease).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << "no fault of the program";
    EXPECT_EQ(ReasonOf(refused), "SOLVE_UNDER_WAY");
    EXPECT_EQ(ErrorInfoOf(refused).metadata().at("holder"), "coordinator:dana");
    EXPECT_EQ(ErrorInfoOf(refused).metadata().at("since"), "2026-11-20T14:00:00Z");
    EXPECT_EQ(RetryInfoOf(refused).retry_delay().seconds(), 13);
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("coordinator:dana solves since 2026-11-20T14:00:00Z"));
  }
  EXPECT_EQ(second().line_length(), 0u);
  EXPECT_EQ(first().line_length(), 1u);
}

TEST_F(LeasedSolve, WhoComesAfterItsDeadlineGetsNoTurn) {
  ASSERT_TRUE(TakeNow(second()).ok());
  const absl::Time now = clock().Now();
  const auto late = first().Take("coordinator:dana", now - absl::Microseconds(1));
  EXPECT_EQ(ReasonOf(late.status()), "SOLVE_UNDER_WAY");
  EXPECT_TRUE(first().Take("coordinator:dana", now).ok());
}

TEST_F(LeasedSolve, AHolderThatStoodStillPastItsLeaseRecordsNothing) {
  auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  const int64_t head = bench_->journal->Head()->sequence;
  const absl::Status late = Record(**turn, [&] { clock().Advance(SolveLease::kTerm); });
  EXPECT_EQ(late.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(late), "SOLVE_LEASE_LOST");
  EXPECT_EQ(bench_->journal->Head()->sequence, head);

  // Nor once another has followed it, who is not disturbed when the first one ends.
  const auto next = TakeNow(second());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(ReasonOf(Record(**turn)), "SOLVE_LEASE_LOST");
  turn->reset();
  EXPECT_EQ(bench_->journal->Head()->sequence, head);
  EXPECT_EQ(ReasonOf(TakeNow(first()).status()), "SOLVE_UNDER_WAY");
  EXPECT_TRUE(Record(**next).ok());
  EXPECT_EQ(RunCount(), 1u);
}

// It could not renew it until it had run out, and it was given up by hand.
TEST_F(LeasedSolve, AHolderWhoseLeaseIsGoneFromTheDatabaseRecordsNothing) {
  const auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  ASSERT_TRUE(second().Forget().ok());
  EXPECT_EQ(ReasonOf(Record(**turn)), "SOLVE_LEASE_LOST");
  EXPECT_TRUE(TakeNow(second()).ok());
}

// As in a rolling update: it records in the middle of another's turn, and nothing is proposed twice.
TEST_F(LeasedSolve, OneOfAVersionThatKnowsNoLeaseMakesTheHolderSolveAnew) {
  const auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  int views = 0;
  const auto recorded =
      [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
    ASSIGN_OR_RETURN(const auto solved, view->Solve(clock()));
    return RecordSolve(view, solved->plan, solved->run, false);
  };
  const absl::Status status = Record(**turn, [&] {
    if (++views > 1) return;
    const absl::Status other = ExecuteOnPool(*bench_->journal, *bench_->pools, "", recorded);
    EXPECT_TRUE(other.ok()) << other;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(views, 2);
  EXPECT_EQ(RunCount(), 2u);
  const auto proposals = bench_->journal->List<v1::Proposal>({.collection = "proposals"});
  ASSERT_TRUE(proposals.ok()) << proposals.status();
  EXPECT_EQ(proposals->items.size(), 1u);
}

// Goal: a solve ends though it is overtaken whenever it can be, and is of the records as they are right before it.
// Method: changes in the middle of every try say who alone is active. Where nobody can write, they wait for it.
TEST_F(LeasedSolve, IsRecordedThoughRecordsChangeInTheMiddleOfEveryTry) {
  constexpr int kChangesEach = 9;
  center_.AddExpert("elm2", "elm");
  const auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  const std::thread::id caller = std::this_thread::get_id();
  int overtaken_count = 0;
  std::string active;
  std::atomic<int> waited_count = 0;
  const absl::Status status = Record(**turn, [&] {
    const bool can_write = std::this_thread::get_id() == caller;
    if (can_write) ++overtaken_count;
    for (int i = 0; i < kChangesEach; ++i) {
      const std::string& next = center_.experts[(overtaken_count + i) % 2].name();
      if (!can_write) {
        bench_->journal->Submit(MakeOnlyActive(next), [&](absl::StatusOr<journal::Answer> answer) {
          EXPECT_TRUE(answer.ok()) << answer.status();
          ++waited_count;
        });
        continue;
      }
      const auto changed = bench_->journal->Execute(MakeOnlyActive(next));
      EXPECT_TRUE(changed.ok()) << changed.status();
      active = next;
    }
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Eventually([&] { return waited_count == kChangesEach; }))
      << waited_count << " changes after " << overtaken_count << " tries";
  EXPECT_GT(overtaken_count, 1);
  const auto runs = bench_->journal->List<v1::SolveRun>({.collection = "runs"});
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_THAT(runs->items, ::testing::SizeIs(1));
  const auto certified = ReadCertifiedRun(*bench_->journal, *bench_->pools, runs->items[0].name());
  EXPECT_TRUE(certified.ok()) << certified.status();
  const auto proposals = bench_->journal->List<v1::Proposal>({.collection = "proposals"});
  ASSERT_TRUE(proposals.ok()) << proposals.status();
  ASSERT_THAT(proposals->items, ::testing::SizeIs(1));
  ASSERT_THAT(proposals->items[0].assignments(), ::testing::SizeIs(1));
  EXPECT_EQ(proposals->items[0].assignments(0).expert(), active);
  EXPECT_EQ(ReasonOf(TakeNow(second()).status()), "SOLVE_UNDER_WAY") << "the turn goes on";
}

TEST_F(LeasedSolve, NobodyIsMadeToWaitForASolveThatTakesTooLong) {
  const std::thread::id caller = std::this_thread::get_id();
  for (const auto& [took, reason] : std::vector<std::pair<absl::Duration, std::string>>{
           {limits::kDecidedAlone + absl::Microseconds(1), "INPUTS_CHANGED"},
           {limits::kDecidedAlone, ""}}) {
    bool was_alone = false;
    const absl::Status status =
        ExecuteOnPool(*bench_->journal, *bench_->pools, "",
                      [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
                        ASSIGN_OR_RETURN(const auto solved, view->Solve(clock()));
                        if (std::this_thread::get_id() == caller) {
                          bench_->Set(center_.experts[0]);
                        } else {
                          was_alone = true;
                        }
                        clock().Advance(took);
                        return RecordSolve(view, solved->plan, solved->run, true);
                      });
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_EQ(was_alone, reason.empty());
  }
  EXPECT_EQ(RunCount(), 1u);
}

TEST_F(LeasedSolve, NobodyIsMadeToWaitForASolveOfWhichTheLastTryWasInHandAlready) {
  int tries = 0;
  const absl::Status status =
      ExecuteOnPool(*bench_->journal, *bench_->pools, "",
                    [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
                      ASSIGN_OR_RETURN(const auto solved, view->Solve(clock()));
                      bench_->Set(center_.experts[0]);
                      if (++tries == 2) clock().Advance(2 * limits::kDecidedAlone);
                      return RecordSolve(view, solved->plan, solved->run, true);
                    });
  EXPECT_EQ(ReasonOf(status), "INPUTS_CHANGED") << status;
  EXPECT_EQ(tries, 5) << "the sixth would be alone";
}

// Goal: a solve that takes long is of use though records change in the middle of every try, proposes nobody who cannot
// be planned any more, and its run can be checked.
// Method: an expert whom no plan has changes all the time; once what stands is looked for, one of the plan stops taking
// part.
TEST_F(LeasedSolve, WhatStandsOfALongSolveIsRecordedThoughRecordsChangeInTheMiddleOfEveryTry) {
  for (const char* id : {"elm2", "elm3"}) center_.AddExpert(id, "elm");
  for (v1::Expert& expert : center_.experts) {
    expert.set_capacity_per_period(1);
    bench_->Set(expert);
  }
  const v1::Demand& other = center_.AddDemand("fy27-2");
  bench_->MakeReady(other);
  bench_->FollowOnly(other.request());
  auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  int solve_count = 0;
  int read_count = 0;
  const absl::Status status = SolveLong(**turn, [&](Work work) {
    (work == Work::kSolves ? solve_count : read_count) += 1;
    const bool stops = work == Work::kReads && read_count == 1;
    v1::Expert& changed = center_.experts[stops ? 1 : 2];
    if (stops) changed.set_active(false);
    changed.set_capacity_open(5 + (solve_count + read_count) % 2);
    bench_->Set(changed);
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(solve_count, 5);
  EXPECT_EQ(read_count, 5) << "the sixth is alone";

  const auto runs = bench_->journal->List<v1::SolveRun>({.collection = "runs"});
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_THAT(runs->items, ::testing::SizeIs(1));
  const v1::SolveRun& run = runs->items[0];
  EXPECT_GT(run.base_sequence(), 0);
  EXPECT_EQ(run.assigned_count(), 2) << "a figure of the plan";
  EXPECT_THAT(run.proposals(), ::testing::SizeIs(1));
  ASSERT_THAT(run.dropped(), ::testing::SizeIs(1));
  EXPECT_EQ(run.dropped(0).request(), "requests/fy27-2");
  EXPECT_EQ(run.dropped(0).reason(), v1::DROP_REASON_OUT);
  EXPECT_EQ(run.dropped(0).expert(), "experts/elm2");
  EXPECT_NE(bench_->DemandFor("requests/fy27-1").proposal(), "");
  EXPECT_EQ(bench_->DemandFor("requests/fy27-2").proposal(), "");

  // The next run decides, and both can be checked.
  const auto due = bench_->worker->Due();
  ASSERT_TRUE(due.ok()) << due.status();
  EXPECT_THAT(*due, ::testing::SizeIs(1));
  turn->reset();
  bench_->Solve();
  const auto next = bench_->Get<v1::Proposal>(bench_->DemandFor("requests/fy27-2").proposal());
  ASSERT_THAT(next.assignments(), ::testing::SizeIs(1));
  EXPECT_EQ(next.assignments(0).expert(), "experts/elm3");
  for (const std::string& name : {run.name(), next.run()}) {
    const auto certified = ReadCertifiedRun(*bench_->journal, *bench_->pools, name);
    EXPECT_TRUE(certified.ok()) << name << ": " << certified.status();
  }
}

TEST_F(LeasedSolve, OfALongSolveNothingIsRecordedWhereNothingStands) {
  const auto record_another = [&] {
    const absl::Status other =
        ExecuteOnPool(*bench_->journal, *bench_->pools, "",
                      [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
                        ASSIGN_OR_RETURN(const auto solved, view->Solve(clock()));
                        return RecordSolve(view, solved->plan, solved->run, true);
                      });
    EXPECT_TRUE(other.ok()) << other;
  };
  const auto change_policy = [&] {
    const auto changed = bench_->Do([&](journal::Draft& draft) {
      v1::PolicySet set;
      *set.mutable_policy() = center_.policy;
      set.mutable_policy()->set_version(2);
      draft.Emit(kCurrentPolicy, set);
      return absl::OkStatus();
    });
    EXPECT_TRUE(changed.ok()) << changed.status();
  };
  const auto deactivate = [&] {
    center_.experts[0].set_active(false);
    bench_->Set(center_.experts[0]);
  };
  const std::pair<const char*, std::function<void()>> cases[] = {
      {"another run, as in a rolling update", record_another},
      {"another policy", change_policy},
      {"the only one planned", deactivate}};
  for (const auto& [what, change] : cases) {
    SCOPED_TRACE(what);
    const auto turn = Take(first());
    ASSERT_TRUE(turn.ok()) << turn.status();
    bool has_changed = false;
    const absl::Status status = SolveLong(**turn, [&](Work work) {
      if (work == Work::kSolves) {
        bench_->Set(center_.experts[0]);
      } else if (!std::exchange(has_changed, true)) {
        change();
      }
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ReasonOf(status), "INPUTS_CHANGED") << status;
    EXPECT_TRUE(has_changed);
    EXPECT_EQ(RunCount(), 1u) << "that of the other";
  }
}

TEST_F(LeasedSolve, AHolderThatLivesKeepsItHoweverLongItSolves) {
  const auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  for (int i = 1; i <= 4; ++i) {
    clock().Advance(SolveLease::kRenewEvery);
    const absl::Time renewed = clock().Now() + SolveLease::kTerm;
    ASSERT_TRUE(Eventually([&] { return ExpireTime() == renewed; })) << "renewal " << i;
  }
  EXPECT_EQ(ReasonOf(TakeNow(second()).status()), "SOLVE_UNDER_WAY");
  EXPECT_TRUE(Record(**turn).ok());
}

TEST_F(LeasedSolve, OneThatDiedIsFollowedOnceItsLeaseHasRunOut) {
  LeaveBehind();
  clock().Advance(SolveLease::kTerm - absl::Microseconds(1));
  const absl::Status refused = TakeNow(second()).status();
  EXPECT_EQ(ReasonOf(refused), "SOLVE_UNDER_WAY");
  EXPECT_EQ(RetryInfoOf(refused).retry_delay().seconds(), 1) << "not at once";
  clock().Advance(absl::Microseconds(1));
  const auto turn = TakeNow(second());
  ASSERT_TRUE(turn.ok()) << turn.status();
  EXPECT_TRUE(Record(**turn).ok());
}

TEST_F(LeasedSolve, WhoWaitsForOneThatDiedFollowsIt) {
  LeaveBehind();
  SolveTurn turn = absl::UnknownError("none yet");
  std::thread waits([&] { turn = Take(first()); });
  EXPECT_TRUE(Eventually([&] { return first().line_length() == 1; }));
  clock().Advance(SolveLease::kTerm);
  waits.join();
  EXPECT_TRUE(turn.ok()) << turn.status();
}

TEST_F(LeasedSolve, AProcessThatHasTheDatabaseAloneBeginsAsIfNobodyHadIt) {
  LeaveBehind();
  ASSERT_TRUE(first().Forget().ok());
  EXPECT_TRUE(TakeNow(first()).ok());
}

TEST_F(LeasedSolve, ThoseOfOneProcessHaveItInTheOrderInWhichTheyCame) {
  constexpr int kCallers = 4;
  auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  absl::Mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      const auto own = Take(first());
      EXPECT_TRUE(own.ok()) << own.status();
      absl::MutexLock lock(&mutex);
      order.push_back(i);
    });
    EXPECT_TRUE(Eventually([&] { return first().line_length() == size_t{2} + i; }));
  }
  turn->reset();
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(first().line_length(), 0u);
}

TEST_F(LeasedSolve, AStopEndsEveryWaitAtOnceAndLetsTheTurnThatIsHadGoOn) {
  auto turn = Take(second());
  ASSERT_TRUE(turn.ok()) << turn.status();
  std::vector<SolveTurn> ends;
  for (int i = 0; i < 2; ++i) ends.emplace_back(absl::UnknownError("none yet"));
  std::vector<std::thread> waiting;
  // The first waits for the other process, the second for the first.
  for (int i = 0; i < 2; ++i) waiting.emplace_back([&, i] { ends[i] = Take(first()); });
  EXPECT_TRUE(Eventually([&] { return first().line_length() == 2; }));
  first().Stop();
  for (std::thread& one : waiting) one.join();
  for (const SolveTurn& end : ends) {
    EXPECT_EQ(end.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ReasonOf(end.status()), "STOPPING");
  }
  EXPECT_EQ(ReasonOf(Take(first()).status()), "STOPPING") << "nor does anybody wait afterwards";
  second().Stop();
  EXPECT_TRUE(Record(**turn).ok());
  turn->reset();
  EXPECT_TRUE(Take(first()).ok()) << "what is in hand can still be ended";
}

TEST_F(LeasedSolve, AJobThatWaitsWhenTheProcessStopsIsCancelledAndNotFailed) {
  const auto turn = Take(second());
  ASSERT_TRUE(turn.ok()) << turn.status();
  absl::Status status;
  std::thread worker([&] {
    queue::Lease job;
    job.key = kSolveJob;
    status = bench_->worker->Handle(queue::Job(job));
  });
  EXPECT_TRUE(Eventually([&] { return first().line_length() == 1; }));
  first().Stop();
  worker.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_EQ(RunCount(), 0u);
}

TEST_F(LeasedSolve, AWorkerWaitsForACallThatSolvesAndFindsItsRunOnRecord) {
  auto turn = Take(first());
  ASSERT_TRUE(turn.ok()) << turn.status();
  std::thread worker([&] { bench_->Solve(); });
  EXPECT_TRUE(Eventually([&] { return first().line_length() == 2; }));
  EXPECT_TRUE(Record(**turn).ok());
  turn->reset();
  worker.join();
  EXPECT_EQ(RunCount(), 1u) << "the worker found nothing to change";
}

}  // namespace
}  // namespace critac::matching
