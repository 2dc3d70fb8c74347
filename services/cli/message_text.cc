#include "services/cli/message_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/cli/display_width.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

constexpr int kLeastWrapWidth = 24;

std::string Nothing(TextStyle style) { return style == TextStyle::kShort ? "-" : ""; }

// `AGENCY_TYPE_` of AgencyType, `YES_NO_` of YesNo.
std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix + "_";
}

// Of `10_24`, `1000_PLUS`, the people's form; other names are words.
std::string ShortEnumName(absl::string_view name) {
  if (!name.empty() && absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) {
    return absl::StrReplaceAll(name, {{"_PLUS", "+"}, {"_", "-"}});
  }
  // Acronyms of the field stay what they are.
  if (absl::StartsWith(name, "ORI") || name == "UEI") return std::string(name);
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", " "}}));
}

std::string TimestampText(const Message& message, TextStyle style) {
  const auto& timestamp = static_cast<const Timestamp&>(message);
  const absl::Time time =
      absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
  if (style == TextStyle::kShort) {
    return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::UTCTimeZone());
  }
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

// Digits after the point that an integer field stands for, by its name.
int DecimalsOf(const FieldDescriptor& field) {
  return absl::EndsWith(field.name(), "_e6") ? 6 : absl::EndsWith(field.name(), "_e3") ? 3 : 0;
}

std::string IntegerText(const FieldDescriptor& field, int64_t value, TextStyle style) {
  const int decimals = DecimalsOf(field);
  if (decimals == 0) return absl::StrCat(value);
  const double fraction = static_cast<double>(value) / (decimals == 6 ? 1e6 : 1e3);
  // Degrees are for maps also when people read them; scores are to be compared at a glance.
  const bool degrees = absl::StrContains(field.name(), "tude");
  return absl::StrFormat("%.*f", style == TextStyle::kShort && !degrees ? 3 : decimals, fraction);
}

std::string DoubleText(double value, TextStyle style) {
  return style == TextStyle::kFull ? absl::StrFormat("%.15g", value)
                                   : absl::StrFormat("%.1f", value);
}

std::string MessageText(const Message& message, TextStyle style);

// The value of a field, or of its `index`-th entry where it is a list.
std::string ValueText(const Message& message, const FieldDescriptor& field, int index,
                      TextStyle style) {
  const Reflection& reflection = *message.GetReflection();
  const bool list = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = list ? reflection.GetRepeatedString(message, &field, index)
                                    : reflection.GetString(message, &field);
      return text.empty() ? Nothing(style) : text;
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = list ? reflection.GetRepeatedBool(message, &field, index)
                              : reflection.GetBool(message, &field);
      if (style == TextStyle::kFull) return value ? "true" : "false";
      return value ? "yes" : "no";
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*(list ? reflection.GetRepeatedEnum(message, &field, index)
                             : reflection.GetEnum(message, &field)),
                      style);
    case FieldDescriptor::CPPTYPE_INT32:
      return IntegerText(field,
                         list ? reflection.GetRepeatedInt32(message, &field, index)
                              : reflection.GetInt32(message, &field),
                         style);
    case FieldDescriptor::CPPTYPE_INT64:
      return IntegerText(field,
                         list ? reflection.GetRepeatedInt64(message, &field, index)
                              : reflection.GetInt64(message, &field),
                         style);
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(list ? reflection.GetRepeatedUInt32(message, &field, index)
                               : reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(list ? reflection.GetRepeatedUInt64(message, &field, index)
                               : reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return DoubleText(list ? reflection.GetRepeatedDouble(message, &field, index)
                             : reflection.GetDouble(message, &field),
                        style);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return DoubleText(list ? reflection.GetRepeatedFloat(message, &field, index)
                             : reflection.GetFloat(message, &field),
                        style);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(list ? reflection.GetRepeatedMessage(message, &field, index)
                              : reflection.GetMessage(message, &field),
                         style);
  }
  return Nothing(style);
}

std::string TextOfField(const Message& message, const FieldDescriptor& field, TextStyle style) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    std::vector<std::string> entries;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      entries.push_back(ValueText(message, field, i, style));
    }
    if (entries.empty()) return Nothing(style);
    return absl::StrJoin(entries, style == TextStyle::kShort ? ", " : ";");
  }
  if (field.has_presence() && !reflection.HasField(message, &field)) return Nothing(style);
  return ValueText(message, field, -1, style);
}

// A message in one line: a date, a count or a place as such, any other as its fields.
std::string MessageText(const Message& message, TextStyle style) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.protobuf.Timestamp") return TimestampText(message, style);
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  if (type == "critac.intake.v1.Strength") {
    // A count of zero is a fact, not an absence.
    return TextOfField(message, *message.GetDescriptor()->FindFieldByName("count"), style);
  }
  const bool values_only = type == "critac.type.v1.Coordinates" ||
                           type == "critac.intake.v1.Alias" ||
                           type == "critac.matching.v1.HeldTopic";
  std::vector<std::string> parts;
  for (const FieldDescriptor* field : fields) {
    const std::string text = TextOfField(message, *field, style);
    parts.push_back(values_only ? text : absl::StrCat(LabelOf(*field), " ", text));
  }
  if (parts.empty()) return Nothing(style);
  return absl::StrJoin(parts, values_only ? " " : ", ");
}

// `text` broken at spaces into lines of at most `width` columns.
std::vector<std::string> Wrap(const std::string& text, int width) {
  std::vector<std::string> lines(1);
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    const bool fits = DisplayWidth(lines.back()) + 1 + DisplayWidth(word) <= width;
    if (lines.back().empty()) {
      lines.back() = std::string(word);
    } else if (fits) {
      absl::StrAppend(&lines.back(), " ", word);
    } else {
      lines.emplace_back(word);
    }
  }
  return lines;
}

