// Several processes with one journal, as replicas of a service have it: here several journals over one
// database of a PostgreSQL server.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/journal/testing_ledger.h"
#include "common/journal/testing_older.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/postgresql_server.h"

namespace critac::journal {
namespace {

constexpr int kReplicas = 4;
constexpr int kAgenciesEach = 40;

class Replicas : public ::testing::Test {
 protected:
  Replicas() {
    static int number = 0;
    database_name_ = absl::StrCat("ledger", ++number);
    url_ = Server().MakeDatabase(database_name_);
    for (int i = 0; i < kReplicas; ++i) replicas_.push_back(Open());
  }

  static testing::PostgresqlServer& Server() {
    static testing::PostgresqlServer server;
    EXPECT_TRUE(server.is_up());
    return server;
  }

  std::unique_ptr<Journal> Open(store::DatabaseOptions options = {}) {
    options.url = url_;
    auto database = store::Database::Open(options);
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

  // A process of another version, which soon derives anew what older ones write.
  std::unique_ptr<Journal> OpenWith(JournalOptions options) {
    auto database = store::Database::Open({.url = url_});
    EXPECT_TRUE(database.ok()) << database.status();
    options.repair_after = absl::Milliseconds(1);
    auto journal =
        Journal::Open(std::move(options), *std::move(database), SystemClock::Instance(), ids_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }

  // A process of a newer version, which keeps the names of agencies in a column.
  std::unique_ptr<Journal> OpenNewer() {
    JournalOptions options = LedgerOptions();
    options.projections[0].columns.push_back(
        {"display", [](const google::protobuf::Message& m) -> store::Value {
           return static_cast<const intake::v1::Agency&>(m).display_name();
         }});
    options.migrations.push_back(
        {2, "ledger", "ALTER TABLE agency ADD COLUMN display TEXT NOT NULL DEFAULT ''"});
    return OpenWith(std::move(options));
  }
  // Whether one agency has the name in that column.
  static bool IsFoundBy(Journal& newer, const std::string& display) {
    const auto page = newer.List<intake::v1::Agency>(
        {.collection = "agencies", .condition = {"display = :p1", {display}}});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() && page->items.size() == 1;
  }
  // One more each time that the projections are derived anew.
  std::string Generation() {
    return Server().Ask("SELECT generation FROM journal_head", database_name_);
  }

  // A database of the test's own, beside the journals.
  std::unique_ptr<store::Database> OpenDatabase(store::DatabaseOptions options = {}) {
    options.url = url_;
    auto database = store::Database::Open(options);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  // How many sessions wait for a lock that another one holds.
  int WaiterCount() {
    return std::stoi(
        Server().Ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                     "'Lock' AND datname = current_database()",
                     database_name_));
  }

  // Adds to an agency's name.
  Command Rename(const std::string& suffix) {
    Command command;
    command.request_id = ids_.NewUuid();
    command.actor = "coordinator:dana";
    command.decide = [suffix](Draft& draft) -> absl::Status {
      const auto* agency = draft.Find<intake::v1::Agency>("agencies/a");
      intake::v1::AgencyUpdated updated;
      updated.mutable_agency()->set_display_name(agency->display_name() + suffix);
      draft.Emit("agencies/a", updated);
      draft.AnswerWith("agencies/a");
      return absl::OkStatus();
    };
    return command;
  }
  std::string NameAt(int replica) {
    return replicas_[replica]->Get<intake::v1::Agency>("agencies/a")->display_name();
  }

  RandomIdSource ids_;
  std::string database_name_;
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
  int turn = 0;
  for (const char* suffix : {", at one", ", at another", ", at the first again"}) {
    ASSERT_TRUE(replicas_[++turn % 2]->Execute(Rename(suffix)).ok());
  }
  EXPECT_EQ(NameAt(2), "Before, at one, at another, at the first again");
}

// Each writes a record of its own and reads it at all of them: it is seen at once, whatever they remember and whatever
// others write meanwhile.
TEST_F(Replicas, ShowAtOnceWhatWasAcknowledged) {
  AtAll([this](int replica) {
    const std::string id = absl::StrCat("own-", replica);
    ASSERT_TRUE(replicas_[replica]->Execute(AddAgency(id, "0")).ok());
    for (int i = 1; i <= kAgenciesEach; ++i) {
      Command command;
      command.actor = "coordinator:dana";
      command.decide = [&](Draft& draft) -> absl::Status {
        intake::v1::AgencyUpdated updated;
        updated.mutable_agency()->set_display_name(absl::StrCat(i));
        draft.Emit("agencies/" + id, updated);
        return absl::OkStatus();
      };
      ASSERT_TRUE(replicas_[replica]->Execute(std::move(command)).ok());
      for (const auto& journal : replicas_) {
        // Twice, so that it is remembered where nobody writes.
        for (int read = 0; read < 2; ++read) {
          const auto agency = journal->Get<intake::v1::Agency>("agencies/" + id);
          ASSERT_TRUE(agency.ok()) << agency.status();
          ASSERT_EQ(agency->display_name(), absl::StrCat(i)) << id;
        }
      }
    }
  });
}

// Those of a version that does not say what it changed, and of one that says it, in any order.
TEST_F(Replicas, SeeWhatWasWrittenWithoutSayingWhatItChanged) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  EXPECT_EQ(NameAt(2), "A");
  const auto database = OpenDatabase();
  std::string name = "A";
  for (const char* forgotten : {"TRUE", "sequence % 2 = 0", "sequence % 3 = 0", "FALSE"}) {
    for (int i = 0; i < 4; ++i) {
      const std::string suffix = absl::StrCat(i);
      ASSERT_TRUE(replicas_[i % 2]->Execute(Rename(suffix)).ok());
      name += suffix;
    }
    const absl::Status status = database->Write([&](store::Connection& connection) {
      return connection.Execute(absl::StrCat("DELETE FROM journal_change WHERE ", forgotten))
          .status();
    });
    ASSERT_TRUE(status.ok()) << status;
    for (const int replica : {0, 1, 2, 3}) EXPECT_EQ(NameAt(replica), name) << forgotten;
  }
}

TEST_F(Replicas, KeepWhatTheyChangedForAWhileOnly) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  const auto kept = [this] {
    return std::stoi(Server().Ask("SELECT count(*) FROM journal_change", database_name_));
  };
  EXPECT_EQ(kept(), 1);
  const auto database = OpenDatabase();
  // As after many events more.
  const absl::Status status = database->Write([](store::Connection& connection) {
    return connection.Execute("UPDATE journal_change SET sequence = sequence - 5000").status();
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE(replicas_[1]->Execute(Rename("!")).ok());
  EXPECT_EQ(kept(), 1);
  for (const int replica : {0, 1, 2, 3}) EXPECT_EQ(NameAt(replica), "A!");
}

// Of what a call reads, the second is not older than the first: somebody asked for the second before it was there, and
// that there was none is remembered.
TEST_F(Replicas, ReadNothingOlderThanWhatTheyHaveRead) {
  for (int i = 0; i < 20; ++i) {
    const std::string first = absl::StrCat("first-", i);
    const std::string second = absl::StrCat("second-", i);
    EXPECT_FALSE(replicas_[1]->Get<intake::v1::Agency>("agencies/" + second).ok());
    std::thread writer([&] {
      EXPECT_TRUE(replicas_[0]->Execute(AddAgency(second, "2")).ok());
      EXPECT_TRUE(replicas_[0]->Execute(AddAgency(first, "1")).ok());
    });
    // Of one that is not there nothing follows.
    EXPECT_TRUE(testing::Eventually([&] {
      Records records(*replicas_[1]);
      if (!records.Get<intake::v1::Agency>("agencies/" + first).ok()) return false;
      const auto got = records.Get<intake::v1::Agency>("agencies/" + second);
      EXPECT_TRUE(got.ok()) << got.status();
      return true;
    }));
    writer.join();
  }
}

TEST_F(Replicas, SeeAPurgeAtOnce) {
  ASSERT_TRUE(replicas_[0]->Execute(AddRequest("1", "Help")).ok());
  const auto title = [this](int replica) {
    return replicas_[replica]->Get<intake::v1::Request>("requests/1")->title();
  };
  for (const int replica : {1, 1, 2}) EXPECT_EQ(title(replica), "Help");
  const auto database = OpenDatabase();
  for (const std::string purge :
       {"DELETE FROM journal_vault WHERE field = 'request.title'", "TRUNCATE journal_vault"}) {
    const absl::Status purged = database->Write(
        [&](store::Connection& connection) { return connection.Execute(purge).status(); });
    ASSERT_TRUE(purged.ok()) << purged;
    EXPECT_EQ(title(1), "");
  }
  EXPECT_EQ(replicas_[1]->Get<intake::v1::Request>("requests/1")->contacts(0).email(), "");
  EXPECT_EQ(replicas_[1]->VerifyChain()->problem, "");
}

// As after a fail-over to a standby that did not have the last events yet, where commits do not wait for it:
// another event has the number that this replica remembers states of.
TEST_F(Replicas, StatesOfEventsThatWereLostAreForgotten) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "Before")).ok());
  ASSERT_TRUE(replicas_[1]->Execute(Rename(", kept")).ok());
  const auto kept = replicas_[1]->Head();
  const std::string body = R"(replace(body, ', lost', ''))";
  ASSERT_TRUE(replicas_[0]->Execute(Rename(", lost")).ok());
  const auto database = OpenDatabase();
  const absl::Status lost = database->Write([&](store::Connection& connection) -> absl::Status {
    for (const std::string& sql : {std::string("DELETE FROM journal_event WHERE sequence = 3"),
                                   std::string("DELETE FROM journal_answer WHERE sequence = 3"),
                                   absl::StrCat("UPDATE agency SET body = ", body)}) {
      if (auto changed = connection.Execute(sql); !changed.ok()) return changed.status();
    }
    return connection
        .Execute("UPDATE journal_head SET sequence = :p1, record_time = :p2, hash = :p3",
                 {kept->sequence, absl::ToUnixMicros(kept->time), kept->hash})
        .status();
  });
  ASSERT_TRUE(lost.ok()) << lost;
  ASSERT_TRUE(replicas_[1]->Execute(Rename(", new")).ok());
  ASSERT_TRUE(replicas_[0]->Execute(Rename(", and on")).ok());
  EXPECT_EQ(NameAt(2), "Before, kept, new, and on");
  EXPECT_EQ(replicas_[2]->VerifyChain()->problem, "");
}

