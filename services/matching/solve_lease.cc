#include "services/matching/solve_lease.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

// How long a wait for another process goes without a look, in case an announcement was lost.
constexpr absl::Duration kLookAgain = absl::Seconds(1);

absl::Status Stopping() {
  return Error(absl::StatusCode::kUnavailable, "STOPPING", "matching stops").ToStatus();
}

absl::Status LeaseLost() {
  return Error(absl::StatusCode::kUnavailable, "SOLVE_LEASE_LOST",
               "the lease to solve ran out before the plan was recorded; nothing was recorded, "
               "make the call again")
      .ToStatus();
}

}  // namespace

SolveLease::Turn::Turn(SolveLease& lease, int64_t place, int64_t number)
    : lease_(lease),
      place_(place),
      number_(number),
      take_time_(lease.clock_.Now()),
      keeper_([this] { Keep(); }) {
  pthread_setname_np(keeper_.native_handle(), "solve-lease");
}

SolveLease::Turn::~Turn() {
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  keeper_.join();
  // Where it cannot be given back it runs out.
  lease_.GiveBack(number_).IgnoreError();
  lease_.LeaveLine(place_);
}

void SolveLease::Turn::Keep() {
  absl::Time next = take_time_ + kRenewEvery;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (lease_.clock_.AwaitUntil(mutex_, absl::Condition(&ended_), next)) return;
    }
    next = lease_.clock_.Now() + kRenewEvery;
    const absl::StatusOr<bool> lasts = lease_.Renew(number_);
    // A database that is away may be back before the lease runs out.
    if (lasts.ok() && !*lasts) return;
  }
}

journal::Guard SolveLease::Turn::guard() const {
  return [&lease = lease_, number = number_](store::Connection& connection) {
    return lease.CheckLasts(connection, number);
  };
}

absl::StatusOr<std::unique_ptr<SolveLease::Turn>> SolveLease::Take(const std::string& who,
                                                                   absl::Time deadline) {
  const int64_t place = JoinLine();
  const absl::Status first = AwaitPlace(place, deadline);
  const absl::StatusOr<int64_t> turn = first.ok() ? TakeFromOthers(who, deadline) : first;
  if (!turn.ok()) {
    LeaveLine(place);
    return turn.status();
  }
  return std::unique_ptr<Turn>(new Turn(*this, place, *turn));
}

absl::Status SolveLease::AwaitPlace(int64_t place, absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    const auto is_over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopping_ || line_.front() == place;
    };
    clock_.AwaitUntil(mutex_, absl::Condition(&is_over), deadline);
    if (line_.front() == place) return absl::OkStatus();
    if (stopping_) return Stopping();
  }
  ASSIGN_OR_RETURN(const Holder holder, Look());
  return UnderWay(holder);
}

absl::StatusOr<int64_t> SolveLease::TakeFromOthers(const std::string& who, absl::Time deadline) {
  std::unique_ptr<store::CommitWatch> watch;
  while (true) {
    ASSIGN_OR_RETURN(const Holder holder, Look());
    const absl::Time now = clock_.Now();
    if (holder.expire_time <= now && now <= deadline) {
      ASSIGN_OR_RETURN(const int64_t turn, TryTake(who));
      if (turn != 0) return turn;
      continue;
    }
    if (now >= deadline) return UnderWay(holder);
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return Stopping();
    }
    if (watch == nullptr) watch = database_.Watch();
    AwaitGivenBack(watch.get(), std::min(deadline, holder.expire_time));
  }
}

void SolveLease::AwaitGivenBack(store::CommitWatch* watch, absl::Time until) {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    if (watch == nullptr) {
      clock_.AwaitUntil(mutex_, absl::Condition(&stopping_), until);
      return;
    }
    watch_ = watch;
  }
  watch->Await(std::clamp(until - clock_.Now(), absl::ZeroDuration(), kLookAgain));
  absl::MutexLock lock(&mutex_);
  watch_ = nullptr;
}

void SolveLease::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  if (watch_ != nullptr) watch_->Wake();
}

size_t SolveLease::line_length() const {
  absl::MutexLock lock(&mutex_);
  return line_.size();
}

int64_t SolveLease::JoinLine() {
  absl::MutexLock lock(&mutex_);
  return line_.emplace_back(++last_place_);
}

void SolveLease::LeaveLine(int64_t place) {
  absl::MutexLock lock(&mutex_);
  line_.erase(std::find(line_.begin(), line_.end(), place));
}

