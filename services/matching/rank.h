#ifndef SERVICES_MATCHING_RANK_H_
#define SERVICES_MATCHING_RANK_H_

#include <cstddef>
#include <vector>

#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool.h"

namespace critac::matching {

// An eligible expert of a slot.
struct RankedExpert {
  int expert = 0;
  int64_t score_e6 = 0;
  PeriodSet periods = 0;
};

struct TopRanked {
  // Best first, those of the same score by name.
  std::vector<RankedExpert> best;
  // All who are eligible.
  int eligible_count = 0;
};

// The `top` best of a slot's eligible experts; negative: none. Most of many are not scored as a
// whole, only as far as shows that they are not among the best.
TopRanked RankTop(const Pool& pool, int slot, int top);

// The best alone.
std::vector<RankedExpert> RankEligible(const Pool& pool, int slot, int top);

// Makes an empty candidate one of them, with the parts of its score in words. `rank` is 1 for the best.
// `full_name` is left empty: the pool holds no names of people.
void SetCandidate(const Pool& pool, int slot, const RankedExpert& ranked, int rank,
                  v1::Candidate& candidate);

struct RankOptions {
  // Most candidates. Negative: none.
  int top = 10;
  // List the excluded; they are counted in any case.
  bool list_excluded = true;
};

// Excluded experts that an answer lists at most, so that it can be sent however large the pool is.
inline constexpr size_t kMostExcluded = 1000;

// The answer to RankCandidates: the `top` best, and the excluded by gate and name with the reason, the
// first kMostExcluded.
v1::RankCandidatesResponse RankCandidates(const Pool& pool, int slot, const RankOptions& options);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RANK_H_