// As in a rolling update. Those of the old version go on, and know nothing of the new column.
TEST_F(Replicas, WhatOldOnesWriteBesideANewOneIsDerivedAnew) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  const auto newer = OpenNewer();
  const auto is_found = [&](const std::string& display) { return IsFoundBy(*newer, display); };
  EXPECT_TRUE(is_found("A"));
  ASSERT_TRUE(replicas_[0]->Execute(Rename("!")).ok());
  ASSERT_TRUE(replicas_[1]->Execute(AddAgency("b", "B")).ok());
  EXPECT_TRUE(testing::Eventually([&] { return is_found("A!") && is_found("B"); }));
  // Both go on, each with what the other wrote.
  ASSERT_TRUE(newer->Execute(Rename("?")).ok());
  ASSERT_TRUE(replicas_[1]->Execute(Rename(".")).ok());
  EXPECT_EQ(NameAt(2), "A!?.");
  EXPECT_TRUE(testing::Eventually([&] { return is_found("A!?."); }));
  EXPECT_EQ(newer->VerifyChain()->problem, "");
}

// As where a pod of the old version is restarted, or one more is started, while the new one is rolled out.
TEST_F(Replicas, AnOldOneThatStartsBesideANewOneLeavesItsColumnsAlone) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  const auto newer = OpenNewer();
  const std::string generation = Generation();
  const auto older = Open();
  EXPECT_EQ(Generation(), generation);
  EXPECT_TRUE(IsFoundBy(*newer, "A"));
  ASSERT_TRUE(older->Execute(Rename("!")).ok());
  ASSERT_TRUE(older->Execute(AddAgency("b", "B")).ok());
  EXPECT_TRUE(
      testing::Eventually([&] { return IsFoundBy(*newer, "A!") && IsFoundBy(*newer, "B"); }));
  // Both go on, each with what the other wrote.
  ASSERT_TRUE(newer->Execute(Rename("?")).ok());
  ASSERT_TRUE(older->Execute(Rename(".")).ok());
  EXPECT_EQ(older->Get<intake::v1::Agency>("agencies/a")->display_name(), "A!?.");
  EXPECT_EQ(NameAt(2), "A!?.");
  EXPECT_TRUE(testing::Eventually([&] { return IsFoundBy(*newer, "A!?."); }));
  EXPECT_EQ(newer->VerifyChain()->problem, "");
}

