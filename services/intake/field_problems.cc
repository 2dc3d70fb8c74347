#include "services/intake/field_problems.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"

namespace critac::intake {

std::string FieldProblems::ToText() const {
  return absl::StrJoin(problems_, "; ", [](std::string* out, const Problem& problem) {
    absl::StrAppend(out, problem.path, ": ", problem.description);
  });
}

absl::Status FieldProblems::ToInvalidArgument(absl::string_view prefix) const {
  if (empty()) return absl::OkStatus();
  const auto path_of = [&](const Problem& problem) {
    return prefix.empty() ? problem.path : absl::StrCat(prefix, ".", problem.path);
  };
  const std::string text =
      absl::StrJoin(problems_, "; ", [&](std::string* out, const Problem& problem) {
        absl::StrAppend(out, path_of(problem), ": ", problem.description);
      });
  Error error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", text);
  for (const Problem& problem : problems_) error.Field(path_of(problem), problem.description);
  return error.ToStatus();
}

absl::Status FieldProblems::ToFailedPrecondition(absl::string_view reason,
                                                 absl::string_view subject,
                                                 absl::string_view message) const {
  if (empty()) return absl::OkStatus();
  Error error(absl::StatusCode::kFailedPrecondition, reason,
              absl::StrCat(subject, ": ", message, ": ", ToText()));
  for (const Problem& problem : problems_) {
    error.Precondition(reason, subject, absl::StrCat(problem.path, ": ", problem.description));
  }
  return error.ToStatus();
}

}  // namespace critac::intake
