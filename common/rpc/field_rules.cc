#include "common/rpc/field_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/journal/vault.h"
#include "common/rpc/compiled_rules.h"
#include "common/rpc/field_value.h"
#include "common/rpc/text.h"
#include "common/status/error.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace critac::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What a caller sent, short and safe to print; cut at a whole character.
std::string Quoted(absl::string_view text) {
  constexpr size_t kShown = 60;
  size_t end = std::min(text.size(), kShown);
  while (end < text.size() && end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text.substr(0, end)),
                      end < text.size() ? "…\"" : "\"");
}

// Where the checker is: a chain of frames on the stack, written out only when something is wrong.
struct Path {
  const Path* parent = nullptr;
  const FieldDescriptor* field = nullptr;
  // Entry of a list.
  int index = kNoIndex;
  // Entry of a map.
  const std::string* key = nullptr;
};

void AppendPath(const Path& path, std::string& out) {
  if (path.parent != nullptr) AppendPath(*path.parent, out);
  if (path.field == nullptr) return;
  if (!out.empty()) out += '.';
  absl::StrAppend(&out, path.field->name());
  if (path.index != kNoIndex) absl::StrAppend(&out, "[", path.index, "]");
  if (path.key != nullptr) absl::StrAppend(&out, "[", Quoted(*path.key), "]");
}

std::string Count(uint64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

absl::string_view Accepted(type::v1::Format format) {
  switch (format) {
    case type::v1::FORMAT_UUID:
      return "a UUID, for example 3f2b8c1e-9d47-4a6b-8e05-7c1f2a3b4d5e";
    case type::v1::FORMAT_DATE:
      return "a date of the years 1900 to 2199, for example 2026-10-01";
    case type::v1::FORMAT_STATE:
      return "the USPS code of a state or territory, for example UT";
    case type::v1::FORMAT_EMAIL:
      return "an e-mail address, for example name@host.gov";
    case type::v1::FORMAT_LANGUAGE:
      return "a language of BCP 47, for example en";
    default:
      return "of a known format";
  }
}

bool HasFormat(absl::string_view text, type::v1::Format format) {
  switch (format) {
    case type::v1::FORMAT_UNSPECIFIED:
      return true;
    case type::v1::FORMAT_UUID:
      return IsUuid(text);
    case type::v1::FORMAT_DATE:
      return ParseDate(text).has_value();
    case type::v1::FORMAT_STATE:
      return IsState(text);
    case type::v1::FORMAT_EMAIL:
      return IsEmail(text);
    case type::v1::FORMAT_LANGUAGE:
      return IsLanguage(text);
    default:
      return false;
  }
}

// The bounds that a number breaks.
enum class Bound { kNone, kMinimum, kMaximum, kFinite };

template <typename Number>
Bound BrokenBound(const CompiledField& rules, Number value) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return Bound::kFinite;
    if (rules.has_minimum && value < static_cast<double>(rules.minimum)) return Bound::kMinimum;
    if (rules.has_maximum && value > static_cast<double>(rules.maximum)) return Bound::kMaximum;
  } else {
    if (rules.has_minimum && std::cmp_less(value, rules.minimum)) return Bound::kMinimum;
    if (rules.has_maximum && std::cmp_greater(value, rules.maximum)) return Bound::kMaximum;
  }
  return Bound::kNone;
}

template <typename Number>
std::string Describe(const CompiledField& rules, Number value, Bound broken) {
  if (broken == Bound::kFinite) return absl::StrCat(value, " is not a finite number");
  if (rules.has_minimum && rules.has_maximum) {
    return absl::StrCat(value, " is not in ", rules.minimum, "..", rules.maximum);
  }
  return broken == Bound::kMinimum ? absl::StrCat(value, " is below ", rules.minimum)
                                   : absl::StrCat(value, " is above ", rules.maximum);
}

// Checks one message and collects what is wrong.
class Checker {
 public:
  explicit Checker(absl::string_view prefix) : prefix_(prefix) {}

  void CheckMessage(const MessageView& view, const MessageRules& rules, const Path& path,
                    int depth);

  absl::Status Result() const;

 private:
  struct ValueVisitor;
  struct Violation {
    std::string path;
    std::string description;
  };

  bool full() const { return violations_.size() > size_t{limits::kViolations}; }
  void Report(const Path& path, std::string description);

  void CheckSingle(const MessageView& view, const CompiledField& rules, const Path& path,
                   int depth);
  void CheckList(const MessageView& view, const CompiledField& rules, const Path& path, int depth);
  bool CheckSize(const CompiledField& rules, const Path& path, int size);
  void CheckUnique(const MessageView& view, const CompiledField& rules, const Path& path, int size);
  void CheckMap(const MessageView& view, const CompiledField& rules, const Path& path, int depth);

