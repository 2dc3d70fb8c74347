#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/read_message.h"
#include "services/cli/set_field.h"
#include "services/cli/simulation_text.h"

namespace critac::cli {
namespace {

using matching::v1::MatchService;
using matching::v1::SimulatedChange;
using matching::v1::SimulateRequest;
using matching::v1::SimulateResponse;

// Two plans of everything there is, each solved and checked: as long as a solve may take.
constexpr absl::Duration kSimulateDeadline = absl::Seconds(300);

struct SimulateArguments {
  std::string file;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> capacities;
  std::vector<std::string> open_capacities;
  std::vector<std::string> deactivated;
  std::vector<std::string> without;
  std::string policy;
  std::string run;
  bool whole_plan = false;
};

// `experts/x` and `3` of `experts/x=3`.
absl::StatusOr<std::pair<std::string, std::string>> Split(absl::string_view text,
                                                          absl::string_view flag,
                                                          absl::string_view form) {
  const size_t at = text.find('=');
  if (at == absl::string_view::npos || at == 0) {
    return UsageError(absl::StrCat(flag, ": \"", text, "\" is not ", form));
  }
  return std::pair(std::string(text.substr(0, at)), std::string(text.substr(at + 1)));
}

// Sets a field of the thing named, in a change of its own.
absl::Status AddSetting(const std::string& flag, const std::string& target,
                        const std::string& field, const std::string& value,
                        SimulateRequest& request) {
  SimulatedChange& change = *request.add_changes();
  change.add_fields(field);
  if (target == "policy") return SetField(*change.mutable_policy(), field, value);
  if (absl::StartsWith(target, "experts/")) {
    change.mutable_expert()->set_name(target);
    return SetField(*change.mutable_expert(), field, value);
  }
  if (absl::StartsWith(target, "partners/")) {
    change.mutable_partner()->set_name(target);
    return SetField(*change.mutable_partner(), field, value);
  }
  if (absl::StartsWith(target, "requests/")) {
    change.mutable_request()->set_request(target);
    return SetField(*change.mutable_request(), field, value);
  }
  return UsageError(absl::StrCat(flag, ": \"", target,
                                 "\" is none of policy, experts/ID, partners/ID, requests/ID"));
}

absl::Status AddSettings(const SimulateArguments& arguments, SimulateRequest& request) {
  for (const auto& [target, setting] : arguments.settings) {
    ASSIGN_OR_RETURN(const auto parts, Split(setting, "--set", "FIELD=VALUE"));
    RETURN_IF_ERROR(AddSetting("--set", target, parts.first, parts.second, request));
  }
  for (const std::string& given : arguments.capacities) {
    ASSIGN_OR_RETURN(const auto parts, Split(given, "--capacity", "experts/ID=N or partners/ID=N"));
    if (!absl::StartsWith(parts.first, "experts/") && !absl::StartsWith(parts.first, "partners/")) {
      return UsageError(
          absl::StrCat("--capacity: \"", parts.first, "\" is neither experts/ID nor partners/ID"));
    }
    RETURN_IF_ERROR(
        AddSetting("--capacity", parts.first, "capacity_per_period", parts.second, request));
  }
  for (const std::string& given : arguments.open_capacities) {
    ASSIGN_OR_RETURN(const auto parts, Split(given, "--capacity-open", "experts/ID=N"));
    SimulatedChange& change = *request.add_changes();
    change.add_fields("capacity_open");
    RETURN_IF_ERROR(SetField(*change.mutable_expert(), "name", parts.first));
    RETURN_IF_ERROR(SetField(*change.mutable_expert(), "capacity_open", parts.second));
  }
  return absl::OkStatus();
}

absl::Status FillRequest(const SimulateArguments& arguments, SimulateRequest& request) {
  if (!arguments.file.empty()) RETURN_IF_ERROR(ReadMessage(arguments.file, request));
  if (!arguments.run.empty()) RETURN_IF_ERROR(SetField(request, "run", arguments.run));
  if (!arguments.policy.empty()) {
    request.add_changes()->set_policy_version(PolicyNameOf(arguments.policy));
  }
  RETURN_IF_ERROR(AddSettings(arguments, request));
  for (const std::string& expert : arguments.deactivated) {
    SimulatedChange& change = *request.add_changes();
    change.add_fields("active");
    RETURN_IF_ERROR(SetField(*change.mutable_expert(), "name", expert));
  }
  for (const std::string& left_out : arguments.without) {
    RETURN_IF_ERROR(SetField(*request.add_changes(), "without_request", left_out));
  }
  return absl::OkStatus();
}

absl::Status RunSimulate(Context& context, const SimulateArguments& arguments) {
  SimulateRequest request;
  RETURN_IF_ERROR(FillRequest(arguments, request));
  Printer printer = context.printer();
  request.set_omit_certificates(printer.format() != OutputFormat::kJson);
  ASSIGN_OR_RETURN(const SimulateResponse response,
                   context.Call(&MatchService::Stub::Simulate, request, kSimulateDeadline));
  if (printer.format() == OutputFormat::kJson) return printer.Json(response);
  if (printer.format() == OutputFormat::kTable) {
    return WriteSimulation(context, response, arguments.whole_plan);
  }
  return printer.List(response.difference(), "changes", AssignmentChangeColumns());
}

}  // namespace

void AddSimulateCommand(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<SimulateArguments>();
  CLI::App& command = context.AddCommand(
      noun, "simulate",
      "Solves with changes, records nothing, and says how the plan differs from the one without",
      {"critac match simulate --set policy fairness_price=100000",
       "critac match simulate --capacity experts/e012=5 --capacity partners/iacp=20",
       "critac match simulate --deactivate experts/e012 --without requests/fy27-000003",
       "critac match simulate --set requests/fy27-000001 urgency=critical --output json",
       "critac match simulate --file changes.json --run runs/r00000412 --plan"},
      [&context, arguments] { return RunSimulate(context, *arguments); });
  command
      .add_option("--set", arguments->settings,
                  "A field's new value, of policy, experts/ID, partners/ID or requests/ID")
      ->type_name("TARGET FIELD=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  AddRepeated(command, "--capacity", arguments->capacities,
              "experts/ID=N or partners/ID=N: assignments in one period (a partner's 0: no limit)");
  AddRepeated(command, "--capacity-open", arguments->open_capacities,
              "experts/ID=N: assignments open at once");
  AddRepeated(command, "--deactivate", arguments->deactivated, "An expert who takes no part");
  AddRepeated(command, "--without", arguments->without, "A request that is left out");
  command.add_option("--policy", arguments->policy,
                     "A version of the policy, such as a draft, in place of the one in force");
  command.add_option("--file", arguments->file,
                     "Changes, and the run, as JSON: {\"changes\": [{\"expert\": {\"name\": "
                     "\"experts/e012\", \"capacityOpen\": 9}, \"fields\": [\"capacity_open\"]}]}; "
                     "without `fields` the whole of it is put in place, or added");
  command.add_option("--run", arguments->run,
                     "A past run of the solver, whose records are taken instead of the present");
  command.add_flag("--plan", arguments->whole_plan, "Show also the plan itself");
}

}  // namespace critac::cli
