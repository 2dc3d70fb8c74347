#include "common/queue/kept_error.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"

namespace critac::queue {
namespace {

// Bounds of the second byte, and the length, of a character that begins with some byte (RFC 3629,
// section 4). Length 0: none begins so.
struct Lead {
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {.length = 1};
  if (byte < 0xc2) return {};
  if (byte < 0xe0) return {.length = 2};
  if (byte == 0xe0) return {.length = 3, .low = 0xa0};
  if (byte == 0xed) return {.length = 3, .high = 0x9f};
  if (byte < 0xf0) return {.length = 3};
  if (byte == 0xf0) return {.length = 4, .low = 0x90};
  if (byte < 0xf4) return {.length = 4};
  if (byte == 0xf4) return {.length = 4, .high = 0x8f};
  return {};
}

// Bytes of the character that `text` begins with; 0 where it begins with none.
size_t CharacterLength(absl::string_view text) {
  const Lead lead = LeadOf(static_cast<uint8_t>(text.front()));
  if (lead.length > text.size()) return 0;
  for (size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const uint8_t low = i == 1 ? lead.low : 0x80;
    const uint8_t high = i == 1 ? lead.high : 0xbf;
    if (byte < low || byte > high) return 0;
  }
  return lead.length;
}

}  // namespace

std::string KeptError(absl::string_view error) {
  std::string kept;
  while (!error.empty()) {
    const size_t length = CharacterLength(error);
    const size_t taken = length == 0 ? 1 : length;
    if (kept.size() + taken > limits::kJobErrorBytes) break;
    if (length == 0) {
      kept += '?';
    } else {
      kept.append(error.data(), length);
    }
    error.remove_prefix(taken);
  }
  return kept;
}

std::string RedriveNote(absl::string_view reason) {
  return reason.empty() ? "" : absl::StrCat("brought back: ", reason, "; it had failed: ");
}

}  // namespace critac::queue
