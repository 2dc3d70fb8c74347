#ifndef COMMON_RPC_JOURNAL_FEED_H_
#define COMMON_RPC_JOURNAL_FEED_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "critac/journal/v1/journal.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace critac::rpc {

// How far a journal was read: the last event taken, with its hash. Sequence 0: none.
struct FeedPosition {
  std::string journal;
  int64_t sequence = 0;
  std::string hash;
  google::protobuf::Timestamp record_time;
};

struct FeedOptions {
  // The service that reads: `metrics`.
  std::string reader;
  // Waits for what is recorded later, instead of ending at the head.
  bool follow = false;
  // Ends at this event. 0: does not.
  int64_t last_sequence = 0;
  // W3C trace of what it is part of, as ParseTrace gives it. Empty: none.
  std::string trace = {};
};

// Reads a journal through its feed from the event after `position` on, and moves `position` along.
// Every event is checked to follow from the one before by its number and hash, so that what `take`
// sees is the journal and nothing else. `take` gets the events batch by batch; `position` stands
// behind them when it is called. Returns the first error of `take`, or how the stream ended: OK at
// the end of what was asked for. DATA_LOSS, reason CHAIN_BROKEN: an event does not follow.
absl::Status ReadJournal(
    const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
    const FeedOptions& options, FeedPosition& position,
    absl::FunctionRef<absl::Status(absl::Span<const journal::v1::Event>)> take);

// DATA_LOSS, reason CHAIN_BROKEN: what a journal has at an event is not what it should be.
absl::Status ChainBroken(const std::string& journal, int64_t sequence, absl::string_view what);

// Rest before a stream that ended is opened again; doubled after each stream that brought nothing, up
// to the most.
inline constexpr absl::Duration kFirstFeedRest = absl::Milliseconds(100);
inline constexpr absl::Duration kMostFeedRest = absl::Seconds(10);
// The same before a journal that does not continue is read again from its first event.
inline constexpr absl::Duration kFeedAgainRest = absl::Minutes(1);

// What a feed does where the journal does not continue from its position, as after a backup of it was
// put back. Where an event cannot be taken at all (another DATA_LOSS), it ends.
enum class WhenBroken {
  kEnd,    // ends, and says so
  kBegin,  // begins again with the first event
};

// Follows a journal for as long as it lives. Services start in any order: what cannot be reached is
// tried again. It owns its thread. Thread-safe.
class JournalFeed {
 public:
  using Channel = std::function<std::shared_ptr<grpc::Channel>()>;
  // Takes events; `position` stands behind them. An error ends the stream, and the events come again
  // with the next one; DATA_LOSS and OUT_OF_RANGE are of a journal that is broken.
  using Take = std::function<absl::Status(const FeedPosition& position,
                                          absl::Span<const journal::v1::Event> events)>;

  // `reader` is the service that reads; `clock` must outlive it.
  JournalFeed(std::string journal, std::string reader, Channel channel, Take take,
              const Clock& clock, WhenBroken when_broken = WhenBroken::kEnd);
  // Stops.
  ~JournalFeed();

  JournalFeed(const JournalFeed&) = delete;
  JournalFeed& operator=(const JournalFeed&) = delete;

  // Begins after a position, whose journal need not be named. Called once, before Stop.
  void Start(FeedPosition after = {});
  // Ends the stream and joins the thread. Stopping again, or without a start, does nothing.
  void Stop();

  // OK, or why the journal is followed no further, or is about to be read again: what was read is not
  // what was recorded. A journal that cannot be reached is no fault.
  absl::Status Health() const;

 private:
  void Follow(FeedPosition position);
  absl::Status ReadOn(FeedPosition& position);

  const std::string journal_;
  const std::string reader_;
  const Channel channel_;
  const Take take_;
  const Clock& clock_;
  const WhenBroken when_broken_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // The stream that is open. Null: none.
  grpc::ClientContext* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  absl::Status fault_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace critac::rpc

#endif  // COMMON_RPC_JOURNAL_FEED_H_
