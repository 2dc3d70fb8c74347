#ifndef SERVICES_INTAKE_INTAKE_STORE_H_
#define SERVICES_INTAKE_INTAKE_STORE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
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
// Condition that matching has to look at a request: it is ready, or it was and is not in matching
// any more.
store::Condition RequestIsReady();
store::Condition RequestLeftMatching();

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_INTAKE_STORE_H_
