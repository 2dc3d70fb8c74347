#ifndef SERVICES_METRICS_JOURNAL_FOLLOWER_H_
#define SERVICES_METRICS_JOURNAL_FOLLOWER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "services/metrics/facts.h"

namespace critac::metrics {

// How far a journal was read: the last event taken, with its hash.
using Position = v1::Snapshot::Position;

struct ReadOptions {
  // Waits for what is recorded later, instead of ending at the head.
  bool follow = false;
  // Ends at this event. 0: does not.
  int64_t last_sequence = 0;
  // W3C traceparent of what it is part of. Empty: none.
  std::string trace = {};
};

// Reads a journal through its feed from the event after `position` on, and moves `position` along.
// Every event is checked to follow from the one before by its number and hash, so that what `take`
// sees is the journal and nothing else. `take` gets the events batch by batch; `position` stands
// behind them when it is called. Returns the first error of `take`, or how the stream ended: OK at
// the end of what was asked for. DATA_LOSS, reason CHAIN_BROKEN: an event does not follow.
absl::Status ReadJournal(
    const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
    const ReadOptions& options, Position& position,
    absl::FunctionRef<absl::Status(absl::Span<const journal::v1::Event>)> take);

// Takes events into facts. DATA_LOSS: the payload of one that matters cannot be read; those before
// it are taken.
absl::Status TakeEvents(Facts& facts, absl::Span<const journal::v1::Event> events);

// Facts as they were at a snapshot, read from the journals through `channel` (by journal's name).
// The same snapshot gives the same facts, whatever was recorded since. DATA_LOSS: a journal has
// another event, or none, at a position. UNAVAILABLE and the like: a journal cannot be reached.
// `trace` is that of what it is part of.
absl::StatusOr<Facts> FactsAt(
    const v1::Snapshot& snapshot, const std::string& trace,
    absl::FunctionRef<std::shared_ptr<grpc::Channel>(const std::string& journal)> channel);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_JOURNAL_FOLLOWER_H_
