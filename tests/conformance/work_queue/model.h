#ifndef TESTS_CONFORMANCE_WORK_QUEUE_MODEL_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_MODEL_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// What a queue should do, written to be read: a list of jobs, searched from end to end. It holds
// what work_queue.h says, and where that leaves the order of two jobs open, first come first.
class ModelQueue {
 public:
  struct Job {
    std::string key;
    JobState state = JobState::kReady;
    Priority priority = Priority::kNormal;
    std::string trace;
    absl::Time enqueued;
    // Since when it is ready or dead; until when it is delayed or leased.
    absl::Time time;
    // Rises with each change of state.
    int64_t rank = 0;
    int attempts = 0;
    int lost_leases = 0;
    uint64_t token = 0;
    std::string error;
    // Asked for while leased: the job, and when.
    std::optional<NewJob> once_more;
    absl::Time once_more_enqueued;
  };

  ModelQueue(const RetryPolicy& policy, const QueueLimits& limits)
      : policy_(policy), limits_(limits) {}

  void AdvanceTo(absl::Time now) {
    now_ = now;
    for (;;) {
      Job* next = nullptr;
      for (Job& job : jobs_) {
        const bool waits = job.state == JobState::kDelayed || job.state == JobState::kLeased;
        if (waits && job.time <= now && (next == nullptr || Before(job, *next))) next = &job;
      }
      if (next == nullptr) return;
      if (next->state == JobState::kDelayed) {
        Become(*next, JobState::kReady, next->time);
      } else {
        LoseLease(*next);
      }
    }
  }

  // Nothing: the queue is full.
  std::optional<int64_t> Enqueue(const std::vector<NewJob>& jobs) {
    const std::vector<Job> before = jobs_;
    int64_t added_count = 0;
    for (const NewJob& job : jobs) added_count += Put(job);
    if (added_count > 0 && CountAlive() > limits_.jobs) {
      jobs_ = before;
      return std::nullopt;
    }
    return added_count;
  }

  // The job that is handed out next; null: none. Uses its room in the round.
  const Job* NextReady() {
    for (int look = 0; look < 2; ++look) {
      for (const Priority level : {Priority::kHigh, Priority::kNormal, Priority::kLow}) {
        int& room = room_[static_cast<size_t>(level)];
        const Job* first = First(JobState::kReady, level);
        if (first == nullptr || room == 0) continue;
        --room;
        return first;
      }
      room_ = {8, 4, 1};
    }
    return nullptr;
  }
  void Lease(const std::string& key, uint64_t token, absl::Duration lease) {
    Job& job = *Find(key);
    ++job.attempts;
    job.token = token;
    Become(job, JobState::kLeased, now_ + lease);
  }

  bool IsHeld(const std::string& key, uint64_t token) {
    const Job* job = Find(key);
    return job != nullptr && job->state == JobState::kLeased && job->token == token;
  }

  void Extend(const std::string& key, absl::Duration duration) {
    Become(*Find(key), JobState::kLeased, now_ + duration);
  }

  void Complete(const std::string& key) {
    ++completed_count_;
    Job job = *Find(key);
    Remove(key);
    if (job.once_more.has_value()) PutOnceMore(job);
  }

  // `due` is when the next attempt may begin, where there is one.
  void Fail(const std::string& key, const std::string& error, bool retry, absl::Time due) {
    Job& job = *Find(key);
    job.error = error;
    if (!retry || job.attempts >= policy_.max_attempts) {
      GiveUp(job, now_);
    } else {
      job.once_more.reset();
      Become(job, JobState::kDelayed, due);
    }
  }
  bool WouldRetry(const std::string& key) { return Find(key)->attempts < policy_.max_attempts; }

  void Release(const std::string& key) {
    Job& job = *Find(key);
    --job.attempts;
    job.once_more.reset();
    Become(job, JobState::kReady, now_);
  }

  // The code of its status.
  absl::StatusCode Redrive(const std::string& key) {
    Job* job = Find(key);
    if (job == nullptr || job->state != JobState::kDead) return absl::StatusCode::kNotFound;
    if (CountAlive() >= limits_.jobs) return absl::StatusCode::kResourceExhausted;
    job->attempts = job->lost_leases = 0;
    Become(*job, JobState::kReady, now_);
    return absl::StatusCode::kOk;
  }
  int64_t RedriveAll() {
    int64_t count = 0;
    for (const Job& dead : InOrder(JobState::kDead)) {
      if (Redrive(dead.key) == absl::StatusCode::kOk) ++count;
    }
    return count;
  }
  int64_t PurgeDead() {
    const auto dead = [](const Job& job) { return job.state == JobState::kDead; };
    return static_cast<int64_t>(std::erase_if(jobs_, dead));
  }

