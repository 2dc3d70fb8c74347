#include "services/matching/rank.h"

#include <algorithm>
#include <string>

#include "services/matching/eligibility.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

bool Better(const RankedExpert& a, const RankedExpert& b) {
  return a.score_e6 != b.score_e6 ? a.score_e6 > b.score_e6 : a.expert < b.expert;
}

v1::Exclusion ExclusionOf(const Pool& pool, int slot, int expert) {
  ExplainedVerdict explained = ExplainGates(pool, slot, expert);
  v1::Exclusion exclusion;
  exclusion.set_expert(pool.experts()[expert].name);
  exclusion.set_partner(pool.experts()[expert].partner_name);
  exclusion.set_gate(explained.verdict.gate);
  exclusion.set_explanation(std::move(*explained.gates.back().mutable_explanation()));
  return exclusion;
}

}  // namespace

std::vector<RankedExpert> RankEligible(const Pool& pool, int slot, int top) {
  std::vector<RankedExpert> ranked;
  // Whoever does not hold the topic is out at that gate or before it.
  for (const int expert : pool.holders_of(pool.slots()[slot].topic)) {
    const Verdict verdict = CheckGates(pool, slot, expert);
    if (!verdict.eligible()) continue;
    const Score score = ScoreOf(pool, slot, expert, verdict.periods);
    ranked.push_back({expert, score.total_e6, verdict.periods});
  }
  const int sorted = std::clamp(top, 0, static_cast<int>(ranked.size()));
  std::partial_sort(ranked.begin(), ranked.begin() + sorted, ranked.end(), Better);
  return ranked;
}

v1::Candidate CandidateOf(const Pool& pool, int slot, const RankedExpert& ranked, int rank) {
  v1::Candidate candidate;
  candidate.set_expert(pool.experts()[ranked.expert].name);
  candidate.set_partner(pool.experts()[ranked.expert].partner_name);
  candidate.set_rank(rank);
  candidate.set_score_e6(ranked.score_e6);
  for (v1::ScorePart& part : ExplainScore(pool, slot, ranked.expert, ranked.periods)) {
    *candidate.add_parts() = std::move(part);
  }
  for (std::string& name : pool.PeriodNames(pool.slots()[slot], ranked.periods)) {
    candidate.add_periods(std::move(name));
  }
  return candidate;
}

v1::RankCandidatesResponse RankCandidates(const Pool& pool, int slot, const RankOptions& options) {
  v1::RankCandidatesResponse response;
  response.set_slot(pool.slots()[slot].id);
  response.set_policy_version(pool.policy().version());
  const std::vector<RankedExpert> ranked = RankEligible(pool, slot, options.top);
  const int all = static_cast<int>(pool.experts().size());
  const int eligible = static_cast<int>(ranked.size());
  response.set_eligible_count(eligible);
  response.set_excluded_count(all - eligible);
  for (int i = 0; i < std::min(options.top, eligible); ++i) {
    *response.add_candidates() = CandidateOf(pool, slot, ranked[i], i + 1);
  }
  if (!options.list_excluded) return response;
  std::vector<v1::Exclusion> excluded;
  for (int expert = 0; expert < all; ++expert) {
    if (CheckGates(pool, slot, expert).eligible()) continue;
    excluded.push_back(ExclusionOf(pool, slot, expert));
  }
  std::stable_sort(
      excluded.begin(), excluded.end(),
      [](const v1::Exclusion& a, const v1::Exclusion& b) { return a.gate() < b.gate(); });
  for (v1::Exclusion& exclusion : excluded) *response.add_excluded() = std::move(exclusion);
  return response;
}

}  // namespace critac::matching
