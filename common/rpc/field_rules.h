#ifndef COMMON_RPC_FIELD_RULES_H_
#define COMMON_RPC_FIELD_RULES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace critac::rpc {

// The rules of fields that `critac/type/v1/options.proto` declares, enforced. Works on any message,
// without gRPC: imports check their rows with it.

// Checks every field of `message`, and of the messages in it, against its rules, and against those
// that hold for all:
// - a string is UTF-8 without control characters other than newline and tab;
// - an enum has one of its declared values;
// - a floating-point number is finite, a Timestamp and a Duration within what protobuf defines, a
//   FieldMask names fields;
// - a text of a `vault` field has not the form of a reference to the vault: those are the journal's;
// - an entry of a list of strings is not empty, of a list of enums not UNSPECIFIED;
// - lengths and counts are within common/base/limits.h where a field sets none of its own, and
//   messages nest no deeper than limits::kMessageDepth.
//
// Fields that are `output_only` are not looked at, nor entries of a list of `rows`.
//
// INVALID_ARGUMENT, reason INVALID_FIELDS: its BadRequest lists the violations in the order of the
// fields' declaration, each with its path (`request.slots[1].hours`, `labels["color"]`) after
// `prefix`; the message says the first and how many more there are. Checking ends once more than
// limits::kViolations are found; that many are listed. Values of `vault` fields are never repeated
// in it.
absl::Status CheckFields(const google::protobuf::Message& message, absl::string_view prefix = "");

// Whether a field that is `output_only` is set in `message` or in a message in it.
bool HasOutputOnly(const google::protobuf::Message& message);

// Clears every field that is `output_only` in `message` and in the messages in it, those in lists
// of `rows` included. Both look limits::kMessageDepth deep, as far as CheckFields accepts.
void ClearOutputOnly(google::protobuf::Message& message);

}  // namespace critac::rpc

#endif  // COMMON_RPC_FIELD_RULES_H_
