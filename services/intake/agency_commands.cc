#include "services/intake/agency_commands.h"

#include "common/status/error.h"
#include "common/status/etag.h"
#include "services/intake/agency_changes.h"
#include "services/intake/intake_states.h"

namespace critac::intake {

absl::Status CreateAgency(journal::Draft& draft, const v1::CreateAgencyRequest& in) {
  ASSIGN_OR_RETURN(const v1::AgencyCreated created,
                   DecideAgencyCreation(in.agency(), StateRecords(draft)));
  draft.Emit(created.agency().name(), created);
  draft.AnswerWith(created.agency().name());
  return absl::OkStatus();
}

absl::Status UpdateAgency(journal::Draft& draft, const v1::UpdateAgencyRequest& in) {
  const v1::Agency* agency = draft.Find<v1::Agency>(in.name());
  if (agency == nullptr) return ResourceNotFound(v1::Agency::descriptor()->full_name(), in.name());
  RETURN_IF_ERROR(CheckEtag(in.name(), in.etag(), agency->etag()));
  ASSIGN_OR_RETURN(const v1::AgencyUpdated updated,
                   DecideAgencyUpdate(*agency, in.agency(), in.update_mask(), StateRecords(draft)));
  draft.Emit(in.name(), updated);
  draft.AnswerWith(in.name());
  return absl::OkStatus();
}

}  // namespace critac::intake
