// A worker killed in the middle of a solve: what it had in hand is done by the next, once, and what is on record is
// whole. Method: the services as shipped over one Redis, with more wanted than there is room for, so that a solve takes
// long and every limit binds. That the job of the solve is in hand the queue says; how far it is, the processor time
// that the process has used, in parts of what a whole solve takes.
#include <time.h>

#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "critac/matching/v1/events.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "tests/process/center_queue.h"
#include "tests/process/road.h"
#include "tests/process/separate_center.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/verify_journal.h"

namespace critac::testing {
namespace {

using google::protobuf::util::TimeUtil;
using journal::v1::Event;
using matching::v1::MatchService;
using matching::v1::ProposalMade;
using matching::v1::SolveRecorded;
using matching::v1::SolveRun;
using ::testing::Contains;
using ::testing::StartsWith;

constexpr char kSolve[] = "demands";  // the job of the queue "match"
constexpr int kExperts = 250;
// Assignments that an expert takes, in a period and at once (SmallProgram).
constexpr int kRoom = 5;
// Asked for are 1,400 people, for whom there is room for 1,250.
constexpr int kRequests = 70;
constexpr int kSlots = 20;

template <typename T>
bool Read(const Event& event, T& payload) {
  if (event.type() != T::descriptor()->full_name()) return false;
  const auto read = google::protobuf::util::JsonStringToMessage(event.payload(), &payload);
  EXPECT_TRUE(read.ok()) << event.payload();
  return true;
}

// Goes through a journal of matching and expects each run to be whole: right behind it stand the proposals it made,
// those it names are all that stand then, one for each request, and hold as many people as it placed, none of them in
// more places than there is room for.
class WholeRuns {
 public:
  explicit WholeRuns(const std::vector<Event>& events) {
    for (const Event& event : events) {
      SCOPED_TRACE(absl::StrCat("event ", event.sequence()));
      SolveRecorded recorded;
      ProposalMade made;
      if (Read(event, made)) {
        Propose(made);
        continue;
      }
      End();
      if (!Read(event, recorded)) continue;
      run_ = recorded.run();
      ++count_[event.request_id()];
    }
    End();
  }

  // How many were recorded for a call; for none, where `request_id` is empty.
  int count(const std::string& request_id = "") const {
    const auto found = count_.find(request_id);
    return found == count_.end() ? 0 : found->second;
  }
  // Requests with a proposal.
  std::set<std::string> requests() const {
    std::set<std::string> names;
    for (const auto& [request, proposal] : standing_) names.insert(request);
    return names;
  }

 private:
  void Propose(const ProposalMade& made) {
    const matching::v1::Proposal& proposal = made.proposal();
    EXPECT_EQ(proposal.run(), run_.name()) << proposal.name();
    EXPECT_THAT(run_.proposals(), Contains(proposal.name()));
    const auto before = standing_.find(proposal.request());
    EXPECT_EQ(made.supersedes(), before == standing_.end() ? "" : before->second.name())
        << proposal.request() << " has two proposals at once";
    standing_[proposal.request()] = proposal;
  }

  // The event after the last of a run.
  void End() {
    if (run_.name().empty()) return;
    SCOPED_TRACE(run_.name());
    EXPECT_TRUE(run_.certified());
    const std::set<std::string> named(run_.proposals().begin(), run_.proposals().end());
    std::set<std::string> standing;
    int placed = 0;
    std::map<std::string, int> open;
    std::map<std::pair<std::string, std::string>, int> in_period;
    for (const auto& [request, proposal] : standing_) {
      standing.insert(proposal.name());
      for (const matching::v1::Assignment& one : proposal.assignments()) {
        ++placed;
        EXPECT_LE(++open[one.expert()], kRoom) << one.expert();
        EXPECT_LE((++in_period[{one.expert(), one.period()}]), kRoom) << one.expert();
      }
    }
    EXPECT_EQ(named, standing);
    EXPECT_EQ(run_.request_count(), static_cast<int>(standing.size()));
    EXPECT_EQ(run_.assigned_count(), placed);
    run_.Clear();
  }

