// A journal taken out of one database and put into another. Runs on each kind of database.
#include "common/journal/transfer.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/limits.h"
#include "common/journal/testing_ledger.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/support/test_databases.h"

namespace critac::journal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using v1::BackupRecord;
using v1::JournalContent;

constexpr absl::Time kFirstEvent = absl::FromUnixSeconds(1'790'000'000);

// A connection that notes what comes of a table with each page, and what goes to it with each insert.
class NotingConnection final : public store::Connection {
 public:
  struct Part {
    int64_t rows = 0;
    // Of the longest text of each row.
    int64_t bytes = 0;
  };

  explicit NotingConnection(store::Connection& connection) : connection_(connection) {}

  std::vector<Part>& read(const std::string& table) { return read_[table]; }
  std::vector<Part>& written(const std::string& table) { return written_[table]; }

  absl::StatusOr<int64_t> Execute(absl::string_view sql,
                                  absl::Span<const store::Value> parameters) override {
    return connection_.Execute(sql, parameters);
  }
  absl::Status ExecuteLater(absl::string_view sql,
                            absl::Span<const store::Value> parameters) override {
    return connection_.ExecuteLater(sql, parameters);
  }
  absl::Status Query(absl::string_view sql, absl::Span<const store::Value> parameters,
                     absl::FunctionRef<absl::Status(const store::Row&)> each) override {
    return connection_.Query(sql, parameters, each);
  }
  absl::StatusOr<bool> QueryPage(const store::PageQuery& page,
                                 absl::Span<const store::Value> parameters,
                                 absl::FunctionRef<absl::Status(const store::Row&)> each) override {
    Part part;
    auto is_cut = connection_.QueryPage(page, parameters, [&](const store::Row& row) {
      ++part.rows;
      size_t longest = 0;
      for (size_t i = 0; i < row.size(); ++i) longest = std::max(longest, row.Text(i).size());
      part.bytes += static_cast<int64_t>(longest);
      return each(row);
    });
    if (part.rows > 0) read_[page.table].push_back(part);
    return is_cut;
  }
  absl::Status QueryForUpdate(absl::string_view sql, absl::Span<const store::Value> parameters,
                              absl::FunctionRef<absl::Status(const store::Row&)> each) override {
    return connection_.QueryForUpdate(sql, parameters, each);
  }
  absl::Status Announce() override { return connection_.Announce(); }
  absl::Status InsertRows(absl::string_view table, absl::Span<const std::string> columns,
                          absl::Span<const std::vector<store::Value>> rows,
                          store::OnConflict on_conflict,
                          absl::Span<const std::string> key) override {
    Part part;
    part.rows = static_cast<int64_t>(rows.size());
    for (const std::vector<store::Value>& row : rows) {
      size_t longest = 0;
      for (const store::Value& value : row) {
        const auto* text = std::get_if<std::string>(&value);
        if (const auto* elsewhere = std::get_if<const std::string*>(&value)) text = *elsewhere;
        if (text != nullptr) longest = std::max(longest, text->size());
      }
      part.bytes += static_cast<int64_t>(longest);
    }
    if (part.rows > 0) written_[std::string(table)].push_back(part);
    return connection_.InsertRows(table, columns, rows, on_conflict, key);
  }

 private:
  store::Connection& connection_;
  std::map<std::string, std::vector<Part>> read_;
  std::map<std::string, std::vector<Part>> written_;
};

class TransferTest : public ::testing::Test {
 protected:
  std::unique_ptr<store::Database> OpenDatabase(const std::string& name) {
    auto database = databases_.Open(name);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  std::unique_ptr<Journal> OpenJournal(const std::string& name) {
    auto journal = Journal::Open(LedgerOptions(), OpenDatabase(name), clock_, ids_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }

  // Gives commands to the source, a second apart.
  void Give(absl::Span<Command> commands) {
    const std::unique_ptr<Journal> source = OpenJournal("source");
    for (Command& command : commands) {
      const auto answer = source->Execute(std::move(command));
      ASSERT_TRUE(answer.ok()) << answer.status();
      clock_.Advance(absl::Seconds(1));
    }
  }
  template <typename... Commands>
  void GiveAll(Commands... commands) {
    Command all[] = {std::move(commands)...};
    Give(absl::MakeSpan(all));
  }

  std::vector<BackupRecord> RecordsOf(const std::string& name) {
    std::vector<BackupRecord> records;
    const absl::Status status =
        OpenDatabase(name)->Read([&](store::Connection& connection) -> absl::Status {
          return ReadRecords(connection, [&](const BackupRecord& record) {
            records.push_back(record);
            return absl::OkStatus();
          });
        });
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }

  static absl::StatusOr<RecordCheck> Check(const std::vector<BackupRecord>& records,
                                           absl::Time until = absl::InfiniteFuture()) {
    RecordCheck check("ledger", until);
    for (const BackupRecord& record : records) RETURN_IF_ERROR(check.Add(record));
    return check;
  }

  absl::Status CheckTaker(const std::string& name) {
    const std::unique_ptr<store::Database> database = OpenDatabase(name);
    return database->Read([&](store::Connection& connection) {
      return CheckTakesJournal(connection, database->backend(), LedgerOptions());
    });
  }

  absl::Status Load(const std::string& name, const std::vector<BackupRecord>& records,
                    const JournalContent& expected) {
    const std::unique_ptr<store::Database> database = OpenDatabase(name);
    RETURN_IF_ERROR(database->Migrate(AllMigrations(LedgerOptions(), database->backend())));
    return database->Write([&](store::Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(JournalLoader loader,
                       JournalLoader::Begin(connection, expected.head_sequence()));
      for (const BackupRecord& record : records) RETURN_IF_ERROR(loader.Add(record));
      return loader.Finish(LedgerOptions(), expected, database->backend());
    });
  }

  static std::vector<std::string> Texts(const std::vector<BackupRecord>& records) {
    std::vector<std::string> texts;
    for (const BackupRecord& record : records) texts.push_back(record.ShortDebugString());
    return texts;
  }

  void Sql(const std::string& name, const std::string& sql) {
    const absl::Status status = OpenDatabase(name)->Write(
        [&](store::Connection& connection) { return connection.Execute(sql).status(); });
    EXPECT_TRUE(status.ok()) << status;
  }

  testing::TestDatabases databases_;
  ManualClock clock_{kFirstEvent};
  RandomIdSource ids_;
};

TEST_F(TransferTest, AJournalComesOutAsItWentIn) {
  GiveAll(AddAgency("a", "Alpha"), AddRequest("r", "Training"), AddAgency("b", "Bravo"));
  const std::vector<BackupRecord> records = RecordsOf("source");
  const auto check = Check(records);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->whole().head_sequence(), 3);
  EXPECT_GT(check->whole().vault_text_count(), 0);
  EXPECT_EQ(check->whole().answer_count(), 3);
  ASSERT_TRUE(CheckTaker("target").ok());
  const absl::Status loaded = Load("target", records, check->whole());
  ASSERT_TRUE(loaded.ok()) << loaded;

  EXPECT_THAT(Texts(RecordsOf("target")), ElementsAreArray(Texts(records)));
  const std::unique_ptr<Journal> source = OpenJournal("source");
  const std::unique_ptr<Journal> target = OpenJournal("target");
  EXPECT_EQ(target->Head()->hash, source->Head()->hash);
  EXPECT_EQ(target->VerifyChain()->problem, "");
  for (const char* name : {"agencies/a", "agencies/b"}) {
    const auto there = target->Get<intake::v1::Agency>(name);
    ASSERT_TRUE(there.ok()) << there.status();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
        *there, *source->Get<intake::v1::Agency>(name)));
  }
  EXPECT_EQ(target->Get<intake::v1::Request>("requests/r")->contacts(0).email(),
            "robin@example.org");
  // What was answered before is answered alike, and the journal goes on.
  EXPECT_TRUE(target->Execute(AddAgency("a", "Alpha"))->replayed);
  ASSERT_TRUE(target->Execute(AddAgency("c", "Charlie")).ok());
  EXPECT_EQ(target->Head()->sequence, 4);
  EXPECT_EQ(target->VerifyChain()->problem, "");
}

