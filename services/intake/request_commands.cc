#include "services/intake/request_commands.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "common/status/etag.h"
#include "critac/intake/v1/events.pb.h"
#include "services/intake/agency_rules.h"
#include "services/intake/recusals.h"
#include "services/intake/request_changes.h"
#include "services/intake/request_rules.h"

namespace critac::intake {
namespace {

// `hidden`: agencies from which the caller is recused.
absl::StatusOr<const v1::Request*> FindSeen(journal::Draft& draft, const rpc::Principal& who,
                                            const std::string& name,
                                            absl::Span<const std::string> hidden) {
  const v1::Request* request = draft.Find<v1::Request>(name);
  if (request == nullptr || !MaySee(who, *request) || IsOfAny(*request, hidden)) {
    return ResourceNotFound(v1::Request::descriptor()->full_name(), name);
  }
  return request;
}

// The request that another is to be marked as a duplicate of, as far as the caller sees it.
std::optional<v1::Request> FindOriginal(journal::Draft& draft, const std::string& name,
                                        absl::Span<const std::string> hidden) {
  const v1::Request* found = name.empty() ? nullptr : draft.Find<v1::Request>(name);
  if (found == nullptr || IsOfAny(*found, hidden)) return std::nullopt;
  v1::Request original = *found;
  if (!hidden.empty() && !original.duplicate_of().empty()) {
    const v1::Request* its_own = draft.Find<v1::Request>(original.duplicate_of());
    if (its_own != nullptr && IsOfAny(*its_own, hidden)) original.clear_duplicate_of();
  }
  return original;
}

absl::Status CheckOwnAgency(const rpc::Principal& who, const v1::Request& request) {
  // One that is not said is found missing later.
  if (request.agency().empty() || MaySee(who, request)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "NOT_YOUR_AGENCY",
               absl::StrCat("request.agency: ", who.resource(), " asks for itself, not for ",
                            request.agency()))
      .Fact("agency", who.resource())
      .ToStatus();
}

// The agency of a request on record; there is one, since agencies are never removed.
const v1::Agency& AgencyOf(const v1::Request& request, journal::Draft& draft, SeenAgency& seen) {
  const v1::Agency& agency = *draft.Find<v1::Agency>(request.agency());
  seen = ProfileOf(agency);
  return agency;
}

}  // namespace

Actor ActorOf(const rpc::Principal& who) { return {who.role, who.ToString()}; }

bool MaySee(const rpc::Principal& who, const v1::Request& request) {
  return who.role != type::v1::ROLE_AGENCY || who.resource() == request.agency();
}

absl::Status CreateRequest(journal::Draft& draft, const rpc::Principal& who,
                           const v1::CreateRequestRequest& in, CommandCaches& caches,
                           SeenAgency& seen) {
  RETURN_IF_ERROR(CheckOwnAgency(who, in.request()));
  const std::shared_ptr<const CatalogView> catalog = caches.catalogs.Get(draft);
  const absl::Time now = draft.now();
  if (in.submit()) {
    RETURN_IF_ERROR(CheckSubmission(in.request(), DayOf(now)).ToInvalidArgument("request"));
  }
  ASSIGN_OR_RETURN(v1::RequestCreated created,
                   DecideCreation(in.request(), now, StateRecords(draft), *catalog));
  RETURN_IF_ERROR(
      CheckNotRecused(who.ToString(), created.request(), caches.recusals.HiddenFrom(who, draft)));
  seen = created.agency_profile();
  const std::string name = created.request().name();
  draft.Emit(name, std::move(created));
  draft.AnswerWith(name);
  if (!in.submit()) return absl::OkStatus();
  ASSIGN_OR_RETURN(v1::RequestTransitioned submitted,
                   DecideAction(*draft.Find<v1::Request>(name), v1::REQUEST_ACTION_SUBMIT, {},
                                ActorOf(who), now, {*catalog, seen->type(), nullptr}));
  draft.Emit(name, std::move(submitted));
  return absl::OkStatus();
}

absl::Status UpdateRequest(journal::Draft& draft, const rpc::Principal& who,
                           const v1::UpdateRequestRequest& in, CommandCaches& caches,
                           SeenAgency& seen) {
  const std::vector<std::string> hidden = caches.recusals.HiddenFrom(who, draft);
  ASSIGN_OR_RETURN(const v1::Request* request, FindSeen(draft, who, in.name(), hidden));
  RETURN_IF_ERROR(CheckEtag(in.name(), in.etag(), request->etag()));
  ASSIGN_OR_RETURN(v1::RequestUpdated updated,
                   DecideUpdate(*request, in.request(), in.update_mask(), draft.now(),
                                StateRecords(draft), *caches.catalogs.Get(draft)));
  RETURN_IF_ERROR(CheckNotRecused(who.ToString(), updated.request(), hidden));
  AgencyOf(*request, draft, seen);
  draft.Emit(in.name(), std::move(updated));
  draft.AnswerWith(in.name());
  return absl::OkStatus();
}

absl::Status ActOnRequest(journal::Draft& draft, const rpc::Principal& who,
                          const v1::ActOnRequestRequest& in, CommandCaches& caches,
                          SeenAgency& seen) {
  const std::vector<std::string> hidden = caches.recusals.HiddenFrom(who, draft);
  ASSIGN_OR_RETURN(const v1::Request* request, FindSeen(draft, who, in.name(), hidden));
  RETURN_IF_ERROR(CheckEtag(in.name(), in.etag(), request->etag()));
  const std::string& duplicate_of = in.details().duplicate_of();
  const std::optional<v1::Request> original = FindOriginal(draft, duplicate_of, hidden);
  const std::shared_ptr<const CatalogView> catalog = caches.catalogs.Get(draft);
  const LifecycleContext context{*catalog, AgencyOf(*request, draft, seen).type(),
                                 original.has_value() ? &*original : nullptr};
  ASSIGN_OR_RETURN(v1::RequestTransitioned taken, DecideAction(*request, in.action(), in.details(),
                                                               ActorOf(who), draft.now(), context));
  draft.Emit(in.name(), std::move(taken));
  draft.AnswerWith(in.name());
  return absl::OkStatus();
}

}  // namespace critac::intake
