#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "critac/matching/v1/identity.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/resource_commands.h"

namespace critac::cli {
namespace {

using matching::v1::FindSuspectedIdentitiesRequest;
using matching::v1::FindSuspectedIdentitiesResponse;
using matching::v1::Identity;
using matching::v1::IdentityService;

Columns SuspectedColumns() {
  return {Name("first", "first"), Field("first name", "first_full_name"), Name("second", "second"),
          Field("second name", "second_full_name"), Field("evidence", "evidence")};
}

Columns IdentityColumns() {
  return {Name("name", "name"),          Name("first", "first"),
          Name("second", "second"),      Field("state", "state"),
          Field("evidence", "evidence"), Field("decided by", "decided_by"),
          Day("decided", "decide_time"), Field("reason", "reason")};
}

struct IdentityArguments {
  std::string first;
  std::string second;
  std::string reason;
  int top = 50;
};

// An agency is named in full; an expert need not be.
std::string Record(const std::string& text) {
  return absl::StrContains(text, '/') ? text : absl::StrCat("experts/", text);
}

absl::Status RunDecide(Context& context, const IdentityArguments& arguments, bool same) {
  matching::v1::DecideIdentityRequest request;
  request.set_first(Record(arguments.first));
  request.set_second(Record(arguments.second));
  request.set_same(same);
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Identity identity,
                   context.Call(&IdentityService::Stub::DecideIdentity, request));
  return context.printer().Show(identity, IdentityColumns());
}

absl::Status RunSuspected(Context& context, const IdentityArguments& arguments) {
  FindSuspectedIdentitiesRequest request;
  request.set_top(arguments.top);
  ASSIGN_OR_RETURN(const FindSuspectedIdentitiesResponse response,
                   context.Call(&IdentityService::Stub::FindSuspectedIdentities, request));
  Printer printer = context.printer();
  RETURN_IF_ERROR(printer.List(response, "identities", SuspectedColumns()));
  if (response.count() > response.identities_size() && printer.format() == OutputFormat::kTable) {
    context.world().out << "(" << response.identities_size() << " of " << response.count()
                        << ": --top N shows more)\n";
  }
  return absl::OkStatus();
}

void AddDecide(CLI::App& noun, Context& context, const std::string& verb,
               const std::string& description, const std::vector<std::string>& examples,
               bool same) {
  auto arguments = std::make_shared<IdentityArguments>();
  CLI::App& decide = context.AddCommand(
      noun, verb, description, examples,
      [&context, arguments, same] { return RunDecide(context, *arguments, same); });
  decide.add_option("FIRST", arguments->first, "A record: an expert, or agencies/ID")->required();
  decide.add_option("SECOND", arguments->second, "The other record")->required();
  decide.add_option("--reason", arguments->reason, "Why")->required();
  context.AddRequestId(decide);
}

}  // namespace

void AddIdentityCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "identity", "Records that are one person or one agency");
  auto arguments = std::make_shared<IdentityArguments>();
  CLI::App& suspected = context.AddCommand(
      noun, "suspected", "Finds records of experts that may be one person, to confirm or reject",
      {"critac identity suspected", "critac identity suspected --top 1000 --output csv"},
      [&context, arguments] { return RunSuspected(context, *arguments); });
  suspected.add_option("--top", arguments->top, "How many to show (default: 50)")
      ->check(CLI::Range(1, 1000));
  AddDecide(noun, context, "confirm",
            "Says that two records are one: they count as one person, or one agency, from now on",
            {"critac identity confirm e012 e340 --reason 'asked her; she moved to NSA in 2024'",
             "critac identity confirm agencies/ag-000001 agencies/ag-002491 --reason 'one merged "
             "into the other'"},
            true);
  AddDecide(noun, context, "reject", "Says that two records are two, and not to be suspected again",
            {"critac identity reject e012 e340 --reason 'father and son'"}, false);
  AddList(
      noun, context, MethodOf(context, &IdentityService::Stub::ListIdentities),
      "Lists what was decided", {"critac identity list --state rejected"}, "identities",
      IdentityColumns(),
      {{"--state", "state", "confirmed or rejected", matching::v1::IdentityState_descriptor()}});
}

}  // namespace critac::cli
