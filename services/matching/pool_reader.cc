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

BusinessCalendar CalendarOf(const intake::v1::Catalog& catalog) {
  absl::flat_hash_set<absl::CivilDay> closed;
  for (const intake::v1::CatalogEntry& entry : catalog.entries()) {
    const auto day = ParseDate(entry.holiday().date());
    if (entry.has_holiday() && day.has_value()) closed.insert(*day);
  }
  return BusinessCalendar(std::move(closed));
}

std::shared_ptr<const std::vector<v1::Demand>> CopyOf(absl::Span<const v1::Demand> demands) {
  return std::make_shared<const std::vector<v1::Demand>>(demands.begin(), demands.end());
}

std::shared_ptr<const absl::flat_hash_map<std::string, v1::Proposal>> StandingOf(
    absl::Span<const v1::Proposal> proposals) {
  auto by_name = std::make_shared<absl::flat_hash_map<std::string, v1::Proposal>>();
  for (const v1::Proposal& proposal : proposals) (*by_name)[proposal.name()] = proposal;
  return by_name;
}

bool IsOpen(const v1::Demand& demand) {
  return demand.state() == v1::DEMAND_STATE_OPEN || demand.state() == v1::DEMAND_STATE_OFFERED;
}

// By the same rules as PresentRecords.
void Take(const std::string& collection, const Message& state, Snapshot& snapshot) {
  if (collection == "policies") {
    const auto& policy = static_cast<const v1::Policy&>(state);
    if (IsInForce(policy)) snapshot.policy = policy;
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
  for (const v1::Demand& demand : *demands) {
    if (demand.request() == request) return &demand;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const Solved>> PoolView::Solve(const Clock& clock) const {
  absl::MutexLock lock(&solve_mutex_);
  if (solved_ == nullptr) {
    const absl::Time begin = clock.Now();
    ASSIGN_OR_RETURN(Solved solved, SolveAndCheck(*pool, policy.version(), clock));
    solved_ = std::make_shared<const Solved>(std::move(solved));
    solve_took_ = clock.Now() - begin;
  }
  return solved_;
}

absl::Duration PoolView::SolveTook() const {
  absl::MutexLock lock(&solve_mutex_);
  return solve_took_;
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
  return ReadOf(std::move(catalog));
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::ReadInHand() {
  return ReadOf(intake_.CatalogInHand());
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::ReadOf(
    std::shared_ptr<const intake::v1::Catalog> catalog) {
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
  {
    absl::MutexLock lock(&mutex_);
    before = last_;
  }
  ASSIGN_OR_RETURN(view, ReadAnew(catalog, today, before.get()));
  absl::MutexLock lock(&mutex_);
  last_ = view;
  last_catalog_ = std::move(catalog);
  return view;
}

absl::StatusOr<Snapshot> PoolReader::ReadPresent() {
  Snapshot snapshot;
  ASSIGN_OR_RETURN(snapshot.catalog, intake_.GetCatalog());
  snapshot.today = DayOf(clock_.Now());
  // With the texts of the vault: two records of experts with an address in common are one person.
  ASSIGN_OR_RETURN(const journal::Position position,
                   journal_.ReadSelected(PresentRecords(), true,
                                         [&](const std::string& collection, const Message& state) {
                                           Take(collection, state, snapshot);
                                         }));
  snapshot.sequence = position.sequence;
  return snapshot;
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
      sequences, PoolCollections(), true,
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
    std::shared_ptr<const intake::v1::Catalog> catalog, absl::CivilDay today,
    const PoolView* before) {
  RETURN_IF_ERROR(records_.Update(journal_));
  const RecordChanges& changes = records_.changes();
  PoolInput input = records_.Input();
  input.today = today;
  input.catalog = catalog.get();
  auto view = std::make_shared<PoolView>();
  const bool is_whole = before == nullptr || changes.is_whole;
  const auto uses_of = [this](absl::string_view owner) {
    reading_mutex_.AssertHeld();
    return records_.UsesOf(owner);
  };
  ASSIGN_OR_RETURN(Pool pool, is_whole
                                  ? Pool::Build(input)
                                  : Pool::Update(*before->pool, input, {changes.owners, uses_of}));
  view->pool = std::make_unique<const Pool>(std::move(pool));
  view->today = today;
  view->calendar = CalendarOf(*catalog);
  view->catalog = std::move(catalog);
  view->sequence = records_.sequence();
  view->revision = records_.revision();
  view->gates_revision = records_.gates_revision();
  view->policy = records_.policy();
  view->identities.assign(input.identities.begin(), input.identities.end());
  view->demands = is_whole || changes.demands ? CopyOf(records_.demands()) : before->demands;
  view->standing =
      is_whole || changes.proposals ? StandingOf(records_.proposals()) : before->standing;
  // After an error they are not forgotten: the last view is then older than the records.
  records_.ForgetChanges();
  return view;
}

}  // namespace critac::matching
