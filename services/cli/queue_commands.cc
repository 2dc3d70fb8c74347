#include <memory>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "critac/queue/v1/queue.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using queue::v1::QueueService;

Columns StatsColumns() {
  return {Name("queue", "queue"),       Number("ready", "ready"),
          Number("delayed", "delayed"), Number("leased", "leased"),
          Number("dead", "dead"),       Number("oldest ms", "oldest_ready_milliseconds"),
          Field("paused", "paused"),    Number("done", "completed")};
}

Columns JobColumns() {
  return {Name("key", "key"),
          Field("state", "state"),
          Number("attempts", "attempts"),
          Name("put in", "enqueue_time"),
          Name("due", "due_time"),
          Field("last error", "last_error")};
}

absl::Status RunStats(Context& context) {
  ASSIGN_OR_RETURN(const queue::v1::ListQueuesResponse response,
                   context.Call(&QueueService::Stub::ListQueues, queue::v1::ListQueuesRequest()));
  return context.printer().List(response, "queues", StatsColumns());
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
                   context.Call(&QueueService::Stub::PeekQueue, request));
  return context.printer().List(response, "jobs", JobColumns());
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "queue", "Work queues");
  context.AddCommand(noun, "stats", "Shows the figures of every queue",
                     {"critac queue stats --as operator:ops"},
                     [&context] { return RunStats(context); });
  auto arguments = std::make_shared<PeekArguments>();
  CLI::App& peek =
      context.AddCommand(noun, "peek", "Shows jobs without taking them",
                         {"critac queue peek match --as operator:ops",
                          "critac queue peek match --state dead --as operator:ops"},
                         [&context, arguments] { return RunPeek(context, *arguments); });
  peek.add_option("QUEUE", arguments->queue, "match, sync or report")->required();
  peek.add_option("--state", arguments->state, "Only jobs that are ready, delayed, leased or dead");
  peek.add_option("--limit", arguments->limit, "Most jobs shown")
      ->check(CLI::Range(1, 200).description(""))
      ->capture_default_str();
}

}  // namespace critac::cli
