// Records derived anew from the events with few of them in memory: the same as with all. Runs on each kind of database.
#include "common/journal/derivation.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/replay.h"
#include "common/journal/testing_ledger.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/test_databases.h"

namespace critac::journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kDerivedAgencies = 40;
// Of the display name of one agency: more than the smaller bounds.
constexpr int kHugeBytes = 100'000;

class DerivationTest : public ::testing::Test {
 protected:
  DerivationTest() : projections_(LedgerOptions().projections) {
    auto database = databases_.Open("ledger");
    EXPECT_TRUE(database.ok()) << database.status();
    auto journal = Journal::Open(LedgerOptions(), *std::move(database), clock_, ids_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    Fill();
  }

  void Give(Command command) {
    command.request_id.clear();
    const auto answer = journal_->Execute(std::move(command));
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  // Gives an agency another name; without one it goes.
  void Rename(const std::string& id, const std::string& display_name) {
    Give(RenameAgency(id, display_name));
  }

  // Records that change while they are used, and again long after; that go, stay away, or come back, at once and long
  // after; that are larger than all others together; and texts that are purged.
  void Fill() {
    Give(AddAgency("huge", std::string(kHugeBytes, 'a'), "NV"));
    for (const char* id : {"gone-early", "back-early", "back-late", "renamed"}) {
      Give(AddAgency(id, "Elm", "NV"));
    }
    Rename("gone-early", "");
    Rename("back-early", "");
    Rename("back-early", "Oak");
    Rename("back-late", "");
    Give(AddRequest("r", "Training"));
    for (int i = 0; i < kDerivedAgencies; ++i) {
      Give(AddAgency(absl::StrCat(i), absl::StrCat("Agency ", i)));
      if (i % 4 == 0) Rename(absl::StrCat(i), "Renamed at once");
    }
    Rename("huge", std::string(kHugeBytes, 'b'));
    Rename("renamed", "Long after");
    Give(AddAgency("back-late", "Back"));
    for (const char* id : {"3", "5", "39"}) Rename(id, "");
    Rename("5", "Begins afresh");
    const absl::Status purged = journal_->database().Write([](store::Connection& connection) {
      return connection.Execute("DELETE FROM journal_vault WHERE field = 'request.title'").status();
    });
    ASSERT_TRUE(purged.ok()) << purged;
  }

  // All rows of the records' tables.
  std::vector<std::string> Rows() {
    std::vector<std::string> rows;
    const absl::Status status =
        journal_->database().Read([&](store::Connection& connection) -> absl::Status {
          for (const char* sql : {"SELECT name, body, state FROM agency ORDER BY name",
                                  "SELECT name, body, '' FROM request ORDER BY name"}) {
            RETURN_IF_ERROR(connection.Query(sql, {}, [&](const store::Row& row) {
              rows.push_back(absl::StrCat(row.Text(0), "|", row.Text(1), "|", row.Text(2)));
              return absl::OkStatus();
            }));
          }
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return rows;
  }
  void Spoil() {
    const absl::Status status = journal_->database().Write([](store::Connection& connection)
                                                               -> absl::Status {
      RETURN_IF_ERROR(
          connection.Execute("DELETE FROM agency WHERE name = 'agencies/renamed'").status());
      RETURN_IF_ERROR(connection.Execute("UPDATE agency SET state = 'XX', body = '{}'").status());
      return connection.Execute("INSERT INTO request (name, body) VALUES ('requests/none', '{}')")
          .status();
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  // As ApplyLedger, after `before`.
  static Apply After(std::function<void(const Event& event)> before) {
    return [before = std::move(before)](MutableStates& states, const Event& event,
                                        const google::protobuf::Message& payload) {
      before(event);
      ApplyLedger(states, event, payload);
    };
  }

  testing::TestDatabases databases_;
  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  RandomIdSource ids_;
  const Projections projections_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(DerivationTest, FewRecordsInMemoryGiveTheSameAsAll) {
  const std::vector<std::string> rows = Rows();
  // All but two, of which one never came back; and the request.
  ASSERT_EQ(rows.size(), 4u + kDerivedAgencies - 2 + 1);
  ASSERT_THAT(rows, ::testing::Contains(AllOf(HasSubstr("agencies/5|"), HasSubstr("afresh"))));
  // 0: none stays after its event. 3'000: a few. 250'000: all but that the huge one is written out once.
  for (const int64_t most_bytes :
       {int64_t{0}, int64_t{1}, int64_t{3'000}, int64_t{kHugeBytes / 2}, int64_t{110'000},
        int64_t{250'000}, limits::kDerivedRecordBytes}) {
    SCOPED_TRACE(most_bytes);
    Spoil();
    const absl::Status derived =
        journal_->database().Write([&](store::Connection& connection) -> absl::Status {
          RETURN_IF_ERROR(NoteShape(connection, "of another version"));
          RETURN_IF_ERROR(
              DeriveProjections(connection, projections_, ApplyLedger, NoProgress, most_bytes));
          EXPECT_EQ(*ReadShape(connection), projections_.shape());
          return absl::OkStatus();
        });
    ASSERT_TRUE(derived.ok()) << derived;
    EXPECT_EQ(Rows(), rows);
  }
  EXPECT_EQ(journal_->Get<intake::v1::Request>("requests/r")->title(), "");
  EXPECT_EQ(journal_->Get<intake::v1::Request>("requests/r")->contacts(0).email(),
            "robin@example.org");
}

TEST_F(DerivationTest, NoMoreIsInMemoryAfterAnEventThanTheBound) {
  constexpr int64_t kMostBytes = 5'000;
  int64_t most = 0;
  const absl::Status derived =
      journal_->database().Write([&](store::Connection& connection) -> absl::Status {
        DerivedStates states(connection, projections_, kMostBytes);
        RETURN_IF_ERROR(ApplyEvents(connection, 0, std::numeric_limits<int64_t>::max(), ApplyLedger,
                                    states, [&](const Event&) {
                                      const absl::Status status = states.EndEvent();
                                      most = std::max(most, states.bytes());
                                      return status;
                                    }));
        RETURN_IF_ERROR(states.Finish());
        EXPECT_EQ(states.bytes(), 0);
        return absl::OkStatus();
      });
  ASSERT_TRUE(derived.ok()) << derived;
  EXPECT_LE(most, kMostBytes);
  EXPECT_GT(most, kMostBytes / 2);
}

TEST_F(DerivationTest, AStateIsFoundAsItWasWhereverItIs) {
  const absl::Status status =
      journal_->database().Write([&](store::Connection& connection) -> absl::Status {
        DerivedStates states(connection, projections_, 0);
        states.Create<intake::v1::Agency>("agencies/new").set_display_name("Elm");
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/new")->display_name(), "Elm");
        // The row of before counts for nothing.
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/huge"), nullptr);
        RETURN_IF_ERROR(states.EndEvent());
        EXPECT_EQ(states.bytes(), 0);
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/new")->display_name(), "Elm");
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/huge"), nullptr);
        states.Mutable<intake::v1::Agency>("agencies/new").set_state("NV");
        RETURN_IF_ERROR(states.EndEvent());
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/new")->display_name(), "Elm");
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/new")->state(), "NV");
        states.Erase("agencies/new");
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/new"), nullptr);
        RETURN_IF_ERROR(states.EndEvent());
        EXPECT_EQ(states.Find<intake::v1::Agency>("agencies/new"), nullptr);
        EXPECT_EQ(states.Mutable<intake::v1::Agency>("agencies/new").state(), "");
        return absl::CancelledError("seen");
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
}

// Meanwhile, though most are in the tables already, and after a derivation that did not come to its end.
TEST_F(DerivationTest, TheOldRecordsAreInForceUntilAllNewOnesAre) {
  Spoil();
  const std::vector<std::string> old = Rows();
  const int64_t last = journal_->Head()->sequence;
  bool seen = false;
  const absl::Status status =
      journal_->database().Write([&](store::Connection& connection) -> absl::Status {
        RETURN_IF_ERROR(DeriveProjections(connection, projections_, After([&](const Event& event) {
                                            if (event.sequence() != last) return;
                                            EXPECT_EQ(Rows(), old);
                                            seen = true;
                                          }),
                                          NoProgress, 1000));
        return absl::CancelledError("the process ends");
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_TRUE(seen);
  EXPECT_EQ(Rows(), old);
}

TEST_F(DerivationTest, ARecordThatCannotBeReadBackIsNamedAndNothingIsChanged) {
  Spoil();
  const std::vector<std::string> old = Rows();
  const int64_t last = journal_->Head()->sequence;
  const absl::Status status = journal_->database().Write([&](store::Connection& connection) {
    // The last event is of this agency.
    const Apply apply = After([&](const Event& event) {
      if (event.sequence() != last) return;
      EXPECT_EQ(event.subject(), "agencies/5");
      const auto spoilt = connection.Execute(
          "INSERT INTO agency (name, body, state) VALUES ('agencies/5', 'no JSON', '')");
      EXPECT_TRUE(spoilt.ok()) << spoilt.status();
    });
    return DeriveProjections(connection, projections_, apply, NoProgress, 0);
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("agencies/5"));
  EXPECT_EQ(Rows(), old);
}

}  // namespace
}  // namespace critac::journal
