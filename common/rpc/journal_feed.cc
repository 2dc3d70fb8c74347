#include "common/rpc/journal_feed.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/journal.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"
#include "common/status/grpc_status.h"
#include "critac/journal/v1/journal.grpc.pb.h"

namespace critac::rpc {
namespace {

using journal::v1::Event;

// Moves `position` to `event`, which must follow from it.
absl::Status Advance(const Event& event, FeedPosition& position) {
  const int64_t expected = position.sequence + 1;
  if (event.sequence() != expected) {
    return ChainBroken(position.journal, expected,
                       absl::StrCat("event ", event.sequence(), " comes instead"));
  }
  if (event.hash() != journal::HashEvent(event, position.hash)) {
    return ChainBroken(position.journal, expected,
                       "its hash is not that of its content and the event before");
  }
  position.sequence = event.sequence();
  position.hash = event.hash();
  position.record_time = event.record_time();
  return absl::OkStatus();
}

}  // namespace

absl::Status ChainBroken(const std::string& journal, int64_t sequence, absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, "CHAIN_BROKEN",
               absl::StrCat("the journal ", journal, " does not continue at event ", sequence, ": ",
                            what))
      .ToStatus();
}

absl::Status ReadJournal(const std::shared_ptr<grpc::Channel>& channel,
                         grpc::ClientContext& context, const FeedOptions& options,
                         FeedPosition& position,
                         absl::FunctionRef<absl::Status(absl::Span<const Event>)> take) {
  Prepare(context, {.principal = {type::v1::ROLE_SERVICE, options.reader},
                    .trace = options.trace,
                    .timeout = absl::InfiniteDuration(),
                    .wait_for_ready = options.follow});
  journal::v1::ReadEventsRequest request;
  request.set_journal(position.journal);
  request.set_from_sequence(position.sequence + 1);
  request.set_follow(options.follow);
  if (options.last_sequence > 0) {
    request.set_max_events(options.last_sequence - position.sequence);
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

JournalFeed::JournalFeed(std::string journal, std::string reader, Channel channel, Take take,
                         const Clock& clock, WhenBroken when_broken)
    : journal_(std::move(journal)),
      reader_(std::move(reader)),
      channel_(std::move(channel)),
      take_(std::move(take)),
      clock_(clock),
      when_broken_(when_broken) {}

JournalFeed::~JournalFeed() { Stop(); }

void JournalFeed::Start(FeedPosition after) {
  after.journal = journal_;
  thread_ = std::thread([this, after = std::move(after)] { Follow(after); });
}

void JournalFeed::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (stream_ != nullptr) stream_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status JournalFeed::Health() const {
  absl::MutexLock lock(&mutex_);
  return fault_;
}

void JournalFeed::Follow(FeedPosition position) {
  absl::Duration rest = kFirstFeedRest;
  for (;;) {
    const FeedPosition before = position;
    const absl::Status status = ReadOn(position);
    const bool progress = position.sequence > before.sequence;
    absl::MutexLock lock(&mutex_);
    const bool broken = absl::IsDataLoss(status) || absl::IsOutOfRange(status);
    if (broken) {
      fault_ = Annotate(status, absl::StrCat("the journal ", journal_));
      // From there it would not be otherwise if it were read again, nor what cannot be read at all.
      const bool is_other = absl::IsOutOfRange(status) || ReasonOf(status) == "CHAIN_BROKEN";
      if (when_broken_ == WhenBroken::kEnd || !is_other) return;
      position = {};
      position.journal = journal_;
    }
    rest = broken ? kFeedAgainRest : progress ? kFirstFeedRest : std::min(rest * 2, kMostFeedRest);
    if (clock_.AwaitFor(mutex_, absl::Condition(&stopping_), rest)) return;
  }
}

absl::Status JournalFeed::ReadOn(FeedPosition& position) {
  grpc::ClientContext context;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::OkStatus();
    stream_ = &context;
  }
  FeedPosition taken = position;
  const absl::Status status =
      ReadJournal(channel_(), context, {.reader = reader_, .follow = true}, taken,
                  [&](absl::Span<const Event> events) -> absl::Status {
                    RETURN_IF_ERROR(take_(taken, events));
                    position = taken;
                    absl::MutexLock lock(&mutex_);
                    fault_ = absl::OkStatus();
                    return absl::OkStatus();
                  });
  absl::MutexLock lock(&mutex_);
  stream_ = nullptr;
  return status;
}

}  // namespace critac::rpc
