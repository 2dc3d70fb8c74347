#ifndef SERVICES_CLI_USPS_H_
#define SERVICES_CLI_USPS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace critac::cli {

// A state, the District of Columbia, or a territory.
struct UspsState {
  absl::string_view code;
  // About where its middle lies, in whole thousandths of a degree.
  int latitude_e3;
  int longitude_e3;
  // The first two letters of its agencies' ORIs: the code, but for two.
  absl::string_view ori_prefix;
};

// All 56, by code.
absl::Span<const UspsState> UspsStates();

// The one of that code; null where there is none.
const UspsState* FindUspsState(absl::string_view code);

}  // namespace critac::cli

#endif  // SERVICES_CLI_USPS_H_
