// The operator's commands on databases, as they are given: a ledger stands for each service's journal. Runs on each
// kind of database.
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/testing_ledger.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "common/store/data_folder.h"
#include "common/store/tables_of.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/center_journals.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/databases/fill_databases.h"
#include "services/cli/progress_bar.h"
#include "services/cli/testing/cli_run.h"
#include "services/cli/testing/temp_file.h"
#include "tests/support/eventually.h"
#include "tests/support/running_program.h"
#include "tests/support/test_databases.h"
#include "tests/support/verify_journal.h"

namespace critac::cli {
namespace {

using journal::AddAgency;
using journal::AddRequest;
using journal::v1::BackupRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Words = std::vector<std::string>;

constexpr absl::Time kFirst = absl::FromUnixSeconds(1'790'000'000);  // 2026-09-21T14:13:20Z
const char* const kServices[] = {"intake", "matching", "metrics"};

std::vector<journal::JournalOptions> Ledgers() {
  std::vector<journal::JournalOptions> journals;
  for (const char* service : kServices) {
    journals.push_back(journal::LedgerOptions());
    journals.back().name = service;
  }
  return journals;
}

class DatabaseCommands : public ::testing::Test {
 protected:
  CliRun Run(Words words, bool progress = false) {
    return CliRun(std::move(words), 0, progress, Ledgers());
  }
  // Databases of a center are called `CENTER-SERVICE`.
  std::string Url(const std::string& center, const std::string& service) {
    return databases_.url(absl::StrCat(center, "-", service));
  }
  // The words, and where the databases of a center are.
  Words On(const std::string& center, Words words) {
    for (const char* service : kServices) {
      words.push_back(absl::StrCat("--database-", service));
      words.push_back(Url(center, service));
    }
    return words;
  }

  std::unique_ptr<store::Database> OpenUrl(const std::string& url) {
    auto database = store::Database::Open({.url = url});
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  std::unique_ptr<journal::Journal> OpenJournal(const std::string& url, const std::string& service,
                                                const Clock& clock) {
    journal::JournalOptions options = journal::LedgerOptions();
    options.name = service;
    auto opened = journal::Journal::Open(std::move(options), OpenUrl(url), clock, ids_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  std::unique_ptr<journal::Journal> OpenJournal(const std::string& url,
                                                const std::string& service) {
    return OpenJournal(url, service, later_);
  }

  // Three events in each journal of a center, a second apart: an agency, a request, an agency.
  void Fill(const std::string& center) {
    for (const char* service : kServices) {
      ManualClock clock(kFirst);
      const auto opened = OpenJournal(Url(center, service), service, clock);
      journal::Command commands[] = {AddAgency(absl::StrCat(service, "-a"), "Alpha"),
                                     AddRequest("r", "Training"), AddAgency("b", "Bravo")};
      for (journal::Command& command : commands) {
        const auto answer = opened->Execute(std::move(command));
        ASSERT_TRUE(answer.ok()) << answer.status();
        clock.Advance(absl::Seconds(1));
      }
    }
  }

  std::string HeadAt(const std::string& url) {
    const auto head = OpenJournal(url, "any")->Head();
    return absl::StrCat(head->sequence, " ", head->hash);
  }
  std::string HeadOf(const std::string& center, const std::string& service) {
    return HeadAt(Url(center, service));
  }
  std::vector<std::string> RecordsAt(const std::string& url) {
    std::vector<std::string> records;
    const absl::Status status = OpenUrl(url)->Read([&](store::Connection& connection) {
      return journal::ReadRecords(connection, [&](const BackupRecord& record) {
        records.push_back(record.ShortDebugString());
        return absl::OkStatus();
      });
    });
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }
  void ExpectSame(const std::string& a, const std::string& b) {
    for (const char* service : kServices) {
      EXPECT_EQ(HeadOf(a, service), HeadOf(b, service)) << service;
      EXPECT_EQ(RecordsAt(Url(a, service)), RecordsAt(Url(b, service))) << service;
      EXPECT_EQ(OpenJournal(Url(b, service), service)->VerifyChain()->problem, "") << service;
    }
  }
  // Nothing was made in the databases of a center.
  void ExpectUntouched(const std::string& center) {
    for (const char* service : kServices) {
      const auto database = OpenUrl(Url(center, service));
      const absl::Status status = database->Read([&](store::Connection& connection) {
        const auto tables = store::TablesOf(connection, database->backend());
        EXPECT_THAT(*tables,
                    ::testing::ElementsAre("critac_migration", "critac_migration_contract"))
            << service;
        return absl::OkStatus();
      });
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  journal::v1::JournalContent ContentOf(const std::string& center, const std::string& service) {
    journal::v1::JournalContent content;
    const auto database = OpenUrl(Url(center, service));
    const absl::Status status = database->Read([&](store::Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(content, journal::ReadContent(connection, database->backend(), service));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return content;
  }
  // The first column of a query's first row, as an integer.
  static int64_t IntOf(store::Database& database, const std::string& sql) {
    int64_t value = 0;
    const absl::Status status = database.Read([&](store::Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(const std::vector<store::Row> rows, connection.QueryAll(sql));
      value = rows.at(0).Int(0);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return value;
  }
  void Sql(const std::string& url, const std::string& sql) {
    const absl::Status status = OpenUrl(url)->Write(
        [&](store::Connection& connection) { return connection.Execute(sql).status(); });
    EXPECT_TRUE(status.ok()) << status;
  }

  testing::TestDatabases databases_;
  const TempFolder temp_;
  const ManualClock later_{kFirst + absl::Hours(1)};
  RandomIdSource ids_;
};

// ---- Migrate ------------------------------------------------------------------------------------

TEST_F(DatabaseCommands, MigrateSaysWhatItWouldDoAndWhatItDid) {
  for (const char* service : kServices) OpenUrl(Url("old", service));
  const CliRun dry = Run(On("old", {"migrate", "--dry-run"}));
  EXPECT_EQ(dry.status(), kRefused);
  EXPECT_THAT(dry.out(),
              HasSubstr("matching: would apply journal/1, journal/2, journal/3, journal/4, "
                        "journal/5, journal/6, ledger/1\n"));
  EXPECT_EQ(dry.err(), "");
  ExpectUntouched("old");
  const CliRun done = Run(On("old", {"migrate"}));
  EXPECT_EQ(done.status(), kDone) << done.err();
  EXPECT_THAT(done.out(), HasSubstr("metrics: applied journal/1, journal/2, journal/3, journal/4, "
                                    "journal/5, journal/6, ledger/1\n"));
  for (const Words& again : {Words{"migrate"}, Words{"migrate", "--dry-run"}}) {
    const CliRun run = Run(On("old", again));
    EXPECT_EQ(run.status(), kDone);
    EXPECT_THAT(run.out(), HasSubstr("intake: has all tables of this version\n"));
  }
}

TEST_F(DatabaseCommands, MigrateLeavesWhatALaterVersionAdded) {
  for (const char* service : kServices) {
    const auto database = OpenUrl(Url("old", service));
    std::vector<store::Migration> steps =
        journal::AllMigrations(journal::LedgerOptions(), database->backend());
    steps.push_back({2, "ledger", "CREATE TABLE later (x BIGINT)"});
    ASSERT_TRUE(database->Migrate(steps).ok());
  }
  const CliRun run = Run(On("old", {"migrate"}));
  EXPECT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("intake: has all tables of this version\n"));
}

TEST_F(DatabaseCommands, MigrateRefusesADatabaseThatIsTooNewForItBeforeItChangesAny) {
  OpenUrl(Url("old", "intake"));
  OpenUrl(Url("old", "matching"));
  ASSERT_TRUE(OpenUrl(Url("old", "metrics"))
                  ->Migrate({{1, "ledger", journal::Tables().sql},
                             {2, "ledger", "CREATE TABLE later (x BIGINT)", 2}})
                  .ok());
  const CliRun run = Run(On("old", {"migrate"}));
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("metrics: "), HasSubstr("DATABASE_NEWER")));
  const CliRun dry = Run(On("old", {"migrate", "--dry-run", "--service", "intake"}));
  EXPECT_THAT(dry.out(), HasSubstr("intake: would apply journal/1"));
}

TEST_F(DatabaseCommands, MigrateKnowsTheTablesOfTheServices) {
  for (const char* service : kServices) OpenUrl(Url("old", service));
  const CliRun run(On("old", {"migrate"}), 0, false, CenterJournals());
  EXPECT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("intake: applied journal/1, journal/2, journal/3, journal/4, "
                                   "journal/5, journal/6, intake/1"));
  // A backup of nothing is one too, and comes back into the same tables.
  const CliRun backup(On("old", {"backup", "--to", temp_.Path("b")}), 0, false, CenterJournals());
  EXPECT_EQ(backup.status(), kDone) << backup.err();
  const CliRun restore(On("old", {"restore", "--from", temp_.Path("b")}), 0, false,
                       CenterJournals());
  EXPECT_EQ(restore.status(), kDone) << restore.err();
}

// As at an install, when the database comes up after the Job. Nothing listens at that port.
TEST_F(DatabaseCommands, AMigrationWaitsForADatabaseThatIsAwayAsLongAsItIsTold) {
  Words words = {"migrate", "--service", "intake", "--database-intake",
                 "postgresql://critac@127.0.0.1:1/intake"};
  const CliRun hasty(words, 0, false, CenterJournals());
  EXPECT_EQ(hasty.status(), kUnreachable) << hasty.err();
  EXPECT_THAT(hasty.slept(), IsEmpty());
  EXPECT_THAT(hasty.err(), Not(HasSubstr("waiting for the database")));

  words.insert(words.end(), {"--wait", "15"});
  const CliRun patient(words, 0, false, CenterJournals());
  EXPECT_EQ(patient.status(), kUnreachable) << patient.err();
  EXPECT_THAT(patient.slept(), SizeIs(30));
  EXPECT_THAT(patient.err(),
              AllOf(StartsWith("waiting for the database, at most 15s: intake: "),
                    HasSubstr("\nstill waiting for the database, 10s of at most 15s: intake: "),
                    HasSubstr("DATABASE_UNAVAILABLE")));
}

// A long read, as of a backup, has the table until the step has been tried twice.
TEST_F(DatabaseCommands, AMigrationSaysThatItWaitsForOthers) {
  if (!testing::TestDatabases::AreOnPostgresql()) {
    GTEST_SKIP() << "one process at a time has a file of SQLite";
  }
  Fill("old");
  std::vector<journal::JournalOptions> journals = Ledgers();
  journals[0].migrations.push_back(
      {2, "ledger", "ALTER TABLE agency ADD COLUMN note TEXT NOT NULL DEFAULT ''"});
  std::unique_ptr<CliRun> run;
  std::thread migration;
  const absl::Status read =
      OpenUrl(Url("old", "intake"))->Read([&](store::Connection& connection) -> absl::Status {
        RETURN_IF_ERROR(connection.QueryAll("SELECT name FROM agency").status());
        migration = std::thread([&] {
          run = std::make_unique<CliRun>(On("old", {"migrate", "--service", "intake"}), 0, false,
                                         journals);
        });
        std::set<std::string> tries;
        EXPECT_TRUE(testing::Eventually([&] {
          const auto waiting = connection.QueryAll(
              "SELECT virtualtransaction FROM pg_locks WHERE NOT granted AND mode = "
              "'AccessExclusiveLock' AND relation = (SELECT oid FROM pg_class WHERE relname = "
              "'agency')");
          EXPECT_TRUE(waiting.ok()) << waiting.status();
          if (waiting.ok() && !waiting->empty()) tries.insert(waiting->at(0).Text(0));
          return !waiting.ok() || tries.size() == 2;
        }));
        return absl::OkStatus();
      });
  if (migration.joinable()) migration.join();
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(run->status(), kDone) << run->err();
  EXPECT_THAT(run->err(), StartsWith("intake: waiting for other processes, at most 10m: migration "
                                     "ledger/2, ALTER TABLE agency ADD COLUMN note TEXT"));
  EXPECT_EQ(run->out(), "intake: applied ledger/2\n");
}

TEST_F(DatabaseCommands, ReplicasThatMigrateAtOnceTakeTurns) {
  if (!testing::TestDatabases::AreOnPostgresql()) {
    GTEST_SKIP() << "one process at a time has a file of SQLite";
  }
  const Words words = On("old", {"migrate"});
  std::vector<std::thread> replicas;
  for (int i = 0; i < 4; ++i) {
    replicas.emplace_back([this, &words] {
      const CliRun run = Run(words);
      EXPECT_EQ(run.status(), kDone) << run.err();
    });
  }
  for (std::thread& replica : replicas) replica.join();
  EXPECT_EQ(Run(On("old", {"migrate", "--dry-run"})).status(), kDone);
}

// ---- Backup and restore -------------------------------------------------------------------------

TEST_F(DatabaseCommands, ABackupComesBackWhole) {
  Fill("old");
  const CliRun backup = Run(On("old", {"backup", "--to", temp_.Path("b")}));
  ASSERT_EQ(backup.status(), kDone) << backup.err();
  EXPECT_THAT(backup.out(), AllOf(HasSubstr("backup of 2026-11-24T09:30:00Z in "),
                                  HasSubstr(HeadOf("old", "metrics").substr(2))));
  EXPECT_EQ(backup.err(), "");
  const CliRun dry = Run(On("new", {"restore", "--from", temp_.Path("b"), "--dry-run"}));
  EXPECT_EQ(dry.status(), kDone) << dry.err();
  ExpectUntouched("new");
  const CliRun restore = Run(On("new", {"restore", "--from", temp_.Path("b")}));
  ASSERT_EQ(restore.status(), kDone) << restore.err();
  EXPECT_THAT(restore.out(), HasSubstr(HeadOf("old", "intake").substr(2)));
  ExpectSame("old", "new");
  const auto opened = OpenJournal(Url("new", "intake"), "intake");
  EXPECT_EQ(opened->Get<intake::v1::Agency>("agencies/intake-a")->display_name(), "Alpha");
  EXPECT_EQ(opened->Get<intake::v1::Request>("requests/r")->contacts(0).email(),
            "robin@example.org");
  EXPECT_TRUE(opened->Execute(AddAgency("b", "Bravo"))->replayed);
}

TEST_F(DatabaseCommands, ABackupIsTakenWhileAServiceWrites) {
  Fill("old");
  std::atomic<bool> stop{false};
  const auto writer = OpenJournal(Url("old", "intake"), "intake");
  std::thread writing([&] {
    for (int i = 0; !stop; ++i) {
      EXPECT_TRUE(writer->Execute(AddAgency(absl::StrCat("w", i), "Written meanwhile")).ok());
    }
  });
  const CliRun backup = Run(On("old", {"backup", "--to", temp_.Path("b")}));
  stop = true;
  writing.join();
  ASSERT_EQ(backup.status(), kDone) << backup.err();
  ASSERT_EQ(Run(On("new", {"restore", "--from", temp_.Path("b")})).status(), kDone);
  const auto restored = OpenJournal(Url("new", "intake"), "intake");
  EXPECT_EQ(restored->VerifyChain()->problem, "");
  EXPECT_GE(restored->Head()->sequence, 3);
  EXPECT_LE(restored->Head()->sequence, writer->Head()->sequence);
}

TEST_F(DatabaseCommands, APurgedTextIsInNoBackup) {
  Fill("old");
  Sql(Url("old", "intake"), "DELETE FROM journal_vault");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  ASSERT_EQ(Run(On("new", {"restore", "--from", temp_.Path("b")})).status(), kDone);
  ExpectSame("old", "new");
  EXPECT_EQ(OpenJournal(Url("new", "intake"), "intake")
                ->Get<intake::v1::Request>("requests/r")
                ->contacts(0)
                .email(),
            "");
  EXPECT_EQ(OpenJournal(Url("new", "matching"), "matching")
                ->Get<intake::v1::Request>("requests/r")
                ->contacts(0)
                .email(),
            "robin@example.org");
}

TEST_F(DatabaseCommands, AMomentCutsBetweenTwoEvents) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  const struct {
    std::string to;
    int64_t events;
  } cuts[] = {{"2026-09-21T14:13:20Z", 1},
              {"2026-09-21T14:13:20.999999Z", 1},
              {"2026-09-21T16:13:21+02:00", 2},
              {"2026-11-24T09:30:00Z", 3}};
  for (const auto& cut : cuts) {
    const std::string center = absl::StrCat("to", cut.to.substr(17, 2), cut.to.size(), cut.events);
    const CliRun run = Run(On(center, {"restore", "--from", temp_.Path("b"), "--to", cut.to}));
    ASSERT_EQ(run.status(), kDone) << run.err();
    for (const char* service : kServices) {
      const auto opened = OpenJournal(Url(center, service), service);
      EXPECT_EQ(opened->Head()->sequence, cut.events);
      EXPECT_EQ(opened->VerifyChain()->problem, "");
      EXPECT_EQ(opened->Get<intake::v1::Request>("requests/r").ok(), cut.events >= 2);
      EXPECT_EQ(opened->Get<intake::v1::Agency>("agencies/b").ok(), cut.events >= 3);
    }
  }
}

TEST_F(DatabaseCommands, AMomentThatTheBackupDoesNotReachIsRefused) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  const struct {
    std::string to;
    std::string says;
  } cases[] = {{"2026-11-24T09:30:00.000001Z", "is after the backup was taken"},
               {"2026-09-21T14:13:19.999999Z", "nothing was recorded up to"},
               {"yesterday", "RFC 3339"}};
  for (const auto& each : cases) {
    const CliRun run = Run(On("new", {"restore", "--from", temp_.Path("b"), "--to", each.to}));
    EXPECT_EQ(run.status(), kUsage);
    EXPECT_THAT(run.err(), AllOf(HasSubstr("--to: "), HasSubstr(each.says)));
  }
  ExpectUntouched("new");
}

// One byte is another; then half of the file is missing, and then all of it.
TEST_F(DatabaseCommands, ADamagedBackupIsRefusedAndChangesNothing) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  const std::string other_sum = "its SHA-256 is not that in the manifest";
  const std::string shorter = " bytes; written were ";
  const std::string other_manifest = "its SHA-256 is not that in SHA256SUMS";
  const std::string other_sums = "does not have the SHA-256 of matching.jsonl.gz";
  const struct {
    std::string name;
    std::string flipped;
    std::string cut;
    std::string missing;
  } cases[] = {{"intake.jsonl.gz", other_sum, shorter, "FILE_NOT_FOUND"},
               {"matching.jsonl.gz", other_sum, shorter, "FILE_NOT_FOUND"},
               {"metrics.jsonl.gz", other_sum, shorter, "FILE_NOT_FOUND"},
               {"manifest.json", other_manifest, other_manifest, "NO_BACKUP"},
               {"SHA256SUMS", other_sums, other_sums, "FILE_NOT_FOUND"}};
  const auto expect_refused = [&](const std::string& reason, const std::string& says) {
    const CliRun run = Run(On("new", {"restore", "--from", temp_.Path("b")}));
    EXPECT_EQ(run.status(), kRefused);
    EXPECT_THAT(run.err(), AllOf(HasSubstr(absl::StrCat("reason: ", reason)), HasSubstr(says)));
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    const std::string path = absl::StrCat("b/", each.name);
    const std::string good = ReadAll(temp_.Path(path));
    std::string flipped = good;
    flipped[good.size() / 2] ^= 1;
    temp_.Write(path, flipped);
    expect_refused("BACKUP_DAMAGED", absl::StrCat("/", path, ": ", each.flipped));
    temp_.Write(path, good.substr(0, good.size() / 2));
    expect_refused("BACKUP_DAMAGED", each.cut);
    std::filesystem::remove(temp_.Path(path));
    expect_refused(each.missing, each.name);
    temp_.Write(path, good);
  }
  ExpectUntouched("new");
  EXPECT_EQ(Run(On("new", {"restore", "--from", temp_.Path("b")})).status(), kDone);
}

TEST_F(DatabaseCommands, ADatabaseThatIsNotEmptyIsNamedAndNoneIsFilled) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  Sql(Url("new", "metrics"), "CREATE TABLE stranger (x BIGINT)");
  Sql(Url("new", "metrics"), "INSERT INTO stranger (x) VALUES (1)");
  const CliRun stranger = Run(On("new", {"restore", "--from", temp_.Path("b")}));
  EXPECT_EQ(stranger.status(), kRefused);
  EXPECT_THAT(stranger.err(), AllOf(HasSubstr("metrics"), HasSubstr("rows in stranger"),
                                    HasSubstr("DATABASE_NOT_EMPTY")));
  EXPECT_THAT(RecordsAt(Url("old", "intake")), Not(IsEmpty()));
  const std::string before = HeadOf("old", "intake");
  const CliRun itself = Run(On("old", {"restore", "--from", temp_.Path("b")}));
  EXPECT_EQ(itself.status(), kRefused);
  EXPECT_THAT(itself.err(), HasSubstr("a journal of 3 events"));
  EXPECT_EQ(HeadOf("old", "intake"), before);
}

TEST_F(DatabaseCommands, ABackupIsNotOverwritten) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  const std::string manifest = ReadAll(temp_.Path("b/manifest.json"));
  const CliRun again = Run(On("old", {"backup", "--to", temp_.Path("b")}));
  EXPECT_EQ(again.status(), kRefused);
  EXPECT_THAT(again.err(), HasSubstr("holds a backup already"));
  EXPECT_EQ(ReadAll(temp_.Path("b/manifest.json")), manifest);
  // What was killed at another time is not begun again by anybody.
  std::filesystem::create_directory(temp_.Path("at-20261123T093000Z.partial"));
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("at-{time}")})).status(), kDone);
  EXPECT_TRUE(temp_.Has("at-20261124T093000Z/manifest.json"));
  EXPECT_FALSE(temp_.Has("at-20261123T093000Z.partial"));
}

