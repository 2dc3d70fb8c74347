#include "services/cli/import/byte_source.h"

#include <istream>
#include <iterator>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_status.h"
#include "services/cli/testing/temp_file.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;

std::string Drain(ByteSource& source) {
  std::istream stream(&source);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

TEST(ByteSource, ReadsPlainAndGzipAlike) {
  TempFolder folder;
  const std::string text(200000, 'x');
  auto plain = ByteSource::Open(folder.Write("a.json", text));
  auto gzip = ByteSource::Open(folder.WriteGzip("b.json.gz", text));
  ASSERT_TRUE(plain.ok() && gzip.ok());
  EXPECT_EQ(Drain(**plain), text);
  EXPECT_EQ(Drain(**gzip), text);
  EXPECT_TRUE((*gzip)->status().ok());
}

TEST(ByteSource, TellsGzipByItsFirstBytesNotByItsName) {
  TempFolder folder;
  auto source = ByteSource::Open(folder.WriteGzip("rows.csv", "a,b\n"));
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(Drain(**source), "a,b\n");
}

TEST(ByteSource, AGzipFileCutShortGivesWhatIsThereAndThenSaysSo) {
  TempFolder folder;
  std::string text;
  for (int i = 0; i < 50000; ++i) absl::StrAppend(&text, i, "\n");
  const std::string whole = ReadAll(folder.WriteGzip("whole.gz", text));
  auto source = ByteSource::Open(folder.Write("cut.gz", whole.substr(0, whole.size() / 2)));
  ASSERT_TRUE(source.ok());
  const std::string read = Drain(**source);
  EXPECT_GT(read.size(), 1000u);
  EXPECT_EQ(read, text.substr(0, read.size()));
  EXPECT_EQ(ReasonOf((*source)->status()), "BROKEN_FILE");
  EXPECT_THAT(std::string((*source)->status().message()),
              HasSubstr("cut.gz: is damaged or cut short"));
}

TEST(ByteSource, ADamagedGzipFileSaysSo) {
  TempFolder folder;
  std::string bytes = ReadAll(folder.WriteGzip("good.gz", std::string(100000, 'q')));
  // In the checksum, which stands before the four bytes of the length.
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 0x55);
  auto source = ByteSource::Open(folder.Write("bad.gz", bytes));
  ASSERT_TRUE(source.ok());
  Drain(**source);
  EXPECT_FALSE((*source)->status().ok());
}

TEST(ByteSource, AFileThatCannotBeReadIsAUsageError) {
  TempFolder folder;
  const auto missing = ByteSource::Open(folder.Path("none.csv"));
  EXPECT_EQ(ExitStatusOf(missing.status()), kUsage);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("No such file"));
  const auto is_folder = ByteSource::Open(folder.path());
  EXPECT_EQ(ExitStatusOf(is_folder.status()), kUsage);
}

TEST(ByteSource, EndsEarlyPastWhatIsAllowed) {
  TempFolder folder;
  auto source = ByteSource::Open(folder.Write("long", std::string(1 << 20, 'x')));
  ASSERT_TRUE(source.ok());
  (*source)->AllowFromHere(200000);
  const std::string read = Drain(**source);
  EXPECT_TRUE((*source)->exceeded());
  EXPECT_GE(read.size(), 200000u);
  EXPECT_LT(read.size(), 400000u) << "a block more at most";
}

TEST(ByteSource, WhatIsAllowedCountsFromTheLastCall) {
  TempFolder folder;
  auto source = ByteSource::Open(folder.Write("long", std::string(1 << 20, 'x')));
  ASSERT_TRUE(source.ok());
  for (int i = 0; i < 1 << 20; ++i) {
    if (i % 1000 == 0) (*source)->AllowFromHere(100000);
    ASSERT_EQ((*source)->sbumpc(), 'x') << i;
  }
  EXPECT_FALSE((*source)->exceeded());
}

TEST(ByteSource, KnowsHowFarItIs) {
  TempFolder folder;
  auto source = ByteSource::Open(folder.Write("file", std::string(1 << 20, 'x')));
  ASSERT_TRUE(source.ok());
  EXPECT_LT((*source)->Fraction(), 0.2);
  Drain(**source);
  EXPECT_DOUBLE_EQ((*source)->Fraction(), 1.0);
}

}  // namespace
}  // namespace critac::cli
