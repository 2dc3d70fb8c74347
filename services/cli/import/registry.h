#ifndef SERVICES_CLI_IMPORT_REGISTRY_H_
#define SERVICES_CLI_IMPORT_REGISTRY_H_

#include "absl/status/status.h"
#include "critac/intake/v1/agency.pb.h"
#include "services/cli/import/row.h"

namespace critac::cli {

// Reads a row of the FBI's registry of agencies (its keys are state and ORI) into an agency, whose
// one alias is the ORI. Pure.
//
// The registry is as untidy as real ones are, and is taken as it is where that is safe:
// - The state is that of the outer key; the first letters of an ORI are no location (NB is
//   Nebraska's, GM Guam's, DI stands inside tribal ones). An outer key that is such a prefix is
//   read as its state.
// - Runs of spaces in names are one. Counties are left as they are written.
// - A place of -9, -9, which the registry writes for unknown, or of 0, 0, or one that is not on the
//   globe, is unknown.
//
// INVALID_ARGUMENT, with the reason in words: a state that is none (CZ, the former Canal Zone), a
// test agency of the registry (TS…), an ORI that has not the form of one, a name or type missing or
// not known.
absl::Status AgencyFromRegistry(const Row& row, intake::v1::Agency& agency);

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_REGISTRY_H_
