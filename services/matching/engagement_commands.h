#ifndef SERVICES_MATCHING_ENGAGEMENT_COMMANDS_H_
#define SERVICES_MATCHING_ENGAGEMENT_COMMANDS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/civil_time.h"
#include "common/journal/command.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "services/matching/pool_reader.h"

// The commands of an engagement, and the import of past ones.
namespace critac::matching {

// What a delivery is held against beside the records.
struct DeliveryBasis {
  std::shared_ptr<const intake::v1::Catalog> catalog;
  // Tells which records of experts are one person.
  std::shared_ptr<const PoolView> view;
  // Requests that the caller must not see, sorted.
  std::vector<std::string> hidden;
};

// Records a delivery (see CheckDelivery, CheckDay, CheckType, CheckSameDay), with an id of its own. `partner` is the
// caller's, empty for those who may do so for any. Answers with the engagement. NOT_FOUND: no such engagement, or
// another partner's.
journal::Decide RecordDelivery(std::string name, std::string partner, v1::Delivery delivery,
                               DeliveryBasis basis);

// Puts `delivery` in the place of the one with an id, with a reason (see CheckAmendment; CheckType and CheckSameDay of
// what is changed). Answers with the engagement. NOT_FOUND as of RecordDelivery. INVALID_ARGUMENT: it has no such
// delivery. ABORTED, reason ETAG_MISMATCH: the engagement has changed since `etag`.
journal::Decide AmendDelivery(std::string name, std::string partner, std::string id,
                              v1::Delivery delivery, std::string reason, std::string etag,
                              DeliveryBasis basis);

// Says that a slot will not be delivered. Answers with the engagement.
journal::Decide WaiveSlot(std::string name, std::string partner, std::string slot,
                          std::string reason);

// Draws up the next version of the plan (see NextPlan); a partner does so where it leads. Answers with the engagement.
// ABORTED, reason ETAG_MISMATCH: the engagement has changed since `etag`. PERMISSION_DENIED, reason NOT_LEAD_PARTNER.
journal::Decide DrawUpPlan(std::string name, std::string partner, std::string etag,
                           v1::EngagementPlan plan);

// Says that a milestone of a version of the plan is reached (see ReachedMilestone), today where no day is said. Answers
// with the engagement.
journal::Decide ReachMilestone(std::string name, std::string partner, int version,
                               std::string milestone, std::optional<absl::CivilDay> date);

// Says that an expert is lost (see ReleaseOf); a partner says so of its own. Answers with the engagement.
// FAILED_PRECONDITION, reason PAST_RECORD: nobody was sought for it here, and nobody is.
journal::Decide ReleaseExpert(std::string name, std::string partner, std::string slot,
                              std::string expert, v1::ExpertLossCode code, std::string reason);

// Says that nothing is left to tell intake.
journal::Decide Settle(std::string name);

// Records past engagements, keyed by their external ids; `requests` are those they belong to, by
// external id. A row may have the versions of its plan (see PastPlans); one that is on record without
// them is refused, as it would change nothing. Answers with the outcome of each row. With
// `validate_only` nothing is recorded.
journal::Decide ImportEngagements(std::vector<v1::PastEngagement> rows,
                                  absl::flat_hash_map<std::string, intake::v1::Request> requests,
                                  bool validate_only);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ENGAGEMENT_COMMANDS_H_
