#include "common/queue/redis/redis_work_queue.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/limits.h"
#include "common/queue/backoff.h"
#include "common/queue/kept_error.h"
#include "common/queue/redis/redis_sweep.h"
#include "common/queue/redis/scripts.h"
#include "common/queue/redis/stored_job.h"
#include "common/queue/refusal.h"
#include "common/status/error.h"

namespace critac::queue {
namespace {

using redis::Reply;
using redis::Script;
using redis::StoredJob;
using redis::Value;

// Dead jobs moved by one script, and candidates that one script looks at: some milliseconds.
constexpr int kDeadAtOnce = 1000;
constexpr size_t kHealAtOnce = 16;
// As peek.lua calls them, in the order in which jobs are shown.
constexpr const char* kStates[] = {"leased", "ready", "delayed", "dead"};

std::vector<std::string> KeysOf(absl::string_view name) {
  std::vector<std::string> keys;
  for (const char* part : {"jobs", "state", "errors", "again", "delayed", "leased", "dead", "meta",
                           "ready:high", "ready:normal", "ready:low"}) {
    keys.push_back(absl::StrCat("critac:{", name, "}:", part));
  }
  return keys;
}

// Keys, by their place in lines.lua.
constexpr size_t kMetaKey = 7;

std::string Micros(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Microseconds(duration));
}

std::string SettingsOf(const RetryPolicy& retry, const QueueLimits& limits) {
  return absl::StrCat(retry.max_attempts, " ", retry.max_lost_leases, " ", limits.jobs, " ",
                      limits.dead_jobs, " ", limits.dead_bytes, " ", Micros(retry.revive_after));
}

std::string TokenText(uint64_t token) { return absl::StrFormat("%016x", token); }

// Leases as the scripts take them: id and token of each.
void AppendLeases(absl::Span<const Lease> leases, std::vector<std::string>& arguments) {
  arguments.reserve(arguments.size() + 2 * leases.size());
  for (const Lease& lease : leases) {
    arguments.push_back(redis::JobId(lease.key));
    arguments.push_back(TokenText(lease.token));
  }
}

// Which jobs wait first, and which are derived, as enqueue.lua reads it.
std::string OptionsOf(absl::Span<const NewJob> jobs) {
  std::string options;
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].delay <= absl::ZeroDuration() && !jobs[i].derived) continue;
    absl::StrAppend(&options, i + 1, " ", Micros(jobs[i].delay), " ", jobs[i].derived ? 1 : 0, ";");
  }
  return options;
}

absl::Status SameId(absl::string_view key) {
  return Error(absl::StatusCode::kInternal, "JOB_ID_COLLISION",
               absl::StrCat("job ", key, " has the id of another job"))
      .ToStatus();
}

// A job of peek.lua's answer: five values from `at`.
std::optional<JobInfo> InfoAt(const Value& values, size_t at, JobState state) {
  std::optional<StoredJob> job = redis::DecodeJob(values[at].text());
  if (!job.has_value()) return std::nullopt;
  JobInfo info = {.key = std::move(job->key),
                  .state = state,
                  .priority = job->priority,
                  .attempts = static_cast<int>(values[at + 1].integer()),
                  .enqueued = job->enqueued,
                  .due = absl::InfinitePast(),
                  .last_error = KeptError(values[at + 4].text())};
  if (state == JobState::kDelayed || state == JobState::kLeased) {
    info.due = absl::FromUnixMicros(values[at + 3].integer());
  }
  return info;
}

void AppendJobs(const Value& values, JobState state, std::vector<JobInfo>& jobs) {
  for (size_t i = 0; i < values.size(); i += 5) {
    std::optional<JobInfo> info = InfoAt(values, i, state);
    if (info.has_value()) jobs.push_back(*std::move(info));
  }
}

// Since when a job has been ready: since it was put in, unless something happened to it.
absl::Time ReadySince(const Value& since, absl::Time enqueued) {
  return since.integer() > 0 ? absl::FromUnixMicros(since.integer()) : enqueued;
}

// The ready jobs of all priorities, longest ready first.
void AppendReady(const Value& lines, std::vector<JobInfo>& jobs) {
  std::vector<std::pair<absl::Time, JobInfo>> ready;
  for (size_t line = 0; line < lines.size(); ++line) {
    for (size_t i = 0; i < lines[line].size(); i += 5) {
      std::optional<JobInfo> info = InfoAt(lines[line], i, JobState::kReady);
      if (!info.has_value()) continue;
      const absl::Time since = ReadySince(lines[line][i + 2], info->enqueued);
      ready.emplace_back(since, *std::move(info));
    }
  }
  std::stable_sort(ready.begin(), ready.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [since, info] : ready) jobs.push_back(std::move(info));
}

}  // namespace

