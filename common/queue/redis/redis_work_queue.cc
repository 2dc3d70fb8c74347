#include "common/queue/redis/redis_work_queue.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
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
                           "ready:high", "ready:normal", "ready:low", "waiting"}) {
    keys.push_back(absl::StrCat("critac:{", name, "}:", part));
  }
  return keys;
}

constexpr size_t kTokenBytes = 16;
// For how long one who waits is known beyond his next look.
constexpr absl::Duration kLate = absl::Seconds(1);

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

// Of a lease, or of what else must not be guessed or met twice; 0 is nobody's.
std::string NewToken(IdSource& ids) { return TokenText(std::max<uint64_t>(ids.NextBits(), 1)); }

// A job that was handed out; nothing where that is no record of one: it has no key to tell by, and
// its lease runs out until it is given up.
void AppendLease(absl::string_view record, int attempt, absl::string_view token, absl::Time expires,
                 std::vector<Lease>& leases) {
  std::optional<StoredJob> job = redis::DecodeJob(record);
  uint64_t number = 0;
  if (!job.has_value() || !absl::SimpleHexAtoi(token, &number)) return;
  leases.push_back({.key = std::move(job->key),
                    .token = number,
                    .attempt = attempt,
                    .expires = expires,
                    .trace = std::move(job->trace),
                    .enqueued = job->enqueued});
}

// What reserve.lua answers.
std::vector<Lease> LeasesIn(const Value& answer, absl::string_view token, absl::Time expires) {
  std::vector<Lease> leases;
  const Value records = answer[1];
  leases.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    AppendLease(records[i].text(), static_cast<int>(answer[2][i].integer()), token, expires,
                leases);
  }
  return leases;
}

// What the scripts tell one who waits, behind the token: " ATTEMPT LENGTH RECORD" of each job.
std::vector<Lease> LeasesIn(absl::string_view jobs, absl::string_view token, absl::Time expires) {
  std::vector<Lease> leases;
  while (absl::ConsumePrefix(&jobs, " ")) {
    const size_t first = jobs.find(' ');
    const size_t second = first == absl::string_view::npos ? first : jobs.find(' ', first + 1);
    int attempt = 0;
    size_t length = 0;
    if (second == absl::string_view::npos || !absl::SimpleAtoi(jobs.substr(0, first), &attempt) ||
        !absl::SimpleAtoi(jobs.substr(first + 1, second - first - 1), &length) ||
        jobs.size() - second - 1 < length) {
      break;
    }
    AppendLease(jobs.substr(second + 1, length), attempt, token, expires, leases);
    jobs.remove_prefix(second + 1 + length);
  }
  return leases;
}

// Adds leases of jobs of which there is none yet: what was told may also have been answered.
void AddNew(std::vector<Lease> more, std::vector<Lease>& leases) {
  if (leases.empty()) {
    leases = std::move(more);
    return;
  }
  for (Lease& lease : more) {
    const bool known = std::any_of(leases.begin(), leases.end(),
                                   [&lease](const Lease& one) { return one.key == lease.key; });
    if (!known) leases.push_back(std::move(lease));
  }
}

// Leases as the scripts take them: id and token of each.
void AppendLeases(absl::Span<const Lease> leases, std::vector<std::string>& arguments) {
  arguments.reserve(arguments.size() + 2 * leases.size());
  for (const Lease& lease : leases) {
    arguments.push_back(redis::JobId(lease.key));
    arguments.push_back(TokenText(lease.token));
  }
}