TEST_F(DatabaseCommands, BackupsOlderThanThoseToKeepAreRemoved) {
  Fill("old");
  // It is 2026-11-24T09:30:00Z: a second longer than 30 days ago, and 30 days.
  for (const char* time : {"20261025T092959Z", "20261025T093000Z"}) {
    ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path(absl::StrCat("at-", time))})).status(),
              kDone);
  }
  const CliRun backup = Run(On("old", {"backup", "--to", temp_.Path("at-{time}"), "--keep", "30"}));
  ASSERT_EQ(backup.status(), kDone) << backup.err();
  EXPECT_THAT(backup.out(), HasSubstr("at-20261025T092959Z, older than 30 days\n"));
  EXPECT_EQ(backup.err(), "");
  EXPECT_FALSE(temp_.Has("at-20261025T092959Z"));
  EXPECT_TRUE(temp_.Has("at-20261025T093000Z/manifest.json"));
  EXPECT_TRUE(temp_.Has("at-20261124T093000Z/manifest.json"));
}

TEST_F(DatabaseCommands, WhatIsToBeKeptIsSaidInDaysAndByTheTimeInTheName) {
  const struct {
    std::string to;
    std::string days;
    std::string says;
  } cases[] = {{"b", "30", "has none in its last part alone"},
               {"{time}/b", "30", "has none in its last part alone"},
               {"{time}/{time}", "30", "has none in its last part alone"},
               {"{time}", "0", "--keep"},
               {"{time}", "36501", "--keep"},
               {"{time}", "a month", "--keep"}};
  for (const auto& each : cases) {
    const CliRun run = Run(On("old", {"backup", "--to", temp_.Path(each.to), "--keep", each.days}));
    EXPECT_EQ(run.status(), kUsage) << each.to;
    EXPECT_THAT(run.err(), HasSubstr(each.says)) << each.to;
  }
}

