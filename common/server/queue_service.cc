#include "common/server/queue_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "google/protobuf/util/time_util.h"

namespace critac::server {
namespace {

constexpr int kDefaultPeek = 20;
constexpr int kMostPeek = 200;

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

queue::v1::QueueStats ToProto(absl::string_view name, const queue::QueueStats& stats) {
  queue::v1::QueueStats proto;
  proto.set_queue(std::string(name));
  proto.set_ready(stats.ready);
  proto.set_delayed(stats.delayed);
  proto.set_leased(stats.leased);
  proto.set_dead(stats.dead);
  proto.set_oldest_ready_milliseconds(absl::ToInt64Milliseconds(stats.oldest_ready));
  proto.set_paused(stats.paused);
  proto.set_completed(stats.completed);
  return proto;
}

queue::v1::JobState ToProto(queue::JobState state) {
  switch (state) {
    case queue::JobState::kReady:
      return queue::v1::JOB_STATE_READY;
    case queue::JobState::kDelayed:
      return queue::v1::JOB_STATE_DELAYED;
    case queue::JobState::kLeased:
      return queue::v1::JOB_STATE_LEASED;
    case queue::JobState::kDead:
      return queue::v1::JOB_STATE_DEAD;
  }
  return queue::v1::JOB_STATE_UNSPECIFIED;
}

// The state asked for; nothing where all are.
absl::StatusOr<std::optional<queue::JobState>> FromProto(queue::v1::JobState state) {
  switch (state) {
    case queue::v1::JOB_STATE_UNSPECIFIED:
      return std::nullopt;
    case queue::v1::JOB_STATE_READY:
      return queue::JobState::kReady;
    case queue::v1::JOB_STATE_DELAYED:
      return queue::JobState::kDelayed;
    case queue::v1::JOB_STATE_LEASED:
      return queue::JobState::kLeased;
    case queue::v1::JOB_STATE_DEAD:
      return queue::JobState::kDead;
    default:
      return InvalidField("state", absl::StrCat(static_cast<int>(state),
                                                " is not a JobState; accepted: READY, DELAYED, "
                                                "LEASED, DEAD, or none for all"));
  }
}

queue::v1::Job ToProto(const queue::JobInfo& info) {
  queue::v1::Job job;
  job.set_key(info.key);
  job.set_state(ToProto(info.state));
  job.set_attempts(info.attempts);
  *job.mutable_enqueue_time() = ToTimestamp(info.enqueued);
  if (info.due != absl::InfinitePast()) *job.mutable_due_time() = ToTimestamp(info.due);
  job.set_last_error(info.last_error);
  return job;
}

absl::StatusOr<queue::WorkQueue*> FindQueue(const Queues& queues, const std::string& name) {
  const std::vector<queue::WorkQueue*> all = queues.All();
  for (queue::WorkQueue* queue : all) {
    if (queue->name() == name) return queue;
  }
  const std::string names = absl::StrJoin(all, ", ", [](std::string* out, queue::WorkQueue* queue) {
    absl::StrAppend(out, queue->name());
  });
  return Error(absl::StatusCode::kNotFound, "QUEUE_NOT_FOUND",
               absl::StrCat("there is no queue `", name,
                            "` here; there are: ", names.empty() ? "none" : names))
      .Resource("critac.queue.v1.QueueStats", name)
      .ToStatus();
}

absl::Status List(const Queues& queues, queue::v1::ListQueuesResponse& response) {
  for (queue::WorkQueue* queue : queues.All()) {
    ASSIGN_OR_RETURN(const queue::QueueStats stats, queue->Stats());
    *response.add_queues() = ToProto(queue->name(), stats);
  }
  return absl::OkStatus();
}

absl::Status Peek(const Queues& queues, const queue::v1::PeekQueueRequest& request,
                  queue::v1::PeekQueueResponse& response) {
  ASSIGN_OR_RETURN(queue::WorkQueue * queue, FindQueue(queues, request.queue()));
  ASSIGN_OR_RETURN(const std::optional<queue::JobState> state, FromProto(request.state()));
  const int limit = request.limit() == 0 ? kDefaultPeek : std::min(request.limit(), kMostPeek);
  ASSIGN_OR_RETURN(const std::vector<queue::JobInfo> jobs, queue->Peek(state, limit));
  for (const queue::JobInfo& job : jobs) *response.add_jobs() = ToProto(job);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* QueueService::ListQueues(grpc::CallbackServerContext* context,
                                                   const queue::v1::ListQueuesRequest* request,
                                                   queue::v1::ListQueuesResponse* response) {
  return pipeline_.Read<queue::v1::ListQueuesRequest, queue::v1::ListQueuesResponse>(
      context, request, response,
      [this](const rpc::Call&, const auto&, auto& out) { return List(queues_, out); });
}

grpc::ServerUnaryReactor* QueueService::PeekQueue(grpc::CallbackServerContext* context,
                                                  const queue::v1::PeekQueueRequest* request,
                                                  queue::v1::PeekQueueResponse* response) {
  return pipeline_.Read<queue::v1::PeekQueueRequest, queue::v1::PeekQueueResponse>(
      context, request, response,
      [this](const rpc::Call&, const auto& in, auto& out) { return Peek(queues_, in, out); });
}

}  // namespace critac::server
