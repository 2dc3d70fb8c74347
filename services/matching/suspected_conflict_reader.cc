#include "services/matching/suspected_conflict_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/status/error.h"
#include "critac/matching/v1/partner.pb.h"

namespace critac::matching {
namespace {

// The pair of these names; nothing where one is not in the pool.
std::optional<SlotExpert> PairNamed(const Pool& pool, const std::string& request,
                                    const std::string& slot, const std::string& expert) {
  const std::optional<int> slot_row = slot.empty() ? std::nullopt : pool.FindSlot(request, slot);
  const std::optional<int> expert_row = pool.FindExpert(expert);
  if (!slot_row.has_value() || !expert_row.has_value()) return std::nullopt;
  return SlotExpert(*slot_row, *expert_row);
}

}  // namespace

absl::StatusOr<SuspectedConflicts> ReadSuspectedConflicts(journal::Journal& journal,
                                                          const PoolView& view,
                                                          absl::Span<const SlotExpert> pairs) {
  const std::vector<RecordComparison> comparisons = RecordsToCompare(*view.pool, pairs);
  if (comparisons.empty()) return SuspectedConflicts();
  std::vector<int> rows;
  for (const RecordComparison& one : comparisons) {
    rows.push_back(one.own);
    rows.push_back(one.other);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<std::string> names;
  for (const int row : rows) names.push_back(view.pool->experts()[row].name);
  journal::Records reader(journal);
  RETURN_IF_ERROR(reader.ReadAhead(names));
  absl::flat_hash_map<int, v1::Expert> records;
  for (size_t i = 0; i < rows.size(); ++i) {
    absl::StatusOr<v1::Expert> record = reader.Get<v1::Expert>(names[i]);
    if (absl::IsNotFound(record.status())) continue;
    RETURN_IF_ERROR(record.status());
    records[rows[i]] = *std::move(record);
  }
  return FindSuspectedConflicts(*view.pool, comparisons, records, view.identities);
}

absl::StatusOr<SuspectedConflicts> ReadSuspectedConflicts(journal::Journal& journal,
                                                          const PoolView& view, const Plan& plan) {
  std::vector<SlotExpert> pairs;
  for (const PlanUnit& unit : plan.units) pairs.emplace_back(unit.slot, unit.expert);
  return ReadSuspectedConflicts(journal, view, pairs);
}

absl::StatusOr<SuspectedConflicts> ReadSuspectedConflicts(journal::Journal& journal,
                                                          const PoolView& view,
                                                          const std::string& proposal,
                                                          absl::Span<const v1::Assignment> wanted) {
  if (proposal.empty()) return SuspectedConflicts();
  const absl::StatusOr<v1::Proposal> found = journal.Get<v1::Proposal>(proposal);
  if (absl::IsNotFound(found.status())) return SuspectedConflicts();
  RETURN_IF_ERROR(found.status());
  const std::vector<v1::Assignment> named(found->assignments().begin(), found->assignments().end());
  std::vector<SlotExpert> pairs;
  for (const v1::Assignment& one : wanted.empty() ? absl::MakeConstSpan(named) : wanted) {
    const auto pair = PairNamed(*view.pool, found->request(), one.slot(), one.expert());
    if (pair.has_value()) pairs.push_back(*pair);
  }
  return ReadSuspectedConflicts(journal, view, pairs);
}

absl::Status AddSuspectedConflicts(journal::Journal& journal, const PoolView& view, int slot,
                                   v1::RankCandidatesResponse& ranking) {
  std::vector<SlotExpert> pairs;
  std::vector<v1::Candidate*> candidates;
  for (v1::Candidate& candidate : *ranking.mutable_candidates()) {
    const std::optional<int> expert = view.pool->FindExpert(candidate.expert());
    if (!expert.has_value()) continue;
    pairs.emplace_back(slot, *expert);
    candidates.push_back(&candidate);
  }
  ASSIGN_OR_RETURN(const SuspectedConflicts suspected,
                   ReadSuspectedConflicts(journal, view, pairs));
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto found = suspected.find(pairs[i]);
    if (found == suspected.end()) continue;
    candidates[i]->mutable_suspected_conflicts()->Assign(found->second.begin(),
                                                         found->second.end());
  }
  return absl::OkStatus();
}

absl::Status AddSuspectedConflicts(journal::Journal& journal, const PoolView& view,
                                   std::vector<v1::MeetingItem>& items) {
  std::vector<SlotExpert> pairs;
  std::vector<std::pair<SlotExpert, v1::ShortlistCandidate*>> candidates;
  for (v1::MeetingItem& item : items) {
    for (v1::ShortlistSlot& slot : *item.mutable_slots()) {
      for (v1::ShortlistCandidate& candidate : *slot.mutable_candidates()) {
        const auto pair = PairNamed(*view.pool, item.request(), slot.slot(), candidate.expert());
        if (!pair.has_value()) continue;
        pairs.push_back(*pair);
        candidates.emplace_back(*pair, &candidate);
      }
    }
  }
  ASSIGN_OR_RETURN(const SuspectedConflicts suspected,
                   ReadSuspectedConflicts(journal, view, pairs));
  for (const auto& [pair, candidate] : candidates) {
    const auto found = suspected.find(pair);
    if (found == suspected.end()) continue;
    candidate->mutable_suspected_conflicts()->Assign(found->second.begin(), found->second.end());
  }
  return absl::OkStatus();
}

}  // namespace critac::matching
