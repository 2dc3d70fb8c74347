#include "services/matching/overtaken_plan.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/matching/assign.h"
#include "services/matching/eligibility.h"
#include "services/matching/period.h"
#include "services/matching/plan_use.h"

namespace critac::matching {
namespace {

using DemandsByRequest = absl::flat_hash_map<std::string, const v1::Demand*>;

DemandsByRequest ByRequest(absl::Span<const v1::Demand> demands) {
  DemandsByRequest by_request;
  for (const v1::Demand& demand : demands) by_request[demand.request()] = &demand;
  return by_request;
}

v1::DroppedRequest Dropped(const std::string& request, v1::DropReason reason,
                           const v1::Assignment& about = v1::Assignment()) {
  v1::DroppedRequest dropped;
  dropped.set_request(request);
  dropped.set_reason(reason);
  dropped.set_slot(about.slot());
  dropped.set_expert(about.expert());
  return dropped;
}

// An assignment in the pool; nothing where its expert could not be planned so.
std::optional<PlanUnit> UnitOf(const Pool& pool, const std::string& request,
                               const v1::Assignment& one) {
  const std::optional<int> slot = pool.FindSlot(request, one.slot());
  const std::optional<int> expert = pool.FindExpert(one.expert());
  const std::optional<Period> period = ParsePeriod(one.period());
  if (!slot.has_value() || !expert.has_value() || !period.has_value()) return std::nullopt;
  if (pool.experts()[*expert].partner_name != one.partner()) return std::nullopt;
  if (period->length != PeriodOf(pool.period_length(), 0).length) return std::nullopt;
  const Verdict verdict = CheckGates(pool, *slot, *expert);
  const int64_t place = int64_t{period->number} - pool.slots()[*slot].first_period;
  if (!verdict.eligible() || place < 0 || place >= kPeriodsPerSlot ||
      (verdict.periods >> place & 1) == 0) {
    return std::nullopt;
  }
  return PlanUnit{*slot, *expert, period->number, one.score_e6()};
}

// Finds those changes of an outcome that stand.
class StandingFinder {
 public:
  StandingFinder(const PlanOutcome& outcome, absl::Span<const v1::Demand> planned, const Pool& pool,
                 absl::Span<const v1::Demand> demands,
                 const absl::flat_hash_map<std::string, v1::Proposal>& standing)
      : outcome_(outcome),
        pool_(pool),
        standing_(standing),
        were_(ByRequest(planned)),
        are_(ByRequest(demands)) {}

  StandingPart Find() {
    FindKept();
    for (const ProposalChange& change : outcome_.changes) TryByItself(change);
    while (DropWhatHasNoRoom()) {
    }
    for (const Candidate& one : candidates_) part_.changes.push_back(*one.change);
    std::sort(part_.dropped.begin(), part_.dropped.end(),
              [](const auto& a, const auto& b) { return a.request() < b.request(); });
    return std::move(part_);
  }

 private:
  // A change, and its assignments in the order that it has them in.
  struct Candidate {
    const ProposalChange* change = nullptr;
    std::vector<PlanUnit> units;
  };

  void FindKept() {
    absl::flat_hash_map<std::string, std::string> request_of;
    for (const auto& [request, demand] : were_) request_of[demand->proposal()] = request;
    for (const std::string& name : outcome_.kept) {
      const auto found = standing_.find(name);
      if (found == standing_.end()) {
        part_.dropped.push_back(Dropped(request_of[name], v1::DROP_REASON_REQUEST_CHANGED));
      } else if (const v1::Assignment* out = FirstOut(found->second); out != nullptr) {
        part_.dropped.push_back(Dropped(found->second.request(), v1::DROP_REASON_OUT, *out));
      } else {
        part_.kept.push_back(name);
      }
    }
  }

  // The first whom the proposal could not have any more; null: it could have all.
  const v1::Assignment* FirstOut(const v1::Proposal& proposal) const {
    for (const v1::Assignment& one : proposal.assignments()) {
      if (!UnitOf(pool_, proposal.request(), one).has_value()) return &one;
    }
    return nullptr;
  }

  // Whether the change stands as far as its own request and experts go.
  void TryByItself(const ProposalChange& change) {
    const std::string& request = change.proposal.request();
    const auto was = were_.find(request);
    const auto is = are_.find(request);
    if (was == were_.end() || is == are_.end() ||
        !google::protobuf::util::MessageDifferencer::Equals(*was->second, *is->second)) {
      part_.dropped.push_back(Dropped(request, v1::DROP_REASON_REQUEST_CHANGED));
      return;
    }
    Candidate candidate{&change, {}};
    for (const v1::Assignment& one : change.proposal.assignments()) {
      const std::optional<PlanUnit> unit = UnitOf(pool_, request, one);
      if (!unit.has_value()) {
        part_.dropped.push_back(Dropped(request, v1::DROP_REASON_OUT, one));
        return;
      }
      candidate.units.push_back(*unit);
    }
    candidates_.push_back(std::move(candidate));
  }

  // Adds what a proposal that goes on standing has, but for those whom it could not have any more.
  void AddStanding(const v1::Proposal& proposal, PlanUse& use) const {
    for (const v1::Assignment& one : proposal.assignments()) {
      const std::optional<PlanUnit> unit = UnitOf(pool_, proposal.request(), one);
      if (unit.has_value()) use.Add(*unit);
    }
  }

  // Adds a candidate; nothing where there is no room for all of it, and then `full` is the first without.
  bool AddIfRoom(const Candidate& candidate, PlanUse& use, size_t& full) const {
    for (size_t i = 0; i < candidate.units.size(); ++i) {
      if (use.HasRoom(candidate.units[i])) {
        use.Add(candidate.units[i]);
        continue;
      }
      full = i;
      while (i-- > 0) use.Remove(candidate.units[i]);
      return false;
    }
    return true;
  }

  // Whether a candidate was dropped. Then the proposal from before goes on standing for its request, so that those
  // before it may have no room either.
  bool DropWhatHasNoRoom() {
    PlanUse use(pool_);
    absl::flat_hash_set<std::string> superseded;
    for (const Candidate& one : candidates_) superseded.insert(one.change->supersedes);
    for (const auto& [name, proposal] : standing_) {
      if (!superseded.contains(name)) AddStanding(proposal, use);
    }
    std::vector<Candidate> left;
    for (Candidate& one : candidates_) {
      size_t full = 0;
      if (AddIfRoom(one, use, full)) {
        left.push_back(std::move(one));
        continue;
      }
      const v1::Proposal& proposal = one.change->proposal;
      part_.dropped.push_back(Dropped(proposal.request(), v1::DROP_REASON_NO_ROOM,
                                      proposal.assignments(static_cast<int>(full))));
      const auto before = standing_.find(one.change->supersedes);
      if (before != standing_.end()) AddStanding(before->second, use);
    }
    const bool has_dropped = left.size() < candidates_.size();
    candidates_ = std::move(left);
    return has_dropped;
  }

  const PlanOutcome& outcome_;
  const Pool& pool_;
  const absl::flat_hash_map<std::string, v1::Proposal>& standing_;
  const DemandsByRequest were_;
  const DemandsByRequest are_;
  std::vector<Candidate> candidates_;
  StandingPart part_;
};

}  // namespace

StandingPart StandingPartOf(const PlanOutcome& outcome, absl::Span<const v1::Demand> planned,
                            const Pool& pool, absl::Span<const v1::Demand> demands,
                            const absl::flat_hash_map<std::string, v1::Proposal>& standing) {
  return StandingFinder(outcome, planned, pool, demands, standing).Find();
}

}  // namespace critac::matching
