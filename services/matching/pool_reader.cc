#include "services/matching/pool_reader.h"

#include <algorithm>
#include <utility>

#include "common/status/error.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/matching_states.h"
#include "services/matching/run_outside.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;

// What snapshots are made of.
const std::vector<std::string>& Collections() {
  static const auto& collections =
      *new std::vector<std::string>{"policies",   "solver",     "partners", "experts", "conflicts",
                                    "identities", "capacities", "demands",  "offers",  "proposals"};
  return collections;
}

// Of these, what a snapshot of the present holds; what is over is left out, by the same rules as in Take.
const std::vector<journal::Selection>& Present() {
  static const auto& selections = *[] {
    auto* const all = new std::vector<journal::Selection>();
    for (const std::string& collection : Collections()) all->push_back({collection});
    for (journal::Selection& one : *all) {
      if (one.collection == "demands") {
        one.condition = {"state IN (:p1, :p2)",
                         {int64_t{v1::DEMAND_STATE_OPEN}, int64_t{v1::DEMAND_STATE_OFFERED}}};
      } else if (one.collection == "offers") {
        one.condition = {"state = :p1", {int64_t{v1::OFFER_STATE_OPEN}}};
      } else if (one.collection == "proposals") {
        one.condition = {"state = :p1", {int64_t{v1::PROPOSAL_STATE_OPEN}}};
      }
    }
    return all;
  }();
  return selections;
}

BusinessCalendar CalendarOf(const intake::v1::Catalog& catalog) {
  absl::flat_hash_set<absl::CivilDay> closed;
  for (const intake::v1::CatalogEntry& entry : catalog.entries()) {
    const auto day = ParseDate(entry.holiday().date());
    if (entry.has_holiday() && day.has_value()) closed.insert(*day);
  }
  return BusinessCalendar(std::move(closed));
}

bool IsOpen(const v1::Demand& demand) {
  return demand.state() == v1::DEMAND_STATE_OPEN || demand.state() == v1::DEMAND_STATE_OFFERED;
}

void Take(const std::string& collection, const Message& state, Snapshot& snapshot) {
  if (collection == "policies") {
    const auto& policy = static_cast<const v1::Policy&>(state);
    // The one in force stands there twice, under its version and as the current one; only the latter,
    // and no state, where it was recorded before policies had versions on record.
    const bool in_force = policy.state() == v1::POLICY_STATE_IN_FORCE ||
                          policy.state() == v1::POLICY_STATE_UNSPECIFIED;
    if (in_force) snapshot.policy = policy;
  } else if (collection == "solver") {
    const auto& inputs = static_cast<const v1::SolverInputs&>(state);
    snapshot.revision = inputs.revision();
    snapshot.gates_revision = inputs.gates_revision();
  } else if (collection == "partners") {
    snapshot.partners.push_back(static_cast<const v1::Partner&>(state));
  } else if (collection == "experts") {
    snapshot.experts.push_back(static_cast<const v1::Expert&>(state));
  } else if (collection == "conflicts") {
    snapshot.conflicts.push_back(static_cast<const v1::Conflict&>(state));
  } else if (collection == "identities") {
    snapshot.identities.push_back(static_cast<const v1::Identity&>(state));
  } else if (collection == "capacities") {
    snapshot.uses.push_back(static_cast<const v1::CapacityUse&>(state));
  } else if (collection == "demands") {
    const auto& demand = static_cast<const v1::Demand&>(state);
    if (IsOpen(demand)) snapshot.demands.push_back(demand);
  } else if (collection == "offers") {
    const auto& offer = static_cast<const v1::Offer&>(state);
    if (offer.state() == v1::OFFER_STATE_OPEN) snapshot.held.push_back(offer.assignment());
  } else if (collection == "proposals") {
    const auto& proposal = static_cast<const v1::Proposal&>(state);
    if (proposal.state() == v1::PROPOSAL_STATE_OPEN) snapshot.proposals.push_back(proposal);
  }
}

}  // namespace

