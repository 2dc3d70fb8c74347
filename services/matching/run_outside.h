#ifndef SERVICES_MATCHING_RUN_OUTSIDE_H_
#define SERVICES_MATCHING_RUN_OUTSIDE_H_

#include "absl/types/span.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool.h"
#include "services/matching/snapshot.h"

// What a pool takes from outside the records of matching's journal: intake's catalog, and addresses of
// experts, which may be purged. It is kept with a run, so that the run can be made again. Pure.
namespace critac::matching {

// What the pool, made of these demands and this catalog, has from outside: only of its own slots, and of
// addresses only which records they make one person.
v1::ProofOutside OutsideOf(const Pool& pool, absl::Span<const v1::Demand> demands,
                           const intake::v1::Catalog& catalog);

// Puts what was kept in the place of what the snapshot has. Entries of its catalog that are not among what
// was kept stay, for slots that a simulation adds; records that were one person are one, whatever else
// joins records.
void TakeOutside(const v1::ProofOutside& outside, Snapshot& snapshot);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RUN_OUTSIDE_H_
