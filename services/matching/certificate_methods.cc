#include "services/matching/certificate_methods.h"

#include <utility>
#include <vector>

#include "common/status/error.h"
#include "services/matching/run_certificate.h"
#include "services/matching/run_reader.h"

namespace critac::matching {

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
