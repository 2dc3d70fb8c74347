#include "services/matching/simulation.h"

#include <tuple>
#include <utility>

#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "services/matching/plan_difference.h"
#include "services/matching/proposal.h"
#include "services/matching/run_certificate.h"
#include "services/matching/solve.h"

namespace critac::matching {
namespace {

void AddRequests(const Pool& pool, const Plan& plan, v1::SimulateResponse& response) {
  for (int demand = 0; demand < static_cast<int>(pool.demands().size()); ++demand) {
    v1::PlannedRequest& planned = *response.add_requests();
    planned.set_request(pool.demands()[demand].request);
    for (v1::Assignment& assignment : AssignmentsOf(pool, plan, demand)) {
      // ExplainMatch has the parts; here they would make an answer that does not fit a message.
      assignment.clear_parts();
      *planned.add_assignments() = std::move(assignment);
    }
    for (v1::OpenSlot& open : OpenSlotsOf(pool, plan, demand)) {
      *planned.add_open_slots() = std::move(open);
    }
  }
}

auto FiguresOf(const v1::SolveRun& run) {
  return std::make_tuple(run.request_count(), run.unit_count(), run.assigned_count(),
                         run.pair_count(), run.objective());
}

}  // namespace

absl::StatusOr<v1::SimulateResponse> Simulate(const Snapshot& unchanged, const Snapshot& changed,
                                              const Clock& clock, int64_t* certificate_bytes) {
  ASSIGN_OR_RETURN(const Pool before, Pool::Build(unchanged.Input()));
  ASSIGN_OR_RETURN(const Pool after, Pool::Build(changed.Input()));
  ASSIGN_OR_RETURN(const Solved was, SolveAndCheck(before, unchanged.policy.version(), clock));
  ASSIGN_OR_RETURN(const Solved is, SolveAndCheck(after, changed.policy.version(), clock));
  v1::SimulateResponse response;
  response.set_sequence(unchanged.sequence);
  response.set_date(FormatDate(unchanged.today));
  *response.mutable_before() = was.run;
  *response.mutable_after() = is.run;
  *response.mutable_difference() = DifferenceOf(before, was.plan, after, is.plan);
  AddRequests(after, is.plan, response);
  if (certificate_bytes != nullptr) {
    constexpr int64_t kMostBytes = limits::kAnswerCertificateBytes;
    AddCertificateOfSeveral(before, was.plan, kMostBytes, *certificate_bytes,
                            *response.mutable_before());
    AddCertificateOfSeveral(after, is.plan, kMostBytes, *certificate_bytes,
                            *response.mutable_after());
  }
  return response;
}

bool IsReproduced(const v1::SolveRun& recorded, const v1::SolveRun& anew) {
  return FiguresOf(recorded) == FiguresOf(anew);
}

}  // namespace critac::matching
