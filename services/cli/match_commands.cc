#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/message_text.h"
#include "services/cli/number_text.h"
#include "services/cli/resource_commands.h"
#include "services/cli/run_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::Candidate;
using matching::v1::ExplainMatchResponse;
using matching::v1::ExplainOpenSlotsResponse;
using matching::v1::MatchService;
using matching::v1::RankCandidatesResponse;
using matching::v1::SolveRun;

// Most a solve may take: what the method allows.
constexpr absl::Duration kSolveDeadline = absl::Seconds(300);
// How long it waits for a turn before it says who has it.
constexpr int kFirstWaitSeconds = 1;

std::string Millionths(int64_t value, TextStyle style) {
  return absl::StrFormat("%.*f", style == TextStyle::kShort ? 3 : 6,
                         static_cast<double>(value) / 1e6);
}

// A column of one part of a candidate's score.
Column Part(std::string header, matching::v1::ScorePartKind kind) {
  Column column = Computed<Candidate>(
      std::move(header), [kind](const Candidate& candidate, TextStyle style) -> std::string {
        for (const auto& part : candidate.parts()) {
          if (part.kind() == kind) return Millionths(part.value_e6(), style);
        }
        return "";
      });
  column.right = true;
  return column;
}

Columns CandidateColumns() {
  return {Number("rank", "rank"),
          Name("expert", "expert"),
          Brief("partner", "partner"),
          Field("full name", "full_name"),
          Number("score", "score_e6"),
          Part("topic", matching::v1::SCORE_PART_KIND_TOPIC_FIT),
          Part("peers", matching::v1::SCORE_PART_KIND_PEER_SIMILARITY),
          Part("rating", matching::v1::SCORE_PART_KIND_RATING),
          Part("load", matching::v1::SCORE_PART_KIND_LOAD),
          Part("near", matching::v1::SCORE_PART_KIND_DISTANCE)};
}

Columns ExclusionColumns() {
  return {Name("expert", "expert"), Brief("partner", "partner"), Field("gate", "gate"),
          Field("why", "explanation")};
}

struct RankArguments {
  std::string request;
  std::string slot;
  std::string expert;
  int top = 10;
  bool excluded = false;
};

absl::Status RunRank(Context& context, const RankArguments& arguments) {
  matching::v1::RankCandidatesRequest request;
  RETURN_IF_ERROR(SetField(request, "request", arguments.request));
  request.set_slot(arguments.slot);
  request.set_top(arguments.top);
  request.set_omit_excluded(!arguments.excluded);
  ASSIGN_OR_RETURN(const RankCandidatesResponse response,
                   context.Call(&MatchService::Stub::RankCandidates, request));
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) {
    return printer.List(response, arguments.excluded ? "excluded" : "candidates",
                        arguments.excluded ? ExclusionColumns() : CandidateColumns());
  }
  std::ostream& out = context.world().out;
  out << "slot " << response.slot() << ": " << response.eligible_count() << " eligible, "
      << response.excluded_count() << " not; policy version " << response.policy_version() << "\n";
  RETURN_IF_ERROR(printer.List(response, "candidates", CandidateColumns()));
  for (const Candidate& candidate : response.candidates()) {
    for (const auto& suspected : candidate.suspected_conflicts()) {
      out << "\n"
          << WrapText(absl::StrCat(candidate.expert(), " ", suspected.explanation()),
                      context.world().out_width);
    }
  }
  if (!arguments.excluded) return absl::OkStatus();
  out << "\nnot eligible, with the first gate that failed\n";
  return printer.List(response, "excluded", ExclusionColumns());
}

Columns GateColumns() {
  return {Field("gate", "gate"), Field("passed", "passed"), Field("why", "explanation")};
}

Columns PartColumns() {
  return {Field("part", "kind"), Number("value", "value_e6"), Number("weight", "weight_e6"),
          Field("why", "explanation")};
}

absl::Status RunWhy(Context& context, const RankArguments& arguments) {
  matching::v1::ExplainMatchRequest request;
  RETURN_IF_ERROR(SetField(request, "request", arguments.request));
  RETURN_IF_ERROR(SetField(request, "expert", arguments.expert));
  request.set_slot(arguments.slot);
  ASSIGN_OR_RETURN(const ExplainMatchResponse response,
                   context.Call(&MatchService::Stub::ExplainMatch, request));
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) {
    return printer.List(response, "gates", GateColumns());
  }
  std::ostream& out = context.world().out;
  out << response.summary() << "\n\n";
  RETURN_IF_ERROR(printer.List(response, "gates", GateColumns()));
  if (!response.eligible()) return absl::OkStatus();
  out << "\nscore " << Millionths(response.candidate().score_e6(), TextStyle::kShort) << ", rank "
      << response.candidate().rank() << "\n";
  return printer.List(response.candidate(), "parts", PartColumns());
}

Columns OpenSlotColumns() {
  using matching::v1::ExplainedOpenSlot;
  return {Computed<ExplainedOpenSlot>(
              "slot", [](const ExplainedOpenSlot& one, TextStyle) { return one.open().slot(); }),
          Computed<ExplainedOpenSlot>("missing",
                                      [](const ExplainedOpenSlot& one, TextStyle) {
                                        return absl::StrCat(one.open().people());
                                      }),
          Field("smallest remedy", "summary")};
}

Columns RemedyChangeColumns() {
  return {Field("kind", "kind"), Name("record", "subject"), Field("field", "field"),
          Field("from", "from"), Field("to", "to"),         Number("by", "amount")};
}

Columns GateCountColumns() {
  return {Field("gate", "gate"), Number("out", "count"), Number("at no other", "alone_count")};
}

