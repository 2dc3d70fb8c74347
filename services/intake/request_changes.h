#ifndef SERVICES_INTAKE_REQUEST_CHANGES_H_
#define SERVICES_INTAKE_REQUEST_CHANGES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "services/intake/catalog_view.h"
#include "services/intake/records.h"

// How a request is written down and how what it asks for is changed. Pure.
namespace critac::intake {

// Decides to write down a request: a draft, which gets the next number of its fiscal year.
// INVALID_ARGUMENT: see CheckWritten. NOT_FOUND: an agency, a topic or another named resource.
// FAILED_PRECONDITION, reasons AGENCY_NOT_ELIGIBLE (also of a co-served one),
// CATALOG_ENTRY_NOT_VALID.
absl::StatusOr<v1::RequestCreated> DecideCreation(const v1::Request& wanted, absl::Time now,
                                                  const Records& records,
                                                  const CatalogView& catalog);

// The request that was written down.
v1::Request ApplyCreation(const v1::RequestCreated& created);

// Decides to change the fields of `mask` (empty: all that a caller can set) of a request. The same
// errors; also INVALID_ARGUMENT: the mask names no such field, the agency would be another, or the
// request was submitted and would not be complete any more. FAILED_PRECONDITION, reason
// REQUEST_NOT_CHANGEABLE: see CanBeChanged.
absl::StatusOr<v1::RequestUpdated> DecideUpdate(const v1::Request& request,
                                                const v1::Request& wanted,
                                                const google::protobuf::FieldMask& mask,
                                                absl::Time now, const Records& records,
                                                const CatalogView& catalog);

// Changes a request as decided.
void ApplyUpdate(const v1::RequestUpdated& updated, v1::Request& request);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_CHANGES_H_
