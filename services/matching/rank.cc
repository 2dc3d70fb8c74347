#include "services/matching/rank.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "services/matching/eligibility.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

bool Better(const RankedExpert& a, const RankedExpert& b) {
  return a.score_e6 != b.score_e6 ? a.score_e6 > b.score_e6 : a.expert < b.expert;
}

// Of a large pool, the rows of those who hold a topic lie in memory far apart, and waiting for them
// takes most of the time. So they are fetched while others are looked at: of the row of an expert what is
// looked at of most of them, and a little later, when it is there, what it refers to.
void FetchAhead(const Pool& pool, const std::vector<int>& holders, size_t i) {
  constexpr size_t kAhead = 16;
  constexpr size_t kLine = 64;
  constexpr size_t kOften = offsetof(ExpertRow, credentials);
  if (i + 2 * kAhead < holders.size()) {
    const auto* row = reinterpret_cast<const char*>(&pool.experts()[holders[i + 2 * kAhead]]);
    for (size_t at = 0; at < kOften; at += kLine) __builtin_prefetch(row + at);
  }
  if (i + kAhead < holders.size()) {
    const ExpertRow& row = pool.experts()[holders[i + kAhead]];
    __builtin_prefetch(row.topics.data());
    __builtin_prefetch(row.services.data());
    __builtin_prefetch(&pool.conflicts_of(row.person));
  }
}

void SetExclusion(const Pool& pool, int slot, int expert, v1::Gate gate, v1::Exclusion& exclusion) {
  exclusion.set_expert(pool.experts()[expert].name);
  exclusion.set_partner(pool.experts()[expert].partner_name);
  exclusion.set_gate(gate);
  AppendReason(pool, slot, expert, gate, *exclusion.mutable_explanation());
}

}  // namespace

TopRanked RankTop(const Pool& pool, int slot, int top) {
  TopRanked ranking;
  // The best so far, the last of them in front.
  std::vector<RankedExpert>& best = ranking.best;
  const auto wanted = static_cast<size_t>(std::max(top, 0));
  // Whoever does not hold the topic is out at that gate or before it.
  const std::vector<int>& holders = pool.holders_of(pool.slots()[slot].topic);
  for (size_t i = 0; i < holders.size(); ++i) {
    FetchAhead(pool, holders, i);
    const int expert = holders[i];
    const Verdict verdict = CheckGates(pool, slot, expert);
    if (!verdict.eligible()) continue;
    ++ranking.eligible_count;
    const bool full = best.size() == wanted;
    if (wanted == 0) continue;
    // Who comes later by name is better with a greater score only.
    const std::optional<int64_t> score =
        ScoreIfAtLeast(pool, slot, expert, verdict.periods, full ? best.front().score_e6 + 1 : 0);
    if (!score.has_value()) continue;
    if (full) {
      std::pop_heap(best.begin(), best.end(), Better);
      best.pop_back();
    }
    best.push_back({expert, *score, verdict.periods});
    std::push_heap(best.begin(), best.end(), Better);
  }
  std::sort(best.begin(), best.end(), Better);
  return ranking;
}

std::vector<RankedExpert> RankEligible(const Pool& pool, int slot, int top) {
  return RankTop(pool, slot, top).best;
}

void SetCandidate(const Pool& pool, int slot, const RankedExpert& ranked, int rank,
                  v1::Candidate& candidate) {
  candidate.set_expert(pool.experts()[ranked.expert].name);
  candidate.set_partner(pool.experts()[ranked.expert].partner_name);
  candidate.set_rank(rank);
  candidate.set_score_e6(ranked.score_e6);
  ExplainScore(pool, slot, ranked.expert, ranked.periods, *candidate.mutable_parts());
  for (std::string& name : pool.PeriodNames(pool.slots()[slot], ranked.periods)) {
    candidate.add_periods(std::move(name));
  }
}

v1::RankCandidatesResponse RankCandidates(const Pool& pool, int slot, const RankOptions& options) {
  v1::RankCandidatesResponse response;
  response.set_slot(pool.slots()[slot].id);
  response.set_policy_version(pool.policy().version());
  const TopRanked ranking = RankTop(pool, slot, options.top);
  const int all = static_cast<int>(pool.experts().size());
  response.set_eligible_count(ranking.eligible_count);
  response.set_excluded_count(all - ranking.eligible_count);
  for (const RankedExpert& ranked : ranking.best) {
    const int rank = response.candidates_size() + 1;
    SetCandidate(pool, slot, ranked, rank, *response.add_candidates());
  }
  if (!options.list_excluded) return response;
  std::vector<std::pair<v1::Gate, int>> excluded;
  for (int expert = 0; expert < all; ++expert) {
    const Verdict verdict = CheckGates(pool, slot, expert);
    if (!verdict.eligible()) excluded.emplace_back(verdict.gate, expert);
  }
  std::sort(excluded.begin(), excluded.end());
  if (excluded.size() > kMostExcluded) excluded.resize(kMostExcluded);
  for (const auto& [gate, expert] : excluded) {
    SetExclusion(pool, slot, expert, gate, *response.add_excluded());
  }
  return response;
}

}  // namespace critac::matching
