#ifndef SERVICES_METRICS_METRICS_STATES_H_
#define SERVICES_METRICS_METRICS_STATES_H_

#include <vector>

#include "common/journal/journal.h"
#include "common/journal/states.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace critac::metrics {

// What metrics keeps of its own: survey responses and reports, derived from its journal. Beside them
// stand documents of reports, the log of what was withheld in them, and how far the journals were
// followed; those tables can be emptied at any time, and fill again.

std::vector<journal::Projection> MetricsProjections();
std::vector<store::Migration> MetricsMigrations();

// Changes states by one of metrics' events.
void ApplyMetrics(journal::MutableStates& states, const journal::Event& event,
                  const google::protobuf::Message& payload);

// Name, projections, tables and ApplyMetrics of metrics's journal.
journal::JournalOptions MetricsJournal();

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_METRICS_STATES_H_