// One page of rows, one batch of writes, and one more of each.
TEST_F(TransferTest, ALongJournalComesWhole) {
  std::vector<Command> commands;
  for (int i = 0; i < 1003; ++i) commands.push_back(AddAgency(absl::StrCat(i), "Agency"));
  Give(absl::MakeSpan(commands));
  const std::vector<BackupRecord> records = RecordsOf("source");
  ASSERT_EQ(records.size(), 2006u);
  const auto check = Check(records);
  ASSERT_TRUE(check.ok()) << check.status();
  const absl::Status loaded = Load("target", records, check->whole());
  ASSERT_TRUE(loaded.ok()) << loaded;
  EXPECT_THAT(Texts(RecordsOf("target")), ElementsAreArray(Texts(records)));
}

// Memory holds a page of them, or one that is larger, however many there are: where they are read and checked, and
// where they are written.
TEST_F(TransferTest, LargeRecordsComeWholeAFewMegabytesAtATime) {
  const int64_t page = limits::kJournalPageBytes;
  const int64_t sizes[] = {100, page - 200, 100, page / 2, page / 2, 100, page + 1, 100};
  const auto is_bounded = [&](const NotingConnection::Part& part) {
    return part.rows == 1 || part.bytes <= page;
  };
  std::vector<Command> commands;
  for (const int64_t size : sizes) {
    commands.push_back(AddAgency(absl::StrCat(commands.size()), NameForPayload(size)));
  }
  Give(absl::MakeSpan(commands));

  std::vector<BackupRecord> records;
  const absl::Status read =
      OpenDatabase("source")->Read([&](store::Connection& connection) -> absl::Status {
        NotingConnection noting(connection);
        RETURN_IF_ERROR(ReadRecords(noting, [&](const BackupRecord& record) {
          records.push_back(record);
          return absl::OkStatus();
        }));
        std::vector<int64_t> events;
        for (const auto& part : noting.read("journal_event")) events.push_back(part.rows);
        EXPECT_THAT(events, ::testing::ElementsAre(3, 2, 1, 1, 1));
        EXPECT_TRUE(absl::c_all_of(noting.read("journal_event"), is_bounded));
        EXPECT_GT(noting.read("journal_answer").size(), 3u);
        EXPECT_TRUE(absl::c_all_of(noting.read("journal_answer"), is_bounded));
        noting.read("journal_event").clear();
        const auto verified = VerifyEvents(noting);
        EXPECT_TRUE(verified.ok() && verified->problem.empty()) << verified.status();
        EXPECT_EQ(noting.read("journal_event").size(), events.size());
        return absl::OkStatus();
      });
  ASSERT_TRUE(read.ok()) << read;
  // Each comes once and in order, or the chain would break.
  ASSERT_EQ(records.size(), 2 * std::size(sizes));
  const auto check = Check(records);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->whole().head_sequence(), static_cast<int64_t>(std::size(sizes)));

  const std::unique_ptr<store::Database> target = OpenDatabase("target");
  ASSERT_TRUE(target->Migrate(AllMigrations(LedgerOptions(), target->backend())).ok());
  const absl::Status loaded = target->Write([&](store::Connection& connection) -> absl::Status {
    NotingConnection noting(connection);
    ASSIGN_OR_RETURN(JournalLoader loader,
                     JournalLoader::Begin(noting, check->whole().head_sequence()));
    for (const BackupRecord& record : records) RETURN_IF_ERROR(loader.Add(record));
    RETURN_IF_ERROR(loader.Finish(LedgerOptions(), check->whole(), target->backend()));
    for (const char* table : {"journal_event", "journal_answer", "agency"}) {
      EXPECT_GT(noting.written(table).size(), 3u) << table;
      // One that passes the bound goes with what waited.
      for (const auto& part : noting.written(table)) EXPECT_LT(part.bytes, 2 * page + 1000);
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(loaded.ok()) << loaded;
  const std::vector<BackupRecord> again = RecordsOf("target");
  ASSERT_EQ(again.size(), records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(again[i], records[i])) << i;
  }
}

TEST_F(TransferTest, AnEmptyJournalIsOneToo) {
  Give({});
  const auto check = Check(RecordsOf("source"));
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->whole().head_sequence(), 0);
  const absl::Status loaded = Load("target", {}, check->whole());
  EXPECT_TRUE(loaded.ok()) << loaded;
}

