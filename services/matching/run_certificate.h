#ifndef SERVICES_MATCHING_RUN_CERTIFICATE_H_
#define SERVICES_MATCHING_RUN_CERTIFICATE_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/base/limits.h"
#include "critac/matching/v1/certificate.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

// The certificate of a run: what is recorded of its proof, how the plan is had again from that, and
// what an outsider is given to check it with. Pure.
namespace critac::matching {

// What proves a plan of this pool, without what the pool has from outside the records (run_outside.h).
v1::SolveProof ProofOf(const Pool& pool, const Plan& plan);

// The plan of a run as it was recorded, with its prices and cases, checked anew (CheckPlan) and not
// solved. It has no `network`, and no cases where none were recorded. FAILED_PRECONDITION,
// RUN_NOT_REPRODUCED: it does not hold in this pool, which is not the one that the run was made from.
absl::StatusOr<Plan> RecordedPlan(const Pool& pool, const v1::SolveRun& run,
                                  const v1::SolveProof& proof);

// Hands the certificate of a plan of this pool to `write`, part after part, until that returns false.
// A part with `part_bytes` or more is handed on.
void WriteCertificate(const Pool& pool, const Plan& plan, const v1::SolveRun& run,
                      absl::FunctionRef<bool(const v1::GetCertificateResponse&)> write,
                      int64_t part_bytes = limits::kEventBytesPerMessage);

// Puts the certificate of a plan of this pool beside its figures, where it takes at most so many bytes; without its
// cases, where they alone make it larger. Otherwise `no_certificate` says that it is too large.
void AddCertificate(const Pool& pool, const Plan& plan, int64_t most_bytes, v1::SolveRun& run);

// The same in an answer with several, which together have `bytes_left` left and take what they need of it: where it has
// room for no more, only the cases are left out, or the whole, and `no_certificate` says that the answer is full.
void AddCertificateOfSeveral(const Pool& pool, const Plan& plan, int64_t most_bytes,
                             int64_t& bytes_left, v1::SolveRun& run);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RUN_CERTIFICATE_H_
