#ifndef SERVICES_CLI_NUMBER_TEXT_H_
#define SERVICES_CLI_NUMBER_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace critac::cli {

// A number with its thousands set off: `125,314`.
std::string WithThousands(int64_t number);

// A bar for each of some fractions, in millionths, so that one sees where they go: `▁▅█` for 0, a half and the whole.
// What is below 0, as no fraction is, is `·`.
std::string FractionBars(absl::Span<const int64_t> fractions_e6);

}  // namespace critac::cli

#endif  // SERVICES_CLI_NUMBER_TEXT_H_
