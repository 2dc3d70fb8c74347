#include "common/rpc/principal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/mail_address.h"
#include "common/status/error.h"

namespace critac::rpc {
namespace {

using type::v1::Role;

constexpr size_t kSubjectCharacters = 200;
constexpr absl::string_view kRolePrefix = "ROLE_";

// An example for the errors: one that has every part.
constexpr absl::string_view kExample = "agency:agencies/ag-000001#chief";

struct NamedRole {
  std::string name;
  Role role;
};

// The names are made from the enum's, so that a new role needs no second list.
const std::vector<NamedRole>& NamedRoles() {
  static const auto* const roles = [] {
    auto* made = new std::vector<NamedRole>;
    const auto* descriptor = type::v1::Role_descriptor();
    for (int i = 0; i < descriptor->value_count(); ++i) {
      const auto* value = descriptor->value(i);
      if (value->number() == type::v1::ROLE_UNSPECIFIED) continue;
      std::string name =
          absl::AsciiStrToLower(absl::StripPrefix(value->name(), std::string(kRolePrefix)));
      std::replace(name.begin(), name.end(), '_', '-');
      made->push_back({std::move(name), static_cast<Role>(value->number())});
    }
    return made;
  }();
  return *roles;
}

bool IsSubjectCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("._@/#+-").find(c) != absl::string_view::npos;
}

// The collection that a role's subject must name. Empty: any subject.
absl::string_view SubjectCollection(Role role) {
  if (role == type::v1::ROLE_AGENCY) return "agencies/";
  if (role == type::v1::ROLE_PARTNER) return "partners/";
  return "";
}

absl::Status Invalid(absl::string_view problem) {
  return Error(absl::StatusCode::kUnauthenticated, "PRINCIPAL_INVALID",
               absl::StrCat("principal: ", problem, "; for example ", kExample))
      .ToStatus();
}

// Bounds and escapes what a caller sent, for an error.
std::string QuotedStart(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text.substr(0, 40)), "\"");
}

absl::Status CheckSubject(Role role, absl::string_view subject) {
  if (subject.empty() || subject.size() > kSubjectCharacters) {
    return Invalid(absl::StrCat("the subject has ", subject.size(), " characters, not 1 to ",
                                kSubjectCharacters));
  }
  if (!std::all_of(subject.begin(), subject.end(), IsSubjectCharacter)) {
    return Invalid(absl::StrCat("the subject ", QuotedStart(subject),
                                " has characters other than letters, digits and ._@/#+-"));
  }
  const absl::string_view collection = SubjectCollection(role);
  const size_t hash = subject.find('#');
  if (collection.empty()) {
    if (hash == absl::string_view::npos) return absl::OkStatus();
    return Invalid(absl::StrCat("the subject ", QuotedStart(subject), " of role ", RoleName(role),
                                " has a #, which only those of agencies and partners have"));
  }
  absl::string_view id = subject.substr(0, hash);
  const bool has_person = hash != absl::string_view::npos;
  const absl::string_view person = has_person ? subject.substr(hash + 1) : "";
  if (!absl::ConsumePrefix(&id, collection) || id.empty() || absl::StrContains(id, '/') ||
      person.empty() == has_person || absl::StrContains(person, '#')) {
    return Invalid(absl::StrCat("the subject ", QuotedStart(subject), " of role ", RoleName(role),
                                " is not ", collection, "ID, with or without #PERSON"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view RoleName(Role role) {
  for (const NamedRole& named : NamedRoles()) {
    if (named.role == role) return named.name;
  }
  return "nobody";
}

std::string Principal::ToString() const { return absl::StrCat(RoleName(role), ":", subject); }

std::string Principal::resource() const { return subject.substr(0, subject.find('#')); }

std::string PersonIn(absl::string_view principal) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(principal, absl::MaxSplits(':', 1));
  const bool organization = parts.first == RoleName(type::v1::ROLE_PARTNER) ||
                            parts.first == RoleName(type::v1::ROLE_AGENCY);
  absl::string_view person = parts.second;
  if (organization) {
    const size_t hash = person.find('#');
    person = hash == person.npos ? "" : person.substr(hash + 1);
  }
  // What was written down by an older version may have a `#` anywhere.
  return std::string(person.substr(0, person.find('#')));
}

std::string PersonKey(const Principal& principal) { return PersonKey(principal.ToString()); }

std::string PersonKey(absl::string_view principal) {
  const std::string person = PersonIn(principal);
  if (absl::StrContains(person, '@')) return AddressIdentity(person);
  absl::string_view id = person;
  const bool named = absl::ConsumePrefix(&id, "experts/");
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(principal, absl::MaxSplits(':', 1));
  if (parts.first == RoleName(type::v1::ROLE_PARTNER) && !id.empty()) {
    return absl::StrCat(parts.second.substr(0, parts.second.find('#')), "#", id);
  }
  return named ? person : "";
}

absl::StatusOr<Principal> ParsePrincipal(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) {
    return Invalid(absl::StrCat(QuotedStart(text), " is not role:subject"));
  }
  const absl::string_view role_name = text.substr(0, colon);
  const auto& roles = NamedRoles();
  const auto role = std::find_if(roles.begin(), roles.end(),
                                 [&](const NamedRole& named) { return role_name == named.name; });
  if (role == roles.end()) {
    return Invalid(absl::StrCat(
        QuotedStart(role_name), " is not a role; the roles are ",
        absl::StrJoin(roles, ", ",
                      [](std::string* out, const NamedRole& named) { out->append(named.name); })));
  }
  const absl::string_view subject = text.substr(colon + 1);
  RETURN_IF_ERROR(CheckSubject(role->role, subject));
  return Principal{role->role, std::string(subject)};
}

}  // namespace critac::rpc