// The same of a field without a column, in a message within the record.
TEST_F(Replicas, AFieldThatOldOnesDropBesideANewOneIsDerivedAnew) {
  replicas_.clear();
  const auto newer = OpenWith(NewerLedger());
  ASSERT_TRUE(newer->Execute(AddRequestWithNewField()).ok());
  const std::string generation = Generation();
  const auto older = OpenWith(OlderLedger());
  EXPECT_EQ(Generation(), generation);
  ASSERT_TRUE(older->Execute(ChangeItsAgency()).ok());
  EXPECT_TRUE(testing::Eventually([&] { return HasNewFieldAndAgency(*newer); }));
  EXPECT_EQ(newer->VerifyChain()->problem, "");
}

// As where an update is rolled back: those of before are started anew, and the update is made again later.
TEST_F(Replicas, OldOnesGoOnAfterANewOneIsGone) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  replicas_.clear();
  OpenNewer();
  const std::string generation = Generation();
  for (int i = 0; i < kReplicas; ++i) replicas_.push_back(Open());
  AtAll([this](int replica) {
    const auto added = replicas_[replica]->Execute(AddAgency(absl::StrCat("b", replica), "B"));
    EXPECT_TRUE(added.ok()) << added.status();
  });
  ASSERT_TRUE(replicas_[1]->Execute(Rename("!")).ok());
  EXPECT_EQ(NameAt(3), "A!");
  EXPECT_EQ(Generation(), generation);
  const auto again = OpenNewer();
  EXPECT_TRUE(IsFoundBy(*again, "A!"));
  EXPECT_EQ(again->VerifyChain()->problem, "");
}

