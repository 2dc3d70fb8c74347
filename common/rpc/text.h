#ifndef COMMON_RPC_TEXT_H_
#define COMMON_RPC_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace critac::rpc {

// What there is to know of a text before anyone keeps it.
struct TextScan {
  enum class Problem { kNone, kNotUtf8, kControlCharacter };
  Problem problem = Problem::kNone;
  // Unicode code points; up to the problem, where there is one.
  size_t characters = 0;
  // The control character (Unicode category Cc, without newline and tab) that was met first.
  uint32_t control_character = 0;
};

// Reads a text once. Valid is UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing
// past U+10FFFF.
TextScan ScanText(absl::string_view text);

// Whether `text` is a USPS code of a state, the District of Columbia or a territory (AS, GU, MP,
// PR, VI), upper case.
bool IsState(absl::string_view text);

// Whether `text` is an e-mail address: `local@host.domain`. The local part is a dot-atom of RFC
// 5321 (no quotes, no comments) of up to 64 characters; the domain has at least two labels of
// letters, digits and inner hyphens; all of it ASCII and up to 254 characters.
bool IsEmail(absl::string_view text);

// Whether `text` is well-formed as a language of BCP 47 (RFC 5646): `en`, `es-MX`, `zh-Hant`, `nv`.
// Whether the language exists is not looked up; but those of four letters and more, which RFC 5646
// sets aside and nobody has registered, are names like `English` and not accepted. Nor are tags that
// it keeps from before itself (`i-navajo`).
bool IsLanguage(absl::string_view text);

// Whether `text` is `collection/ID`. An ID has 1 to 100 characters out of letters, digits and
// `._@-`, and begins with a letter or a digit.
bool IsResourceName(absl::string_view text, absl::string_view collection);

// Whether `text` names fields as a field mask does: `agency.display_name`.
bool IsFieldPath(absl::string_view text);

}  // namespace critac::rpc

#endif  // COMMON_RPC_TEXT_H_
