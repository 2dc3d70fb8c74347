#ifndef SERVICES_CLI_DATABASES_TARGET_URLS_H_
#define SERVICES_CLI_DATABASES_TARGET_URLS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace critac::cli {

// The databases that services are moved to, by service, from what `--to` was given: a URL for each,
// `intake=URL`, or one URL for all in which `{service}` stands for the service's name. A URL for one goes
// before that for all. UsageError: a service has none, or two have the same, or it is no URL of a database.
absl::StatusOr<std::map<std::string, std::string>> ParseTargetUrls(
    absl::Span<const std::string> given, absl::Span<const std::string> services);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_TARGET_URLS_H_
