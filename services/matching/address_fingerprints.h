#ifndef SERVICES_MATCHING_ADDRESS_FINGERPRINTS_H_
#define SERVICES_MATCHING_ADDRESS_FINGERPRINTS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace critac::matching {

// What may be kept in the place of addresses by those who outlive a purge, which is no event: texts that are the same
// where the addresses are, and tell nothing of them without a key that was drawn at random and never leaves the object.
class AddressFingerprints {
 public:
  AddressFingerprints();

  // Of an address as AddressIdentity has it: 64 hexadecimal digits.
  std::string Of(absl::string_view identity) const;

 private:
  const std::string key_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ADDRESS_FINGERPRINTS_H_