// One that has states in memory does not go on with them where another has derived all anew.
TEST_F(Replicas, StatesOfBeforeARebuildElsewhereAreForgotten) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A", "UT")).ok());
  const auto database = OpenDatabase();
  const absl::Status spoilt = database->Write([](store::Connection& connection) {
    return connection.Execute("UPDATE agency SET body = replace(body, 'UT', 'XX')").status();
  });
  ASSERT_TRUE(spoilt.ok()) << spoilt;
  const auto state = [this] {
    return replicas_[2]->Get<intake::v1::Agency>("agencies/a")->state();
  };
  ASSERT_TRUE(replicas_[1]->Execute(Rename("!")).ok());
  EXPECT_EQ(state(), "XX") << "which this one now remembers";
  ASSERT_TRUE(replicas_[0]->Rebuild().ok());
  EXPECT_EQ(state(), "UT");
  ASSERT_TRUE(replicas_[1]->Execute(Rename("?")).ok());
  EXPECT_EQ(state(), "UT");
}

// Another transaction has locked the row that the command changes, and then asks for the head: each waits for
// the other, as where a migration takes tables in its own order. One of the two is undone by the server,
// whichever; the command is done all the same.
TEST_F(Replicas, ADeadlockCostsNoCommand) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  const auto database = OpenDatabase({.busy_timeout = absl::Minutes(1)});
  const auto patient = Open({.busy_timeout = absl::Minutes(1)});
  absl::Status renamed = absl::UnknownError("not answered");
  std::thread writer;
  database
      ->Write([&](store::Connection& other) -> absl::Status {
        const auto ignore = [](const store::Row&) { return absl::OkStatus(); };
        absl::Status status = other.QueryForUpdate("SELECT name FROM agency", {}, ignore);
        writer = std::thread([&] { renamed = patient->Execute(Rename("!")).status(); });
        // It has the head, and waits for the row.
        EXPECT_TRUE(testing::Eventually([&] { return WaiterCount() == 1; }));
        if (status.ok()) status = other.QueryForUpdate("SELECT id FROM journal_head", {}, ignore);
        return status.ok() ? absl::CancelledError("to be undone") : status;
      })
      .IgnoreError();
  writer.join();
  EXPECT_TRUE(renamed.ok()) << renamed;
  EXPECT_EQ(NameAt(1), "A!");
  EXPECT_EQ(replicas_[2]->VerifyChain()->problem, "");
}

