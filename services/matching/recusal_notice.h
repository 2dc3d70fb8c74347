#ifndef SERVICES_MATCHING_RECUSAL_NOTICE_H_
#define SERVICES_MATCHING_RECUSAL_NOTICE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/recusal.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/partner.pb.h"

// What intake is told of recusals. Pure. Experts' `full_name` and `emails` must be the texts themselves,
// not references to the vault.
namespace critac::matching {

// Whether a conflict of interest is a recusal that nobody overrode.
bool IsRecusal(const v1::Conflict& conflict);

// Whether it has not expired: its last day is part of it.
bool Holds(const v1::Conflict& conflict, absl::CivilDay today);

// What rpc::PersonKey may say of a caller who is this expert: by name, as whoever calls and as one of
// its partner's people; and by address. Each once, in order.
std::vector<std::string> PartiesOf(const v1::Expert& expert);
std::vector<std::string> AddressesOf(const v1::Expert& expert);

// The recusals that hold today, by name: each with all names of its agency, and with all records and
// addresses of whoever is recused. The same records give the same, whatever their order.
std::vector<intake::v1::Recusal> RecusalNotice(absl::Span<const v1::Conflict> conflicts,
                                               absl::Span<const v1::Expert> experts,
                                               absl::Span<const v1::Identity> identities,
                                               absl::CivilDay today);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RECUSAL_NOTICE_H_
