#ifndef COMMON_JOURNAL_DERIVATION_H_
#define COMMON_JOURNAL_DERIVATION_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/journal/journal.h"
#include "common/journal/projections.h"
#include "common/journal/states.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// States while all projections are derived anew: those used last in memory, the others in the tables, which are emptied
// before the first of them goes there. So the states of one transaction, in which nobody else writes to the journal.
class DerivedStates final : public MutableStates {
 public:
  // Keeps `most_bytes` of states in memory at most between two events; an event has all that it uses besides.
  // `connection` and `projections` must outlive it.
  DerivedStates(store::Connection& connection, const Projections& projections, int64_t most_bytes)
      : connection_(connection), projections_(projections), most_bytes_(most_bytes) {}

  const google::protobuf::Message* FindMessage(absl::string_view name) override;
  google::protobuf::Message& MutableMessage(absl::string_view name) override;
  google::protobuf::Message& CreateMessage(absl::string_view name) override;
  void Erase(absl::string_view name) override;

  // To be called after each event; states that were given hold no longer. An error: one could not be read, or not be
  // written, and what was made of it is void.
  absl::Status EndEvent();

  // Writes all to the tables, which then hold these states and no others.
  absl::Status Finish();

  // Bytes of what is in memory, as of the last EndEvent.
  int64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string name;
    // Null: there is none of this name.
    std::shared_ptr<google::protobuf::Message> state = nullptr;
    // Of these, bytes_ has so many.
    int64_t bytes = 0;
    // Whether the table has another, or none.
    bool is_changed = false;
    // Whether the event under way uses it.
    bool is_used = false;
  };

  // The entry of a name, in front; a new one is empty, and `is_new` is set.
  Entry& Use(absl::string_view name, bool& is_new);
  // The same with the state as it is in the table, where it is not known.
  Entry& Read(absl::string_view name);
  // Writes the states that were used longest ago to the tables, and forgets them, until `left_bytes` or less are left.
  absl::Status WriteOut(int64_t left_bytes);

  store::Connection& connection_;
  const Projections& projections_;
  const int64_t most_bytes_;
  // Those used last are in front.
  std::list<Entry> entries_;
  absl::flat_hash_map<absl::string_view, std::list<Entry>::iterator> by_name_;
  int64_t bytes_ = 0;
  // Whether the tables hold states of these; before, they hold the old ones.
  bool is_written_ = false;
  // The first failure to read.
  absl::Status status_;
};

// Derives every projection anew from the events and puts it in the old one's place, and notes its shape;
// within a write transaction in which nobody else writes to the journal. Has `most_bytes` of records in memory, and
// those of one event.
absl::Status DeriveProjections(store::Connection& connection, const Projections& projections,
                               const Apply& apply, Progress progress = NoProgress,
                               int64_t most_bytes = limits::kDerivedRecordBytes);

// Who is told how the records of a journal are derived, and by which clock. No observer: nobody is.
struct DerivationAudience {
  std::string journal;
  const Clock* clock = &SystemClock::Instance();
  DerivationObserver observer = nullptr;
};

// The same, and tells `audience` how it goes.
absl::Status DeriveAndTell(store::Connection& connection, const Projections& projections,
                           const Apply& apply, const DerivationAudience& audience,
                           Progress progress = NoProgress);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_DERIVATION_H_
