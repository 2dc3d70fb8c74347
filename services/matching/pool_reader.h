#ifndef SERVICES_MATCHING_POOL_READER_H_
#define SERVICES_MATCHING_POOL_READER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/calendar.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/intake_client.h"
#include "services/matching/pool.h"
#include "services/matching/record_follower.h"
#include "services/matching/snapshot.h"
#include "services/matching/solve.h"

namespace critac::matching {

// Everything a decision of matching rests on, at one position of the journal. Never changes; shared
// by all who decide meanwhile, and in parts with the views before and after it. It has no texts of
// the vault: it outlives a purge, which is no event.
struct PoolView {
  std::unique_ptr<const Pool> pool;
  v1::Policy policy;
  absl::CivilDay today;
  // Of which the pool was made.
  std::shared_ptr<const intake::v1::Catalog> catalog;
  BusinessCalendar calendar;
  // Open for matching, by name.
  std::shared_ptr<const std::vector<v1::Demand>> demands;
  // What was decided on who is who; without the reasons.
  std::vector<v1::Identity> identities;
  // Standing proposals by name.
  std::shared_ptr<const absl::flat_hash_map<std::string, v1::Proposal>> standing;
  // The solver's input was this when the view was read, and of it what the gates up to conflicts of
  // interest rest on.
  int64_t revision = 0;
  int64_t gates_revision = 0;
  int64_t sequence = 0;

  // The demand of a request; null: it is not open for matching.
  const v1::Demand* FindDemand(absl::string_view request) const;

  // The plan of the pool, solved and checked when it is first asked for. Thread-safe.
  absl::StatusOr<std::shared_ptr<const Solved>> Solve(const Clock& clock) const;
  // How long that took whoever asked first; none where nobody did. Thread-safe.
  absl::Duration SolveTook() const;

 private:
  mutable absl::Mutex solve_mutex_;
  mutable absl::Duration solve_took_ ABSL_GUARDED_BY(solve_mutex_);
  mutable std::shared_ptr<const Solved> solved_ ABSL_GUARDED_BY(solve_mutex_);
};

// ABORTED, reason INPUTS_CHANGED: what a command rests on has changed since its view was read.
absl::Status InputsChanged();

// A moment of the past: right after an event, on a day.
struct PastMoment {
  int64_t sequence = 0;
  absl::CivilDay day;
  // What was then and is in no record. Nothing: it was not kept.
  std::optional<v1::ProofOutside> outside;
};

// Reads views and snapshots. Thread-safe. Blocks on intake for the catalog.
class PoolReader {
 public:
  PoolReader(journal::Journal& journal, IntakeClient& intake, const Clock& clock)
      : journal_(journal), intake_(intake), clock_(clock) {}

  // A view of the journal as it is now; one that was read before where nothing changed since. After a change what
  // changed is read, and what rests on it is made anew (Pool::Update); those who ask at once wait for one of them to do
  // so, since each would take as much time and memory.
  absl::StatusOr<std::shared_ptr<const PoolView>> Read();

  // The same of the catalog in hand, so that intake is not waited for. Only after one of the others has given a view.
  absl::StatusOr<std::shared_ptr<const PoolView>> ReadInHand();

  // A view whose gates up to conflicts of interest are those of now; offers and capacities may be
  // older. So it seldom has to be read, and seldom asks intake.
  absl::StatusOr<std::shared_ptr<const PoolView>> ReadGates();

  // The records themselves as they are now.
  absl::StatusOr<Snapshot> ReadPresent();

  // The records as they were at some moments, in ascending order of their events, from the journal
  // applied anew: each holds what a view read then held. Texts purged since are empty. The catalog,
  // which is intake's, is that of now, but for what a moment has of then (run_outside.h). CANCELLED:
  // `is_wanted`, asked now and then, said no.
  absl::StatusOr<std::vector<Snapshot>> ReadPast(
      absl::Span<const PastMoment> moments, journal::IsWanted is_wanted = journal::AlwaysWanted);

  const Clock& clock() const { return clock_; }

 private:
  absl::StatusOr<std::shared_ptr<const PoolView>> ReadOf(
      std::shared_ptr<const intake::v1::Catalog> catalog);
  // What the last view was read of; nothing is on record: of nothing.
  absl::StatusOr<v1::SolverInputs> ReadInputs();
  // The last view; null: something changed since.
  absl::StatusOr<std::shared_ptr<const PoolView>> FindLast(
      const std::shared_ptr<const intake::v1::Catalog>& catalog, absl::CivilDay today);
  // `before` is the last view; null: there is none.
  absl::StatusOr<std::shared_ptr<const PoolView>> ReadAnew(
      std::shared_ptr<const intake::v1::Catalog> catalog, absl::CivilDay today,
      const PoolView* before) ABSL_EXCLUSIVE_LOCKS_REQUIRED(reading_mutex_);

  journal::Journal& journal_;
  IntakeClient& intake_;
  const Clock& clock_;

  // Held by whoever reads a view anew; taken before `mutex_`.
  absl::Mutex reading_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  // What the last view was made of, and what changed since.
  RecordFollower records_ ABSL_GUARDED_BY(reading_mutex_);
  absl::Mutex mutex_;
  std::shared_ptr<const PoolView> last_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const intake::v1::Catalog> last_catalog_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POOL_READER_H_
