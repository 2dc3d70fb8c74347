#include "common/server/json.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace critac::server {
namespace {

// Length of the well-formed UTF-8 character (RFC 3629) that `text` begins with; 0 where it begins
// with none. `text` is not empty.
size_t CharacterLength(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  // Bounds of the second byte rule out overlong forms, surrogates and what lies past U+10FFFF.
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

void AppendCharacter(std::string& out, absl::string_view character) {
  const auto byte = static_cast<uint8_t>(character[0]);
  if (character.size() > 1) {
    if (character == "\xE2\x80\xA8") {
      out += "\\u2028";
    } else if (character == "\xE2\x80\xA9") {
      out += "\\u2029";
    } else {
      absl::StrAppend(&out, character);
    }
  } else if (byte == '"' || byte == '\\') {
    out += '\\';
    out += character[0];
  } else if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\t') {
    out += "\\t";
  } else if (byte < 0x20 || byte == 0x7F) {
    absl::StrAppendFormat(&out, "\\u%04x", byte);
  } else {
    out += character[0];
  }
}

}  // namespace

void AppendJsonString(std::string& out, absl::string_view text, size_t max_bytes) {
  out += '"';
  size_t used = 0;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    const size_t consumed = length == 0 ? 1 : length;
    used += consumed;
    if (used > max_bytes) {
      out += "\xE2\x80\xA6";
      break;
    }
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      AppendCharacter(out, text.substr(0, length));
    }
    text.remove_prefix(consumed);
  }
  out += '"';
}

}  // namespace critac::server
