#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/message_text.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"
#include "services/cli/simulation_text.h"

namespace critac::cli {
namespace {

using matching::v1::MatchService;
using matching::v1::PastTrial;
using matching::v1::Policy;
using matching::v1::TryPolicyResponse;

// A trial solves twice for each run: what the method allows.
constexpr absl::Duration kTryDeadline = absl::Seconds(300);

Columns PolicyColumns() {
  return {Name("name", "name"),
          Number("version", "version"),
          Field("state", "state"),
          Field("period", "period"),
          Number("topic fit", "weights.topic_fit"),
          Number("peer similarity", "weights.peer_similarity"),
          Number("rating", "weights.rating"),
          Number("load", "weights.load"),
          Number("distance", "weights.distance"),
          Number("offer days", "offer_business_days"),
          Field("proposed by", "proposed_by"),
          Field("actor", "actor")};
}

absl::StatusOr<Policy> GetPolicy(Context& context, const std::string& version) {
  matching::v1::GetPolicyRequest request;
  if (!version.empty()) request.set_name(PolicyNameOf(version));
  return context.Call(&MatchService::Stub::GetPolicy, request);
}

absl::Status RunGet(Context& context, const std::string& version) {
  ASSIGN_OR_RETURN(const Policy policy, GetPolicy(context, version));
  return context.printer().Show(policy, PolicyColumns());
}

absl::Status ApplySettings(const std::vector<std::string>& settings, Policy& policy) {
  for (const std::string& setting : settings) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(setting, absl::MaxSplits('=', 1));
    if (parts.first == setting) {
      return UsageError(absl::StrCat("\"", setting, "\" is not FIELD=VALUE"));
    }
    RETURN_IF_ERROR(SetField(policy, parts.first, parts.second));
  }
  return absl::OkStatus();
}

struct ProposeArguments {
  std::vector<std::string> settings;
  std::string reason;
};

// Reads the policy in force, changes what was given, and proposes that, on condition that no other
// took effect in between.
absl::Status RunPropose(Context& context, const ProposeArguments& arguments) {
  matching::v1::ProposePolicyRequest request;
  // What was typed is looked at before anything is asked of the center.
  Policy tried;
  RETURN_IF_ERROR(ApplySettings(arguments.settings, tried));
  ASSIGN_OR_RETURN(*request.mutable_policy(), GetPolicy(context, ""));
  request.set_base_version(request.policy().version());
  RETURN_IF_ERROR(ApplySettings(arguments.settings, *request.mutable_policy()));
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Policy policy, context.Call(&MatchService::Stub::ProposePolicy, request));
  return context.printer().Show(policy, PolicyColumns());
}

absl::Status RunApprove(Context& context, const std::string& version) {
  matching::v1::ApprovePolicyRequest request;
  request.set_name(PolicyNameOf(version));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Policy policy, context.Call(&MatchService::Stub::ApprovePolicy, request));
  return context.printer().Show(policy, PolicyColumns());
}

absl::Status RunReject(Context& context, const std::string& version, const std::string& reason) {
  matching::v1::RejectPolicyRequest request;
  request.set_name(PolicyNameOf(version));
  request.set_reason(reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Policy policy, context.Call(&MatchService::Stub::RejectPolicy, request));
  return context.printer().Show(policy, PolicyColumns());
}

// --- Try ----------------------------------------------------------------------------------------

// Figures of both plans of a trial: `13 > 14` where they differ.
Column Both(std::string header, int64_t (*before)(const PastTrial&),
            int64_t (*after)(const PastTrial&)) {
  Column column =
      Computed<PastTrial>(std::move(header), [before, after](const PastTrial& trial, TextStyle) {
        const int64_t was = before(trial);
        const int64_t is = after(trial);
        return was == is ? absl::StrCat(was) : absl::StrCat(was, " > ", is);
      });
  column.right = true;
  return column;
}

Columns TrialColumns() {
  return {
      Name("run", "recorded.name"),
      Day("day", "recorded.time"),
      Number("policy then", "recorded.policy_version"),
      Field("reproduced", "reproduced"),
      Number("requests", "before.request_count"),
      Both(
          "assigned", [](const PastTrial& t) -> int64_t { return t.before().assigned_count(); },
          [](const PastTrial& t) -> int64_t { return t.after().assigned_count(); }),
      Both(
          "missing", [](const PastTrial& t) -> int64_t { return t.difference().missing_before(); },
          [](const PastTrial& t) -> int64_t { return t.difference().missing_after(); }),
      Number("change", "difference.changed_request_count")};
}

struct TryArguments {
  std::string version;
  int past_runs = 10;
};

