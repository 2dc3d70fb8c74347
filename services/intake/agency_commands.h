#ifndef SERVICES_INTAKE_AGENCY_COMMANDS_H_
#define SERVICES_INTAKE_AGENCY_COMMANDS_H_

#include "absl/status/status.h"
#include "common/journal/command.h"
#include "critac/intake/v1/agency.pb.h"

// What calls that change one agency do to the journal's draft. Errors are those of the methods in
// agency.proto.
namespace critac::intake {

absl::Status CreateAgency(journal::Draft& draft, const v1::CreateAgencyRequest& in);
absl::Status UpdateAgency(journal::Draft& draft, const v1::UpdateAgencyRequest& in);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_AGENCY_COMMANDS_H_
