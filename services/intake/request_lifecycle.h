#ifndef SERVICES_INTAKE_REQUEST_LIFECYCLE_H_
#define SERVICES_INTAKE_REQUEST_LIFECYCLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "critac/type/v1/options.pb.h"
#include "services/intake/catalog_view.h"

// A request's life: a table, and functions that follow it. The service, the actions offered for a
// request, GetLifecycle, the import of past requests, the documentation and the tests all read the
// same table. Pure.
namespace critac::intake {

// One row of the table.
struct LifecycleRule {
  v1::RequestAction action;
  std::vector<v1::RequestState> from;
  // UNSPECIFIED: the state the request was in before it was asked, or held.
  v1::RequestState to;
  std::vector<type::v1::Role> roles;
  // Fields of ActionDetails that must be there, and that may be; any other is refused. By number.
  std::vector<int> needed_details;
  std::vector<int> optional_details;
  // What it needs, in words.
  const char* needs;
};

// The rows, in the order of a life; one for each action.
const std::vector<LifecycleRule>& LifecycleRules();

// The row of an action. UNSPECIFIED, or one of a later version: null.
const LifecycleRule* RuleOf(v1::RequestAction action);

// The table as GetLifecycle answers it.
v1::Lifecycle LifecycleTable();

// Days after the last delivery from which a request can be closed without a reason, where
// COMPLETE_DELIVERY does not say.
inline constexpr int kFollowUpDays = 90;

// Who takes an action.
struct Actor {
  type::v1::Role role = type::v1::ROLE_UNSPECIFIED;
  // The principal, `role:subject`.
  std::string principal;
};

// What a decision looks at besides the request.
struct LifecycleContext {
  const CatalogView& catalog;
  // Type of the agency that asks, as it is now.
  type::v1::AgencyType agency_type = type::v1::AGENCY_TYPE_UNSPECIFIED;
  // For MARK_DUPLICATE: the request that `details.duplicate_of` names. Null: there is none.
  const v1::Request* original = nullptr;
  // It was decided in the past, and is told now. What became a plan then need not be on record.
  bool past = false;
};

// Decides whether `who` may take an action now, and what follows from it. Whether an agency asks
// for its own request is for the caller to see to. Errors, in this order:
// - PERMISSION_DENIED, reason ROLE_NOT_ALLOWED: the action is not this role's; says whose it is.
// - FAILED_PRECONDITION, reason WRONG_STATE: it does not start from the request's state; lists the
//   actions that `who` can take now.
// - INVALID_ARGUMENT: a detail that the action needs is missing, one it does not take is there, or
//   one is wrong in itself.
// - NOT_FOUND: a topic or delivery type of the scope, or the original of a duplicate.
// - FAILED_PRECONDITION: what the action needs is not there. Reasons REQUEST_INCOMPLETE,
//   AGENCY_NOT_ELIGIBLE, PLAN_NOT_DRAWN_UP, PLAN_VERSION_NOT_NEWEST, ALREADY_APPROVED, SAME_PERSON,
//   FOLLOW_UP_NOT_REACHED, ORIGINAL_IS_DUPLICATE, CATALOG_ENTRY_NOT_VALID.
absl::StatusOr<v1::RequestTransitioned> DecideAction(const v1::Request& request,
                                                     v1::RequestAction action,
                                                     const v1::ActionDetails& details,
                                                     const Actor& who, absl::Time now,
                                                     const LifecycleContext& context);

// Actions that `who` can take now, in the order of a life. What an action needs besides state and
// role is told when it is taken; but a plan is offered for approval only where one is drawn up, and
// not to a side that approved it.
std::vector<v1::RequestAction> AvailableActions(const v1::Request& request, const Actor& who);

// Changes a request by an action that was taken.
void ApplyAction(const v1::RequestTransitioned& taken, v1::Request& request);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_LIFECYCLE_H_
