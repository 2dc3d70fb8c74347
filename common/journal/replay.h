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

// Applies the events after `after` up to `until` to `states`; `applied` is told of each after it was, and ends it with
// an error. DATA_LOSS: an event cannot be read.
absl::Status ApplyEvents(store::Connection& connection, int64_t after, int64_t until,
                         const Apply& apply, MutableStates& states,
                         absl::FunctionRef<absl::Status(const Event& event)> applied);

// States of a moment of the past: all in memory, since nothing is loaded.
class Replay final : public MutableStates {
 public:
  // `projections` must outlive it.
  explicit Replay(const Projections& projections) : projections_(projections) {}

  // Applies the events after `after` up to `until`. DATA_LOSS: an event cannot be read. CANCELLED: it is not wanted any
  // more.
  absl::Status Apply(store::Connection& connection, int64_t after, int64_t until,
                     const journal::Apply& apply, IsWanted is_wanted);

  const google::protobuf::Message* FindMessage(absl::string_view name) override;
  google::protobuf::Message& MutableMessage(absl::string_view name) override;
  google::protobuf::Message& CreateMessage(absl::string_view name) override {
    return MutableMessage(name);
  }
  void Erase(absl::string_view name) override;

  // The states of a collection, by name.
  std::vector<std::pair<std::string, const google::protobuf::Message*>> Of(
      absl::string_view collection) const;

 private:
  const Projections& projections_;
  absl::flat_hash_map<std::string, std::unique_ptr<google::protobuf::Message>> states_;
};

// CANCELLED: nobody wants any more what would take long to read.
absl::Status NotWanted();

// With which shape the rows in the database were written (Projections::shape); empty where none were.
absl::StatusOr<std::string> ReadShape(store::Connection& connection);

// Says that the rows are of projections of this shape, all of them.
absl::Status NoteShape(store::Connection& connection, const std::string& shape);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_REPLAY_H_