TEST_F(TransferTest, APurgedTextStaysPurged) {
  GiveAll(AddRequest("r", "Training"), AddRequest("s", "Another"));
  Sql("source", "DELETE FROM journal_vault WHERE sequence = 1");
  const std::vector<BackupRecord> records = RecordsOf("source");
  const auto check = Check(records);
  ASSERT_TRUE(check.ok()) << check.status();
  const absl::Status loaded = Load("target", records, check->whole());
  ASSERT_TRUE(loaded.ok()) << loaded;
  const std::unique_ptr<Journal> target = OpenJournal("target");
  EXPECT_EQ(target->Get<intake::v1::Request>("requests/r")->contacts(0).email(), "");
  EXPECT_EQ(target->Get<intake::v1::Request>("requests/s")->contacts(0).email(),
            "robin@example.org");
  EXPECT_EQ(target->VerifyChain()->problem, "");
}

TEST_F(TransferTest, ACutIsExactlyBetweenTwoEvents) {
  GiveAll(AddAgency("a", "Alpha"), AddRequest("r", "Training"), AddRequest("s", "Another"));
  const std::vector<BackupRecord> records = RecordsOf("source");
  const struct {
    absl::Time until;
    int64_t events;
  } cuts[] = {{kFirstEvent - absl::Microseconds(1), 0},
              {kFirstEvent, 1},
              {kFirstEvent + absl::Seconds(1) - absl::Microseconds(1), 1},
              {kFirstEvent + absl::Seconds(1), 2},
              {kFirstEvent + absl::Seconds(2) - absl::Microseconds(1), 2},
              {kFirstEvent + absl::Seconds(2), 3},
              {absl::InfiniteFuture(), 3}};
  int number = 0;
  for (const auto& cut : cuts) {
    SCOPED_TRACE(absl::StrCat(number));
    const auto check = Check(records, cut.until);
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_EQ(check->until().head_sequence(), cut.events);
    EXPECT_EQ(check->until().answer_count(), cut.events);
    EXPECT_EQ(check->whole().head_sequence(), 3);
    const std::string name = absl::StrCat("target", ++number);
    const absl::Status loaded = Load(name, records, check->until());
    ASSERT_TRUE(loaded.ok()) << loaded;
    const std::unique_ptr<Journal> target = OpenJournal(name);
    EXPECT_EQ(target->Head()->sequence, cut.events);
    EXPECT_EQ(target->Get<intake::v1::Agency>("agencies/a").ok(), cut.events >= 1);
    EXPECT_EQ(target->Get<intake::v1::Request>("requests/r").ok(), cut.events >= 2);
    EXPECT_EQ(target->Get<intake::v1::Request>("requests/s").ok(), cut.events >= 3);
    // What is missing is done anew under the same request id.
    const auto again = target->Execute(AddRequest("s", "Another"));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->replayed, cut.events >= 3);
  }
}

