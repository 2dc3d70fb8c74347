#include "services/cli/exit_status.h"

#include "common/status/error.h"

namespace critac::cli {
namespace {

constexpr char kUsageReason[] = "USAGE";
constexpr char kToldReason[] = "ALREADY_TOLD";

// A field that the command line filled wrongly. The center's own errors name its domain.
bool IsLocalFieldError(const absl::Status& status) {
  return ReasonOf(status) == "INVALID_FIELD" && ErrorInfoOf(status).domain().empty();
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, kUsageReason, message).ToStatus();
}

absl::Status AlreadyTold() {
  return Error(absl::StatusCode::kFailedPrecondition, kToldReason, "told already").ToStatus();
}

bool IsAlreadyTold(const absl::Status& status) { return ReasonOf(status) == kToldReason; }

ExitStatus ExitStatusOf(const absl::Status& status) {
  if (status.ok()) return kDone;
  if (ReasonOf(status) == kUsageReason || IsLocalFieldError(status)) return kUsage;
  return status.code() == absl::StatusCode::kUnavailable ||
                 status.code() == absl::StatusCode::kDeadlineExceeded
             ? kUnreachable
             : kRefused;
}

}  // namespace critac::cli
