#include "services/matching/certificate_methods.h"

#include <utility>
#include <vector>

#include "common/journal/json_text.h"
#include "common/status/error.h"
#include "services/matching/run_certificate.h"
#include "services/matching/run_reader.h"

namespace critac::matching {

void KeepCasesWithin(int64_t most_bytes, v1::SolveRecorded& recorded) {
  if (recorded.proof().cases().empty()) return;
  if (static_cast<int64_t>(journal::ToJsonText(recorded).size()) <= most_bytes) return;
  recorded.mutable_proof()->clear_cases();
}

absl::StatusOr<CertifiedRun> ReadCertifiedRun(journal::Journal& journal, PoolReader& pools,
                                              const std::string& name,
                                              journal::IsWanted is_wanted) {
  ASSIGN_OR_RETURN(RecordedRun recorded, FindRun(journal, name));
  if (!recorded.proof.has_value()) {
    return FailedPrecondition(
        "PRICES_NOT_RECORDED", name,
        "was recorded before the prices of runs were; only later runs have a certificate");
  }
  ASSIGN_OR_RETURN(const std::vector<Snapshot> past,
                   pools.ReadPast({InputOf(recorded)}, is_wanted));
  ASSIGN_OR_RETURN(Pool pool, Pool::Build(past.front().Input()));
  ASSIGN_OR_RETURN(Plan plan, RecordedPlan(pool, recorded.run, *recorded.proof));
  return CertifiedRun{std::move(pool), std::move(plan), std::move(recorded.run)};
}

}  // namespace critac::matching
