#ifndef SERVICES_MATCHING_CERTIFICATE_METHODS_H_
#define SERVICES_MATCHING_CERTIFICATE_METHODS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// A run with the problem it solved and its plan and prices, as recorded.
struct CertifiedRun {
  Pool pool;
  Plan plan;
  v1::SolveRun run;
};

// Leaves the cases out of what is recorded of a run where they make it larger than so many bytes of JSON: then only
// its `case_count` says that they were gone through, and the run can be recorded. Without cases nothing is changed.
void KeepCasesWithin(int64_t most_bytes, v1::SolveRecorded& recorded);

// Reads one: the problem from the records as they were, and from the event of the run what was not in
// them, plan and prices; solves nothing, and has the plan checked. NOT_FOUND: no such run. FAILED_PRECONDITION:
// PRICES_NOT_RECORDED, its event has none; RUN_NOT_REPRODUCED, see RecordedPlan. CANCELLED: `is_wanted`,
// asked now and then, said no.
absl::StatusOr<CertifiedRun> ReadCertifiedRun(journal::Journal& journal, PoolReader& pools,
                                              const std::string& name,
                                              journal::IsWanted is_wanted = journal::AlwaysWanted);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_CERTIFICATE_METHODS_H_