TEST_F(TransferTest, RecordsThatDoNotFitAreRefused) {
  GiveAll(AddAgency("a", "Alpha"), AddRequest("r", "Training"), AddAgency("b", "Bravo"));
  const std::vector<BackupRecord> whole = RecordsOf("source");
  const struct {
    std::string says;
    std::function<void(std::vector<BackupRecord>&)> change;
  } cases[] = {
      {"event 2: its hash", [](auto& r) { r[1].mutable_event()->mutable_payload()->append(" "); }},
      {"event 2: its hash", [](auto& r) { r[1].mutable_event()->set_actor("auditor:ines"); }},
      {"event 3: event 3 follows event 1", [](auto& r) { r.erase(r.begin() + 1); }},
      {"event 2: event 2 follows event 2", [](auto& r) { r.insert(r.begin() + 1, r[1]); }},
      {"not in order", [](auto& r) { r.push_back(r[0]); }},
      {"event 9, which is not there", [](auto& r) { r.back().mutable_answer()->set_sequence(9); }},
      {"says nothing", [](auto& r) { r.push_back({}); }},
  };
  for (const auto& wrong : cases) {
    SCOPED_TRACE(wrong.says);
    std::vector<BackupRecord> records = whole;
    wrong.change(records);
    const auto check = Check(records);
    EXPECT_EQ(check.status().code(), absl::StatusCode::kDataLoss) << check.status();
    EXPECT_THAT(std::string(check.status().message()), HasSubstr(wrong.says));
  }
}

