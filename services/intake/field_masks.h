#ifndef SERVICES_INTAKE_FIELD_MASKS_H_
#define SERVICES_INTAKE_FIELD_MASKS_H_

#include "absl/status/status.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace critac::intake {

// Copies the fields of `mask` from `wanted` to `record`, two messages of one type: lists and
// messages are replaced whole, and an empty field empties it. An empty mask stands for every field
// that a caller can set. INVALID_ARGUMENT, field `update_mask`: a path that names no field, or one
// that only the server sets.
absl::Status UpdateFields(const google::protobuf::FieldMask& mask,
                          const google::protobuf::Message& wanted,
                          google::protobuf::Message& record);

// Copies every field that a caller can set.
void CopySettableFields(const google::protobuf::Message& from, google::protobuf::Message& to);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_FIELD_MASKS_H_
