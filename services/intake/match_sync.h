#ifndef SERVICES_INTAKE_MATCH_SYNC_H_
#define SERVICES_INTAKE_MATCH_SYNC_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/queue/work_queue.h"
#include "common/store/database.h"

namespace critac::intake {

// Puts the names of requests into the queue `match`, for matching to look at: a job's key is the
// request's name. Edge for speed, level for truth: Notice is told what was committed, and what it
// misses, or what the queue forgets, Due finds again.
class MatchSync {
 public:
  // Names that wait for the queue at once. Past it names are dropped, for Due to find.
  static constexpr size_t kWaiting = 10'000;
  // Requests that left matching, looked at in one round of Due. All of them come up in turn.
  static constexpr int kLeftPerRound = 500;

  // Both must outlive it.
  MatchSync(store::Database& database, queue::WorkQueue& queue);
  // Stops.
  ~MatchSync();

  // Notes the events of a commit that concern matching. Does not block: a thread of its own takes
  // them to the queue.
  void Notice(absl::Span<const journal::CommittedEvent> events);

  // Jobs that should be in the queue: every ready request, and of those that left matching the next
  // few, so that none is left out for ever and a round stays small after years. Not thread-safe.
  absl::StatusOr<std::vector<queue::NewJob>> Due();

  // `on_failure` is called after names could not be put into the queue, so that they are derived
  // soon; may be null. Called once, before Stop.
  void Start(std::function<void()> on_failure);
  // Takes nothing more to the queue; joins the thread.
  void Stop();

  // Waits until nothing that was noticed waits any more. For tests.
  void AwaitIdle();

 private:
  void Run();
  // Waits for names to put in. Empty: it is to end.
  std::vector<std::string> TakeWaiting();
  absl::Status Enqueue(const std::vector<std::string>& names);

  store::Database& database_;
  queue::WorkQueue& queue_;

  absl::Mutex mutex_;
  absl::btree_set<std::string> waiting_ ABSL_GUARDED_BY(mutex_);
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> on_failure_;
  std::thread thread_;

  // The last of those that left matching that Due gave.
  std::string left_after_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_MATCH_SYNC_H_
