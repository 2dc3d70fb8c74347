#ifndef SERVICES_INTAKE_AGENCY_CHANGES_H_
#define SERVICES_INTAKE_AGENCY_CHANGES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/events.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "services/intake/records.h"

// How agencies are added and changed: one by one, and many at once. Pure.
namespace critac::intake {

// Decides to add an agency; it gets the next number. INVALID_ARGUMENT: see NormalizeAgency.
// ALREADY_EXISTS, reason ALIAS_TAKEN: an identifier belongs to another agency, which is named.
absl::StatusOr<v1::AgencyCreated> DecideAgencyCreation(const v1::Agency& wanted,
                                                       const Records& records);

// Decides to change the fields of `mask` (empty: all that a caller can set) of an agency. The same
// errors; INVALID_ARGUMENT also for a mask that names no such field.
absl::StatusOr<v1::AgencyUpdated> DecideAgencyUpdate(const v1::Agency& agency,
                                                     const v1::Agency& wanted,
                                                     const google::protobuf::FieldMask& mask,
                                                     const Records& records);

// What an import of agencies comes to.
struct AgencyImport {
  // One a row, in order. The name of an agency that is to be added stands there as well.
  std::vector<v1::ImportResult> results;
  // What happens, in order.
  struct Change {
    v1::ImportOutcome outcome;  // CREATED or UPDATED
    v1::Agency agency;
  };
  std::vector<Change> changes;
};

// Decides an import, row after row, as if each came alone: a later row sees the earlier ones.
//
// A row's identifiers are its key: an undated one stands for who holds it on `today`, or held it
// last; a dated one for who holds it at any time of its dates. A row that means no known agency
// adds one. One that means a known agency adds to it and changes it, but takes nothing away: what
// the row leaves empty stays as it is known. A row is refused, with the reason, when `problems`
// (one a row, empty: none) says so, when it has no identifier, when its identifiers mean two
// agencies, which are both named, or for the reasons of DecideAgencyCreation.
AgencyImport PlanAgencyImport(const google::protobuf::RepeatedPtrField<v1::Agency>& rows,
                              absl::Span<const std::string> problems, absl::CivilDay today,
                              const Records& records);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_AGENCY_CHANGES_H_
