#ifndef COMMON_SERVER_JOURNAL_SERVICE_H_
#define COMMON_SERVER_JOURNAL_SERVICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "common/server/task_thread.h"
#include "critac/journal/v1/journal.grpc.pb.h"

namespace critac::server {

// Serves critac.journal.v1.JournalService over the journals of the process.
class JournalService final : public journal::v1::JournalService::CallbackService {
 public:
  // Whether a caller may read the events of a journal.
  using MayFollow = std::function<absl::Status(const rpc::Call&, const journal::Journal&)>;

  // `pipeline`, `clock` and the journals must outlive the service. `may_follow` may be null: whoever may
  // call may read.
  JournalService(rpc::Pipeline& pipeline, std::vector<journal::Journal*> journals,
                 const Clock& clock, MayFollow may_follow = nullptr);

  // Without `follow`, a stream ends at the head of its beginning. Followed, it sends an empty batch
  // after every limits::kFollowKeepAlive without news. `head_sequence` of a batch says how far the
  // reader has come: with a filter, events up to there that are not in the stream do not match; a
  // filtered stream whose last event is not the last of the journal ends in an empty batch to say
  // so.
  grpc::ServerWriteReactor<journal::v1::ReadEventsResponse>* ReadEvents(
      grpc::CallbackServerContext* context, const journal::v1::ReadEventsRequest* request) override;
  grpc::ServerUnaryReactor* GetHead(grpc::CallbackServerContext* context,
                                    const journal::v1::GetHeadRequest* request,
                                    journal::v1::GetHeadResponse* response) override;
  // Verifications run one at a time, on a thread of their own; RESOURCE_EXHAUSTED where too many
  // wait.
  grpc::ServerUnaryReactor* VerifyChain(grpc::CallbackServerContext* context,
                                        const journal::v1::VerifyChainRequest* request,
                                        journal::v1::VerifyChainResponse* response) override;

  // Refuses verifications that wait or come with UNAVAILABLE, ends the one that runs. Streams are
  // ended by the pipeline.
  void Stop();

 private:
  // The journal of a name. An empty name stands for the only one; INVALID_ARGUMENT where there are
  // several. NOT_FOUND: no such journal.
  absl::StatusOr<journal::Journal*> Find(const std::string& name) const;

  rpc::Pipeline& pipeline_;
  const std::vector<journal::Journal*> journals_;
  const Clock& clock_;
  const MayFollow may_follow_;
  TaskThread verifications_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_JOURNAL_SERVICE_H_
