#include "services/intake/request_changes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/intake/agency_rules.h"
#include "services/intake/field_masks.h"
#include "services/intake/proto_time.h"
#include "services/intake/request_rules.h"
#include "services/intake/request_state.h"
#include "services/intake/resource_names.h"

namespace critac::intake {
namespace {

absl::StatusOr<const v1::Agency*> EligibleAgency(absl::string_view path, const std::string& name,
                                                 const Records& records) {
  const v1::Agency* agency = records.FindAgency(name);
  if (agency == nullptr) {
    return Annotate(ResourceNotFound(v1::Agency::descriptor()->full_name(), name), path);
  }
  RETURN_IF_ERROR(Annotate(CheckEligible(name, agency->type()), path));
  return agency;
}

// Those that `before` serves already are not looked at again.
absl::Status CheckCoServed(const v1::Request& request, const v1::Request& before,
                           const Records& records) {
  for (int i = 0; i < request.co_served_agencies_size(); ++i) {
    const std::string& name = request.co_served_agencies(i);
    const auto& known = before.co_served_agencies();
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    RETURN_IF_ERROR(
        EligibleAgency(absl::StrCat("request.co_served_agencies[", i, "]"), name, records)
            .status());
  }
  return absl::OkStatus();
}

// What a request that was submitted must still be after a change.
FieldProblems CheckStillComplete(const v1::Request& before, const v1::Request& after,
                                 absl::CivilDay day) {
  if (!before.has_submit_time()) return {};
  return before.needed_by() == after.needed_by() ? MissingForSubmission(after)
                                                 : CheckSubmission(after, day);
}

}  // namespace

absl::StatusOr<v1::RequestCreated> DecideCreation(const v1::Request& wanted, absl::Time now,
                                                  const Records& records,
                                                  const CatalogView& catalog) {
  v1::RequestCreated created;
  v1::Request& request = *created.mutable_request();
  request = wanted;
  NormalizeRequest(request, now, catalog);
  RETURN_IF_ERROR(CheckWritten(request, now, catalog).ToInvalidArgument("request"));
  ASSIGN_OR_RETURN(const v1::Agency* agency,
                   EligibleAgency("request.agency", request.agency(), records));
  RETURN_IF_ERROR(CheckCoServed(request, v1::Request::default_instance(), records));
  RETURN_IF_ERROR(CheckReferences(request, nullptr, DayOf(now), catalog));

  const std::string series = RequestSeries(DayOf(now));
  request.set_name(RequestName(series, records.LastNumber(series) + 1));
  request.set_state(v1::REQUEST_STATE_DRAFT);
  *created.mutable_occur_time() = ToProto(now);
  *created.mutable_agency_profile() = ProfileOf(*agency);
  return created;
}

v1::Request ApplyCreation(const v1::RequestCreated& created) {
  v1::Request request = created.request();
  *request.mutable_create_time() = created.occur_time();
  return request;
}

absl::StatusOr<v1::RequestUpdated> DecideUpdate(const v1::Request& request,
                                                const v1::Request& wanted,
                                                const google::protobuf::FieldMask& mask,
                                                absl::Time now, const Records& records,
                                                const CatalogView& catalog) {
  if (!CanBeChanged(request)) {
    return FailedPrecondition("REQUEST_NOT_CHANGEABLE", request.name(),
                              absl::StrCat("is ", StateText(request.state()),
                                           "; what it asks for is changed before it is matched"));
  }
  v1::RequestUpdated updated;
  v1::Request& after = *updated.mutable_request();
  CopySettableFields(request, after);
  RETURN_IF_ERROR(UpdateFields(mask, wanted, after));
  if (after.agency() != request.agency()) {
    return InvalidField("request.agency",
                        absl::StrCat("stays ", request.agency(),
                                     "; for another agency, withdraw this request and write a new "
                                     "one"));
  }
  NormalizeRequest(after, now, catalog);
  RETURN_IF_ERROR(CheckWritten(after, now, catalog).ToInvalidArgument("request"));
  RETURN_IF_ERROR(CheckStillComplete(request, after, DayOf(now)).ToInvalidArgument("request"));
  RETURN_IF_ERROR(CheckCoServed(after, request, records));
  RETURN_IF_ERROR(CheckReferences(after, &request, DayOf(now), catalog));

  after.set_name(request.name());
  after.set_state(request.state());
  *updated.mutable_occur_time() = ToProto(now);
  return updated;
}

void ApplyUpdate(const v1::RequestUpdated& updated, v1::Request& request) {
  CopySettableFields(updated.request(), request);
}

}  // namespace critac::intake