  SolveRun run_;
  // By the id of the call that asked for them.
  std::map<std::string, int> count_;
  // By request.
  std::map<std::string, matching::v1::Proposal> standing_;
};

// What a process has used of processors.
absl::Duration ProcessorTime(pid_t pid) {
  clockid_t clock = 0;
  timespec used = {};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    ADD_FAILURE() << "process " << pid << " has no clock";
  }
  return absl::DurationFromTimespec(used);
}

// The services with so much to solve, nothing of it left to do.
class CrowdedCenter {
 public:
  CrowdedCenter() {
    EXPECT_TRUE(redis.is_up());
    match.Pause();
    for (int i = 0; i < kRequests; ++i) Bring(kSlots);
    match.AwaitReady();
    match.Resume();
    for (const std::string& request : requests_) road.AwaitProposal(request);
    AwaitQuiet();
    const auto [request, begun] = BringUntilSolved();
    road.AwaitProposal(request);
    whole_solve_ = Worked() - begun;
    std::cout << "a solve takes " << absl::FormatDuration(whole_solve_) << " of a processor\n";
    // Otherwise it is over before a look at the queue tells of it.
    EXPECT_GT(whole_solve_, absl::Milliseconds(200));
    AwaitQuiet();
  }

  // A request more, and what matching had worked when it took the solve for it in hand.
  std::pair<std::string, absl::Duration> BringUntilSolved() {
    std::string request = Bring(1);
    EXPECT_TRUE(Eventually([this] { return match.IsLeased(kSolve); }));
    return {std::move(request), Worked()};
  }

  void AwaitQuiet() {
    EXPECT_TRUE(Eventually([this] { return match.IsEmpty(); }));
  }
  absl::Duration Worked() const { return ProcessorTime(center.pid("matching")); }
  // What a solve takes of a processor from when its job is in hand until it is on record.
  absl::Duration whole_solve() const { return whole_solve_; }

  std::vector<Event> MatchingEvents() {
    absl::StatusOr<std::vector<Event>> events = std::vector<Event>();
    // Right after a start the channel may wait for a while before it connects again.
    EXPECT_TRUE(Eventually([&] {
      events = center.ReadEvents("matching");
      return events.ok();
    })) << events.status();
    return events.value_or(std::vector<Event>());
  }

  // Every run is whole, every request has a proposal, and every journal holds, by our code and by the auditor's.
  void ExpectAllWhole() {
    AwaitQuiet();
    const std::vector<Event> events = MatchingEvents();
    EXPECT_EQ(WholeRuns(events).requests(), requests_);
    center.ExpectWholeJournals();
    EXPECT_THAT(VerifyJournal(center.DatabaseUrl("matching")),
                StartsWith(absl::StrCat("intact: ", events.size(), " events, ")));
  }

  RedisServer redis;
  Queue match{"match", redis.url()};
  SeparateCenter center{redis.url()};
  Road road{Started(center), kExperts};

 private:
  static SeparateCenter& Started(SeparateCenter& center) {
    for (const std::string service : {"intake", "matching", "metrics"}) center.Start(service);
    for (const std::string service : {"intake", "matching", "metrics"}) center.AwaitReady(service);
    return center;
  }

  std::string Bring(int slots) {
    std::string request = road.Ready(static_cast<int>(requests_.size()) + 1, slots);
    requests_.insert(request);
    return request;
  }

  std::set<std::string> requests_;
  absl::Duration whole_solve_;
};

// All tests share one center: to bring it to where a solve takes long takes longer than they do.
class KilledInASolve : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { shared_ = std::make_unique<CrowdedCenter>(); }
  static void TearDownTestSuite() { shared_.reset(); }

  CrowdedCenter& crowded() { return *shared_; }

 private:
  static inline std::unique_ptr<CrowdedCenter> shared_;
};

