#include "services/matching/run_reader.h"

#include <utility>
#include <vector>

#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/status/error.h"

namespace critac::matching {

absl::StatusOr<RecordedRun> FindRun(journal::Journal& journal, const std::string& name) {
  RecordedRun found;
  ASSIGN_OR_RETURN(found.run, journal.Get<v1::SolveRun>(name));
  ASSIGN_OR_RETURN(std::vector<journal::Event> events,
                   journal.ReadEvents(1, 1, {"critac.matching.v1.SolveRecorded"}, name));
  if (events.empty()) return ResourceNotFound("critac.matching.v1.SolveRun", name);
  found.event = std::move(events.front());
  return found;
}

PastMoment InputOf(const RecordedRun& recorded) {
  return {recorded.event.sequence() - 1, DayOf(journal::FromTimestamp(recorded.run.time()))};
}

}  // namespace critac::matching
