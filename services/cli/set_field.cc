#include "services/cli/set_field.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/cli/message_text.h"

namespace critac::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

// A name of an enum's value with the differences that do not matter taken away.
std::string Normal(absl::string_view name) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{" ", "_"}, {"-", "_"}, {"+", "_PLUS"}}));
}

absl::Status NoSuchField(const Descriptor& type, absl::string_view path) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return InvalidField(path, absl::StrCat("there is no such field in ", type.name(),
                                         "; it has: ", absl::StrJoin(names, ", ")));
}

template <typename Number>
absl::StatusOr<Number> ReadNumber(absl::string_view path, absl::string_view text) {
  Number number;
  if (!absl::SimpleAtoi(text, &number)) {
    return InvalidField(path, absl::StrCat("\"", text, "\" is not a whole number"));
  }
  return number;
}

absl::StatusOr<double> ReadDouble(absl::string_view path, absl::string_view text) {
  double number;
  if (!absl::SimpleAtod(text, &number)) {
    return InvalidField(path, absl::StrCat("\"", text, "\" is not a number"));
  }
  return number;
}

absl::StatusOr<bool> ReadBool(absl::string_view path, absl::string_view text) {
  bool value;
  if (!absl::SimpleAtob(text, &value)) {
    return InvalidField(path, absl::StrCat("\"", text, "\" is neither true nor false"));
  }
  return value;
}

absl::Status SetTime(absl::string_view path, absl::string_view text, Timestamp& timestamp) {
  absl::Time time;
  if (const auto day = ParseDate(text); day.has_value()) {
    time = absl::FromCivil(*day, absl::UTCTimeZone());
  } else if (std::string error; !absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return InvalidField(path, absl::StrCat("\"", text,
                                           "\" is neither a time as 2026-10-01T14:30:00Z nor a "
                                           "date as 2026-10-01"));
  }
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(
      static_cast<int32_t>((time - absl::FromUnixSeconds(seconds)) / absl::Nanoseconds(1)));
  return absl::OkStatus();
}

absl::Status SetFromJson(absl::string_view path, absl::string_view text, Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &message);
  if (status.ok()) return absl::OkStatus();
  return InvalidField(path, absl::StrCat("not the JSON of ", message.GetDescriptor()->name(), ": ",
                                         std::string(status.message())));
}

// `text` as the name of a resource, with the collection that the field's rules name.
std::string WithCollection(const FieldDescriptor& field, absl::string_view text) {
  const std::string& collection = field.options().GetExtension(type::v1::field).resource();
  if (collection.empty() || absl::StrContains(text, '/')) return std::string(text);
  return absl::StrCat(collection, "/", text);
}

// A list of messages is read from `{"field": TEXT}` into a message of its own, of which only that
// field is taken.
absl::Status SetMessages(absl::string_view path, absl::string_view text,
                         const FieldDescriptor& field, Message& message) {
  const std::unique_ptr<Message> read(message.New());
  RETURN_IF_ERROR(SetFromJson(path, absl::StrCat("{\"", field.name(), "\": ", text, "}"), *read));
  message.GetReflection()->SwapFields(&message, read.get(), {&field});
  return absl::OkStatus();
}

// Sets a field that is not a list, or adds an entry to one that is.
absl::Status Put(absl::string_view path, absl::string_view text, const FieldDescriptor& field,
                 Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const bool list = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      list ? reflection.AddString(&message, &field, WithCollection(field, text))
           : reflection.SetString(&message, &field, WithCollection(field, text));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL: {
      ASSIGN_OR_RETURN(const bool value, ReadBool(path, text));
      list ? reflection.AddBool(&message, &field, value)
           : reflection.SetBool(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      ASSIGN_OR_RETURN(const int value, ReadEnum(*field.enum_type(), path, text));
      list ? reflection.AddEnumValue(&message, &field, value)
           : reflection.SetEnumValue(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      ASSIGN_OR_RETURN(const int32_t value, ReadNumber<int32_t>(path, text));
      list ? reflection.AddInt32(&message, &field, value)
           : reflection.SetInt32(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      ASSIGN_OR_RETURN(const int64_t value, ReadNumber<int64_t>(path, text));
      list ? reflection.AddInt64(&message, &field, value)
           : reflection.SetInt64(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      ASSIGN_OR_RETURN(const double value, ReadDouble(path, text));
      list ? reflection.AddDouble(&message, &field, value)
           : reflection.SetDouble(&message, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      Message& inner = *reflection.MutableMessage(&message, &field);
      if (field.message_type()->full_name() == "google.protobuf.Timestamp") {
        return SetTime(path, text, static_cast<Timestamp&>(inner));
      }
      return SetFromJson(path, text, inner);
    }
    default:
      return InvalidField(path, "cannot be set from text");
  }
}

}  // namespace

absl::StatusOr<int> ReadEnum(const EnumDescriptor& type, absl::string_view field,
                             absl::string_view text) {
  const std::string wanted = Normal(text);
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    if (value.number() == 0) continue;
    const std::string name = EnumText(value, TextStyle::kFull);
    if (wanted == value.name() || wanted == name) return value.number();
    names.push_back(absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", "-"}})));
  }
  return InvalidField(field,
                      absl::StrCat("\"", text, "\" is none of: ", absl::StrJoin(names, ", ")));
}

absl::Status SetField(Message& message, absl::string_view path, absl::string_view text) {
  Message* current = &message;
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (size_t i = 0; i < names.size(); ++i) {
    const FieldDescriptor* field = current->GetDescriptor()->FindFieldByName(names[i]);
    if (field == nullptr) return NoSuchField(*current->GetDescriptor(), path);
    const bool last = i + 1 == names.size();
    if (!last) {
      if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return InvalidField(path, absl::StrCat(names[i], " has no fields of its own"));
      }
      if (text.empty() && !current->GetReflection()->HasField(*current, field)) {
        return absl::OkStatus();
      }
      current = current->GetReflection()->MutableMessage(current, field);
      continue;
    }
    current->GetReflection()->ClearField(current, field);
    if (text.empty()) return absl::OkStatus();
    if (!field->is_repeated()) return Put(path, text, *field, *current);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return SetMessages(path, text, *field, *current);
    }
    for (const absl::string_view entry : absl::StrSplit(text, ';')) {
      RETURN_IF_ERROR(Put(path, absl::StripAsciiWhitespace(entry), *field, *current));
    }
  }
  return absl::OkStatus();
}

absl::Status SetFields(Message& message, absl::string_view flag, absl::string_view text) {
  for (const absl::string_view pair : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    const bool has_value = absl::StrContains(pair, '=');
    const std::string path =
        absl::StrReplaceAll(absl::StripAsciiWhitespace(parts.first), {{"-", "_"}});
    RETURN_IF_ERROR(Annotate(SetField(message, path, has_value ? parts.second : "true"), flag));
  }
  return absl::OkStatus();
}

}  // namespace critac::cli
