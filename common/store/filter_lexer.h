#ifndef COMMON_STORE_FILTER_LEXER_H_
#define COMMON_STORE_FILTER_LEXER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace critac::store {

// A piece of a filter.
struct FilterToken {
  enum Kind {
    kEnd,       // of the filter
    kOpen,      // (
    kClose,     // )
    kMinus,     // - before a comparison
    kOperator,  // = != < <= > >= :
    kWord,      // a name, a keyword, or a bare value
    kQuoted,    // a value in double quotes
  };
  Kind kind = kEnd;
  // Of a quoted value, what the quotes mean.
  std::string text;
  // Byte of the filter at which it begins.
  size_t offset = 0;
};

// The error about what is at a byte of the filter.
absl::Status FilterError(absl::string_view filter, size_t offset, absl::string_view problem);

// A text out of a filter, in quotes, short and printable.
std::string ShowInError(absl::string_view text);

// Takes a filter apart. A word after an operator reaches to the next blank, parenthesis, quote, or
// operator other than `:`, so that `2026-10-01T08:00:00Z` and `-5` are one. The last token is kEnd.
absl::StatusOr<std::vector<FilterToken>> ReadFilterTokens(absl::string_view filter);

}  // namespace critac::store

#endif  // COMMON_STORE_FILTER_LEXER_H_
