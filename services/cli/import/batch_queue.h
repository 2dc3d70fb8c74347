#ifndef SERVICES_CLI_IMPORT_BATCH_QUEUE_H_
#define SERVICES_CLI_IMPORT_BATCH_QUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "critac/intake/v1/agency.pb.h"
#include "google/protobuf/message.h"

namespace critac::cli {

// A row on its way.
struct PendingRow {
  int64_t number = 0;
  // Null where the row is refused already, for `problem`.
  std::unique_ptr<google::protobuf::Message> message;
  // Its keys, and its text as the file has it.
  std::vector<std::string> keys;
  std::string text;
  std::string problem;
  // What became of it, once it was sent.
  intake::v1::ImportOutcome outcome = intake::v1::IMPORT_OUTCOME_UNSPECIFIED;
};
using Batch = std::vector<PendingRow>;

// Sends batches, several at a time, and hands them back in the order in which they came. Holds no
// more than it sends at once, so that memory stays constant however long the file is. Two batches
// that share a key are never on their way together, so the later row of a file stands.
class BatchQueue {
 public:
  // `send` fills in outcomes and problems, on a thread of this queue; `done` gets the batches in
  // order, one at a time. Both must be callable until Finish returned.
  BatchQueue(int in_flight, std::function<absl::Status(Batch&)> send,
             std::function<void(const Batch&)> done);
  // Finishes, where Finish was not called.
  ~BatchQueue();

  // Takes a batch; blocks while all senders are busy, or one has a batch that shares a key. False:
  // sending failed, and nothing more is taken.
  bool Submit(Batch batch);

  // Waits for what is on its way. The first error of `send`; batches sent beside or before it were
  // handed to `done` as far as they follow without a gap.
  absl::Status Finish();

 private:
  void SendLoop();
  bool CanTake(const Batch& batch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t in_flight_;
  const std::function<absl::Status(Batch&)> send_;
  const std::function<void(const Batch&)> done_;

  absl::Mutex mutex_;
  std::deque<std::pair<int64_t, Batch>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Batch> sent_ ABSL_GUARDED_BY(mutex_);  // out of order
  absl::flat_hash_set<std::string> keys_on_their_way_ ABSL_GUARDED_BY(mutex_);
  int64_t submitted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t handed_back_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> senders_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_BATCH_QUEUE_H_