absl::Status PrintOpenSlot(Printer& printer, std::ostream& out,
                           const matching::v1::ExplainedOpenSlot& slot) {
  out << "\nslot " << slot.open().slot() << ": " << slot.open().explanation() << "\n";
  // Of remedies it is that of the smallest, which comes below.
  if (slot.remedies().empty()) out << slot.summary() << "\n";
  if (slot.gates_size() > 0) {
    out << "\nexperts out, by the first gate that failed\n";
    RETURN_IF_ERROR(printer.List(slot, "gates", GateCountColumns()));
  }
  for (const matching::v1::Remedy& remedy : slot.remedies()) {
    out << "\n" << remedy.summary() << "\n";
    RETURN_IF_ERROR(printer.List(remedy, "changes", RemedyChangeColumns()));
  }
  if (!slot.complete()) out << "\nnot everything that might fill it was tried\n";
  return absl::OkStatus();
}

absl::Status RunOpen(Context& context, const RankArguments& arguments) {
  matching::v1::ExplainOpenSlotsRequest request;
  RETURN_IF_ERROR(SetField(request, "request", arguments.request));
  request.set_slot(arguments.slot);
  ASSIGN_OR_RETURN(const ExplainOpenSlotsResponse response,
                   context.Call(&MatchService::Stub::ExplainOpenSlots, request));
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) {
    return printer.List(response, "slots", OpenSlotColumns());
  }
  std::ostream& out = context.world().out;
  out << response.summary() << "\n";
  for (const matching::v1::ExplainedOpenSlot& slot : response.slots()) {
    RETURN_IF_ERROR(PrintOpenSlot(printer, out, slot));
  }
  return absl::OkStatus();
}

bool IsUnderWay(const absl::Status& status) { return ReasonOf(status) == "SOLVE_UNDER_WAY"; }

// Says who solves, and that the command waits.
void TellWhoSolves(const absl::Status& status, std::ostream& err) {
  const google::rpc::ErrorInfo info = ErrorInfoOf(status);
  const auto holder = info.metadata().find("holder");
  const auto since = info.metadata().find("since");
  const bool is_known = holder != info.metadata().end() && since != info.metadata().end();
  err << (is_known ? absl::StrCat(holder->second, " solves since ", since->second)
                   : std::string("others are to solve first"))
      << ", and one solves at a time; waiting for a turn\n";
  err.flush();
}

absl::Status RunSolve(Context& context, bool dry_run) {
  matching::v1::SolveMatchesRequest request;
  request.set_validate_only(dry_run);
  request.set_omit_certificate(context.printer().format() != OutputFormat::kJson);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  // A call that waits for as long as it may says nothing meanwhile.
  request.set_wait_seconds(dry_run ? 0 : kFirstWaitSeconds);
  absl::StatusOr<SolveRun> run =
      context.Call(&MatchService::Stub::SolveMatches, request, kSolveDeadline, IsUnderWay);
  if (IsUnderWay(run.status())) {
    TellWhoSolves(run.status(), context.world().err);
    request.clear_wait_seconds();
    run = context.Call(&MatchService::Stub::SolveMatches, request, kSolveDeadline);
  }
  if (!run.ok()) return run.status();
  return ShowRun(context, *run);
}

void AddRank(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<RankArguments>();
  CLI::App& command =
      context.AddCommand(noun, "rank", "Ranks the experts for a slot, each score with its parts",
                         {"critac match rank fy27-000001",
                          "critac match rank fy27-000001 --slot s2 --top 3 --excluded"},
                         [&context, arguments] { return RunRank(context, *arguments); });
  command.add_option("REQUEST", arguments->request, "The request")->required();
  command.add_option("--slot", arguments->slot, "Its slot (default: the first)");
  command.add_option("--top", arguments->top, "Most candidates shown")
      ->check(CLI::Range(1, 1000).description(""))
      ->capture_default_str();
  command.add_flag("--excluded", arguments->excluded, "Show also who is out, and at which gate");
}

void AddWhy(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<RankArguments>();
  CLI::App& command = context.AddCommand(
      noun, "why", "Says of one expert and one slot why, or why not",
      {"critac match why fy27-000001 e012", "critac match why fy27-000001 e012 --slot s2"},
      [&context, arguments] { return RunWhy(context, *arguments); });
  command.add_option("REQUEST", arguments->request, "The request")->required();
  command.add_option("EXPERT", arguments->expert, "The expert")->required();
  command.add_option("--slot", arguments->slot, "Its slot (default: the first)");
}

void AddOpen(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<RankArguments>();
  CLI::App& command = context.AddCommand(
      noun, "open", "Says what would fill the slots of a request that the plan leaves open",
      {"critac match open fy27-000001", "critac match open fy27-000001 --slot s2 --output json"},
      [&context, arguments] { return RunOpen(context, *arguments); });
  command.add_option("REQUEST", arguments->request, "The request")->required();
  command.add_option("--slot", arguments->slot, "Its slot (default: every open one)");
}

}  // namespace

void AddMatchCommands(CLI::App& app, Context& context) {
  CLI::App& noun =
      context.AddNoun(app, "match", "Ranking, and the assignment of all open requests");
  AddRank(noun, context);
  AddWhy(noun, context);
  AddOpen(noun, context);
  auto dry_run = std::make_shared<bool>(false);
  CLI::App& solve = context.AddCommand(
      noun, "solve", "Assigns all open slots now; the center does so by itself when one opens",
      {"critac match solve", "critac match solve --dry-run --output json"},
      [&context, dry_run] { return RunSolve(context, *dry_run); });
  solve.add_flag("--dry-run", *dry_run, "Solve and show, record nothing");
  context.AddRequestId(solve);
  AddSimulateCommand(noun, context);
}

}  // namespace critac::cli
