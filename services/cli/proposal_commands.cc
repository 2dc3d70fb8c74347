#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/cli/assignment_option.h"
#include "services/cli/commands.h"
#include "services/cli/message_text.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::MatchService;
using matching::v1::Proposal;

// ` (may be e340, who has a conflict)`, where that is suspected.
std::string SuspectedText(const matching::v1::Assignment& assignment) {
  if (assignment.suspected_conflicts().empty()) return "";
  std::vector<std::string> others;
  for (const auto& one : assignment.suspected_conflicts()) {
    others.emplace_back(absl::StripPrefix(one.expert(), "experts/"));
  }
  return absl::StrCat(" (may be ", absl::StrJoin(others, " or "), ", who has a conflict)");
}

// Who for which slot: `s1 e012, s1 e034`; for people also whom they may be.
std::string AssignmentsText(const Proposal& proposal, TextStyle style) {
  std::vector<std::string> texts;
  for (const auto& assignment : proposal.assignments()) {
    texts.push_back(absl::StrCat(assignment.slot(), " ",
                                 absl::StripPrefix(assignment.expert(), "experts/"),
                                 style == TextStyle::kShort ? SuspectedText(assignment) : ""));
  }
  return absl::StrJoin(texts, style == TextStyle::kShort ? ", " : ";");
}

std::string OpenSlotsText(const Proposal& proposal, TextStyle style) {
  std::vector<std::string> slots;
  for (const auto& slot : proposal.open_slots()) slots.push_back(slot.slot());
  return absl::StrJoin(slots, style == TextStyle::kShort ? ", " : ";");
}

Columns ProposalColumns() {
  return {Name("name", "name"),
          Name("request", "request"),
          Field("state", "state"),
          Computed<Proposal>("experts", AssignmentsText),
          Computed<Proposal>("open slots", OpenSlotsText),
          Day("made", "create_time"),
          Field("decided by", "decided_by")};
}

// A proposal, and below it for people what is suspected of whom it names.
absl::Status ShowProposal(Context& context, const Proposal& proposal) {
  Printer printer = context.printer();
  RETURN_IF_ERROR(printer.Show(proposal, ProposalColumns()));
  if (printer.format() != OutputFormat::kTable) return absl::OkStatus();
  World& world = context.world();
  for (const auto& assignment : proposal.assignments()) {
    for (const auto& suspected : assignment.suspected_conflicts()) {
      world.out << "\n"
                << WrapText(absl::StrCat(assignment.slot(), " ", assignment.expert(), " ",
                                         suspected.explanation()),
                            world.out_width);
    }
  }
  return absl::OkStatus();
}

struct DecisionArguments {
  std::string name;
  std::vector<std::string> assignments;
  std::string reason;
  std::string etag;
};

absl::Status RunShow(Context& context, const DecisionArguments& arguments) {
  matching::v1::GetProposalRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  ASSIGN_OR_RETURN(const Proposal proposal,
                   context.Call(&MatchService::Stub::GetProposal, request));
  return ShowProposal(context, proposal);
}

absl::Status RunApprove(Context& context, const DecisionArguments& arguments) {
  matching::v1::ApproveProposalRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  request.set_etag(arguments.etag);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Proposal proposal,
                   context.Call(&MatchService::Stub::ApproveProposal, request));
  return ShowProposal(context, proposal);
}

absl::Status RunOverride(Context& context, const DecisionArguments& arguments) {
  matching::v1::OverrideProposalRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  RETURN_IF_ERROR(ReadAssignments(arguments.assignments, *request.mutable_assignments()));
  request.set_reason(arguments.reason);
  request.set_etag(arguments.etag);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Proposal proposal,
                   context.Call(&MatchService::Stub::OverrideProposal, request));
  return ShowProposal(context, proposal);
}

}  // namespace

void AddProposalCommands(CLI::App& app, Context& context) {
  CLI::App& noun =
      context.AddNoun(app, "proposal", "Experts proposed for a request, and the decision");
  auto shown = std::make_shared<DecisionArguments>();
  CLI::App& show = context.AddCommand(
      noun, "get", "Shows a proposal, with what is suspected of whom it names",
      {"critac proposal get pr-7k2m"}, [&context, shown] { return RunShow(context, *shown); });
  show.add_option("NAME", shown->name, "Its name; the collection before the / may be left out")
      ->required();
  AddList(
      noun, context, MethodOf(context, &MatchService::Stub::ListProposals),
      "Lists proposals, newest first",
      {"critac proposal list --state open", "critac proposal list --request fy27-000001"},
      "proposals", ProposalColumns(),
      {{"--request", "request", "Only this request's", nullptr, "requests"},
       {"--state", "state", "Only those in this state", matching::v1::ProposalState_descriptor()}});

  auto approval = std::make_shared<DecisionArguments>();
  CLI::App& approve = context.AddCommand(noun, "approve", "Approves a proposal: its offers go out",
                                         {"critac proposal approve pr-7k2m"}, [&context, approval] {
                                           return RunApprove(context, *approval);
                                         });
  approve.add_option("NAME", approval->name, "The proposal")->required();
  approve.add_option("--etag", approval->etag, "Etag that the decision is based on");
  context.AddRequestId(approve);

  auto decision = std::make_shared<DecisionArguments>();
  CLI::App& override = context.AddCommand(
      noun, "override", "Decides for other experts than the proposal names, with a reason",
      {"critac proposal override pr-7k2m --assign s1=e012 --assign s1=e034 --reason 'asked for by "
       "the chief'"},
      [&context, decision] { return RunOverride(context, *decision); });
  override.add_option("NAME", decision->name, "The proposal")->required();
  AddRepeated(override, "--assign", decision->assignments, "SLOT=EXPERT")->required();
  override.add_option("--reason", decision->reason, "Why")->required();
  override.add_option("--etag", decision->etag, "Etag that the decision is based on");
  context.AddRequestId(override);
}

}  // namespace critac::cli
