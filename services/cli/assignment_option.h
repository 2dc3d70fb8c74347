#ifndef SERVICES_CLI_ASSIGNMENT_OPTION_H_
#define SERVICES_CLI_ASSIGNMENT_OPTION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.pb.h"
#include "google/protobuf/repeated_field.h"
#include "services/cli/exit_status.h"
#include "services/cli/set_field.h"

namespace critac::cli {

// Reads what `--assign SLOT=EXPERT` was given. UsageError: it is not that.
inline absl::Status ReadAssignments(
    const std::vector<std::string>& given,
    google::protobuf::RepeatedPtrField<matching::v1::Assignment>& assignments) {
  for (const std::string& one : given) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(one, absl::MaxSplits('=', 1));
    if (parts.first.empty() || parts.second.empty()) {
      return UsageError(absl::StrCat("--assign: \"", one, "\" is not SLOT=EXPERT"));
    }
    matching::v1::Assignment& assignment = *assignments.Add();
    assignment.set_slot(parts.first);
    RETURN_IF_ERROR(SetField(assignment, "expert", parts.second));
  }
  return absl::OkStatus();
}

}  // namespace critac::cli

#endif  // SERVICES_CLI_ASSIGNMENT_OPTION_H_
