#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/server/queue_service.h"
#include "common/status/error.h"
#include "critac/queue/v1/queue.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using queue::v1::ListQueuesResponse;
using queue::v1::QueueService;
using queue::v1::QueueStats;

// A method of the service, as its stub has it.
template <typename Request, typename Response>
using QueueMethod = grpc::Status (QueueService::Stub::*)(grpc::ClientContext*, const Request&,
                                                         Response*);

constexpr const char* kQueueHelp = "match, offers, report or sync";

Columns StatsColumns() {
  return {Name("queue", "queue"),       Number("ready", "ready"),
          Number("delayed", "delayed"), Number("leased", "leased"),
          Number("dead", "dead"),       Number("oldest ms", "oldest_ready_milliseconds"),
          Field("paused", "paused"),    Number("rate", "jobs_per_second"),
          Number("done", "completed")};
}

Columns JobColumns() {
  return {Name("key", "key"),
          Field("state", "state"),
          Number("attempts", "attempts"),
          Name("put in", "enqueue_time"),
          Name("due", "due_time"),
          Field("last error", "last_error")};
}

// --- Which process has which queue --------------------------------------------------------------

// A queue as the processes of a center show it. Those that have it agree on everything but on what
// each of them has done.
struct SeenQueue {
  // With what all of them have done.
  QueueStats stats;
  // Of one that has it.
  std::string address;
  // What the others have done.
  int64_t completed_elsewhere = 0;
};

struct SeenQueues {
  std::map<std::string, SeenQueue> by_name;
  // Of the first address that did not answer; OK: all did.
  absl::Status fault;
};

absl::StatusOr<SeenQueues> LookAtQueues(Context& context) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  SeenQueues seen;
  for (const std::string& address : client->options().servers.All()) {
    const absl::StatusOr<ListQueuesResponse> there =
        client->CallAt(address, &QueueService::Stub::ListQueues, queue::v1::ListQueuesRequest(),
                       context.Deadline(kDefaultDeadline));
    seen.fault.Update(there.status());
    if (!there.ok()) continue;
    for (const QueueStats& stats : there->queues()) {
      const auto [queue, is_new] =
          seen.by_name.try_emplace(stats.queue(), SeenQueue{stats, address});
      if (is_new) continue;
      queue->second.completed_elsewhere += stats.completed();
      queue->second.stats.set_completed(queue->second.stats.completed() + stats.completed());
    }
  }
  return seen;
}

// A queue that some process has, though others may not answer.
absl::StatusOr<SeenQueue> LookAtQueue(Context& context, const std::string& name) {
  ASSIGN_OR_RETURN(const SeenQueues seen, LookAtQueues(context));
  if (const auto found = seen.by_name.find(name); found != seen.by_name.end()) {
    return found->second;
  }
  RETURN_IF_ERROR(seen.fault);
  std::vector<std::string> names;
  for (const auto& [each, queue] : seen.by_name) names.push_back(each);
  return server::QueueNotFound(name, names);
}

// Which process to ask about a queue. Where there is only one, that one, whatever it has.
absl::StatusOr<SeenQueue> FindQueue(Context& context, const std::string& name) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  const std::vector<std::string> all = client->options().servers.All();
  if (all.size() > 1) return LookAtQueue(context, name);
  return SeenQueue{.stats = {}, .address = all.front()};
}

// Calls a method about the queue that the request names, at a process that has it.
template <typename Request, typename Response>
absl::StatusOr<Response> CallOnQueue(Context& context, QueueMethod<Request, Response> method,
                                     const Request& request) {
  ASSIGN_OR_RETURN(const SeenQueue queue, FindQueue(context, request.queue()));
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(Response response, client->CallAt(queue.address, method, request,
                                                     context.Deadline(kDefaultDeadline)));
  if constexpr (std::is_same_v<Response, QueueStats>) {
    response.set_completed(response.completed() + queue.completed_elsewhere);
  }
  return response;
}

// --- Commands -----------------------------------------------------------------------------------

// Shows what those say that answer, also where another does not.
absl::Status RunListQueues(Context& context) {
  ASSIGN_OR_RETURN(const SeenQueues seen, LookAtQueues(context));
  if (seen.by_name.empty()) RETURN_IF_ERROR(seen.fault);
  ListQueuesResponse merged;
  for (const auto& [name, queue] : seen.by_name) *merged.add_queues() = queue.stats;
  RETURN_IF_ERROR(context.printer().List(merged, "queues", StatsColumns()));
  return seen.fault;
}

// The figures of one queue, or of all where none is named.
absl::Status RunStats(Context& context, const std::string& name) {
  if (name.empty()) return RunListQueues(context);
  ASSIGN_OR_RETURN(const SeenQueue queue, LookAtQueue(context, name));
  return context.printer().Row(queue.stats, StatsColumns());
}

struct PeekArguments {
  std::string queue;
  std::string state;
  int limit = 20;
};

absl::Status RunPeek(Context& context, const PeekArguments& arguments) {
  queue::v1::PeekQueueRequest request;
  request.set_queue(arguments.queue);
  RETURN_IF_ERROR(SetField(request, "state", arguments.state));
  request.set_limit(arguments.limit);
  ASSIGN_OR_RETURN(const queue::v1::PeekQueueResponse response,
                   CallOnQueue(context, &QueueService::Stub::PeekQueue, request));
  return context.printer().List(response, "jobs", JobColumns());
}

