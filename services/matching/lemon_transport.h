#ifndef SERVICES_MATCHING_LEMON_TRANSPORT_H_
#define SERVICES_MATCHING_LEMON_TRANSPORT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/matching/transport.h"

// The same problem handed whole to LEMON, a well-known library of flow solvers: a second opinion for
// tests, and the peer of benchmarks. Nothing that is shipped uses it.
namespace critac::matching {

enum class LemonAlgorithm { kNetworkSimplex, kCostScaling };

struct LemonResult {
  int64_t cost = 0;
  // Of solving alone, without building the graph.
  absl::Duration solving;
};

// INTERNAL: no flow meets the demands, which cannot be.
absl::StatusOr<LemonResult> SolveByLemon(const TransportProblem& problem, LemonAlgorithm algorithm);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_LEMON_TRANSPORT_H_
