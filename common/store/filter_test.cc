#include "common/store/filter.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/store/sql_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"
#include "tests/support/under_sanitizer.h"

namespace critac::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Fields = absl::flat_hash_map<std::string, FilterField>;

const Fields& RequestFields() {
  static const auto& fields = *new Fields{
      {"title", {FilterType::kText, "title", {}}},
      {"agency.state", {FilterType::kText, "state", {}}},
      {"urgency",
       {FilterType::kEnum, "urgency", {{"ROUTINE", int64_t{1}}, {"URGENT", int64_t{2}}}}},
      {"stage", {FilterType::kEnum, "stage", {{"SUBMITTED", "submitted"}, {"READY", "ready"}}}},
      {"slots", {FilterType::kInt, "slots", {}}},
      {"needed_by", {FilterType::kDate, "needed_by", {}}},
      {"create_time", {FilterType::kTimestamp, "created", {}}},
      {"tribal", {FilterType::kBool, "tribal", {}}},
  };
  return fields;
}

std::string Shown(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return absl::StrCat(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return absl::StrCat("'", *text, "'");
  return "?";
}

// The condition with its values in place, or the error's message.
std::string Read(absl::string_view filter) {
  const auto condition = ParseFilter(filter, RequestFields());
  if (!condition.ok()) return std::string(condition.status().message());
  std::string sql = condition->sql;
  for (size_t i = condition->parameters.size(); i > 0; --i) {
    sql = absl::StrReplaceAll(sql, {{absl::StrCat(":p", i), Shown(condition->parameters[i - 1])}});
  }
  return sql;
}

TEST(Filter, NothingIsNoCondition) {
  for (const char* filter : {"", " ", "\t\n "}) {
    const auto condition = ParseFilter(filter, RequestFields());
    ASSERT_TRUE(condition.ok()) << condition.status();
    EXPECT_EQ(condition->sql, "");
    EXPECT_THAT(condition->parameters, IsEmpty());
  }
}

TEST(Filter, EachKindOfFieldIsCompared) {
  EXPECT_EQ(Read("title = shooting"), "title = 'shooting'");
  EXPECT_EQ(Read("title != shooting"), "(title IS NULL OR title <> 'shooting')");
  EXPECT_EQ(Read("title:Crisis"), "lower(title) LIKE '%crisis%' ESCAPE '!'");
  EXPECT_EQ(Read("agency.state=TX"), "state = 'TX'");
  EXPECT_EQ(Read("urgency = URGENT"), "urgency = 2");
  EXPECT_EQ(Read("stage = READY"), "stage = 'ready'");
  EXPECT_EQ(Read("stage != READY"), "(stage IS NULL OR stage <> 'ready')");
  EXPECT_EQ(Read("slots >= -5"), "slots >= -5");
  EXPECT_EQ(Read("slots<3"), "slots < 3");
  EXPECT_EQ(Read("needed_by > 2026-10-01"), "needed_by > '2026-10-01'");
  EXPECT_EQ(Read("create_time <= 1970-01-01T00:00:01Z"), "created <= 1000000");
  EXPECT_EQ(Read("create_time = 1970-01-01T01:00:00.000001+01:00"), "created = 1");
  EXPECT_EQ(Read("create_time = \"1969-12-31T23:59:59Z\""), "created = -1000000");
  EXPECT_EQ(Read("tribal = true"), "tribal = 1");
  EXPECT_EQ(Read("tribal = false"), "tribal = 0");
}

TEST(Filter, OrBindsTighterThanAnd) {
  EXPECT_EQ(Read("slots = 1 AND slots = 2 OR slots = 3"),
            "(slots = 1 AND (slots = 2 OR slots = 3))");
  EXPECT_EQ(Read("slots = 1 OR slots = 2 AND slots = 3"),
            "((slots = 1 OR slots = 2) AND slots = 3)");
  EXPECT_EQ(Read("(slots = 1 AND slots = 2) OR slots = 3"),
            "((slots = 1 AND slots = 2) OR slots = 3)");
}

TEST(Filter, NotTurnsWhatItStandsBeforeAround) {
  EXPECT_EQ(Read("NOT slots = 1"), "(slots IS NULL OR slots <> 1)");
  EXPECT_EQ(Read("-slots != 1"), "slots = 1");
  EXPECT_EQ(Read("NOT slots < 1"), "(slots IS NULL OR slots >= 1)");
  EXPECT_EQ(Read("NOT slots >= 1"), "(slots IS NULL OR slots < 1)");
  EXPECT_EQ(Read("-title:x"), "(title IS NULL OR lower(title) NOT LIKE '%x%' ESCAPE '!')");
  EXPECT_EQ(Read("NOT (slots > 1 AND slots <= 2)"),
            "((slots IS NULL OR slots <= 1) OR (slots IS NULL OR slots > 2))");
  EXPECT_EQ(Read("NOT (slots = 1 OR NOT slots = 2)"),
            "((slots IS NULL OR slots <> 1) AND slots = 2)");
}

TEST(Filter, AValueInQuotesMayHoldAnything) {
  EXPECT_EQ(Read(R"(title = "")"), "title = ''");
  EXPECT_EQ(Read(R"(title = "a AND (b) = c")"), "title = 'a AND (b) = c'");
  EXPECT_EQ(Read(R"(title = "say \"no\" \\ twice")"), R"(title = 'say "no" \ twice')");
  EXPECT_EQ(Read("title = \"Ñandú 警察\""), "title = 'Ñandú 警察'");
  EXPECT_EQ(Read("title = \"AND\""), "title = 'AND'");
}

TEST(Filter, ABareValueReachesToTheNextBlankOrParenthesis) {
  EXPECT_EQ(Read("title = a:b,c-d/e AND slots=1"), "(title = 'a:b,c-d/e' AND slots = 1)");
  EXPECT_EQ(Read("(title = a)"), "title = 'a'");
  EXPECT_EQ(Read("title = Ñandú"), "title = 'Ñandú'");
}

TEST(Filter, WhatLikeTakesForPatternsIsTakenAsItStands) {
  EXPECT_EQ(Read("title:\"50%_!\""), "lower(title) LIKE '%50!%!_!!%' ESCAPE '!'");
}

TEST(Filter, ValuesAreBoundInOrderFromTheNumberGiven) {
  const auto condition =
      ParseFilter("title = \"x'; DROP TABLE t; --\" AND slots != 2", RequestFields(), 4);
  ASSERT_TRUE(condition.ok()) << condition.status();
  EXPECT_EQ(condition->sql, "(title = :p4 AND (slots IS NULL OR slots <> :p5))");
  EXPECT_THAT(condition->parameters,
              ElementsAre(Value(std::string("x'; DROP TABLE t; --")), Value(int64_t{2})));
}

TEST(Filter, AnErrorSaysWhereWhatAndWhatIsAccepted) {
  const struct {
    const char* filter;
    const char* message;
  } kCases[] = {
      {"stat = TX",
       "filter: at character 1: \"stat\" is not a field; fields: agency.state, create_time, "
       "needed_by, slots, stage, title, tribal, urgency"},
      {"title = a AND  size = 1", "filter: at character 16: \"size\" is not a field; fields: "},
      {"title = \"é\" AND size = 1", "filter: at character 17: \"size\" is not a field"},
      {"urgency = HIGH",
       "filter: at character 11: \"HIGH\" is not a value of urgency; accepted: ROUTINE, URGENT"},
      {"slots = many",
       "filter: at character 9: \"many\" is not a value of slots; accepted: a whole "
       "number of 64 bits"},
      {"slots = 9223372036854775808", "is not a value of slots"},
      {"slots = 1.5", "is not a value of slots"},
      {"slots = \"\"", "is not a value of slots"},
      {"needed_by = 2026-02-30",
       "\"2026-02-30\" is not a value of needed_by; accepted: a date of "
       "1900 to 2199, like 2026-10-01"},
      {"needed_by = tomorrow", "is not a value of needed_by"},
      {"create_time = 2026-10-01", "accepted: a time, like 2026-10-01T08:00:00Z"},
      {"create_time = infinite-future", "is not a value of create_time"},
      {"create_time = 10000-01-01T00:00:00Z", "is not a value of create_time"},
      {"create_time = 2026-10-01T08:00:00.0000001Z", "is not a value of create_time"},
      {"tribal = yes", "\"yes\" is not a value of tribal; accepted: true, false"},
      {"tribal != true", "filter: at character 8: after tribal comes one of ="},
      {"title < a", "filter: at character 7: after title comes one of =, !=, :"},
      {"urgency:URGENT", "filter: at character 8: after urgency comes one of =, !="},
      {"slots:1", "filter: at character 6: after slots comes one of =, !=, <, <=, >, >="},
      {"title", "filter: at character 6: after title comes one of"},
      {"title = ", "filter: at character 9: a value is missing"},
      {"title = = a", "filter: at character 9: a value is missing"},
      {"title = ) ", "filter: at character 9: a value is missing"},
      {"title = \"a", "filter: at character 9: the closing quote is missing"},
      {"title = \"a\\n\"",
       "filter: at character 11: within quotes, \\ stands before \" or \\ only"},
      {"title = \"a\\", "filter: at character 11: within quotes"},
      {"title = a slots = 1", "filter: at character 11: AND, OR or the end is expected here"},
      {"title = a)", "filter: at character 10: nothing is open that ) could close"},
      {"(title = a", "filter: at character 11: AND, OR or ) is expected here"},
      {"()", "filter: at character 2: a field is expected here; fields: "},
      {"title = a AND", "filter: at character 14: a field is expected here"},
      {"AND title = a", "filter: at character 1: a field is expected here"},
      {"title = a AND OR title = b", "filter: at character 15: a field is expected here"},
      {"NOT NOT title = a", "filter: at character 5: a field is expected here"},
      {"--title = a", "filter: at character 2: a field is expected here"},
      {"\"title\" = a", "filter: at character 1: a field is expected here"},
      {"= a", "filter: at character 1: a field is expected here"},
      {"title = a and slots = 1", "filter: at character 11: AND, OR or the end is expected here"},
      {"title = a; DROP", "filter: at character 12: AND, OR or the end is expected here"},
      {"* = a", "filter: at character 1: \"*\" begins nothing"},
      {"'a' = a", "filter: at character 1: \"\\'\" begins nothing"},
  };
  for (const auto& c : kCases) {
    const auto condition = ParseFilter(c.filter, RequestFields());
    ASSERT_FALSE(condition.ok()) << c.filter;
    EXPECT_EQ(condition.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(BadRequestOf(condition.status()).field_violations(0).field(), "filter");
    EXPECT_THAT(std::string(condition.status().message()), HasSubstr(c.message)) << c.filter;
  }
}

TEST(Filter, AnErrorShowsLittleOfALongOrStrangeText) {
  EXPECT_THAT(Read(absl::StrCat("slots = ", std::string(3000, 'x'))),
              AllOf(HasSubstr(absl::StrCat("\"", std::string(40, 'x'), "…\"")),
                    ::testing::Not(HasSubstr(std::string(41, 'x')))));
  EXPECT_THAT(Read("slots = a\x01\xff"), HasSubstr("\"a\\x01\\xff\""));
}

TEST(Filter, WithoutFieldsSaysThatThereAreNone) {
  EXPECT_THAT(std::string(ParseFilter("a = 1", {}).status().message()), HasSubstr("fields: none"));
  EXPECT_TRUE(ParseFilter("", {}).ok());
}

TEST(Filter, HasItsLimits) {
  const auto nested = [](int depth) {
    return absl::StrCat(std::string(depth, '('), "slots = 1", std::string(depth, ')'));
  };
  EXPECT_EQ(Read(nested(limits::kFilterDepth)), "slots = 1");
  EXPECT_THAT(Read(nested(limits::kFilterDepth + 1)),
              HasSubstr("at character 11: parentheses are nested more than 10 deep"));

  const auto joined = [](int count) {
    return absl::StrJoin(std::vector<std::string>(count, "slots = 1"), " OR ");
  };
  EXPECT_TRUE(ParseFilter(joined(limits::kFilterComparisons), RequestFields()).ok());
  EXPECT_THAT(Read(joined(limits::kFilterComparisons + 1)),
              HasSubstr("at most 50 comparisons are accepted"));

  const std::string most = absl::StrCat("title=", std::string(limits::kFilterBytes - 6, 'x'));
  EXPECT_TRUE(ParseFilter(most, RequestFields()).ok());
  EXPECT_THAT(Read(most + "x"), HasSubstr("8193 bytes; at most 8192 are accepted"));

  EXPECT_THAT(Read(absl::string_view("title = \"a\0b\"", 13)),
              HasSubstr("at character 11: a NUL byte"));
}

// ---- Against a database

class FilterOnRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::Open({.url = "sqlite:" + folder_.file("f.db")});
    ASSERT_TRUE(opened.ok()) << opened.status();
    database_ = *std::move(opened);
    const Value kNothing = nullptr;
    const std::vector<std::vector<Value>> rows = {
        {int64_t{1}, "Crisis intervention", "TX", int64_t{1}, "ready", int64_t{1}, "2026-10-01",
         int64_t{0}, int64_t{1}},
        {int64_t{2}, "100% School_safety!", "NV", int64_t{2}, "submitted", int64_t{2}, "2027-01-31",
         int64_t{1'000'000}, int64_t{0}},
        {int64_t{3}, "", "", int64_t{1}, "ready", int64_t{0}, "1999-12-31", int64_t{-1},
         int64_t{0}},
        {int64_t{4}, kNothing, kNothing, kNothing, kNothing, kNothing, kNothing, kNothing,
         kNothing},
    };
    const absl::Status status = database_->Write([&](Connection& connection) -> absl::Status {
      RETURN_IF_ERROR(connection
                          .Execute("CREATE TABLE request (id BIGINT PRIMARY KEY, title TEXT, state "
                                   "TEXT, urgency BIGINT, stage TEXT, slots BIGINT, needed_by "
                                   "TEXT, created BIGINT, tribal BIGINT)")
                          .status());
      return connection.InsertRows(
          "request",
          {"id", "title", "state", "urgency", "stage", "slots", "needed_by", "created", "tribal"},
          rows);
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  // The ids of the rows that match, joined.
  std::string Matches(const std::string& filter) {
    const auto condition = ParseFilter(filter, RequestFields());
    EXPECT_TRUE(condition.ok()) << filter << ": " << condition.status();
    std::vector<std::string> ids;
    const absl::Status status = database_->Read([&](Connection& connection) {
      return connection.Query(
          absl::StrCat("SELECT id FROM request WHERE ", condition->sql, " ORDER BY id"),
          condition->parameters, [&](const Row& row) {
            ids.push_back(row.Text(0));
            return absl::OkStatus();
          });
    });
    EXPECT_TRUE(status.ok()) << filter << ": " << status;
    return absl::StrJoin(ids, "");
  }

  const testing::TempFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(FilterOnRows, MatchesWhatItSays) {
  EXPECT_EQ(Matches("title:crisis"), "1");
  EXPECT_EQ(Matches("title:CRISIS"), "1");
  EXPECT_EQ(Matches("title:\"0%\""), "2");
  EXPECT_EQ(Matches("title:l_s"), "2");
  EXPECT_EQ(Matches("title:\"y!\""), "2");
  EXPECT_EQ(Matches("title:\"\""), "123");
  EXPECT_EQ(Matches("title = \"\""), "3");
  EXPECT_EQ(Matches("agency.state = tx"), "");
  EXPECT_EQ(Matches("agency.state != TX"), "234");
  EXPECT_EQ(Matches("NOT agency.state != TX"), "1");
  EXPECT_EQ(Matches("urgency = ROUTINE OR urgency = URGENT"), "123");
  EXPECT_EQ(Matches("slots > 0"), "12");
  EXPECT_EQ(Matches("NOT slots > 0"), "34");
  EXPECT_EQ(Matches("needed_by >= 2026-10-01"), "12");
  EXPECT_EQ(Matches("needed_by < 2026-10-01"), "3");
  EXPECT_EQ(Matches("create_time >= 1970-01-01T00:00:00Z"), "12");
  EXPECT_EQ(Matches("tribal = false"), "23");
  EXPECT_EQ(Matches("-tribal = false"), "14");
  EXPECT_EQ(Matches("(slots = 1 OR slots = 2) AND -title:school"), "1");
}

// Writes filters at random out of the grammar.
class FilterWriter {
 public:
  explicit FilterWriter(uint64_t seed) : random_(seed) {}

  std::string Write(int depth = 0) {
    std::string filter = Factor(depth);
    for (int i = Below(3); i > 0; --i) {
      absl::StrAppend(&filter, Below(2) == 0 ? " AND " : " OR ", Factor(depth));
    }
    return filter;
  }
  int Below(int n) { return static_cast<int>(random_() % n); }

 private:
  std::string Factor(int depth) {
    const char* const kNot[] = {"", "", "NOT ", "-"};
    const std::string begin = kNot[Below(4)];
    if (depth < 3 && Below(3) == 0) return absl::StrCat(begin, "(", Write(depth + 1), ")");
    return begin + Comparison();
  }

  std::string Comparison() {
    const char* const kOrder[] = {"=", "!=", "<", "<=", ">", ">="};
    switch (Below(7)) {
      case 0:
        return absl::StrCat("title", Below(2) == 0 ? ":" : "!=", "\"s\"");
      case 1:
        return absl::StrCat("agency.state ", Below(2) == 0 ? "= " : "!= ", "TX");
      case 2:
        return absl::StrCat("urgency", Below(2) == 0 ? "=" : "!=", "URGENT");
      case 3:
        return absl::StrCat("slots ", kOrder[Below(6)], " ", Below(3));
      case 4:
        return absl::StrCat("needed_by", kOrder[Below(6)], "2026-10-01");
      case 5:
        return absl::StrCat("create_time", kOrder[Below(6)], "1970-01-01T00:00:00Z");
      default:
        return absl::StrCat("tribal=", Below(2) == 0 ? "true" : "false");
    }
  }

  std::mt19937_64 random_;
};

// Every row matches a filter or its NOT, never both: also rows with nothing in their fields.
TEST_F(FilterOnRows, AFilterAndItsNotShareTheRowsOut) {
  constexpr uint64_t kSeed = 20261001;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  FilterWriter writer(kSeed);
  for (int i = 0; i < 400; ++i) {
    const std::string filter = writer.Write();
    std::string all = Matches(filter) + Matches(absl::StrCat("NOT (", filter, ")"));
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all, "1234") << filter;
  }
}

// ---- Hostile input

// Whatever comes in, the answer is a condition whose parameters are in order, or an error about the
// field.
void CheckAnswer(const std::string& filter) {
  const auto condition = ParseFilter(filter, RequestFields());
  if (condition.ok()) {
    if (condition->sql.empty()) return;
    const auto statement = ReadStatement(condition->sql, "");
    ASSERT_TRUE(statement.ok()) << filter << ": " << statement.status();
    ASSERT_EQ(statement->parameter_count, condition->parameters.size()) << filter;
    return;
  }
  ASSERT_EQ(condition.status().code(), absl::StatusCode::kInvalidArgument) << filter;
  const auto violation = BadRequestOf(condition.status()).field_violations(0);
  ASSERT_EQ(violation.field(), "filter") << filter;
  ASSERT_LE(violation.description().size(), 500u) << filter;
}

TEST(FilterFuzz, AnyTextGetsAConditionOrAnErrorAboutTheField) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937_64 random(kSeed);
  FilterWriter writer(kSeed);
  const std::vector<std::string> pieces = {
      "title",  "slots", "urgency", "create_time", "needed_by",
      "tribal", "AND",   "OR",      "NOT",         "-",
      "(",      ")",     "=",       "!=",          "<",
      "<=",     ">",     ">=",      ":",           "\"",
      "\\",     "1",     "true",    "URGENT",      "2026-10",
      "é",      "'",     "--",      ";",           "/*",
      "%",      "_",     "\xff",    "\n",          " ",
      ":p1",    "?",     "$1",      "x",           "9223372036854775807"};
  constexpr int kRounds = critac::testing::kUnderSanitizer ? 25'000 : 100'000;
  for (int i = 0; i < kRounds; ++i) {
    std::string soup;
    for (size_t k = random() % 20; k > 0; --k) soup += pieces[random() % pieces.size()];
    CheckAnswer(soup);

    std::string bytes;
    for (size_t k = random() % 30; k > 0; --k) bytes += static_cast<char>(random());
    CheckAnswer(bytes);

    std::string mutated = writer.Write();
    for (size_t k = 1 + random() % 3; k > 0; --k) {
      const size_t at = random() % mutated.size();
      if (random() % 2 == 0)
        mutated[at] = static_cast<char>(random());
      else
        mutated.insert(at, pieces[random() % pieces.size()]);
    }
    CheckAnswer(mutated);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace critac::store
