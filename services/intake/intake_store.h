#ifndef SERVICES_INTAKE_INTAKE_STORE_H_
#define SERVICES_INTAKE_INTAKE_STORE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/journal/states.h"
#include "common/store/database.h"
#include "common/store/filter.h"

// Intake's tables: what columns its states are looked up by, and the SQL that makes them.
namespace critac::intake {

// Name, projections, tables and ApplyEvent of intake's journal.
journal::JournalOptions IntakeJournal();

using FilterFields = absl::flat_hash_map<std::string, store::FilterField>;

// Fields that ListRequests filters by.
const FilterFields& RequestFilterFields();
// Fields that ListAgencies filters by.
const FilterFields& AgencyFilterFields();

// Condition that an identifier's record has one of these values, which are identifiers in any kind.
store::Condition AliasValueIs(const std::string& value);
// Condition that an agency is in `state` and has a name of the same NameKey.
store::Condition AgencyIsCalled(const std::string& display_name, const std::string& state);
// Condition that a request is this agency's.
store::Condition RequestIsOf(const std::string& agency);
// Condition that a request is none of these agencies': neither asked for by one, nor serving it too.
store::Condition RequestIsOfNone(absl::Span<const std::string> agencies);
// Why matching has to look at a request.
enum class MatchingNeed {
  kReady,  // it is to be matched
  kLeft,   // it was ready once, and is neither ready nor matched now
};

// Names of requests that matching has to look at, in order, the first of them after `after`; at most
// `limit`.
absl::StatusOr<std::vector<std::string>> RequestsForMatching(store::Database& database,
                                                             MatchingNeed need,
                                                             const std::string& after, int limit);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_INTAKE_STORE_H_
