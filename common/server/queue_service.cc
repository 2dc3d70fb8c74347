#include "common/server/queue_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/tasks.h"
#include "common/status/error.h"
#include "google/protobuf/util/time_util.h"

namespace critac::server {
namespace {

constexpr int kDefaultPeek = 20;
constexpr int kMostPeek = 200;
// One at a time, since operators are few; past so many calls that wait, callers are told to come
// back.
constexpr int kThreads = 1;
constexpr int kWaiting = 64;

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
  proto.set_jobs_per_second(stats.jobs_per_second);
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
  std::vector<std::string> names;
  for (queue::WorkQueue* queue : queues.All()) {
    if (queue->name() == name) return queue;
    names.emplace_back(queue->name());
  }
  return QueueNotFound(name, names);
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

absl::Status Redrive(const Queues& queues, const queue::v1::RedriveJobsRequest& request,
                     queue::v1::RedriveJobsResponse& response) {
  ASSIGN_OR_RETURN(queue::WorkQueue * queue, FindQueue(queues, request.queue()));
  if (!request.key().empty()) {
    RETURN_IF_ERROR(queue->Redrive(request.key(), request.reason()));
    response.set_redriven_count(1);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const int64_t count, queue->RedriveAll(request.reason()));
  response.set_redriven_count(count);
  return absl::OkStatus();
}

}  // namespace

absl::Status QueueNotFound(const std::string& name, const std::vector<std::string>& names) {
  return Error(absl::StatusCode::kNotFound, "QUEUE_NOT_FOUND",
               absl::StrCat("there is no queue `", name, "` here; there are: ",
                            names.empty() ? "none" : absl::StrJoin(names, ", ")))
      .Resource("critac.queue.v1.QueueStats", name)
      .ToStatus();
}

QueueService::QueueService(rpc::Pipeline& pipeline, const Queues& queues, MayPeek may_peek)
    : pipeline_(pipeline),
      queues_(queues),
      may_peek_(std::move(may_peek)),
      tasks_("queue-service", kThreads, kWaiting) {}

grpc::ServerUnaryReactor* QueueService::ListQueues(grpc::CallbackServerContext* context,
                                                   const queue::v1::ListQueuesRequest* request,
                                                   queue::v1::ListQueuesResponse* response) {
  return rpc::InTasks<queue::v1::ListQueuesRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const rpc::Call&, const auto&) { return List(queues_, *response); });
}

grpc::ServerUnaryReactor* QueueService::PeekQueue(grpc::CallbackServerContext* context,
                                                  const queue::v1::PeekQueueRequest* request,
                                                  queue::v1::PeekQueueResponse* response) {
  return rpc::InTasks<queue::v1::PeekQueueRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const rpc::Call& call, const auto& in) -> absl::Status {
        if (may_peek_ != nullptr) RETURN_IF_ERROR(may_peek_(call));
        return Peek(queues_, in, *response);
      });
}

template <typename Request>
grpc::ServerUnaryReactor* QueueService::Govern(
    grpc::CallbackServerContext* context, const Request* request, queue::v1::QueueStats* response,
    absl::AnyInvocable<absl::Status(queue::WorkQueue&, const Request&)> change) {
  return rpc::InTasks<Request>(
      pipeline_, tasks_, context, request, response,
      [this, response, change = std::move(change)](const rpc::Call&, const Request& in) mutable {
        ASSIGN_OR_RETURN(queue::WorkQueue * queue, FindQueue(queues_, in.queue()));
        RETURN_IF_ERROR(change(*queue, in));
        ASSIGN_OR_RETURN(const queue::QueueStats stats, queue->Stats());
        *response = ToProto(queue->name(), stats);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QueueService::PauseQueue(grpc::CallbackServerContext* context,
                                                   const queue::v1::PauseQueueRequest* request,
                                                   queue::v1::QueueStats* response) {
  return Govern<queue::v1::PauseQueueRequest>(
      context, request, response,
      [](queue::WorkQueue& queue, const auto&) { return queue.Pause(); });
}

grpc::ServerUnaryReactor* QueueService::ResumeQueue(grpc::CallbackServerContext* context,
                                                    const queue::v1::ResumeQueueRequest* request,
                                                    queue::v1::QueueStats* response) {
  return Govern<queue::v1::ResumeQueueRequest>(
      context, request, response,
      [](queue::WorkQueue& queue, const auto&) { return queue.Resume(); });
}

grpc::ServerUnaryReactor* QueueService::LimitQueue(grpc::CallbackServerContext* context,
                                                   const queue::v1::LimitQueueRequest* request,
                                                   queue::v1::QueueStats* response) {
  return Govern<queue::v1::LimitQueueRequest>(context, request, response,
                                              [](queue::WorkQueue& queue, const auto& in) {
                                                return queue.LimitRate(in.jobs_per_second());
                                              });
}

grpc::ServerUnaryReactor* QueueService::RedriveJobs(grpc::CallbackServerContext* context,
                                                    const queue::v1::RedriveJobsRequest* request,
                                                    queue::v1::RedriveJobsResponse* response) {
  return rpc::InTasks<queue::v1::RedriveJobsRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const rpc::Call&, const auto& in) {
        return Redrive(queues_, in, *response);
      });
}

grpc::ServerUnaryReactor* QueueService::PurgeJobs(grpc::CallbackServerContext* context,
                                                  const queue::v1::PurgeJobsRequest* request,
                                                  queue::v1::PurgeJobsResponse* response) {
  return rpc::InTasks<queue::v1::PurgeJobsRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const rpc::Call&, const auto& in) {
        ASSIGN_OR_RETURN(queue::WorkQueue * queue, FindQueue(queues_, in.queue()));
        ASSIGN_OR_RETURN(const int64_t count, queue->PurgeDead());
        response->set_purged_count(count);
        return absl::OkStatus();
      });
}

}  // namespace critac::server