  void CheckString(absl::string_view text, const CompiledField& rules, const Path& path);
  void CheckEnum(int number, const CompiledField& rules, const Path& path);
  void CheckTime(const Message& message, const MessageRules& rules, const Path& path);

  absl::string_view prefix_;
  std::vector<Violation> violations_;
};

void Checker::Report(const Path& path, std::string description) {
  if (full()) return;
  Violation& violation = violations_.emplace_back();
  violation.path = std::string(prefix_);
  AppendPath(path, violation.path);
  violation.description = std::move(description);
}

absl::Status Checker::Result() const {
  if (violations_.empty()) return absl::OkStatus();
  const size_t listed = std::min(violations_.size(), size_t{limits::kViolations});
  std::string message = absl::StrCat(violations_[0].path, ": ", violations_[0].description);
  if (full()) {
    absl::StrAppend(&message, " (and more than ", listed - 1, " others)");
  } else if (listed > 1) {
    absl::StrAppend(&message, " (and ", Count(listed - 1, "other", "others"), ")");
  }
  Error error(absl::StatusCode::kInvalidArgument, "INVALID_FIELDS", message);
  for (size_t i = 0; i < listed; ++i) error.Field(violations_[i].path, violations_[i].description);
  return error.ToStatus();
}

void Checker::CheckMessage(const MessageView& view, const MessageRules& rules, const Path& path,
                           int depth) {
  if (depth > limits::kMessageDepth) {
    Report(path, absl::StrCat("is nested deeper than ", limits::kMessageDepth, " messages"));
    return;
  }
  if (rules.kind != MessageRules::Kind::kOrdinary) return CheckTime(view.message, rules, path);
  for (const CompiledField& field : rules.fields) {
    if (full()) return;
    const Path at{&path, field.field};
    if (field.field->is_map()) {
      CheckMap(view, field, at, depth);
    } else if (field.field->is_repeated()) {
      CheckList(view, field, at, depth);
    } else {
      CheckSingle(view, field, at, depth);
    }
  }
}

// What is done with a value, by its type.
struct Checker::ValueVisitor {
  Checker& checker;
  const CompiledField& rules;
  const Path& path;
  // A list's entry, where there is no "not said".
  bool is_entry;
  int depth;

  void operator()(const std::string& text) const {
    if (!text.empty()) return checker.CheckString(text, rules, path);
    if (is_entry) return checker.Report(path, "is empty");
    if (rules.required) checker.Report(path, "is required");
  }
  void operator()(EnumNumber value) const {
    if (value.number != 0) return checker.CheckEnum(value.number, rules, path);
    if (is_entry) return checker.Report(path, "is not specified");
    if (rules.required) checker.Report(path, "is required");
  }
  void operator()(const Message& message) const {
    if (rules.nested != nullptr)
      checker.CheckMessage(MessageView(message), *rules.nested, path, depth + 1);
  }
  void operator()(bool value) const {
    if (rules.required && !value && !is_entry && !rules.has_presence) {
      checker.Report(path, "is required to be true");
    }
  }
  template <typename Number>
  void operator()(Number value) const {
    // A plain number that was not sent reads as zero.
    if (rules.required && value == 0 && !is_entry && !rules.has_presence) {
      return checker.Report(path, "is required");
    }
    const Bound broken = BrokenBound(rules, value);
    if (broken != Bound::kNone) checker.Report(path, Describe(rules, value, broken));
  }
};

void Checker::CheckSingle(const MessageView& view, const CompiledField& rules, const Path& path,
                          int depth) {
  if (rules.has_presence && !view.Has(rules.field)) {
    if (rules.required) Report(path, "is required");
    return;
  }
  VisitValue(view, rules.field, kNoIndex, ValueVisitor{*this, rules, path, false, depth});
}

bool Checker::CheckSize(const CompiledField& rules, const Path& path, int size) {
  const auto entries = static_cast<uint32_t>(size);
  if (entries == 0) {
    if (rules.required || rules.min_items > 0) Report(path, "is required");
    return false;
  }
  if (entries > rules.max_items) {
    Report(path,
           absl::StrCat("has ", entries, " entries; at most ", rules.max_items, " are accepted"));
    return false;
  }
  if (entries < rules.min_items) {
    Report(path, absl::StrCat("has ", Count(entries, "entry", "entries"), "; at least ",
                              rules.min_items, " are required"));
  }
  return true;
}

