#include "common/store/filter_lexer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

constexpr size_t kShownBytes = 40;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.'; }

class Lexer {
 public:
  explicit Lexer(absl::string_view filter) : filter_(filter) {}

  absl::StatusOr<std::vector<FilterToken>> Read() {
    std::vector<FilterToken> tokens;
    do {
      SkipBlanks();
      const bool value = !tokens.empty() && tokens.back().kind == FilterToken::kOperator;
      ASSIGN_OR_RETURN(FilterToken token, value ? Value() : Next());
      tokens.push_back(std::move(token));
    } while (tokens.back().kind != FilterToken::kEnd);
    return tokens;
  }

 private:
  void SkipBlanks() {
    while (at_ < filter_.size() && absl::ascii_isspace(filter_[at_])) ++at_;
  }

  FilterToken Cut(FilterToken::Kind kind, size_t size) {
    FilterToken token{kind, std::string(filter_.substr(at_, size)), at_};
    at_ += size;
    return token;
  }

  absl::StatusOr<FilterToken> Next() {
    const absl::string_view rest = filter_.substr(at_);
    if (rest.empty()) return Cut(FilterToken::kEnd, 0);
    switch (rest.front()) {
      case '(':
        return Cut(FilterToken::kOpen, 1);
      case ')':
        return Cut(FilterToken::kClose, 1);
      case '-':
        return Cut(FilterToken::kMinus, 1);
      case '"':
        return Quoted();
      default:
        break;
    }
    for (const absl::string_view op : {"!=", "<=", ">=", "=", "<", ">", ":"}) {
      if (absl::StartsWith(rest, op)) return Cut(FilterToken::kOperator, op.size());
    }
    const size_t size = std::find_if_not(rest.begin(), rest.end(), IsNameCharacter) - rest.begin();
    if (size > 0) return Cut(FilterToken::kWord, size);
    return FilterError(filter_, at_,
                       absl::StrCat(ShowInError(rest.substr(0, 1)),
                                    " begins nothing; a comparison is FIELD OPERATOR VALUE, with "
                                    "other values in double quotes"));
  }

  absl::StatusOr<FilterToken> Value() {
    const absl::string_view rest = filter_.substr(at_);
    if (absl::StartsWith(rest, "\"")) return Quoted();
    const auto ends = [](char c) {
      return absl::ascii_isspace(c) || c == '(' || c == ')' || c == '"' || c == '=' || c == '<' ||
             c == '>' || c == '!';
    };
    const size_t size = std::find_if(rest.begin(), rest.end(), ends) - rest.begin();
    if (size == 0) return FilterError(filter_, at_, "a value is missing after the operator");
    return Cut(FilterToken::kWord, size);
  }

  absl::StatusOr<FilterToken> Quoted() {
    FilterToken token{FilterToken::kQuoted, "", at_};
    for (++at_; at_ < filter_.size(); ++at_) {
      char c = filter_[at_];
      if (c == '"') {
        ++at_;
        return token;
      }
      if (c == '\\') {
        c = ++at_ < filter_.size() ? filter_[at_] : '\0';
        if (c != '"' && c != '\\') {
          return FilterError(filter_, at_ - 1, "within quotes, \\ stands before \" or \\ only");
        }
      }
      token.text += c;
    }
    return FilterError(filter_, token.offset, "the closing quote is missing");
  }

  const absl::string_view filter_;
  size_t at_ = 0;
};

}  // namespace

absl::Status FilterError(absl::string_view filter, size_t offset, absl::string_view problem) {
  const absl::string_view before = filter.substr(0, offset);
  const auto characters =
      std::count_if(before.begin(), before.end(), [](char c) { return !IsContinuation(c); });
  return InvalidField("filter", absl::StrCat("at character ", characters + 1, ": ", problem));
}

std::string ShowInError(absl::string_view text) {
  std::string shown = absl::CHexEscape(text.substr(0, kShownBytes));
  if (text.size() > kShownBytes) shown += "…";
  return absl::StrCat("\"", shown, "\"");
}

absl::StatusOr<std::vector<FilterToken>> ReadFilterTokens(absl::string_view filter) {
  if (filter.size() > limits::kFilterBytes) {
    return InvalidField("filter", absl::StrCat(filter.size(), " bytes; at most ",
                                               limits::kFilterBytes, " are accepted"));
  }
  if (const size_t nul = filter.find('\0'); nul != filter.npos) {
    return FilterError(filter, nul, "a NUL byte, which text must not hold");
  }
  return Lexer(filter).Read();
}

}  // namespace critac::store
