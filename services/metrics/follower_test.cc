#include "services/metrics/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/server/testing/fake_journal.h"
#include "common/status/error.h"
#include "services/metrics/metrics_states.h"
#include "services/metrics/service_testing.h"

namespace critac::metrics {
namespace {

using testing::At;
using ::testing::HasSubstr;
using testing::OpenPeerJournal;
using testing::Profile;
using testing::Program;

// One process that serves journals at a socket.
class JournalProcess {
 public:
  JournalProcess(const std::string& socket, std::vector<journal::Journal*> journals)
      : pipeline_(SystemClock::Instance(), ids_, nullptr),
        service_(pipeline_, std::move(journals), SystemClock::Instance()) {
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder);
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~JournalProcess() {
    pipeline_.StopStreams();
    service_.Stop();
    server_->Shutdown();
  }

 private:
  SeededIdSource ids_{1};
  rpc::Pipeline pipeline_;
  server::JournalService service_;
  std::unique_ptr<grpc::Server> server_;
};

class FollowerTest : public ::testing::Test {
 protected:
  FollowerTest() {
    auto database = databases_.Open("positions");
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    EXPECT_TRUE(database_->Migrate(MetricsMigrations()).ok());
    for (const char* name : kJournals) {
      journals_.push_back(OpenPeerJournal(name, databases_, SystemClock::Instance(), ids_));
    }
    Program program;
    program.Request(
        "requests/1",
        Profile("agencies/a", type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, "UT", 30),
        At(2025, 12, 1));
    testing::Record(*journals_[0], program.intake);
  }

  std::string socket(const std::string& name) const { return folder_.file(name + ".sock"); }

  std::unique_ptr<JournalProcess> Serve(const std::string& name,
                                        std::vector<journal::Journal*> journals) {
    return std::make_unique<JournalProcess>(socket(name), std::move(journals));
  }
  std::vector<journal::Journal*> All() {
    return {journals_[0].get(), journals_[1].get(), journals_[2].get()};
  }

  // Each journal at a socket of its name, or all at `everything`.
  std::unique_ptr<Follower> MakeFollower(const std::string& everything, const Clock& clock) {
    return std::make_unique<Follower>(
        [this, everything](const std::string& service) {
          return rpc::MakeChannel(
              {.target = "unix:" + socket(everything.empty() ? service : everything),
               .attempts = 1,
               .check_health = false});
        },
        *database_, clock);
  }

  static Position At1(const std::string& journal, int64_t sequence) {
    Position position;
    position.set_journal(journal);
    position.set_sequence(sequence);
    return position;
  }

  static absl::Status Reached(Follower& follower, std::vector<Position> positions) {
    absl::Notification called;
    absl::Status outcome;
    follower.WhenReached(std::move(positions), absl::InfiniteFuture(), [&](absl::Status status) {
      outcome = status;
      called.Notify();
    });
    called.WaitForNotification();
    return outcome;
  }
  static absl::Status CaughtUp(Follower& follower) {
    absl::Notification called;
    absl::Status outcome;
    follower.WhenCaughtUp(absl::InfiniteFuture(), [&](absl::Status status) {
      outcome = status;
      called.Notify();
    });
    called.WaitForNotification();
    return outcome;
  }
  static size_t RequestsKnown(Follower& follower) {
    size_t requests = 0;
    follower.Read([&](const Facts& facts) { requests = facts.intake.requests.size(); });
    return requests;
  }

