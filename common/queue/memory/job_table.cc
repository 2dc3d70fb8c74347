#include "common/queue/memory/job_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "common/queue/backoff.h"
#include "common/queue/kept_error.h"
#include "common/queue/refusal.h"

namespace critac::queue {
namespace {

// Part of a job that is forgiven: fractions of an allowance do not add up exactly.
constexpr double kFraction = 1e-6;

}  // namespace

// ---- Time -----------------------------------------------------------------------------------------

void JobTable::AdvanceTo(absl::Time now) {
  now_ = now;
  while (next_due() <= now) {
    const bool is_delay =
        !delayed_.empty() && (leased_.empty() || delayed_.begin()->first < leased_.begin()->first);
    if (is_delay) {
      Job& job = *delayed_.begin()->second;
      Move(job, JobState::kReady, job.second.place.first);
    } else {
      LoseLease(*leased_.begin()->second);
    }
  }
}

absl::Time JobTable::next_due() const {
  absl::Time next = absl::InfiniteFuture();
  if (!delayed_.empty()) next = std::min(next, delayed_.begin()->first.first);
  if (!leased_.empty()) next = std::min(next, leased_.begin()->first.first);
  return next;
}

bool JobTable::has_ready() const {
  return std::any_of(ready_.begin(), ready_.end(), [](const Line& line) { return !line.empty(); });
}

void JobTable::LoseLease(Job& job) {
  Entry& entry = job.second;
  const absl::Time ran_out = entry.place.first;
  entry.last_error = absl::StrFormat("the lease of attempt %d ran out", entry.attempts);
  if (++entry.lost_leases >= retry_.max_lost_leases) {
    absl::StrAppendFormat(&entry.last_error,
                          "; given up after %d lost leases, as one that kills its workers",
                          entry.lost_leases);
    GiveUp(job, ran_out);
  } else if (entry.attempts >= retry_.max_attempts) {
    entry.last_error += "; given up, as that was the last";
    GiveUp(job, ran_out);
  } else {
    entry.once_more.reset();  // the next run sees what that was asked for
    Move(job, JobState::kReady, ran_out);
  }
}

// ---- Lines ----------------------------------------------------------------------------------------

JobTable::Line& JobTable::LineOf(const Entry& entry) {
  switch (entry.state) {
    case JobState::kReady:
      break;
    case JobState::kDelayed:
      return delayed_;
    case JobState::kLeased:
      return leased_;
    case JobState::kDead:
      return dead_;
  }
  return ready_[static_cast<size_t>(entry.order.priority)];
}

void JobTable::Enter(Job& job, JobState state, absl::Time time) {
  job.second.state = state;
  job.second.place = {time, ++last_number_};
  LineOf(job.second).emplace(job.second.place, &job);
}

void JobTable::Move(Job& job, JobState state, absl::Time time) {
  LineOf(job.second).erase(job.second.place);
  Enter(job, state, time);
}

void JobTable::Remove(Job& job) {
  LineOf(job.second).erase(job.second.place);
  jobs_.erase(jobs_.find(job.first));
}

// ---- Putting in -----------------------------------------------------------------------------------

absl::StatusOr<int64_t> JobTable::Enqueue(absl::Span<const NewJob> jobs) {
  const int64_t added_count = CountAdded(jobs);
  if (added_count > 0 && added_count > room()) return QueueFull(name_, limits_.jobs);
  for (const NewJob& job : jobs) Put(job);
  return added_count;
}

int64_t JobTable::CountAdded(absl::Span<const NewJob> jobs) const {
  absl::flat_hash_set<absl::string_view> added;
  for (const NewJob& job : jobs) {
    const auto found = jobs_.find(job.key);
    if (found == jobs_.end() || ComesBack(found->second, job)) added.insert(job.key);
  }
  return static_cast<int64_t>(added.size());
}

bool JobTable::ComesBack(const Entry& entry, const NewJob& job) const {
  if (entry.state != JobState::kDead) return false;
  return !job.derived || now_ - entry.place.first >= retry_.revive_after;
}

void JobTable::Put(const NewJob& job) {
  const auto [found, is_new] = jobs_.try_emplace(job.key);
  Entry& entry = found->second;
  if (is_new) {
    entry.order = OrderOf(job);
    const bool waits = entry.order.due > now_;
    Enter(*found, waits ? JobState::kDelayed : JobState::kReady, entry.order.due);
  } else if (ComesBack(entry, job)) {
    StartOver(*found, OrderOf(job), now_);
  } else if (entry.state == JobState::kLeased && !job.derived && entry.once_more == nullptr) {
    entry.once_more = std::make_unique<Order>(OrderOf(job));
  }
}

JobTable::Order JobTable::OrderOf(const NewJob& job) const {
  return {job.priority, job.trace, now_, now_ + job.delay};
}

// Makes a job that ended at `time` a new one.
void JobTable::StartOver(Job& job, Order order, absl::Time time) {
  Entry& entry = job.second;
  if (entry.state == JobState::kDead) {
    dead_bytes_ -= static_cast<int64_t>(job.first.size() + entry.last_error.size());
  }
  LineOf(entry).erase(entry.place);
  entry.order = std::move(order);
  entry.attempts = 0;
  entry.lost_leases = 0;
  entry.once_more.reset();
  const bool waits = entry.order.due > time;
  Enter(job, waits ? JobState::kDelayed : JobState::kReady, std::max(entry.order.due, time));
}

// ---- Handing out ----------------------------------------------------------------------------------

void JobTable::LimitRate(int64_t jobs_per_second) {
  jobs_per_second_ = jobs_per_second;
  allowance_ = static_cast<double>(jobs_per_second);
  filled_ = now_;
}

double JobTable::Allowance() const {
  const double rate = static_cast<double>(jobs_per_second_);
  const double passed_s = std::max(0.0, absl::ToDoubleSeconds(now_ - filled_));
  return std::min(rate, allowance_ + passed_s * rate) + kFraction;
}

bool JobTable::may_take() const {
  return has_ready() && (jobs_per_second_ == 0 || Allowance() >= 1);
}

absl::Time JobTable::next_allowed() const {
  if (!has_ready() || may_take()) return absl::InfiniteFuture();
  return now_ + absl::Seconds(1 - Allowance() + kFraction) / static_cast<double>(jobs_per_second_);
}

std::vector<Lease> JobTable::Take(int max, absl::Duration lease) {
  if (jobs_per_second_ > 0) {
    const double allowed = Allowance();
    max = static_cast<int>(std::min<double>(max, std::floor(allowed)));
    allowance_ = allowed - kFraction;
    filled_ = now_;
  }
  std::vector<Lease> taken;
  while (static_cast<int>(taken.size()) < max) {
    Job* job = NextReady();
    if (job == nullptr) break;
    job->second.token = ++last_token_;
    ++job->second.attempts;
    Move(*job, JobState::kLeased, now_ + lease);
    taken.push_back(LeaseOf(*job));
  }
  allowance_ -= static_cast<double>(taken.size());
  return taken;
}

JobTable::Job* JobTable::NextReady() {
  if (!has_ready()) return nullptr;
  for (;;) {
    for (size_t level = 0; level < ready_.size(); ++level) {
      if (ready_[level].empty() || round_[level] == 0) continue;
      --round_[level];
      return ready_[level].begin()->second;
    }
    round_ = kRoom;
  }
}

Lease JobTable::LeaseOf(const Job& job) const {
  const auto& [key, entry] = job;
  return {.key = key,
          .token = entry.token,
          .attempt = entry.attempts,
          .expires = entry.place.first,
          .trace = entry.order.trace,
          .enqueued = entry.order.enqueued};
}

JobTable::Job* JobTable::FindHeld(const Lease& lease) {
  const auto found = jobs_.find(lease.key);
  if (found == jobs_.end() || found->second.state != JobState::kLeased ||
      found->second.token != lease.token) {
    return nullptr;
  }
  return &*found;
}

absl::StatusOr<Lease> JobTable::Extend(const Lease& lease, absl::Duration duration) {
  Job* job = FindHeld(lease);
  if (job == nullptr) return LeaseLost(lease.key);
  Move(*job, JobState::kLeased, now_ + duration);
  return LeaseOf(*job);
}

// ---- Ending ---------------------------------------------------------------------------------------

absl::Status JobTable::Complete(const Lease& lease) {
  Job* job = FindHeld(lease);
  if (job == nullptr) return LeaseLost(lease.key);
  ++completed_count_;
  if (job->second.once_more == nullptr) {
    Remove(*job);
    return absl::OkStatus();
  }
  job->second.last_error.clear();
  Order order = std::move(*job->second.once_more);
  StartOver(*job, std::move(order), now_);
  return absl::OkStatus();
}

absl::Status JobTable::Fail(const Lease& lease, absl::string_view error, bool retry,
                            uint64_t bits) {
  Job* job = FindHeld(lease);
  if (job == nullptr) return LeaseLost(lease.key);
  Entry& entry = job->second;
  entry.last_error = KeptError(error);
  if (!retry || entry.attempts >= retry_.max_attempts) {
    GiveUp(*job, now_);
    return absl::OkStatus();
  }
  entry.once_more.reset();  // the next attempt sees what that was asked for
  Move(*job, JobState::kDelayed,
       now_ + Backoff(retry_.first_backoff, retry_.max_backoff, entry.attempts, bits));
  return absl::OkStatus();
}

absl::Status JobTable::Release(const Lease& lease) {
  Job* job = FindHeld(lease);
  if (job == nullptr) return LeaseLost(lease.key);
  --job->second.attempts;
  job->second.once_more.reset();  // the next run sees what that was asked for
  Move(*job, JobState::kReady, now_);
  return absl::OkStatus();
}

void JobTable::GiveUp(Job& job, absl::Time time) {
  if (job.second.once_more != nullptr) {
    Order order = std::move(*job.second.once_more);
    StartOver(job, std::move(order), time);
    return;
  }
  Move(job, JobState::kDead, time);
  dead_bytes_ += static_cast<int64_t>(job.first.size() + job.second.last_error.size());
  while (static_cast<int64_t>(dead_.size()) > limits_.dead_jobs ||
         dead_bytes_ > limits_.dead_bytes) {
    ForgetOldestDead();
  }
}

// ---- The dead -------------------------------------------------------------------------------------

void JobTable::ForgetOldestDead() {
  Job& oldest = *dead_.begin()->second;
  dead_bytes_ -= static_cast<int64_t>(oldest.first.size() + oldest.second.last_error.size());
  Remove(oldest);
}

void JobTable::BringBack(Job& job, absl::string_view reason) {
  Order order = std::move(job.second.order);
  order.due = now_;
  StartOver(job, std::move(order), now_);
  if (!reason.empty()) {
    job.second.last_error = KeptError(RedriveNote(reason) + job.second.last_error);
  }
}

absl::Status JobTable::Redrive(absl::string_view key, absl::string_view reason) {
  const auto found = jobs_.find(key);
  if (found == jobs_.end() || found->second.state != JobState::kDead) return NoDeadJob(key);
  if (room() < 1) return QueueFull(name_, limits_.jobs);
  BringBack(*found, reason);
  return absl::OkStatus();
}

int64_t JobTable::RedriveAll(absl::string_view reason) {
  int64_t count = 0;
  for (; !dead_.empty() && room() > 0; ++count) BringBack(*dead_.begin()->second, reason);
  return count;
}

int64_t JobTable::PurgeDead() {
  int64_t count = 0;
  for (; !dead_.empty(); ++count) ForgetOldestDead();
  return count;
}

// ---- Looking --------------------------------------------------------------------------------------

QueueStats JobTable::Stats() const {
  QueueStats stats;
  for (const Line& line : ready_) {
    stats.ready += static_cast<int64_t>(line.size());
    if (!line.empty()) {
      stats.oldest_ready = std::max(stats.oldest_ready, now_ - line.begin()->first.first);
    }
  }
  stats.delayed = static_cast<int64_t>(delayed_.size());
  stats.leased = static_cast<int64_t>(leased_.size());
  stats.dead = static_cast<int64_t>(dead_.size());
  stats.jobs_per_second = jobs_per_second_;
  stats.completed = completed_count_;
  return stats;
}

JobInfo JobTable::InfoOf(const Job& job) {
  const auto& [key, entry] = job;
  const bool has_due = entry.state == JobState::kDelayed || entry.state == JobState::kLeased;
  return {.key = key,
          .state = entry.state,
          .priority = entry.order.priority,
          .attempts = entry.attempts,
          .enqueued = entry.order.enqueued,
          .due = has_due ? entry.place.first : absl::InfinitePast(),
          .last_error = entry.last_error};
}

// The first `limit` of the three lines together.
std::vector<const JobTable::Job*> JobTable::Ready(int limit) const {
  std::vector<const Job*> first;
  std::array<Line::const_iterator, 3> at = {ready_[0].begin(), ready_[1].begin(),
                                            ready_[2].begin()};
  while (static_cast<int>(first.size()) < limit) {
    Line::const_iterator* next = nullptr;
    for (size_t level = 0; level < ready_.size(); ++level) {
      if (at[level] == ready_[level].end()) continue;
      if (next == nullptr || at[level]->first < (*next)->first) next = &at[level];
    }
    if (next == nullptr) break;
    first.push_back((*next)->second);
    ++*next;
  }
  return first;
}

std::vector<JobInfo> JobTable::Peek(std::optional<JobState> state, int limit) const {
  std::vector<JobInfo> shown;
  const auto show = [&shown, limit](const Line& line) {
    for (auto it = line.begin(); it != line.end() && static_cast<int>(shown.size()) < limit; ++it) {
      shown.push_back(InfoOf(*it->second));
    }
  };
  const auto wanted = [state](JobState one) { return !state.has_value() || *state == one; };
  if (wanted(JobState::kLeased)) show(leased_);
  if (wanted(JobState::kReady)) {
    for (const Job* job : Ready(limit - static_cast<int>(shown.size()))) {
      shown.push_back(InfoOf(*job));
    }
  }
  if (wanted(JobState::kDelayed)) show(delayed_);
  if (wanted(JobState::kDead)) show(dead_);
  return shown;
}

}  // namespace critac::queue
