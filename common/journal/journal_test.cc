// The journal over a real database: a small ledger of agencies and requests stands for a service.
#include "common/journal/journal.h"

#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "common/base/sha256.h"
#include "common/journal/event_time.h"
#include "common/journal/json_text.h"
#include "common/journal/testing_ledger.h"
#include "common/journal/testing_older.h"
#include "common/journal/vault.h"
#include "common/status/error.h"
#include "common/store/migrate.h"
#include "critac/intake/v1/events.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/support/test_databases.h"
#include "tests/support/verify_journal.h"

namespace critac::journal {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { Open(); }

  void Open() {
    JournalOptions options = LedgerOptions();
    if (version_ == Version::kSecond) {
      options.projections[0].columns.push_back(
          {"type", [](const google::protobuf::Message& m) -> store::Value {
             return int64_t{static_cast<const intake::v1::Agency&>(m).type()};
           }});
    }
    if (version_ != Version::kFirst) {
      options.migrations.push_back(
          {2, "ledger", "ALTER TABLE agency ADD COLUMN type BIGINT NOT NULL DEFAULT 77"});
    }
    if (version_ == Version::kThird) {
      options.migrations.push_back({3, "ledger", "CREATE INDEX agency_state ON agency (state)"});
    }
    OpenWith(std::move(options));
  }
  void OpenWith(JournalOptions options) {
    journal_.reset();
    auto database = databases_.Open("ledger");
    ASSERT_TRUE(database.ok()) << database.status();
    auto journal = Journal::Open(std::move(options), *std::move(database), clock_, ids_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
  }

  // Of the program: the second keeps the type of agencies in a column, the third no longer does.
  enum class Version { kFirst, kSecond, kThird };
  void OpenAs(Version version) {
    version_ = version;
    Open();
  }
  Version version_ = Version::kFirst;

  // What is in that column: 77 where a version wrote the row that does not know it.
  std::vector<std::string> Types() {
    std::vector<std::string> found;
    const absl::Status status = journal_->database().Read([&](store::Connection& connection) {
      return connection.Query("SELECT name, type FROM agency ORDER BY name", {},
                              [&](const store::Row& row) {
                                found.push_back(row.Text(0) + " " + row.Text(1));
                                return absl::OkStatus();
                              });
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }

  absl::Status Sql(const std::string& sql) {
    return journal_->database().Write(
        [&](store::Connection& connection) { return connection.Execute(sql).status(); });
  }

  // Everything in a table, as text.
  std::vector<std::string> Table(const std::string& table) {
    std::vector<std::string> rows;
    const absl::Status status = journal_->database().Read([&](store::Connection& connection) {
      return connection.Query(absl::StrCat("SELECT * FROM ", table, " ORDER BY 1"), {},
                              [&](const store::Row& row) {
                                std::string text;
                                for (size_t i = 0; i < row.size(); ++i)
                                  absl::StrAppend(&text, row.Text(i), "|");
                                rows.push_back(text);
                                return absl::OkStatus();
                              });
    });
    EXPECT_TRUE(status.ok()) << status;
    return rows;
  }

  testing::TestDatabases databases_;
  ManualClock clock_{kStart};
  RandomIdSource ids_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, AColumnThatIsNewIsFilledForTheRowsThatAreThere) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Alpha")).ok());
  OpenAs(Version::kSecond);
  EXPECT_THAT(Types(), ElementsAre("agencies/a 0"));
  // And not again.
  ASSERT_TRUE(Sql("UPDATE agency SET type = 5").ok());
  Open();
  EXPECT_THAT(Types(), ElementsAre("agencies/a 5"));
}

// As after an update that is rolled back, and made again later.
TEST_F(JournalTest, TheVersionOfBeforeGoesOnAndLeavesTheColumnsThatItDoesNotKnow) {
  OpenAs(Version::kSecond);
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Alpha")).ok());
  ASSERT_TRUE(Sql("UPDATE agency SET type = 5").ok());
  OpenAs(Version::kFirst);
  EXPECT_THAT(Types(), ElementsAre("agencies/a 5"));
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Bravo")).ok());
  EXPECT_EQ(journal_->Get<intake::v1::Agency>("agencies/a")->display_name(), "Alpha");
  EXPECT_EQ(journal_->Get<intake::v1::Agency>("agencies/b")->display_name(), "Bravo");
  Open();
  EXPECT_THAT(Types(), ElementsAre("agencies/a 5", "agencies/b 77"));
  OpenAs(Version::kSecond);
  EXPECT_THAT(Types(), ElementsAre("agencies/a 0", "agencies/b 0"));
  // The same where the other one derived them in between.
  OpenAs(Version::kFirst);
  ASSERT_TRUE(journal_->Rebuild().ok());
  EXPECT_THAT(Types(), ElementsAre("agencies/a 77", "agencies/b 77"));
  ASSERT_TRUE(Sql("UPDATE agency SET type = 5").ok());
  Open();
  EXPECT_THAT(Types(), ElementsAre("agencies/a 5", "agencies/b 5"));
  OpenAs(Version::kSecond);
  EXPECT_THAT(Types(), ElementsAre("agencies/a 0", "agencies/b 0"));
  EXPECT_EQ(journal_->VerifyChain()->problem, "");
}

// It would find nothing in it otherwise; and the later one misses nothing.
TEST_F(JournalTest, TheVersionOfBeforeFillsAColumnThatALaterOneNoLongerWrites) {
  OpenAs(Version::kSecond);
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Alpha")).ok());
  OpenAs(Version::kThird);
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Bravo")).ok());
  EXPECT_THAT(Types(), ElementsAre("agencies/a 77", "agencies/b 77"));
  OpenAs(Version::kSecond);
  EXPECT_THAT(Types(), ElementsAre("agencies/a 0", "agencies/b 0"));
  OpenAs(Version::kThird);
  EXPECT_EQ(journal_->Get<intake::v1::Agency>("agencies/b")->display_name(), "Bravo");
}

// The field is in a message within the record, and no column comes with it: whatever the version of before writes or
// derives in between, it is there again for the one that knows it.
TEST_F(JournalTest, AFieldThatTheVersionOfBeforeDropsIsDerivedAnew) {
  const auto has_field = HasSubstr("servedInSameSizeBand");
  OpenWith(NewerLedger());
  ASSERT_TRUE(journal_->Execute(AddRequestWithNewField()).ok());
  EXPECT_THAT(Table("request"), ElementsAre(has_field));

  OpenWith(OlderLedger());
  EXPECT_THAT(Table("request"), ElementsAre(has_field)) << "which it leaves as it is";
  ASSERT_TRUE(journal_->Execute(ChangeItsAgency()).ok());
  EXPECT_THAT(Table("request"), ElementsAre(Not(has_field)));
  OpenWith(NewerLedger());
  EXPECT_TRUE(HasNewFieldAndAgency(*journal_));

  OpenWith(OlderLedger());
  ASSERT_TRUE(journal_->Rebuild().ok());
  EXPECT_THAT(Table("request"), ElementsAre(Not(has_field)));
  OpenWith(NewerLedger());
  EXPECT_TRUE(HasNewFieldAndAgency(*journal_));

  // As where rows are of the version of before when the newer one first comes.
  ASSERT_TRUE(RebuildProjections(journal_->database(), OlderLedger()).ok());
  EXPECT_THAT(Table("request"), ElementsAre(Not(has_field)));
  OpenWith(NewerLedger());
  EXPECT_TRUE(HasNewFieldAndAgency(*journal_));
  // And not again.
  ASSERT_TRUE(Sql("UPDATE request SET body = replace(body, 'agencies/b', 'agencies/c')").ok());
  OpenWith(NewerLedger());
  EXPECT_THAT(Table("request"), ElementsAre(HasSubstr("agencies/c")));
  EXPECT_EQ(journal_->VerifyChain()->problem, "");
}

// Those of before the sixth step, which would take the rows of this version otherwise, and drop their fields.
TEST_F(JournalTest, ProgramsThatCompareColumnsAloneTellALaterVersionByItsStep) {
  std::vector<store::Migration> before = JournalMigrations(journal_->database().backend());
  before.resize(5);
  before.push_back(Tables());
  const absl::Status read =
      journal_->database().Read([&](store::Connection& connection) -> absl::Status {
        const auto is_later = store::HasLaterSteps(connection, before);
        EXPECT_TRUE(is_later.ok() && *is_later) << is_later.status();
        return absl::OkStatus();
      });
  EXPECT_TRUE(read.ok()) << read;
}

TEST_F(JournalTest, AnAcknowledgedCommandIsThereAfterAReopening) {
  const auto answer = journal_->Execute(AddAgency("a", "Elm Grove Police"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->replayed);
  EXPECT_EQ(static_cast<const intake::v1::Agency&>(*answer->message).display_name(),
            "Elm Grove Police");
  Open();
  const auto agency = journal_->Get<intake::v1::Agency>("agencies/a");
  ASSERT_TRUE(agency.ok()) << agency.status();
  EXPECT_EQ(agency->display_name(), "Elm Grove Police");
  EXPECT_EQ(agency->etag(), "1");
}

TEST_F(JournalTest, AnEventSaysWhatHappenedWhenAndByWhom) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm Grove Police")).ok());
  const auto events = journal_->ReadEvents(1, 10);
  ASSERT_TRUE(events.ok());
  ASSERT_THAT(*events, SizeIs(1));
  const Event& event = events->front();
  EXPECT_EQ(event.sequence(), 1);
  EXPECT_EQ(FromTimestamp(event.record_time()), kStart);
  EXPECT_EQ(event.actor(), "coordinator:dana");
  EXPECT_EQ(event.subject(), "agencies/a");
  EXPECT_EQ(event.type(), "critac.intake.v1.AgencyCreated");
  EXPECT_EQ(event.payload(), R"({"agency":{"displayName":"Elm Grove Police","state":"UT"}})");
  EXPECT_EQ(event.request_id(), UuidFromName("add a"));
}

TEST_F(JournalTest, ARefusedCommandChangesNothingAndFailsAlone) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm Grove Police")).ok());
  Command again = AddAgency("a", "Elm Grove Police");
  again.request_id = UuidFromName("another");
  const auto refused = journal_->Execute(std::move(again));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(refused.status()), "AGENCY_EXISTS");
  EXPECT_EQ(journal_->Head()->sequence, 1);
  EXPECT_THAT(Table("journal_answer"), SizeIs(1));
}