  critac::testing::TempFolder folder_;
  critac::testing::TestDatabases databases_;
  SeededIdSource ids_{7};
  std::unique_ptr<store::Database> database_;
  std::vector<std::unique_ptr<journal::Journal>> journals_;
};

TEST_F(FollowerTest, ServicesStartInAnyOrderAndComeBack) {
  const auto follower = MakeFollower("", SystemClock::Instance());
  follower->Start();
  // Nobody is there yet: that is no fault, but what asks for all of it is told.
  EXPECT_TRUE(follower->Health().ok());
  EXPECT_EQ(CaughtUp(*follower).code(), absl::StatusCode::kUnavailable);
  const auto metrics = Serve("metrics", {journals_[2].get()});
  const auto matching = Serve("matching", {journals_[1].get()});
  auto intake = Serve("intake", {journals_[0].get()});
  EXPECT_TRUE(Reached(*follower, {At1("intake", 2)}).ok());
  EXPECT_EQ(RequestsKnown(*follower), 1u);

  // Intake goes, records more, and comes back.
  intake.reset();
  Program program;
  program.Request(
      "requests/2",
      Profile("agencies/a", type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, "UT", 30),
      At(2025, 12, 2));
  testing::Record(*journals_[0], program.intake);
  intake = Serve("intake", {journals_[0].get()});
  EXPECT_TRUE(Reached(*follower, {At1("intake", 4)}).ok());
  EXPECT_EQ(RequestsKnown(*follower), 2u);
  EXPECT_TRUE(follower->Health().ok());
}

TEST_F(FollowerTest, AWaitEndsAtItsDeadlineAndSaysHowFarTheFactsAre) {
  const auto process = Serve("all", All());
  ManualClock clock(At(2026, 11, 5));
  const auto follower = MakeFollower("all", clock);
  follower->Start();
  ASSERT_TRUE(Reached(*follower, {At1("intake", 2)}).ok());
  absl::Notification called;
  absl::Status outcome;
  follower->WhenReached({At1("intake", 3)}, clock.Now() + absl::Seconds(10),
                        [&](absl::Status status) {
                          outcome = status;
                          called.Notify();
                        });
  clock.Advance(absl::Seconds(9));
  EXPECT_FALSE(called.HasBeenNotified());
  clock.Advance(absl::Seconds(1));
  called.WaitForNotification();
  EXPECT_EQ(outcome.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(outcome), "NOT_REACHED");
  EXPECT_THAT(std::string(outcome.message()), HasSubstr("intake 2, matching 0, metrics 0"));
}

TEST_F(FollowerTest, ThoseWhoWaitAreCalledWhenItStops) {
  const auto process = Serve("all", All());
  const auto follower = MakeFollower("all", SystemClock::Instance());
  follower->Start();
  absl::Status outcome;
  follower->WhenReached({At1("metrics", 99)}, absl::InfiniteFuture(),
                        [&](absl::Status status) { outcome = status; });
  follower->Stop();
  EXPECT_EQ(outcome.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(outcome), "STOPPING");
  EXPECT_EQ(Reached(*follower, {At1("metrics", 0)}).code(), absl::StatusCode::kUnavailable);
  follower->Stop();
}

TEST_F(FollowerTest, AFollowerThatWasNeverStartedStops) {
  MakeFollower("all", SystemClock::Instance())->Stop();
}

TEST_F(FollowerTest, HowFarItReadIsKeptAndSeenAgain) {
  const auto process = Serve("all", All());
  for (int start = 0; start < 2; ++start) {
    const auto follower = MakeFollower("all", SystemClock::Instance());
    follower->Start();
    ASSERT_TRUE(CaughtUp(*follower).ok());
    EXPECT_EQ(RequestsKnown(*follower), 1u);
    follower->Stop();
    EXPECT_TRUE(follower->Health().ok());
  }
  std::string kept;
  ASSERT_TRUE(database_
                  ->Read([&](store::Connection& connection) {
                    return connection.Query("SELECT journal, sequence, hash FROM metrics_position",
                                            {}, [&](const store::Row& row) {
                                              kept += row.Text(0) + " " + row.Text(1) + " " +
                                                      row.Text(2);
                                              return absl::OkStatus();
                                            });
                  })
                  .ok());
  EXPECT_EQ(kept, "intake 2 " + journals_[0]->Head()->hash);
}

TEST_F(FollowerTest, EventsThatDoNotFollowFromEachOtherAreNotTaken) {
  // Its hashes are no hashes.
  server::testing::FakeJournal fake("intake");
  fake.AppendMany(3);
  const auto process = Serve("all", {&fake, journals_[1].get(), journals_[2].get()});
  rpc::FeedPosition position{.journal = "intake"};
  grpc::ClientContext context;
  size_t taken = 0;
  const absl::Status status = rpc::ReadJournal(
      rpc::MakeChannel({.target = "unix:" + socket("all"), .check_health = false}), context,
      {.reader = "metrics"}, position, [&](absl::Span<const journal::v1::Event> events) {
        taken += events.size();
        return absl::OkStatus();
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(status), "CHAIN_BROKEN");
  EXPECT_EQ(taken, 0u);
  EXPECT_EQ(position.sequence, 0);
}

TEST_F(FollowerTest, ReadingEndsAtTheEventAskedFor) {
  const auto process = Serve("all", All());
  const auto channel = rpc::MakeChannel({.target = "unix:" + socket("all"), .check_health = false});
  rpc::FeedPosition position{.journal = "intake"};
  grpc::ClientContext context;
  const auto ignore = [](absl::Span<const journal::v1::Event>) { return absl::OkStatus(); };
  ASSERT_TRUE(rpc::ReadJournal(channel, context, {.reader = "metrics", .last_sequence = 1},
                               position, ignore)
                  .ok());
  EXPECT_EQ(position.sequence, 1);
  // On from there.
  grpc::ClientContext next;
  ASSERT_TRUE(rpc::ReadJournal(channel, next, {.reader = "metrics"}, position, ignore).ok());
  EXPECT_EQ(position.sequence, 2);
  EXPECT_EQ(position.hash, journals_[0]->Head()->hash);
  // An error of the one who takes ends it.
  rpc::FeedPosition again{.journal = "intake"};
  grpc::ClientContext third;
  EXPECT_EQ(rpc::ReadJournal(channel, third, {.reader = "metrics"}, again,
                             [](absl::Span<const journal::v1::Event>) {
                               return absl::ResourceExhaustedError("full");
                             })
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace critac::metrics
