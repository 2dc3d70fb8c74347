#include "common/journal/json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/stubs/common.h"
#include "google/protobuf/type.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "google/protobuf/wire_format_lite.h"

// Printed from the message's own serialization: generated code writes that without reflection, in
// the order of field numbers, which is protobuf's order of printing too. Read in that order, and by
// protobuf where anything is otherwise.
namespace critac::journal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// How the messages of one type are printed and read: worked out once.
struct Plan {
  struct Field {
    const FieldDescriptor* descriptor = nullptr;
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
  field.descriptor = &descriptor;
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

// Appends a character, which is no surrogate.
void AppendUtf8(uint32_t rune, std::string& out) {
  const auto rest = [&](int shift) { out += static_cast<char>(0x80 | ((rune >> shift) & 0x3f)); };
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xc0 | (rune >> 6));
    rest(0);
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xe0 | (rune >> 12));
    rest(6);
    rest(0);
  } else {
    out += static_cast<char>(0xf0 | (rune >> 18));
    rest(12);
    rest(6);
    rest(0);
  }
}

// Reads what Print wrote. Of all else that may be in JSON (blanks, another order of fields, null, what is not known to
// this version) it says no, and leaves it to protobuf's reader, which indexes each type anew for each text.
class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {}

  // Whether it was all read; otherwise the message holds anything.
  bool Read(const Plan& plan, Message& message) {
    return ReadMessage(plan, message) && rest_.empty();
  }

 private:
  bool Take(absl::string_view token) { return absl::ConsumePrefix(&rest_, token); }

  bool ReadMessage(const Plan& plan, Message& message) {
    if (plan.timestamp) return ReadTimestamp(message);
    if (!Take("{")) return false;
    if (Take("}")) return true;
    size_t number = 0;
    do {
      // Fields stand in the order of their numbers, each once.
      do {
        if (++number >= plan.fields.size()) return false;
      } while (plan.fields[number].key.empty() || !Take(plan.fields[number].key));
      if (!ReadField(plan.fields[number], message)) return false;
    } while (Take(","));
    return Take("}");
  }

  bool ReadField(const Plan::Field& field, Message& message) {
    if (!field.repeated) return ReadValue(field, message);
    if (!Take("[")) return false;
    do {
      if (!ReadValue(field, message)) return false;
    } while (Take(","));
    return Take("]");
  }

  bool ReadValue(const Plan::Field& field, Message& message) {
    const Reflection& r = *message.GetReflection();
    const FieldDescriptor* const of = field.descriptor;
    const bool many = field.repeated;
    // Of a oneof nothing else may be there.
    const auto* const oneof = of->real_containing_oneof();
    if (oneof != nullptr && r.HasOneof(message, oneof)) return false;
    switch (of->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool value = Take("true");
        if (!value && !Take("false")) return false;
        many ? r.AddBool(&message, of, value) : r.SetBool(&message, of, value);
        return true;
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        int32_t value = 0;
        if (!ReadNumber(value)) return false;
        many ? r.AddInt32(&message, of, value) : r.SetInt32(&message, of, value);
        return true;
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        uint32_t value = 0;
        if (!ReadNumber(value)) return false;
        many ? r.AddUInt32(&message, of, value) : r.SetUInt32(&message, of, value);
        return true;
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        int64_t value = 0;
        if (!Take("\"") || !ReadNumber(value) || !Take("\"")) return false;
        many ? r.AddInt64(&message, of, value) : r.SetInt64(&message, of, value);
        return true;
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        uint64_t value = 0;
        if (!Take("\"") || !ReadNumber(value) || !Take("\"")) return false;
        many ? r.AddUInt64(&message, of, value) : r.SetUInt64(&message, of, value);
        return true;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        int value = 0;
        if (!ReadEnum(*of->enum_type(), value)) return false;
        many ? r.AddEnumValue(&message, of, value) : r.SetEnumValue(&message, of, value);
        return true;
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string value;
        if (field.type == FieldDescriptor::TYPE_BYTES || !ReadString(value)) return false;
        many ? r.AddString(&message, of, std::move(value))
             : r.SetString(&message, of, std::move(value));
        return true;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return ReadMessage(*field.message,
                           many ? *r.AddMessage(&message, of) : *r.MutableMessage(&message, of));
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        return false;  // such a message is read by protobuf
    }
    return false;
  }

  template <typename T>
  bool ReadNumber(T& value) {
    const size_t begin = absl::StartsWith(rest_, "-") ? 1 : 0;
    size_t end = begin;
    while (end < rest_.size() && absl::ascii_isdigit(static_cast<unsigned char>(rest_[end]))) ++end;
    // Zeros in front of a number are not JSON, and a negative zero is not written.
    if (end > 1 && rest_[begin] == '0') return false;
    if (!absl::SimpleAtoi(rest_.substr(0, end), &value)) return false;
    rest_.remove_prefix(end);
    return true;
  }

  // What stands up to the next quote, and may have no escapes.
  bool ReadName(absl::string_view& name) {
    if (!Take("\"")) return false;
    const size_t end = rest_.find('"');
    if (end == rest_.npos) return false;
    name = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool ReadEnum(const EnumDescriptor& type, int& number) {
    if (!absl::StartsWith(rest_, "\"")) return ReadNumber(number);
    absl::string_view name;
    if (!ReadName(name)) return false;
    const auto* const value = type.FindValueByName(std::string(name));
    if (value == nullptr) return false;
    number = value->number();
    return true;
  }

  bool ReadTimestamp(Message& message) {
    absl::string_view text;
    if (!ReadName(text)) return false;
    // 2026-11-20T14:00:00Z, with a point and 3, 6 or 9 digits before the Z, or without.
    const size_t digits = text.size() <= 21 ? 0 : text.size() - 21;
    if (text.size() != (digits == 0 ? 20 : 21 + digits) || digits > 9 || digits % 3 != 0) {
      return false;
    }
    const auto is = [&](size_t at, char sign) { return text[at] == sign; };
    if (!is(4, '-') || !is(7, '-') || !is(10, 'T') || !is(13, ':') || !is(16, ':') ||
        !is(text.size() - 1, 'Z') || (digits > 0 && !is(19, '.'))) {
      return false;
    }
    int parts[6] = {};
    constexpr std::pair<size_t, size_t> kPlaces[] = {{0, 4},  {5, 2},  {8, 2},
                                                     {11, 2}, {14, 2}, {17, 2}};
    for (int i = 0; i < 6; ++i) {
      if (!ReadDigits(text.substr(kPlaces[i].first, kPlaces[i].second), parts[i])) return false;
    }
    int nanos = 0;
    if (digits > 0 && !ReadDigits(text.substr(20, digits), nanos)) return false;
    for (size_t i = digits; digits > 0 && i < 9; ++i) nanos *= 10;
    const absl::CivilSecond second(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    // A day or an hour that there is not would be another one.
    if (parts[0] < 1 || second.month() != parts[1] || second.day() != parts[2] ||
        second.hour() != parts[3] || second.minute() != parts[4] || second.second() != parts[5]) {
      return false;
    }
    const Reflection& r = *message.GetReflection();
    const Descriptor& type = *message.GetDescriptor();
    r.SetInt64(&message, type.FindFieldByNumber(1),
               absl::ToUnixSeconds(absl::FromCivil(second, absl::UTCTimeZone())));
    r.SetInt32(&message, type.FindFieldByNumber(2), nanos);
    return true;
  }

  static bool ReadDigits(absl::string_view text, int& number) {
    number = 0;
    for (const char digit : text) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(digit))) return false;
      number = number * 10 + (digit - '0');
    }
    return true;
  }

  bool ReadString(std::string& out) {
    if (!Take("\"")) return false;
    for (;;) {
      size_t end = 0;
      const auto stops = [](unsigned char byte) {
        return byte == '"' || byte == '\\' || byte < 0x20;
      };
      while (end < rest_.size() && !stops(static_cast<unsigned char>(rest_[end]))) ++end;
      out.append(rest_.data(), end);
      rest_.remove_prefix(end);
      if (Take("\"")) {
        return google::protobuf::internal::IsStructurallyValidUTF8(out.data(),
                                                                   static_cast<int>(out.size()));
      }
      if (!Take("\\") || !ReadEscape(out)) return false;
    }
  }

  // What stands behind a backslash.
  bool ReadEscape(std::string& out) {
    if (rest_.empty()) return false;
    const char kind = rest_[0];
    rest_.remove_prefix(1);
    constexpr absl::string_view kKinds = "\"\\/bfnrt";
    constexpr absl::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (const size_t at = kKinds.find(kind); at != kKinds.npos) {
      out += kMeant[at];
      return true;
    }
    uint32_t rune = 0;
    if (kind != 'u' || !ReadUnit(rune)) return false;
    if (rune >= 0xd800 && rune < 0xe000) {
      uint32_t low = 0;
      if (rune >= 0xdc00 || !Take("\\u") || !ReadUnit(low)) return false;
      if (low < 0xdc00 || low >= 0xe000) return false;
      rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
    }
    AppendUtf8(rune, out);
    return true;
  }

  // Four hexadecimal digits.
  bool ReadUnit(uint32_t& unit) {
    if (rest_.size() < 4) return false;
    for (int i = 0; i < 4; ++i) {
      const auto digit = static_cast<unsigned char>(rest_[static_cast<size_t>(i)]);
      if (!absl::ascii_isxdigit(digit)) return false;
      unit = unit * 16 + (absl::ascii_isdigit(digit)
                              ? static_cast<uint32_t>(digit - '0')
                              : static_cast<uint32_t>(absl::ascii_tolower(digit) - 'a') + 10);
    }
    rest_.remove_prefix(4);
    return true;
  }

  absl::string_view rest_;
};

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

bool ReadOwnJsonText(absl::string_view text, Message& message) {
  message.Clear();
  const Plan& plan = PlanOf(*message.GetDescriptor());
  return !plan.by_library && Reader(text).Read(plan, message);
}

absl::Status FromJsonText(absl::string_view text, Message& message) {
  if (ReadOwnJsonText(text, message)) return absl::OkStatus();
  const Descriptor& type = *message.GetDescriptor();
  message.Clear();
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::string bytes;
  const auto status = google::protobuf::util::JsonToBinaryString(
      &KeptTypes::Instance(), KeptTypes::UrlOf(type), std::string(text), &bytes, options);
  if (status.ok() && message.ParseFromString(bytes)) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("stored text is not a ", type.full_name(), ": ", std::string(status.message())));
}

}  // namespace critac::journal