TEST_F(DatabaseCommands, OneServiceIsBackedUpAndRestoredAlone) {
  Fill("old");
  const CliRun backup =
      Run(On("old", {"backup", "--to", temp_.Path("b"), "--service", "matching"}));
  ASSERT_EQ(backup.status(), kDone) << backup.err();
  EXPECT_FALSE(temp_.Has("b/intake.jsonl.gz"));
  const CliRun all = Run(On("new", {"restore", "--from", temp_.Path("b")}));
  EXPECT_EQ(all.status(), kUsage);
  EXPECT_THAT(all.err(), HasSubstr("the backup has no journal of intake"));
  // Its database is then that of CRITAC_DATABASE, as the service has it.
  const CliRun one({"restore", "--from", temp_.Path("b"), "--service", "matching"}, 0, false,
                   Ledgers(), {{"CRITAC_DATABASE", Url("new", "matching")}});
  ASSERT_EQ(one.status(), kDone) << one.err();
  EXPECT_EQ(HeadOf("new", "matching"), HeadOf("old", "matching"));
}

// While the first is filled, the transactions of the others are left alone: until the server has ended that of the
// last, and then, with what a restore opens, three times as long.
TEST_F(DatabaseCommands, DatabasesMayWaitForEachOtherForAnyTimeWhileTheyAreFilled) {
  if (!testing::TestDatabases::AreOnPostgresql()) {
    GTEST_SKIP() << "a file of SQLite can be left alone for any time";
  }
  Fill("old");
  ASSERT_EQ(Run(On("new", {"migrate"})).status(), kDone);
  const std::vector<journal::JournalOptions> ledgers = Ledgers();
  std::vector<const journal::JournalOptions*> journals;
  std::map<std::string, std::string> urls;
  std::vector<journal::v1::JournalContent> contents;
  for (const journal::JournalOptions& ledger : ledgers) {
    journals.push_back(&ledger);
    urls[ledger.name] = Url("new", ledger.name);
    contents.push_back(ContentOf("old", ledger.name));
  }
  std::istringstream in;
  std::ostringstream out;
  World world{in, out, out, 0, false, later_, ids_, [](absl::Duration) {}};
  const auto last = OpenUrl(Url("new", "metrics"));
  // How long ago its transaction was left alone; -1: there is none.
  const auto milliseconds_alone = [&last] {
    return IntOf(*last,
                 "SELECT CAST(COALESCE(MAX(EXTRACT(EPOCH FROM clock_timestamp() - state_change) * "
                 "1000), -1) AS BIGINT) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND state = 'idle in transaction'");
  };
  const auto fill = [&](CenterDatabases& databases, const std::function<bool()>& long_enough) {
    ProgressBar bar(world, "filling");
    return FillDatabases(
        databases, contents, bar, nullptr,
        [&](size_t i, absl::FunctionRef<absl::Status(const BackupRecord&)> add) {
          if (i == 0) EXPECT_TRUE(testing::Eventually(long_enough));
          return OpenUrl(Url("old", kServices[i]))->Read([&](store::Connection& connection) {
            return journal::ReadRecords(connection, add);
          });
        },
        [] { return absl::OkStatus(); });
  };
  {
    const auto hasty = CenterDatabases::Open(PlacesAt(journals, urls), DatabaseUse::kFill,
                                             absl::Milliseconds(100));
    ASSERT_TRUE(hasty.ok()) << hasty.status();
    const absl::Status ended = fill(**hasty, [&] { return milliseconds_alone() == -1; });
    EXPECT_TRUE(absl::IsUnavailable(ended)) << ended;
  }
  for (const char* service : kServices) {
    EXPECT_THAT(RecordsAt(Url("new", service)), IsEmpty()) << service;
  }
  const auto patient = CenterDatabases::Open(PlacesAt(journals, urls), DatabaseUse::kFill);
  ASSERT_TRUE(patient.ok()) << patient.status();
  for (size_t i = 0; i < (*patient)->size(); ++i) {
    const absl::Status status =
        (*patient)->database(i).Write([](store::Connection& connection) -> absl::Status {
          ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                           connection.QueryAll("SHOW idle_in_transaction_session_timeout"));
          EXPECT_EQ(rows.at(0).Text(0), "0") << "which is: for ever";
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
  }
  const absl::Status filled = fill(**patient, [&] { return milliseconds_alone() >= 300; });
  EXPECT_TRUE(filled.ok()) << filled;
  ExpectSame("old", "new");
}

TEST_F(DatabaseCommands, DatabasesMayWaitForEachOtherForAnyTimeWhileTheyAreBackedUp) {
  if (!testing::TestDatabases::AreOnPostgresql()) {
    GTEST_SKIP() << "a file of SQLite can be left alone for any time";
  }
  const std::vector<journal::JournalOptions> ledgers = Ledgers();
  std::vector<const journal::JournalOptions*> journals;
  std::map<std::string, std::string> urls;
  for (const journal::JournalOptions& ledger : ledgers) {
    journals.push_back(&ledger);
    // As a server or a role may be set.
    urls[ledger.name] = absl::StrCat(Url("old", ledger.name),
                                     "&options=-c%20idle_in_transaction_session_timeout%3D7s");
  }
  const auto databases = CenterDatabases::Open(PlacesAt(journals, urls), DatabaseUse::kLook);
  ASSERT_TRUE(databases.ok()) << databases.status();
  const absl::Status status = (*databases)->ReadAll([](auto connections) -> absl::Status {
    for (store::Connection* const connection : connections) {
      ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                       connection->QueryAll("SHOW idle_in_transaction_session_timeout"));
      EXPECT_EQ(rows.at(0).Text(0), "0") << "which is: for ever";
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(DatabaseCommands, ProgressIsShownOnATerminal) {
  Fill("old");
  const CliRun run = Run(On("old", {"backup", "--to", temp_.Path("b")}), true);
  EXPECT_EQ(run.status(), kDone);
  EXPECT_THAT(run.err(), HasSubstr("backup ["));
}

// Where nobody looks, there are lines of it.
TEST_F(DatabaseCommands, HowRecordsAreDerivedIsToldWhereNoTerminalIs) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  const CliRun restore = Run(On("new", {"restore", "--from", temp_.Path("b")}));
  EXPECT_EQ(restore.status(), kDone) << restore.err();
  Words move = On("old", {"move"});
  for (const char* service : kServices) {
    move.insert(move.end(), {"--to", absl::StrCat(service, "=", Url("moved", service))});
  }
  const CliRun moved = Run(move);
  EXPECT_EQ(moved.status(), kDone) << moved.err();
  for (const char* service : kServices) {
    const std::string begins = absl::StrCat(service, ": deriving its records from 3 events\n");
    const std::string ends = absl::StrCat(service, ": derived its records from 3 events in ");
    EXPECT_THAT(restore.err(), AllOf(HasSubstr(begins), HasSubstr(ends)));
    EXPECT_THAT(moved.err(), AllOf(HasSubstr(begins), HasSubstr(ends)));
  }
  const CliRun on_terminal = Run(On("old", {"journal", "rebuild", "intake"}), true);
  EXPECT_EQ(on_terminal.status(), kDone);
  EXPECT_THAT(on_terminal.err(), Not(HasSubstr("deriving its records")));
}

// ---- Folders and files of SQLite ----------------------------------------------------------------

TEST_F(DatabaseCommands, ADataFolderIsFilledAndThenHeldByOneProcess) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  const std::string data = temp_.Path("data");
  const CliRun restore = Run({"restore", "--from", temp_.Path("b"), "--data", data});
  ASSERT_EQ(restore.status(), kDone) << restore.err();
  const std::string url = absl::StrCat("sqlite:", data, "/intake.db");
  EXPECT_EQ(HeadAt(url), HeadOf("old", "intake"));

  const auto held = store::DataFolder::Open(data);
  ASSERT_TRUE(held.ok()) << held.status();
  for (const Words& words : {Words{"journal", "rebuild", "intake"}, Words{"migrate"},
                             Words{"restore", "--from", temp_.Path("b")}}) {
    Words all = words;
    all.insert(all.end(), {"--data", data});
    const CliRun run = Run(all);
    EXPECT_EQ(run.status(), kRefused) << words[0];
    EXPECT_THAT(run.err(), HasSubstr("DATA_FOLDER_IN_USE")) << words[0];
  }
  EXPECT_EQ(Run({"backup", "--to", temp_.Path("c"), "--data", data}).status(), kDone);
}

TEST_F(DatabaseCommands, ADatabaseThatIsNotThereIsNotMade) {
  const std::string data = temp_.Path("nowhere");
  for (const Words& words :
       {Words{"backup", "--to", temp_.Path("b")}, Words{"migrate"}, Words{"migrate", "--dry-run"},
        Words{"journal", "rebuild", "intake"}}) {
    Words all = words;
    all.insert(all.end(), {"--data", data});
    const CliRun run = Run(all);
    EXPECT_EQ(run.status(), kUsage) << words[0];
    EXPECT_THAT(run.err(), AllOf(HasSubstr("nowhere/intake.db: there is no such database"),
                                 HasSubstr("--database-intake")));
  }
  EXPECT_FALSE(temp_.Has("nowhere"));
  EXPECT_FALSE(temp_.Has("b"));
  EXPECT_FALSE(temp_.Has("b.partial"));
}

TEST_F(DatabaseCommands, ARestoreThatIsRefusedLeavesNoFiles) {
  Fill("old");
  ASSERT_EQ(Run(On("old", {"backup", "--to", temp_.Path("b")})).status(), kDone);
  std::filesystem::create_directory(temp_.Path("new"));
  const std::string garbage(8192, '#');
  const std::string metrics = temp_.Write("new/metrics.db", garbage);
  const CliRun run = Run({"restore", "--from", temp_.Path("b"), "--data", temp_.Path("new")});
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_FALSE(temp_.Has("new/intake.db"));
  EXPECT_FALSE(temp_.Has("new/intake.db-wal"));
  EXPECT_EQ(ReadAll(metrics), garbage);
}

// ---- Move ---------------------------------------------------------------------------------------

// From files of SQLite to the kind of database that the test runs on, and back.
TEST_F(DatabaseCommands, ACenterIsMovedWithItsChainAsItWas) {
  Fill("old");
  const std::string files = absl::StrCat("sqlite:", temp_.path(), "/{service}.db");
  const CliRun there = Run(On("old", {"move", "--to", files}));
  ASSERT_EQ(there.status(), kDone) << there.err();
  Words words = {"move"};
  for (const char* service : kServices) {
    const std::string file = absl::StrCat("sqlite:", temp_.Path(service), ".db");
    EXPECT_EQ(HeadAt(file), HeadOf("old", service));
    words.insert(words.end(), {absl::StrCat("--database-", service), file, "--to",
                               absl::StrCat(service, "=", Url("new", service))});
  }
  const CliRun back = Run(words);
  ASSERT_EQ(back.status(), kDone) << back.err();
  EXPECT_THAT(back.out(), HasSubstr("every chain verified"));
  ExpectSame("old", "new");
  for (const char* service : kServices) {
    EXPECT_EQ(testing::VerifyJournal(Url("new", service)),
              absl::StrCat("intact: 3 events, head ", HeadOf("new", service).substr(2)));
  }
  const auto opened = OpenJournal(Url("new", "intake"), "intake");
  ASSERT_TRUE(opened->Execute(AddAgency("c", "Charlie")).ok());
  EXPECT_EQ(opened->Head()->sequence, 4);
}

TEST_F(DatabaseCommands, AMoveOntoWhatIsThereIsRefused) {
  Fill("old");
  Fill("new");
  Words words = On("old", {"move"});
  for (const char* service : kServices) {
    words.insert(words.end(), {"--to", absl::StrCat(service, "=", Url("new", service))});
  }
  const CliRun full = Run(words);
  EXPECT_EQ(full.status(), kRefused);
  EXPECT_THAT(full.err(), HasSubstr("DATABASE_NOT_EMPTY"));
  words = On("old", {"move"});
  for (const char* service : kServices) {
    words.insert(words.end(), {"--to", absl::StrCat(service, "=", Url("old", service))});
  }
  const CliRun itself = Run(words);
  EXPECT_EQ(itself.status(), kUsage);
  EXPECT_THAT(itself.err(), HasSubstr("intake is there already"));
}

// ---- Rebuild ------------------------------------------------------------------------------------

TEST_F(DatabaseCommands, RecordsAreDerivedAnew) {
  Fill("old");
  const std::string head = HeadOf("old", "matching");
  Sql(Url("old", "matching"), "UPDATE agency SET body = '{}'");
  const CliRun run = Run(On("old", {"journal", "rebuild", "matching"}));
  ASSERT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.err(), AllOf(StartsWith("matching: deriving its records from 3 events\n"),
                               HasSubstr("\nmatching: derived its records from 3 events in ")));
  EXPECT_THAT(run.out(), HasSubstr(head.substr(2)));
  const auto opened = OpenJournal(Url("old", "matching"), "matching");
  EXPECT_EQ(opened->Get<intake::v1::Agency>("agencies/b")->display_name(), "Bravo");
  EXPECT_EQ(HeadOf("old", "matching"), head);
}

TEST_F(DatabaseCommands, RecordsAreNotDerivedAnewWhereAnotherProcessHasTheFile) {
  const std::string path = temp_.Path("intake.db");
  { OpenJournal(absl::StrCat("sqlite:", path), "intake"); }
  testing::RunningProgram other(
      "/usr/bin/python3", {"-c",
                           "import sqlite3, sys\n"
                           "database = sqlite3.connect(sys.argv[1])\n"
                           "database.execute('SELECT count(*) FROM journal_event').fetchall()\n"
                           "print('has it', flush=True)\n"
                           "sys.stdin.read()\n",
                           path});
  ASSERT_EQ(other.OutLine(), "has it");
  const Words words = {"journal", "rebuild", "intake", "--database-intake",
                       absl::StrCat("sqlite:", path)};
  const CliRun refused = Run(words);
  EXPECT_EQ(refused.status(), kRefused);
  EXPECT_THAT(refused.err(), AllOf(HasSubstr(absl::StrCat("process ", other.pid())),
                                   HasSubstr("DATABASE_IN_USE")));
  other.CloseStdin();
  other.Wait();
  EXPECT_EQ(Run(words).status(), kDone);
}

}  // namespace
}  // namespace critac::cli
