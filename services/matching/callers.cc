#include "services/matching/callers.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "services/matching/engagements.h"
#include "services/matching/identity.h"

namespace critac::matching {

std::string PartnerOf(const rpc::Call& call) {
  return call.principal.role == type::v1::ROLE_PARTNER ? call.principal.resource() : "";
}

bool IsSamePerson(absl::string_view principal, absl::string_view caller, const KnownPerson& known) {
  if (absl::c_binary_search(known.keys, rpc::PersonKey(principal))) return true;
  const std::string person = rpc::PersonIn(principal);
  const std::string second = rpc::PersonIn(caller);
  if (person.empty() || second.empty()) return principal == caller;
  return AddressIdentity(person) == AddressIdentity(second);
}

store::Condition OwnRows(const rpc::Call& call, absl::string_view column) {
  const std::string partner = PartnerOf(call);
  if (partner.empty()) return {};
  return {absl::StrCat(column, " = :p1"), {partner}};
}

absl::Status CheckOwn(const rpc::Call& call, absl::string_view partner, absl::string_view type,
                      absl::string_view name) {
  const std::string caller = PartnerOf(call);
  if (caller.empty() || caller == partner) return absl::OkStatus();
  return ResourceNotFound(type, name);
}

bool IsPartOf(const rpc::Call& call, const v1::Engagement& engagement) {
  const std::string caller = PartnerOf(call);
  return caller.empty() || TakesPart(engagement, caller);
}

store::Condition EngagementsOf(const rpc::Call& call) {
  const std::string caller = PartnerOf(call);
  if (caller.empty()) return {};
  // Unlike LIKE, the same in every database: upper and lower case are different, and nothing is a wildcard.
  return {"replace(partners, :p1, '') <> partners", {absl::StrCat(" ", caller, " ")}};
}

absl::flat_hash_map<std::string, store::Value> EnumValues(
    const google::protobuf::EnumDescriptor& type) {
  absl::flat_hash_map<std::string, store::Value> values;
  for (int i = 0; i < type.value_count(); ++i) {
    values[type.value(i)->name()] = int64_t{type.value(i)->number()};
  }
  return values;
}

}  // namespace critac::matching