TEST_F(JournalTest, AnEventIsWrittenOnlyWhereFollowersCanReadIt) {
  const std::string longest = NameForPayload(limits::kEventBytes);
  const auto refused = journal_->Execute(AddAgency("a", longest + "x"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused.status()), "EVENT_TOO_LARGE") << refused.status();
  EXPECT_EQ(ErrorInfoOf(refused.status()).metadata().at("bytes"),
            absl::StrCat(limits::kEventBytes + 1));
  EXPECT_EQ(journal_->Head()->sequence, 0);
  EXPECT_FALSE(journal_->Get<intake::v1::Agency>("agencies/a").ok());
  EXPECT_THAT(Table("journal_answer"), IsEmpty());
  ASSERT_TRUE(journal_->Execute(AddAgency("b", longest)).ok());
  EXPECT_EQ(static_cast<int64_t>(journal_->ReadEvents(1, 1)->front().payload().size()),
            limits::kEventBytes);
}

TEST_F(JournalTest, ACommandWhoseEventIsTooLargeFailsAlone) {
  const std::string too_long = NameForPayload(limits::kEventBytes + 1);
  absl::Mutex mutex;
  std::vector<std::string> outcomes;
  absl::BlockingCounter ended(3);
  for (const char* id : {"a", "b", "c"}) {
    const bool is_too_long = id[0] == 'b';
    journal_->Submit(AddAgency(id, is_too_long ? too_long : "Elm Grove Police"),
                     [&, id](absl::StatusOr<Answer> answer) {
                       {
                         absl::MutexLock lock(&mutex);
                         outcomes.push_back(absl::StrCat(id, " ", ReasonOf(answer.status())));
                       }
                       ended.DecrementCount();
                     });
  }
  ended.Wait();
  EXPECT_THAT(outcomes, ::testing::UnorderedElementsAre("a ", "b EVENT_TOO_LARGE", "c "));
  EXPECT_EQ(journal_->Head()->sequence, 2);
  EXPECT_EQ(journal_->VerifyChain()->problem, "");
}

TEST_F(JournalTest, EventsAreReadTogetherUpToSoManyBytesAndALargerOneAlone) {
  const int64_t half = limits::kEventBytesPerMessage / 2;
  ASSERT_TRUE(journal_->Execute(AddAgency("a", NameForPayload(half - 1000))).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("b", NameForPayload(half - 1000))).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("c", NameForPayload(half))).ok());
  ASSERT_TRUE(
      journal_->Execute(AddAgency("d", NameForPayload(limits::kEventBytesPerMessage * 5))).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("e", "Elm Grove Police")).ok());
  std::vector<size_t> sizes;
  for (int64_t next = 1; next <= 5;) {
    const auto events = journal_->ReadEvents(next, 10);
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_FALSE(events->empty());
    EXPECT_EQ(events->front().sequence(), next);
    sizes.push_back(events->size());
    next += static_cast<int64_t>(events->size());
  }
  EXPECT_THAT(sizes, ElementsAre(2, 1, 1, 1));
}

TEST_F(JournalTest, EventsThatAreReadTogetherMayHaveExactlySoManyBytes) {
  const int64_t half = limits::kEventBytesPerMessage / 2;
  ASSERT_TRUE(journal_->Execute(AddAgency("a", NameForPayload(half - 1000))).ok());
  const Event first = journal_->ReadEvents(1, 1)->at(0);
  const int64_t around = static_cast<int64_t>(first.ByteSizeLong() - first.payload().size());
  ASSERT_TRUE(journal_->Execute(AddAgency("b", NameForPayload(half - around))).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("c", NameForPayload(half - around))).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("d", NameForPayload(half - around + 1))).ok());
  EXPECT_THAT(*journal_->ReadEvents(2, 10), SizeIs(2));
  EXPECT_THAT(*journal_->ReadEvents(3, 10), SizeIs(1));
}

TEST_F(JournalTest, EventsThatAreNotAskedForTakeNoneOfTheBytes) {
  const std::string more_than_half = NameForPayload(limits::kEventBytesPerMessage / 2 + 1);
  ASSERT_TRUE(journal_->Execute(AddAgency("a", more_than_half)).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("r", "Training")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("b", more_than_half)).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("s", "Another")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("c", "Elm Grove Police")).ok());
  const std::string agency = "critac.intake.v1.AgencyCreated";
  const std::string request = "critac.intake.v1.RequestCreated";
  const struct {
    int64_t from;
    std::vector<std::string> types;
    std::string subject;
    std::vector<int64_t> read;
  } cases[] = {{1, {}, "", {1, 2}},
               {3, {}, "", {3, 4, 5}},
               {1, {request}, "", {2, 4}},
               {1, {agency}, "", {1}},
               {2, {agency}, "", {3, 5}},
               {1, {agency, request}, "", {1, 2}},
               {1, {}, "agencies/c", {5}},
               {1, {agency}, "agencies/b", {3}},
               {1, {request}, "agencies/b", {}},
               {6, {}, "", {}}};
  for (const auto& [from, types, subject, read] : cases) {
    SCOPED_TRACE(absl::StrCat(from, " ", types.size(), " types ", subject));
    const auto events = journal_->ReadEvents(from, 10, types, subject);
    ASSERT_TRUE(events.ok()) << events.status();
    std::vector<int64_t> sequences;
    for (const Event& event : *events) sequences.push_back(event.sequence());
    EXPECT_EQ(sequences, read);
  }
}

