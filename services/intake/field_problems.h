#ifndef SERVICES_INTAKE_FIELD_PROBLEMS_H_
#define SERVICES_INTAKE_FIELD_PROBLEMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace critac::intake {

// What is wrong with the fields of a record, all of it, so that a form can be mended in one go.
class FieldProblems {
 public:
  struct Problem {
    // Path of the field below the record, `contacts[0].email`.
    std::string path;
    // What is wrong with it, and what is accepted.
    std::string description;
  };

  void Add(absl::string_view path, absl::string_view description) {
    problems_.push_back({std::string(path), std::string(description)});
  }
  bool empty() const { return problems_.empty(); }
  const std::vector<Problem>& problems() const { return problems_; }

  // `path: description`, joined by semicolons.
  std::string ToText() const;

  // OK where there are none; else INVALID_ARGUMENT, reason INVALID_FIELD, a violation each, the
  // paths below `prefix`: the call has to change.
  absl::Status ToInvalidArgument(absl::string_view prefix) const;

  // OK where there are none; else FAILED_PRECONDITION, a violation each, about the record
  // `subject`: the record has to change first.
  absl::Status ToFailedPrecondition(absl::string_view reason, absl::string_view subject,
                                    absl::string_view message) const;

 private:
  std::vector<Problem> problems_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_FIELD_PROBLEMS_H_
