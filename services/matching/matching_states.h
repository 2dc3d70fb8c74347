#ifndef SERVICES_MATCHING_MATCHING_STATES_H_
#define SERVICES_MATCHING_MATCHING_STATES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"
#include "common/journal/states.h"
#include "common/store/database.h"

// What matching keeps: the tables of its resources and how its events change them.
namespace critac::matching {

// The one state that counts changes of the solver's input.
inline constexpr char kSolverInputs[] = "solver/inputs";
// A copy of the policy in force; all versions stand beside it, under PolicyName.
inline constexpr char kCurrentPolicy[] = "policies/current";

// How often the solver's input has changed, which conflicts, experts and identities are part of.
absl::StatusOr<int64_t> InputsRevision(journal::Journal& journal);

// `demands/ID` of `requests/ID`, and back.
std::string DemandOf(absl::string_view request);
// `capacities/experts-e001@2026Q4`: what an expert or partner has agreed to in a period, or (`open`) at once.
std::string CapacityName(absl::string_view owner, absl::string_view period);
// `importKeys/SYSTEM:ID`.
std::string ImportKeyName(absl::string_view external_id);

std::vector<journal::Projection> MatchingProjections();
std::vector<store::Migration> MatchingMigrations();

// Changes states by one of matching's events.
void ApplyMatching(journal::MutableStates& states, const journal::Event& event,
                   const google::protobuf::Message& payload);

// Name, projections, tables and ApplyMatching of matching's journal.
journal::JournalOptions MatchingJournal();

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MATCHING_STATES_H_