// Adds which jobs wait first, and which are derived, as enqueue.lua reads it; `place` is that of the
// first job.
void AppendOptions(absl::Span<const NewJob> jobs, size_t place, std::string& options) {
  for (const NewJob& job : jobs) {
    if (job.delay > absl::ZeroDuration() || job.derived) {
      absl::StrAppend(&options, place, " ", Micros(job.delay), " ", job.derived ? 1 : 0, ";");
    }
    ++place;
  }
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
      put_links_{{{route_, options.link, clock, ids}, {route_, options.link, clock, ids}}},
      ear_name_(NewToken(ids)),
      ear_(
          route_, options.link.sockets, absl::StrCat(keys_[kMetaKey], ":", ear_name_),
          [this](absl::string_view message) { Heard(message); }, clock, ids) {
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

absl::StatusOr<Reply> RedisWorkQueue::RunOn(redis::Link& link, const Script& script,
                                            absl::Span<const absl::string_view> arguments) {
  const std::string shift = Micros(options_.clock_shift());
  std::vector<absl::string_view> all = {shift, settings_};
  all.reserve(2 + arguments.size());
  all.insert(all.end(), arguments.begin(), arguments.end());
  return link.Run(script, keys_, all);
}

absl::StatusOr<Reply> RedisWorkQueue::Run(const Script& script,
                                          const std::vector<std::string>& arguments) {
  return RunOn(link_, script, std::vector<absl::string_view>(arguments.begin(), arguments.end()));
}

// ---- Putting in -----------------------------------------------------------------------------------

absl::StatusOr<int64_t> RedisWorkQueue::Enqueue(absl::Span<const NewJob> jobs) {
  RETURN_IF_ERROR(CheckNewJobs(jobs));
  if (jobs.empty()) return 0;
  const absl::Time now = clock_.Now();
  Put put = {.jobs = jobs, .words = {}};
  put.words.reserve(2 * jobs.size());
  for (const NewJob& job : jobs) {
    put.words.push_back(redis::JobId(job.key));
    put.words.push_back(redis::EncodeJob(job, now));
  }
  puts_.Do(put, static_cast<int64_t>(jobs.size()),
           [this](int lane, absl::Span<Put* const> puts) { PutAll(lane, puts); });
  return std::move(put.result);
}

void RedisWorkQueue::PutAll(int lane, absl::Span<Put* const> puts) {
  std::string sizes;
  std::string options;
  size_t place = 1;
  for (const Put* const put : puts) {
    absl::StrAppend(&sizes, put->jobs.size(), " ");
    AppendOptions(put->jobs, place, options);
    place += put->jobs.size();
  }
  std::vector<absl::string_view> arguments = {sizes, options};
  arguments.reserve(2 * place);
  for (const Put* const put : puts) {
    arguments.insert(arguments.end(), put->words.begin(), put->words.end());
  }
  const absl::StatusOr<Reply> reply =
      RunOn(put_links_.at(static_cast<size_t>(lane)), redis::kEnqueue, arguments);
  for (size_t i = 0; i < puts.size(); ++i) {
    if (!reply.ok()) {
      puts[i]->result = reply.status();
      continue;
    }
    const int64_t count = reply->value()[i].integer();
    if (count >= 0) {
      puts[i]->result = count;
    } else if (count == -1) {
      puts[i]->result = QueueFull(name_, limits_.jobs);
    } else {
      const auto refused = static_cast<size_t>(-count - 2);
      puts[i]->result = SameId(refused < puts[i]->jobs.size() ? puts[i]->jobs[refused].key : "");
    }
  }
}

// ---- Handing out ----------------------------------------------------------------------------------

absl::StatusOr<RedisWorkQueue::Handed> RedisWorkQueue::Look(const Waiting& waiting, bool waits) {
  const absl::Time before = clock_.Now();
  const absl::Duration known = waits ? options_.look + kLate : absl::ZeroDuration();
  ASSIGN_OR_RETURN(
      const Reply reply,
      Run(redis::kReserve, {absl::StrCat(waiting.max), Micros(waiting.lease), waiting.token,
                            ear_name_, Micros(known), waiting.looked ? "again" : "first"}));
  const Value answer = reply.value();
  const int64_t wait_us = answer[0].integer();
  return Handed{
      .leases = LeasesIn(answer, waiting.token, before + waiting.lease),
      .nothing_until = wait_us < 0 ? absl::InfiniteFuture() : before + absl::Microseconds(wait_us)};
}

absl::StatusOr<std::vector<Lease>> RedisWorkQueue::Reserve(int max, absl::Duration lease,
                                                           absl::Duration wait,
                                                           const std::stop_token& stop) {
  RETURN_IF_ERROR(CheckReserve(max, lease));
  RETURN_IF_ERROR(LeaveForTheGone());
  // Taking the mutex makes those who wait on it look at their conditions again.
  const std::stop_callback wake(stop, [this] { absl::MutexLock look_again(&mutex_); });
  const absl::Time deadline = clock_.Now() + wait;
  Waiting waiting = {
      .token = NewToken(ids_), .max = std::min(max, limits::kReserveJobs), .lease = lease};
  const absl::Cleanup forget = [this, &waiting] {
    absl::MutexLock lock(&mutex_);
    waiting_.erase(waiting.token);
  };
  for (;;) {
    const absl::Time now = clock_.Now();
    int64_t missed = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (shut_down_ || stop.stop_requested()) break;
      missed = missed_;
      waiting.since = now;
      waiting.told = false;
      waiting_[waiting.token] = &waiting;
    }
    absl::StatusOr<Handed> handed = Look(waiting, now < deadline);
    waiting.looked = true;
    absl::MutexLock lock(&mutex_);
    if (!handed.ok()) {
      // The server may have understood, and have handed something out.
      gone_.push_back(waiting);
      return handed.status();
    }
    AddNew(std::move(handed->leases), waiting.leases);
    const absl::Time until = std::min({deadline, handed->nothing_until, now + options_.look});
    const auto has_news = [this, &stop, &waiting, missed] {
      mutex_.AssertHeld();
      return shut_down_ || stop.stop_requested() || missed_ != missed || waiting.told ||
             !waiting.leases.empty();
    };
    if (now < deadline) clock_.AwaitUntil(mutex_, absl::Condition(&has_news), until);
    if (shut_down_ || stop.stop_requested()) break;
    if (now >= deadline || !waiting.leases.empty()) return std::move(waiting.leases);
  }
  {
    absl::MutexLock lock(&mutex_);
    waiting_.erase(waiting.token);
  }
  if (waiting.looked && !Leave(waiting).ok()) {
    absl::MutexLock lock(&mutex_);
    gone_.push_back(waiting);
  }
  return std::vector<Lease>();
}

// Nothing more is handed to one who has waited; what was, is given back.
absl::Status RedisWorkQueue::Leave(const Waiting& waiting) {
  ASSIGN_OR_RETURN(const Reply reply,
                   Run(redis::kReserve, {absl::StrCat(waiting.max), Micros(waiting.lease),
                                         waiting.token, ear_name_, "0", "leave"}));
  std::vector<Lease> leases = waiting.leases;
  AddNew(LeasesIn(reply.value(), waiting.token, absl::InfinitePast()), leases);
  GiveBack(leases);
  return absl::OkStatus();
}

// The same for those whose last call did not come through.
absl::Status RedisWorkQueue::LeaveForTheGone() {
  std::vector<Waiting> gone;
  {
    absl::MutexLock lock(&mutex_);
    gone.swap(gone_);
  }
  for (; !gone.empty(); gone.pop_back()) {
    const absl::Status left = Leave(gone.back());
    if (left.ok()) continue;
    absl::MutexLock lock(&mutex_);
    gone_.insert(gone_.end(), gone.begin(), gone.end());
    return left;
  }
  return absl::OkStatus();
}

void RedisWorkQueue::GiveBack(absl::Span<const Lease> leases) {
  // One that cannot be given back comes back when its lease runs out.
  for (const Lease& lease : leases) Release(lease).IgnoreError();
}

void RedisWorkQueue::Heard(absl::string_view message) {
  std::vector<Lease> leases;
  {
    absl::MutexLock lock(&mutex_);
    if (message.empty()) {
      ++missed_;
      return;
    }
    const std::string token(message.substr(0, kTokenBytes));
    const auto found = waiting_.find(token);
    Waiting* const waiting = found == waiting_.end() ? nullptr : found->second;
    const absl::Time expires =
        waiting == nullptr ? absl::InfinitePast() : waiting->since + waiting->lease;
    leases = LeasesIn(message.substr(token.size()), token, expires);
    if (waiting != nullptr) {
      waiting->told = true;
      AddNew(std::move(leases), waiting->leases);
      return;
    }
  }
  // His look may have found them before this was heard, and who called has them in hand: the script knows.
  for (const Lease& lease : leases) EndOne(redis::kRelease, lease, {"told"}).IgnoreError();
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
