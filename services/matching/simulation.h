#ifndef SERVICES_MATCHING_SIMULATION_H_
#define SERVICES_MATCHING_SIMULATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/snapshot.h"

namespace critac::matching {

// Solves a snapshot as it was and as it was changed, has both plans checked, and says what differs:
// a whole answer to Simulate, but for `recorded`. `clock` times the runs. Each plan has its
// certificate, as far as there is room left of `certificate_bytes`, from which it is taken
// (AddCertificateOfSeveral); nullptr: none is made.
absl::StatusOr<v1::SimulateResponse> Simulate(const Snapshot& unchanged, const Snapshot& changed,
                                              const Clock& clock,
                                              int64_t* certificate_bytes = nullptr);

// Whether a run made anew has the figures of the one recorded: requests, people, pairs, objective.
bool IsReproduced(const v1::SolveRun& recorded, const v1::SolveRun& anew);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SIMULATION_H_
