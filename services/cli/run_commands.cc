#include "services/cli/run_commands.h"

#include <memory>
#include <ostream>
#include <string>

#include "common/status/error.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::MatchService;
using matching::v1::SolveRun;

Columns RunColumns() {
  return {Name("name", "name"),
          Day("day", "time"),
          Number("policy", "policy_version"),
          Number("requests", "request_count"),
          Number("people", "unit_count"),
          Number("assigned", "assigned_count"),
          Number("pairs", "pair_count"),
          Number("objective", "objective"),
          Number("bound", "bound"),
          Field("certified", "certified"),
          Number("microseconds", "solve_microseconds")};
}

Columns RunChangeColumns() {
  return {Name("request", "request"), Field("slot", "slot"), Name("was", "from_expert"),
          Name("is", "to_expert"), Field("why", "reason")};
}

Columns DisparityColumns() {
  return {Field("by", "dimension"), Field("lowest", "lowest"), Field("highest", "highest"),
          Number("ratio", "ratio_e6"), Number("before", "previous_ratio_e6")};
}

absl::Status RunGetRun(Context& context, const std::string& name) {
  matching::v1::GetRunRequest request;
  RETURN_IF_ERROR(SetField(request, "name", name));
  ASSIGN_OR_RETURN(const SolveRun run, context.Call(&MatchService::Stub::GetRun, request));
  return ShowRun(context, run);
}

}  // namespace

absl::Status ShowRun(Context& context, const SolveRun& run) {
  Printer printer = context.printer();
  RETURN_IF_ERROR(printer.Show(run, RunColumns()));
  if (printer.format() != OutputFormat::kTable) return absl::OkStatus();
  std::ostream& out = context.world().out;
  if (run.changes_size() > 0) {
    out << "\nchanged from the standing proposals\n";
    RETURN_IF_ERROR(printer.List(run, "changes", RunChangeColumns()));
  }
  if (run.fairness().disparities_size() > 0) {
    out << "\nshare of people placed, lowest as a part of the highest (0.8: four fifths)\n";
    RETURN_IF_ERROR(printer.List(run.fairness(), "disparities", DisparityColumns()));
  }
  return absl::OkStatus();
}

void AddRunCommands(CLI::App& app, Context& context) {
  CLI::App& noun =
      context.AddNoun(app, "run", "Runs of the solver: what each proposed, and what it changed");
  auto name = std::make_shared<std::string>();
  CLI::App& get = context.AddCommand(
      noun, "get", "Shows a run: what it changed and why, and how evenly it treats agencies",
      {"critac run get r00000042"}, [&context, name] { return RunGetRun(context, *name); });
  get.add_option("NAME", *name, "The run")->required();
  AddList(noun, context, MethodOf(context, &MatchService::Stub::ListRuns),
          "Lists the runs that were recorded, newest first",
          {"critac run list", "critac run list --limit 5 --output json"}, "runs", RunColumns(), {});
}

}  // namespace critac::cli
