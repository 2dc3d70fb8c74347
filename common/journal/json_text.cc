#include "common/journal/json_text.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"

namespace critac::journal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// How the messages of one type are printed: worked out once.
struct Plan {
  struct Field {
    const FieldDescriptor* descriptor;
    std::string key;  // `"fieldName":`
  };
  // Something in it is printed by protobuf.
  bool by_library = false;
  bool timestamp = false;
  std::vector<Field> fields;
};

bool IsPrintedHere(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return false;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return !field.is_map();
    default:
      return true;
  }
}

Plan MakePlan(const Descriptor& type) {
  Plan plan;
  if (type.full_name() == "google.protobuf.Timestamp") {
    plan.timestamp = true;
    return plan;
  }
  // Other well-known types have JSON forms of their own.
  plan.by_library = type.file()->package() == "google.protobuf";
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsPrintedHere(field)) plan.by_library = true;
    plan.fields.push_back({&field, absl::StrCat("\"", field.json_name(), "\":")});
  }
  return plan;
}

const Plan& PlanOf(const Descriptor& type) {
  // Never destroyed: threads may print while the process ends.
  static auto& mutex = *new absl::Mutex;
  static auto& plans = *new absl::node_hash_map<const Descriptor*, Plan>;
  {
    absl::ReaderMutexLock lock(&mutex);
    if (const auto found = plans.find(&type); found != plans.end()) return found->second;
  }
  Plan plan = MakePlan(type);
  absl::MutexLock lock(&mutex);
  return plans.try_emplace(&type, std::move(plan)).first->second;
}

// Whether protobuf's printer escapes a character: besides quotes, backslashes and control
// characters, those that HTML, JavaScript or a reader may take for something else.
bool IsEscaped(uint32_t rune) {
  if (rune < 0x80)
    return rune < 0x20 || rune == 0x7f || rune == '"' || rune == '\\' || rune == '<' || rune == '>';
  return rune <= 0x9f || rune == 0xad || (rune >= 0x0600 && rune <= 0x0603) || rune == 0x06dd ||
         rune == 0x070f || rune == 0x17b4 || rune == 0x17b5 || (rune >= 0x200b && rune <= 0x200f) ||
         (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2060 && rune <= 0x2064) ||
         (rune >= 0x206a && rune <= 0x206f) || rune == 0xfeff ||
         (rune >= 0xfff9 && rune <= 0xfffb) || (rune >= 0x1d173 && rune <= 0x1d17a) ||
         rune == 0xe0001 || (rune >= 0xe0020 && rune <= 0xe007f);
}

// Reads the character at the start of `text`, which is UTF-8 as protobuf's strings are; returns its
// length in bytes.
size_t ReadRune(absl::string_view text, uint32_t& rune) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length == 1 || length > text.size()) {
    rune = lead;
    return 1;
  }
  rune = lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i)
    rune = rune << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return length;
}

void PrintEscape(uint32_t rune, std::string& out) {
  switch (rune) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (rune > 0xffff) {  // a surrogate pair
        absl::StrAppendFormat(&out, "\\u%04x", 0xd7c0 + (rune >> 10));
        rune = 0xdc00 | (rune & 0x3ff);
      }
      absl::StrAppendFormat(&out, "\\u%04x", rune);
  }
}

void PrintString(absl::string_view text, std::string& out) {
  out += '"';
  size_t plain = 0;  // start of what is not yet written
  for (size_t i = 0; i < text.size();) {
    uint32_t rune;
    const size_t length = ReadRune(text.substr(i), rune);
    if (IsEscaped(rune)) {
      out.append(text.data() + plain, i - plain);
      PrintEscape(rune, out);
      plain = i + length;
    }
    i += length;
  }
  out.append(text.data() + plain, text.size() - plain);
  out += '"';
}

void PrintEnum(const EnumValueDescriptor* value, int number, std::string& out) {
  if (value == nullptr) {
    absl::StrAppend(&out, number);
  } else {
    absl::StrAppend(&out, "\"", value->name(), "\"");
  }
}

