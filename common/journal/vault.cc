#include "common/journal/vault.h"

#include <memory>

#include "absl/container/node_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
struct Plan {
  std::vector<const FieldDescriptor*> texts;
  std::vector<const FieldDescriptor*> messages;
  bool empty() const { return texts.empty() && messages.empty(); }
};

using Plans = absl::node_hash_map<const Descriptor*, Plan>;

// Our messages are not recursive (buf lint would not mind, but validation bounds depth); `plans`
// holds an empty entry while a type is worked out, so that a recursive one would end here too.
const Plan& MakePlan(const Descriptor& type, Plans& plans) {
  if (const auto found = plans.find(&type); found != plans.end()) return found->second;
  plans.try_emplace(&type);
  Plan plan;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        field->options().GetExtension(type::v1::field).vault()) {
      plan.texts.push_back(field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map() &&
               !MakePlan(*field->message_type(), plans).empty()) {
      plan.messages.push_back(field);
    }
  }
  return plans[&type] = std::move(plan);
}

const Plan& PlanOf(const Descriptor& type) {
  // Never destroyed: threads may run while the process ends.
  static auto& mutex = *new absl::Mutex;
  static auto& plans = *new Plans;
  {
    absl::ReaderMutexLock lock(&mutex);
    if (const auto found = plans.find(&type); found != plans.end()) return found->second;
  }
  absl::MutexLock lock(&mutex);
  return MakePlan(type, plans);
}

// Calls `visit` with the path below `message` and the text of every vault field. The path is made
// only where `with_path`.
template <typename Visit>
void Walk(Message& message, const std::string& path, bool with_path, const Visit& visit) {
  const Plan& plan = PlanOf(*message.GetDescriptor());
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
  const uint64_t high = ids.NextBits();
  return absl::StrFormat("%016x%016x", high, ids.NextBits());
}

}  // namespace

void TakeToVault(Message& message, int64_t sequence, absl::string_view subject, IdSource& ids,
                 std::vector<VaultEntry>& entries) {
  int place = 0;
  Walk(message, "", true, [&](std::string path, std::string& text) {
    if (IsVaultReference(text)) return;
    VaultEntry entry;
    entry.id = absl::StrCat(sequence, ".", ++place);
    entry.subject = std::string(subject);
    entry.field = std::move(path);
    entry.salt = NewSalt(ids);
    entry.text = std::move(text);
    text = absl::StrCat(kPrefix, entry.id, ":", VaultHash(entry.salt, entry.text));
    entries.push_back(std::move(entry));
  });
}

absl::string_view VaultIdOf(absl::string_view reference) {
  if (!absl::ConsumePrefix(&reference, kPrefix)) return "";
  const size_t colon = reference.find(':');
  if (colon == absl::string_view::npos || reference.size() - colon - 1 != kHashLength) return "";
  const absl::string_view id = reference.substr(0, colon);
  const size_t dot = id.find('.');
  if (dot == absl::string_view::npos || dot == 0 || dot + 1 == id.size()) return "";
  for (size_t i = 0; i < id.size(); ++i) {
    if (i != dot && !absl::ascii_isdigit(static_cast<unsigned char>(id[i]))) return "";
  }
  for (const char c : reference.substr(colon + 1)) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return "";
  }
  return id;
}

bool IsVaultReference(absl::string_view text) { return !VaultIdOf(text).empty(); }

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

absl::Status JoinVault(store::Connection& connection, absl::Span<Message* const> messages,
                       const absl::flat_hash_map<std::string, std::string>& known) {
  absl::flat_hash_map<std::string, std::string> texts;
  std::vector<std::string> wanted;
  for (Message* message : messages) {
    VisitVaultFields(*message, [&](std::string& text) {
      const absl::string_view id = VaultIdOf(text);
      if (!id.empty() && !known.contains(id) && texts.try_emplace(std::string(id)).second) {
        wanted.emplace_back(id);
      }
    });
  }
  RETURN_IF_ERROR(QueryInList(connection, "SELECT id, content FROM journal_vault WHERE id IN ",
                              wanted, [&](const store::Row& row) {
                                texts[row.Text(0)] = row.Text(1);
                                return absl::OkStatus();
                              }));
  for (Message* message : messages) {
    VisitVaultFields(*message, [&](std::string& text) {
      const absl::string_view id = VaultIdOf(text);
      if (id.empty()) return;
      const auto found = known.find(id);
      text = found != known.end() ? found->second : texts[std::string(id)];
    });
  }
  return absl::OkStatus();
}

}  // namespace critac::journal
