#ifndef COMMON_STATUS_ETAG_H_
#define COMMON_STATUS_ETAG_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"

namespace critac {

// Whether a change may go ahead that is based on etag `seen`; an empty one is based on whatever is
// current. ABORTED, reason ETAG_MISMATCH: the resource changed since; read it again and redo.
inline absl::Status CheckEtag(absl::string_view name, absl::string_view seen,
                              absl::string_view current) {
  if (seen.empty() || seen == current) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               absl::StrCat("etag: ", name, " changed since ", seen, " was read; it is ", current,
                            " now"))
      .Fact("etag", current)
      .ToStatus();
}

}  // namespace critac

#endif  // COMMON_STATUS_ETAG_H_