void Checker::CheckList(const MessageView& view, const CompiledField& rules, const Path& path,
                        int depth) {
  const int size = view.Size(rules.field);
  if (!CheckSize(rules, path, size) || rules.rows) return;
  for (int i = 0; i < size && !full(); ++i) {
    const Path at{path.parent, rules.field, i};
    VisitValue(view, rules.field, i, ValueVisitor{*this, rules, at, true, depth});
  }
  if (rules.unique_items && size > 1) CheckUnique(view, rules, path, size);
}

// A value as text that is the same where the value is.
struct KeyVisitor {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(EnumNumber value) const { return absl::StrCat(value.number); }
  std::string operator()(const Message& message) const { return message.SerializeAsString(); }
  template <typename Number>
  std::string operator()(Number value) const {
    return absl::StrCat(value);
  }
};

void Checker::CheckUnique(const MessageView& view, const CompiledField& rules, const Path& path,
                          int size) {
  absl::flat_hash_map<std::string, int> first;
  for (int i = 0; i < size && !full(); ++i) {
    const auto [seen, added] = first.try_emplace(VisitValue(view, rules.field, i, KeyVisitor()), i);
    if (added) continue;
    Report(Path{path.parent, rules.field, i}, absl::StrCat("is the same as entry ", seen->second));
  }
}

void Checker::CheckMap(const MessageView& view, const CompiledField& rules, const Path& path,
                       int depth) {
  const int size = view.Size(rules.field);
  if (!CheckSize(rules, path, size)) return;
  // By key, so that the same map gives the same list of violations.
  std::map<std::string, const Message*> entries;
  for (int i = 0; i < size; ++i) {
    const Message& entry = view.reflection.GetRepeatedMessage(view.message, rules.field, i);
    entries.emplace(VisitValue(MessageView(entry), rules.key->field, kNoIndex, KeyVisitor()),
                    &entry);
  }
  for (const auto& [key, entry] : entries) {
    if (full()) return;
    const Path at{path.parent, rules.field, kNoIndex, &key};
    const MessageView entry_view(*entry);
    CheckSingle(entry_view, *rules.key, at, depth);
    CheckSingle(entry_view, *rules.value, at, depth);
  }
}

void Checker::CheckString(absl::string_view text, const CompiledField& rules, const Path& path) {
  if (rules.field->type() == FieldDescriptor::TYPE_BYTES) {
    if (text.size() > rules.max_length) {
      Report(path, absl::StrCat("has ", text.size(), " bytes; at most ", rules.max_length,
                                " are accepted"));
    }
    return;
  }
  const TextScan scan = ScanText(text);
  if (scan.problem == TextScan::Problem::kNotUtf8) {
    return Report(path, absl::StrCat("is not UTF-8 from character ", scan.characters + 1, " on"));
  }
  if (scan.problem == TextScan::Problem::kControlCharacter) {
    return Report(path,
                  absl::StrFormat("has the control character U+%04X as character %d; of these, "
                                  "newline and tab are accepted",
                                  scan.control_character, scan.characters + 1));
  }
  if (scan.characters > rules.max_length) {
    return Report(path, absl::StrCat("has ", scan.characters, " characters; at most ",
                                     rules.max_length, " are accepted"));
  }
  if (scan.characters < rules.min_length) {
    return Report(path, absl::StrCat("has ", Count(scan.characters, "character", "characters"),
                                     "; at least ", rules.min_length, " are required"));
  }
  const auto refuse = [&](absl::string_view accepted) {
    Report(path, absl::StrCat(rules.vault ? "" : Quoted(text), rules.vault ? "" : " ", "is not ",
                              accepted));
  };
  if (rules.vault && journal::IsVaultReference(text)) {
    return Report(path, "has the form of a reference to the vault, which callers cannot send");
  }
  if (!HasFormat(text, rules.format)) return refuse(Accepted(rules.format));
  if (!rules.resource.empty() && !IsResourceName(text, rules.resource)) {
    return refuse(absl::StrCat(rules.resource, "/ID"));
  }
  if (rules.field_path && !IsFieldPath(text)) {
    return refuse("the path of a field, for example agency.display_name");
  }
  if (rules.pattern != nullptr &&
      !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *rules.pattern)) {
    refuse(absl::StrCat("of the form ", rules.pattern->pattern()));
  }
}

