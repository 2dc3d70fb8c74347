#include "services/cli/table.h"

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/display_width.h"

namespace critac::cli {
namespace {

using ::testing::Each;
using ::testing::Le;
using ::testing::ResultOf;

Table Agencies() {
  return {{{"NAME", false, false}, {"DISPLAY NAME"}, {"SWORN", true, false}},
          {{"agencies/ag-1",
            "N\xc3\xba\xc3\xb1"
            "ez County Sheriff's Office",
            "7"},
           {"agencies/ag-22", "Elm", "1,204"}}};
}

TEST(Table, ColumnsAlignByWhatTheyTakeOnATerminal) {
  EXPECT_EQ(FormatTable(Agencies(), 0),
            "NAME            DISPLAY NAME                   SWORN\n"
            "agencies/ag-1   N\xc3\xba\xc3\xb1"
            "ez County Sheriff's Office      7\n"
            "agencies/ag-22  Elm                            1,204\n");
}

TEST(Table, NoLineEndsInSpaces) {
  const Table table{{{"A"}, {"B"}}, {{"long text", ""}, {"x", "y"}}};
  EXPECT_EQ(FormatTable(table, 0), "A          B\nlong text\nx          y\n");
}

TEST(Table, TheWidestColumnThatMayBeCutIsCutToTheTerminal) {
  const std::string text = FormatTable(Agencies(), 40);
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines,
              Each(ResultOf([](const std::string& line) { return DisplayWidth(line); }, Le(40))));
  EXPECT_NE(text.find("N\xc3\xba\xc3\xb1"
                      "ez County She\xe2\x80\xa6"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("agencies/ag-22"), std::string::npos) << "names are never cut";
}

TEST(Table, AColumnIsCutToNoLessThanEightColumns) {
  const std::string text = FormatTable(Agencies(), 10);
  EXPECT_NE(text.find("N\xc3\xba\xc3\xb1"
                      "ez C\xe2\x80\xa6"),
            std::string::npos)
      << text;
}

TEST(Table, ATableThatJustFitsIsNotCut) {
  EXPECT_EQ(FormatTable(Agencies(), 52), FormatTable(Agencies(), 0));
  EXPECT_NE(FormatTable(Agencies(), 51), FormatTable(Agencies(), 0));
}

TEST(Table, CellsCannotBreakTheLineOrTheTerminal) {
  const Table table{{{"A"}}, {{"one\ntwo\x1b[1m"}}};
  EXPECT_EQ(FormatTable(table, 0), "A\none two\xef\xbf\xbd[1m\n");
}

TEST(Table, ARowWithFewerCellsIsFilledUp) {
  const Table table{{{"A"}, {"B"}}, {{"x"}}};
  EXPECT_EQ(FormatTable(table, 0), "A  B\nx\n");
}

TEST(Csv, FieldsAreQuotedOnlyWhereTheyMustBe) {
  EXPECT_EQ(FormatCsvRecord({"plain", "a,b", "say \"so\"", "two\nlines", "cr\r", ""}),
            "plain,\"a,b\",\"say \"\"so\"\"\",\"two\nlines\",\"cr\r\",\r\n");
}

TEST(Csv, ALoneEmptyFieldIsNotAnEmptyLine) { EXPECT_EQ(FormatCsvRecord({""}), "\"\"\r\n"); }

TEST(Csv, ATableHasAHeaderAndNothingIsCut) {
  const Table table{{{"name"}, {"sworn", true}}, {{std::string(500, 'x'), "3"}}};
  EXPECT_EQ(FormatCsv(table), "name,sworn\r\n" + std::string(500, 'x') + ",3\r\n");
}

}  // namespace
}  // namespace critac::cli
