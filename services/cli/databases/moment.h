#ifndef SERVICES_CLI_DATABASES_MOMENT_H_
#define SERVICES_CLI_DATABASES_MOMENT_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace critac::cli {

// The moment that `flag` was given, RFC 3339 with its zone: `2026-11-28T17:30:00Z`. UsageError: it is none.
absl::StatusOr<absl::Time> ParseMoment(absl::string_view flag, const std::string& text);

// RFC 3339, UTC, with as many digits of the second as it has.
std::string MomentText(absl::Time time);

// Puts `20261128T173000Z` in the place of every `{time}` in a path.
std::string PutTimeInto(absl::string_view path, absl::Time time);
// The time that stands in a path which PutTimeInto made of `pattern`; nothing where it did not.
std::optional<absl::Time> TimeIn(absl::string_view pattern, absl::string_view path);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_MOMENT_H_
