#ifndef COMMON_BASE_SHA1_H_
#define COMMON_BASE_SHA1_H_

#include <string>

#include "absl/strings/string_view.h"

namespace critac {

// The SHA-1 of a text as 40 lower-case hexadecimal digits. For names that others have given by it,
// as Redis does to scripts; it keeps no secret and proves nothing.
std::string Sha1Hex(absl::string_view text);

}  // namespace critac

#endif  // COMMON_BASE_SHA1_H_
