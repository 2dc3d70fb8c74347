#include "services/matching/recusal_notice.h"

#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "common/base/mail_address.h"
#include "services/matching/identity.h"

namespace critac::matching {
namespace {

// The agency and all that are one with it.
std::set<std::string> NamesOf(const std::string& agency, absl::Span<const v1::Identity> identities,
                              const SameAgencies& agencies) {
  std::set<std::string> names{agency};
  for (const v1::Identity& identity : identities) {
    for (const std::string& name : {identity.first(), identity.second()}) {
      if (agencies.First(name) == agencies.First(agency)) names.insert(name);
    }
  }
  return names;
}

// By name, and who is which person.
struct Experts {
  std::vector<const v1::Expert*> sorted;
  std::vector<int> persons;
};

// Adds all records of the person whose record `name` is.
void AddPerson(const Experts& experts, const std::string& name, intake::v1::Recusal& recusal) {
  const auto found =
      absl::c_find_if(experts.sorted, [&](const auto* expert) { return expert->name() == name; });
  std::set<std::string> parties{name};
  std::set<std::string> addresses;
  for (size_t i = 0; found != experts.sorted.end() && i < experts.sorted.size(); ++i) {
    if (experts.persons[i] != experts.persons[found - experts.sorted.begin()]) continue;
    for (std::string& party : PartiesOf(*experts.sorted[i])) parties.insert(std::move(party));
    for (std::string& address : AddressesOf(*experts.sorted[i])) {
      addresses.insert(std::move(address));
    }
  }
  for (const std::string& party : parties) recusal.add_parties(party);
  for (const std::string& address : addresses) recusal.add_addresses(address);
}

}  // namespace

bool IsRecusal(const v1::Conflict& conflict) {
  return conflict.kind() == v1::CONFLICT_KIND_RECUSAL && conflict.overridden_by().empty();
}

bool Holds(const v1::Conflict& conflict, absl::CivilDay today) {
  const auto last = ParseDate(conflict.valid_to());
  return !last.has_value() || today <= *last;
}

std::vector<std::string> PartiesOf(const v1::Expert& expert) {
  std::vector<std::string> parties{expert.name()};
  if (!expert.partner().empty()) {
    parties.push_back(
        absl::StrCat(expert.partner(), "#", absl::StripPrefix(expert.name(), "experts/")));
  }
  return parties;
}

std::vector<std::string> AddressesOf(const v1::Expert& expert) {
  std::set<std::string> addresses;
  for (const std::string& email : expert.emails()) {
    // Without it, it is nothing that a caller is known by.
    if (absl::StrContains(email, '@')) addresses.insert(AddressIdentity(email));
  }
  return {addresses.begin(), addresses.end()};
}

std::vector<intake::v1::Recusal> RecusalNotice(absl::Span<const v1::Conflict> conflicts,
                                               absl::Span<const v1::Expert> experts,
                                               absl::Span<const v1::Identity> identities,
                                               absl::CivilDay today) {
  const SameAgencies agencies(identities);
  Experts known;
  for (const v1::Expert& expert : experts) known.sorted.push_back(&expert);
  absl::c_sort(known.sorted, [](const auto* a, const auto* b) { return a->name() < b->name(); });
  known.persons = PersonsOf(known.sorted, identities);

  std::vector<intake::v1::Recusal> notice;
  for (const v1::Conflict& conflict : conflicts) {
    if (!IsRecusal(conflict) || !Holds(conflict, today)) continue;
    intake::v1::Recusal& recusal = notice.emplace_back();
    recusal.set_name(conflict.name());
    for (const std::string& name : NamesOf(conflict.agency(), identities, agencies)) {
      recusal.add_agencies(name);
    }
    recusal.set_valid_to(conflict.valid_to());
    if (conflict.partner().empty()) {
      AddPerson(known, conflict.expert(), recusal);
    } else {
      recusal.add_parties(conflict.partner());
    }
  }
  absl::c_sort(notice, [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return notice;
}

}  // namespace critac::matching