const v1::Demand* PoolView::FindDemand(absl::string_view request) const {
  for (const v1::Demand& demand : demands) {
    if (demand.request() == request) return &demand;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const Solved>> PoolView::Solve(const Clock& clock) const {
  absl::MutexLock lock(&solve_mutex_);
  if (solved_ == nullptr) {
    ASSIGN_OR_RETURN(Solved solved, SolveAndCheck(*pool, policy.version(), clock));
    solved_ = std::make_shared<const Solved>(std::move(solved));
  }
  return solved_;
}

absl::Status InputsChanged() {
  return Error(absl::StatusCode::kAborted, "INPUTS_CHANGED",
               "partners, experts, requests or offers changed meanwhile; read again and redo")
      .ToStatus();
}

absl::StatusOr<v1::SolverInputs> PoolReader::ReadInputs() {
  auto inputs = journal_.Get<v1::SolverInputs>(kSolverInputs);
  if (absl::IsNotFound(inputs.status())) return v1::SolverInputs();
  return inputs;
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::ReadGates() {
  const absl::CivilDay today = DayOf(clock_.Now());
  ASSIGN_OR_RETURN(const v1::SolverInputs inputs, ReadInputs());
  {
    absl::MutexLock lock(&mutex_);
    if (last_ != nullptr && last_->gates_revision == inputs.gates_revision() &&
        last_->today == today) {
      return last_;
    }
  }
  return Read();
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::FindLast(
    const std::shared_ptr<const intake::v1::Catalog>& catalog, absl::CivilDay today) {
  ASSIGN_OR_RETURN(const v1::SolverInputs inputs, ReadInputs());
  absl::MutexLock lock(&mutex_);
  const bool same = last_ != nullptr && last_->revision == inputs.revision() &&
                    last_->today == today && last_catalog_ == catalog;
  return same ? last_ : nullptr;
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::Read() {
  ASSIGN_OR_RETURN(std::shared_ptr<const intake::v1::Catalog> catalog, intake_.GetCatalog());
  const absl::CivilDay today = DayOf(clock_.Now());
  ASSIGN_OR_RETURN(std::shared_ptr<const PoolView> view, FindLast(catalog, today));
  if (view != nullptr) return view;
  // A large one takes a while to be freed, for which nobody should wait.
  std::shared_ptr<const PoolView> before;
  absl::MutexLock reading(&reading_mutex_);
  // Who was before may have read it, of the catalog that is in hand by now: when one has aged, each who comes meanwhile
  // asks for it anew.
  catalog = intake_.CatalogInHand();
  ASSIGN_OR_RETURN(view, FindLast(catalog, today));
  if (view != nullptr) return view;
  ASSIGN_OR_RETURN(view, ReadAnew(catalog, today));
  absl::MutexLock lock(&mutex_);
  before = std::exchange(last_, view);
  last_catalog_ = std::move(catalog);
  return view;
}

absl::StatusOr<Snapshot> PoolReader::ReadNow(std::shared_ptr<const intake::v1::Catalog> catalog,
                                             absl::CivilDay today) {
  Snapshot snapshot;
  snapshot.today = today;
  snapshot.catalog = std::move(catalog);
  // With the texts of the vault: two records of experts with an address in common are one person.
  ASSIGN_OR_RETURN(const journal::Position position,
                   journal_.ReadSelected(Present(), true,
                                         [&](const std::string& collection, const Message& state) {
                                           Take(collection, state, snapshot);
                                         }));
  snapshot.sequence = position.sequence;
  return snapshot;
}

absl::StatusOr<Snapshot> PoolReader::ReadPresent() {
  ASSIGN_OR_RETURN(std::shared_ptr<const intake::v1::Catalog> catalog, intake_.GetCatalog());
  return ReadNow(std::move(catalog), DayOf(clock_.Now()));
}

absl::StatusOr<std::vector<Snapshot>> PoolReader::ReadPast(absl::Span<const PastMoment> moments,
                                                           journal::IsWanted is_wanted) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const intake::v1::Catalog> catalog, intake_.GetCatalog());
  std::vector<Snapshot> snapshots;
  std::vector<int64_t> sequences;
  for (const PastMoment& moment : moments) {
    Snapshot& snapshot = snapshots.emplace_back();
    snapshot.sequence = moment.sequence;
    snapshot.today = moment.day;
    snapshot.catalog = catalog;
    sequences.push_back(moment.sequence);
  }
  size_t at = 0;
  RETURN_IF_ERROR(journal_.ReadAllAsOf(
      sequences, Collections(), true,
      [&](int64_t sequence, const std::string& collection, const Message& state) {
        while (snapshots[at].sequence != sequence) ++at;
        Take(collection, state, snapshots[at]);
      },
      is_wanted));
  for (size_t i = 0; i < moments.size(); ++i) {
    if (moments[i].outside.has_value()) TakeOutside(*moments[i].outside, snapshots[i]);
  }
  return snapshots;
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::ReadAnew(
    std::shared_ptr<const intake::v1::Catalog> catalog, absl::CivilDay today) {
  ASSIGN_OR_RETURN(Snapshot snapshot, ReadNow(catalog, today));
  auto view = std::make_shared<PoolView>();
  ASSIGN_OR_RETURN(Pool pool, Pool::Build(snapshot.Input()));
  view->pool = std::make_unique<const Pool>(std::move(pool));
  view->today = today;
  view->calendar = CalendarOf(*catalog);
  view->catalog = std::move(catalog);
  view->sequence = snapshot.sequence;
  view->revision = snapshot.revision;
  view->gates_revision = snapshot.gates_revision;
  view->policy = std::move(snapshot.policy);
  view->demands = std::move(snapshot.demands);
  for (v1::Proposal& proposal : snapshot.proposals) {
    const std::string name = proposal.name();
    view->standing[name] = std::move(proposal);
  }
  return view;
}

}  // namespace critac::matching
