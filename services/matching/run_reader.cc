#include "services/matching/run_reader.h"

#include <utility>
#include <vector>

#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/journal/json_text.h"
#include "common/status/error.h"

namespace critac::matching {

absl::StatusOr<RecordedRun> FindRun(journal::Journal& journal, const std::string& name) {
  RecordedRun found;
  ASSIGN_OR_RETURN(found.run, journal.Get<v1::SolveRun>(name));
  ASSIGN_OR_RETURN(std::vector<journal::Event> events,
                   journal.ReadEvents(1, 1, {"critac.matching.v1.SolveRecorded"}, name));
  if (events.empty()) return ResourceNotFound("critac.matching.v1.SolveRun", name);
  found.event = std::move(events.front());
  v1::SolveRecorded payload;
  RETURN_IF_ERROR(Annotate(journal::FromJsonText(found.event.payload(), payload), name));
  if (payload.has_proof()) found.proof = std::move(*payload.mutable_proof());
  return found;
}

PastMoment InputOf(const RecordedRun& recorded) {
  PastMoment moment;
  const int64_t base = recorded.run.base_sequence();
  moment.sequence = base == 0 ? recorded.event.sequence() - 1 : base;
  moment.day = DayOf(journal::FromTimestamp(recorded.run.time()));
  if (!recorded.proof.has_value()) return moment;
  // The event may have been recorded after midnight.
  moment.day = ParseDate(recorded.proof->date()).value_or(moment.day);
  if (recorded.proof->has_outside()) moment.outside = recorded.proof->outside();
  return moment;
}

}  // namespace critac::matching
