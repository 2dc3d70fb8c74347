#include "services/matching/pool_reader.h"

#include <algorithm>

#include "common/status/error.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/matching_states.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;

// The states a pool is made of.
struct States {
  std::vector<v1::Partner> partners;
  std::vector<v1::Expert> experts;
  std::vector<v1::Conflict> conflicts;
  std::vector<v1::Identity> identities;
  std::vector<v1::CapacityUse> uses;
  std::vector<v1::Assignment> held;
  std::vector<v1::Proposal> proposals;
};

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

void Take(const std::string& collection, const Message& state, PoolView& view, States& states) {
  if (collection == "policies") {
    view.policy = static_cast<const v1::Policy&>(state);
  } else if (collection == "solver") {
    view.revision = static_cast<const v1::SolverInputs&>(state).revision();
  } else if (collection == "partners") {
    states.partners.push_back(static_cast<const v1::Partner&>(state));
  } else if (collection == "experts") {
    states.experts.push_back(static_cast<const v1::Expert&>(state));
  } else if (collection == "conflicts") {
    states.conflicts.push_back(static_cast<const v1::Conflict&>(state));
  } else if (collection == "identities") {
    states.identities.push_back(static_cast<const v1::Identity&>(state));
  } else if (collection == "capacities") {
    states.uses.push_back(static_cast<const v1::CapacityUse&>(state));
  } else if (collection == "demands") {
    const auto& demand = static_cast<const v1::Demand&>(state);
    if (IsOpen(demand)) view.demands.push_back(demand);
  } else if (collection == "offers") {
    const auto& offer = static_cast<const v1::Offer&>(state);
    if (offer.state() == v1::OFFER_STATE_OPEN) states.held.push_back(offer.assignment());
  } else if (collection == "proposals") {
    const auto& proposal = static_cast<const v1::Proposal&>(state);
    if (proposal.state() == v1::PROPOSAL_STATE_OPEN) states.proposals.push_back(proposal);
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

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::Read() {
  ASSIGN_OR_RETURN(std::shared_ptr<const intake::v1::Catalog> catalog, intake_.GetCatalog());
  const absl::CivilDay today = DayOf(clock_.Now());
  const auto inputs = journal_.Get<v1::SolverInputs>(kSolverInputs);
  if (!inputs.ok() && inputs.status().code() != absl::StatusCode::kNotFound) return inputs.status();
  const int64_t revision = inputs.ok() ? inputs->revision() : 0;
  {
    absl::MutexLock lock(&mutex_);
    if (last_ != nullptr && last_->revision == revision && last_->today == today &&
        last_catalog_ == catalog) {
      return last_;
    }
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const PoolView> view, ReadAnew(catalog, today));
  absl::MutexLock lock(&mutex_);
  last_ = view;
  last_catalog_ = std::move(catalog);
  return view;
}

absl::StatusOr<std::shared_ptr<const PoolView>> PoolReader::ReadAnew(
    std::shared_ptr<const intake::v1::Catalog> catalog, absl::CivilDay today) {
  auto view = std::make_shared<PoolView>();
  view->today = today;
  view->calendar = CalendarOf(*catalog);
  States states;
  // With the texts of the vault: two records of experts with an address in common are one person.
  ASSIGN_OR_RETURN(const journal::Position position,
                   journal_.ReadAll({"policies", "solver", "partners", "experts", "conflicts",
                                     "identities", "capacities", "demands", "offers", "proposals"},
                                    true, [&](const std::string& collection, const Message& state) {
                                      Take(collection, state, *view, states);
                                    }));
  view->sequence = position.sequence;
  PoolInput input;
  input.today = today;
  input.policy = &view->policy;
  input.catalog = catalog.get();
  input.partners = states.partners;
  input.experts = states.experts;
  input.conflicts = states.conflicts;
  input.identities = states.identities;
  input.demands = view->demands;
  input.uses = states.uses;
  input.held = states.held;
  input.proposals = states.proposals;
  ASSIGN_OR_RETURN(Pool pool, Pool::Build(input));
  view->pool = std::make_unique<const Pool>(std::move(pool));
  for (v1::Proposal& proposal : states.proposals) {
    const std::string name = proposal.name();
    view->standing[name] = std::move(proposal);
  }
  for (const v1::Expert& expert : states.experts) {
    view->full_names[expert.name()] = expert.full_name();
  }
  return view;
}

}  // namespace critac::matching
