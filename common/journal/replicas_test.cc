// Several processes with one journal, as replicas of a service have it: here several journals over one
// database of a PostgreSQL server.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/journal/testing_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/postgresql_server.h"

namespace critac::journal {
namespace {

constexpr int kReplicas = 4;
constexpr int kAgenciesEach = 40;

class Replicas : public ::testing::Test {
 protected:
  Replicas() {
    static int number = 0;
    url_ = Server().MakeDatabase(absl::StrCat("ledger", ++number));
    for (int i = 0; i < kReplicas; ++i) replicas_.push_back(Open());
  }

  static testing::PostgresqlServer& Server() {
    static testing::PostgresqlServer server;
    EXPECT_TRUE(server.is_up());
    return server;
  }

  std::unique_ptr<Journal> Open() {
    auto database = store::Database::Open({.url = url_});
    EXPECT_TRUE(database.ok()) << database.status();
    auto journal =
        Journal::Open(LedgerOptions(), *std::move(database), SystemClock::Instance(), ids_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }

  // Does the same at every replica at once.
  void AtAll(const std::function<void(int replica)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kReplicas; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }

  RandomIdSource ids_;
  std::string url_;
  std::vector<std::unique_ptr<Journal>> replicas_;
};

TEST_F(Replicas, WritersTakeTurnsAndTheChainHasNoGap) {
  AtAll([this](int replica) {
    for (int i = 0; i < kAgenciesEach; ++i) {
      const auto added =
          replicas_[replica]->Execute(AddAgency(absl::StrCat(replica, "-", i), "Agency"));
      EXPECT_TRUE(added.ok()) << added.status();
    }
  });
  const auto verified = replicas_[0]->VerifyChain();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->problem, "");
  EXPECT_EQ(verified->event_count, kReplicas * kAgenciesEach);
}

TEST_F(Replicas, OfOneNameOneWins) {
  std::atomic<int> added = 0;
  AtAll([&](int replica) {
    for (int i = 0; i < kAgenciesEach; ++i) {
      Command command = AddAgency(absl::StrCat("a", i), absl::StrCat("of replica ", replica));
      command.request_id = ids_.NewUuid();
      const auto outcome = replicas_[replica]->Execute(std::move(command));
      if (outcome.ok()) ++added;
      if (!outcome.ok()) EXPECT_TRUE(absl::IsAlreadyExists(outcome.status())) << outcome.status();
    }
  });
  EXPECT_EQ(added, kAgenciesEach);
  EXPECT_EQ(replicas_[1]->Head()->sequence, kAgenciesEach);
}

TEST_F(Replicas, ARequestIdHoldsAtAllOfThem) {
  AtAll([this](int replica) {
    for (int i = 0; i < kAgenciesEach; ++i) {
      const auto added = replicas_[replica]->Execute(AddAgency(absl::StrCat("a", i), "Agency"));
      EXPECT_TRUE(added.ok()) << added.status();
    }
  });
  EXPECT_EQ(replicas_[2]->Head()->sequence, kAgenciesEach);
}

TEST_F(Replicas, WhoWaitsForNewsGetsThoseOfOthers) {
  std::thread writer([this] { EXPECT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok()); });
  EXPECT_EQ(replicas_[3]->AwaitBeyond(0, absl::Minutes(1)), 1);
  writer.join();
}

TEST_F(Replicas, SeeWhatOthersChangedSince) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "Before")).ok());
  for (const char* name : {"at one", "at another", "at the first again"}) {
    Command command;
    command.request_id = ids_.NewUuid();
    command.actor = "coordinator:dana";
    command.decide = [name](Draft& draft) -> absl::Status {
      const auto* agency = draft.Find<intake::v1::Agency>("agencies/a");
      intake::v1::AgencyUpdated updated;
      updated.mutable_agency()->set_display_name(absl::StrCat(agency->display_name(), ", ", name));
      draft.Emit("agencies/a", updated);
      return absl::OkStatus();
    };
    static int turn = 0;
    ASSERT_TRUE(replicas_[++turn % 2]->Execute(std::move(command)).ok());
  }
  EXPECT_EQ(replicas_[2]->Get<intake::v1::Agency>("agencies/a")->display_name(),
            "Before, at one, at another, at the first again");
}

}  // namespace
}  // namespace critac::journal
