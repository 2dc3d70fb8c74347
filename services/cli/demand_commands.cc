#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::Demand;
using matching::v1::MatchService;

// Slots that wait for a person, with how often each was offered in vain: `s1 3, s2 4`.
std::string EscalatedText(const Demand& demand, TextStyle style) {
  std::vector<std::string> slots;
  for (const auto& refusals : demand.refusals()) {
    if (!refusals.has_escalate_time()) continue;
    slots.push_back(absl::StrCat(refusals.slot(), " ", refusals.count()));
  }
  return absl::StrJoin(slots, style == TextStyle::kShort ? ", " : ";");
}

std::string RefusedText(const Demand& demand, TextStyle) {
  int count = 0;
  for (const auto& refusals : demand.refusals()) count += refusals.count();
  return absl::StrCat(count);
}

Columns DemandColumns() {
  return {
      Name("name", "name"),
      Field("state", "state"),
      Computed<Demand>("escalated", EscalatedText),
      Computed<Demand>("refused", RefusedText),
      Computed<Demand>("offered", [](const Demand& demand,
                                     TextStyle) { return absl::StrCat(demand.committed_size()); }),
      Brief("proposal", "proposal"),
      Brief("engagement", "engagement"),
      Day("ready", "ready_time"),
      Day("waiting since", "waiting_since")};
}

struct ReduceArguments {
  std::string name;
  std::string slot;
  std::string reason;
};

absl::Status RunReduce(Context& context, const ReduceArguments& arguments) {
  matching::v1::ReduceSlotRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  request.set_slot(arguments.slot);
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Demand demand, context.Call(&MatchService::Stub::ReduceSlot, request));
  return context.printer().Show(demand, DemandColumns());
}

}  // namespace

void AddDemandCommands(CLI::App& app, Context& context) {
  CLI::App& noun =
      context.AddNoun(app, "demand", "Requests as matching holds them: who is sought for what");
  AddGet(noun, context, MethodOf(context, &MatchService::Stub::GetDemand),
         "Shows what matching holds for a request", {"critac demand get fy27-000001"},
         DemandColumns());
  AddList(noun, context, MethodOf(context, &MatchService::Stub::ListDemands),
          "Lists what matching holds for requests, newest first",
          {"critac demand list --escalated true", "critac demand list --state open"}, "demands",
          DemandColumns(),
          {{"--state", "state", "Only those in this state", matching::v1::DemandState_descriptor()},
           {"--escalated", "escalated",
            "true: only those with a slot that waits for a person; false: only the others"}});

  auto arguments = std::make_shared<ReduceArguments>();
  CLI::App& reduce = context.AddCommand(
      noun, "reduce", "Goes ahead with those who have accepted a slot, or without the slot",
      {"critac demand reduce fy27-000001 --slot s2 --reason 'nobody is free before June'"},
      [&context, arguments] { return RunReduce(context, *arguments); });
  reduce.add_option("NAME", arguments->name, "The demand, by the id of its request")->required();
  reduce.add_option("--slot", arguments->slot, "The slot")->required();
  reduce.add_option("--reason", arguments->reason, "Why")->required();
  context.AddRequestId(reduce);
}

}  // namespace critac::cli
