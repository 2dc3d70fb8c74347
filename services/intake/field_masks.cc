#include "services/intake/field_masks.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/field_mask_util.h"

namespace critac::intake {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

bool IsSettable(const FieldDescriptor& field) {
  return !field.options().GetExtension(type::v1::field).output_only();
}

void CopyByMask(const FieldMask& mask, const Message& from, Message& to) {
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(from, mask, options, &to);
}

absl::Status CheckPath(const std::string& path, const Message& record) {
  std::vector<const FieldDescriptor*> fields;
  if (path.empty() || !FieldMaskUtil::GetFieldDescriptors(record.GetDescriptor(), path, &fields)) {
    return InvalidField("update_mask", absl::StrCat("`", path, "` is no field of ",
                                                    record.GetDescriptor()->full_name()));
  }
  for (const FieldDescriptor* field : fields) {
    if (!IsSettable(*field)) {
      return InvalidField("update_mask", absl::StrCat("`", path, "` is set by the server only"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status UpdateFields(const FieldMask& mask, const Message& wanted, Message& record) {
  if (mask.paths().empty()) {
    CopySettableFields(wanted, record);
    return absl::OkStatus();
  }
  for (const std::string& path : mask.paths()) RETURN_IF_ERROR(CheckPath(path, record));
  CopyByMask(mask, wanted, record);
  return absl::OkStatus();
}

void CopySettableFields(const Message& from, Message& to) {
  FieldMask mask;
  for (int i = 0; i < from.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *from.GetDescriptor()->field(i);
    if (IsSettable(field)) mask.add_paths(field.name());
  }
  CopyByMask(mask, from, to);
}

}  // namespace critac::intake