TEST_F(JournalTest, WhatARefusedCommandSaidBeforeItWasRefusedIsForgotten) {
  Command command;
  command.actor = "coordinator:dana";
  command.decide = [](Draft& draft) -> absl::Status {
    intake::v1::RequestCreated created;
    created.mutable_request()->set_title("secret");
    draft.Emit("requests/x", created);
    EXPECT_NE(draft.Find<intake::v1::Request>("requests/x"), nullptr);
    return absl::FailedPreconditionError("no");
  };
  EXPECT_EQ(journal_->Execute(std::move(command)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(journal_->Get<intake::v1::Request>("requests/x").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(Table("journal_event"), IsEmpty());
  EXPECT_THAT(Table("journal_vault"), IsEmpty());
}

TEST_F(JournalTest, ACommandWhoseGuardRefusesIsNotDecided) {
  bool refuses = true;
  int asked = 0;
  const auto guarded = [&] {
    Command command = AddAgency("a", "Elm Grove Police");
    command.guard = [&](store::Connection& connection) -> absl::Status {
      ++asked;
      const absl::Status locked =
          connection.QueryForUpdate("SELECT sequence FROM journal_head WHERE id = 1", {},
                                    [](const store::Row&) { return absl::OkStatus(); });
      EXPECT_TRUE(locked.ok()) << locked;
      if (!refuses) return absl::OkStatus();
      return Error(absl::StatusCode::kUnavailable, "LEASE_LOST", "the lease is over").ToStatus();
    };
    return command;
  };
  EXPECT_EQ(ReasonOf(journal_->Execute(guarded()).status()), "LEASE_LOST");
  EXPECT_EQ(journal_->Head()->sequence, 0);
  refuses = false;
  const auto answer = journal_->Execute(guarded());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->replayed) << "a refusal is no answer";
  EXPECT_EQ(journal_->Head()->sequence, 1);
  EXPECT_EQ(asked, 2);
  refuses = true;
  const auto again = journal_->Execute(guarded());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(asked, 2) << "what was answered is not asked for again";
}

TEST_F(JournalTest, TheSameRequestIdWithTheSameContentReturnsTheFirstAnswer) {
  const auto first = journal_->Execute(AddRequest("1", "Help with crisis intervention"));
  ASSERT_TRUE(first.ok());
  clock_.Advance(absl::Hours(1));
  Open();
  const auto second = journal_->Execute(AddRequest("1", "Help with crisis intervention"));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->replayed);
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(*first->message, *second->message));
  EXPECT_EQ(journal_->Head()->sequence, 1);
}

TEST_F(JournalTest, TheSameRequestIdWithOtherContentIsRefused) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm Grove Police")).ok());
  const auto other = journal_->Execute(AddAgency("a", "Oak Hollow Police"));
  EXPECT_EQ(other.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(other.status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(BadRequestOf(other.status()).field_violations(0).field(), "request_id");
}

TEST_F(JournalTest, AnAnswerOfBeforeIsFoundWithoutTheCommand) {
  const auto add = [](const std::string& display_name) {
    Command command = AddAgency("a", display_name);
    command.guard = [](store::Connection&) { return absl::InternalError("not to be asked"); };
    command.decide = nullptr;
    return command;
  };
  const auto none = journal_->FindAnswer(add("Elm Grove Police"));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
  EXPECT_THAT(Table("journal_answer"), IsEmpty()) << "that it was asked for is no answer";
  const auto first = journal_->Execute(AddAgency("a", "Elm Grove Police"));
  ASSERT_TRUE(first.ok()) << first.status();
  Open();
  const auto found = journal_->FindAnswer(add("Elm Grove Police"));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(found->has_value());
  EXPECT_TRUE((*found)->replayed);
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(*first->message, *(*found)->message));
  EXPECT_EQ(ReasonOf(journal_->FindAnswer(add("Oak Hollow Police")).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(journal_->Head()->sequence, 1);
}

TEST_F(JournalTest, TheSameRequestIdTwiceInOneBatchHappensOnce) {
  std::atomic<int> replayed = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto answer = journal_->Execute(AddAgency("a", "Elm Grove Police"));
      ASSERT_TRUE(answer.ok()) << answer.status();
      replayed += answer->replayed ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(replayed, 7);
  EXPECT_EQ(journal_->Head()->sequence, 1);
}

TEST_F(JournalTest, EventsOfManyCallersAreNumberedWithoutGapsAndChained) {
  constexpr int kCallers = 8;
  constexpr int kCommands = 50;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kCommands; ++i) {
        const std::string id = absl::StrCat(caller, "-", i);
        ASSERT_TRUE(journal_->Execute(AddAgency(id, "Agency " + id)).ok());
        if (i % 5 == 0) EXPECT_FALSE(journal_->Execute(AddAgency(id, "Another")).ok());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  const auto verified = journal_->VerifyChain();
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->event_count, kCallers * kCommands);
  EXPECT_EQ(verified->broken_sequence, 0) << verified->problem;
  EXPECT_EQ(verified->head_hash, journal_->Head()->hash);
}

TEST_F(JournalTest, PersonalDataAndFreeTextNeverEnterTheJournal) {
  const auto answer = journal_->Execute(AddRequest("1", "Help with crisis intervention"));
  ASSERT_TRUE(answer.ok());
  // The caller sees the texts, in the answer and later.
  EXPECT_EQ(static_cast<const intake::v1::Request&>(*answer->message).title(),
            "Help with crisis intervention");
  const auto request = journal_->Get<intake::v1::Request>("requests/1");
  EXPECT_EQ(request->contacts(0).email(), "robin@example.org");
  for (const std::string table : {"journal_event", "journal_answer", "request"}) {
    for (const std::string& row : Table(table)) {
      EXPECT_THAT(row, Not(HasSubstr("crisis"))) << table;
      EXPECT_THAT(row, Not(HasSubstr("robin"))) << table;
      EXPECT_THAT(row, Not(HasSubstr("Robin"))) << table;
    }
  }
  EXPECT_THAT(Table("journal_vault"), ElementsAre(HasSubstr("|request.title|"),
                                                  HasSubstr("|request.contacts[0].full_name|"),
                                                  HasSubstr("|request.contacts[0].email|")));
}

TEST_F(JournalTest, APurgedTextIsGoneAndTheChainStaysWhole) {
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help with crisis intervention")).ok());
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field = 'request.title'").ok());
  const auto request = journal_->Get<intake::v1::Request>("requests/1");
  EXPECT_EQ(request->title(), "");
  EXPECT_EQ(request->contacts(0).full_name(), "Robin Vale");
  EXPECT_EQ(journal_->VerifyChain()->broken_sequence, 0);
}

// Also for who has read it before: it is not remembered.
TEST_F(JournalTest, APurgeIsSeenByTheNextRead) {
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help with crisis intervention")).ok());
  const auto title = [this] { return journal_->Get<intake::v1::Request>("requests/1")->title(); };
  EXPECT_EQ(title(), "Help with crisis intervention");
  EXPECT_EQ(title(), "Help with crisis intervention");
  ASSERT_TRUE(Sql("UPDATE journal_vault SET content = 'Help' WHERE field = 'request.title'").ok());
  EXPECT_EQ(title(), "Help");
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field = 'request.title'").ok());
  EXPECT_EQ(title(), "");
  EXPECT_EQ(journal_->VerifyChain()->broken_sequence, 0);
}

TEST_F(JournalTest, TheRecordsOfACallAreNoOlderThanTheCall) {
  const auto rename = [this](const std::string& id, const std::string& display_name) {
    ASSERT_TRUE(journal_->Execute(RenameAgency(id, display_name)).ok());
  };
  const auto name_of = [](Records& records, const std::string& id) {
    const auto agency = records.Get<intake::v1::Agency>("agencies/" + id);
    return agency.ok() ? agency->display_name() : std::string(agency.status().message());
  };
  for (const std::string id : {"a", "b"}) ASSERT_TRUE(journal_->Execute(AddAgency(id, id)).ok());
  for (int i = 0; i < 3; ++i) {
    Records records(*journal_);
    const std::string was_b = i == 0 ? "b" : absl::StrCat("b", i - 1);
    ASSERT_EQ(name_of(records, "a"), i == 0 ? "a" : absl::StrCat("a", i - 1));
    rename("b", absl::StrCat("b", i));
    rename("a", absl::StrCat("a", i));
    EXPECT_THAT(name_of(records, "b"), AnyOf(was_b, absl::StrCat("b", i)));
    Records later(*journal_);
    EXPECT_EQ(name_of(later, "a"), absl::StrCat("a", i));
    EXPECT_EQ(name_of(later, "b"), absl::StrCat("b", i));
  }
  Records records(*journal_);
  for (int i = 0; i < 2; ++i) {
    const auto none = records.Get<intake::v1::Agency>("agencies/c");
    EXPECT_EQ(ResourceInfoOf(none.status()).resource_name(), "agencies/c");
  }
  ASSERT_TRUE(journal_->Execute(AddAgency("c", "C")).ok());
  Records later(*journal_);
  EXPECT_EQ(name_of(later, "c"), "C");
}

TEST_F(JournalTest, RecordsReadAheadAreRememberedTogether) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "A")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  const std::vector<std::string> names = {"agencies/a", "requests/1", "agencies/none"};
  Look look;
  ASSERT_TRUE(journal_->ReadAhead(look, names).ok());
  intake::v1::Request request;
  EXPECT_EQ(journal_->GetRemembered(look, "requests/1", request), absl::OkStatus());
  EXPECT_EQ(request.title(), "Help") << "with its texts";
  intake::v1::Agency agency;
  EXPECT_EQ(journal_->GetRemembered(look, "agencies/a", agency), absl::OkStatus());
  const auto none = journal_->GetRemembered(look, "agencies/none", agency);
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->code(), absl::StatusCode::kNotFound);

  // A purge is no commit, and yet what was read ahead is read anew.
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field = 'request.title'").ok());
  Records records(*journal_);
  ASSERT_TRUE(records.ReadAhead(names).ok());
  EXPECT_EQ(records.Get<intake::v1::Request>("requests/1")->title(), "");
}