std::string Indented(const std::string& text, int indent) {
  std::string result;
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    absl::StrAppend(&result, std::string(indent, ' '), line, "\n");
  }
  return result;
}

// Whether a message is worth lines of its own.
bool IsBlock(const FieldDescriptor& field) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field.is_map()) return false;
  static const auto* const kInline = new std::vector<std::string>{
      "google.protobuf.Timestamp",    "critac.intake.v1.Strength",   "critac.type.v1.Coordinates",
      "critac.intake.v1.Consent",     "critac.intake.v1.Approval",   "critac.intake.v1.Alias",
      "critac.matching.v1.HeldTopic", "critac.matching.v1.DateRange"};
  return std::find(kInline->begin(), kInline->end(), field.message_type()->full_name()) ==
         kInline->end();
}

// A list of messages as a table of the fields that any of them has set. A list within a row is left
// out: it would make the table wider than any screen, and JSON has it.
std::string ListTable(const Message& message, const FieldDescriptor& field, int width) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  Table table;
  table.rows.resize(size);
  const auto* type = field.message_type();
  for (int f = 0; f < type->field_count(); ++f) {
    const FieldDescriptor& column = *type->field(f);
    if (column.is_repeated() && IsBlock(column)) continue;
    const auto is_set = [&](const Message& row) {
      return column.is_repeated() ? row.GetReflection()->FieldSize(row, &column) > 0
                                  : row.GetReflection()->HasField(row, &column);
    };
    bool any = false;
    for (int i = 0; i < size; ++i) any |= is_set(reflection.GetRepeatedMessage(message, &field, i));
    if (!any) continue;
    const bool number = column.cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
                        column.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE &&
                        column.cpp_type() != FieldDescriptor::CPPTYPE_ENUM &&
                        column.cpp_type() != FieldDescriptor::CPPTYPE_BOOL;
    table.columns.push_back({LabelOf(column), number && !column.is_repeated(), true});
    for (int i = 0; i < size; ++i) {
      table.rows[i].push_back(TextOfField(reflection.GetRepeatedMessage(message, &field, i), column,
                                          TextStyle::kShort));
    }
  }
  return FormatTable(table, width);
}

std::string MapLines(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<std::string> lines;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    lines.push_back(
        absl::StrCat(TextOfField(entry, *entry.GetDescriptor()->map_key(), TextStyle::kShort), " ",
                     TextOfField(entry, *entry.GetDescriptor()->map_value(), TextStyle::kShort)));
  }
  std::sort(lines.begin(), lines.end());  // a map has no order of its own
  return absl::StrJoin(lines, ", ");
}

std::string LabelledText(const std::string& label, int label_width, const std::string& text,
                         int width) {
  const std::string printable = Printable(text);
  const int room =
      width == 0 ? DisplayWidth(printable) : std::max(kLeastWrapWidth, width - label_width - 2);
  std::string result;
  std::string head = label;
  for (const std::string& line : Wrap(printable, std::max(1, room))) {
    absl::StrAppend(&result, head, std::string(label_width - head.size() + 2, ' '), line, "\n");
    head.clear();
  }
  return result;
}

}  // namespace

std::string WithoutCollection(absl::string_view name) {
  const size_t slash = name.find('/');
  return std::string(slash == absl::string_view::npos ? name : name.substr(slash + 1));
}

std::string WrapText(absl::string_view text, int width) {
  const std::string printable = Printable(text);
  if (width == 0) return printable + "\n";
  return absl::StrJoin(Wrap(printable, width), "\n") + "\n";
}

std::string LabelOf(const FieldDescriptor& field) {
  absl::string_view name = field.name();
  if (DecimalsOf(field) > 0) name.remove_suffix(3);
  return absl::StrReplaceAll(name, {{"_", " "}});
}

std::string EnumText(const EnumValueDescriptor& value, TextStyle style) {
  if (value.number() == 0) return Nothing(style);
  const absl::string_view name = absl::StripPrefix(value.name(), EnumPrefix(*value.type()));
  return style == TextStyle::kFull ? std::string(name) : ShortEnumName(name);
}

std::string FieldText(const Message& message, absl::string_view path, TextStyle style) {
  const Message* current = &message;
  std::vector<std::string> names = absl::StrSplit(path, '.');
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    const FieldDescriptor* field = current->GetDescriptor()->FindFieldByName(names[i]);
    if (!current->GetReflection()->HasField(*current, field)) return Nothing(style);
    current = &current->GetReflection()->GetMessage(*current, field);
  }
  return TextOfField(*current, *current->GetDescriptor()->FindFieldByName(names.back()), style);
}

std::string Describe(const Message& message, int width) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  int label_width = 0;
  for (const FieldDescriptor* field : fields) {
    if (!IsBlock(*field))
      label_width = std::max(label_width, static_cast<int>(LabelOf(*field).size()));
  }
  const int inner_width = width == 0 ? 0 : std::max(kLeastWrapWidth, width - 2);
  std::string text;
  for (const FieldDescriptor* field : fields) {
    const std::string label = LabelOf(*field);
    if (field->is_map()) {
      text += LabelledText(label, label_width, MapLines(message, *field), width);
    } else if (!IsBlock(*field)) {
      text +=
          LabelledText(label, label_width, TextOfField(message, *field, TextStyle::kShort), width);
    } else if (field->is_repeated()) {
      absl::StrAppend(&text, label, "\n", Indented(ListTable(message, *field, inner_width), 2));
    } else {
      const Message& inner = message.GetReflection()->GetMessage(message, field);
      absl::StrAppend(&text, label, "\n", Indented(Describe(inner, inner_width), 2));
    }
  }
  return text;
}

}  // namespace critac::cli
