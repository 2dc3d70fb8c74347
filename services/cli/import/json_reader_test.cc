#include "services/cli/import/json_reader.h"

#include <memory>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/testing/temp_file.h"

namespace critac::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct JsonReading {
  std::vector<Row> rows;
  absl::Status status;
};

JsonReading ReadJson(JsonShape shape, const std::string& text, size_t stop_after = 1000000) {
  TempFolder folder;
  JsonReading reading;
  auto source = ByteSource::Open(folder.Write("file", text));
  reading.status = ReadJsonRows(**source, shape, [&](Row row) {
    reading.rows.push_back(std::move(row));
    return reading.rows.size() < stop_after;
  });
  return reading;
}

TEST(ShapeOf, TellsTheShapesByTheirBeginning) {
  EXPECT_EQ(ShapeOf(R"([{"a": 1}])"), JsonShape::kArray);
  EXPECT_EQ(ShapeOf("\n  ["), JsonShape::kArray);
  EXPECT_EQ(ShapeOf(R"({"UT":{"UT0270400":{)"), JsonShape::kRegistry);
  EXPECT_EQ(ShapeOf("{ \n \"CZ\" : {"), JsonShape::kRegistry);
  EXPECT_EQ(ShapeOf(R"({"displayName": "x"})"), JsonShape::kLines);
  EXPECT_EQ(ShapeOf(R"({"UTX": 1})"), JsonShape::kLines);
  EXPECT_EQ(ShapeOf(R"({"Ut": 1})"), JsonShape::kLines);
  EXPECT_EQ(ShapeOf("{}"), JsonShape::kLines);
  EXPECT_EQ(ShapeOf(""), JsonShape::kLines);
}

TEST(JsonLines, NumbersRowsAndSkipsEmptyLines) {
  const JsonReading reading = ReadJson(JsonShape::kLines, "{\"a\":1}\r\n\n  \n{\"a\":2}");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 2u);
  EXPECT_EQ(reading.rows[0].json, "{\"a\":1}");
  EXPECT_EQ(reading.rows[1].json, "{\"a\":2}");
  EXPECT_EQ(reading.rows[1].number, 2);
}

TEST(JsonLines, ALineThatIsNoObjectDoesNotStopTheOthers) {
  const JsonReading reading = ReadJson(JsonShape::kLines, "{\"a\":1}\n[1]\nnull\n{\"a\":2}\n");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 4u);
  EXPECT_EQ(reading.rows[1].problem, "the row is not a JSON object");
  EXPECT_EQ(reading.rows[2].problem, "the row is not a JSON object");
  EXPECT_EQ(reading.rows[3].problem, "");
}

TEST(JsonLines, ALineThatIsTooLongIsRefusedAndTheNextIsRead) {
  const std::string just_fits = "{\"a\":\"" + std::string(kMaxRowBytes - 8, 'x') + "\"}";
  const std::string too_long = "{\"a\":\"" + std::string(kMaxRowBytes - 7, 'x') + "\"}";
  const JsonReading reading =
      ReadJson(JsonShape::kLines, just_fits + "\n" + too_long + "\n{\"a\":2}\n");
  ASSERT_EQ(reading.rows.size(), 3u);
  EXPECT_EQ(reading.rows[0].problem, "");
  EXPECT_EQ(reading.rows[0].json.size(), static_cast<size_t>(kMaxRowBytes));
  EXPECT_EQ(reading.rows[1].problem, "the row is longer than 1 MiB");
  EXPECT_EQ(reading.rows[1].json, "");
  EXPECT_EQ(reading.rows[2].json, "{\"a\":2}");
}

TEST(JsonLines, StopsWhenTheSinkSaysSo) {
  EXPECT_EQ(ReadJson(JsonShape::kLines, "{}\n{}\n{}\n", 2).rows.size(), 2u);
}

TEST(JsonArray, CutsItsElementsOutAsTheyAre) {
  const JsonReading reading = ReadJson(
      JsonShape::kArray,
      R"([ {"a": {"b": [1, -2, 2.50, true, null]}, "s": "q\"\\\u00fa\n"} ,{"c":[{},[]]} ])");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 2u);
  EXPECT_EQ(reading.rows[0].json,
            "{\"a\":{\"b\":[1,-2,2.50,true,null]},\"s\":\"q\\\"\\\\\xc3\xba\\n\"}");
  EXPECT_EQ(reading.rows[1].json, R"({"c":[{},[]]})");
}