RedisWorkQueue::RedisWorkQueue(std::string name, const redis::Target& target,
                               const RetryPolicy& retry, const Clock& clock, IdSource& ids,
                               const QueueLimits& limits, const RedisOptions& options)
    : name_(std::move(name)),
      retry_(retry),
      limits_(limits),
      options_(options),
      clock_(clock),
      ids_(ids),
      keys_(KeysOf(name_)),
      settings_(SettingsOf(retry, limits)),
      route_(target, options.link.sockets),
      link_(route_, options.link, clock, ids),
      ear_(
          route_, options.link.sockets, keys_[kMetaKey], [this] { Heard(); }, clock, ids) {
  if (options_.sweep <= absl::ZeroDuration()) return;
  sweeper_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "queue-sweep");
    SweepNowAndThen();
  });
}

RedisWorkQueue::~RedisWorkQueue() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  if (sweeper_.joinable()) sweeper_.join();
}

void RedisWorkQueue::Heard() {
  absl::MutexLock lock(&mutex_);
  ++heard_;
}

absl::StatusOr<Reply> RedisWorkQueue::Run(const Script& script,
                                          const std::vector<std::string>& arguments) {
  const std::string shift = Micros(options_.clock_shift());
  std::vector<absl::string_view> all = {shift, settings_};
  all.reserve(2 + arguments.size());
  all.insert(all.end(), arguments.begin(), arguments.end());
  return link_.Run(script, keys_, all);
}

// ---- Putting in -----------------------------------------------------------------------------------

absl::StatusOr<int64_t> RedisWorkQueue::Enqueue(absl::Span<const NewJob> jobs) {
  RETURN_IF_ERROR(CheckNewJobs(jobs));
  if (jobs.empty()) return 0;
  const absl::Time now = clock_.Now();
  std::vector<std::string> arguments = {OptionsOf(jobs)};
  arguments.reserve(1 + 2 * jobs.size());
  for (const NewJob& job : jobs) {
    arguments.push_back(redis::JobId(job.key));
    arguments.push_back(redis::EncodeJob(job, now));
  }
  ASSIGN_OR_RETURN(const Reply reply, Run(redis::kEnqueue, arguments));
  const int64_t count = reply.value()[0].integer();
  if (count == -1) return QueueFull(name_, limits_.jobs);
  if (count == -2) {
    const auto place = static_cast<size_t>(reply.value()[1].integer() - 1);
    return SameId(place < jobs.size() ? jobs[place].key : "");
  }
  return count;
}

// ---- Handing out ----------------------------------------------------------------------------------

absl::StatusOr<RedisWorkQueue::Handed> RedisWorkQueue::TryReserve(int max, absl::Duration lease) {
  const uint64_t token = std::max<uint64_t>(ids_.NextBits(), 1);  // 0 is nobody's
  const absl::Time before = clock_.Now();
  ASSIGN_OR_RETURN(const Reply reply,
                   Run(redis::kReserve, {absl::StrCat(max), Micros(lease), TokenText(token)}));
  const Value answer = reply.value();
  Handed handed;
  const int64_t wait_us = answer[0].integer();
  handed.nothing_until =
      wait_us < 0 ? absl::InfiniteFuture() : before + absl::Microseconds(wait_us);
  const Value records = answer[1];
  handed.leases.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    std::optional<StoredJob> job = redis::DecodeJob(records[i].text());
    if (!job.has_value()) continue;  // no key to tell by: its lease runs out until it is given up
    handed.leases.push_back({.key = std::move(job->key),
                             .token = token,
                             .attempt = static_cast<int>(answer[2][i].integer()),
                             .expires = before + lease,
                             .trace = std::move(job->trace),
                             .enqueued = job->enqueued});
  }
  return handed;
}

absl::StatusOr<std::vector<Lease>> RedisWorkQueue::Reserve(int max, absl::Duration lease,
                                                           absl::Duration wait,
                                                           const std::stop_token& stop) {
  RETURN_IF_ERROR(CheckReserve(max, lease));
  max = std::min(max, limits::kReserveJobs);
  // Taking the mutex makes those who wait on it look at their conditions again.
  const std::stop_callback wake(stop, [this] { absl::MutexLock look_again(&mutex_); });
  const absl::Time deadline = clock_.Now() + wait;
  for (;;) {
    int64_t heard = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (shut_down_ || stop.stop_requested()) return std::vector<Lease>();
      heard = heard_;
    }
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(Handed handed, TryReserve(max, lease));
    if (!handed.leases.empty() || now >= deadline) return std::move(handed.leases);
    const absl::Time until = std::min({deadline, handed.nothing_until, now + options_.look});
    absl::MutexLock lock(&mutex_);
    const auto look = [this, &stop, heard] {
      mutex_.AssertHeld();
      return shut_down_ || stop.stop_requested() || heard_ != heard;
    };
    clock_.AwaitUntil(mutex_, absl::Condition(&look), until);
  }
}

