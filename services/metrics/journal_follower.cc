#include "services/metrics/journal_follower.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/journal/json_text.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"
#include "common/status/grpc_status.h"
#include "critac/journal/v1/journal.grpc.pb.h"

namespace critac::metrics {
namespace {

using journal::v1::Event;

absl::Status ChainBroken(const std::string& journal, int64_t sequence, absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, "CHAIN_BROKEN",
               absl::StrCat("the journal ", journal, " does not continue at event ", sequence, ": ",
                            what))
      .ToStatus();
}

// Moves `position` to `event`, which must follow from it.
absl::Status Advance(const Event& event, Position& position) {
  const int64_t expected = position.sequence() + 1;
  if (event.sequence() != expected) {
    return ChainBroken(position.journal(), expected,
                       absl::StrCat("event ", event.sequence(), " comes instead"));
  }
  if (event.hash() != journal::HashEvent(event, position.hash())) {
    return ChainBroken(position.journal(), expected,
                       "its hash is not that of its content and the event before");
  }
  position.set_sequence(event.sequence());
  position.set_hash(event.hash());
  *position.mutable_record_time() = event.record_time();
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadJournal(const std::shared_ptr<grpc::Channel>& channel,
                         grpc::ClientContext& context, const ReadOptions& options,
                         Position& position,
                         absl::FunctionRef<absl::Status(absl::Span<const Event>)> take) {
  rpc::Prepare(context, {.principal = {type::v1::ROLE_SERVICE, "metrics"},
                         .trace = options.trace,
                         .timeout = absl::InfiniteDuration(),
                         .wait_for_ready = options.follow});
  journal::v1::ReadEventsRequest request;
  request.set_journal(position.journal());
  request.set_from_sequence(position.sequence() + 1);
  request.set_follow(options.follow);
  if (options.last_sequence > 0) {
    request.set_max_events(options.last_sequence - position.sequence());
  }
  const auto stub = journal::v1::JournalService::NewStub(channel);
  const auto reader = stub->ReadEvents(&context, request);
  journal::v1::ReadEventsResponse batch;
  absl::Status status;
  while (status.ok() && reader->Read(&batch)) {
    for (const Event& event : batch.events()) {
      status = Advance(event, position);
      if (!status.ok()) break;
    }
    if (status.ok() && !batch.events().empty()) {
      const std::vector<Event> events(batch.events().begin(), batch.events().end());
      status = take(events);
    }
  }
  if (!status.ok()) context.TryCancel();
  const absl::Status ended = FromGrpcStatus(reader->Finish());
  return status.ok() ? ended : status;
}

absl::Status TakeEvents(Facts& facts, absl::Span<const Event> events) {
  for (const Event& event : events) {
    const google::protobuf::Message* prototype = PayloadOfInterest(event.type());
    if (prototype == nullptr) continue;
    const std::unique_ptr<google::protobuf::Message> payload(prototype->New());
    RETURN_IF_ERROR(Annotate(journal::FromJsonText(event.payload(), *payload),
                             absl::StrCat("event ", event.sequence(), ", ", event.type())));
    Take(facts, event, *payload);
  }
  return absl::OkStatus();
}

absl::StatusOr<Facts> FactsAt(
    const v1::Snapshot& snapshot, const std::string& trace,
    absl::FunctionRef<std::shared_ptr<grpc::Channel>(const std::string& journal)> channel) {
  Facts facts;
  for (const Position& wanted : snapshot.positions()) {
    if (wanted.sequence() == 0) continue;
    Position position;
    position.set_journal(wanted.journal());
    grpc::ClientContext context;
    RETURN_IF_ERROR(Annotate(
        ReadJournal(channel(wanted.journal()), context,
                    {.last_sequence = wanted.sequence(), .trace = trace}, position,
                    [&](absl::Span<const Event> events) { return TakeEvents(facts, events); }),
        absl::StrCat("the journal ", wanted.journal())));
    if (position.sequence() != wanted.sequence() || position.hash() != wanted.hash()) {
      return ChainBroken(
          wanted.journal(), wanted.sequence(),
          absl::StrCat("the snapshot has the hash ", wanted.hash(), " there, the journal ",
                       position.hash(), " at event ", position.sequence()));
    }
  }
  return facts;
}

}  // namespace critac::metrics
