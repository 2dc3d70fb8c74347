#ifndef SERVICES_MATCHING_IDENTITY_H_
#define SERVICES_MATCHING_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/mail_address.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/partner.pb.h"

// Which records are one person, and which names one agency. Pure. Experts' `full_name` and `emails`
// must be the texts themselves, not references to the vault.
namespace critac::matching {

// For every expert the first of those that are the same person, as a row of `experts`, which are in
// the order of their names: those with an address in common, and those that `identities` confirms.
// Both are passed on: whom the first shares with the second, and the second with the third, is one.
std::vector<int> PersonsOf(absl::Span<const v1::Expert* const> experts,
                           absl::Span<const v1::Identity> identities);

// Names of agencies that are one by what `identities` confirms.
class SameAgencies {
 public:
  explicit SameAgencies(absl::Span<const v1::Identity> identities);
  // The first by name of those that are this agency; the agency itself where there is no other.
  absl::string_view First(absl::string_view agency) const;

 private:
  absl::flat_hash_map<std::string, std::string> first_;
};

// What speaks for two records being one person; in the order of the enum, each once. It makes a
// suspicion where the names agree and the mailbox, an agency or the home is the same.
std::vector<v1::IdentityEvidence> EvidenceBetween(const v1::Expert& a, const v1::Expert& b,
                                                  const SameAgencies& agencies);
bool IsSuspicion(absl::Span<const v1::IdentityEvidence> evidence);

// The pairs that FindSuspectedIdentities is about, by name. `identities` are the decided ones.
std::vector<v1::Identity> SuspectedIdentities(absl::Span<const v1::Expert> experts,
                                              absl::Span<const v1::Identity> identities);

// `identities/ID` of two records, whichever is named first.
std::string IdentityName(absl::string_view a, absl::string_view b);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_IDENTITY_H_