// Calls a method whose request names a queue and nothing else, and shows what comes back.
template <typename Request, typename Response>
std::function<absl::Status()> OnQueue(Context& context, QueueMethod<Request, Response> method,
                                      std::shared_ptr<std::string> queue, Columns columns) {
  return
      [&context, method, queue = std::move(queue), columns = std::move(columns)]() -> absl::Status {
        Request request;
        request.set_queue(*queue);
        ASSIGN_OR_RETURN(const Response response, CallOnQueue(context, method, request));
        return context.printer().Row(response, columns);
      };
}

void AddLooking(CLI::App& noun, Context& context) {
  context.AddCommand(noun, "list", "Shows the figures of every queue",
                     {"critac queue list --as operator:ops"},
                     [&context] { return RunListQueues(context); });
  auto queue = std::make_shared<std::string>();
  context
      .AddCommand(noun, "stats", "Shows the figures of a queue, or of every queue",
                  {"critac queue stats --as operator:ops",
                   "critac queue stats match --output json --as operator:ops"},
                  [&context, queue] { return RunStats(context, *queue); })
      .add_option("QUEUE", *queue, kQueueHelp);
  auto arguments = std::make_shared<PeekArguments>();
  CLI::App& peek =
      context.AddCommand(noun, "peek", "Shows jobs without taking them",
                         {"critac queue peek match --as operator:ops",
                          "critac queue peek match --state dead --as operator:ops"},
                         [&context, arguments] { return RunPeek(context, *arguments); });
  peek.add_option("QUEUE", arguments->queue, kQueueHelp)->required();
  peek.add_option("--state", arguments->state, "Only jobs that are ready, delayed, leased or dead");
  peek.add_option("--limit", arguments->limit, "Most jobs shown")
      ->check(CLI::Range(1, 200).description(""))
      ->capture_default_str();
}

void AddGoverning(CLI::App& noun, Context& context) {
  auto queue = std::make_shared<std::string>();
  context
      .AddCommand(noun, "pause", "Hands no job out until the queue is resumed; jobs in hand go on",
                  {"critac queue pause match --as operator:ops"},
                  OnQueue(context, &QueueService::Stub::PauseQueue, queue, StatsColumns()))
      .add_option("QUEUE", *queue, kQueueHelp)
      ->required();
  context
      .AddCommand(noun, "resume", "Hands jobs out again",
                  {"critac queue resume match --as operator:ops"},
                  OnQueue(context, &QueueService::Stub::ResumeQueue, queue, StatsColumns()))
      .add_option("QUEUE", *queue, kQueueHelp)
      ->required();
  auto jobs_per_second = std::make_shared<int64_t>(0);
  CLI::App& rate = context.AddCommand(
      noun, "limit", "Limits how many jobs are handed out a second, to all workers together",
      {"critac queue limit report --rate 5 --as operator:ops",
       "critac queue limit report --rate 0 --as operator:ops"},
      [&context, queue, jobs_per_second]() -> absl::Status {
        queue::v1::LimitQueueRequest request;
        request.set_queue(*queue);
        request.set_jobs_per_second(*jobs_per_second);
        ASSIGN_OR_RETURN(const queue::v1::QueueStats stats,
                         CallOnQueue(context, &QueueService::Stub::LimitQueue, request));
        return context.printer().Row(stats, StatsColumns());
      });
  rate.add_option("QUEUE", *queue, kQueueHelp)->required();
  rate.add_option("--rate", *jobs_per_second, "Most jobs a second; 0: no limit")
      ->required()
      ->check(CLI::Range(int64_t{0}, int64_t{1'000'000}).description(""));
}

struct RedriveArguments {
  std::string queue;
  std::string key;
  bool all = false;
  std::string reason;
};

absl::Status RunRedrive(Context& context, const RedriveArguments& arguments) {
  if (arguments.key.empty() != arguments.all) {
    return UsageError("name the KEY of a dead job, or give --all");
  }
  queue::v1::RedriveJobsRequest request;
  request.set_queue(arguments.queue);
  request.set_key(arguments.key);
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(const queue::v1::RedriveJobsResponse response,
                   CallOnQueue(context, &QueueService::Stub::RedriveJobs, request));
  return context.printer().Row(response, {Number("redriven", "redriven_count")});
}

void AddDead(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<RedriveArguments>();
  CLI::App& redrive = context.AddCommand(
      noun, "redrive", "Brings dead jobs back, one or all, with their attempts forgotten",
      {"critac queue redrive match requests/fy27-000001 --reason \"the agency was added\" "
       "--as operator:ops",
       "critac queue redrive sync --all --reason \"intake is back\" --as operator:ops"},
      [&context, arguments] { return RunRedrive(context, *arguments); });
  redrive.add_option("QUEUE", arguments->queue, kQueueHelp)->required();
  redrive.add_option("KEY", arguments->key, "Key of the dead job");
  redrive.add_flag("--all", arguments->all, "All dead jobs, as far as the queue has room");
  redrive.add_option("--reason", arguments->reason, "Why; kept before each job's last error")
      ->required();
  auto queue = std::make_shared<std::string>();
  context
      .AddCommand(noun, "purge", "Forgets all dead jobs",
                  {"critac queue purge match --as operator:ops"},
                  OnQueue(context, &QueueService::Stub::PurgeJobs, queue,
                          {Number("purged", "purged_count")}))
      .add_option("QUEUE", *queue, kQueueHelp)
      ->required();
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "queue", "Work queues");
  AddLooking(noun, context);
  AddGoverning(noun, context);
  AddDead(noun, context);
}

}  // namespace critac::cli
