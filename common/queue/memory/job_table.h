#ifndef COMMON_QUEUE_MEMORY_JOB_TABLE_H_
#define COMMON_QUEUE_MEMORY_JOB_TABLE_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// The jobs of one queue and the rules by which they move: WorkQueue without waiting, pausing and
// threads. It reads no clock: AdvanceTo says what time it is, and everything else happens then. The
// functions named as in WorkQueue do what is said there; arguments are checked before.
//
// Each job stands in the line of its state: ready jobs in one line a priority by when they became
// ready, delayed by when they are due, leased by when the lease runs out, dead by when they were
// given up. So a job moves, and the next to move is found, in O(log n).
class JobTable {
 public:
  JobTable(std::string name, const RetryPolicy& retry, const QueueLimits& limits)
      : name_(std::move(name)), retry_(retry), limits_(limits) {}

  const std::string& name() const { return name_; }

  // Makes ready what is due by `now`, in the order of time.
  void AdvanceTo(absl::Time now);
  // When AdvanceTo will next have something to do; absl::InfiniteFuture() where nothing waits.
  absl::Time next_due() const;
  bool has_ready() const;
  // Whether a ready job may be taken at all, and when the next may where the rate forbids it now;
  // absl::InfiniteFuture() where it does not.
  bool may_take() const;
  absl::Time next_allowed() const;

  absl::StatusOr<int64_t> Enqueue(absl::Span<const NewJob> jobs);
  std::vector<Lease> Take(int max, absl::Duration lease);
  absl::StatusOr<Lease> Extend(const Lease& lease, absl::Duration duration);
  absl::Status Complete(const Lease& lease);
  // `bits` are 64 random bits, for the wait before the next attempt.
  absl::Status Fail(const Lease& lease, absl::string_view error, bool retry, uint64_t bits);
  absl::Status Release(const Lease& lease);
  void LimitRate(int64_t jobs_per_second);
  // All but `paused`.
  QueueStats Stats() const;
  std::vector<JobInfo> Peek(std::optional<JobState> state, int limit) const;
  absl::Status Redrive(absl::string_view key, absl::string_view reason);
  int64_t RedriveAll(absl::string_view reason);
  int64_t PurgeDead();

 private:
  // What a job was asked for by the Enqueue that put it in.
  struct Order {
    Priority priority = Priority::kNormal;
    std::string trace;
    absl::Time enqueued;
    absl::Time due;
  };

  // Where a job stands in its line. The number, ever rising, keeps those of one time in the order in
  // which they came.
  using Place = std::pair<absl::Time, uint64_t>;

  struct Entry {
    Order order;
    JobState state = JobState::kReady;
    Place place;
    int attempts = 0;
    int lost_leases = 0;
    uint64_t token = 0;
    std::string last_error;
    // To be put in when the run in hand ends. Null: nothing.
    std::unique_ptr<Order> once_more;
  };

  using Jobs = absl::node_hash_map<std::string, Entry>;
  using Job = Jobs::value_type;
  using Line = std::map<Place, Job*>;

  static constexpr std::array<int, 3> kRoom = {8, 4, 1};

  Line& LineOf(const Entry& entry);
  void Enter(Job& job, JobState state, absl::Time time);
  void Move(Job& job, JobState state, absl::Time time);
  void Remove(Job& job);

  Order OrderOf(const NewJob& job) const;
  bool ComesBack(const Entry& entry, const NewJob& job) const;
  int64_t CountAdded(absl::Span<const NewJob> jobs) const;
  void Put(const NewJob& job);
  void StartOver(Job& job, Order order, absl::Time time);

  Job* NextReady();
  Job* FindHeld(const Lease& lease);
  Lease LeaseOf(const Job& job) const;
  void LoseLease(Job& job);
  void GiveUp(Job& job, absl::Time time);
  void ForgetOldestDead();
  void BringBack(Job& job, absl::string_view reason);
  // Jobs that the rate allows now.
  double Allowance() const;
  int64_t room() const { return limits_.jobs - live_count(); }
  int64_t live_count() const { return static_cast<int64_t>(jobs_.size() - dead_.size()); }

  static JobInfo InfoOf(const Job& job);
  std::vector<const Job*> Ready(int limit) const;

  const std::string name_;
  const RetryPolicy retry_;
  const QueueLimits limits_;

  absl::Time now_ = absl::InfinitePast();
  Jobs jobs_;
  std::array<Line, 3> ready_;
  Line delayed_;
  Line leased_;
  Line dead_;
  int64_t dead_bytes_ = 0;
  // A bucket that a second's jobs fill, and that holds as many; 0: no limit.
  int64_t jobs_per_second_ = 0;
  double allowance_ = 0;
  absl::Time filled_ = absl::InfinitePast();
  // What is left of the round.
  std::array<int, 3> round_ = kRoom;
  uint64_t last_number_ = 0;
  uint64_t last_token_ = 0;
  int64_t completed_count_ = 0;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_MEMORY_JOB_TABLE_H_
