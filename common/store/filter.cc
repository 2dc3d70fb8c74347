#include "common/store/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/store/filter_lexer.h"

namespace critac::store {
namespace {

using Fields = absl::flat_hash_map<std::string, FilterField>;

// `a`, `b`, `c` in order: what is accepted.
template <typename Map>
std::string NamesOf(const Map& map) {
  std::vector<absl::string_view> names;
  for (const auto& [name, unused] : map) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

absl::string_view OperatorsOf(FilterType type) {
  switch (type) {
    case FilterType::kText:
      return "=, !=, :";
    case FilterType::kEnum:
      return "=, !=";
    case FilterType::kBool:
      return "=";
    case FilterType::kInt:
    case FilterType::kDate:
    case FilterType::kTimestamp:
      return "=, !=, <, <=, >, >=";
  }
  return "";
}

bool Accepts(FilterType type, absl::string_view op) {
  const std::vector<std::string> accepted = absl::StrSplit(OperatorsOf(type), ", ");
  return std::find(accepted.begin(), accepted.end(), op) != accepted.end();
}

// An RFC 3339 time of the years 1 to 9999, in microseconds since 1970; nothing for anything else,
// also for a time between two microseconds.
std::optional<int64_t> ParseTimestamp(absl::string_view text) {
  if (text.empty() || !absl::ascii_isdigit(text.front())) return std::nullopt;
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return std::nullopt;
  const int64_t year = absl::ToCivilSecond(time, absl::UTCTimeZone()).year();
  const int64_t micros = absl::ToUnixMicros(time);
  if (year < 1 || year > 9999 || absl::FromUnixMicros(micros) != time) return std::nullopt;
  return micros;
}

// What the column is compared with; nothing where `text` is no value of the field.
std::optional<Value> ValueOf(const FilterField& field, const std::string& text) {
  switch (field.type) {
    case FilterType::kText:
      return text;
    case FilterType::kEnum: {
      const auto found = field.values.find(text);
      if (found == field.values.end()) return std::nullopt;
      return found->second;
    }
    case FilterType::kInt: {
      int64_t number = 0;
      if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
      return number;
    }
    case FilterType::kDate:
      if (!ParseDate(text).has_value()) return std::nullopt;
      return text;
    case FilterType::kTimestamp:
      return ParseTimestamp(text);
    case FilterType::kBool:
      if (text != "true" && text != "false") return std::nullopt;
      return int64_t{text == "true"};
  }
  return std::nullopt;
}

std::string AcceptedValues(const FilterField& field) {
  switch (field.type) {
    case FilterType::kText:
      return "any text";
    case FilterType::kEnum:
      return NamesOf(field.values);
    case FilterType::kInt:
      return "a whole number of 64 bits";
    case FilterType::kDate:
      return "a date of 1900 to 2199, like 2026-10-01";
    case FilterType::kTimestamp:
      return "a time, like 2026-10-01T08:00:00Z";
    case FilterType::kBool:
      return "true, false";
  }
  return "";
}

// A LIKE pattern, with `!` as its escape, that matches what contains `text`.
std::string ContainsPattern(absl::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += absl::ascii_tolower(c);
  }
  return pattern + "%";
}

// The operator that holds where `op` does not, between values that are there.
absl::string_view Opposite(absl::string_view op) {
  if (op == "=") return "!=";
  if (op == "!=") return "=";
  if (op == "<") return ">=";
  if (op == "<=") return ">";
  if (op == ">") return "<=";
  return "<";
}

// Reads the filter by descent, a function for each level. `negated` says that what is read is to
// match where it does not match: a NOT is carried down to the comparisons, because SQL's own leaves
// out rows that have nothing in the column.
class Parser {
 public:
  Parser(absl::string_view filter, std::vector<FilterToken> tokens, const Fields& fields,
         int first_parameter)
      : filter_(filter),
        tokens_(std::move(tokens)),
        fields_(fields),
        next_parameter_(first_parameter) {}

  absl::StatusOr<Condition> Parse() {
    if (token().kind == FilterToken::kEnd) return Condition{};
    ASSIGN_OR_RETURN(std::string sql, All(false, 0));
    if (token().kind == FilterToken::kClose) return Wrong("nothing is open that ) could close");
    if (token().kind != FilterToken::kEnd) return Wrong("AND, OR or the end is expected here");
    return Condition{std::move(sql), std::move(parameters_)};
  }

 private:
  const FilterToken& token() const { return tokens_[at_]; }
  FilterToken Take() { return tokens_[at_++]; }
  bool IsKeyword(absl::string_view word) const {
    return token().kind == FilterToken::kWord && token().text == word;
  }
  absl::Status Wrong(absl::string_view problem) const {
    return FilterError(filter_, token().offset, problem);
  }

