#ifndef COMMON_STATUS_ERROR_H_
#define COMMON_STATUS_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"

namespace critac {

// Builds an absl::Status that carries what `google.rpc` details say, so that it reaches a caller
// whole:
//
//   return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "the request is not
//   well-formed")
//       .Field("request.slots[1].hours", "0 is not in 1..2000")
//       .ToStatus();
//
// Choose the code by what the caller should do next: UNAVAILABLE, make the call again; ABORTED,
// read again and redo; RESOURCE_EXHAUSTED, make the call again later, as nothing came of it, where RetryInfo
// says when; FAILED_PRECONDITION, change the state of the record first; INVALID_ARGUMENT, change the call.
class Error {
 public:
  // `reason` is a constant in UPPER_SNAKE_CASE; `message` says what is wrong and what is accepted.
  Error(absl::StatusCode code, absl::string_view reason, absl::string_view message);

  // Adds a field that is wrong; `description` says what is wrong with it and what is accepted.
  Error& Field(absl::string_view path, absl::string_view description);
  // Adds a condition on the state of `subject` that does not hold.
  Error& Precondition(absl::string_view type, absl::string_view subject,
                      absl::string_view description);
  // Says which resource it is about; `type` is the full name of its message.
  Error& Resource(absl::string_view type, absl::string_view name);
  // Says when to make the call again.
  Error& RetryAfter(absl::Duration delay);
  // Adds a fact for programs.
  Error& Fact(absl::string_view key, absl::string_view value);

  absl::Status ToStatus() const;

 private:
  absl::StatusCode code_;
  std::string message_;
  google::rpc::ErrorInfo info_;
  google::rpc::BadRequest bad_request_;
  google::rpc::PreconditionFailure precondition_;
  google::rpc::ResourceInfo resource_;
  google::rpc::RetryInfo retry_;
};

// INVALID_ARGUMENT, reason INVALID_FIELD, about one field. The message is `path: description`.
absl::Status InvalidField(absl::string_view path, absl::string_view description);

// NOT_FOUND, reason RESOURCE_NOT_FOUND. `type` is the full name of the resource's message.
absl::Status ResourceNotFound(absl::string_view type, absl::string_view name);

// FAILED_PRECONDITION about the state of `subject`.
absl::Status FailedPrecondition(absl::string_view reason, absl::string_view subject,
                                absl::string_view description);

// Puts `context` and ": " before the message; code and details are kept. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// The details of a status. Reason: of its ErrorInfo, empty where it has none.
std::string ReasonOf(const absl::Status& status);
google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status);
google::rpc::BadRequest BadRequestOf(const absl::Status& status);
google::rpc::PreconditionFailure PreconditionFailureOf(const absl::Status& status);
google::rpc::ResourceInfo ResourceInfoOf(const absl::Status& status);
google::rpc::RetryInfo RetryInfoOf(const absl::Status& status);

}  // namespace critac

#define CRITAC_CONCAT_INNER(a, b) a##b
#define CRITAC_CONCAT(a, b) CRITAC_CONCAT_INNER(a, b)

// Returns from the function where `expression`, an absl::Status, is not OK.
#define RETURN_IF_ERROR(expression)                                       \
  do {                                                                    \
    if (absl::Status critac_status = (expression); !critac_status.ok()) { \
      return critac_status;                                               \
    }                                                                     \
  } while (false)

// Declares or sets `target` from `expression`, an absl::StatusOr, or returns its status.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(CRITAC_CONCAT(critac_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) return temporary.status();             \
  target = *std::move(temporary)

#endif  // COMMON_STATUS_ERROR_H_