  std::vector<Job> InOrder(JobState state) const {
    std::vector<Job> some;
    for (const Job& job : jobs_) {
      if (job.state == state) some.push_back(job);
    }
    std::sort(some.begin(), some.end(), Before);
    return some;
  }
  // As Peek shows them.
  std::vector<Job> All() const {
    std::vector<Job> all;
    for (const JobState state :
         {JobState::kLeased, JobState::kReady, JobState::kDelayed, JobState::kDead}) {
      for (Job& job : InOrder(state)) all.push_back(std::move(job));
    }
    return all;
  }
  QueueStats Stats() const {
    QueueStats stats;
    stats.ready = static_cast<int64_t>(InOrder(JobState::kReady).size());
    stats.delayed = static_cast<int64_t>(InOrder(JobState::kDelayed).size());
    stats.leased = static_cast<int64_t>(InOrder(JobState::kLeased).size());
    stats.dead = static_cast<int64_t>(InOrder(JobState::kDead).size());
    if (stats.ready > 0) stats.oldest_ready = now_ - InOrder(JobState::kReady).front().time;
    stats.completed = completed_count_;
    return stats;
  }
  // When something happens next by itself.
  absl::Time NextDue() const {
    absl::Time next = absl::InfiniteFuture();
    for (const Job& job : jobs_) {
      const bool waits = job.state == JobState::kDelayed || job.state == JobState::kLeased;
      if (waits) next = std::min(next, job.time);
    }
    return next;
  }

 private:
  static bool Before(const Job& a, const Job& b) {
    return std::tie(a.time, a.rank) < std::tie(b.time, b.rank);
  }

  void Become(Job& job, JobState state, absl::Time time) {
    job.state = state;
    job.time = time;
    job.rank = ++last_rank_;
  }

  Job* Find(const std::string& key) {
    for (Job& job : jobs_) {
      if (job.key == key) return &job;
    }
    return nullptr;
  }
  void Remove(const std::string& key) {
    std::erase_if(jobs_, [&key](const Job& job) { return job.key == key; });
  }
  const Job* First(JobState state, Priority priority) const {
    const Job* first = nullptr;
    for (const Job& job : jobs_) {
      if (job.state != state || job.priority != priority) continue;
      if (first == nullptr || Before(job, *first)) first = &job;
    }
    return first;
  }
  int64_t CountAlive() const {
    return std::count_if(jobs_.begin(), jobs_.end(),
                         [](const Job& job) { return job.state != JobState::kDead; });
  }

  // How many that added: 0 or 1.
  int64_t Put(const NewJob& job) {
    Job* known = Find(job.key);
    if (known == nullptr) {
      PutNew(job, now_, now_, "");
      return 1;
    }
    if (known->state == JobState::kLeased && !job.derived && !known->once_more.has_value()) {
      known->once_more = job;
      known->once_more_enqueued = now_;
    }
    if (known->state != JobState::kDead) return 0;
    if (job.derived && now_ - known->time < policy_.revive_after) return 0;
    const std::string error = known->error;
    Remove(job.key);
    PutNew(job, now_, now_, error);
    return 1;
  }

  // Puts in what was asked for at `enqueued`, at `time`.
  void PutNew(const NewJob& asked, absl::Time enqueued, absl::Time time, const std::string& error) {
    Job job;
    job.key = asked.key;
    job.priority = asked.priority;
    job.trace = asked.trace;
    job.enqueued = enqueued;
    job.error = error;
    const absl::Time due = enqueued + asked.delay;
    Become(job, due > time ? JobState::kDelayed : JobState::kReady, std::max(due, time));
    jobs_.push_back(job);
  }
  void PutOnceMore(const Job& ended) {
    PutNew(*ended.once_more, ended.once_more_enqueued, now_, "");
  }

  void LoseLease(Job& job) {
    ++job.lost_leases;
    job.error = "lease lost";
    if (job.lost_leases >= policy_.max_lost_leases || job.attempts >= policy_.max_attempts) {
      GiveUp(job, job.time);
    } else {
      job.once_more.reset();
      Become(job, JobState::kReady, job.time);
    }
  }

  void GiveUp(Job& job, absl::Time time) {
    if (job.once_more.has_value()) {
      const Job ended = job;
      Remove(ended.key);
      PutNew(*ended.once_more, ended.once_more_enqueued, time, ended.error);
      return;
    }
    Become(job, JobState::kDead, time);
    std::vector<Job> dead = InOrder(JobState::kDead);
    for (size_t i = 0; i + limits_.dead_jobs < dead.size(); ++i) Remove(dead[i].key);
  }

  const RetryPolicy policy_;
  const QueueLimits limits_;
  absl::Time now_;
  std::vector<Job> jobs_;
  std::array<int, 3> room_ = {8, 4, 1};
  int64_t last_rank_ = 0;
  int64_t completed_count_ = 0;
};

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_MODEL_H_
