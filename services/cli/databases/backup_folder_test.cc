// The folder of a backup: how it comes to be, and what of it is refused.
#include "services/cli/databases/backup_folder.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/journal/event_time.h"
#include "common/journal/journal.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/databases/backup_file.h"
#include "services/cli/testing/temp_file.h"

namespace critac::cli {
namespace {

using journal::v1::BackupRecord;
using journal::v1::JournalContent;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kTaken = absl::FromUnixSeconds(1'790'000'000);

// Two events, a text and an answer of a journal, as they stand in a file.
std::vector<BackupRecord> SmallJournal() {
  std::vector<BackupRecord> records(4);
  std::string before;
  for (int i = 0; i < 2; ++i) {
    journal::v1::Event& event = *records[i].mutable_event();
    event.set_sequence(i + 1);
    *event.mutable_record_time() = journal::ToTimestamp(kTaken - absl::Seconds(10 - i));
    event.set_actor("coordinator:dana");
    event.set_type("critac.intake.v1.AgencyCreated");
    event.set_subject(absl::StrCat("agencies/", i));
    event.set_payload("{\"é\":\"\\\"\"}");
    event.set_hash(journal::HashEvent(event, before));
    before = event.hash();
  }
  records[2].mutable_vault_text()->set_sequence(2);
  records[2].mutable_vault_text()->set_place(1);
  records[2].mutable_vault_text()->set_content("line\nline \xF0\x9F\x9A\x93");
  records[3].mutable_answer()->set_request_id("an id");
  records[3].mutable_answer()->set_sequence(1);
  return records;
}

JournalContent ContentOfSmallJournal() {
  JournalContent content;
  content.set_journal("intake");
  content.set_head_sequence(2);
  content.set_head_hash(SmallJournal()[1].event().hash());
  *content.mutable_head_time() = SmallJournal()[1].event().record_time();
  content.set_vault_text_count(1);
  content.set_answer_count(1);
  return content;
}

class BackupFolderTest : public ::testing::Test {
 protected:
  // Writes a backup of one journal to `name`.
  absl::Status Write(const std::string& name, const std::vector<BackupRecord>& records,
                     const JournalContent& content) {
    ASSIGN_OR_RETURN(const auto folder, BackupFolder::Begin(temp_.Path(name)));
    ASSIGN_OR_RETURN(const auto writer,
                     RecordFileWriter::Create(absl::StrCat(folder->partial(), "/intake.jsonl.gz")));
    for (const BackupRecord& record : records) RETURN_IF_ERROR(writer->Write(record));
    RETURN_IF_ERROR(writer->Finish());
    RETURN_IF_ERROR(folder->Add(content));
    RETURN_IF_ERROR(folder->Seal(kTaken, "1.2.3"));
    return folder->Publish();
  }
  absl::StatusOr<CheckedBackup> Check(const std::string& name,
                                      absl::Time until = absl::InfiniteFuture()) {
    return CheckBackup(temp_.Path(name), until, [](double) {});
  }
  std::string ReasonOfCheck(const std::string& name) { return ReasonOf(Check(name).status()); }

  const TempFolder temp_;
};

TEST_F(BackupFolderTest, WhatIsWrittenIsReadTheSame) {
  const absl::Status written = Write("b", SmallJournal(), ContentOfSmallJournal());
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_FALSE(temp_.Has("b.partial"));
  const auto checked = Check("b");
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->manifest.program_version(), "1.2.3");
  EXPECT_EQ(journal::FromTimestamp(checked->manifest.create_time()), kTaken);
  EXPECT_EQ(checked->until[0].ShortDebugString(), ContentOfSmallJournal().ShortDebugString());
  std::vector<std::string> texts;
  ASSERT_TRUE(
      ReadRecordFile(temp_.Path("b/intake.jsonl.gz"), [&](const BackupRecord& record, double) {
        texts.push_back(record.ShortDebugString());
        return absl::OkStatus();
      }).ok());
  std::vector<std::string> expected;
  for (const BackupRecord& record : SmallJournal()) expected.push_back(record.ShortDebugString());
  EXPECT_EQ(texts, expected);
  // Its owner alone reads it: there is personal data in it.
  using std::filesystem::perms;
  const perms others = perms::group_all | perms::others_all;
  for (const char* file : {"b", "b/intake.jsonl.gz", "b/manifest.json", "b/SHA256SUMS"}) {
    EXPECT_EQ(std::filesystem::status(temp_.Path(file)).permissions() & others, perms::none)
        << file;
  }
}

TEST_F(BackupFolderTest, CountsUpToAMoment) {
  ASSERT_TRUE(Write("b", SmallJournal(), ContentOfSmallJournal()).ok());
  const auto checked = Check("b", kTaken - absl::Seconds(9) - absl::Microseconds(1));
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->until[0].head_sequence(), 1);
  EXPECT_EQ(checked->until[0].vault_text_count(), 0);
  EXPECT_EQ(checked->until[0].answer_count(), 1);
  EXPECT_EQ(Check("b", kTaken - absl::Seconds(9))->until[0].head_sequence(), 2);
}

TEST_F(BackupFolderTest, AChainThatDoesNotHoldIsRefusedThoughEverySumIsRight) {
  std::vector<BackupRecord> records = SmallJournal();
  records[0].mutable_event()->set_actor("auditor:ines");
  ASSERT_TRUE(Write("changed", records, ContentOfSmallJournal()).ok());
  EXPECT_EQ(ReasonOfCheck("changed"), "JOURNAL_DAMAGED");
  records = SmallJournal();
  records.pop_back();
  ASSERT_TRUE(Write("short", records, ContentOfSmallJournal()).ok());
  EXPECT_EQ(ReasonOfCheck("short"), "BACKUP_DAMAGED");
}

TEST_F(BackupFolderTest, AnotherFormatIsRefusedByItsNumber) {
  ASSERT_TRUE(Write("b", SmallJournal(), ContentOfSmallJournal()).ok());
  const std::string manifest = ReadAll(temp_.Path("b/manifest.json"));
  temp_.Write("b/manifest.json",
              absl::StrReplaceAll(manifest, {{"\"format\": 1", "\"format\": 2"}}));
  const absl::Status status = Check("b").status();
  EXPECT_EQ(ReasonOf(status), "BACKUP_FORMAT");
  EXPECT_THAT(std::string(status.message()), HasSubstr("format 2, written by version 1.2.3"));
  EXPECT_EQ(ReasonOfCheck("nothing"), "NO_BACKUP");
}

TEST_F(BackupFolderTest, WhatIsThereStays) {
  ASSERT_TRUE(Write("b", SmallJournal(), ContentOfSmallJournal()).ok());
  temp_.Write("file", "x");
  std::filesystem::create_directory(temp_.Path("full"));
  temp_.Write("full/x", "x");
  const struct {
    std::string name;
    std::string says;
  } cases[] = {{"b", "holds a backup already"},
               {"b/", "holds a backup already"},
               {"file", "a file is there"},
               {"full", "not empty"}};
  for (const auto& each : cases) {
    const auto begun = BackupFolder::Begin(temp_.Path(each.name));
    EXPECT_EQ(ReasonOf(begun.status()), "BACKUP_EXISTS") << each.name;
    EXPECT_THAT(std::string(begun.status().message()), HasSubstr(each.says));
  }
  EXPECT_TRUE(Check("b").ok());
  EXPECT_FALSE(BackupFolder::Begin(temp_.Path("none/b")).ok());
  EXPECT_FALSE(temp_.Has("none"));
}

TEST_F(BackupFolderTest, AnEmptyFolderIsTaken) {
  std::filesystem::create_directory(temp_.Path("b"));
  EXPECT_TRUE(Write("b", SmallJournal(), ContentOfSmallJournal()).ok());
  EXPECT_TRUE(Check("b").ok());
}

TEST_F(BackupFolderTest, WhatIsNotFinishedIsRemovedAndWhatWasKilledToo) {
  {
    const auto first = BackupFolder::Begin(temp_.Path("b"));
    ASSERT_TRUE(first.ok()) << first.status();
    // While it is being written, nobody else writes it.
    EXPECT_EQ(ReasonOf(BackupFolder::Begin(temp_.Path("b")).status()), "BACKUP_EXISTS");
    EXPECT_TRUE(temp_.Has("b.partial"));
  }
  EXPECT_FALSE(temp_.Has("b.partial"));
  EXPECT_FALSE(temp_.Has("b"));
  std::filesystem::create_directory(temp_.Path("b.partial"));
  temp_.Write("b.partial/intake.jsonl.gz", "half of it");
  EXPECT_TRUE(Write("b", SmallJournal(), ContentOfSmallJournal()).ok());
  EXPECT_TRUE(Check("b").ok());
}

TEST_F(BackupFolderTest, WhatWasKilledAtAnotherTimeIsRemovedAndNothingElse) {
  for (const char* folder : {"b-20260920T021700Z.partial", "b-20260921T021700Z", "b-x.partial",
                             "c-20260920T021700Z.partial", "elsewhere"}) {
    std::filesystem::create_directory(temp_.Path(folder));
    temp_.Write(absl::StrCat(folder, "/intake.jsonl.gz"), "half of it");
  }
  std::filesystem::create_directory_symlink(temp_.Path("elsewhere"),
                                            temp_.Path("b-20260922T021700Z.partial"));
  temp_.Write("b-20260923T021700Z.partial", "a file");
  const auto written = BackupFolder::Begin(temp_.Path("b-20260924T021700Z"));
  ASSERT_TRUE(written.ok()) << written.status();
  for (const char* path : {"b-{time}", "b-{time}/"}) {
    RemoveLeftOfOtherTimes(temp_.Path(path));
    EXPECT_FALSE(temp_.Has("b-20260920T021700Z.partial"));
    for (const char* stays : {"b-20260921T021700Z/intake.jsonl.gz", "b-x.partial/intake.jsonl.gz",
                              "c-20260920T021700Z.partial/intake.jsonl.gz",
                              "elsewhere/intake.jsonl.gz", "b-20260922T021700Z.partial",
                              "b-20260923T021700Z.partial", "b-20260924T021700Z.partial"}) {
      EXPECT_TRUE(temp_.Has(stays)) << stays;
    }
    std::filesystem::create_directory(temp_.Path("b-20260920T021700Z.partial"));
  }
  // Where there is no time in the name, there are no others.
  RemoveLeftOfOtherTimes(temp_.Path("b-20260920T021700Z"));
  RemoveLeftOfOtherTimes(temp_.Path("none/{time}"));
  EXPECT_TRUE(temp_.Has("b-20260920T021700Z.partial"));
}

TEST_F(BackupFolderTest, BackupsBeforeAMomentAreRemovedButTheNewestAndNothingElse) {
  for (const char* name :
       {"b-20260802T021700Z", "b-20260801T021700Z", "b-20260803T021700Z", "b-x",
        "b-20260701T021700Z", "b-20260702T021700Z", "c-20260801T021700Z", "elsewhere"}) {
    const absl::Status written = Write(name, SmallJournal(), ContentOfSmallJournal());
    ASSERT_TRUE(written.ok()) << written;
  }
  // None of these is a sealed backup.
  std::filesystem::remove(temp_.Path("b-20260701T021700Z/manifest.json"));
  temp_.Write("b-20260702T021700Z/manifest.json", "{}");
  temp_.Write("b-20260703T021700Z", "a file");
  std::filesystem::create_directory(temp_.Path("b-20260704T021700Z"));
  std::filesystem::create_directory_symlink(temp_.Path("elsewhere"),
                                            temp_.Path("b-20260705T021700Z"));
  const auto expect_the_rest_stays = [this] {
    for (const char* stays :
         {"b-20260803T021700Z/manifest.json", "b-x/manifest.json",
          "b-20260701T021700Z/intake.jsonl.gz", "b-20260702T021700Z/intake.jsonl.gz",
          "b-20260703T021700Z", "b-20260704T021700Z", "b-20260705T021700Z",
          "c-20260801T021700Z/manifest.json", "elsewhere/manifest.json"}) {
      EXPECT_TRUE(temp_.Has(stays)) << stays;
    }
  };
  const absl::Time second =
      absl::FromCivil(absl::CivilSecond(2026, 8, 2, 2, 17, 0), absl::UTCTimeZone());
  const std::string pattern = temp_.Path("b-{time}");
  const OldBackups first = RemoveBackupsBefore(pattern, second);
  EXPECT_THAT(first.removed, ElementsAre(EndsWith("/b-20260801T021700Z")));
  EXPECT_THAT(first.failures, IsEmpty());
  EXPECT_FALSE(temp_.Has("b-20260801T021700Z"));
  EXPECT_FALSE(temp_.Has("b-20260801T021700Z.partial"));
  EXPECT_TRUE(Check("b-20260802T021700Z").ok());
  expect_the_rest_stays();
  // The newest stays, however old it is.
  const OldBackups later = RemoveBackupsBefore(absl::StrCat(pattern, "/"), absl::InfiniteFuture());
  EXPECT_THAT(later.removed, ElementsAre(EndsWith("/b-20260802T021700Z")));
  EXPECT_THAT(RemoveBackupsBefore(pattern, absl::InfiniteFuture()).removed, IsEmpty());
  // Where there is no time in the name, there are no others.
  EXPECT_THAT(RemoveBackupsBefore(temp_.Path("b-x"), absl::InfiniteFuture()).removed, IsEmpty());
  EXPECT_TRUE(Check("b-20260803T021700Z").ok());
  expect_the_rest_stays();
}

TEST_F(BackupFolderTest, ABackupThatCannotBeRemovedStaysAndIsTold) {
  for (const char* name : {"b-20260801T021700Z", "b-20260802T021700Z", "b-20260803T021700Z"}) {
    ASSERT_TRUE(Write(name, SmallJournal(), ContentOfSmallJournal()).ok());
  }
  // Something is in its way.
  std::filesystem::create_directory(temp_.Path("b-20260801T021700Z.partial"));
  temp_.Write("b-20260801T021700Z.partial/x", "x");
  const OldBackups old = RemoveBackupsBefore(temp_.Path("b-{time}"), absl::InfiniteFuture());
  EXPECT_THAT(old.removed, ElementsAre(EndsWith("/b-20260802T021700Z")));
  ASSERT_THAT(old.failures, SizeIs(1));
  EXPECT_THAT(std::string(old.failures[0].message()),
              HasSubstr("b-20260801T021700Z: the backup cannot be removed"));
  EXPECT_TRUE(Check("b-20260801T021700Z").ok());
  const OldBackups none = RemoveBackupsBefore(temp_.Path("none/{time}"), absl::InfiniteFuture());
  EXPECT_THAT(none.failures, SizeIs(1));
}

}  // namespace
}  // namespace critac::cli
