#ifndef SERVICES_MATCHING_EXPLAIN_H_
#define SERVICES_MATCHING_EXPLAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/forcing.h"
#include "services/matching/pool.h"
#include "services/matching/rank.h"

namespace critac::matching {

// Explains pairs of one pool and plan, many of them in little time: the ranks of a slot and what prices are read
// from are found once, and memory is used again. Not for several threads at once.
class Explainer {
 public:
  // They must outlive it. The plan may be null, as below. `allowance`: for all prices that take a plan made anew.
  Explainer(const Pool& pool, const Plan* plan, const ProofAllowance& allowance = {})
      : pool_(pool), plan_(plan), allowance_(allowance) {}

  // As ExplainMatch; what was in `response` is gone. It is quickest slot by slot.
  void Explain(int slot, int expert, absl::Span<const std::string> hidden,
               v1::ExplainMatchResponse& response);

  // Appends the summary alone.
  void AppendSummary(int slot, int expert, absl::Span<const std::string> hidden, std::string& text);

 private:
  bool IsAssigned(int slot, int expert) const;
  // Of an eligible expert, from 1 for the best; `ranked_` is of that slot then.
  int RankOf(int slot, int expert);
  // What it would cost to have an eligible expert in a slot, or why that is not said. Without a plan neither.
  struct Forced {
    std::optional<ForcedPlan> plan;
    v1::NoForcingPrice why_not = v1::NO_FORCING_PRICE_UNSPECIFIED;
  };
  Forced ForcedBy(int slot, int expert);
  void AppendEligible(int slot, int expert, absl::Span<const std::string> hidden, int rank,
                      const Forced& forced, std::string& text) const;
  void AppendWhyNotInPlan(int slot, int expert, absl::Span<const std::string> hidden,
                          const Forced& forced, std::string& text) const;
  void AppendWhyNoPrice(v1::NoForcingPrice why_not, std::string& text) const;

  const Pool& pool_;
  const Plan* const plan_;
  const ProofAllowance allowance_;
  // Made when the first price is asked for.
  std::optional<Forcing> forcing_;
  int ranked_slot_ = -1;
  std::vector<RankedExpert> ranked_;
};

// Says of one expert and one slot why, or why not: gates, parts of the score, rank, whether the plan has it, and a
// summary in plain sentences. With a plan it also says what the plan does with the slot, what putting this expert
// there would cost or why that is not said, and who would lose. Without one (null), `assigned` is what the standing
// proposal has. Other requests that are `hidden` from who asks, sorted, are not named.
v1::ExplainMatchResponse ExplainMatch(const Pool& pool, const Plan* plan, int slot, int expert,
                                      absl::Span<const std::string> hidden = {});

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_EXPLAIN_H_