TEST_F(KilledInASolve, ItIsSolvedAnewAndRecordedOnce) {
  // What one solve takes another may take a half of, with what else the process does then.
  for (const double share : {0.1, 0.4}) {
    SCOPED_TRACE(absl::StrCat("killed after ", share, " of a solve"));
    const int runs_before = WholeRuns(crowded().MatchingEvents()).count();
    const auto [request, begun] = crowded().BringUntilSolved();
    const absl::Duration enough = begun + share * crowded().whole_solve();
    EXPECT_TRUE(Eventually([&] { return crowded().Worked() >= enough; }));
    crowded().center.Kill("matching");
    const absl::Time killed = absl::Now();
    EXPECT_TRUE(crowded().match.IsLeased(kSolve)) << "it was done already";

    crowded().center.Start("matching");
    const matching::v1::Proposal proposal = crowded().road.AwaitProposal(request);
    EXPECT_GT(absl::FromUnixNanos(TimeUtil::TimestampToNanoseconds(proposal.create_time())), killed)
        << "it was recorded already";
    crowded().AwaitQuiet();
    EXPECT_EQ(WholeRuns(crowded().MatchingEvents()).count(), runs_before + 1);
    crowded().ExpectAllWhole();
  }
}

// What the queue has of the job is then behind what is on record.
TEST_F(KilledInASolve, RightAfterItsRunIsOnRecordNothingIsProposedTwice) {
  const int runs_before = WholeRuns(crowded().MatchingEvents()).count();
  const std::string request = crowded().BringUntilSolved().first;
  const matching::v1::Proposal proposal = crowded().road.AwaitProposal(request);
  crowded().center.Kill("matching");
  crowded().center.Start("matching");
  crowded().AwaitQuiet();
  EXPECT_EQ(crowded().road.AwaitProposal(request).name(), proposal.name());
  EXPECT_EQ(WholeRuns(crowded().MatchingEvents()).count(), runs_before + 1);
  crowded().ExpectAllWhole();
}

TEST_F(KilledInASolve, ACallUnderWayIsToldUnavailableAndMadeAgainGivesOneRun) {
  SeparateCenter& center = crowded().center;
  // No job solves meanwhile, and the process that is started anew remembers no plan.
  crowded().match.Pause();
  center.Kill("matching");
  center.Start("matching");
  center.AwaitReady("matching");
  matching::v1::SolveMatchesRequest solve;
  solve.set_request_id(UuidFromName("solve by hand"));
  const auto stub = MatchService::NewStub(center.ChannelTo("matching"));
  const rpc::CallSettings as_dana = {.principal = {type::v1::ROLE_COORDINATOR, "dana"},
                                     .timeout = absl::Minutes(1),
                                     .wait_for_ready = true};
  // The connection to the process that was killed may not have been found broken yet.
  ASSERT_TRUE(Eventually([&] {
    return rpc::Invoke(*stub, &MatchService::Stub::ListRuns, matching::v1::ListRunsRequest(),
                       as_dana)
        .ok();
  }));
  const absl::Duration enough = crowded().Worked() + 0.5 * crowded().whole_solve();
  auto under_way = std::async(std::launch::async, [&] {
    return rpc::Invoke(*stub, &MatchService::Stub::SolveMatches, solve, as_dana);
  });
  EXPECT_TRUE(Eventually([&] { return crowded().Worked() >= enough; }));
  center.Kill("matching");
  const absl::Status cut = under_way.get().status();
  EXPECT_TRUE(absl::IsUnavailable(cut)) << cut;

  center.Start("matching");
  EXPECT_EQ(WholeRuns(crowded().MatchingEvents()).count(solve.request_id()), 0);
  const auto run = center.AsCoordinator<MatchService>(&MatchService::Stub::SolveMatches, solve);
  ASSERT_TRUE(run.ok()) << run.status();
  const auto again = center.AsCoordinator<MatchService>(&MatchService::Stub::SolveMatches, solve);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), run->name());
  EXPECT_EQ(WholeRuns(crowded().MatchingEvents()).count(solve.request_id()), 1);
  crowded().match.Resume();
  crowded().ExpectAllWhole();
}

}  // namespace
}  // namespace critac::testing