std::vector<absl::StatusOr<Lease>> RedisWorkQueue::ExtendEach(absl::Span<const Lease> leases,
                                                              absl::Duration duration) {
  const absl::Status accepted = CheckLease("duration", duration);
  if (leases.empty()) return {};
  if (!accepted.ok()) return std::vector<absl::StatusOr<Lease>>(leases.size(), accepted);
  std::vector<std::string> arguments = {Micros(duration)};
  AppendLeases(leases, arguments);
  const absl::Time before = clock_.Now();
  const absl::StatusOr<Reply> reply = Run(redis::kExtend, arguments);
  std::vector<absl::StatusOr<Lease>> results;
  results.reserve(leases.size());
  for (size_t i = 0; i < leases.size(); ++i) {
    if (!reply.ok()) {
      results.emplace_back(reply.status());
    } else if (reply->value()[i].integer() == 0) {
      results.emplace_back(LeaseLost(leases[i].key));
    } else {
      results.emplace_back(leases[i]);
      results.back()->expires = before + duration;
    }
  }
  return results;
}

// ---- Ending ---------------------------------------------------------------------------------------

std::vector<absl::Status> RedisWorkQueue::CompleteEach(absl::Span<const Lease> leases) {
  if (leases.empty()) return {};
  std::vector<std::string> arguments;
  AppendLeases(leases, arguments);
  const absl::StatusOr<Reply> reply = Run(redis::kComplete, arguments);
  std::vector<absl::Status> results;
  results.reserve(leases.size());
  for (size_t i = 0; i < leases.size(); ++i) {
    if (!reply.ok()) {
      results.push_back(reply.status());
    } else if (reply->value()[i].integer() == 0) {
      results.push_back(LeaseLost(leases[i].key));
    } else {
      ++completed_count_;
      results.push_back(absl::OkStatus());
    }
  }
  return results;
}

// Ends a lease by a script that takes its id and token first.
absl::Status RedisWorkQueue::EndOne(const Script& script, const Lease& lease,
                                    std::vector<std::string> more) {
  std::vector<std::string> arguments;
  AppendLeases(absl::MakeConstSpan(&lease, 1), arguments);
  std::move(more.begin(), more.end(), std::back_inserter(arguments));
  ASSIGN_OR_RETURN(const Reply reply, Run(script, arguments));
  return reply.value().integer() == 0 ? LeaseLost(lease.key) : absl::OkStatus();
}

absl::Status RedisWorkQueue::Fail(const Lease& lease, absl::string_view error, bool retry) {
  const bool goes_on = retry && lease.attempt < retry_.max_attempts;
  const absl::Duration wait =
      Backoff(retry_.first_backoff, retry_.max_backoff, lease.attempt, ids_.NextBits());
  return EndOne(redis::kFail, lease, {KeptError(error), goes_on ? Micros(wait) : "-1"});
}

absl::Status RedisWorkQueue::Release(const Lease& lease) {
  return EndOne(redis::kRelease, lease, {});
}

// ---- What people tell it --------------------------------------------------------------------------

absl::Status RedisWorkQueue::Pause() { return Run(redis::kGovern, {"pause", ""}).status(); }

absl::Status RedisWorkQueue::Resume() { return Run(redis::kGovern, {"resume", ""}).status(); }

absl::Status RedisWorkQueue::LimitRate(int64_t jobs_per_second) {
  RETURN_IF_ERROR(CheckRate(jobs_per_second));
  return Run(redis::kGovern, {"rate", absl::StrCat(jobs_per_second)}).status();
}

absl::StatusOr<int64_t> RedisWorkQueue::RedriveSome(absl::string_view reason, int most,
                                                    std::optional<absl::string_view> key) {
  std::vector<std::string> arguments = {RedriveNote(reason), absl::StrCat(limits::kJobErrorBytes),
                                        absl::StrCat(most)};
  if (key.has_value()) arguments.push_back(redis::JobId(*key));
  ASSIGN_OR_RETURN(const Reply reply, Run(redis::kRedrive, arguments));
  return reply.value().integer();
}

absl::Status RedisWorkQueue::Redrive(absl::string_view key, absl::string_view reason) {
  ASSIGN_OR_RETURN(const int64_t count, RedriveSome(reason, 1, key));
  if (count == 0) return NoDeadJob(key);
  return count < 0 ? QueueFull(name_, limits_.jobs) : absl::OkStatus();
}