// Another process has the head, as where it derives the projections anew or migrates.
TEST_F(Replicas, ACommandThatWaitedTooLongIsToldThatAnotherProcessIsAtIt) {
  const auto hasty = Open({.busy_timeout = absl::Milliseconds(100)});
  absl::Status refused;
  const absl::Status status = OpenDatabase()->Write([&](store::Connection& other) -> absl::Status {
    RETURN_IF_ERROR(other.QueryForUpdate("SELECT id FROM journal_head", {},
                                         [](const store::Row&) { return absl::OkStatus(); }));
    refused = hasty->Execute(AddAgency("a", "A")).status();
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ReasonOf(refused), "COMMIT_FAILED");
  EXPECT_EQ(refused.message(),
            "the record cannot be written now: the database is busy, as while another process "
            "derives the records or migrates; make the call again with the same request_id");
}

TEST_F(Replicas, OneThatStartsWhileAnotherProcessHasTheRecordsSaysThatItWaits) {
  absl::Mutex mutex;
  std::vector<std::string> lines;
  JournalOptions options = LedgerOptions();
  options.opening_wait.tell = [&](const std::string& line) {
    absl::MutexLock lock(&mutex);
    lines.push_back(line);
  };
  absl::Status opened = absl::UnknownError("not opened");
  std::thread opening;
  const absl::Status status = OpenDatabase()->Write([&](store::Connection& other) -> absl::Status {
    RETURN_IF_ERROR(other.QueryForUpdate("SELECT id FROM journal_head", {},
                                         [](const store::Row&) { return absl::OkStatus(); }));
    opening = std::thread([&] {
      opened =
          Journal::Open(std::move(options), OpenDatabase({.busy_timeout = absl::Milliseconds(50)}),
                        SystemClock::Instance(), ids_)
              .status();
    });
    EXPECT_TRUE(testing::Eventually([&] {
      absl::MutexLock lock(&mutex);
      return !lines.empty();
    }));
    return absl::OkStatus();
  });
  if (opening.joinable()) opening.join();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(opened.ok()) << opened;
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines[0], ::testing::StartsWith("waiting for other processes, at most 10m: "));
}

// One has the head for long, as where it derives the projections anew. Writers wait for it; who reads does not, and a
// replica whose writer waits is ready all the same.
TEST_F(Replicas, ReadAndAreReadyWhileTheirWritersWaitForTheHead) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  const auto database = OpenDatabase();
  const auto waiting = Open({.busy_timeout = absl::Minutes(1)});
  absl::Status renamed = absl::UnknownError("not answered");
  std::thread writer;
  const absl::Status held = database->Write([&](store::Connection& other) -> absl::Status {
    RETURN_IF_ERROR(other.QueryForUpdate("SELECT id FROM journal_head", {},
                                         [](const store::Row&) { return absl::OkStatus(); }));
    writer = std::thread([&] { renamed = waiting->Execute(Rename("!")).status(); });
    EXPECT_TRUE(testing::Eventually([&] { return WaiterCount() == 1; }));
    const absl::Status ready = waiting->database().CheckWritable();
    EXPECT_TRUE(ready.ok()) << ready;
    EXPECT_EQ(waiting->Get<intake::v1::Agency>("agencies/a")->display_name(), "A");
    EXPECT_EQ(WaiterCount(), 1) << "it waits still";
    return absl::OkStatus();
  });
  EXPECT_TRUE(held.ok()) << held;
  if (writer.joinable()) writer.join();
  EXPECT_TRUE(renamed.ok()) << renamed;
  EXPECT_EQ(NameAt(1), "A!");
}

// It waits for the head first, and one that comes to its own process meanwhile would go along with it; one comes to
// another while it is decided.
TEST_F(Replicas, NobodyWritesWhileACommandThatIsAloneIsDecided) {
  ASSERT_TRUE(replicas_[0]->Execute(AddAgency("a", "A")).ok());
  const auto database = OpenDatabase();
  const auto own = Open({.busy_timeout = absl::Minutes(1)});
  const auto other = Open({.busy_timeout = absl::Minutes(1)});
  absl::BlockingCounter answers(3);
  const auto done = [&](absl::StatusOr<Answer> answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    answers.DecrementCount();
  };
  Command alone = AddAgency("b", "B");
  alone.alone = true;
  alone.decide = [&, decide = std::move(alone.decide)](Draft& draft) mutable {
    other->Submit(AddAgency("d", "D"), done);
    EXPECT_TRUE(testing::Eventually([&] { return WaiterCount() == 1; }));
    for (const auto& [name, code] :
         {std::pair<std::string, absl::StatusCode>{"agencies/a", absl::StatusCode::kOk},
          {"agencies/c", absl::StatusCode::kNotFound},
          {"agencies/d", absl::StatusCode::kNotFound}}) {
      EXPECT_EQ(own->Get<intake::v1::Agency>(name).status().code(), code) << name;
    }
    EXPECT_EQ(draft.sequence(), 1);
    return decide(draft);
  };
  const absl::Status held = database->Write([&](store::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(connection.QueryForUpdate("SELECT id FROM journal_head", {},
                                              [](const store::Row&) { return absl::OkStatus(); }));
    own->Submit(std::move(alone), done);
    EXPECT_TRUE(testing::Eventually([&] { return WaiterCount() == 1; }));
    own->Submit(AddAgency("c", "C"), done);
    return absl::OkStatus();
  });
  EXPECT_TRUE(held.ok()) << held;
  answers.Wait();
  const auto events = replicas_[0]->ReadEvents(1, 10);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 4u);
  EXPECT_EQ((*events)[1].subject(), "agencies/b");
  EXPECT_EQ(replicas_[1]->VerifyChain()->problem, "");
}

