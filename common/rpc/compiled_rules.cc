#include "common/rpc/compiled_rules.h"

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/base/limits.h"

namespace critac::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using type::v1::FieldRules;

// Compiles rules and keeps them by message.
class RulesCache {
 public:
  const MessageRules& Get(const Descriptor& descriptor) {
    {
      absl::ReaderMutexLock lock(&mutex_);
      if (const auto found = rules_.find(&descriptor); found != rules_.end()) {
        return *found->second;
      }
    }
    absl::MutexLock lock(&mutex_);
    return Compile(descriptor);
  }

 private:
  const MessageRules& Compile(const Descriptor& descriptor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CompileField(const FieldDescriptor& field, MessageRules& rules)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  CompiledField CompileValue(const FieldDescriptor& field, const FieldRules& declared)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessageRules>> rules_
      ABSL_GUARDED_BY(mutex_);
};

MessageRules::Kind KindOf(const Descriptor& descriptor) {
  if (descriptor.full_name() == "google.protobuf.Timestamp") return MessageRules::Kind::kTimestamp;
  if (descriptor.full_name() == "google.protobuf.Duration") return MessageRules::Kind::kDuration;
  return MessageRules::Kind::kOrdinary;
}

void ReadNumbers(const EnumDescriptor& type, CompiledField& compiled) {
  std::vector<int> numbers;
  for (int i = 0; i < type.value_count(); ++i) numbers.push_back(type.value(i)->number());
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  compiled.enum_type = &type;
  compiled.first_number = numbers.front();
  compiled.last_number = numbers.back();
  compiled.contiguous =
      int64_t{numbers.back()} - numbers.front() + 1 == static_cast<int64_t>(numbers.size());
}

// Whether any value of the field could be refused. A bool, or a whole number without bounds, is
// never wrong.
bool NeedsCheck(const CompiledField& compiled) {
  if (compiled.required || compiled.field->is_repeated()) return true;
  switch (compiled.type) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return false;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return compiled.has_minimum || compiled.has_maximum;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return compiled.nested != nullptr;
    default:
      return true;
  }
}

const MessageRules& RulesCache::Compile(const Descriptor& descriptor) {
  auto& slot = rules_[&descriptor];
  if (slot != nullptr) return *slot;
  slot = std::make_unique<MessageRules>();
  // Compiling below may grow the table, but does not move the rules themselves.
  MessageRules& rules = *slot;
  rules.kind = KindOf(descriptor);
  if (rules.kind == MessageRules::Kind::kOrdinary) {
    for (int i = 0; i < descriptor.field_count(); ++i) CompileField(*descriptor.field(i), rules);
  }
  rules.complete = true;
  return rules;
}

void RulesCache::CompileField(const FieldDescriptor& field, MessageRules& rules) {
  const FieldRules& declared = field.options().GetExtension(type::v1::field);
  if (declared.output_only()) {
    rules.output_only.push_back(&field);
    return;
  }
  CompiledField compiled = CompileValue(field, declared);
  if (field.is_map()) {
    const Descriptor& entry = *field.message_type();
    compiled.key = std::make_unique<CompiledField>(CompileValue(*entry.map_key(), FieldRules()));
    compiled.value = std::make_unique<CompiledField>(CompileValue(*entry.map_value(), declared));
    compiled.value->required = false;
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const MessageRules& nested = Compile(*field.message_type());
    if (nested.has_output_only()) rules.output_only_below.push_back({&field, &nested});
  }
  if (NeedsCheck(compiled)) rules.fields.push_back(std::move(compiled));
}

CompiledField RulesCache::CompileValue(const FieldDescriptor& field, const FieldRules& declared) {
  CompiledField compiled;
  compiled.field = &field;
  compiled.type = field.cpp_type();
  compiled.required = declared.required();
  compiled.has_presence = field.has_presence();
  compiled.vault = declared.vault();
  compiled.min_length = declared.min_length();
  compiled.max_length =
      declared.max_length() > 0 ? declared.max_length() : limits::kStringCharacters;
  if (!declared.pattern().empty()) {
    compiled.pattern = std::make_unique<RE2>(declared.pattern(), RE2::Quiet);
  }
  compiled.format = declared.format();
  compiled.resource = declared.resource();
  compiled.field_path = field.full_name() == "google.protobuf.FieldMask.paths";
  compiled.has_minimum = declared.has_minimum();
  compiled.has_maximum = declared.has_maximum();
  compiled.minimum = declared.minimum();
  compiled.maximum = declared.maximum();
  compiled.min_items = declared.min_items();
  compiled.max_items = declared.max_items() > 0 ? declared.max_items() : limits::kListItems;
  compiled.unique_items = declared.unique_items();
  compiled.rows = declared.rows();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) ReadNumbers(*field.enum_type(), compiled);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map()) {
    const MessageRules& nested = Compile(*field.message_type());
    if (!nested.checks_nothing()) compiled.nested = &nested;
  }
  return compiled;
}

}  // namespace

const MessageRules& RulesOf(const Descriptor& descriptor) {
  static auto* const cache = new RulesCache;
  return cache->Get(descriptor);
}

}  // namespace critac::rpc
