#include "common/journal/derivation.h"

#include <limits>
#include <utility>

#include "absl/types/span.h"
#include "common/journal/replay.h"
#include "common/journal/tables.h"
#include "common/status/error.h"

namespace critac::journal {
namespace {

using google::protobuf::Message;

// What a state takes besides itself: its places in the list and in the index, and a name.
constexpr int64_t kDerivedEntryBytes = 200;

}  // namespace

DerivedStates::Entry& DerivedStates::Use(absl::string_view name, bool& is_new) {
  const auto found = by_name_.find(name);
  is_new = found == by_name_.end();
  if (is_new) {
    entries_.push_front({.name = std::string(name)});
    by_name_.emplace(entries_.front().name, entries_.begin());
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  entries_.front().is_used = true;
  return entries_.front();
}

DerivedStates::Entry& DerivedStates::Read(absl::string_view name) {
  bool is_new = false;
  Entry& entry = Use(name, is_new);
  if (!is_new || !is_written_ || !status_.ok()) return entry;
  status_ =
      projections_.Load(connection_, projections_.Of(name), absl::MakeConstSpan(&entry.name, 1),
                        [&](const std::string&, std::unique_ptr<Message> state, size_t) {
                          entry.state = std::move(state);
                        });
  return entry;
}

const Message* DerivedStates::FindMessage(absl::string_view name) { return Read(name).state.get(); }

Message& DerivedStates::MutableMessage(absl::string_view name) {
  Entry& entry = Read(name);
  if (entry.state == nullptr) entry.state.reset(projections_.Of(name).prototype->New());
  entry.is_changed = true;
  return *entry.state;
}

Message& DerivedStates::CreateMessage(absl::string_view name) {
  bool is_new = false;
  Entry& entry = Use(name, is_new);
  entry.state.reset(projections_.Of(name).prototype->New());
  entry.is_changed = true;
  return *entry.state;
}

void DerivedStates::Erase(absl::string_view name) {
  bool is_new = false;
  Entry& entry = Use(name, is_new);
  entry.state = nullptr;
  entry.is_changed = true;
}

absl::Status DerivedStates::EndEvent() {
  RETURN_IF_ERROR(status_);
  // All that it used are in front.
  for (Entry& entry : entries_) {
    if (!entry.is_used) break;
    entry.is_used = false;
    bytes_ -= entry.bytes;
    entry.bytes = kDerivedEntryBytes;
    if (entry.state != nullptr) entry.bytes += static_cast<int64_t>(entry.state->SpaceUsedLong());
    bytes_ += entry.bytes;
  }
  // Half of them, so that many are written together.
  return bytes_ > most_bytes_ ? WriteOut(most_bytes_ / 2) : absl::OkStatus();
}

absl::Status DerivedStates::WriteOut(int64_t left_bytes) {
  if (!is_written_) RETURN_IF_ERROR(projections_.Clear(connection_));
  absl::flat_hash_map<std::string, std::shared_ptr<const Message>> changed;
  while (bytes_ > left_bytes) {
    Entry& entry = entries_.back();
    // An empty table has none to delete.
    if (entry.is_changed && (entry.state != nullptr || is_written_)) {
      changed.emplace(entry.name, std::move(entry.state));
    }
    bytes_ -= entry.bytes;
    by_name_.erase(absl::string_view(entry.name));
    entries_.pop_back();
  }
  is_written_ = true;
  return projections_.Save(connection_, changed);
}

absl::Status DerivedStates::Finish() { return WriteOut(0); }

absl::Status DeriveProjections(store::Connection& connection, const Projections& projections,
                               const Apply& apply, Progress progress, int64_t most_bytes) {
  DerivedStates states(connection, projections, most_bytes);
  RETURN_IF_ERROR(ApplyEvents(connection, 0, std::numeric_limits<int64_t>::max(), apply, states,
                              [&](const Event& event) {
                                if (event.sequence() % kProgressEvents == 0) {
                                  progress(event.sequence());
                                }
                                return states.EndEvent();
                              }));
  RETURN_IF_ERROR(states.Finish());
  return NoteShape(connection, projections.shape());
}

absl::Status DeriveAndTell(store::Connection& connection, const Projections& projections,
                           const Apply& apply, const DerivationAudience& audience,
                           Progress progress) {
  if (audience.observer == nullptr) {
    return DeriveProjections(connection, projections, apply, progress);
  }
  ASSIGN_OR_RETURN(const HeadRow head, ReadHead(connection));
  const absl::Time begin = audience.clock->Now();
  DerivationRecord record;
  record.journal = audience.journal;
  record.all_events = head.sequence;
  audience.observer(record);
  absl::Duration told;
  const auto tell_on = [&](int64_t sequence) {
    progress(sequence);
    record.events = sequence;
    record.elapsed = audience.clock->Now() - begin;
    if (record.elapsed - told < limits::kWaitTold) return;
    told = record.elapsed;
    record.stage = DerivationRecord::Stage::kGoesOn;
    audience.observer(record);
  };
  record.status = DeriveProjections(connection, projections, apply, tell_on);
  record.stage = DerivationRecord::Stage::kEnded;
  record.elapsed = audience.clock->Now() - begin;
  if (record.status.ok()) record.events = record.all_events;
  audience.observer(record);
  return record.status;
}

}  // namespace critac::journal
