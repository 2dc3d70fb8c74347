#ifndef SERVICES_INTAKE_AGENCY_LOOKUP_H_
#define SERVICES_INTAKE_AGENCY_LOOKUP_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/states.pb.h"

// How one agency is found by what people call it. Pure.
namespace critac::intake {

// Whether a lookup is by an identifier alone, or by a name and a state. INVALID_ARGUMENT: neither,
// or both.
absl::Status CheckLookup(const v1::LookupAgencyRequest& lookup);

// How the lookup is said: `UT0180100`, `Salt Lake Police in UT`.
std::string LookupText(const v1::LookupAgencyRequest& lookup);

// Names of the agencies that an identifier, whose records in any kind are given, means on `day`,
// each once, sorted.
std::vector<std::string> HoldersOn(absl::Span<const v1::AliasRecord> records, absl::CivilDay day);

// Candidates that an error lists at most, so that it fits the metadata of a call, which carry it.
inline constexpr size_t kMostCandidates = 20;

// The one agency meant. NOT_FOUND: there is none; FAILED_PRECONDITION, reason AMBIGUOUS_AGENCY:
// there are several, so many, of which the first kMostCandidates are listed with what tells them apart.
absl::StatusOr<v1::Agency> TheOne(const v1::LookupAgencyRequest& lookup,
                                  absl::Span<const v1::Agency> candidates);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_AGENCY_LOOKUP_H_
