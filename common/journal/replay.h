#ifndef COMMON_JOURNAL_REPLAY_H_
#define COMMON_JOURNAL_REPLAY_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"
#include "common/journal/projections.h"
#include "common/journal/states.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// States while all events are applied anew: in memory, since nothing is loaded.
class Replay final : public MutableStates {
 public:
  // `projections` must outlive it.
  explicit Replay(const Projections& projections) : projections_(projections) {}

  // Applies the events after `after` up to `until`. `progress` is told now and then how far it is.
  // DATA_LOSS: an event cannot be read. CANCELLED: it is not wanted any more.
  absl::Status Apply(store::Connection& connection, int64_t after, int64_t until,
                     const journal::Apply& apply, Progress progress = NoProgress,
                     IsWanted is_wanted = AlwaysWanted);

  const google::protobuf::Message* FindMessage(absl::string_view name) override;
  google::protobuf::Message& MutableMessage(absl::string_view name) override;
  google::protobuf::Message& CreateMessage(absl::string_view name) override {
    return MutableMessage(name);
  }
  void Erase(absl::string_view name) override;

  // The states of a collection, by name.
  std::vector<std::pair<std::string, const google::protobuf::Message*>> Of(
      absl::string_view collection) const;

  absl::flat_hash_map<std::string, std::shared_ptr<const google::protobuf::Message>> Take();

 private:
  const Projections& projections_;
  absl::flat_hash_map<std::string, std::shared_ptr<google::protobuf::Message>> states_;
};

// CANCELLED: nobody wants any more what would take long to read.
absl::Status NotWanted();

// With which shape the rows in the database were written (Projections::shape); empty where none were.
absl::StatusOr<std::string> ReadShape(store::Connection& connection);

// Says that the rows are of projections of this shape, all of them.
absl::Status NoteShape(store::Connection& connection, const std::string& shape);

// Derives every projection anew from the events and puts it in the old one's place, and notes its shape;
// within a write transaction in which nobody else writes to the journal.
absl::Status DeriveProjections(store::Connection& connection, const Projections& projections,
                               const Apply& apply, Progress progress = NoProgress);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_REPLAY_H_