TEST_F(JournalTest, ACommandCanCompareTextsWithThoseOfTheVault) {
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  std::vector<std::string> titles;
  Command command;
  command.actor = "coordinator:dana";
  command.decide = [&](Draft& draft) -> absl::Status {
    intake::v1::RequestCreated created;
    created.mutable_request()->set_title("More help");
    draft.Emit("requests/2", created);
    for (const std::string name : {"requests/1", "requests/2"}) {
      intake::v1::Request copy = *draft.Find<intake::v1::Request>(name);
      EXPECT_TRUE(IsVaultReference(copy.title()));
      draft.ReadTexts(copy);
      titles.push_back(copy.title());
    }
    return absl::OkStatus();
  };
  ASSERT_TRUE(journal_->Execute(std::move(command)).ok());
  EXPECT_THAT(titles, ElementsAre("Help", "More help"));
}

TEST_F(JournalTest, AReferenceIsTheHashOfSaltAndText) {
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  intake::v1::RequestCreated payload;
  ASSERT_TRUE(FromJsonText(journal_->ReadEvents(1, 1)->front().payload(), payload).ok());
  std::string salt;
  ASSERT_TRUE(journal_->database()
                  .Read([&](store::Connection& connection) {
                    return connection.Query(
                        "SELECT salt FROM journal_vault WHERE sequence = 1 AND place = 1", {},
                        [&](const store::Row& row) {
                          salt = row.Text(0);
                          return absl::OkStatus();
                        });
                  })
                  .ok());
  EXPECT_EQ(payload.request().title(), "vault:1.1:" + VaultHash(salt, "Help"));
}

TEST_F(JournalTest, AnyChangeOfAnyEventShowsInTheChain) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(journal_->Execute(AddAgency(absl::StrCat(i), "Elm Grove Police")).ok());
  const std::string tamperings[] = {
      "UPDATE journal_event SET payload = replace(payload, 'Elm', 'Oak') WHERE sequence = 2",
      "UPDATE journal_event SET actor = 'coordinator:eve' WHERE sequence = 2",
      "UPDATE journal_event SET subject = 'agencies/9' WHERE sequence = 2",
      "UPDATE journal_event SET type = 'x' WHERE sequence = 2",
      "UPDATE journal_event SET request_id = '' WHERE sequence = 2",
      "UPDATE journal_event SET record_time = record_time + 1 WHERE sequence = 2",
      "UPDATE journal_event SET hash = replace(hash, 'a', 'b') || 'c' WHERE sequence = 2",
      "DELETE FROM journal_event WHERE sequence = 2"};
  for (const std::string& tampering : tamperings) {
    ASSERT_TRUE(Sql("CREATE TABLE backup AS SELECT * FROM journal_event").ok());
    ASSERT_TRUE(Sql(tampering).ok());
    const auto verified = journal_->VerifyChain();
    ASSERT_TRUE(verified.ok());
    EXPECT_TRUE(verified->broken_sequence == 2 || verified->broken_sequence == 3) << tampering;
    EXPECT_THAT(verified->problem, Not(IsEmpty()));
    ASSERT_TRUE(Sql("DELETE FROM journal_event").ok());
    ASSERT_TRUE(Sql("INSERT INTO journal_event SELECT * FROM backup").ok());
    ASSERT_TRUE(Sql("DROP TABLE backup").ok());
    ASSERT_EQ(journal_->VerifyChain()->broken_sequence, 0);
  }
}

TEST_F(JournalTest, EventsCutOffTheEndShowAgainstTheHead) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(journal_->Execute(AddAgency(absl::StrCat(i), "x")).ok());
  ASSERT_TRUE(Sql("DELETE FROM journal_event WHERE sequence = 3").ok());
  EXPECT_EQ(journal_->VerifyChain()->broken_sequence, 3);
}

TEST_F(JournalTest, TheChainVerifiesByTheRecipeWithNoneOfThisCode) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Señor \"Ünïcode\" Police")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  EXPECT_EQ(testing::VerifyJournal(databases_.url("ledger")),
            absl::StrCat("intact: 2 events, head ", journal_->Head()->hash));
}

TEST_F(JournalTest, ProjectionsAreWhatAReplayOfTheJournalGives) {
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(journal_->Execute(AddAgency(absl::StrCat(i), "Elm", "NV")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  for (const int i : {3, 4}) {  // 3 is renamed, 4 goes
    Command command;
    command.actor = "coordinator:dana";
    command.decide = [i](Draft& draft) -> absl::Status {
      intake::v1::AgencyUpdated updated;
      if (i == 3) updated.mutable_agency()->set_display_name("Oak");
      draft.Emit(absl::StrCat("agencies/", i), updated);
      return absl::OkStatus();
    };
    ASSERT_TRUE(journal_->Execute(std::move(command)).ok());
  }
  const auto agencies = Table("agency");
  const auto requests = Table("request");
  ASSERT_THAT(agencies, SizeIs(19));
  ASSERT_TRUE(Sql("DELETE FROM agency").ok());
  ASSERT_TRUE(Sql("UPDATE request SET body = '{}'").ok());
  ASSERT_TRUE(journal_->Rebuild().ok());
  EXPECT_EQ(Table("agency"), agencies);
  EXPECT_EQ(Table("request"), requests);
}

TEST_F(JournalTest, AnErasedResourceBeginsAfresh) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm", "NV")).ok());
  Command command;
  command.actor = "coordinator:dana";
  command.decide = [](Draft& draft) -> absl::Status {
    draft.Emit("agencies/a", intake::v1::AgencyUpdated());
    EXPECT_EQ(draft.Find<intake::v1::Agency>("agencies/a"), nullptr);
    intake::v1::AgencyUpdated again;
    again.mutable_agency()->set_display_name("Oak");
    draft.Emit("agencies/a", again);
    EXPECT_EQ(draft.Find<intake::v1::Agency>("agencies/a")->state(), "");
    return absl::OkStatus();
  };
  ASSERT_TRUE(journal_->Execute(std::move(command)).ok());
  EXPECT_EQ(journal_->Get<intake::v1::Agency>("agencies/a")->display_name(), "Oak");
}

TEST_F(JournalTest, TimesNeverGoBackAlsoWhenTheClockDoes) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  clock_.Advance(-absl::Hours(1));
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Oak")).ok());
  EXPECT_EQ(journal_->Head()->time, kStart);
  EXPECT_EQ(journal_->VerifyChain()->broken_sequence, 0);
}

TEST_F(JournalTest, ACommandThatCannotBeWrittenFailsAloneInItsBatch) {
  // An agency whose state is NULL in the table cannot be written: the column is NOT NULL and kept
  // by a trigger here.
  const bool is_postgresql = testing::TestDatabases::AreOnPostgresql();
  ASSERT_TRUE(Sql(is_postgresql
                      ? "ALTER TABLE agency ADD CONSTRAINT refuse CHECK (state <> 'XX')"
                      : "CREATE TRIGGER refuse BEFORE INSERT ON agency WHEN NEW.state = 'XX' BEGIN "
                        "SELECT RAISE(ABORT, 'refused'); END")
                  .ok());
  std::vector<std::thread> callers;
  std::atomic<int> good = 0, bad = 0;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&, i] {
      const auto answer =
          journal_->Execute(AddAgency(absl::StrCat(i), "Elm", i % 4 == 0 ? "XX" : "UT"));
      (answer.ok() ? good : bad)++;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, 9);
  EXPECT_EQ(bad, 3);
  EXPECT_EQ(journal_->Head()->sequence, 9);
  EXPECT_EQ(journal_->VerifyChain()->broken_sequence, 0);
  EXPECT_THAT(Table("agency"), SizeIs(9));
}

