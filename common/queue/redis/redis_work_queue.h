#ifndef COMMON_QUEUE_REDIS_REDIS_WORK_QUEUE_H_
#define COMMON_QUEUE_REDIS_REDIS_WORK_QUEUE_H_

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/base/together.h"
#include "common/queue/redis/redis_ear.h"
#include "common/queue/redis/redis_link.h"
#include "common/queue/redis/redis_route.h"
#include "common/queue/redis/redis_url.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

struct RedisOptions {
  redis::LinkOptions link;
  // Who waits for a job looks at least so often, heard or not.
  absl::Duration look = absl::Seconds(1);
  // How often orphans are looked for, by one of all processes. Zero: never.
  absl::Duration sweep = absl::Minutes(5);
  // Added to the server's clock: what tests turn to let time pass.
  std::function<absl::Duration()> clock_shift = [] { return absl::ZeroDuration(); };
};

// A queue in a Redis, shared by all processes that open one of its name there. It may be opened
// before the server can be reached; until then calls are UNAVAILABLE.
//
// Each call is one Lua script, atomic on the server (scripts/*.lua). Time is the server's: leases
// and delays do not depend on whose clock is right; `Lease::expires` counts from before the call was
// made, so that it is never too late, and what Peek shows is by the server's clock. The server may
// forget everything: reconcilers find it again.
class RedisWorkQueue final : public WorkQueue {
 public:
  // `clock` and `ids` must outlive the queue.
  RedisWorkQueue(std::string name, const redis::Target& target, const RetryPolicy& retry,
                 const Clock& clock, IdSource& ids, const QueueLimits& limits = {},
                 const RedisOptions& options = {});
  ~RedisWorkQueue() override;

  absl::string_view name() const override { return name_; }
  absl::StatusOr<int64_t> Enqueue(absl::Span<const NewJob> jobs) override;
  using WorkQueue::Reserve;
  absl::StatusOr<std::vector<Lease>> Reserve(int max, absl::Duration lease, absl::Duration wait,
                                             const std::stop_token& stop) override;
  std::vector<absl::StatusOr<Lease>> ExtendEach(absl::Span<const Lease> leases,
                                                absl::Duration duration) override;
  std::vector<absl::Status> CompleteEach(absl::Span<const Lease> leases) override;
  absl::Status Fail(const Lease& lease, absl::string_view error, bool retry) override;
  absl::Status Release(const Lease& lease) override;
  absl::Status Pause() override;
  absl::Status Resume() override;
  absl::Status LimitRate(int64_t jobs_per_second) override;
  absl::StatusOr<QueueStats> Stats() override;
  absl::StatusOr<std::vector<JobInfo>> Peek(std::optional<JobState> state, int limit) override;
  using WorkQueue::Redrive;
  absl::Status Redrive(absl::string_view key, absl::string_view reason) override;
  using WorkQueue::RedriveAll;
  absl::StatusOr<int64_t> RedriveAll(absl::string_view reason) override;
  absl::StatusOr<int64_t> PurgeDead() override;
  absl::Status CheckWritable() override;
  void Shutdown() override;

  // Looks for jobs that stand in no line or in two, and names of no job in the lines, and heals
  // them; returns how many. It needs to be called by nobody: the queue does so by itself.
  absl::StatusOr<int64_t> Sweep();

 private:
  // What came of asking for jobs once.
  struct Handed {
    std::vector<Lease> leases;
    // Until when nothing will be ready unless someone says otherwise.
    absl::Time nothing_until;
  };

  // A call of Enqueue, on its way with those that came together with it.
  struct Put {
    absl::Span<const NewJob> jobs;
    // Id and record of each.
    std::vector<std::string> words;
    absl::StatusOr<int64_t> result = absl::UnavailableError("not made");
  };

  absl::StatusOr<redis::Reply> RunOn(redis::Link& link, const redis::Script& script,
                                     absl::Span<const absl::string_view> arguments);
  absl::StatusOr<redis::Reply> Run(const redis::Script& script,
                                   const std::vector<std::string>& arguments);
  void PutAll(int lane, absl::Span<Put* const> puts);
  // One who waits in Reserve.
  struct Waiting {
    std::string token;
    int max = 0;
    absl::Duration lease;
    // It has looked, so that the server may know it.
    bool looked = false;
    // When it looked last: leases that it gets while it waits count from then.
    absl::Time since = absl::InfinitePast();
    // What it got meanwhile; or it was told to look again.
    std::vector<Lease> leases = {};
    bool told = false;
  };

  // Looks once. Where nothing is ready, `waits` says whether it is to be handed what becomes ready.
  absl::StatusOr<Handed> Look(const Waiting& waiting, bool waits);
  absl::Status Leave(const Waiting& waiting);
  absl::Status LeaveForTheGone();
  void GiveBack(absl::Span<const Lease> leases);
  absl::Status EndOne(const redis::Script& script, const Lease& lease,
                      std::vector<std::string> more);
  absl::StatusOr<int64_t> RedriveSome(absl::string_view reason, int most,
                                      std::optional<absl::string_view> key);
  // `message`: what the scripts told one who waits here; empty: something may have been missed.
  void Heard(absl::string_view message);
  void SweepNowAndThen();

  const std::string name_;
  const RetryPolicy retry_;
  const QueueLimits limits_;
  const RedisOptions options_;
  const Clock& clock_;
  IdSource& ids_;
  // In the order of scripts/lines.lua.
  const std::vector<std::string> keys_;
  const std::string settings_;
  redis::Route route_;
  redis::Link link_;
  // Jobs are put in by two links, so that the server has some while the callers of others are told.
  std::array<redis::Link, 2> put_links_;
  Together<Put> puts_{2, limits::kEnqueueJobs};

  std::atomic<int64_t> completed_count_ = 0;

  absl::Mutex mutex_;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  // Rises whenever something may have been missed.
  int64_t missed_ ABSL_GUARDED_BY(mutex_) = 0;
  // By token.
  absl::flat_hash_map<std::string, Waiting*> waiting_ ABSL_GUARDED_BY(mutex_);
  // Those whose call of Reserve ended without an answer: the next call gives back what they got.
  std::vector<Waiting> gone_ ABSL_GUARDED_BY(mutex_);

  // The name by which the scripts tell those who wait here.
  const std::string ear_name_;
  redis::Ear ear_;
  std::thread sweeper_;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_REDIS_REDIS_WORK_QUEUE_H_
