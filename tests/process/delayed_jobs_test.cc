// Delayed work over replicas: none of it is done before its time, and each of it once, though the replica that has it
// in hand is killed.
//
// Method: two processes of matching share a PostgreSQL and a Redis. Their records were made in the past, so that today
// offers expire and partners are to be reminded. The jobs of these offers are put in with a delay, and each replica,
// which does one at a time, takes one of them. Both then wait for the head of the journal, which the test holds until
// one of them is killed, or so cut off from the queue that it can record what it did, and not tell the queue.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "common/store/database.h"
#include "gmock/gmock.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "services/matching/offer_testing.h"
#include "services/matching/service_testing.h"
#include "services/matching/testing_center.h"
#include "tests/process/center_queue.h"
#include "tests/support/eventually.h"
#include "tests/support/faulty_proxy.h"
#include "tests/support/redis_server.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr char kDeclined[] = "critac.matching.v1.OfferDeclined";
constexpr char kReminded[] = "critac.matching.v1.OfferReminded";
// Offers that expire, and as many of which a partner is to be reminded.
constexpr int kOffersOfAKind = 3;
// Much longer than both replicas take to start.
constexpr absl::Duration kDelay = absl::Seconds(10);
// Long enough that what a killed replica had in hand is looked at before the other may take it over.
constexpr char kLease[] = "8s";

// The records of matching, made in the past: offers that can be answered for 20 business days, with a reminder after
// each five. All that a replica does about them has come due since.
class PastRecords {
 public:
  PastRecords() {
    center_.policy.set_offer_business_days(20);
    center_.policy.set_reminder_business_days(5);
    center_.AddPartner("elm");
    for (int i = 1; i <= 2 * kOffersOfAKind; ++i) {
      center_.AddExpert(absl::StrCat("elm", i), "elm");
    }
    GoTo(60);
    bench_ = std::make_unique<matching::MatchingBench>(center_, world_);
    over_ = MakeOffers("over");
    // Holidays among them, five business days are over by now, and 20 are not.
    GoTo(12);
    open_ = MakeOffers("open");
  }

  const intake::v1::Catalog& catalog() const { return center_.catalog; }
  std::string DatabaseUrl() { return world_->databases.url("matching"); }

  std::vector<std::string> Offers() const {
    std::vector<std::string> names = over_;
    names.insert(names.end(), open_.begin(), open_.end());
    return names;
  }

  // What was recorded of offers that were not answered, with the offer: `TYPE OFFER`.
  std::vector<std::string> Effects() {
    std::vector<std::string> effects;
    const auto events = bench_->journal->ReadEvents(1, 1000, {kDeclined, kReminded});
    EXPECT_TRUE(events.ok()) << events.status();
    if (!events.ok()) return effects;
    for (const auto& event : *events) {
      effects.push_back(absl::StrCat(event.type(), " ", event.subject()));
    }
    return effects;
  }

  bool IsOnRecord(const std::string& offer) {
    const std::vector<std::string> effects = Effects();
    return std::any_of(effects.begin(), effects.end(),
                       [&](const std::string& effect) { return effect.ends_with(" " + offer); });
  }

  // Each offer whose time is over has expired, the partner was reminded of each other one, and that is all.
  void ExpectEachOnce() {
    std::vector<std::string> wanted;
    for (const std::string& offer : over_) {
      wanted.push_back(absl::StrCat(kDeclined, " ", offer));
      EXPECT_EQ(bench_->OfferNamed(offer).state(), matching::v1::OFFER_STATE_EXPIRED) << offer;
    }
    for (const std::string& offer : open_) {
      wanted.push_back(absl::StrCat(kReminded, " ", offer));
      EXPECT_EQ(bench_->OfferNamed(offer).state(), matching::v1::OFFER_STATE_OPEN) << offer;
    }
    EXPECT_THAT(Effects(), UnorderedElementsAreArray(wanted));
    const auto verified = bench_->journal->VerifyChain();
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_EQ(verified->problem, "");
  }

 private:
  // It is so many days before today.
  void GoTo(int days_ago) {
    world_->clock.Advance(absl::Now() - absl::Hours(24 * days_ago) - world_->clock.Now());
  }

