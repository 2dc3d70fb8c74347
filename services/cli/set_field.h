#ifndef SERVICES_CLI_SET_FIELD_H_
#define SERVICES_CLI_SET_FIELD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace critac::cli {

// Sets the field at `path` (`urgency`, `coordinates.latitude_e6`; proto names) from text: the way
// from a CSV cell or a `--set field=value` into a message.
//
// Numbers are decimal, booleans true/false or yes/no, enums by name with or without the name of the
// enum in any case (`municipal`, `in-review`, `AGENCY_TYPE_MUNICIPAL`), times RFC 3339 or a date
// (the beginning of that day, UTC). A list takes its entries separated by ";". Other messages, and
// lists of them, are taken as proto3 JSON. The name of a resource may come without its collection
// where the field's rules say which that is: `iacp` for `partners/iacp`. Empty text clears the
// field.
//
// INVALID_ARGUMENT, field `path`: there is no such field (with those there are), or the text is not
// what it takes.
absl::Status SetField(google::protobuf::Message& message, absl::string_view path,
                      absl::string_view text);

// Sets several fields from `field=value,field=value`, the way of an option that holds a small
// message. A `-` in a field's name stands for `_`, a field without a value is set to true, and a
// value has no comma in it.
//
// INVALID_ARGUMENT, field `flag`: as SetField says, with the field.
absl::Status SetFields(google::protobuf::Message& message, absl::string_view flag,
                       absl::string_view text);

// The value of an enum that `text` names, as SetField reads it; UNSPECIFIED cannot be named.
// INVALID_ARGUMENT, field `field`: lists the names there are.
absl::StatusOr<int> ReadEnum(const google::protobuf::EnumDescriptor& type, absl::string_view field,
                             absl::string_view text);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SET_FIELD_H_