absl::StatusOr<int64_t> RedisWorkQueue::RedriveAll(absl::string_view reason) {
  for (int64_t total = 0;;) {
    ASSIGN_OR_RETURN(const int64_t count, RedriveSome(reason, kDeadAtOnce, std::nullopt));
    total += count;
    if (count < kDeadAtOnce) return total;
  }
}

absl::StatusOr<int64_t> RedisWorkQueue::PurgeDead() {
  for (int64_t total = 0;;) {
    ASSIGN_OR_RETURN(const Reply reply, Run(redis::kPurge, {absl::StrCat(kDeadAtOnce)}));
    total += reply.value().integer();
    if (reply.value().integer() < kDeadAtOnce) return total;
  }
}

absl::Status RedisWorkQueue::CheckWritable() { return Run(redis::kProbe, {}).status(); }

void RedisWorkQueue::Shutdown() {
  absl::MutexLock lock(&mutex_);
  shut_down_ = true;
}

// ---- Looking --------------------------------------------------------------------------------------

absl::StatusOr<QueueStats> RedisWorkQueue::Stats() {
  ASSIGN_OR_RETURN(const Reply reply, Run(redis::kStats, {}));
  const Value answer = reply.value();
  const absl::Time now = absl::FromUnixMicros(answer[0].integer());
  QueueStats stats;
  stats.ready = answer[1].integer();
  stats.delayed = answer[2].integer();
  stats.leased = answer[3].integer();
  stats.dead = answer[4].integer();
  stats.paused = answer[5].integer() != 0;
  stats.jobs_per_second = answer[6].integer();
  stats.completed = completed_count_;
  const Value heads = answer[7];
  for (size_t i = 0; i < heads.size(); i += 2) {
    const std::optional<StoredJob> job = redis::DecodeJob(heads[i].text());
    if (!job.has_value()) continue;
    stats.oldest_ready =
        std::max(stats.oldest_ready, now - ReadySince(heads[i + 1], job->enqueued));
  }
  return stats;
}

absl::StatusOr<std::vector<JobInfo>> RedisWorkQueue::Peek(std::optional<JobState> state,
                                                          int limit) {
  constexpr JobState kOrder[] = {JobState::kLeased, JobState::kReady, JobState::kDelayed,
                                 JobState::kDead};
  limit = std::min(limit, limits::kPeekJobs);
  std::vector<JobInfo> jobs;
  if (limit < 1) return jobs;
  std::vector<std::string> arguments = {absl::StrCat(limit)};
  std::vector<JobState> states;
  for (size_t i = 0; i < std::size(kOrder); ++i) {
    if (state.has_value() && *state != kOrder[i]) continue;
    arguments.push_back(kStates[i]);
    states.push_back(kOrder[i]);
  }
  ASSIGN_OR_RETURN(const Reply reply, Run(redis::kPeek, arguments));
  for (size_t i = 0; i < states.size(); ++i) {
    if (states[i] == JobState::kReady) {
      AppendReady(reply.value()[i], jobs);
    } else {
      AppendJobs(reply.value()[i], states[i], jobs);
    }
  }
  if (jobs.size() > static_cast<size_t>(limit)) jobs.resize(static_cast<size_t>(limit));
  return jobs;
}

// ---- Healing --------------------------------------------------------------------------------------

absl::StatusOr<int64_t> RedisWorkQueue::Sweep() {
  ASSIGN_OR_RETURN(const std::vector<std::string> orphans, redis::FindOrphans(link_, keys_));
  int64_t healed_count = 0;
  for (size_t i = 0; i < orphans.size(); i += kHealAtOnce) {
    const size_t end = std::min(orphans.size(), i + kHealAtOnce);
    ASSIGN_OR_RETURN(const Reply reply,
                     Run(redis::kHeal, {orphans.begin() + static_cast<ptrdiff_t>(i),
                                        orphans.begin() + static_cast<ptrdiff_t>(end)}));
    healed_count += reply.value().integer();
  }
  return healed_count;
}

void RedisWorkQueue::SweepNowAndThen() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (clock_.AwaitFor(mutex_, absl::Condition(&closing_), options_.sweep)) return;
    }
    const absl::StatusOr<Reply> claimed = Run(redis::kClaimSweep, {Micros(options_.sweep * 3 / 4)});
    // One that fails is made again when it is time; what is wrong with the server others say.
    if (claimed.ok() && claimed->value().integer() == 1) Sweep().IgnoreError();
  }
}

}  // namespace critac::queue
