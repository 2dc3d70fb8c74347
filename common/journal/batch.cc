#include "common/journal/batch.h"

#include "absl/strings/str_cat.h"
#include "common/journal/event_time.h"

namespace critac::journal {

using google::protobuf::Message;

void Batch::Prefetch(absl::Span<const std::string> names) {
  absl::flat_hash_map<absl::string_view, std::vector<std::string>> unknown;
  for (const std::string& name : names) {
    if (changes_.contains(name) || cache_.Find(name) != nullptr) continue;
    cache_.Put(name, nullptr, 0);
    unknown[CollectionOf(name)].push_back(name);
  }
  for (const auto& [collection, missing] : unknown) Load(missing);
}

void Batch::Load(absl::Span<const std::string> names) {
  if (!status_.ok()) return;
  const Projection& projection = projections_.Of(names.front());
  status_ = projections_.Load(
      connection_, projection, names,
      [this](const std::string& name, std::unique_ptr<Message> state, size_t text_bytes) {
        cache_.Put(name, std::move(state), text_bytes);
      });
}

StatePtr Batch::Find(absl::string_view name) {
  if (const auto changed = changes_.find(name); changed != changes_.end()) return changed->second;
  if (std::ssize(found_) < limits::kStatesReadAhead) found_.emplace(name);
  if (const StatePtr* known = cache_.Find(name); known != nullptr) return *known;
  cache_.Put(name, nullptr, 0);
  Load({std::string(name)});
  return *cache_.Find(name);
}

void Batch::ReadTexts(Message& message, absl::Span<const VaultEntry> more) {
  const auto known = [&](VaultId id) {
    const std::string* text = FindText(more, id);
    return text != nullptr ? text : FindText(vault_, id);
  };
  if (absl::Status status = JoinVault(connection_, {&message}, known);
      !status.ok() && status_.ok()) {
    status_ = std::move(status);
  }
}

void Batch::Accept(absl::flat_hash_map<std::string, StatePtr> changes,
                   std::vector<CommittedEvent> events, std::vector<VaultEntry> vault) {
  sequence_ += static_cast<int64_t>(events.size());
  for (auto& [name, state] : changes) changes_.insert_or_assign(name, std::move(state));
  std::move(events.begin(), events.end(), std::back_inserter(events_));
  std::move(vault.begin(), vault.end(), std::back_inserter(vault_));
}

const Message* BatchDraft::FindMessage(absl::string_view name) {
  if (const auto changed = changes_.find(name); changed != changes_.end())
    return changed->second.get();
  return batch_.Find(name).get();
}

Message& BatchDraft::MutableMessage(absl::string_view name) {
  auto& state = changes_[name];
  if (state != nullptr) return *state;
  state.reset(projections_.Of(name).prototype->New());
  // An erased state was null in the map, too; it begins afresh like one that never was.
  if (erased_.erase(name) == 0) {
    if (const StatePtr before = batch_.Find(name); before != nullptr) state->CopyFrom(*before);
  }
  return *state;
}

Message& BatchDraft::CreateMessage(absl::string_view name) {
  auto& state = changes_[name];
  state.reset(projections_.Of(name).prototype->New());
  return *state;
}

void BatchDraft::Erase(absl::string_view name) {
  changes_[name] = nullptr;
  erased_.insert(std::string(name));
}

void BatchDraft::EmitMessage(absl::string_view subject, std::shared_ptr<Message> payload) {
  CommittedEvent entry;
  entry.event.set_sequence(sequence() + 1);
  *entry.event.mutable_record_time() = ToTimestamp(batch_.now());
  entry.event.set_actor(command_.actor);
  entry.event.set_subject(std::string(subject));
  entry.event.set_type(payload->GetDescriptor()->full_name());
  entry.event.set_request_id(command_.request_id);
  TakeToVault(*payload, entry.event.sequence(), ids_, vault_);
  apply_(*this, entry.event, *payload);
  entry.payload = std::move(payload);
  entry.trace = command_.trace;
  events_.push_back(std::move(entry));
}

StatePtr BatchDraft::Accept() {
  absl::flat_hash_map<std::string, StatePtr> changes;
  for (auto& [name, state] : changes_) changes[name] = std::move(state);
  batch_.Accept(std::move(changes), std::move(events_), std::move(vault_));
  if (answer_name_.empty()) return answer_;
  return batch_.Find(answer_name_);
}

}  // namespace critac::journal