TEST(JsonArray, CommasStayRightAfterTextThatLooksLikeSyntax) {
  const JsonReading reading = ReadJson(JsonShape::kArray, R"([{"a":"{","b":":","c":["[",","]}])");
  ASSERT_EQ(reading.rows.size(), 1u);
  EXPECT_EQ(reading.rows[0].json, R"({"a":"{","b":":","c":["[",","]})");
}

TEST(JsonArray, AnElementThatIsNoObjectDoesNotStopTheOthers) {
  const JsonReading reading =
      ReadJson(JsonShape::kArray, R"([1, "x", [1, {"a": 2}], {"a":3}, null])");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 5u);
  for (const size_t i : {0u, 1u, 2u, 4u}) {
    EXPECT_EQ(reading.rows[i].problem, "the row is not a JSON object") << i;
  }
  EXPECT_EQ(reading.rows[3].json, R"({"a":3})");
  EXPECT_EQ(reading.rows[3].number, 4);
}

TEST(JsonArray, BrokenJsonNamesTheRowAndKeepsThoseBefore) {
  const JsonReading reading = ReadJson(JsonShape::kArray, R"([{"a":1},{"a":2},{"a":tru}])");
  EXPECT_EQ(reading.rows.size(), 2u);
  EXPECT_EQ(ReasonOf(reading.status), "BROKEN_FILE");
  EXPECT_THAT(std::string(reading.status.message()), HasSubstr("row 3: broken JSON"));
}

TEST(JsonArray, AnArrayThatDoesNotEndNamesTheRowThatIsMissing) {
  const JsonReading reading = ReadJson(JsonShape::kArray, R"([{"a":1},{"a":2})");
  EXPECT_EQ(reading.rows.size(), 2u);
  EXPECT_THAT(std::string(reading.status.message()), HasSubstr("row 3: broken JSON"));
}

TEST(JsonArray, SomethingAfterTheArrayIsBrokenJson) {
  const JsonReading reading = ReadJson(JsonShape::kArray, R"([{"a":1}] [)");
  EXPECT_EQ(reading.rows.size(), 1u);
  EXPECT_FALSE(reading.status.ok());
}

TEST(JsonArray, TextThatIsNotUtf8IsBrokenJson) {
  const JsonReading reading = ReadJson(JsonShape::kArray, "[{\"a\":\"\xff\"}]");
  EXPECT_THAT(reading.rows, IsEmpty());
  EXPECT_EQ(ReasonOf(reading.status), "BROKEN_FILE");
}

TEST(JsonArray, ARowOfManySmallValuesIsBoundedAndTheNextIsRead) {
  std::string row = "{\"a\":[0";
  for (int i = 0; i < 400000; ++i) row += ",123456";
  const JsonReading reading = ReadJson(JsonShape::kArray, "[" + row + "]},{\"a\":1}]");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 2u);
  EXPECT_EQ(reading.rows[0].problem, "the row is longer than 1 MiB");
  EXPECT_EQ(reading.rows[0].json, "");
  EXPECT_EQ(reading.rows[1].json, "{\"a\":1}");
}

TEST(JsonArray, AValueWithoutEndIsNotHeldInMemory) {
  const JsonReading reading =
      ReadJson(JsonShape::kArray, "[{\"a\":1},{\"a\":\"" + std::string(8 << 20, 'x'));
  EXPECT_EQ(reading.rows.size(), 1u);
  EXPECT_THAT(std::string(reading.status.message()),
              HasSubstr("row 2: a value is longer than 1 MiB"));
}

TEST(JsonArray, NestingWithoutEndIsARowThatIsTooLong) {
  const JsonReading reading = ReadJson(JsonShape::kArray, "[{\"a\":" + std::string(3 << 20, '['));
  EXPECT_FALSE(reading.status.ok());
}

TEST(JsonArray, AnEmptyOneHasNoRows) {
  const JsonReading reading = ReadJson(JsonShape::kArray, "[]");
  EXPECT_TRUE(reading.status.ok());
  EXPECT_THAT(reading.rows, IsEmpty());
}

TEST(JsonArray, StopsWhenTheSinkSaysSo) {
  const JsonReading reading = ReadJson(JsonShape::kArray, R"([{"a":1},{"a":2},{"a":)", 2);
  EXPECT_TRUE(reading.status.ok());
  EXPECT_EQ(reading.rows.size(), 2u);
}

TEST(JsonRegistry, RowsComeWithTheKeysThatLedToThem) {
  const JsonReading reading = ReadJson(
      JsonShape::kRegistry,
      R"({"UT":{"UT0270400":{"agency_name":"A"},"UT0270500":{"x":null}},"DC":{},"NE":{"NB0010000":{}}})");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 3u);
  EXPECT_THAT(reading.rows[0].keys, ElementsAre("UT", "UT0270400"));
  EXPECT_EQ(reading.rows[0].json, R"({"agency_name":"A"})");
  EXPECT_THAT(reading.rows[2].keys, ElementsAre("NE", "NB0010000"));
  EXPECT_EQ(reading.rows[2].number, 3);
}

TEST(JsonRegistry, WhatStandsWhereNoneShouldIsARowOfItsOwnThatIsRefused) {
  const JsonReading reading =
      ReadJson(JsonShape::kRegistry, R"({"UT":7,"NV":{"NV0010000":"x"},"AZ":[{"a":1}]})");
  EXPECT_TRUE(reading.status.ok());
  ASSERT_EQ(reading.rows.size(), 3u);
  EXPECT_EQ(reading.rows[0].problem, "the row is not a JSON object");
  EXPECT_THAT(reading.rows[1].keys, ElementsAre("NV", "NV0010000"));
  EXPECT_EQ(reading.rows[1].problem, "the row is not a JSON object");
  EXPECT_THAT(reading.rows[2].keys, ElementsAre("AZ", ""))
      << "an ORI of another row must not stick to it";
}

TEST(JsonRegistry, AnObjectWithinARowDoesNotBeginARow) {
  const JsonReading reading =
      ReadJson(JsonShape::kRegistry, R"({"UT":{"UT0270400":{"place":{"lat":1},"n":"B"}}})");
  ASSERT_EQ(reading.rows.size(), 1u);
  EXPECT_EQ(reading.rows[0].json, R"({"place":{"lat":1},"n":"B"})");
}

}  // namespace
}  // namespace critac::cli
