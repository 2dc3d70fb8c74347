#include "services/cli/display_width.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

namespace critac::cli {
namespace {

constexpr char32_t kReplacement = 0xfffd;
constexpr absl::string_view kReplacementText = "\xef\xbf\xbd";
constexpr absl::string_view kEllipsis = "\xe2\x80\xa6";

struct Range {
  char32_t first;
  char32_t last;
};

// Combining marks, joiners, direction marks and variation selectors.
constexpr Range kZeroWidth[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd},   {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},   {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x2064},   {0x20d0, 0x20ff},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef},
};

// East Asian Wide and Fullwidth (UAX #11) and emoji shown as pictures.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

template <size_t N>
bool IsIn(const Range (&ranges)[N], char32_t character) {
  const Range* after =
      std::upper_bound(std::begin(ranges), std::end(ranges), character,
                       [](char32_t c, const Range& range) { return c < range.first; });
  return after != std::begin(ranges) && character <= std::prev(after)->last;
}

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// Takes one character off the front of `text`; nothing, and one byte, where it is not UTF-8 in its
// shortest form.
std::optional<char32_t> TakeValid(absl::string_view& text) {
  const uint8_t lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0x80       ? 1
                        : lead >> 5 == 6  ? 2
                        : lead >> 4 == 14 ? 3
                        : lead >> 3 == 30 ? 4
                                          : 0;
  static constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  char32_t character = length == 1 ? lead : lead & (0x7f >> length);
  bool valid = length > 0 && length <= text.size();
  for (size_t i = 1; valid && i < length; ++i) {
    valid = IsContinuation(text[i]);
    character = character << 6 | (static_cast<uint8_t>(text[i]) & 0x3f);
  }
  valid = valid && character >= kLeast[length] && character <= 0x10ffff &&
          (character < 0xd800 || character > 0xdfff);
  text.remove_prefix(valid ? length : 1);
  return valid ? std::optional<char32_t>(character) : std::nullopt;
}

char32_t TakeCharacter(absl::string_view& text) { return TakeValid(text).value_or(kReplacement); }

int WidthOf(char32_t character) {
  if (IsIn(kZeroWidth, character)) return 0;
  return IsIn(kWide, character) ? 2 : 1;
}

bool IsControl(char32_t character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

// Characters that change the direction of the text around them, and could make it read as what it
// is not.
bool ChangesDirection(char32_t character) {
  return (character >= 0x202a && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

}  // namespace

std::string Printable(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const absl::string_view rest = text;
    const char32_t character = TakeCharacter(text);
    if (character == '\n' || character == '\r' || character == '\t') {
      result += ' ';
    } else if (character == kReplacement || IsControl(character) || ChangesDirection(character)) {
      result.append(kReplacementText.data(), kReplacementText.size());
    } else {
      result.append(rest.data(), rest.size() - text.size());
    }
  }
  return result;
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    if (!TakeValid(text).has_value()) return false;
  }
  return true;
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(text));
  return width;
}

std::string CutToWidth(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  absl::string_view rest = text;
  size_t kept = 0;
  int used = 0;
  while (!rest.empty()) {
    used += WidthOf(TakeCharacter(rest));
    if (used > width - 1) break;
    kept = text.size() - rest.size();
  }
  return std::string(text.substr(0, kept)) + std::string(kEllipsis);
}

}  // namespace critac::cli
