#include "common/base/sha1.h"

#include <openssl/evp.h>

#include <array>

#include "absl/strings/escaping.h"

namespace critac {

std::string Sha1Hex(absl::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

}  // namespace critac