  std::vector<std::string> MakeOffers(const std::string& id) {
    const absl::CivilDay today = DayOf(absl::Now());
    std::vector<std::string> requests;
    for (int i = 1; i <= kOffersOfAKind; ++i) {
      matching::v1::Demand& demand = center_.AddDemand(absl::StrCat(id, i));
      demand.mutable_slots(0)->set_window_start(FormatDate(today + 10));
      demand.mutable_slots(0)->set_window_end(FormatDate(today + 100));
      bench_->MakeReady(demand);
      bench_->FollowOnly(demand.request());
      requests.push_back(demand.request());
    }
    bench_->Solve();
    std::vector<std::string> offers;
    for (const std::string& request : requests) offers.push_back(bench_->Offered(request).at(0));
    return offers;
  }

  const std::shared_ptr<matching::MatchingWorld> world_ =
      std::make_shared<matching::MatchingWorld>(store::Backend::kPostgresql);
  matching::Center center_;
  std::unique_ptr<matching::MatchingBench> bench_;
  std::vector<std::string> over_;
  std::vector<std::string> open_;
};

class DelayedJobs : public ::testing::Test {
 protected:
  DelayedJobs() {
    catalog_.catalog = records_.catalog();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(Socket("intake"), grpc::InsecureServerCredentials());
    builder.RegisterService(&catalog_);
    intake_ = builder.BuildAndStart();
    database_ = store::Database::Open({.url = records_.DatabaseUrl()});
  }
  ~DelayedJobs() override {
    for (auto& replica : replicas_) replica.reset();
    intake_->Shutdown();
  }

  // Puts the jobs in and starts both, who take none yet.
  void SetUp() override {
    ASSERT_TRUE(redis_.is_up());
    ASSERT_TRUE(database_.ok()) << database_.status();
    for (Queue* const queue : {&match_, &sync_, &offers_}) queue->Pause();
    due_ = absl::Now() + kDelay;
    ASSERT_NO_FATAL_FAILURE(offers_.Put(records_.Offers(), kDelay));
    ASSERT_NO_FATAL_FAILURE(Start(0, absl::StrCat("redis://127.0.0.1:", way_.port())));
    ASSERT_NO_FATAL_FAILURE(Start(1, redis_.url()));
  }

  // Has each replica take a job in hand, as soon as one is due, and go as far as to the head of the journal; then has
  // `what` happen, before either can record anything.
  void WhileBothAreAtWork(const std::function<void()>& what) {
    const absl::Status held = (*database_)->Write([&](store::Connection& other) -> absl::Status {
      RETURN_IF_ERROR(other.QueryForUpdate("SELECT id FROM journal_head", {},
                                           [](const store::Row&) { return absl::OkStatus(); }));
      offers_.Resume();
      const int64_t delayed = offers_.Stats().delayed;
      EXPECT_LT(absl::Now(), due_) << "both took longer to start than the jobs had to wait";
      EXPECT_EQ(delayed, 2 * kOffersOfAKind) << "none is due yet\n" << State();
      EXPECT_TRUE(Eventually([&] {
        const int64_t leased = offers_.Stats().leased;
        if (leased > 0) EXPECT_GE(absl::Now(), due_) << "it is not due yet";
        return leased == 2 && WaiterCount() == 2;
      })) << State();
      what();
      return absl::OkStatus();
    });
    EXPECT_TRUE(held.ok()) << held;
  }

  void ExpectEachOnce() {
    EXPECT_TRUE(Eventually([&] { return offers_.IsEmpty(); })) << State();
    records_.ExpectEachOnce();
  }

  // What the queue and PostgreSQL say of what goes on, for the report of a failure.
  std::string State() {
    std::string text = absl::StrCat(absl::FormatTime(absl::Now(), absl::UTCTimeZone()),
                                    "\nthe queue offers: ", offers_.Description(), "sessions:\n");
    const absl::Status read = (*database_)->Read([&](store::Connection& connection) {
      return connection.Query(
          "SELECT concat_ws(' ', pid, client_port, state, wait_event_type, wait_event, "
          "pg_blocking_pids(pid), now() - state_change, left(query, 120)) "
          "FROM pg_stat_activity WHERE datname = current_database() ORDER BY pid",
          {}, [&](const store::Row& row) {
            absl::StrAppend(&text, "  ", row.Text(0), "\n");
            return absl::OkStatus();
          });
    });
    if (!read.ok()) absl::StrAppend(&text, "  ", read.ToString(), "\n");
    return text;
  }

