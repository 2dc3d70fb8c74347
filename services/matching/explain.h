#ifndef SERVICES_MATCHING_EXPLAIN_H_
#define SERVICES_MATCHING_EXPLAIN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// Says of one expert and one slot why, or why not: gates, parts of the score, rank, whether the
// plan has it, and a summary in plain sentences. With a plan it also says what the plan does with
// the slot, what putting this expert there would cost, and who would lose. Without one (null), `assigned` is what
// the standing proposal has. Other requests that are `hidden` from who asks, sorted, are not named.
v1::ExplainMatchResponse ExplainMatch(const Pool& pool, const Plan* plan, int slot, int expert,
                                      absl::Span<const std::string> hidden = {});

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_EXPLAIN_H_
