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

}  // namespace critac

#endif  // COMMON_BASE_SHA256_H_
