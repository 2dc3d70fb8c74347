#include "common/rpc/text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "re2/re2.h"

namespace critac::rpc {
namespace {

constexpr uint64_t kEveryByte = 0x0101010101010101ULL;
constexpr uint64_t kHighBits = 0x80 * kEveryByte;

// Has bits in the highest places of those of eight bytes that are not printable ASCII, and none where
// all are. The subtraction borrows from a byte only where the byte below it was under 0x20, which is
// found then anyway; the addition carries only from a byte that is beyond ASCII.
uint64_t NotPrintableAscii(uint64_t bytes) {
  const uint64_t under_space = (bytes - 0x20 * kEveryByte) & ~bytes;
  const uint64_t from_delete = bytes + kEveryByte;
  return (bytes | under_space | from_delete) & kHighBits;
}

// The length of the printable ASCII that `text` begins with, in whole blocks.
size_t PrintablePrefix(absl::string_view text) {
  std::array<uint64_t, 4> block;
  size_t length = 0;
  while (length + sizeof(block) <= text.size()) {
    std::memcpy(block.data(), text.data() + length, sizeof(block));
    uint64_t found = 0;
    for (const uint64_t bytes : block) found |= NotPrintableAscii(bytes);
    if (found != 0) break;
    length += sizeof(block);
  }
  while (length + sizeof(block[0]) <= text.size()) {
    std::memcpy(block.data(), text.data() + length, sizeof(block[0]));
    if (NotPrintableAscii(block[0]) != 0) break;
    length += sizeof(block[0]);
  }
  return length;
}

bool IsControl(uint32_t character) {
  if (character == '\n' || character == '\t') return false;
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

// Reads one code point beyond ASCII from the front of `text`; returns its length in bytes, 0 where
// it is not valid.
size_t ReadCodePoint(absl::string_view text, uint32_t& character) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  character = first & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    character = character << 6 | (byte(i) & 0x3fU);
  }
  static constexpr std::array<uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < kSmallest[length] || character > 0x10ffff || surrogate) return 0;
  return length;
}

bool IsAlnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

bool IsDomainLabel(absl::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsAtom(absl::string_view atom) {
  static constexpr absl::string_view kSymbols = "!#$%&'*+-/=?^_`{|}~";
  return !atom.empty() && std::all_of(atom.begin(), atom.end(), [](char c) {
    return IsAlnum(c) || kSymbols.find(c) != absl::string_view::npos;
  });
}

template <typename Predicate>
bool AllParts(absl::string_view text, char separator, Predicate predicate) {
  for (const absl::string_view part : absl::StrSplit(text, separator)) {
    if (!predicate(part)) return false;
  }
  return true;
}

}  // namespace

TextScan ScanText(absl::string_view text) {
  TextScan scan;
  size_t i = 0;
  while (i < text.size()) {
    const size_t printable = PrintablePrefix(text.substr(i));
    i += printable;
    scan.characters += printable;
    if (i == text.size()) break;
    uint32_t character = static_cast<uint8_t>(text[i]);
    const size_t length = character < 0x80 ? 1 : ReadCodePoint(text.substr(i), character);
    if (length == 0) {
      scan.problem = TextScan::Problem::kNotUtf8;
      return scan;
    }
    if (IsControl(character)) {
      scan.problem = TextScan::Problem::kControlCharacter;
      scan.control_character = character;
      return scan;
    }
    i += length;
    ++scan.characters;
  }
  return scan;
}

bool IsState(absl::string_view text) {
  static constexpr absl::string_view kCodes =
      "AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT "
      "NC "
      "ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY";
  if (text.size() != 2 || text[0] == ' ' || text[1] == ' ') return false;
  return kCodes.find(text) != absl::string_view::npos;
}

bool IsEmail(absl::string_view text) {
  if (text.size() > 254) return false;
  const size_t at = text.find('@');
  if (at == absl::string_view::npos || at > 64) return false;
  const absl::string_view domain = text.substr(at + 1);
  return AllParts(text.substr(0, at), '.', IsAtom) && absl::StrContains(domain, '.') &&
         AllParts(domain, '.', IsDomainLabel);
}

bool IsLanguage(absl::string_view text) {
  // Language, script, region, variants, extensions, private use: RFC 5646, 2.1.
  static const RE2* const pattern = new RE2(
      "(?i)[a-z]{2,3}(?:-[a-z]{3}){0,3}"
      "(?:-[a-z]{4})?"
      "(?:-(?:[a-z]{2}|[0-9]{3}))?"
      "(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
      "(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
      "(?:-x(?:-[a-z0-9]{1,8})+)?");
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *pattern);
}

bool IsResourceName(absl::string_view text, absl::string_view collection) {
  if (!absl::ConsumePrefix(&text, collection) || !absl::ConsumePrefix(&text, "/")) return false;
  if (text.empty() || text.size() > 100 || !IsAlnum(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlnum(c) || c == '.' || c == '_' || c == '@' || c == '-';
  });
}

bool IsFieldPath(absl::string_view text) {
  return AllParts(text, '.', [](absl::string_view name) {
    return !name.empty() && absl::ascii_islower(static_cast<unsigned char>(name.front())) &&
           std::all_of(name.begin(), name.end(), [](char c) {
             return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                    absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
           });
  });
}

}  // namespace critac::rpc
