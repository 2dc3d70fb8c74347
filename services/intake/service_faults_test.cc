// What must hold whatever happens: over restarts, rebuilds, and many callers at once.
#include <random>
#include <set>
#include <thread>

#include "services/intake/request_state.h"
#include "services/intake/service_testing.h"

namespace critac::intake {
namespace {

using testing::AgencyCalled;
using testing::DetailsFor;
using testing::IntakeServer;
using testing::kDana;
using testing::kLakeChief;
using testing::kMatching;
using testing::kMorgan;
using testing::Ori9;
using testing::Succeeds;

// Makes calls of all kinds, at random; most of those on requests are refused.
void MakeHistory(IntakeServer& intake, uint32_t seed, int calls) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  const char* people[] = {kDana, kLakeChief, kMorgan, kMatching};
  std::vector<std::string> names;
  for (int i = 0; i < calls; ++i) {
    intake.clock.Advance(absl::Minutes(below(600)));
    switch (names.empty() ? 0 : below(12)) {
      case 0: {
        const auto created = intake.CreateRequest(IntakeServer::Wanted(), kLakeChief, below(4) > 0);
        ASSERT_THAT(created, Succeeds());
        names.push_back(created->name());
        break;
      }
      case 1:
        intake
            .UpdateAgency(
                "agencies/ag-000001",
                AgencyCalled(absl::StrCat("Lake ", i),
                             {Ori9("UT0180100"), Ori9(absl::StrCat("UT01802", 10 + below(90)))}),
                {"display_name", "aliases"})
            .status()
            .IgnoreError();
        break;
      case 2:
        ASSERT_THAT(intake.ImportCatalog({testing::TargetEntry(
                        "targets/scope", v1::CLOCK_TYPE_SCOPE, 5 + below(20))}),
                    Succeeds());
        break;
      default: {
        const std::string& name = names[below(static_cast<int>(names.size()))];
        const char* who = people[below(4)];
        const auto request = intake.GetRequest(name, who);
        ASSERT_THAT(request, Succeeds());
        if (request->available_actions().empty()) break;
        const auto action = request->available_actions(below(request->available_actions_size()));
        v1::ActionDetails details = DetailsFor(action);
        if (action == v1::REQUEST_ACTION_MARK_DUPLICATE) details.set_duplicate_of(names.front());
        intake.Act(name, action, who, details).status().IgnoreError();
      }
    }
  }
}

TEST(IntakeFaults, ARestartLosesNothing) {
  IntakeServer intake;
  intake.MakeWorld();
  MakeHistory(intake, 1, 150);
  const auto before = intake.Tables();
  const auto list = intake.ListRequests("");
  ASSERT_THAT(list, Succeeds());
  const int64_t head = intake.journal().Head()->sequence;
  intake.Restart();
  EXPECT_EQ(intake.Tables(), before);
  EXPECT_EQ(intake.journal().Head()->sequence, head);
  EXPECT_EQ(intake.ListRequests("")->SerializeAsString(), list->SerializeAsString());
  EXPECT_TRUE(intake.journal().VerifyChain()->problem.empty());
  const auto next = intake.CreateRequest(IntakeServer::Wanted(), kLakeChief);
  ASSERT_THAT(next, Succeeds());
  EXPECT_EQ(next->name().substr(0, 13), list->requests(0).name().substr(0, 13));
}

TEST(IntakeFaults, WhatIsKeptIsWhatTheJournalSays) {
  for (const uint32_t seed : {2, 3, 4}) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    IntakeServer intake;
    intake.MakeWorld();
    MakeHistory(intake, seed, 200);
    const auto before = intake.Tables();
    ASSERT_TRUE(intake.journal().Rebuild().ok());
    EXPECT_EQ(intake.Tables(), before);
    EXPECT_THAT(intake.CreateRequest(IntakeServer::Wanted(), kLakeChief, true), Succeeds());
  }
}

TEST(IntakeFaults, CallersAtOnceGetNumbersWithoutGapsAndNothingTwice) {
  IntakeServer intake;
  intake.MakeWorld();
  constexpr int kCallers = 8;
  constexpr int kCalls = 25;
  absl::Mutex mutex;
  std::set<std::string> names;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kCalls; ++i) {
        // Two callers share each request id, as a client that repeats a call does.
        const std::string id = UuidFromName(absl::StrCat(caller / 2, " ", i));
        const auto created = intake.CreateRequest(IntakeServer::Wanted(), kLakeChief, true, id);
        ASSERT_THAT(created, Succeeds());
        absl::MutexLock lock(&mutex);
        names.insert(created->name());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  ASSERT_EQ(names.size(), size_t{kCallers / 2 * kCalls});
  EXPECT_EQ(*names.begin(), "requests/fy27-000001");
  EXPECT_EQ(*names.rbegin(), absl::StrFormat("requests/fy27-%06d", kCallers / 2 * kCalls));
}

TEST(IntakeFaults, OnlyOneOfThoseWhoActOnTheSameVersionSucceeds) {
  IntakeServer intake;
  intake.MakeWorld();
  const auto created = intake.CreateRequest(IntakeServer::Wanted(), kLakeChief, true);
  ASSERT_THAT(created, Succeeds());
  std::atomic<int> succeeded = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&] {
      const auto acted = intake.Act(created->name(), v1::REQUEST_ACTION_HOLD, kDana,
                                    DetailsFor(v1::REQUEST_ACTION_HOLD), created->etag());
      if (acted.ok()) {
        ++succeeded;
      } else {
        EXPECT_THAT(acted, testing::FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(succeeded, 1);
}

TEST(IntakeFaults, IsReadyWhileItCanWriteAndSaysWhatItServes) {
  IntakeServer intake;
  EXPECT_TRUE(intake.bound().Ready().ok());
  EXPECT_EQ(intake.bound().name(), "intake");
  EXPECT_EQ(intake.bound().grpc_services().size(), 4u);
}

TEST(IntakeFaults, StopsWithoutHavingStartedAndAgain) {
  IntakeServer intake;
  intake.bound().Stop();
  intake.bound().Stop();
  intake.Restart();
  EXPECT_THAT(intake.ImportCatalog(testing::SmallCatalogEntries()), Succeeds());
}

}  // namespace
}  // namespace critac::intake