  // any { AND any }
  absl::StatusOr<std::string> All(bool negated, int depth) {
    return Joined("AND", negated ? " OR " : " AND ", [&] { return Any(negated, depth); });
  }

  // term { OR term }
  absl::StatusOr<std::string> Any(bool negated, int depth) {
    return Joined("OR", negated ? " AND " : " OR ", [&] { return Term(negated, depth); });
  }

  template <typename Part>
  absl::StatusOr<std::string> Joined(absl::string_view keyword, absl::string_view joint,
                                     const Part& part) {
    ASSIGN_OR_RETURN(std::string sql, part());
    bool several = false;
    while (IsKeyword(keyword)) {
      Take();
      ASSIGN_OR_RETURN(const std::string next, part());
      absl::StrAppend(&sql, joint, next);
      several = true;
    }
    return several ? absl::StrCat("(", sql, ")") : sql;
  }

  // [ NOT | - ] ( comparison | "(" all ")" )
  absl::StatusOr<std::string> Term(bool negated, int depth) {
    if (IsKeyword("NOT") || token().kind == FilterToken::kMinus) {
      Take();
      negated = !negated;
    }
    if (token().kind != FilterToken::kOpen) return Comparison(negated);
    if (depth == limits::kFilterDepth) {
      return Wrong(
          absl::StrCat("parentheses are nested more than ", limits::kFilterDepth, " deep"));
    }
    Take();
    ASSIGN_OR_RETURN(std::string sql, All(negated, depth + 1));
    if (token().kind != FilterToken::kClose) return Wrong("AND, OR or ) is expected here");
    Take();
    return sql;
  }

  // FIELD OPERATOR VALUE
  absl::StatusOr<std::string> Comparison(bool negated) {
    if (token().kind != FilterToken::kWord || IsKeyword("AND") || IsKeyword("OR") ||
        IsKeyword("NOT")) {
      return Wrong(absl::StrCat("a field is expected here; fields: ", NamesOf(fields_)));
    }
    if (++comparisons_ > limits::kFilterComparisons) {
      return Wrong(
          absl::StrCat("at most ", limits::kFilterComparisons, " comparisons are accepted"));
    }
    const auto found = fields_.find(token().text);
    if (found == fields_.end()) {
      return Wrong(
          absl::StrCat(ShowInError(token().text), " is not a field; fields: ", NamesOf(fields_)));
    }
    const std::string name = Take().text;
    const FilterField& field = found->second;
    if (token().kind != FilterToken::kOperator || !Accepts(field.type, token().text)) {
      return Wrong(absl::StrCat("after ", name, " comes one of ", OperatorsOf(field.type)));
    }
    const std::string op = Take().text;
    std::optional<Value> value;
    if (token().kind == FilterToken::kWord || token().kind == FilterToken::kQuoted) {
      value = ValueOf(field, token().text);
    }
    if (!value.has_value()) {
      return Wrong(absl::StrCat(ShowInError(token().text), " is not a value of ", name,
                                "; accepted: ", AcceptedValues(field)));
    }
    Take();
    return op == ":" ? Contains(field.column, std::get<std::string>(*value), negated)
                     : Compares(field.column, op, *std::move(value), negated);
  }

  std::string Compares(absl::string_view column, absl::string_view op, Value value, bool negated) {
    const absl::string_view holds = negated ? Opposite(op) : op;
    return MaybeNothing(
        column, (op == "!=") != negated,
        absl::StrCat(column, " ", holds == "!=" ? "<>" : holds, " ", Bind(std::move(value))));
  }

  std::string Contains(absl::string_view column, absl::string_view text, bool negated) {
    return MaybeNothing(column, negated,
                        absl::StrCat("lower(", column, negated ? ") NOT LIKE " : ") LIKE ",
                                     Bind(ContainsPattern(text)), " ESCAPE '!'"));
  }

  // The condition, or that there is nothing in the column.
  static std::string MaybeNothing(absl::string_view column, bool nothing_matches,
                                  std::string condition) {
    if (!nothing_matches) return condition;
    return absl::StrCat("(", column, " IS NULL OR ", condition, ")");
  }

  std::string Bind(Value value) {
    parameters_.push_back(std::move(value));
    return absl::StrCat(":p", next_parameter_++);
  }

  const absl::string_view filter_;
  const std::vector<FilterToken> tokens_;
  const Fields& fields_;
  int next_parameter_;
  size_t at_ = 0;
  int comparisons_ = 0;
  std::vector<Value> parameters_;
};

}  // namespace

absl::StatusOr<Condition> ParseFilter(absl::string_view filter, const Fields& fields,
                                      int first_parameter) {
  ASSIGN_OR_RETURN(std::vector<FilterToken> tokens, ReadFilterTokens(filter));
  return Parser(filter, std::move(tokens), fields, first_parameter).Parse();
}

}  // namespace critac::store
