#ifndef COMMON_SERVER_JSON_H_
#define COMMON_SERVER_JSON_H_

#include <string>

#include "absl/strings/string_view.h"

namespace critac::server {

// Appends `text` as a JSON string, quotes included. What RFC 8259 asks to be escaped is, and so are
// DEL and the line separators U+2028 and U+2029, which tools take for line ends. A byte that is not
// UTF-8 becomes U+FFFD. Past `max_bytes` of input, the rest is cut at a character and `…` says so.
void AppendJsonString(std::string& out, absl::string_view text, size_t max_bytes = 2000);

}  // namespace critac::server

#endif  // COMMON_SERVER_JSON_H_
