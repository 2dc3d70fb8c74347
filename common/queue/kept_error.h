#ifndef COMMON_QUEUE_KEPT_ERROR_H_
#define COMMON_QUEUE_KEPT_ERROR_H_

#include <string>

#include "absl/strings/string_view.h"

namespace critac::queue {

// As much of a job's error as a queue keeps: at most limits::kJobErrorBytes, no character cut in
// two. A byte that is not part of UTF-8 becomes `?`, because the error is shown in messages, and
// those hold nothing else.
std::string KeptError(absl::string_view error);

// What stands before the error of a dead job that was brought back for a reason. Empty: no reason.
std::string RedriveNote(absl::string_view reason);

}  // namespace critac::queue

#endif  // COMMON_QUEUE_KEPT_ERROR_H_
