#include "services/metrics/journal_follower.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/journal/json_text.h"
#include "common/status/error.h"

namespace critac::metrics {

using journal::v1::Event;

Position PositionOf(const rpc::FeedPosition& position) {
  Position message;
  message.set_journal(position.journal);
  message.set_sequence(position.sequence);
  message.set_hash(position.hash);
  *message.mutable_record_time() = position.record_time;
  return message;
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
    rpc::FeedPosition position{.journal = wanted.journal()};
    grpc::ClientContext context;
    RETURN_IF_ERROR(Annotate(
        rpc::ReadJournal(channel(wanted.journal()), context,
                         {.reader = "metrics", .last_sequence = wanted.sequence(), .trace = trace},
                         position,
                         [&](absl::Span<const Event> events) { return TakeEvents(facts, events); }),
        absl::StrCat("the journal ", wanted.journal())));
    if (position.sequence != wanted.sequence() || position.hash != wanted.hash()) {
      return rpc::ChainBroken(
          wanted.journal(), wanted.sequence(),
          absl::StrCat("the snapshot has the hash ", wanted.hash(), " there, the journal ",
                       position.hash, " at event ", position.sequence));
    }
  }
  return facts;
}

}  // namespace critac::metrics