  PastRecords records_;
  const RedisServer redis_;
  // Of the first replica, to the queues.
  FaultyProxy way_{redis_.port()};
  Queue offers_{"offers", redis_.url()};
  std::array<std::unique_ptr<RunningProgram>, 2> replicas_;

 private:
  std::string Socket(const std::string& of) const { return "unix:" + folder_.file(of + ".sock"); }

  void Start(int replica, const std::string& queue_url) {
    const std::string name = absl::StrCat("replica", replica);
    // Nothing is derived anew while the test goes on, so that only the queue tells of what is to be done.
    const std::vector<std::string> arguments = {"--data",
                                                folder_.file(name),
                                                "--listen",
                                                Socket(name),
                                                "--admin-listen",
                                                "off",
                                                "--database",
                                                records_.DatabaseUrl(),
                                                "--queue",
                                                queue_url,
                                                "--intake-address",
                                                Socket("intake"),
                                                "--metrics-address",
                                                Socket("metrics"),
                                                "--log-level",
                                                "error",
                                                "--job-lease",
                                                kLease,
                                                "--reconcile-interval",
                                                "1h"};
    replicas_[replica] =
        std::make_unique<RunningProgram>(CRITAC_PROGRAMS "/critac-matching", arguments);
    ASSERT_EQ(replicas_[replica]->OutLine(), "critac ready on " + Socket(name))
        << replicas_[replica]->RestOfError();
    // What it says later is read by nobody, and it must not wait for that.
    replicas_[replica]->StopReading();
  }

  // How many wait for what another has locked.
  int64_t WaiterCount() {
    int64_t count = 0;
    const absl::Status read = (*database_)->Read([&](store::Connection& connection) {
      return connection.Query(
          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
          "current_database()",
          {}, [&](const store::Row& row) {
            count = row.Int(0);
            return absl::OkStatus();
          });
    });
    EXPECT_TRUE(read.ok()) << read;
    return count;
  }

  const TempFolder folder_;
  matching::testing::FakeCatalog catalog_;
  std::unique_ptr<grpc::Server> intake_;
  absl::StatusOr<std::unique_ptr<store::Database>> database_;
  // Nothing goes on in these.
  Queue match_{"match", redis_.url()};
  Queue sync_{"sync", redis_.url()};
  absl::Time due_;
};

// What it had begun in the database is undone, or committed though nobody is told of it.
TEST_F(DelayedJobs, AReplicaKilledBeforeItsJobIsOnRecordLeavesItToTheOtherWhichDoesItOnce) {
  WhileBothAreAtWork([&] {
    EXPECT_THAT(records_.Effects(), IsEmpty());
    replicas_[0]->Kill();
    EXPECT_THAT(offers_.Leased(), SizeIs(2)) << "it left its job in hand\n" << State();
  });
  ExpectEachOnce();
}

// The queue has a job then that is done already, and gives it to the other.
TEST_F(DelayedJobs, AReplicaKilledRightAfterItsJobIsOnRecordHasItNotDoneOnceMoreByTheOther) {
  std::vector<std::string> in_hand;
  WhileBothAreAtWork([&] {
    in_hand = offers_.Leased();
    EXPECT_THAT(in_hand, SizeIs(2)) << State();
    way_.Hold();
  });
  ASSERT_THAT(in_hand, SizeIs(2));
  for (const std::string& offer : in_hand) {
    EXPECT_TRUE(Eventually([&] { return records_.IsOnRecord(offer); })) << offer << "\n" << State();
  }
  // Of the other's the queue is told.
  const auto one_is_in_hand = [&] {
    return offers_.IsLeased(in_hand[0]) != offers_.IsLeased(in_hand[1]);
  };
  EXPECT_TRUE(Eventually(one_is_in_hand)) << State();
  replicas_[0]->Kill();
  // What it said and did not arrive never does.
  way_.Refuse();
  EXPECT_TRUE(one_is_in_hand()) << "the queue was told that it is done\n" << State();
  ExpectEachOnce();
}

}  // namespace
}  // namespace critac::testing
