#include "services/matching/address_fingerprints.h"

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/sha256.h"

namespace critac::matching {
namespace {

// 256 bits that nobody can guess.
std::string NewKey() {
  RandomIdSource ids;
  std::string key;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&key, absl::Hex(ids.NextBits(), absl::kZeroPad16));
  return key;
}

}  // namespace

AddressFingerprints::AddressFingerprints() : key_(NewKey()) {}

std::string AddressFingerprints::Of(absl::string_view identity) const {
  return Sha256Hex(absl::StrCat(key_, identity));
}

}  // namespace critac::matching
