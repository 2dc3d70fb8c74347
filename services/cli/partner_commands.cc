#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::Conflict;
using matching::v1::Expert;
using matching::v1::Partner;
using matching::v1::PartnerService;

std::string MembershipText(const Partner& partner, TextStyle style) {
  std::vector<std::string> spans;
  for (const auto& membership : partner.memberships()) {
    spans.push_back(absl::StrCat(membership.start(), "..", membership.end()));
  }
  return absl::StrJoin(spans, style == TextStyle::kShort ? ", " : ";");
}

// The mean, and of how many: `4.6 (12)`.
std::string RatingText(const Expert& expert, TextStyle) {
  if (expert.rating_count() == 0) return "";
  return absl::StrFormat("%.1f (%d)",
                         static_cast<double>(expert.rating_sum()) / expert.rating_count(),
                         expert.rating_count());
}

Columns PartnerColumns() {
  return {Name("name", "name"), Field("display name", "display_name"),
          Computed<Partner>("member", MembershipText), Number("capacity", "capacity_per_period")};
}

Columns ExpertColumns() {
  return {Name("name", "name"),
          Brief("partner", "partner"),
          Field("full name", "full_name"),
          Field("active", "active"),
          Name("state", "home_state"),
          Computed<Expert>("topics", [](const Expert& expert,
                                        TextStyle) { return absl::StrCat(expert.topics_size()); }),
          Computed<Expert>("rating", RatingText),
          Number("capacity", "capacity_per_period")};
}

Columns ConflictColumns() {
  return {Name("name", "name"),
          Brief("expert", "expert"),
          Brief("partner", "partner"),
          Brief("agency", "agency"),
          Field("kind", "kind"),
          Day("valid to", "valid_to"),
          Field("declared by", "declared_by"),
          Field("override asked by", "override_asked_by"),
          Field("overridden by", "overridden_by")};
}

struct ConflictArguments {
  std::string name;
  std::string expert;
  std::string partner;
  std::string agency;
  std::string kind;
  std::string reason;
  std::string valid_to;
};

absl::Status RunCreateConflict(Context& context, const ConflictArguments& arguments) {
  matching::v1::CreateConflictRequest request;
  Conflict& conflict = *request.mutable_conflict();
  RETURN_IF_ERROR(SetField(conflict, "expert", arguments.expert));
  RETURN_IF_ERROR(SetField(conflict, "partner", arguments.partner));
  RETURN_IF_ERROR(SetField(conflict, "agency", arguments.agency));
  RETURN_IF_ERROR(SetField(conflict, "kind", arguments.kind));
  RETURN_IF_ERROR(SetField(conflict, "reason", arguments.reason));
  RETURN_IF_ERROR(SetField(conflict, "valid_to", arguments.valid_to));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Conflict created,
                   context.Call(&PartnerService::Stub::CreateConflict, request));
  return context.printer().Show(created, ConflictColumns());
}

// Asks to override a conflict, or overrides it: the requests are alike.
template <typename Request, typename Call>
absl::Status RunOverride(Context& context, const ConflictArguments& arguments, Call call) {
  Request request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Conflict conflict, context.Call(call, request));
  return context.printer().Show(conflict, ConflictColumns());
}

void AddOverrideOptions(CLI::App& command, Context& context, ConflictArguments& arguments) {
  command.add_option("NAME", arguments.name, "The conflict")->required();
  command.add_option("--reason", arguments.reason, "Why")->required();
  context.AddRequestId(command);
}

void AddConflictCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "conflict", "Conflicts of interest");
  auto arguments = std::make_shared<ConflictArguments>();
  CLI::App& create = context.AddCommand(
      noun, "create", "Declares a conflict of interest",
      {"critac conflict create --expert e012 --agency ag-000001 --kind recusal --reason 'a brother "
       "serves there' --valid-to 2027-12-31",
       "critac conflict create --partner nsa --agency ag-000001 --kind litigation --reason 'a suit "
       "over a contract'"},
      [&context, arguments] { return RunCreateConflict(context, *arguments); });
  auto* const expert = create.add_option("--expert", arguments->expert,
                                         "The expert, with all records that are the same person");
  create.add_option("--partner", arguments->partner, "In its place: the partner as a whole")
      ->excludes(expert);
  create.add_option("--agency", arguments->agency, "The agency")->required();
  create
      .add_option("--kind", arguments->kind,
                  "own-agency, recent-agency, recusal, litigation or vendor-interest")
      ->required();
  create.add_option("--reason", arguments->reason, "Why")->required();
  create.add_option("--valid-to", arguments->valid_to, "Last day it holds (default: no end)");
  context.AddRequestId(create);

  CLI::App& ask = context.AddCommand(
      noun, "ask-override", "Asks to let an expert help in spite of a conflict",
      {"critac conflict ask-override c00000042 --reason 'nobody else speaks Navajo'"},
      [&context, arguments] {
        return RunOverride<matching::v1::AskConflictOverrideRequest>(
            context, *arguments, &PartnerService::Stub::AskConflictOverride);
      });
  AddOverrideOptions(ask, context, *arguments);
  CLI::App& lift = context.AddCommand(
      noun, "override",
      "Overrides a conflict, as asked for: by another person than who asked or declared it, and "
      "than the expert",
      {"critac conflict override c00000042 --reason 'retired from there' --as "
       "program-manager:okafor"},
      [&context, arguments] {
        return RunOverride<matching::v1::OverrideConflictRequest>(
            context, *arguments, &PartnerService::Stub::OverrideConflict);
      });
  AddOverrideOptions(lift, context, *arguments);

  AddList(noun, context, MethodOf(context, &PartnerService::Stub::ListConflicts), "Lists conflicts",
          {"critac conflict list --expert e012"}, "conflicts", ConflictColumns(),
          {{"--expert", "expert", "Only this expert's", nullptr, "experts"},
           {"--partner", "partner", "Only this partner's own", nullptr, "partners"},
           {"--agency", "agency", "Only with this agency", nullptr, "agencies"}});
}

}  // namespace

void AddPartnerCommands(CLI::App& app, Context& context) {
  CLI::App& partner = context.AddNoun(app, "partner", "Partner organizations");
  AddGet(partner, context, MethodOf(context, &PartnerService::Stub::GetPartner), "Shows a partner",
         {"critac partner get iacp"}, PartnerColumns());
  AddList(partner, context, MethodOf(context, &PartnerService::Stub::ListPartners),
          "Lists partners by name", {"critac partner list"}, "partners", PartnerColumns(), {});

  CLI::App& expert = context.AddNoun(app, "expert", "Subject-matter experts");
  AddGet(expert, context, MethodOf(context, &PartnerService::Stub::GetExpert), "Shows an expert",
         {"critac expert get e012"}, ExpertColumns());
  AddList(expert, context, MethodOf(context, &PartnerService::Stub::ListExperts),
          "Lists experts by name",
          {"critac expert list --partner nsa", "critac expert list --all --output csv"}, "experts",
          ExpertColumns(),
          {{"--partner", "partner", "Only this partner's", nullptr, "partners"},
           {"--home-state", "home_state", "Only those who live in this state, a USPS code"},
           {"--active", "active", "true or false"}});
  AddConflictCommands(app, context);
}

}  // namespace critac::cli
