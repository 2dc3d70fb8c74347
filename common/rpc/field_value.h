#ifndef COMMON_RPC_FIELD_VALUE_H_
#define COMMON_RPC_FIELD_VALUE_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace critac::rpc {

// The number of an enum's value, apart from other whole numbers.
struct EnumNumber {
  int number;
};

// A message with what reads its fields, which is not looked up again for every field: that costs more
// than reading one.
struct MessageView {
  explicit MessageView(const google::protobuf::Message& viewed)
      : message(viewed), reflection(*viewed.GetReflection()) {}

  bool Has(const google::protobuf::FieldDescriptor* field) const {
    return reflection.HasField(message, field);
  }
  int Size(const google::protobuf::FieldDescriptor* field) const {
    return reflection.FieldSize(message, field);
  }

  const google::protobuf::Message& message;
  const google::protobuf::Reflection& reflection;
};

// Stands for the field itself where VisitValue takes the index of an entry.
inline constexpr int kNoIndex = -1;

// Calls `visit` with the value of a field, or with entry `index` of a list: a `const std::string&`,
// an EnumNumber, a `const Message&`, a number, or a bool. Returns what `visit` returns.
template <typename Visitor>
auto VisitValue(const MessageView& view, const google::protobuf::FieldDescriptor* field, int index,
                Visitor&& visit) {
  using google::protobuf::FieldDescriptor;
  const auto& [message, reflection] = view;
  const bool single = index == kNoIndex;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return visit(single ? reflection.GetStringReference(message, field, &scratch)
                          : reflection.GetRepeatedStringReference(message, field, index, &scratch));
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return visit(EnumNumber{single ? reflection.GetEnumValue(message, field)
                                     : reflection.GetRepeatedEnumValue(message, field, index)});
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return visit(single ? reflection.GetMessage(message, field)
                          : reflection.GetRepeatedMessage(message, field, index));
    case FieldDescriptor::CPPTYPE_INT32:
      return visit(single ? reflection.GetInt32(message, field)
                          : reflection.GetRepeatedInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return visit(single ? reflection.GetInt64(message, field)
                          : reflection.GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return visit(single ? reflection.GetUInt32(message, field)
                          : reflection.GetRepeatedUInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return visit(single ? reflection.GetUInt64(message, field)
                          : reflection.GetRepeatedUInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return visit(single ? reflection.GetFloat(message, field)
                          : reflection.GetRepeatedFloat(message, field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return visit(single ? reflection.GetDouble(message, field)
                          : reflection.GetRepeatedDouble(message, field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      break;
  }
  return visit(single ? reflection.GetBool(message, field)
                      : reflection.GetRepeatedBool(message, field, index));
}

}  // namespace critac::rpc

#endif  // COMMON_RPC_FIELD_VALUE_H_
