#ifndef SERVICES_MATCHING_SUSPECTED_CONFLICT_READER_H_
#define SERVICES_MATCHING_SUSPECTED_CONFLICT_READER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/meeting.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool_reader.h"
#include "services/matching/suspected_conflict.h"

// Finds what is suspected of experts who are about to be proposed, approved or shown (suspected_conflict.h). Names
// are in the vault and not in a view of the pool, so the records that are compared are read, which are those of the
// experts meant and of whom a conflict of interest keeps from their requests.
namespace critac::matching {

// Of some pairs, which need not be eligible.
absl::StatusOr<SuspectedConflicts> ReadSuspectedConflicts(journal::Journal& journal,
                                                          const PoolView& view,
                                                          absl::Span<const SlotExpert> pairs);

// Of whom a plan has where.
absl::StatusOr<SuspectedConflicts> ReadSuspectedConflicts(journal::Journal& journal,
                                                          const PoolView& view, const Plan& plan);

// Of what is about to be decided on a proposal: of `wanted`, or, where that is empty, of those it names. Nothing where
// there is no such proposal; slots and experts that are not in the view are passed over.
absl::StatusOr<SuspectedConflicts> ReadSuspectedConflicts(journal::Journal& journal,
                                                          const PoolView& view,
                                                          const std::string& proposal,
                                                          absl::Span<const v1::Assignment> wanted);

// Puts it beside the candidates of a ranking for a slot.
absl::Status AddSuspectedConflicts(journal::Journal& journal, const PoolView& view, int slot,
                                   v1::RankCandidatesResponse& ranking);

// Puts it beside the candidates of shortlists.
absl::Status AddSuspectedConflicts(journal::Journal& journal, const PoolView& view,
                                   std::vector<v1::MeetingItem>& items);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SUSPECTED_CONFLICT_READER_H_
