#ifndef SERVICES_MATCHING_RUN_READER_H_
#define SERVICES_MATCHING_RUN_READER_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// A run that was recorded, and the event that did so.
struct RecordedRun {
  v1::SolveRun run;
  journal::Event event;
  // Nothing: it was recorded before proofs were.
  std::optional<v1::SolveProof> proof;
};

// NOT_FOUND: no such run. DATA_LOSS: its event cannot be read.
absl::StatusOr<RecordedRun> FindRun(journal::Journal& journal, const std::string& name);

// What the run was made from: the records right before its own event, or, where they had changed by then, right after
// the event `base_sequence`; on the day of the decision, with what its proof has from outside the records. Where no
// proof says the day, it is that of the event. Of a later run it is later.
PastMoment InputOf(const RecordedRun& recorded);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RUN_READER_H_
