#include "services/cli/import/csv_reader.h"

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/testing/temp_file.h"

namespace critac::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct CsvReading {
  std::vector<Row> rows;
  absl::Status status;
};

CsvReading Read(const std::string& text, size_t stop_after = 1000000) {
  TempFolder folder;
  CsvReading reading;
  auto source = ByteSource::Open(folder.Write("file.csv", text));
  reading.status = ReadCsvRows(**source, [&](Row row) {
    reading.rows.push_back(std::move(row));
    return reading.rows.size() < stop_after;
  });
  return reading;
}

TEST(Csv, TheHeaderIsRowZeroAndEmptyLinesDoNotCount) {
  const CsvReading reading = Read("a,b\n1,2\n\n\n3,4\n");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 3u);
  EXPECT_EQ(reading.rows[0].number, 0);
  EXPECT_THAT(reading.rows[0].cells, ElementsAre("a", "b"));
  EXPECT_EQ(reading.rows[2].number, 2);
  EXPECT_THAT(reading.rows[2].cells, ElementsAre("3", "4"));
}

TEST(Csv, QuotesCommasAndLineBreaksInsideQuotesAreTheFieldsOwn) {
  const CsvReading reading = Read("a,b\r\n\"x, \"\"y\"\"\",\"two\r\nlines\"\r\n");
  ASSERT_EQ(reading.rows.size(), 2u);
  EXPECT_THAT(reading.rows[1].cells, ElementsAre("x, \"y\"", "two\r\nlines"));
}

TEST(Csv, EveryKindOfLineEndWillDoAlsoNoneAtTheEnd) {
  EXPECT_EQ(Read("a\r\n1\r\n2").rows.size(), 3u);
  EXPECT_EQ(Read("a\n1\n2").rows.size(), 3u);
}

TEST(Csv, EmptyFieldsAreKept) {
  const CsvReading reading = Read("a,b,c\n,,\n\"\",x,\n");
  ASSERT_EQ(reading.rows.size(), 3u);
  EXPECT_THAT(reading.rows[1].cells, ElementsAre("", "", ""));
  EXPECT_THAT(reading.rows[2].cells, ElementsAre("", "x", ""));
}

TEST(Csv, SpacesAroundAnUnquotedFieldAreNoPartOfIt) {
  EXPECT_THAT(Read("a,b\n  x  ,\"  y  \"\n").rows[1].cells, ElementsAre("x", "  y  "));
}

TEST(Csv, AQuoteOutOfPlaceNamesTheRowAndKeepsThoseBefore) {
  const CsvReading reading = Read("a,b\n1,2\n3,4 \"inch\"\n5,6\n");
  EXPECT_EQ(reading.rows.size(), 2u);
  EXPECT_EQ(ReasonOf(reading.status), "BROKEN_FILE");
  EXPECT_THAT(std::string(reading.status.message()),
              HasSubstr("row 2: broken CSV: a quote stands"));
}

TEST(Csv, AQuoteThatIsNeverClosedNamesTheRow) {
  const CsvReading reading = Read("a,b\n1,2\n3,\"and so on\n5,6\n");
  EXPECT_THAT(std::string(reading.status.message()),
              HasSubstr("row 2: broken CSV: the file ends inside a quoted field"));
}

TEST(Csv, ABrokenHeaderIsCalledThat) {
  EXPECT_THAT(std::string(Read("a,\"b").status.message()), HasSubstr("header: broken CSV"));
}

TEST(Csv, AFieldWithoutEndIsNotHeldInMemory) {
  const CsvReading reading = Read("a,b\n1,\"" + std::string(8 << 20, 'x'));
  EXPECT_THAT(std::string(reading.status.message()),
              HasSubstr("row 1: a field is longer than 1 MiB"));
}

TEST(Csv, ARowThatIsTooLongIsRefusedAndTheNextIsRead) {
  const std::string half(kMaxRowBytes / 2, 'x');
  const CsvReading fits = Read("a,b\n" + half + "," + half + "\n1,2\n");
  ASSERT_EQ(fits.rows.size(), 3u);
  EXPECT_EQ(fits.rows[1].problem, "");
  const CsvReading reading = Read("a,b\n" + half + "," + half + "x\n1,2\n");
  ASSERT_EQ(reading.rows.size(), 3u);
  EXPECT_EQ(reading.rows[1].problem, "the row is longer than 1 MiB");
  EXPECT_THAT(reading.rows[1].cells, IsEmpty());
  EXPECT_THAT(reading.rows[2].cells, ElementsAre("1", "2"));
}

TEST(Csv, ARowOfTooManyFieldsIsRefused) {
  const CsvReading fits = Read("a\n" + std::string(999, ',') + "\n");
  EXPECT_EQ(fits.rows[1].problem, "");
  EXPECT_EQ(fits.rows[1].cells.size(), 1000u);
  const CsvReading reading = Read("a\n" + std::string(1000, ',') + "\n1\n");
  EXPECT_EQ(reading.rows[1].problem, "the row has more than 1000 fields");
  EXPECT_THAT(reading.rows[2].cells, ElementsAre("1"));
}

TEST(Csv, StopsWhenTheSinkSaysSo) {
  const CsvReading reading = Read("a\n1\n2\n3\n", 2);
  EXPECT_TRUE(reading.status.ok());
  EXPECT_EQ(reading.rows.size(), 2u);
}

TEST(Csv, AnEmptyFileHasNoRows) { EXPECT_THAT(Read("").rows, IsEmpty()); }

}  // namespace
}  // namespace critac::cli
