#ifndef COMMON_JOURNAL_BATCH_H_
#define COMMON_JOURNAL_BATCH_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/journal/command.h"
#include "common/journal/journal.h"
#include "common/journal/projections.h"
#include "common/journal/vault.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// A state, null where there is none; shared between cache, batch and answers, so it never changes.
using StatePtr = std::shared_ptr<const google::protobuf::Message>;

// States by name that are known to be those of the last commit, also that there is none. Not
// thread-safe.
class StateCache {
 public:
  // Null: nothing is known of that name.
  const StatePtr* Find(absl::string_view name) const {
    const auto found = states_.find(name);
    return found == states_.end() ? nullptr : &found->second;
  }

  // `text_bytes`: length of the state's JSON text.
  void Put(absl::string_view name, StatePtr state, size_t text_bytes) {
    states_.insert_or_assign(name, std::move(state));
    bytes_ += static_cast<int64_t>(text_bytes + kEntryBytes);
  }

  void Erase(absl::string_view name) { states_.erase(name); }

  // Whether it holds as much as it may. Whoever owns it clears it then: that costs a few reads, and
  // needs no bookkeeping on the way.
  bool full() const { return bytes_ > limits::kCachedStateBytes; }

  void Clear() {
    states_.clear();
    bytes_ = 0;
  }

 private:
  // A name and its place.
  static constexpr size_t kEntryBytes = 100;

  absl::flat_hash_map<std::string, StatePtr> states_;
  int64_t bytes_ = 0;  // those that were replaced or erased are counted too
};

// What the commands of one transaction decided so far: the states they saw and changed, and the
// events. Not thread-safe. Lives inside one transaction.
class Batch {
 public:
  // `cache` holds states that are current in the transaction; what the batch loads is added to it.
  Batch(store::Connection& connection, const Projections& projections, StateCache& cache,
        Position head, absl::Time now)
      : connection_(connection),
        projections_(projections),
        cache_(cache),
        sequence_(head.sequence),
        now_(now) {}

  absl::Time now() const { return now_; }
  int64_t sequence() const { return sequence_; }

  // Loads the states of `names` together. A failure shows in status().
  void Prefetch(absl::Span<const std::string> names);

  // The state as decided so far; loaded when not known. Null: there is none.
  StatePtr Find(absl::string_view name);

  // Names that were asked for, and not decided here before: those the next batch is likely to ask for, too.
  // The first limits::kStatesReadAhead.
  const absl::flat_hash_set<std::string>& found() const { return found_; }

  // Puts texts of the vault, written or decided so far, in the place of references; `more` are those
  // of a command still being decided.
  void ReadTexts(google::protobuf::Message& message, absl::Span<const VaultEntry> more);

  // Takes over what a command decided.
  void Accept(absl::flat_hash_map<std::string, StatePtr> changes,
              std::vector<CommittedEvent> events, std::vector<VaultEntry> vault);

  const absl::flat_hash_map<std::string, StatePtr>& changes() const { return changes_; }
  // Without payload text and hash, until they are written.
  std::vector<CommittedEvent>& events() { return events_; }
  std::vector<VaultEntry>& vault() { return vault_; }

  // The first failure to read; commands decided since are void.
  const absl::Status& status() const { return status_; }

 private:
  // Puts the states of `names`, all of one collection and each with a place in the cache, into it.
  void Load(absl::Span<const std::string> names);

  store::Connection& connection_;
  const Projections& projections_;
  StateCache& cache_;
  int64_t sequence_;
  const absl::Time now_;
  absl::flat_hash_map<std::string, StatePtr> changes_;
  absl::flat_hash_set<std::string> found_;
  std::vector<CommittedEvent> events_;
  std::vector<VaultEntry> vault_;
  absl::Status status_;
};

// What one command sees and says; see Draft.
class BatchDraft final : public Draft, private MutableStates {
 public:
  BatchDraft(Batch& batch, const Projections& projections, const Apply& apply,
             const Command& command, IdSource& ids)
      : batch_(batch), projections_(projections), apply_(apply), command_(command), ids_(ids) {}

  const google::protobuf::Message* FindMessage(absl::string_view name) override;
  absl::Time now() const override { return batch_.now(); }
  const std::string& actor() const override { return command_.actor; }
  IdSource& ids() const override { return ids_; }
  int64_t sequence() const override {
    return batch_.sequence() + static_cast<int64_t>(events_.size());
  }
  void ReadTexts(google::protobuf::Message& message) override { batch_.ReadTexts(message, vault_); }
  void EmitMessage(absl::string_view subject,
                   std::shared_ptr<google::protobuf::Message> payload) override;
  void AnswerWith(absl::string_view name) override { answer_name_ = std::string(name); }
  void AnswerWith(std::unique_ptr<google::protobuf::Message> message) override {
    answer_name_.clear();
    answer_ = std::move(message);
  }

  // Hands what was decided to the batch and returns the answer; null where there is none.
  StatePtr Accept();

 private:
  google::protobuf::Message& MutableMessage(absl::string_view name) override;
  google::protobuf::Message& CreateMessage(absl::string_view name) override;
  void Erase(absl::string_view name) override;

  Batch& batch_;
  const Projections& projections_;
  const Apply& apply_;
  const Command& command_;
  IdSource& ids_;
  // Null: erased.
  absl::flat_hash_map<std::string, std::unique_ptr<google::protobuf::Message>> changes_;
  absl::flat_hash_set<std::string> erased_;
  std::vector<CommittedEvent> events_;
  std::vector<VaultEntry> vault_;
  std::string answer_name_;
  StatePtr answer_;
};

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_BATCH_H_
