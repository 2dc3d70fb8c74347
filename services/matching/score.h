#ifndef SERVICES_MATCHING_SCORE_H_
#define SERVICES_MATCHING_SCORE_H_

#include <array>
#include <cstdint>
#include <optional>

#include "critac/matching/v1/match.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/matching/pool.h"

// The score of an eligible expert in a slot: five parts of 0 to 1,000,000 millionths, weighted by
// the policy. All of it is integer arithmetic; quotients are rounded to the nearest, halves up.
//
//   TOPIC_FIT        the level at which the topic is held: awareness 1/3, practitioner 2/3,
//                    expert 1
//   PEER_SIMILARITY  the service most like the agency; of each service the mean of
//                      type    same 1; same community (tribal; campus and school district; sheriff
//                              and constable; all others) 1/2; else 0
//                      size    1 less a seventh for each step between the size bands
//                      region  same state 1; same Census division 2/3; same Census region 1/3;
//                              else 0
//                    What is not known is like nothing. It says how alike two agencies are, never
//                    how large or well known one is: no part of a score is for prestige.
//   RATING           the mean of the expert's ratings and of `rating_prior_count` ratings of
//                    `rating_prior_mean`, from 1 point (0) to 5 points (1)
//   LOAD             the share of capacity left: over the periods in which the expert could start,
//                    or of the assignments open at once, whichever is less
//   DISTANCE         1 where not on site; else `distance_half_km` / (`distance_half_km` +
//                    kilometers); where the distance is not known, 1/2 within the state and 0
//                    elsewhere
namespace critac::matching {

inline constexpr int kScoreParts = 5;

struct Score {
  // Sum of value × share, in millionths; 0 to 1,000,000.
  int64_t total_e6 = 0;
  // In the order of v1::ScorePartKind, from TOPIC_FIT.
  std::array<int64_t, kScoreParts> values_e6{};
};

// Shares in proportion to the weights, in the order of v1::ScorePartKind, that add up to exactly
// 1,000,000: each is rounded down, and the rest goes, one each, to the largest remainders, the
// earlier part first among equals. All weights 0: equal shares. Negative weights count as 0. No sum
// overflows, whatever the weights.
std::array<int64_t, kScoreParts> SharesOf(const v1::Weights& weights);

// The score. `periods` are those of the verdict; without any, the part for load is 0.
Score ScoreOf(const Pool& pool, int slot, int expert, PeriodSet periods);
// The same, of rows that need not be in the pool as they are.
Score ScoreOf(const Pool& pool, const SlotRow& slot, const ExpertRow& expert, PeriodSet periods);

// The total of the same score where it is at least so much; nothing where it is less, which takes
// fewer parts to see.
std::optional<int64_t> ScoreIfAtLeast(const Pool& pool, int slot, int expert, PeriodSet periods,
                                      int64_t least_e6);

// Adds the parts of the same score, with words.
void ExplainScore(const Pool& pool, int slot, int expert, PeriodSet periods,
                  google::protobuf::RepeatedPtrField<v1::ScorePart>& parts);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SCORE_H_