TEST_F(JournalTest, WhatAnotherProcessWroteIsSeen) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  std::unique_ptr<Journal> first = std::move(journal_);
  Open();
  ASSERT_TRUE(journal_->Execute(RenameAgency("a", "Oak")).ok());
  std::string seen;
  Command look;
  look.actor = "coordinator:dana";
  look.decide = [&](Draft& draft) -> absl::Status {
    seen = draft.Find<intake::v1::Agency>("agencies/a")->display_name();
    return absl::OkStatus();
  };
  ASSERT_TRUE(first->Execute(std::move(look)).ok());
  EXPECT_EQ(seen, "Oak");
}

TEST_F(JournalTest, APageEndsEarlyRatherThanPassItsBytes) {
  const std::string third(limits::kPageBytes / 3, 'x');
  const std::string all(limits::kPageBytes + 1, 'x');
  for (const auto& [id, name] : std::vector<std::pair<std::string, std::string>>{
           {"a", third}, {"b", third}, {"c", third}, {"d", all}, {"e", "Elm"}}) {
    ASSERT_TRUE(journal_->Execute(AddAgency(id, name, "UT")).ok());
  }
  const auto pages_of = [&](ListQuery query) {
    std::vector<std::vector<std::string>> pages;
    do {
      const auto page = journal_->List<intake::v1::Agency>(query);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      pages.emplace_back();
      for (const auto& agency : page->items) pages.back().push_back(agency.name());
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    return pages;
  };
  for (const int size : {100, 2}) {
    SCOPED_TRACE(size);
    EXPECT_THAT(pages_of({.collection = "agencies", .page_size = size}),
                ElementsAre(ElementsAre("agencies/a", "agencies/b"), ElementsAre("agencies/c"),
                            ElementsAre("agencies/d"), ElementsAre("agencies/e")));
    EXPECT_THAT(pages_of({.collection = "agencies", .page_size = size, .descending = true}),
                ElementsAre(ElementsAre("agencies/e"), ElementsAre("agencies/d"),
                            ElementsAre("agencies/c", "agencies/b"), ElementsAre("agencies/a")));
  }
}

// Were it fetched, it would be parsed too. By the number of its rows the page has room for it.
TEST_F(JournalTest, ARecordThatAPageHasNoBytesForIsNotFetched) {
  const std::string half(limits::kPageBytes / 2, 'x');
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(journal_->Execute(AddAgency(id, half, "UT")).ok());
  }
  ASSERT_TRUE(Sql("UPDATE agency SET body = 'no record' WHERE name = 'agencies/c'").ok());
  ListQuery query{.collection = "agencies", .page_size = 100};
  const auto first = journal_->List<intake::v1::Agency>(query);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_THAT(first->items, SizeIs(1));
  EXPECT_EQ(first->items[0].name(), "agencies/a");
  // There it has bytes.
  query.page_token = first->next_page_token;
  EXPECT_FALSE(journal_->List<intake::v1::Agency>(query).ok());
}

TEST_F(JournalTest, APageBeginsWhereTheOneBeforeEnded) {
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(
        journal_->Execute(AddAgency(absl::StrFormat("%02d", i), "Elm", i % 2 == 0 ? "UT" : "NV"))
            .ok());
  }
  const absl::flat_hash_map<std::string, store::FilterField> fields = {
      {"state", {store::FilterType::kText, "state", {}}}};
  for (const bool descending : {false, true}) {
    ListQuery query{.collection = "agencies",
                    .filter = "state = \"UT\"",
                    .filter_fields = &fields,
                    .page_size = 5,
                    .descending = descending};
    std::vector<std::string> names;
    int pages = 0;
    do {
      const auto page = journal_->List<intake::v1::Agency>(query);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->items.size(), 5);
      for (const auto& agency : page->items) names.push_back(agency.name());
      query.page_token = page->next_page_token;
      ++pages;
    } while (!query.page_token.empty());
    EXPECT_EQ(pages, 3);
    EXPECT_THAT(names, SizeIs(13));
    std::vector<std::string> sorted = names;
    std::sort(sorted.begin(), sorted.end());
    if (descending) std::reverse(sorted.begin(), sorted.end());
    EXPECT_EQ(names, sorted);
  }
}

TEST_F(JournalTest, ATokenOfAnotherListIsRefused) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(journal_->Execute(AddAgency(absl::StrCat(i), "Elm")).ok());
  ListQuery query{.collection = "agencies", .page_size = 1};
  query.page_token = journal_->List<intake::v1::Agency>(query)->next_page_token;
  ASSERT_THAT(query.page_token, Not(IsEmpty()));
  query.descending = true;
  EXPECT_EQ(journal_->List<intake::v1::Agency>(query).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(JournalTest, AFilterAndAConditionBothHold) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm", "UT")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Oak", "UT")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("c", "Ash", "NV")).ok());
  const absl::flat_hash_map<std::string, store::FilterField> fields = {
      {"state", {store::FilterType::kText, "state", {}}}};
  const auto page = journal_->List<intake::v1::Agency>(
      {.collection = "agencies",
       .filter = "state = UT",
       .filter_fields = &fields,
       .condition = {"name <> :p1", {std::string("agencies/a")}}});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->items, SizeIs(1));
  EXPECT_EQ(page->items[0].name(), "agencies/b");
}

TEST_F(JournalTest, WhatACallerSeesMayChangeBetweenTwoPages) {
  for (const char* id : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(journal_->Execute(AddAgency(id, "Elm", "UT")).ok());
  }
  const absl::flat_hash_map<std::string, store::FilterField> fields = {
      {"state", {store::FilterType::kText, "state", {}}}};
  ListQuery query{.collection = "agencies",
                  .filter = "state = UT",
                  .filter_fields = &fields,
                  .condition = {"name <> :p1", {std::string("agencies/d")}},
                  .visible = {"name <> :p2", {std::string("agencies/a")}},
                  .page_size = 1};
  const auto first = journal_->List<intake::v1::Agency>(query);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->items[0].name(), "agencies/b");
  query.page_token = first->next_page_token;
  query.visible = {"name <> :p2 AND name <> :p3",
                   {std::string("agencies/a"), std::string("agencies/b")}};
  const auto second = journal_->List<intake::v1::Agency>(query);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_THAT(second->items, SizeIs(1));
  EXPECT_EQ(second->items[0].name(), "agencies/c");
  EXPECT_THAT(second->next_page_token, IsEmpty());
}

TEST_F(JournalTest, EventsAreReadFromAPositionOnAndByTypeAndSubject) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Oak")).ok());
  EXPECT_THAT(*journal_->ReadEvents(2, 10), SizeIs(2));
  EXPECT_THAT(*journal_->ReadEvents(1, 2), SizeIs(2));
  EXPECT_THAT(*journal_->ReadEvents(4, 10), IsEmpty());
  EXPECT_THAT(*journal_->ReadEvents(1, 10, {"critac.intake.v1.RequestCreated", "x"}), SizeIs(1));
  const auto of_b = journal_->ReadEvents(1, 10, {}, "agencies/b");
  ASSERT_THAT(*of_b, SizeIs(1));
  EXPECT_EQ(of_b->front().sequence(), 3);
}

TEST_F(JournalTest, AWaiterWakesWhenTheHeadMovesOrTheTimeIsUp) {
  EXPECT_EQ(journal_->AwaitBeyond(0, absl::ZeroDuration()), 0);
  std::thread writer([&] { ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok()); });
  EXPECT_EQ(journal_->AwaitBeyond(0, absl::InfiniteDuration()), 1);
  writer.join();
}