// A process that stops in the middle of a transaction, as one that is frozen does, until another has written.
TEST_F(Replicas, WhoStandsStillWithTheHeadLockDoesNotStopTheOthers) {
  const auto frozen = OpenDatabase({.longest_pause = absl::Milliseconds(100)});
  const absl::Status status = frozen->Write([&](store::Connection& connection) -> absl::Status {
    const absl::Status locked = connection.QueryForUpdate(
        "SELECT id FROM journal_head", {}, [](const store::Row&) { return absl::OkStatus(); });
    EXPECT_TRUE(locked.ok()) << locked;
    const auto added = replicas_[0]->Execute(AddAgency("a", "A"));
    EXPECT_TRUE(added.ok()) << added.status();
    return connection.Execute("UPDATE journal_head SET sequence = 77").status();
  });
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(replicas_[1]->Head()->sequence, 1);
}

// The same in the middle of statements that it does not wait for: few large ones, many small ones.
TEST_F(Replicas, WhoStandsStillInTheMiddleOfItsStatementsDoesNotStopTheOthers) {
  struct Case {
    int statements;
    size_t bytes;
  };
  int number = 0;
  for (const auto& [statements, bytes] : {Case{3, 100'000}, {100, 500}, {1, 1}}) {
    const auto frozen = OpenDatabase({.longest_pause = absl::Milliseconds(100)});
    const absl::Status status = frozen->Write([&](store::Connection& connection) -> absl::Status {
      const absl::Status locked = connection.QueryForUpdate(
          "SELECT id FROM journal_head", {}, [](const store::Row&) { return absl::OkStatus(); });
      EXPECT_TRUE(locked.ok()) << locked;
      for (int i = 0; i < statements; ++i) {
        const absl::Status sent = connection.ExecuteLater("SELECT length(CAST(:p1 AS TEXT))",
                                                          {store::Value(std::string(bytes, 'x'))});
        EXPECT_TRUE(sent.ok()) << sent;
      }
      const auto added = replicas_[0]->Execute(AddAgency(absl::StrCat("a", ++number), "A"));
      EXPECT_TRUE(added.ok()) << added.status();
      return connection.Execute("UPDATE journal_head SET sequence = 77").status();
    });
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_EQ(replicas_[1]->Head()->sequence, number);
  }
}

// The server is gone while its replicas are asked, and comes back. Calls fail meanwhile and can be repeated; who
// waits for news hears of those that come after.
TEST_F(Replicas, RecoverFromAServerThatWasKilled) {
  testing::PostgresqlServer server({}, true);
  ASSERT_TRUE(server.is_up());
  url_ = server.MakeDatabase("ledger");
  const auto one = Open();
  const auto other = Open();
  ASSERT_TRUE(one->Execute(AddAgency("a", "A")).ok());
  ASSERT_EQ(other->AwaitBeyond(0, absl::Minutes(1)), 1);
  server.Kill();
  const absl::Status refused = one->Execute(AddAgency("b", "B")).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "COMMIT_FAILED");
  EXPECT_TRUE(absl::IsUnavailable(other->Head().status()));
  server.Start();
  ASSERT_TRUE(server.is_up());
  for (const auto& journal : {one.get(), other.get()}) {
    const auto again = journal->Execute(AddAgency("b", "B"));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->replayed, journal == other.get());
  }
  EXPECT_EQ(other->AwaitBeyond(1, absl::Minutes(1)), 2);
  EXPECT_EQ(other->VerifyChain()->problem, "");
}

}  // namespace
}  // namespace critac::journal
