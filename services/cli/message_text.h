#ifndef SERVICES_CLI_MESSAGE_TEXT_H_
#define SERVICES_CLI_MESSAGE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace critac::cli {

// Messages as text. One way for every noun, so that a date, an enum or a score reads the same
// wherever it is printed.

// Whom the text is for.
enum class TextStyle {
  kShort,  // people: `in review`, `2026-11-24 07:43`, `0.834`, `yes`, `-` for nothing
  kFull,   // programs: `IN_REVIEW`, `2026-11-24T07:43:10Z`, `0.834512`, `true`, empty for nothing
};

// The name of an enum's value without the name of the enum: `in review`, `10-24`, `1000+`. Value 0,
// UNSPECIFIED, is nothing.
std::string EnumText(const google::protobuf::EnumValueDescriptor& value, TextStyle style);

// The field at `path` (`agency.state`, fields by their proto names), or nothing where a message on
// the way is not set. Lists are joined by ", " (kFull: ";"). A field whose name ends in `_e6` or
// `_e3` is shown as the fraction it stands for. `path` must exist in the message: anything else is
// a programming error.
std::string FieldText(const google::protobuf::Message& message, absl::string_view path,
                      TextStyle style);

// Every field that is set, one a line, label and value; messages within indented, lists of messages
// as tables. Long text is broken at words to fit `width` columns; 0: it is not broken.
std::string Describe(const google::protobuf::Message& message, int width);

// `text` as lines of at most `width` columns, broken at words, each with its line end; 0: one line.
std::string WrapText(absl::string_view text, int width);

// The name of a resource without its collection: `iacp` of `partners/iacp`.
std::string WithoutCollection(absl::string_view name);

// The name of a field as a label: `sworn_full_time` is `sworn full time`, `score_e6` is `score`.
std::string LabelOf(const google::protobuf::FieldDescriptor& field);

}  // namespace critac::cli

#endif  // SERVICES_CLI_MESSAGE_TEXT_H_
