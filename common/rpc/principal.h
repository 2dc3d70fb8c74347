#ifndef COMMON_RPC_PRINCIPAL_H_
#define COMMON_RPC_PRINCIPAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "critac/type/v1/options.pb.h"

namespace critac::rpc {

// Metadata key in which a call carries its principal, until identity is in place.
inline constexpr char kPrincipalKey[] = "critac-principal";

// A role as principals, errors and logs write it: `program-manager`. `nobody` for one that is not
// said.
absl::string_view RoleName(type::v1::Role role);

// Who makes a call.
struct Principal {
  type::v1::Role role = type::v1::ROLE_UNSPECIFIED;
  // Who or what in that role: `dana`, `agencies/ag-000001#chief`, `partners/iacp`.
  std::string subject;

  // `role:subject`, as journals and logs show it: `coordinator:dana`.
  std::string ToString() const;
  // The resource that the subject names: the part before `#`. For an agency, `agencies/ID`; for a
  // partner `partners/ID`.
  std::string resource() const;
};

// The person in a principal, `role:subject`: of an agency or a partner what stands behind `#` (`ana` of
// `partner:partners/iacp#ana`; empty: an organization without a person), of others the subject (`dana` of
// `coordinator:dana`). Nothing that is added by one more `#`, which ParsePrincipal refuses, makes another
// person.
std::string PersonIn(absl::string_view principal);

// What the person who calls may be on record by as an expert: an address, as AddressIdentity has it;
// for a partner's people `partners/iacp#e012`, since a name is known to its own partner only; for
// others `experts/e012`. Empty: by nothing, as most callers.
std::string PersonKey(const Principal& principal);
// The same of a principal as records have it, `role:subject`.
std::string PersonKey(absl::string_view principal);

// Reads `role:subject`. Roles: agency, coordinator, partner, program-manager, auditor, operator,
// service. The subject has 1 to 200 characters out of letters, digits and `._@/#+-`; an agency's
// is `agencies/ID`, a partner's `partners/ID`, each with or without `#PERSON`; in all else there is no
// `#`, so that nobody passes for another by adding one. UNAUTHENTICATED, reason PRINCIPAL_INVALID: says
// what is wrong and gives an example.
absl::StatusOr<Principal> ParsePrincipal(absl::string_view text);

}  // namespace critac::rpc

#endif  // COMMON_RPC_PRINCIPAL_H_
