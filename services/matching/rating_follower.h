#ifndef SERVICES_MATCHING_RATING_FOLLOWER_H_
#define SERVICES_MATCHING_RATING_FOLLOWER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/rpc/journal_feed.h"
#include "grpcpp/channel.h"

namespace critac::matching {

// Follows the journal of metrics, and takes the ratings in it. The journal is read from its first event
// at every start, since what was taken is not taken again; so nothing has to be kept of how far it was
// read. Where a backup of metrics is put back, it begins again by itself; ratings of responses, and
// corrections of them, that were lost with it stay. It owns its thread. Thread-safe.
class RatingFollower {
 public:
  // Both must outlive it. `metrics`: a channel to metrics.
  RatingFollower(journal::Journal& journal, std::function<std::shared_ptr<grpc::Channel>()> metrics,
                 const Clock& clock);

  // Begins. Called once, before Stop.
  void Start() { feed_.Start(); }
  // Stopping again, or without a start, does nothing.
  void Stop() { feed_.Stop(); }
  // OK, or why the journal is followed no further, or about to be read again.
  absl::Status Health() const { return feed_.Health(); }

 private:
  absl::Status Take(absl::Span<const journal::v1::Event> events);

  journal::Journal& journal_;
  rpc::JournalFeed feed_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RATING_FOLLOWER_H_
