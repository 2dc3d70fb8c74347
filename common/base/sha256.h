#ifndef COMMON_BASE_SHA256_H_
#define COMMON_BASE_SHA256_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace critac {

// SHA-256 (FIPS 180-4) of `text`, by OpenSSL.
std::array<uint8_t, 32> Sha256(absl::string_view text);

// The same, lower-case hexadecimal.
std::string Sha256Hex(absl::string_view text);

// The same of a text that comes in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Add(absl::string_view piece);
  // Digest of all pieces, lower-case hexadecimal. Called once, last.
  std::string Hex();

 private:
  void* const context_;  // an EVP_MD_CTX
};

}  // namespace critac

#endif  // COMMON_BASE_SHA256_H_
