#include "common/store/sql_text.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/store/insert_sql.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SqlText, SemicolonsSetStatementsApart) {
  EXPECT_THAT(SplitStatements("CREATE TABLE a (x BIGINT);\n INSERT INTO a VALUES (1) ;\n\n"),
              ElementsAre("CREATE TABLE a (x BIGINT)", "INSERT INTO a VALUES (1)"));
  EXPECT_THAT(SplitStatements("SELECT 1"), ElementsAre("SELECT 1"));
  EXPECT_THAT(SplitStatements("SELECT 1;SELECT 2"), ElementsAre("SELECT 1", "SELECT 2"));
}

TEST(SqlText, BlanksAndCommentsAloneAreNoStatement) {
  for (const char* sql : {"", " \n\t", ";", ";;\n;", "-- nothing", "/* nothing; */ ; -- at all"}) {
    EXPECT_THAT(SplitStatements(sql), IsEmpty()) << sql;
  }
}

TEST(SqlText, SemicolonsWithinQuotesAndCommentsDoNotCount) {
  for (const char* sql :
       {"SELECT ';'", "SELECT 'it''s;'", "SELECT \"a;b\"", "SELECT /* ; */ 1",
        "SELECT 1 -- ; 'x\n + 2", "SELECT 'open; to the end", "SELECT /* open;"}) {
    EXPECT_THAT(SplitStatements(sql), ElementsAre(sql));
  }
}

TEST(SqlText, ATriggersBodyIsPartOfIt) {
  const std::string trigger =
      "CREATE TRIGGER t BEFORE INSERT ON a BEGIN SELECT 1; DELETE FROM b; END";
  EXPECT_THAT(SplitStatements(trigger + "; SELECT 2"), ElementsAre(trigger, "SELECT 2"));
  EXPECT_THAT(SplitStatements("create temp trigger t begin select 1; end; SELECT 2"),
              ElementsAre("create temp trigger t begin select 1; end", "SELECT 2"));
  // A column of that name makes no trigger.
  EXPECT_THAT(SplitStatements("SELECT trigger FROM a; SELECT 2"),
              ElementsAre("SELECT trigger FROM a", "SELECT 2"));
  EXPECT_THAT(SplitStatements("CREATE TABLE a (trigger TEXT); SELECT 2"),
              ElementsAre("CREATE TABLE a (trigger TEXT)", "SELECT 2"));
}

TEST(SqlText, ParametersAreCountedAndMarked) {
  const auto kept = ReadStatement("UPDATE a SET x = :p1 WHERE y = :p2", "");
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->sql, "UPDATE a SET x = :p1 WHERE y = :p2");
  EXPECT_EQ(kept->parameter_count, 2);
  const auto marked = ReadStatement("UPDATE a SET x = :p1 WHERE y = :p2;", "?");
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_EQ(marked->sql, "UPDATE a SET x = ? WHERE y = ?");
}

TEST(SqlText, WhatLooksLikeAParameterWithinQuotesAndCommentsIsNone) {
  for (const char* sql : {"SELECT ':p1'", "SELECT \":p1\"", "SELECT 1 /* :p7 */", "SELECT x::text",
                          "SELECT a[1:2]", "SELECT 1 -- :p3"}) {
    const auto read = ReadStatement(sql, "?");
    ASSERT_TRUE(read.ok()) << sql << read.status();
    EXPECT_EQ(read->parameter_count, 0) << sql;
    EXPECT_THAT(read->sql, ::testing::Not(::testing::HasSubstr("?"))) << sql;
  }
}

TEST(SqlText, OtherParametersAndSeveralStatementsAreRefused) {
  for (const char* sql :
       {"SELECT :p0", "SELECT :p2", "SELECT :p1, :p1", "SELECT :p2, :p1", "SELECT :p01",
        "SELECT :x", "SELECT :P1", "SELECT :p1x", "SELECT 1; SELECT 2", "", "  ", "-- x", ";"}) {
    const absl::Status status = ReadStatement(sql, "").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << sql;
    EXPECT_EQ(ReasonOf(status), "WRONG_STATEMENT") << sql;
  }
}

TEST(SqlText, ParametersHaveALimit) {
  const auto list = [](int count) {
    std::string sql = "SELECT ";
    for (int i = 1; i <= count; ++i) absl::StrAppend(&sql, i > 1 ? ",:p" : ":p", i);
    return sql;
  };
  EXPECT_TRUE(ReadStatement(list(kMaxParameters), "?").ok());
  EXPECT_FALSE(ReadStatement(list(kMaxParameters + 1), "?").ok());
}

TEST(SqlText, IdentifiersArePlain) {
  for (const char* name : {"a", "_a", "journal_event", "A1"}) EXPECT_TRUE(IsIdentifier(name));
  for (const char* name : {"", "1a", "a b", "a-b", "a;", "a\"", "é", "a.b"}) {
    EXPECT_FALSE(IsIdentifier(name)) << name;
  }
  EXPECT_TRUE(IsIdentifier(std::string(63, 'a')));
  EXPECT_FALSE(IsIdentifier(std::string(64, 'a')));
}

TEST(InsertSql, ReadsAsSql) {
  const std::vector<std::string> columns = {"name", "size"};
  const std::vector<std::string> key = {"name"};
  EXPECT_EQ(InsertSql({"agency", columns, OnConflict::kFail, {}}, 2, "INSERT INTO"),
            "INSERT INTO agency (name, size) VALUES (:p1, :p2), (:p3, :p4)");
  EXPECT_EQ(InsertSql({"agency", columns, OnConflict::kIgnore, key}, 1, "INSERT INTO"),
            "INSERT INTO agency (name, size) VALUES (:p1, :p2) ON CONFLICT (name) DO NOTHING");
  EXPECT_EQ(InsertSql({"agency", columns, OnConflict::kReplace, key}, 1, "INSERT INTO"),
            "INSERT INTO agency (name, size) VALUES (:p1, :p2) ON CONFLICT (name) DO UPDATE SET "
            "size = excluded.size");
  EXPECT_EQ(InsertSql({"agency", key, OnConflict::kReplace, key}, 1, "INSERT INTO"),
            "INSERT INTO agency (name) VALUES (:p1) ON CONFLICT (name) DO NOTHING");
}

TEST(InsertSql, EachInsertHasAKeyOfItsOwn) {
  const std::vector<std::string> ab = {"a", "b"};
  const std::vector<std::string> a = {"a"};
  const std::vector<std::string> keys = {InsertKey({"t", ab, OnConflict::kFail, {}}, 1),
                                         InsertKey({"t", ab, OnConflict::kFail, {}}, 4),
                                         InsertKey({"u", ab, OnConflict::kFail, {}}, 1),
                                         InsertKey({"t", a, OnConflict::kFail, {}}, 1),
                                         InsertKey({"t", ab, OnConflict::kIgnore, a}, 1),
                                         InsertKey({"t", ab, OnConflict::kReplace, a}, 1),
                                         InsertKey({"t", ab, OnConflict::kReplace, ab}, 1)};
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t k = 0; k < i; ++k) EXPECT_NE(keys[i], keys[k]);
  }
}

}  // namespace
}  // namespace critac::store
