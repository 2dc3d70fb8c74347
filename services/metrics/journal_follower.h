#ifndef SERVICES_METRICS_JOURNAL_FOLLOWER_H_
#define SERVICES_METRICS_JOURNAL_FOLLOWER_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/rpc/journal_feed.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "grpcpp/channel.h"
#include "services/metrics/facts.h"

namespace critac::metrics {

// How far a journal was read: the last event taken, with its hash.
using Position = v1::Snapshot::Position;

Position PositionOf(const rpc::FeedPosition& position);

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