void Checker::CheckEnum(int number, const CompiledField& rules, const Path& path) {
  if (rules.contiguous) {
    if (number >= rules.first_number && number <= rules.last_number) return;
    return Report(path,
                  absl::StrCat(number, " is not a value of ", rules.enum_type->name(),
                               "; its values are ", rules.first_number, "..", rules.last_number));
  }
  if (rules.enum_type->FindValueByNumber(number) != nullptr) return;
  Report(path, absl::StrCat(number, " is not a value of ", rules.enum_type->name()));
}

void Checker::CheckTime(const Message& message, const MessageRules& rules, const Path& path) {
  // The bounds are those of timestamp.proto and duration.proto.
  constexpr int64_t kFirstSecond = -62'135'596'800;
  constexpr int64_t kLastSecond = 253'402'300'799;
  constexpr int64_t kMostSeconds = 315'576'000'000;
  constexpr int32_t kNanos = 1'000'000'000;
  if (rules.kind == MessageRules::Kind::kTimestamp) {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond || time.nanos() < 0 ||
        time.nanos() >= kNanos) {
      Report(path, "is not a time of the years 1 to 9999");
    }
    return;
  }
  const auto& duration = static_cast<const google::protobuf::Duration&>(message);
  const bool signs_differ = (duration.seconds() < 0 && duration.nanos() > 0) ||
                            (duration.seconds() > 0 && duration.nanos() < 0);
  if (duration.seconds() < -kMostSeconds || duration.seconds() > kMostSeconds || signs_differ ||
      duration.nanos() <= -kNanos || duration.nanos() >= kNanos) {
    Report(path, "is not a duration of up to 10,000 years, seconds and nanos of one sign");
  }
}

// Whether a value is other than the zero that a field reads as while it is not set.
struct NotZeroVisitor {
  bool operator()(const std::string& text) const { return !text.empty(); }
  bool operator()(EnumNumber value) const { return value.number != 0; }
  bool operator()(const Message&) const { return true; }
  template <typename Number>
  bool operator()(Number value) const {
    return value != 0;
  }
};

bool IsSet(const MessageView& view, const FieldDescriptor* field) {
  if (field->is_repeated()) return view.Size(field) > 0;
  if (field->has_presence()) return view.Has(field);
  return VisitValue(view, field, kNoIndex, NotZeroVisitor());
}

bool HasOutputOnlyAt(const MessageView& view, const MessageRules& rules, int depth) {
  if (depth > limits::kMessageDepth) return false;
  for (const FieldDescriptor* field : rules.output_only) {
    if (IsSet(view, field)) return true;
  }
  const auto has_below = [&](const Message& message, const OutputOnlyBelow& below) {
    return HasOutputOnlyAt(MessageView(message), *below.nested, depth + 1);
  };
  for (const OutputOnlyBelow& below : rules.output_only_below) {
    if (!below.field->is_repeated()) {
      if (!view.Has(below.field)) continue;
      if (has_below(view.reflection.GetMessage(view.message, below.field), below)) return true;
      continue;
    }
    const int size = view.Size(below.field);
    for (int i = 0; i < size; ++i) {
      if (has_below(view.reflection.GetRepeatedMessage(view.message, below.field, i), below)) {
        return true;
      }
    }
  }
  return false;
}

void ClearOutputOnlyAt(Message& message, const MessageRules& rules, int depth) {
  if (depth > limits::kMessageDepth) return;
  const Reflection& reflection = *message.GetReflection();
  for (const FieldDescriptor* field : rules.output_only) reflection.ClearField(&message, field);
  for (const OutputOnlyBelow& below : rules.output_only_below) {
    if (!below.field->is_repeated()) {
      if (!reflection.HasField(message, below.field)) continue;
      ClearOutputOnlyAt(*reflection.MutableMessage(&message, below.field), *below.nested,
                        depth + 1);
      continue;
    }
    const int size = reflection.FieldSize(message, below.field);
    for (int i = 0; i < size; ++i) {
      ClearOutputOnlyAt(*reflection.MutableRepeatedMessage(&message, below.field, i), *below.nested,
                        depth + 1);
    }
  }
}

}  // namespace

absl::Status CheckFields(const Message& message, absl::string_view prefix) {
  Checker checker(prefix);
  checker.CheckMessage(MessageView(message), RulesOf(*message.GetDescriptor()), Path(), 1);
  return checker.Result();
}

bool HasOutputOnly(const Message& message) {
  return HasOutputOnlyAt(MessageView(message), RulesOf(*message.GetDescriptor()), 1);
}

void ClearOutputOnly(Message& message) {
  ClearOutputOnlyAt(message, RulesOf(*message.GetDescriptor()), 1);
}

}  // namespace critac::rpc
