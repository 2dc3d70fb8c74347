#ifndef SERVICES_MATCHING_BIND_H_
#define SERVICES_MATCHING_BIND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/server/binding.h"

namespace critac::matching {

// Binds matching into a process: PartnerService, MatchService, EngagementService; the workers of the
// queues "match", "sync" and "offers" with their reconcilers.
absl::StatusOr<std::unique_ptr<server::BoundService>> BindMatching(
    server::Environment& environment);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_BIND_H_