absl::Status RunTry(Context& context, const TryArguments& arguments) {
  matching::v1::TryPolicyRequest request;
  request.set_name(PolicyNameOf(arguments.version));
  request.set_past_runs(arguments.past_runs);
  Printer printer = context.printer();
  request.set_omit_certificates(printer.format() != OutputFormat::kJson);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const TryPolicyResponse response,
                   context.Call(&MatchService::Stub::TryPolicy, request, kTryDeadline));
  if (printer.format() != OutputFormat::kTable) {
    return printer.List(response, "past", TrialColumns());
  }
  std::ostream& out = context.world().out;
  out << response.policy().name() << ", "
      << EnumText(
             *matching::v1::PolicyState_descriptor()->FindValueByNumber(response.policy().state()),
             TextStyle::kShort)
      << ": on the present records, ";
  RETURN_IF_ERROR(WriteSimulation(context, response.present(), false));
  if (response.past().empty()) {
    out << "\nno past runs to try it on\n";
  } else {
    out << "\non past runs, newest first; reproduced says whether the plan made anew is the "
           "recorded one\n";
    RETURN_IF_ERROR(printer.List(response, "past", TrialColumns()));
  }
  if (!response.not_counted().empty()) {
    out << "\nnot counted as a trial: " << response.not_counted() << "\n";
  }
  return absl::OkStatus();
}

void AddTry(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<TryArguments>();
  CLI::App& command =
      context.AddCommand(noun, "try",
                         "Shows what a version would change, now and on past runs of the solver; a "
                         "draft must be tried "
                         "before it is approved",
                         {"critac policy try 3", "critac policy try 3 --past 30 --output json"},
                         [&context, arguments] { return RunTry(context, *arguments); });
  command.add_option("VERSION", arguments->version, "The version: its number or name")->required();
  command.add_option("--past", arguments->past_runs, "Past runs it is tried on")
      ->check(CLI::Range(1, 50).description(""))
      ->capture_default_str();
  context.AddRequestId(command);
}

void AddReview(CLI::App& noun, Context& context) {
  auto approved = std::make_shared<std::string>();
  CLI::App& approve = context.AddCommand(
      noun, "approve",
      "Puts a draft in force, once it was tried; takes another person than its proposer",
      {"critac policy approve 3 --as program-manager:lindqvist"},
      [&context, approved] { return RunApprove(context, *approved); });
  approve.add_option("VERSION", *approved, "The version: its number or name")->required();
  context.AddRequestId(approve);

  auto rejected = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App& reject = context.AddCommand(
      noun, "reject", "Ends a draft without putting it in force",
      {"critac policy reject 3 --reason 'distance matters more' --as program-manager:lindqvist"},
      [&context, rejected] { return RunReject(context, rejected->first, rejected->second); });
  reject.add_option("VERSION", rejected->first, "The version: its number or name")->required();
  reject.add_option("--reason", rejected->second, "Why")->required();
  context.AddRequestId(reject);
}

}  // namespace

std::string PolicyNameOf(const std::string& version) {
  int64_t number = 0;
  if (absl::SimpleAtoi(version, &number) && number >= 0) {
    return absl::StrFormat("policies/v%08d", number);
  }
  return absl::StrContains(version, '/') ? version : absl::StrCat("policies/", version);
}

void AddPolicyCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "policy", "The center's rules of choice, and their review");
  auto shown = std::make_shared<std::string>();
  CLI::App& get = context.AddCommand(noun, "get", "Shows the policy in force, or another version",
                                     {"critac policy get", "critac policy get 3"},
                                     [&context, shown] { return RunGet(context, *shown); });
  get.add_option("VERSION", *shown, "The version: its number or name (default: the one in force)");
  AddList(noun, context, MethodOf(context, &MatchService::Stub::ListPolicies),
          "Lists the versions, newest first, drafts among them", {"critac policy list"}, "policies",
          PolicyColumns(), {});

  auto proposed = std::make_shared<ProposeArguments>();
  CLI::App& propose = context.AddCommand(
      noun, "propose",
      "Proposes a version, for a second person to approve; what is not given stays as it is",
      {"critac policy propose weights.distance=50000 offer_business_days=7 --reason 'answers come "
       "late' --as program-manager:okafor"},
      [&context, proposed] { return RunPropose(context, *proposed); });
  propose
      .add_option("SETTING", proposed->settings,
                  "FIELD=VALUE: a field of the policy and its new value")
      ->required();
  propose.add_option("--reason", proposed->reason, "Why")->required();
  context.AddRequestId(propose);
  AddTry(noun, context);
  AddReview(noun, context);
}

}  // namespace critac::cli