TEST_F(JournalTest, AListenerHearsEveryCommittedEventInOrder) {
  absl::Mutex mutex;
  std::vector<int64_t> heard;
  journal_->AddListener([&](absl::Span<const CommittedEvent> events) {
    absl::MutexLock lock(&mutex);
    for (const CommittedEvent& one : events) {
      heard.push_back(one.event.sequence());
      EXPECT_EQ(ToJsonText(*one.payload), one.event.payload());
    }
  });
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(journal_->Execute(AddAgency(absl::StrCat(i), "Elm")).ok());
  journal_->Stop();
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(heard, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(JournalTest, AListenerGetsTheTraceOfTheCommandWithEachEvent) {
  absl::Mutex mutex;
  std::vector<std::string> traces;
  journal_->AddListener([&](absl::Span<const CommittedEvent> events) {
    absl::MutexLock lock(&mutex);
    for (const CommittedEvent& one : events) traces.push_back(one.trace);
  });
  for (const char* trace : {"00-1", "", "00-2"}) {
    Command command = AddAgency(absl::StrCat("a", trace), "Elm");
    command.trace = trace;
    ASSERT_TRUE(journal_->Execute(std::move(command)).ok());
  }
  journal_->Stop();
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(traces, ElementsAre("00-1", "", "00-2"));
}

TEST_F(JournalTest, AStoppedJournalAnswersWhatWaitsAndRefusesWhatComes) {
  std::atomic<int> answered = 0;
  for (int i = 0; i < 100; ++i) {
    journal_->Submit(AddAgency(absl::StrCat(i), "Elm"), [&](absl::StatusOr<Answer> answer) {
      EXPECT_TRUE(answer.ok()) << answer.status();
      ++answered;
    });
  }
  journal_->Stop();
  EXPECT_EQ(answered, 100);
  const auto refused = journal_->Execute(AddAgency("late", "Elm"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused.status()), "STOPPING");
}

// Three come while the loop is held in a first one, so that they would be one batch.
TEST_F(JournalTest, ACommandThatIsAloneReadsTheRecordsThatItDecidesOn) {
  absl::Notification entered, go_on;
  Command first = AddAgency("a", "Elm Grove Police");
  first.decide = [&, decide = std::move(first.decide)](Draft& draft) mutable {
    entered.Notify();
    go_on.WaitForNotification();
    return decide(draft);
  };
  Command alone = AddAgency("c", "Oak Hollow Police");
  alone.alone = true;
  alone.decide = [&, decide = std::move(alone.decide)](Draft& draft) mutable {
    const auto before = journal_->Get<intake::v1::Agency>("agencies/b");
    EXPECT_TRUE(before.ok()) << before.status();
    const auto after = journal_->Get<intake::v1::Agency>("agencies/d");
    EXPECT_TRUE(absl::IsNotFound(after.status())) << after.status();
    const auto head = journal_->Head();
    EXPECT_TRUE(head.ok()) << head.status();
    if (head.ok()) EXPECT_EQ(head->sequence, draft.sequence());
    return decide(draft);
  };
  absl::BlockingCounter answers(4);
  const auto done = [&](absl::StatusOr<Answer> answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    answers.DecrementCount();
  };
  journal_->Submit(std::move(first), done);
  entered.WaitForNotification();
  journal_->Submit(AddAgency("b", "Ash Falls Police"), done);
  journal_->Submit(std::move(alone), done);
  journal_->Submit(AddAgency("d", "Fir Lake Police"), done);
  go_on.Notify();
  answers.Wait();
  const auto events = journal_->ReadEvents(1, 10);
  ASSERT_TRUE(events.ok()) << events.status();
  std::vector<std::string> subjects;
  for (const Event& event : *events) subjects.push_back(event.subject());
  EXPECT_THAT(subjects, ElementsAre("agencies/a", "agencies/b", "agencies/c", "agencies/d"));
}

TEST_F(JournalTest, ACommandThatIsAloneIsRefusedAndRepeatedAsAnyOther) {
  int decided = 0;
  const auto alone = [&](absl::Status verdict) {
    Command command = AddAgency("a", "Elm Grove Police");
    command.alone = true;
    command.decide = [&decided, verdict,
                      decide = std::move(command.decide)](Draft& draft) mutable -> absl::Status {
      ++decided;
      return verdict.ok() ? decide(draft) : verdict;
    };
    return command;
  };
  const absl::Status refused = journal_->Execute(alone(absl::AbortedError("not now"))).status();
  EXPECT_TRUE(absl::IsAborted(refused)) << refused;
  EXPECT_EQ(journal_->Head()->sequence, 0);
  ASSERT_TRUE(journal_->Execute(alone(absl::OkStatus())).ok());
  const auto again = journal_->Execute(alone(absl::OkStatus()));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(decided, 2);
  EXPECT_EQ(journal_->Head()->sequence, 1);
}

TEST_F(JournalTest, PastTheLimitOfWaitingCommandsCallersAreToldToComeBack) {
  // The loop is held in its first command while others pile up behind it.
  absl::Mutex mutex;
  bool entered = false, go_on = false;
  Command first;
  first.actor = "coordinator:dana";
  first.decide = [&](Draft&) -> absl::Status {
    absl::MutexLock lock(&mutex);
    entered = true;
    mutex.Await(absl::Condition(&go_on));
    return absl::OkStatus();
  };
  std::atomic<int> done = 0, refused = 0;
  const auto count = [&](absl::StatusOr<Answer> answer) {
    if (!answer.ok()) {
      EXPECT_EQ(answer.status().code(), absl::StatusCode::kResourceExhausted);
      EXPECT_GT(RetryInfoOf(answer.status()).retry_delay().nanos(), 0);
      ++refused;
    }
    ++done;
  };
  journal_->Submit(std::move(first), count);
  {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&entered));
  }
  const auto nothing = [] {
    Command command;
    command.actor = "coordinator:dana";
    command.decide = [](Draft&) { return absl::OkStatus(); };
    return command;
  };
  for (int i = 0; i < limits::kWaitingCommands; ++i) journal_->Submit(nothing(), count);
  EXPECT_EQ(refused, 0);
  journal_->Submit(nothing(), count);
  EXPECT_EQ(refused, 1);
  {
    absl::MutexLock lock(&mutex);
    go_on = true;
  }
  journal_->Stop();
  EXPECT_EQ(done, limits::kWaitingCommands + 2);
}

TEST_F(JournalTest, AllStatesOfSomeCollectionsAreReadAtOnePosition) {
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Oak")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  std::vector<std::string> read;
  const auto position = journal_->ReadAll(
      {"requests", "agencies"}, true, [&](const std::string& collection, const auto& state) {
        if (collection == "agencies")
          read.push_back(static_cast<const intake::v1::Agency&>(state).display_name());
        if (collection == "requests")
          read.push_back(static_cast<const intake::v1::Request&>(state).title());
      });
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(position->sequence, 3);
  EXPECT_EQ(position->hash, journal_->Head()->hash);
  EXPECT_THAT(read, ElementsAre("Help", "Elm", "Oak"));
  const auto references =
      journal_->ReadAll({"requests"}, false, [&](const std::string&, const auto& state) {
        EXPECT_TRUE(IsVaultReference(static_cast<const intake::v1::Request&>(state).title()));
      });
  EXPECT_TRUE(references.ok());
}

TEST_F(JournalTest, OfACollectionOnlyTheStatesAreReadThatMeetTheCondition) {
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Oak")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  std::vector<std::string> read;
  const auto position = journal_->ReadSelected(
      {{"agencies", {"name > :p1", {std::string("agencies/a")}}}, {"requests"}}, true,
      [&](const std::string& collection, const auto& state) {
        read.push_back(collection == "agencies"
                           ? static_cast<const intake::v1::Agency&>(state).display_name()
                           : static_cast<const intake::v1::Request&>(state).title());
      });
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(position->sequence, 3);
  EXPECT_THAT(read, ElementsAre("Oak", "Help"));
}

// Keeps what agencies are called and requests are titled, and notes what it is told.
class NotingKeeper final : public StateKeeper {
 public:
  void StartOver() override {
    kept.clear();
    told_.push_back("start over");
  }
  void Keep(const std::string& collection, const std::string& name,
            const google::protobuf::Message& state) override {
    kept[name] = collection == "agencies"
                     ? static_cast<const intake::v1::Agency&>(state).display_name()
                     : static_cast<const intake::v1::Request&>(state).title();
    told_.push_back("keep " + name);
  }
  void Drop(const std::string&, const std::string& name) override {
    kept.erase(name);
    told_.push_back("drop " + name);
  }

