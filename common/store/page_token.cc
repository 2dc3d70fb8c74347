#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "common/store/filter.h"

namespace critac::store {
namespace {

// A token is, in base64: a digest of the arguments, a digest of the rest, and each key after its
// length in four bytes.
constexpr size_t kDigestBytes = 8;

std::string Digest(absl::string_view text) {
  const auto digest = Sha256(text);
  return std::string(digest.begin(), digest.begin() + kDigestBytes);
}

void AppendKey(std::string& out, absl::string_view key) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(key.size() >> shift & 0xff);
  }
  absl::StrAppend(&out, key);
}

// Takes a key off the front of `in`; false where none is there.
bool TakeKey(absl::string_view& in, std::string& key) {
  if (in.size() < 4) return false;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(in[i]);
  if (size > in.size() - 4) return false;
  key = std::string(in.substr(4, size));
  in.remove_prefix(4 + size);
  return true;
}

absl::Status WrongToken(absl::string_view problem) {
  return InvalidField("page_token",
                      absl::StrCat(problem,
                                   "; accepted: none, or the next_page_token of the page "
                                   "before"));
}

}  // namespace

std::string MakePageToken(absl::string_view arguments, absl::Span<const std::string> keys) {
  const std::string call = Digest(arguments);
  std::string packed;
  for (const std::string& key : keys) AppendKey(packed, key);
  return absl::WebSafeBase64Escape(absl::StrCat(call, Digest(absl::StrCat(call, packed)), packed));
}

absl::StatusOr<std::vector<std::string>> ReadPageToken(absl::string_view token,
                                                       absl::string_view arguments,
                                                       size_t key_count) {
  std::string bytes;
  if (token.size() > limits::kPageTokenBytes || !absl::WebSafeBase64Unescape(token, &bytes) ||
      absl::WebSafeBase64Escape(bytes) != token || bytes.size() < 2 * kDigestBytes) {
    return WrongToken("it is not a token");
  }
  const std::string call = bytes.substr(0, kDigestBytes);
  absl::string_view packed = absl::string_view(bytes).substr(2 * kDigestBytes);
  if (bytes.substr(kDigestBytes, kDigestBytes) != Digest(absl::StrCat(call, packed))) {
    return WrongToken("it was altered");
  }
  if (call != Digest(arguments)) return WrongToken("it is from a call with other arguments");
  std::vector<std::string> keys;
  std::string key;
  while (TakeKey(packed, key)) keys.push_back(key);
  if (!packed.empty() || keys.size() != key_count) return WrongToken("it is from another list");
  return keys;
}

int PageSize(int asked) {
  return asked <= 0 ? limits::kDefaultPageSize : std::min(asked, limits::kMaxPageSize);
}

}  // namespace critac::store