// RFC 3339 in UTC with 0, 3, 6 or 9 digits of the fraction, as proto3 JSON writes it.
void PrintTimestamp(const Message& message, std::string& out) {
  google::protobuf::Timestamp time;
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    time = static_cast<const google::protobuf::Timestamp&>(message);
  } else {
    time.ParseFromString(message.SerializeAsString());
  }
  const absl::CivilSecond second =
      absl::ToCivilSecond(absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
  absl::StrAppendFormat(&out, "\"%04d-%02d-%02dT%02d:%02d:%02d", second.year(), second.month(),
                        second.day(), second.hour(), second.minute(), second.second());
  if (const int nanos = time.nanos(); nanos % 1'000'000 == 0 && nanos != 0) {
    absl::StrAppendFormat(&out, ".%03d", nanos / 1'000'000);
  } else if (nanos % 1'000 == 0 && nanos != 0) {
    absl::StrAppendFormat(&out, ".%06d", nanos / 1'000);
  } else if (nanos != 0) {
    absl::StrAppendFormat(&out, ".%09d", nanos);
  }
  out += "Z\"";
}

void Print(const Message& message, std::string& out);

// Calls `print` with how to get one value: of a singular field, or of the `index`-th entry.
void PrintValue(const Message& message, const Reflection& reflection, const FieldDescriptor& field,
                int index, std::string& out) {
  const bool repeated = field.is_repeated();
  std::string scratch;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      out += (repeated ? reflection.GetRepeatedBool(message, &field, index)
                       : reflection.GetBool(message, &field))
                 ? "true"
                 : "false";
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(&out, repeated ? reflection.GetRepeatedInt32(message, &field, index)
                                     : reflection.GetInt32(message, &field));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(&out, repeated ? reflection.GetRepeatedUInt32(message, &field, index)
                                     : reflection.GetUInt32(message, &field));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      absl::StrAppend(&out, "\"",
                      repeated ? reflection.GetRepeatedInt64(message, &field, index)
                               : reflection.GetInt64(message, &field),
                      "\"");
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      absl::StrAppend(&out, "\"",
                      repeated ? reflection.GetRepeatedUInt64(message, &field, index)
                               : reflection.GetUInt64(message, &field),
                      "\"");
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = repeated ? reflection.GetRepeatedEnumValue(message, &field, index)
                                  : reflection.GetEnumValue(message, &field);
      PrintEnum(field.enum_type()->FindValueByNumber(number), number, out);
      break;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string& text =
          repeated ? reflection.GetRepeatedStringReference(message, &field, index, &scratch)
                   : reflection.GetStringReference(message, &field, &scratch);
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        absl::StrAppend(&out, "\"", absl::Base64Escape(text), "\"");
      } else {
        PrintString(text, out);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      Print(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                     : reflection.GetMessage(message, &field),
            out);
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;  // such a message is printed by protobuf
  }
}

void PrintByLibrary(const Message& message, std::string& out) {
  std::string text;
  // Fails only for messages that protobuf itself could not have built, such as a Timestamp out of
  // range.
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) text = "null";
  out += text;
}

void Print(const Message& message, std::string& out) {
  const Plan& plan = PlanOf(*message.GetDescriptor());
  if (plan.timestamp) return PrintTimestamp(message, out);
  if (plan.by_library) return PrintByLibrary(message, out);
  const Reflection& reflection = *message.GetReflection();
  out += '{';
  bool first = true;
  const auto begin_field = [&](const Plan::Field& field) {
    if (!first) out += ',';
    first = false;
    out += field.key;
  };
  for (const Plan::Field& field : plan.fields) {
    if (field.descriptor->is_repeated()) {
      const int size = reflection.FieldSize(message, field.descriptor);
      if (size == 0) continue;
      begin_field(field);
      for (int i = 0; i < size; ++i) {
        out += i == 0 ? '[' : ',';
        PrintValue(message, reflection, *field.descriptor, i, out);
      }
      out += ']';
    } else if (reflection.HasField(message, field.descriptor)) {
      begin_field(field);
      PrintValue(message, reflection, *field.descriptor, 0, out);
    }
  }
  out += '}';
}

}  // namespace

std::string ToJsonText(const Message& message) {
  std::string out;
  out.reserve(1024);
  Print(message, out);
  return out;
}

absl::Status FromJsonText(absl::string_view text, Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status =
      google::protobuf::util::JsonStringToMessage(std::string(text), &message, options);
  if (status.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("stored text is not a ",
                                          message.GetDescriptor()->full_name(), ": ",
                                          std::string(status.message())));
}

}  // namespace critac::journal
