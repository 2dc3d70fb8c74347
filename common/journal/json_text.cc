#include "common/journal/json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/type.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "google/protobuf/wire_format_lite.h"

// Printed from the message's own serialization: generated code writes that without reflection, in
// the order of field numbers, which is protobuf's order of printing too.
namespace critac::journal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// How the messages of one type are printed: worked out once.
struct Plan {
  struct Field {
    FieldDescriptor::Type type{};
    bool repeated = false;
    std::string key;  // `"fieldName":`; empty: there is no field of this number
    // Of an enum: the quoted name of each number from 0 on; empty where there is none.
    std::vector<std::string> names;
    const EnumDescriptor* enumeration = nullptr;
    const Plan* message = nullptr;
  };
  // Something in it is printed by protobuf, and so all of it.
  bool by_library = false;
  bool timestamp = false;
  std::vector<Field> fields;  // by number
};

using Plans = absl::node_hash_map<const Descriptor*, Plan>;

// Numbers past these are left to protobuf or looked up, so that tables stay small.
constexpr int kMostFields = 1000;
constexpr int kMostNames = 256;

const Plan& MakePlan(const Descriptor& type, Plans& plans);

Plan::Field PlanField(const FieldDescriptor& descriptor, Plans& plans) {
  Plan::Field field;
  field.type = descriptor.type();
  field.repeated = descriptor.is_repeated();
  field.key = absl::StrCat("\"", descriptor.json_name(), "\":");
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    field.message = &MakePlan(*descriptor.message_type(), plans);
  }
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    field.enumeration = descriptor.enum_type();
    for (int number = 0; number < kMostNames; ++number) {
      const auto* value = field.enumeration->FindValueByNumber(number);
      field.names.push_back(value == nullptr ? "" : absl::StrCat("\"", value->name(), "\""));
    }
  }
  return field;
}

bool IsPrintedHere(const FieldDescriptor& field) {
  if (field.number() > kMostFields || field.is_map()) return false;
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_GROUP:
      return false;
    default:
      return true;
  }
}

const Plan& MakePlan(const Descriptor& type, Plans& plans) {
  const auto [place, added] = plans.try_emplace(&type);
  Plan& plan = place->second;
  if (!added) return plan;
  if (type.full_name() == "google.protobuf.Timestamp") {
    plan.timestamp = true;
    return plan;
  }
  // Other well-known types have JSON forms of their own. A type within itself, met while this is
  // still set, is left to protobuf.
  plan.by_library = true;
  if (type.file()->package() == "google.protobuf") return plan;
  bool here = true;
  std::vector<Plan::Field> fields;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsPrintedHere(field)) {
      here = false;
      continue;
    }
    const auto number = static_cast<size_t>(field.number());
    if (fields.size() <= number) fields.resize(number + 1);
    fields[number] = PlanField(field, plans);
    if (const Plan* below = fields[number].message; below != nullptr && below->by_library) {
      here = false;
    }
  }
  plan.by_library = !here;
  plan.fields = std::move(fields);
  return plan;
}

