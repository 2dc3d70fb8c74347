#ifndef SERVICES_INTAKE_AGENCY_RULES_H_
#define SERVICES_INTAKE_AGENCY_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/states.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "services/intake/field_problems.h"

// What an agency is and what its identifiers look like. Pure.
namespace critac::intake {

// ---- Identifiers

// Puts an identifier into the form it is kept in: no spaces around it; ORIs and UEIs in capitals.
void NormalizeAlias(v1::Alias& alias);

// What is wrong with a normalized identifier; nothing where it has the form of its kind. There is
// no check digit, and an ORI's first letters are not a location, so form is all that can be
// checked.
std::optional<std::string> AliasProblem(const v1::Alias& alias);

// `aliases/TYPE:VALUE` of a normalized identifier, for example `aliases/ORI9:UT0180100`.
std::string AliasRecordName(const v1::Alias& alias);

// How an identifier is said: `ORI9 UT0180100`.
std::string AliasText(const v1::Alias& alias);

// Whether two spans of days share a day. An empty end is open. Both ends belong to a span.
bool DatesOverlap(absl::string_view from_1, absl::string_view to_1, absl::string_view from_2,
                  absl::string_view to_2);

// Agency that holds an identifier on `day`, or, where none does, the one that held it last before.
// Empty: none has held it yet.
std::string HolderOn(const v1::AliasRecord& record, absl::CivilDay day);

// A holder other than `agency` at any time of the identifier's dates. Null: none.
const v1::AliasHolder* OtherHolder(const v1::AliasRecord& record, const v1::Alias& alias,
                                   absl::string_view agency);

// Makes `agency` hold in `record` what `aliases` say of this identifier, and nothing else.
void SetHolder(v1::AliasRecord& record, absl::string_view agency,
               const google::protobuf::RepeatedPtrField<v1::Alias>& aliases);

// ---- Names

// The form in which names are compared: without regard to the case of ASCII letters and to runs of
// spaces.
std::string NameKey(absl::string_view display_name);

// ---- Size

// Sworn officers, full-time and part-time. Nothing where the full-time ones are unknown, which is
// not zero; unknown part-time ones do not count.
std::optional<int32_t> SwornOfficers(const v1::Agency& agency);

// Band of a number of sworn officers; UNKNOWN for nothing.
type::v1::SizeBand SizeBandOf(std::optional<int32_t> sworn_officers);

// ---- The whole

// Puts an agency into the form it is kept in (identifiers, spaces of the name, size band) and says
// what is wrong with it: name, type and state missing, identifiers of a wrong form, said twice or
// with dates the wrong way round.
FieldProblems NormalizeAgency(v1::Agency& agency);

// What other services know of an agency.
type::v1::AgencyProfile ProfileOf(const v1::Agency& agency);

// Whether an agency may ask for help: state, local, territorial, campus and tribal agencies may.
// FAILED_PRECONDITION, reason AGENCY_NOT_ELIGIBLE: it is federal.
absl::Status CheckEligible(absl::string_view agency, type::v1::AgencyType type);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_AGENCY_RULES_H_
