#ifndef COMMON_JOURNAL_JSON_TEXT_H_
#define COMMON_JOURNAL_JSON_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// The proto3 JSON text of a message: to the letter what protobuf's own printer gives with its
// default options, many times faster, since the journal writes several a command. Field names
// are written in lowerCamelCase, fields without a value are left out. Kinds of fields that no event
// has (floating point, Any, Struct, …) are left to protobuf.
std::string ToJsonText(const google::protobuf::Message& message);

// Reads a text as ToJsonText writes it. False: it is written otherwise, or has kinds of fields that are left to
// protobuf; the message then holds anything.
bool ReadOwnJsonText(absl::string_view text, google::protobuf::Message& message);

// Reads what ToJsonText wrote, without protobuf's reader, which takes longer; what is written otherwise it reads as
// that does, by it. DATA_LOSS: it is not the JSON of such a message; it is left with anything in it. Fields and values
// of enums that it does not know are ignored, so that an older program reads a newer journal; written again, the text
// lacks them (Projections::shape).
absl::Status FromJsonText(absl::string_view text, google::protobuf::Message& message);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_JSON_TEXT_H_
