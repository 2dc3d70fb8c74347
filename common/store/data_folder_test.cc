#include "common/store/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tight_places.h"

namespace critac::store {
namespace {

using ::testing::AllOf;
using testing::ChildProcess;
using ::testing::HasSubstr;
using testing::InOneLine;
using testing::TempFolder;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DataFolder, IsMadeWithThoseAboveItForItsOwnerAlone) {
  const TempFolder place;
  const std::string path = place.file("one/two");
  const auto folder = DataFolder::Open(path);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ((*folder)->path(), path);
  EXPECT_EQ((*folder)->File("intake.db"), path + "/intake.db");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700);
  EXPECT_EQ(ReadFile(path + "/critac.lock"), absl::StrCat(getpid(), "\n"));
}

TEST(DataFolder, IsTheSameBySlashesAndDots) {
  const TempFolder place;
  const auto folder = DataFolder::Open(place.path() + "/./data/");
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ((*folder)->path(), place.file("data"));
}

TEST(DataFolder, InUseIsRefusedWithTheProcessAndThePath) {
  const TempFolder place;
  const auto first = DataFolder::Open(place.path());
  ASSERT_TRUE(first.ok()) << first.status();
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = DataFolder::Open(place.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status), "DATA_FOLDER_IN_USE");
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(place.path()), HasSubstr(absl::StrCat("process ", getpid(), ";"))));
  }
}

TEST(DataFolder, IsFreeOnceItsHolderIsGone) {
  const TempFolder place;
  for (int i = 0; i < 3; ++i) {
    const auto folder = DataFolder::Open(place.path());
    EXPECT_TRUE(folder.ok()) << folder.status();
  }
}

TEST(DataFolder, IsFreeAfterItsHolderWasKilled) {
  const TempFolder place;
  ChildProcess child([&](const auto& say) {
    const auto folder = DataFolder::Open(place.path());
    say(folder.ok() ? "held" : InOneLine(folder.status()));
    pause();
  });
  ASSERT_EQ(child.Line(), "held");
  EXPECT_THAT(std::string(DataFolder::Open(place.path()).status().message()),
              HasSubstr(absl::StrCat("process ", child.pid(), ";")));
  child.Kill();
  const auto folder = DataFolder::Open(place.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(ReadFile(place.file("critac.lock")), absl::StrCat(getpid(), "\n"));
}

TEST(DataFolder, ALockFileWithoutAProcessIdIsStillRespected) {
  const TempFolder place;
  const auto folder = DataFolder::Open(place.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  std::ofstream(place.file("critac.lock"), std::ios::trunc) << "who knows";
  EXPECT_THAT(std::string(DataFolder::Open(place.path()).status().message()),
              HasSubstr("in use by another process"));
}

TEST(DataFolder, AnEmptyPathIsRefused) {
  EXPECT_EQ(DataFolder::Open("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(DataFolder, AFileInItsPlaceIsRefused) {
  const TempFolder place;
  std::ofstream(place.file("data")) << "x";
  for (const char* path : {"data", "data/below"}) {
    const absl::Status status = DataFolder::Open(place.file(path)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ReasonOf(status), "DATA_FOLDER_UNAVAILABLE");
    EXPECT_THAT(std::string(status.message()), HasSubstr(place.file("data")));
  }
}

TEST(DataFolder, ThatCannotBeWrittenToOrMadeSaysSo) {
  const TempFolder place;
  std::filesystem::create_directory(place.file("data"));
  std::filesystem::permissions(place.path(), std::filesystem::perms(0555));
  std::filesystem::permissions(place.file("data"), std::filesystem::perms(0555));
  ChildProcess child([&](const auto& say) {
    testing::BecomeNobody();
    say(InOneLine(DataFolder::Open(place.file("data")).status()));
    say(InOneLine(DataFolder::Open(place.file("other")).status()));
  });
  EXPECT_THAT(child.Line(), AllOf(HasSubstr("PERMISSION_DENIED DATA_FOLDER_READ_ONLY"),
                                  HasSubstr("data: it cannot be written to")));
  EXPECT_THAT(child.Line(), AllOf(HasSubstr("PERMISSION_DENIED DATA_FOLDER_READ_ONLY"),
                                  HasSubstr("other: it cannot be made")));
  std::filesystem::permissions(place.path(), std::filesystem::perms(0755));
}

TEST(DataFolder, OnAFullDiskSaysSo) {
  const testing::SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs the rights of root";
  disk.Fill();
  const absl::Status status = DataFolder::Open(disk.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ReasonOf(status), "DATA_FOLDER_FULL");
}

}  // namespace
}  // namespace critac::store
