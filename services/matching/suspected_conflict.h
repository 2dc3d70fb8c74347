#ifndef SERVICES_MATCHING_SUSPECTED_CONFLICT_H_
#define SERVICES_MATCHING_SUSPECTED_CONFLICT_H_

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/pool.h"

// Conflicts of interest that would be an expert's if two records were one person, which nobody has decided yet. They
// keep nobody out: that is for a person to say, who has to be told. Pure.
namespace critac::matching {

// A slot and an expert, as rows of a pool.
using SlotExpert = std::pair<int, int>;

// What is said of a pair at most, each about another person.
inline constexpr size_t kMostSuspectedConflicts = 3;

// Of pairs, those of which something is to be said.
using SuspectedConflicts = absl::flat_hash_map<SlotExpert, std::vector<v1::SuspectedConflict>>;

// Two records to be compared for a pair: one of the expert's person, and one of another person, whose conflicts of
// interest leave no day to start in the slot. Rows of the pool.
struct RecordComparison {
  SlotExpert pair;
  int own = 0;
  int other = 0;

  friend auto operator<=>(const RecordComparison&, const RecordComparison&) = default;
};

// All there are for some pairs, by pair, then by record. Only who has to do with an agency of the pair's request is in
// them, so they are few, however many experts there are.
std::vector<RecordComparison> RecordsToCompare(const Pool& pool,
                                               absl::Span<const SlotExpert> pairs);

// What is suspected of the pairs. `records` has the experts' records by row with the texts of the vault, `identities`
// what is decided. A record that is not there, or whose name was purged, is suspected of nothing; nor are two persons
// of whom any records were said to be two.
SuspectedConflicts FindSuspectedConflicts(const Pool& pool,
                                          absl::Span<const RecordComparison> comparisons,
                                          const absl::flat_hash_map<int, v1::Expert>& records,
                                          absl::Span<const v1::Identity> identities);

// Puts what is suspected of assignments for a request beside them, in the place of what was there.
void SetSuspectedConflicts(const Pool& pool, absl::string_view request,
                           const SuspectedConflicts& suspected, v1::Assignment& assignment);

// Puts what is suspected of a pair beside an explanation of it, and in its words: of the gate, and of the summary.
void SetSuspectedConflicts(absl::Span<const v1::SuspectedConflict> suspected,
                           v1::ExplainMatchResponse& response);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SUSPECTED_CONFLICT_H_
