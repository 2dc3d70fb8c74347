#ifndef COMMON_RPC_COMPILED_RULES_H_
#define COMMON_RPC_COMPILED_RULES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "critac/type/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "re2/re2.h"

namespace critac::rpc {

struct MessageRules;

// What one field must be: its options and the limits that hold for all, read once.
struct CompiledField {
  const google::protobuf::FieldDescriptor* field = nullptr;
  google::protobuf::FieldDescriptor::CppType type =
      google::protobuf::FieldDescriptor::CPPTYPE_INT32;
  bool required = false;
  bool has_presence = false;
  bool vault = false;

  // Strings.
  uint32_t min_length = 0;
  uint32_t max_length = 0;
  std::unique_ptr<RE2> pattern;
  type::v1::Format format = type::v1::FORMAT_UNSPECIFIED;
  std::string resource;
  // Entries of a FieldMask.
  bool field_path = false;

  // Numbers.
  bool has_minimum = false;
  bool has_maximum = false;
  int64_t minimum = 0;
  int64_t maximum = 0;

  // Enums: every number from `first_number` to `last_number` is declared, or else `enum_type` is
  // asked.
  const google::protobuf::EnumDescriptor* enum_type = nullptr;
  bool contiguous = false;
  int first_number = 0;
  int last_number = 0;

  // Lists and maps.
  uint32_t min_items = 0;
  uint32_t max_items = 0;
  bool unique_items = false;
  bool rows = false;
  // Maps: what keys and values must be.
  std::unique_ptr<CompiledField> key;
  std::unique_ptr<CompiledField> value;

  // Messages; null where nothing in the message needs a check.
  const MessageRules* nested = nullptr;
};

// A field that holds messages in which a field is, or can be, output only.
struct OutputOnlyBelow {
  const google::protobuf::FieldDescriptor* field;
  const MessageRules* nested;
};

// What a message must be, as flat lists.
struct MessageRules {
  // A message whose fields together mean something.
  enum class Kind { kOrdinary, kTimestamp, kDuration };
  Kind kind = Kind::kOrdinary;
  // Fields that need a check, in the order of declaration.
  std::vector<CompiledField> fields;
  std::vector<const google::protobuf::FieldDescriptor*> output_only;
  std::vector<OutputOnlyBelow> output_only_below;
  // False while it is being compiled: a message that holds itself meets its own rules then.
  bool complete = false;

  bool checks_nothing() const { return complete && kind == Kind::kOrdinary && fields.empty(); }
  bool has_output_only() const {
    return !complete || !output_only.empty() || !output_only_below.empty();
  }
};

// The rules of a message, compiled when first asked for and kept as long as the process lives.
// Thread-safe.
const MessageRules& RulesOf(const google::protobuf::Descriptor& descriptor);

}  // namespace critac::rpc

#endif  // COMMON_RPC_COMPILED_RULES_H_