const Plan& PlanOf(const Descriptor& type) {
  // Never destroyed: threads may print while the process ends.
  static auto& mutex = *new absl::Mutex;
  static auto& plans = *new Plans;
  {
    absl::ReaderMutexLock lock(&mutex);
    if (const auto found = plans.find(&type); found != plans.end()) return found->second;
  }
  absl::MutexLock lock(&mutex);
  return MakePlan(type, plans);
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

// Which bytes end a run that is printed as it is: those that are escaped, and the first of those
// beyond ASCII, some of which are.
constexpr std::array<bool, 256> MakeStops() {
  std::array<bool, 256> stops{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    stops[byte] = byte >= 0x80 || byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\' ||
                  byte == '<' || byte == '>';
  }
  return stops;
}
constexpr std::array<bool, 256> kStops = MakeStops();

void PrintString(absl::string_view text, std::string& out) {
  out += '"';
  size_t plain = 0;  // start of what is not yet written
  for (size_t i = 0; i < text.size();) {
    if (!kStops[static_cast<unsigned char>(text[i])]) {
      ++i;
      continue;
    }
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

void PrintEnum(const Plan::Field& field, int number, std::string& out) {
  if (number >= 0 && number < kMostNames) {
    const std::string& name = field.names[static_cast<size_t>(number)];
    if (!name.empty()) {
      out += name;
      return;
    }
  } else if (const auto* value = field.enumeration->FindValueByNumber(number); value != nullptr) {
    absl::StrAppend(&out, "\"", value->name(), "\"");
    return;
  }
  absl::StrAppend(&out, number);
}

// `number` in decimal, with zeros in front up to `digits`.
void PrintDigits(int64_t number, int digits, std::string& out) {
  char text[20];
  for (int i = digits - 1; i >= 0; --i) {
    text[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(text, static_cast<size_t>(digits));
}

// RFC 3339 in UTC with 0, 3, 6 or 9 digits of the fraction, as proto3 JSON writes it.
void PrintTimestamp(CodedInputStream& in, std::string& out) {
  uint64_t seconds = 0;
  uint64_t nanos = 0;
  while (const uint32_t tag = in.ReadTag()) {
    in.ReadVarint64(WireFormatLite::GetTagFieldNumber(tag) == 1 ? &seconds : &nanos);
  }
  const absl::CivilSecond second = absl::ToCivilSecond(
      absl::FromUnixSeconds(static_cast<int64_t>(seconds)), absl::UTCTimeZone());
  out += '"';
  PrintDigits(second.year(), 4, out);
  const std::pair<char, int> parts[] = {{'-', second.month()},
                                        {'-', second.day()},
                                        {'T', second.hour()},
                                        {':', second.minute()},
                                        {':', second.second()}};
  for (const auto& [before, number] : parts) {
    out += before;
    PrintDigits(number, 2, out);
  }
  const auto fraction = static_cast<int64_t>(nanos);
  if (fraction != 0) {
    out += '.';
    if (fraction % 1'000'000 == 0) {
      PrintDigits(fraction / 1'000'000, 3, out);
    } else if (fraction % 1'000 == 0) {
      PrintDigits(fraction / 1'000, 6, out);
    } else {
      PrintDigits(fraction, 9, out);
    }
  }
  out += "Z\"";
}

void Print(const Plan& plan, CodedInputStream& in, std::string& out);

// The next `in` bytes as they stand. Serialized to memory, they lie in one piece.
absl::string_view ReadBytes(CodedInputStream& in) {
  uint32_t size = 0;
  in.ReadVarint32(&size);
  const void* data = nullptr;
  int available = 0;
  in.GetDirectBufferPointerInline(&data, &available);
  in.Skip(static_cast<int>(size));
  return {static_cast<const char*>(data), size};
}

template <typename T>
void PrintLong(T number, std::string& out) {
  absl::StrAppend(&out, "\"", number, "\"");
}

// Reads one value and prints it.
void PrintValue(const Plan::Field& field, CodedInputStream& in, std::string& out) {
  uint64_t varint = 0;
  uint32_t fixed32 = 0;
  uint64_t fixed64 = 0;
  switch (field.type) {
    case FieldDescriptor::TYPE_BOOL:
      in.ReadVarint64(&varint);
      out += varint != 0 ? "true" : "false";
      break;
    case FieldDescriptor::TYPE_INT32:
      in.ReadVarint64(&varint);
      absl::StrAppend(&out, static_cast<int32_t>(varint));
      break;
    case FieldDescriptor::TYPE_UINT32:
      in.ReadVarint64(&varint);
      absl::StrAppend(&out, static_cast<uint32_t>(varint));
      break;
    case FieldDescriptor::TYPE_SINT32:
      in.ReadVarint64(&varint);
      absl::StrAppend(&out, WireFormatLite::ZigZagDecode32(static_cast<uint32_t>(varint)));
      break;
    case FieldDescriptor::TYPE_FIXED32:
      in.ReadLittleEndian32(&fixed32);
      absl::StrAppend(&out, fixed32);
      break;
    case FieldDescriptor::TYPE_SFIXED32:
      in.ReadLittleEndian32(&fixed32);
      absl::StrAppend(&out, static_cast<int32_t>(fixed32));
      break;
    case FieldDescriptor::TYPE_INT64:
      in.ReadVarint64(&varint);
      PrintLong(static_cast<int64_t>(varint), out);
      break;
    case FieldDescriptor::TYPE_UINT64:
      in.ReadVarint64(&varint);
      PrintLong(varint, out);
      break;
    case FieldDescriptor::TYPE_SINT64:
      in.ReadVarint64(&varint);
      PrintLong(WireFormatLite::ZigZagDecode64(varint), out);
      break;
    case FieldDescriptor::TYPE_FIXED64:
      in.ReadLittleEndian64(&fixed64);
      PrintLong(fixed64, out);
      break;
    case FieldDescriptor::TYPE_SFIXED64:
      in.ReadLittleEndian64(&fixed64);
      PrintLong(static_cast<int64_t>(fixed64), out);
      break;
    case FieldDescriptor::TYPE_ENUM:
      in.ReadVarint64(&varint);
      PrintEnum(field, static_cast<int>(varint), out);
      break;
    case FieldDescriptor::TYPE_STRING:
      PrintString(ReadBytes(in), out);
      break;
    case FieldDescriptor::TYPE_BYTES:
      absl::StrAppend(&out, "\"", absl::Base64Escape(ReadBytes(in)), "\"");
      break;
    case FieldDescriptor::TYPE_MESSAGE: {
      const auto limit = in.ReadLengthAndPushLimit();
      Print(*field.message, in, out);
      in.PopLimit(limit);
      break;
    }
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_GROUP:
      break;  // such a message is printed by protobuf
  }
}

bool IsPacked(const Plan::Field& field, uint32_t tag) {
  return WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED &&
         field.type != FieldDescriptor::TYPE_STRING && field.type != FieldDescriptor::TYPE_BYTES &&
         field.type != FieldDescriptor::TYPE_MESSAGE;
}

// Prints the entries of a repeated field, the first of which follows `tag`; returns the tag after
// them.
uint32_t PrintList(const Plan::Field& field, uint32_t tag, CodedInputStream& in, std::string& out) {
  out += '[';
  uint32_t next = 0;
  if (IsPacked(field, tag)) {
    const auto limit = in.ReadLengthAndPushLimit();
    for (bool first = true; in.BytesUntilLimit() > 0; first = false) {
      if (!first) out += ',';
      PrintValue(field, in, out);
    }
    in.PopLimit(limit);
    next = in.ReadTag();
  } else {
    PrintValue(field, in, out);
    while ((next = in.ReadTag()) == tag) {
      out += ',';
      PrintValue(field, in, out);
    }
  }
  out += ']';
  return next;
}

// Prints a message from its bytes, up to their end.
void Print(const Plan& plan, CodedInputStream& in, std::string& out) {
  if (plan.timestamp) return PrintTimestamp(in, out);
  out += '{';
  bool first = true;
  for (uint32_t tag = in.ReadTag(); tag != 0;) {
    const auto number = static_cast<size_t>(WireFormatLite::GetTagFieldNumber(tag));
    if (number >= plan.fields.size() || plan.fields[number].key.empty()) {
      WireFormatLite::SkipField(&in, tag);
      tag = in.ReadTag();
      continue;
    }
    const Plan::Field& field = plan.fields[number];
    if (!first) out += ',';
    first = false;
    out += field.key;
    if (field.repeated) {
      tag = PrintList(field, tag, in, out);
    } else {
      PrintValue(field, in, out);
      tag = in.ReadTag();
    }
  }
  out += '}';
}

// protobuf's JSON reader asks for the description of each type at each text. The pool would make it anew, options
// and all, which takes longer than the reading.
class KeptTypes final : public google::protobuf::util::TypeResolver {
 public:
  static KeptTypes& Instance() {
    static auto& types = *new KeptTypes;  // never destroyed, as the plans
    return types;
  }

  static std::string UrlOf(const Descriptor& type) {
    return absl::StrCat(kUrlPrefix, "/", type.full_name());
  }

  google::protobuf::util::Status ResolveMessageType(const std::string& url,
                                                    google::protobuf::Type* type) override {
    return messages_.Get(url, *type, [&](google::protobuf::Type& made) {
      const auto status = pool_->ResolveMessageType(url, &made);
      WithoutOwnOptions(*made.mutable_options());
      for (auto& field : *made.mutable_fields()) WithoutOwnOptions(*field.mutable_options());
      return status;
    });
  }
  google::protobuf::util::Status ResolveEnumType(const std::string& url,
                                                 google::protobuf::Enum* type) override {
    return enums_.Get(url, *type, [&](google::protobuf::Enum& made) {
      return pool_->ResolveEnumType(url, &made);
    });
  }

 private:
  static constexpr char kUrlPrefix[] = "type.googleapis.com";

  // Those of protobuf, which a reader goes by, have names without a dot.
  static void WithoutOwnOptions(
      google::protobuf::RepeatedPtrField<google::protobuf::Option>& options) {
    options.erase(
        std::remove_if(options.begin(), options.end(),
                       [](const auto& option) { return absl::StrContains(option.name(), '.'); }),
        options.end());
  }

  template <typename T>
  class Kept {
   public:
    template <typename Make>
    google::protobuf::util::Status Get(const std::string& url, T& type, const Make& make) {
      {
        absl::ReaderMutexLock lock(&mutex_);
        if (const auto found = types_.find(url); found != types_.end()) {
          type = found->second;
          return {};
        }
      }
      const auto status = make(type);
      if (!status.ok()) return status;
      absl::MutexLock lock(&mutex_);
      types_.emplace(url, type);
      return status;
    }

   private:
    absl::Mutex mutex_;
    absl::node_hash_map<std::string, T> types_ ABSL_GUARDED_BY(mutex_);
  };

  const std::unique_ptr<google::protobuf::util::TypeResolver> pool_{
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kUrlPrefix, google::protobuf::DescriptorPool::generated_pool())};
  Kept<google::protobuf::Type> messages_;
  Kept<google::protobuf::Enum> enums_;
};

std::string PrintByLibrary(const Message& message) {
  std::string text;
  // Fails only for messages that protobuf itself could not have built, such as a Timestamp out of
  // range.
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) text = "null";
  return text;
}

}  // namespace

std::string ToJsonText(const Message& message) {
  const Plan& plan = PlanOf(*message.GetDescriptor());
  if (plan.by_library) return PrintByLibrary(message);
  const std::string bytes = message.SerializePartialAsString();
  CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  std::string out;
  out.reserve(2 * bytes.size() + 64);
  Print(plan, in, out);
  return out;
}

absl::Status FromJsonText(absl::string_view text, Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const Descriptor& type = *message.GetDescriptor();
  std::string bytes;
  const auto status = google::protobuf::util::JsonToBinaryString(
      &KeptTypes::Instance(), KeptTypes::UrlOf(type), std::string(text), &bytes, options);
  if (status.ok() && message.ParseFromString(bytes)) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("stored text is not a ", type.full_name(), ": ", std::string(status.message())));
}

}  // namespace critac::journal