absl::Status SolveLease::UnderWay(const Holder& holder) const {
  // Until then it is renewed, given back, or run out.
  const absl::Duration delay = std::max(holder.expire_time - clock_.Now(), absl::Seconds(1));
  const std::string since =
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", holder.take_time, absl::UTCTimeZone());
  // Nobody has had it yet where others of this process are before this call and about to take it.
  const bool nobody = holder.who.empty();
  // As where a line is full: the program is well, and the same call is made again later.
  Error error(absl::StatusCode::kResourceExhausted, "SOLVE_UNDER_WAY",
              absl::StrCat(nobody ? "others are to solve first"
                                  : absl::StrCat(holder.who, " solves since ", since),
                           ", and one solves at a time; nothing was recorded for this call, make "
                           "it again, or let it wait longer"));
  error.RetryAfter(delay);
  if (!nobody) error.Fact("holder", holder.who).Fact("since", since);
  return error.ToStatus();
}

// ---- The row ------------------------------------------------------------------------------------

absl::StatusOr<SolveLease::Holder> SolveLease::Look() {
  Holder holder;
  RETURN_IF_ERROR(database_.ReadLoosely([&](store::Connection& connection) {
    return connection.Query(
        "SELECT turn, holder, take_time, expire_time FROM solve_lease WHERE id = 1", {},
        [&](const store::Row& row) {
          holder = {row.Int(0), row.Text(1), absl::FromUnixMicros(row.Int(2)),
                    absl::FromUnixMicros(row.Int(3))};
          return absl::OkStatus();
        });
  }));
  return holder;
}

absl::StatusOr<int64_t> SolveLease::TryTake(const std::string& who) {
  const absl::Time now = clock_.Now();
  int64_t turn = 0;
  RETURN_IF_ERROR(database_.Write([&](store::Connection& connection) -> absl::Status {
    turn = 0;
    RETURN_IF_ERROR(
        connection.InsertRows("solve_lease", {"id", "turn", "holder", "take_time", "expire_time"},
                              {{int64_t{1}, int64_t{0}, std::string(), int64_t{0}, int64_t{0}}},
                              store::OnConflict::kIgnore, {"id"}));
    ASSIGN_OR_RETURN(
        const int64_t taken,
        connection.Execute("UPDATE solve_lease SET turn = turn + 1, holder = :p1, take_time = :p2, "
                           "expire_time = :p3 WHERE id = 1 AND expire_time <= :p4",
                           {&who, absl::ToUnixMicros(now), absl::ToUnixMicros(now + kTerm),
                            absl::ToUnixMicros(now)}));
    if (taken == 0) return absl::OkStatus();
    return connection.Query("SELECT turn FROM solve_lease WHERE id = 1", {},
                            [&](const store::Row& row) {
                              turn = row.Int(0);
                              return absl::OkStatus();
                            });
  }));
  return turn;
}

absl::StatusOr<bool> SolveLease::Renew(int64_t turn) {
  const absl::Time now = clock_.Now();
  int64_t renewed = 0;
  RETURN_IF_ERROR(database_.Write([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        renewed,
        connection.Execute("UPDATE solve_lease SET expire_time = :p1 WHERE id = 1 AND "
                           "turn = :p2 AND expire_time > :p3",
                           {absl::ToUnixMicros(now + kTerm), turn, absl::ToUnixMicros(now)}));
    return absl::OkStatus();
  }));
  return renewed > 0;
}

absl::Status SolveLease::GiveBack(int64_t turn) {
  return database_.Write([&](store::Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(
        connection
            .Execute("UPDATE solve_lease SET expire_time = 0 WHERE id = 1 AND turn = :p1", {turn})
            .status());
    return connection.Announce();
  });
}

absl::Status SolveLease::Forget() {
  return database_.Write([&](store::Connection& connection) {
    return connection.Execute("UPDATE solve_lease SET expire_time = 0 WHERE id = 1").status();
  });
}

absl::Status SolveLease::CheckLasts(store::Connection& connection, int64_t turn) const {
  bool lasts = false;
  RETURN_IF_ERROR(connection.QueryForUpdate(
      "SELECT turn, expire_time FROM solve_lease WHERE id = 1", {}, [&](const store::Row& row) {
        lasts = row.Int(0) == turn && absl::FromUnixMicros(row.Int(1)) > clock_.Now();
        return absl::OkStatus();
      }));
  return lasts ? absl::OkStatus() : LeaseLost();
}

}  // namespace critac::matching