  std::vector<std::string> TakeTold() { return std::exchange(told_, {}); }
  std::map<std::string, std::string> kept;

 private:
  std::vector<std::string> told_;
};

// Somebody keeps the agencies of Utah, and all requests.
class ChangedStates : public JournalTest {
 protected:
  void Do(const std::function<void(Draft&)>& work) {
    Command command;
    command.actor = "coordinator:dana";
    command.decide = [&](Draft& draft) -> absl::Status {
      work(draft);
      return absl::OkStatus();
    };
    const auto answer = journal_->Execute(std::move(command));
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  // Adds an agency, or puts another one in its place.
  static void Put(Draft& draft, const std::string& name, const std::string& state) {
    intake::v1::AgencyCreated created;
    created.mutable_agency()->set_display_name(state + " agency");
    created.mutable_agency()->set_state(state);
    draft.Emit(name, created);
  }
  void Put(const std::string& name, const std::string& state) {
    Do([&](Draft& draft) { Put(draft, name, state); });
  }
  // An agency without a name is erased.
  void Rename(const std::string& name, const std::string& display_name) {
    Do([&](Draft& draft) {
      intake::v1::AgencyUpdated updated;
      updated.mutable_agency()->set_display_name(display_name);
      draft.Emit(name, updated);
    });
  }

  // Reads on, and returns what was told.
  std::vector<std::string> ReadOn() {
    const auto mark = journal_->ReadChanged(
        mark_, {{"agencies", {"state = :p1", {std::string("UT")}}}, {"requests"}}, true, keeper_);
    EXPECT_TRUE(mark.ok()) << mark.status();
    if (!mark.ok()) return {};
    mark_ = *mark;
    EXPECT_EQ(mark_.sequence, journal_->Head()->sequence);
    EXPECT_EQ(mark_.hash, journal_->Head()->hash);
    return keeper_.TakeTold();
  }
  // One who begins now keeps the same.
  void ExpectAllKept() {
    NotingKeeper beginner;
    const auto mark = journal_->ReadChanged(
        Mark(), {{"agencies", {"state = :p1", {std::string("UT")}}}, {"requests"}}, true, beginner);
    ASSERT_TRUE(mark.ok()) << mark.status();
    EXPECT_EQ(*mark, mark_);
    EXPECT_EQ(keeper_.kept, beginner.kept);
  }

  NotingKeeper keeper_;
  Mark mark_;
};

TEST_F(ChangedStates, AreToldToWhoHasReadTheOthers) {
  EXPECT_THAT(ReadOn(), ElementsAre("start over"));
  Put("agencies/a", "UT");
  Put("agencies/b", "UT");
  Put("agencies/c", "NV");
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  ReadOn();
  EXPECT_THAT(keeper_.kept,
              ElementsAre(Pair("agencies/a", "UT agency"), Pair("agencies/b", "UT agency"),
                          Pair("requests/1", "Help")));
  EXPECT_THAT(ReadOn(), IsEmpty()) << "nothing changed";
  Rename("agencies/a", "Elm");
  EXPECT_THAT(ReadOn(), ElementsAre("keep agencies/a"));
  ASSERT_TRUE(journal_->Execute(AddRequest("2", "More help")).ok());
  EXPECT_THAT(ReadOn(), ElementsAre("keep requests/2"));
  EXPECT_EQ(keeper_.kept["requests/2"], "More help");
  Put("agencies/b", "NV");
  EXPECT_THAT(ReadOn(), ElementsAre("drop agencies/b")) << "does not meet the condition any more";
  Put("agencies/c", "UT");
  EXPECT_THAT(ReadOn(), ElementsAre("keep agencies/c")) << "meets the condition from now on";
  Put("agencies/d", "NV");
  EXPECT_THAT(ReadOn(), ElementsAre("drop agencies/d")) << "was never kept";
  for (const char* display_name : {"Oak", "Ash"}) Rename("agencies/c", display_name);
  EXPECT_THAT(ReadOn(), ElementsAre("keep agencies/c")) << "once, however often it changed";
  Rename("agencies/a", "");
  EXPECT_THAT(ReadOn(), ElementsAre("drop agencies/a"));
  EXPECT_THAT(keeper_.kept, ElementsAre(Pair("agencies/c", "Ash"), Pair("requests/1", "Help"),
                                        Pair("requests/2", "More help")));
  ExpectAllKept();
}

TEST_F(ChangedStates, MayBeMoreThanOneQueryTakes) {
  constexpr int kCount = 300;
  ReadOn();
  Do([](Draft& draft) {
    for (int i = 0; i < kCount; ++i) {
      Put(draft, absl::StrFormat("agencies/%03d", i), i % 3 == 0 ? "NV" : "UT");
    }
  });
  EXPECT_THAT(ReadOn(), SizeIs(kCount));
  EXPECT_THAT(keeper_.kept, SizeIs(kCount * 2 / 3));
  Do([](Draft& draft) {
    for (int i = 0; i < kCount; ++i) {
      Put(draft, absl::StrFormat("agencies/%03d", i), i % 3 == 1 ? "NV" : "UT");
    }
  });
  EXPECT_THAT(ReadOn(), SizeIs(kCount));
  ExpectAllKept();
}

TEST_F(ChangedStates, AreAllAfterAPurge) {
  Put("agencies/a", "UT");
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  ReadOn();
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field = 'request.title'").ok());
  EXPECT_THAT(ReadOn(), ElementsAre("start over", "keep agencies/a", "keep requests/1"));
  EXPECT_EQ(keeper_.kept["requests/1"], "");
  Rename("agencies/a", "Elm");
  EXPECT_THAT(ReadOn(), ElementsAre("keep agencies/a"));
}

TEST_F(ChangedStates, AreAllAfterTheStatesWereBuiltAnew) {
  Put("agencies/a", "UT");
  ReadOn();
  ASSERT_TRUE(Sql("UPDATE agency SET state = 'NV'").ok());
  EXPECT_THAT(ReadOn(), IsEmpty()) << "no change of the journal's";
  ASSERT_TRUE(journal_->Rebuild().ok());
  EXPECT_THAT(ReadOn(), ElementsAre("start over", "keep agencies/a"));
  ExpectAllKept();
}

TEST_F(ChangedStates, AreAllWhereAStepIsNotKnown) {
  Put("agencies/a", "UT");
  Put("agencies/b", "UT");
  ReadOn();
  Rename("agencies/a", "Elm");
  Rename("agencies/b", "Oak");
  ASSERT_TRUE(Sql("DELETE FROM journal_change WHERE sequence = 3").ok());
  EXPECT_THAT(ReadOn(), ElementsAre("start over", "keep agencies/a", "keep agencies/b"));
  Rename("agencies/b", "Ash");
  EXPECT_THAT(ReadOn(), ElementsAre("keep agencies/b"));
}

// As after a fail-over to a standby that did not have the last event yet.
TEST_F(ChangedStates, AreAllToWhoHasReadAnEventThatWasLost) {
  Put("agencies/a", "UT");
  ReadOn();
  mark_.hash = Sha256Hex("another event");
  EXPECT_THAT(ReadOn(), ElementsAre("start over", "keep agencies/a"));
  mark_.sequence += 1;
  EXPECT_THAT(ReadOn(), ElementsAre("start over", "keep agencies/a"));
}

TEST_F(JournalTest, AllStatesAreReadAsTheyWereAfterAnyEvent) {
  ASSERT_TRUE(journal_->Execute(AddAgency("b", "Oak")).ok());
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Help")).ok());
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  ASSERT_TRUE(journal_->Execute(RenameAgency("b", "Birch")).ok());
  std::map<int64_t, std::vector<std::string>> read;
  const auto as_of = [&](const std::vector<int64_t>& sequences) {
    return journal_->ReadAllAsOf(
        sequences, {"requests", "agencies"}, true,
        [&](int64_t sequence, const std::string& collection, const auto& state) {
          read[sequence].push_back(
              collection == "agencies"
                  ? static_cast<const intake::v1::Agency&>(state).display_name()
                  : static_cast<const intake::v1::Request&>(state).title());
        },
        AlwaysWanted);
  };
  ASSERT_TRUE(as_of({0, 1, 3, 4}).ok());
  EXPECT_THAT(read,
              ElementsAre(Pair(1, ElementsAre("Oak")), Pair(3, ElementsAre("Help", "Elm", "Oak")),
                          Pair(4, ElementsAre("Help", "Elm", "Birch"))));
  EXPECT_EQ(as_of({5}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(as_of({2, 2}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(as_of({-1}).code(), absl::StatusCode::kInvalidArgument);
}

// Renames an agency so often that a look at the past is told of, or asked about, more than once.
Command RenameManyTimes() {
  Command rename;
  rename.actor = "coordinator:dana";
  rename.decide = [](Draft& draft) -> absl::Status {
    for (int64_t i = 0; i < 2 * kProgressEvents; ++i) {
      intake::v1::AgencyUpdated updated;
      updated.mutable_agency()->set_display_name("Birch");
      draft.Emit("agencies/a", updated);
    }
    return absl::OkStatus();
  };
  return rename;
}

// A table of how long an event takes, and what is told.
TEST_F(JournalTest, ADerivationSaysThatItBeginsHowFarItIsAndThatItEnded) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  ASSERT_TRUE(journal_->Execute(RenameManyTimes()).ok());
  absl::Duration step;
  std::vector<std::string> told;
  JournalOptions options = LedgerOptions();
  options.apply = [this, &step](MutableStates& states, const Event& event,
                                const google::protobuf::Message& payload) {
    clock_.Advance(step);
    ApplyLedger(states, event, payload);
  };
  options.derivation_observer = [&told](const DerivationRecord& record) {
    constexpr const char* kStages[] = {"begins", "goes on", "ended"};
    told.push_back(absl::StrCat(record.journal, " ", kStages[static_cast<int>(record.stage)], " ",
                                record.events, " of ", record.all_events, ", ",
                                absl::FormatDuration(record.elapsed)));
    EXPECT_TRUE(record.status.ok()) << record.status;
  };
  OpenWith(std::move(options));
  EXPECT_THAT(told, IsEmpty()) << "the records are as they should be";
  const struct {
    int milliseconds;
    std::vector<std::string> lines;
  } cases[] = {{10, {"ledger begins 0 of 513, 0", "ledger ended 513 of 513, 5.13s"}},
               {20,
                {"ledger begins 0 of 513, 0", "ledger goes on 512 of 513, 10.24s",
                 "ledger ended 513 of 513, 10.26s"}},
               {100,
                {"ledger begins 0 of 513, 0", "ledger goes on 256 of 513, 25.6s",
                 "ledger goes on 512 of 513, 51.2s", "ledger ended 513 of 513, 51.3s"}}};
  for (const auto& example : cases) {
    SCOPED_TRACE(example.milliseconds);
    step = absl::Milliseconds(example.milliseconds);
    told.clear();
    ASSERT_TRUE(journal_->Rebuild().ok());
    EXPECT_EQ(told, example.lines);
  }
}

TEST_F(JournalTest, ADerivationThatFailsSaysWhy) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  std::vector<DerivationRecord> told;
  JournalOptions options = LedgerOptions();
  options.derivation_observer = [&told](const DerivationRecord& record) { told.push_back(record); };
  OpenWith(std::move(options));
  ASSERT_TRUE(Sql("UPDATE journal_event SET type = 'critac.intake.v1.Unknown'").ok());
  const absl::Status failed = journal_->Rebuild();
  EXPECT_THAT(std::string(failed.message()), HasSubstr("critac.intake.v1.Unknown"));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].stage, DerivationRecord::Stage::kEnded);
  EXPECT_EQ(told[1].events, 0);
  EXPECT_EQ(told[1].status.message(), failed.message());
}

TEST_F(JournalTest, ThePastIsReadOnlyForAsLongAsItIsWanted) {
  ASSERT_TRUE(journal_->Execute(AddAgency("a", "Elm")).ok());
  ASSERT_TRUE(journal_->Execute(RenameManyTimes()).ok());
  const int64_t head = journal_->Head()->sequence;
  // How often it is asked whether it is wanted until it says no; 0: it never does. Whether anything was read.
  const auto asked_of = [&](int no_at, absl::StatusCode code) {
    int asked = 0;
    bool is_read = false;
    const absl::Status status = journal_->ReadAllAsOf(
        {head}, {"agencies"}, true,
        [&](int64_t, const std::string&, const auto&) { is_read = true; },
        [&] { return ++asked != no_at; });
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(is_read, status.ok());
    return asked;
  };
  EXPECT_EQ(asked_of(1, absl::StatusCode::kCancelled), 1) << "before it begins";
  EXPECT_EQ(asked_of(3, absl::StatusCode::kCancelled), 3) << "in the middle";
  EXPECT_EQ(asked_of(0, absl::StatusCode::kOk), 3);
}

TEST_F(JournalTest, AMissingResourceIsNotFoundByName) {
  const auto missing = journal_->Get<intake::v1::Agency>("agencies/none");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ResourceInfoOf(missing.status()).resource_name(), "agencies/none");
  EXPECT_EQ(ResourceInfoOf(missing.status()).resource_type(), "critac.intake.v1.Agency");
}

