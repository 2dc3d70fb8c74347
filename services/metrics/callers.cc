#include "services/metrics/callers.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::metrics {

absl::Status CheckCannotBeRecused(const rpc::Principal& who, absl::string_view what) {
  // As intake has it, and matching, which knows people by nothing else.
  if (who.role == type::v1::ROLE_AGENCY || who.role == type::v1::ROLE_SERVICE) {
    return absl::OkStatus();
  }
  if (who.role != type::v1::ROLE_PARTNER && rpc::PersonKey(who).empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "MAY_BE_RECUSED",
               absl::StrCat(what, ": it names records, and from ", who.ToString(),
                            ", who calls as an expert may, recusals may hide some of them, which "
                            "are not known here"))
      .ToStatus();
}

}  // namespace critac::metrics
