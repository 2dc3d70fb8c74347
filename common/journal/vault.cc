#include "common/journal/vault.h"

#include <algorithm>
#include <memory>

#include "absl/container/btree_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/base/sha256.h"
#include "common/journal/sql_list.h"
#include "common/status/error.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/descriptor.h"

namespace critac::journal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr absl::string_view kPrefix = "vault:";
constexpr size_t kHashLength = 43;  // 32 bytes in base64 without padding

// The fields of a message type under which vault fields are, or which are such.
struct VaultPlan {
  std::vector<const FieldDescriptor*> texts;
  std::vector<const FieldDescriptor*> messages;
  bool empty() const { return texts.empty() && messages.empty(); }
};

using VaultPlans = absl::node_hash_map<const Descriptor*, VaultPlan>;

// Our messages are not recursive (buf lint would not mind, but validation bounds depth); `plans`
// holds an empty entry while a type is worked out, so that a recursive one would end here too.
const VaultPlan& MakeVaultPlan(const Descriptor& type, VaultPlans& plans) {
  if (const auto found = plans.find(&type); found != plans.end()) return found->second;
  plans.try_emplace(&type);
  VaultPlan plan;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        field->options().GetExtension(type::v1::field).vault()) {
      plan.texts.push_back(field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map() &&
               !MakeVaultPlan(*field->message_type(), plans).empty()) {
      plan.messages.push_back(field);
    }
  }
  return plans[&type] = std::move(plan);
}

const VaultPlan& VaultPlanOf(const Descriptor& type) {
  // Never destroyed: threads may run while the process ends.
  static auto& mutex = *new absl::Mutex;
  static auto& plans = *new VaultPlans;
  {
    absl::ReaderMutexLock lock(&mutex);
    if (const auto found = plans.find(&type); found != plans.end()) return found->second;
  }
  absl::MutexLock lock(&mutex);
  return MakeVaultPlan(type, plans);
}

// Calls `visit` with the path below `message` and the text of every vault field. The path is made
// only where `with_path`.
template <typename Visit>
void Walk(Message& message, const std::string& path, bool with_path, const Visit& visit) {
  const VaultPlan& plan = VaultPlanOf(*message.GetDescriptor());
  if (plan.empty()) return;
  const Reflection& reflection = *message.GetReflection();
  const auto path_of = [&](const FieldDescriptor* field, int index) {
    if (!with_path) return std::string();
    std::string below = path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
    if (index >= 0) absl::StrAppend(&below, "[", index, "]");
    return below;
  };
  std::string scratch;
  for (const FieldDescriptor* field : plan.texts) {
    if (!field->is_repeated()) {
      const std::string& text = reflection.GetStringReference(message, field, &scratch);
      if (text.empty()) continue;
      std::string changed = text;
      visit(path_of(field, -1), changed);
      reflection.SetString(&message, field, std::move(changed));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      std::string changed = reflection.GetRepeatedStringReference(message, field, i, &scratch);
      if (changed.empty()) continue;
      visit(path_of(field, i), changed);
      reflection.SetRepeatedString(&message, field, i, std::move(changed));
    }
  }
  for (const FieldDescriptor* field : plan.messages) {
    if (!field->is_repeated()) {
      if (!reflection.HasField(message, field)) continue;
      Walk(*reflection.MutableMessage(&message, field), path_of(field, -1), with_path, visit);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      Walk(*reflection.MutableRepeatedMessage(&message, field, i), path_of(field, i), with_path,
           visit);
    }
  }
}

std::string NewSalt(IdSource& ids) {
  const uint64_t bits[] = {ids.NextBits(), ids.NextBits()};
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bits), sizeof(bits)));
}

// A number as TakeToVault writes it, of `digits` alone.
std::optional<int64_t> ReadNumber(absl::string_view digits) {
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
  }
  int64_t number = 0;
  if (!absl::SimpleAtoi(digits, &number)) return std::nullopt;
  return number;
}

}  // namespace

void TakeToVault(Message& message, int64_t sequence, IdSource& ids,
                 std::vector<VaultEntry>& entries) {
  int64_t place = 0;
  Walk(message, "", true, [&](std::string path, std::string& text) {
    if (IsVaultReference(text)) return;
    VaultEntry entry;
    entry.id = {sequence, ++place};
    entry.field = std::move(path);
    entry.salt = NewSalt(ids);
    entry.text = std::move(text);
    text = absl::StrCat(kPrefix, sequence, ".", place, ":", VaultHash(entry.salt, entry.text));
    entries.push_back(std::move(entry));
  });
}

std::optional<VaultId> VaultIdOf(absl::string_view reference) {
  if (!absl::ConsumePrefix(&reference, kPrefix)) return std::nullopt;
  const size_t colon = reference.find(':');
  if (colon == absl::string_view::npos || reference.size() - colon - 1 != kHashLength) {
    return std::nullopt;
  }
  const absl::string_view id = reference.substr(0, colon);
  const size_t dot = id.find('.');
  if (dot == absl::string_view::npos) return std::nullopt;
  for (const char c : reference.substr(colon + 1)) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') {
      return std::nullopt;
    }
  }
  const std::optional<int64_t> sequence = ReadNumber(id.substr(0, dot));
  const std::optional<int64_t> place = ReadNumber(id.substr(dot + 1));
  if (!sequence.has_value() || !place.has_value()) return std::nullopt;
  return VaultId{*sequence, *place};
}

bool IsVaultReference(absl::string_view text) { return VaultIdOf(text).has_value(); }

std::string VaultHash(absl::string_view salt, absl::string_view text) {
  const auto digest = Sha256(absl::StrCat(salt, text));
  std::string hash;
  absl::WebSafeBase64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()), &hash);
  return hash;
}

void VisitVaultFields(Message& message, absl::FunctionRef<void(std::string& text)> visit) {
  Walk(message, "", false, [&](const std::string&, std::string& text) { visit(text); });
}

const std::string* FindText(absl::Span<const VaultEntry> entries, VaultId id) {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), id,
                       [](const VaultEntry& entry, VaultId wanted) { return entry.id < wanted; });
  return found == entries.end() || found->id != id ? nullptr : &found->text;
}

absl::btree_set<int64_t> JoinKnownTexts(absl::Span<Message* const> messages, KnownText known) {
  absl::btree_set<int64_t> wanted;
  for (Message* message : messages) {
    VisitVaultFields(*message, [&](std::string& text) {
      const std::optional<VaultId> id = VaultIdOf(text);
      if (!id.has_value()) return;
      if (const std::string* found = known(*id); found != nullptr) {
        text = *found;
      } else {
        wanted.insert(id->sequence);
      }
    });
  }
  return wanted;
}

absl::Status JoinVault(store::Connection& connection, absl::Span<Message* const> messages,
                       KnownText known) {
  const absl::btree_set<int64_t> wanted = JoinKnownTexts(messages, known);
  if (wanted.empty()) return absl::OkStatus();
  absl::flat_hash_map<VaultId, std::string> texts;
  const std::vector<store::Value> sequences(wanted.begin(), wanted.end());
  RETURN_IF_ERROR(QueryInList(
      connection, "SELECT sequence, place, content FROM journal_vault WHERE sequence IN ",
      sequences, [&](const store::Row& row) {
        texts[{row.Int(0), row.Int(1)}] = row.Text(2);
        return absl::OkStatus();
      }));
  for (Message* message : messages) {
    VisitVaultFields(*message, [&](std::string& text) {
      const std::optional<VaultId> id = VaultIdOf(text);
      if (id.has_value()) text = texts[*id];
    });
  }
  return absl::OkStatus();
}

}  // namespace critac::journal