TEST_F(TransferTest, WhatIsNotAsExpectedLeavesNothingBehind) {
  GiveAll(AddAgency("a", "Alpha"), AddRequest("r", "Training"));
  std::vector<BackupRecord> records = RecordsOf("source");
  const JournalContent whole = Check(records)->whole();
  // The last answer is missing; then an event is another.
  records.pop_back();
  EXPECT_EQ(Load("target", records, whole).code(), absl::StatusCode::kDataLoss);
  records = RecordsOf("source");
  records[1].mutable_event()->set_actor("auditor:ines");
  EXPECT_EQ(Load("target", records, whole).code(), absl::StatusCode::kDataLoss);
  const absl::Status taker = CheckTaker("target");
  EXPECT_TRUE(taker.ok()) << taker;
  EXPECT_TRUE(RecordsOf("target").empty());
}

TEST_F(TransferTest, ADatabaseThatIsNotEmptyIsRefusedAndWhatIsThereNamed) {
  GiveAll(AddAgency("a", "Alpha"));
  const absl::Status journal = CheckTaker("source");
  EXPECT_EQ(ReasonOf(journal), "DATABASE_NOT_EMPTY");
  EXPECT_THAT(std::string(journal.message()), HasSubstr("a journal of 1 events up to 2026-"));

  Sql("rows", "CREATE TABLE other (x BIGINT)");
  EXPECT_TRUE(CheckTaker("rows").ok());
  Sql("rows", "INSERT INTO other (x) VALUES (1)");
  EXPECT_THAT(std::string(CheckTaker("rows").message()), HasSubstr("rows in other"));

  ASSERT_TRUE(OpenDatabase("others")->Migrate({{1, "matching", "CREATE TABLE m (x BIGINT)"}}).ok());
  EXPECT_THAT(std::string(CheckTaker("others").message()), HasSubstr("the tables of matching"));

  // Also where somebody wrote after it was looked at.
  EXPECT_EQ(ReasonOf(Load("source", {}, {})), "DATABASE_NOT_EMPTY");
}

TEST_F(TransferTest, ADatabaseWithoutAJournalIsNamed) {
  Sql("foreign", "CREATE TABLE other (x BIGINT)");
  const std::unique_ptr<store::Database> database = OpenDatabase("foreign");
  const absl::Status status = database->Read([&](store::Connection& connection) {
    return ReadContent(connection, database->backend(), "ledger").status();
  });
  EXPECT_EQ(ReasonOf(status), "NO_JOURNAL");
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("journal_event is missing"), HasSubstr("other")));
}

TEST_F(TransferTest, ProjectionsAreDerivedAnewInAJournalThatIsNotOpen) {
  GiveAll(AddAgency("a", "Alpha"), AddAgency("b", "Bravo"));
  Sql("source", "UPDATE agency SET state = 'XX', body = '{}'");
  Sql("source", "DELETE FROM agency WHERE name = 'agencies/b'");
  const auto head = RebuildProjections(*OpenDatabase("source"), LedgerOptions());
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->sequence, 2);
  const std::unique_ptr<Journal> journal = OpenJournal("source");
  EXPECT_EQ(journal->Get<intake::v1::Agency>("agencies/a")->display_name(), "Alpha");
  EXPECT_EQ(journal->Get<intake::v1::Agency>("agencies/b")->display_name(), "Bravo");
  EXPECT_EQ(journal->Head()->hash, head->hash);
}

}  // namespace
}  // namespace critac::journal
