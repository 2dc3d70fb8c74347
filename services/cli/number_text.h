#ifndef SERVICES_CLI_NUMBER_TEXT_H_
#define SERVICES_CLI_NUMBER_TEXT_H_

#include <cstdint>
#include <string>

namespace critac::cli {

// A number with its thousands set off: `125,314`.
std::string WithThousands(int64_t number);

}  // namespace critac::cli

#endif  // SERVICES_CLI_NUMBER_TEXT_H_
