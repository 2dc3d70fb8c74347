#ifndef COMMON_JOURNAL_RECORD_CACHE_H_
#define COMMON_JOURNAL_RECORD_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// What the head of a journal tells of all its records: where it is the same, so are they, and so are the texts of the
// vault.
struct Mark {
  int64_t sequence = -1;
  // Of the last event: after a fail-over or a restore another event may have the same number.
  std::string hash = {};
  // Counts what changes records without an event (HeadRow).
  int64_t generation = -1;

  bool operator==(const Mark&) const = default;
};

// A look at the head of a journal: what it was, and how often the cache had moved before, by which Follow tells which
// of two came first.
struct Look {
  Mark head;
  int64_t ticket = -1;
};

// A record as callers get it, with the texts of its vault fields; null: there is none of this name.
using RecordPtr = std::shared_ptr<const google::protobuf::Message>;

// Records that were read, and are what the database would answer as long as the head of the journal has not moved on:
// whoever wants one reads the head, a row of a few bytes, in the place of the record and its texts. Where this process
// moves the head, or another one that says what it changed, only that is forgotten. Thread-safe.
class RecordCache {
 public:
  // At most `most_bytes` of records, in memory.
  explicit RecordCache(int64_t most_bytes) : most_bytes_(most_bytes) {}

  // Where it is now: to be taken before the head is looked at.
  Look Place() const;

  // Follows the head to where it was seen, if it need not be known for that which records others have changed. Whether
  // it is there now.
  bool Follow(const Look& look);
  // Follows it from `place` to where it was seen; `changed` are all records that changed in between. None: it is not
  // known which.
  void Follow(const Look& place, const Look& look,
              const std::optional<std::vector<std::string>>& changed);

  // The record as it is at the look's head. None: nothing is known of it.
  std::optional<RecordPtr> Find(const Look& look, absl::string_view name);

  // Keeps the record as it is at the look's head: one that was read between two looks that saw the same.
  void Put(const Look& look, absl::string_view name, RecordPtr record);

  // A commit of this process, about to be made, takes the head from `before` to `after` and changes these records.
  // Whether it is made shows in the heads that are seen later.
  void Expect(Mark before, Mark after, std::vector<std::string> changed);

  // Bytes of what is kept.
  int64_t bytes() const;

 private:
  struct Entry {
    RecordPtr record;
    int64_t bytes = 0;
  };
  using Entries = absl::flat_hash_map<std::string, Entry>;
  // A commit of this process.
  struct Change {
    Mark before;
    Mark after;
    std::vector<std::string> changed;
  };

  void MoveTo(const Mark& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves to `head` by the expected commit, if that is where it leads from here. Whether it is.
  bool MoveByExpected(const Mark& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(absl::string_view name, Entry entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t most_bytes_;
  mutable absl::Mutex mutex_;
  Mark head_ ABSL_GUARDED_BY(mutex_);
  // How often it moved.
  int64_t moves_ ABSL_GUARDED_BY(mutex_) = 0;
  // The last one.
  std::optional<Change> expected_ ABSL_GUARDED_BY(mutex_);
  // Those that were asked for lately, in half of the room, and those from before: these go when that half is full.
  Entries recent_ ABSL_GUARDED_BY(mutex_);
  Entries older_ ABSL_GUARDED_BY(mutex_);
  int64_t recent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t older_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_RECORD_CACHE_H_
