#include "services/cli/center_journals.h"

#include "services/intake/intake_store.h"
#include "services/matching/matching_states.h"
#include "services/metrics/metrics_states.h"

namespace critac::cli {

std::vector<journal::JournalOptions> CenterJournals() {
  return {intake::IntakeJournal(), matching::MatchingJournal(), metrics::MetricsJournal()};
}

}  // namespace critac::cli