// Those that ask at once may be answered together: the same one, others, of other collections, and none.
TEST_F(JournalTest, ManyWhoGetAtOnceEachGetTheirOwn) {
  constexpr int kCallers = 24;
  constexpr int kAgencies = 7;
  for (int i = 0; i < kAgencies; ++i) {
    ASSERT_TRUE(journal_->Execute(AddAgency(absl::StrCat(i), absl::StrCat("Agency ", i))).ok());
  }
  ASSERT_TRUE(journal_->Execute(AddRequest("1", "Training")).ok());
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = caller; i < caller + 3 * kAgencies; ++i) {
        const std::string id = absl::StrCat(i % kAgencies);
        const auto agency = journal_->Get<intake::v1::Agency>("agencies/" + id);
        ASSERT_TRUE(agency.ok()) << agency.status();
        EXPECT_EQ(agency->display_name(), "Agency " + id);
        const auto none = journal_->Get<intake::v1::Agency>("agencies/none-" + id);
        EXPECT_EQ(ResourceInfoOf(none.status()).resource_name(), "agencies/none-" + id);
        const auto request = journal_->Get<intake::v1::Request>("requests/1");
        ASSERT_TRUE(request.ok()) << request.status();
        EXPECT_EQ(request->title(), "Training");
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(HashEvent, FollowsTheRecipe) {
  Event event;
  event.set_sequence(7);
  *event.mutable_record_time() = ToTimestamp(absl::FromUnixMicros(1'700'000'000'000'001));
  event.set_actor("coordinator:dana");
  event.set_subject("agencies/é");
  event.set_type("t");
  event.set_payload("{}");
  event.set_request_id("");
  EXPECT_EQ(
      HashEvent(event, "abc"),
      Sha256Hex("3:abc,1:7,16:1700000000000001,16:coordinator:dana,11:agencies/é,1:t,2:{},0:,"));
}

TEST(VaultReference, OnlyTheExactFormIsOne) {
  const std::string hash(43, 'a');
  EXPECT_EQ(VaultIdOf("vault:12.3:" + hash), (VaultId{12, 3}));
  for (const std::string& text :
       {std::string(""), std::string("vault:"), "vault:12.3:" + hash + "a",
        "vault:12.3:" + hash.substr(1), "vault:12:" + hash, "vault:.3:" + hash, "vault:12.:" + hash,
        "vault:1x.3:" + hash, "vault:1.2.3:" + hash, "Vault:12.3:" + hash, "vault:-1.3:" + hash,
        "vault:99999999999999999999.3:" + hash, "vault:12.3:" + hash.substr(1) + "!"}) {
    EXPECT_FALSE(IsVaultReference(text)) << text;
  }
}

TEST(EventTime, SurvivesTheMessageAlsoBefore1970) {
  for (const int64_t micros :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-1'000'001}, int64_t{1'700'000'000'999'999}}) {
    const absl::Time time = absl::FromUnixMicros(micros);
    EXPECT_EQ(FromTimestamp(ToTimestamp(time)), time);
    EXPECT_GE(ToTimestamp(time).nanos(), 0);
  }
}

}  // namespace
}  // namespace critac::journal
