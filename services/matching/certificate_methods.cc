#include "services/matching/certificate_methods.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/calendar.h"
#include "common/journal/json_text.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "services/matching/run_certificate.h"
#include "services/matching/run_reader.h"

namespace critac::matching {

absl::StatusOr<CertifiedRun> ReadCertifiedRun(journal::Journal& journal, PoolReader& pools,
                                              const std::string& name) {
  ASSIGN_OR_RETURN(RecordedRun recorded, FindRun(journal, name));
  v1::SolveRecorded payload;
  RETURN_IF_ERROR(Annotate(journal::FromJsonText(recorded.event.payload(), payload), name));
  if (!payload.has_proof()) {
    return FailedPrecondition(
        "PRICES_NOT_RECORDED", name,
        "was recorded before the prices of runs were; only later runs have a certificate");
  }
  PastMoment moment = InputOf(recorded);
  // That of the decision, which may have been recorded after midnight.
  if (const auto day = ParseDate(payload.proof().date()); day.has_value()) moment.day = *day;
  ASSIGN_OR_RETURN(const std::vector<Snapshot> past, pools.ReadPast({moment}));
  ASSIGN_OR_RETURN(Pool pool, Pool::Build(past.front().Input()));
  ASSIGN_OR_RETURN(Plan plan, RecordedPlan(pool, recorded.run, payload.proof()));
  return CertifiedRun{std::move(pool), std::move(plan), std::move(recorded.run)};
}

}  // namespace critac::matching
