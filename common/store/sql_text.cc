#include "common/store/sql_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

constexpr size_t kIdentifierCharacters = 63;  // PostgreSQL cuts longer ones off

absl::Status WrongStatement(absl::string_view what) {
  return Error(absl::StatusCode::kInternal, "WRONG_STATEMENT", what).ToStatus();
}

bool IsWordCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// The end of the quoted text that begins at `begin`; a doubled quote stands for itself.
size_t EndOfQuoted(absl::string_view sql, size_t begin) {
  const size_t end = sql.find(sql[begin], begin + 1);
  return end == sql.npos ? sql.size() : end + 1;
}

// Where the comment that begins at `begin` ends; `begin` where none begins.
size_t EndOfComment(absl::string_view sql, size_t begin) {
  const absl::string_view rest = sql.substr(begin);
  if (absl::StartsWith(rest, "--")) return std::min(sql.find('\n', begin), sql.size());
  if (!absl::StartsWith(rest, "/*")) return begin;
  const size_t end = sql.find("*/", begin + 2);
  return end == sql.npos ? sql.size() : end + 2;
}

// A piece of SQL that is looked at as a whole.
struct Token {
  enum Kind { kBlank, kComment, kQuoted, kWord, kParameter, kSymbol } kind;
  absl::string_view text;
};

// The token at the front of `sql`, which is not empty.
Token NextToken(absl::string_view sql) {
  const char c = sql.front();
  const auto cut = [&](Token::Kind kind, size_t end) { return Token{kind, sql.substr(0, end)}; };
  const auto word_end = [&](size_t begin) {
    while (begin < sql.size() && IsWordCharacter(sql[begin])) ++begin;
    return begin;
  };
  if (absl::ascii_isspace(c)) return cut(Token::kBlank, 1);
  if (c == '\'' || c == '"') return cut(Token::kQuoted, EndOfQuoted(sql, 0));
  if (const size_t end = EndOfComment(sql, 0); end > 0) return cut(Token::kComment, end);
  if (IsWordCharacter(c)) return cut(Token::kWord, word_end(1));
  if (absl::StartsWith(sql, "::")) return cut(Token::kSymbol, 2);
  if (c == ':' && sql.size() > 1 && (absl::ascii_isalpha(sql[1]) || sql[1] == '_')) {
    return cut(Token::kParameter, word_end(1));
  }
  return cut(Token::kSymbol, 1);
}

// Knows, token by token, where a statement ends.
class StatementEnd {
 public:
  // Whether `token` ends the statement.
  bool Sees(const Token& token) {
    if (token.kind == Token::kBlank || token.kind == Token::kComment) return false;
    const bool ends = token.text == ";" && (!trigger_ || after_end_);
    after_end_ = token.kind == Token::kWord && absl::EqualsIgnoreCase(token.text, "END");
    if (words_ == 0) create_ = absl::EqualsIgnoreCase(token.text, "CREATE");
    // CREATE TRIGGER and CREATE TEMP TRIGGER: the body holds statements of its own, up to END.
    if (create_ && words_ <= 2 && absl::EqualsIgnoreCase(token.text, "TRIGGER")) trigger_ = true;
    ++words_;
    return ends;
  }

 private:
  int words_ = 0;
  bool create_ = false;
  bool trigger_ = false;
  bool after_end_ = false;
};

}  // namespace

std::vector<std::string> SplitStatements(absl::string_view sql) {
  std::vector<std::string> statements;
  while (!sql.empty()) {
    StatementEnd end;
    size_t size = 0;
    bool something = false;
    bool ended = false;
    while (size < sql.size() && !ended) {
      const Token token = NextToken(sql.substr(size));
      ended = end.Sees(token);
      something |= !ended && token.kind != Token::kBlank && token.kind != Token::kComment;
      size += token.text.size();
    }
    if (something) {
      statements.emplace_back(absl::StripAsciiWhitespace(sql.substr(0, ended ? size - 1 : size)));
    }
    sql.remove_prefix(size);
  }
  return statements;
}

absl::StatusOr<StatementText> ReadStatement(absl::string_view sql, absl::string_view mark) {
  StatementText statement;
  StatementEnd end;
  bool something = false;
  bool ended = false;
  for (absl::string_view rest = sql; !rest.empty();) {
    const Token token = NextToken(rest);
    rest.remove_prefix(token.text.size());
    if (token.kind == Token::kComment) {
      statement.sql += ' ';
      continue;
    }
    if (end.Sees(token)) {
      ended = true;
      continue;
    }
    if (token.kind != Token::kBlank) {
      if (ended) return WrongStatement("one statement is run at a time; here are several");
      something = true;
    }
    if (token.kind != Token::kParameter) {
      absl::StrAppend(&statement.sql, token.text);
      continue;
    }
    if (token.text != absl::StrCat(":p", ++statement.parameter_count)) {
      return WrongStatement(absl::StrCat("parameter ", token.text, ": the next in order is :p",
                                         statement.parameter_count));
    }
    if (mark == "$") {
      absl::StrAppend(&statement.sql, mark, statement.parameter_count);
    } else {
      absl::StrAppend(&statement.sql, mark.empty() ? token.text : mark);
    }
  }
  if (!something) return WrongStatement("there is no statement");
  if (statement.parameter_count > kMaxParameters) {
    return WrongStatement(absl::StrCat(statement.parameter_count, " parameters; at most ",
                                       kMaxParameters, " are accepted"));
  }
  return statement;
}

bool IsIdentifier(absl::string_view name) {
  return !name.empty() && name.size() <= kIdentifierCharacters &&
         !absl::ascii_isdigit(name.front()) &&
         std::all_of(name.begin(), name.end(), IsWordCharacter);
}

}  // namespace critac::store
