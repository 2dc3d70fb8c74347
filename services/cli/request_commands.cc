#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/read_message.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using intake::v1::ActOnRequestRequest;
using intake::v1::AgencyService;
using intake::v1::Request;
using intake::v1::RequestService;

// As one types it: `ask-for-information`.
std::string Typed(const google::protobuf::EnumValueDescriptor& value) {
  return absl::StrReplaceAll(EnumText(value, TextStyle::kShort), {{" ", "-"}});
}

Columns RequestColumns() {
  return {Name("name", "name"),
          Field("state", "state"),
          Brief("agency", "agency"),
          Computed<Request>("topic",
                            [](const Request& request, TextStyle style) {
                              if (request.topics().empty()) return std::string();
                              const std::string& topic = request.topics(0);
                              return style == TextStyle::kFull
                                         ? topic
                                         : std::string(absl::StripPrefix(topic, "topics/"));
                            }),
          Field("title", "title"),
          Field("urgency", "urgency"),
          Day("needed by", "needed_by"),
          Day("created", "create_time")};
}

// What a person wants to know after an action: where the request stands and what can be done now.
absl::Status PrintOutcome(Context& context, const Request& request) {
  if (context.printer().format() != OutputFormat::kTable) {
    return context.printer().Show(request, RequestColumns());
  }
  std::ostream& out = context.world().out;
  out << request.name() << "  " << FieldText(request, "state", TextStyle::kShort) << "\n";
  if (!request.coordinator().empty()) out << "  coordinator  " << request.coordinator() << "\n";
  if (request.plan_version() > 0) {
    out << "  plan         version " << request.plan_version() << "\n";
  }
  std::vector<std::string> actions;
  for (const int action : request.available_actions()) {
    const auto* value = intake::v1::RequestAction_descriptor()->FindValueByNumber(action);
    if (value != nullptr) actions.push_back(Typed(*value));
  }
  if (!actions.empty()) out << "  next         " << absl::StrJoin(actions, ", ") << "\n";
  return absl::OkStatus();
}

// --- Create and update --------------------------------------------------------------------------

// A flag of `create` and `update`, and the field of the request that it fills.
struct RequestFlag {
  const char* flag;
  const char* field;
  const char* help;
};

constexpr RequestFlag kRequestFlags[] = {
    {"--title", "title", "Title in a few words"},
    {"--problem", "problem", "The problem as the agency sees it"},
    {"--desired-outcome", "desired_outcome", "What the agency hopes for"},
    {"--prior-efforts", "prior_efforts", "What was tried before"},
    {"--urgency", "urgency", "routine, elevated or critical"},
    {"--needed-by", "needed_by", "Day by which help is needed"},
    {"--audience", "audience", "Who would be helped"},
    {"--audience-size", "audience_size", "How many people that is"},
    {"--channel", "channel", "web, email, phone, in-person, partner or api"},
    {"--program", "program", "Program it is made under"},
};

struct RequestArguments {
  std::string name;
  std::string file;
  std::string agency;
  std::string agency_alias;
  std::string agency_name;
  std::string agency_state;
  std::vector<std::string> values = std::vector<std::string>(std::size(kRequestFlags));
  std::vector<std::string> topics;
  std::vector<std::string> delivery_types;
  std::vector<std::string> initiatives;
  std::vector<std::string> co_served;
  std::vector<std::string> contacts;
  std::vector<std::string> settings;
  bool authority_confirmed = false;
  bool submit = false;
  std::string etag;
};

void AddFlags(CLI::App& command, RequestArguments& arguments) {
  for (size_t i = 0; i < std::size(kRequestFlags); ++i) {
    command.add_option(kRequestFlags[i].flag, arguments.values[i], kRequestFlags[i].help);
  }
  AddRepeated(command, "--topic", arguments.topics, "Topic; the first is the primary one");
  AddRepeated(command, "--delivery-type", arguments.delivery_types, "Delivery type wanted");
  AddRepeated(command, "--initiative", arguments.initiatives, "Initiative it is tagged with");
  AddRepeated(command, "--co-served", arguments.co_served, "Agency served with it");
  AddRepeated(command, "--contact", arguments.contacts,
              "role=point-of-contact,full-name=…,title=…,email=…,phone=…");
  command.add_flag("--authority-confirmed", arguments.authority_confirmed,
                   "Who asks states that they may ask for the agency");
  command.add_option("--file", arguments.file,
                     "The request as proto3 JSON; flags are put in on top of it");
  AddRepeated(command, "--set", arguments.settings, "FIELD=VALUE, any field of the message");
}

// A list given by flags takes the place of the one that was there.
absl::Status SetList(Request& request, const char* field, const std::vector<std::string>& entries) {
  if (entries.empty()) return absl::OkStatus();
  return SetField(request, field, absl::StrJoin(entries, ";"));
}

absl::Status FillRequest(const RequestArguments& arguments, Request& request) {
  if (!arguments.file.empty()) RETURN_IF_ERROR(ReadMessage(arguments.file, request));
  for (size_t i = 0; i < std::size(kRequestFlags); ++i) {
    if (arguments.values[i].empty()) continue;
    RETURN_IF_ERROR(SetField(request, kRequestFlags[i].field, arguments.values[i]));
  }
  RETURN_IF_ERROR(SetList(request, "topics", arguments.topics));
  RETURN_IF_ERROR(SetList(request, "delivery_types", arguments.delivery_types));
  RETURN_IF_ERROR(SetList(request, "initiatives", arguments.initiatives));
  RETURN_IF_ERROR(SetList(request, "co_served_agencies", arguments.co_served));
  if (!arguments.contacts.empty()) request.clear_contacts();
  for (const std::string& contact : arguments.contacts) {
    RETURN_IF_ERROR(SetFields(*request.add_contacts(), "--contact", contact));
  }
  if (arguments.authority_confirmed) request.set_authority_confirmed(true);
  for (const std::string& setting : arguments.settings) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(setting, absl::MaxSplits('=', 1));
    RETURN_IF_ERROR(SetField(request, parts.first, parts.second));
  }
  return absl::OkStatus();
}

// The agency that the flags mean. An agency that asks for itself need not say who it is.
absl::StatusOr<std::string> FindAgency(Context& context, const RequestArguments& arguments) {
  if (!arguments.agency.empty()) return arguments.agency;
  if (arguments.agency_alias.empty() && arguments.agency_name.empty()) {
    absl::string_view self = context.principal();
    if (absl::ConsumePrefix(&self, "agency:")) return std::string(self.substr(0, self.find('#')));
    return UsageError("say for which agency: --agency, --ori, or --agency-name and --state");
  }
  intake::v1::LookupAgencyRequest lookup;
  lookup.set_alias(arguments.agency_alias);
  lookup.set_display_name(arguments.agency_name);
  lookup.set_state(arguments.agency_state);
  ASSIGN_OR_RETURN(const intake::v1::Agency agency,
                   context.Call(&AgencyService::Stub::LookupAgency, lookup));
  return agency.name();
}

absl::Status RunCreate(Context& context, const RequestArguments& arguments) {
  intake::v1::CreateRequestRequest call;
  Request& request = *call.mutable_request();
  RETURN_IF_ERROR(FillRequest(arguments, request));
  if (request.agency().empty()) {
    ASSIGN_OR_RETURN(const std::string agency, FindAgency(context, arguments));
    RETURN_IF_ERROR(SetField(request, "agency", agency));
  }
  call.set_submit(arguments.submit);
  ASSIGN_OR_RETURN(*call.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Request created, context.Call(&RequestService::Stub::CreateRequest, call));
  return PrintOutcome(context, created);
}

// Reads the request, changes what was given and writes it back, on condition that nobody else
// changed it in between.
absl::Status RunUpdate(Context& context, const RequestArguments& arguments) {
  // What was typed is looked at before anything is asked of the center.
  Request tried;
  RETURN_IF_ERROR(FillRequest(arguments, tried));
  if (tried.ByteSizeLong() == 0 && arguments.settings.empty()) {
    return UsageError("nothing is given to set; see --help for the flags");
  }
  intake::v1::UpdateRequestRequest call;
  ASSIGN_OR_RETURN(*call.mutable_request_id(), context.RequestId());

  intake::v1::GetRequestRequest get;
  RETURN_IF_ERROR(SetField(get, "name", arguments.name));
  ASSIGN_OR_RETURN(Request current, context.Call(&RequestService::Stub::GetRequest, get));
  call.set_name(current.name());
  call.set_etag(arguments.etag.empty() ? current.etag() : arguments.etag);
  *call.mutable_request() = std::move(current);
  RETURN_IF_ERROR(FillRequest(arguments, *call.mutable_request()));
  ASSIGN_OR_RETURN(const Request updated, context.Call(&RequestService::Stub::UpdateRequest, call));
  return context.printer().Show(updated, RequestColumns());
}

void AddCreateRequest(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<RequestArguments>();
  CLI::App& command = context.AddCommand(
      noun, "create", "Writes down a request, as a draft or submitted at once",
      {"critac request create --ori UT0270400 --topic de-escalation --title 'De-escalation for "
       "patrol' --delivery-type in-person-training --urgency routine --contact "
       "'role=point-of-contact,full-name=Lt. Rae Moss,email=moss@example.org' "
       "--authority-confirmed --submit",
       "critac request create --file request.json --submit --output name"},
      [&context, arguments] { return RunCreate(context, *arguments); });
  command.add_option("--agency", arguments->agency, "Agency that asks, by its name");
  command.add_option("--ori", arguments->agency_alias, "Agency that asks, by an identifier");
  command.add_option("--agency-name", arguments->agency_name,
                     "Agency that asks, by what it is called, with --state");
  command.add_option("--state", arguments->agency_state, "State of that agency, a USPS code");
  AddFlags(command, *arguments);
  command.add_flag("--submit", arguments->submit, "Submit it at once");
  context.AddRequestId(command);
}

void AddUpdateRequest(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<RequestArguments>();
  CLI::App& command = context.AddCommand(
      noun, "update", "Changes what a request asks for; what is not given stays as it is",
      {"critac request update fy27-000001 --urgency critical --needed-by 2027-01-15"},
      [&context, arguments] { return RunUpdate(context, *arguments); });
  command.add_option("NAME", arguments->name, "Its name")->required();
  AddFlags(command, *arguments);
  command.add_option("--etag", arguments->etag,
                     "Etag that the change is based on (default: the current one)");
  context.AddRequestId(command);
}

// --- Act ----------------------------------------------------------------------------------------

// A flag of `act`, and the field of the details that it fills.
constexpr RequestFlag kDetailFlags[] = {
    {"--question", "question", "For ask-for-information"},
    {"--answer", "answer", "For provide-information"},
    {"--reason", "reason", "For hold, resume, rematch, decline, close, reopen, complete-delivery"},
    {"--referred-to", "referred_to", "For refer: to which program"},
    {"--decline-code", "decline_code", "For decline: out-of-scope, no-authority, no-response, …"},
    {"--duplicate-of", "duplicate_of", "For mark-duplicate: the other request"},
    {"--follow-up-date", "follow_up_date", "For complete-delivery: when it can be closed"},
    {"--plan-version", "plan_version",
     "For approve-plan: the version that is approved (default: the newest)"},
    {"--scope-date", "scope.date", "For complete-scoping: day of the call (default: today)"},
    {"--agreed-needs", "scope.agreed_needs", "For complete-scoping"},
    {"--exclusions", "scope.exclusions", "For complete-scoping"},
    {"--risks", "scope.risks", "For complete-scoping"},
};

struct ActArguments {
  std::string name;
  std::string action;
  std::string scope_file;
  std::vector<std::string> values = std::vector<std::string>(std::size(kDetailFlags));
  std::vector<std::string> slots;
  std::vector<std::string> participants;
  std::string etag;
};

// `from`, `to`, `delivery` and `level` are what one says; the fields have longer names.
std::string LongSlotNames(const std::string& slot) {
  std::vector<std::string> fields;
  for (const absl::string_view field : absl::StrSplit(slot, ',')) {
    std::string text(absl::StripLeadingAsciiWhitespace(field));
    for (const auto& [brief, full] : {std::pair("from=", "window_start="),
                                      {"to=", "window_end="},
                                      {"delivery=", "delivery_type="},
                                      {"level=", "minimum_level="}}) {
      if (absl::StartsWith(text, brief))
        text = absl::StrCat(full, text.substr(std::string(brief).size()));
    }
    fields.push_back(std::move(text));
  }
  return absl::StrJoin(fields, ",");
}

absl::Status FillScope(Context& context, const ActArguments& arguments, intake::v1::Scope& scope) {
  for (const std::string& slot : arguments.slots) {
    RETURN_IF_ERROR(SetFields(*scope.add_slots(), "--slot", LongSlotNames(slot)));
  }
  for (const std::string& participant : arguments.participants) scope.add_participants(participant);
  if (scope.date().empty()) scope.set_date(FormatDate(DayOf(context.world().clock.Now())));
  return absl::OkStatus();
}

absl::Status RunAct(Context& context, const ActArguments& arguments) {
  ActOnRequestRequest call;
  RETURN_IF_ERROR(SetField(call, "name", arguments.name));
  const auto action = ReadEnum(*intake::v1::RequestAction_descriptor(), "ACTION", arguments.action);
  if (!action.ok()) return UsageError(action.status().message());
  call.set_action(static_cast<intake::v1::RequestAction>(*action));
  if (!arguments.scope_file.empty()) {
    RETURN_IF_ERROR(ReadMessage(arguments.scope_file, *call.mutable_details()->mutable_scope()));
  }
  for (size_t i = 0; i < std::size(kDetailFlags); ++i) {
    if (arguments.values[i].empty()) continue;
    RETURN_IF_ERROR(SetField(*call.mutable_details(), kDetailFlags[i].field, arguments.values[i]));
  }
  if (call.action() == intake::v1::REQUEST_ACTION_COMPLETE_SCOPING || !arguments.slots.empty() ||
      !arguments.participants.empty()) {
    RETURN_IF_ERROR(FillScope(context, arguments, *call.mutable_details()->mutable_scope()));
  }
  call.set_etag(arguments.etag);
  ASSIGN_OR_RETURN(*call.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Request request, context.Call(&RequestService::Stub::ActOnRequest, call));
  return PrintOutcome(context, request);
}

void AddAct(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<ActArguments>();
  CLI::App& command = context.AddCommand(
      noun, "act", "Takes an action of the lifecycle (see `critac lifecycle`)",
      {"critac request act fy27-000001 acknowledge",
       "critac request act fy27-000001 complete-scoping --slot "
       "topic=de-escalation,delivery=in-person-training,people=2,hours=16,from=2027-01-11,"
       "to=2027-03-26,level=expert,on-site",
       "critac request act fy27-000002 decline --decline-code out-of-scope --reason 'a grant "
       "question'"},
      [&context, arguments] { return RunAct(context, *arguments); });
  command.add_option("NAME", arguments->name, "The request")->required();
  command.add_option("ACTION", arguments->action, "submit, acknowledge, accept, …")->required();
  for (size_t i = 0; i < std::size(kDetailFlags); ++i) {
    command.add_option(kDetailFlags[i].flag, arguments->values[i], kDetailFlags[i].help);
  }
  AddRepeated(command, "--slot", arguments->slots,
              "For complete-scoping: topic=,delivery=,people=,hours=,from=,to=,level=,credential=,"
              "language=,served-in-type=,served-in-size-band= or served-in-same-size-band (as the "
              "agency's),on-site");
  AddRepeated(command, "--participant", arguments->participants,
              "For complete-scoping: who took part");
  command.add_option("--scope", arguments->scope_file,
                     "For complete-scoping: the scope as proto3 JSON");
  command.add_option("--etag", arguments->etag, "Etag that the action is based on");
  context.AddRequestId(command);
}

// --- Lifecycle ----------------------------------------------------------------------------------

Columns LifecycleColumns() {
  return {Computed<intake::v1::LifecycleRow>(
              "action",
              [](const intake::v1::LifecycleRow& row, TextStyle style) {
                return style == TextStyle::kFull
                           ? FieldText(row, "action", style)
                           : absl::StrReplaceAll(FieldText(row, "action", style), {{" ", "-"}});
              }),
          Field("from", "from"),
          Computed<intake::v1::LifecycleRow>(
              "to",
              [](const intake::v1::LifecycleRow& row, TextStyle style) -> std::string {
                const bool back = row.to() == intake::v1::REQUEST_STATE_UNSPECIFIED;
                return back ? "where it was" : FieldText(row, "to", style);
              }),
          Field("who", "roles"), Field("needs", "needs")};
}

absl::Status RunLifecycle(Context& context) {
  ASSIGN_OR_RETURN(
      const intake::v1::Lifecycle lifecycle,
      context.Call(&RequestService::Stub::GetLifecycle, intake::v1::GetLifecycleRequest()));
  return context.printer().List(lifecycle, "rows", LifecycleColumns());
}

}  // namespace

void AddRequestCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "request", "Requests for help and their life");
  AddCreateRequest(noun, context);
  AddGet(noun, context, MethodOf(context, &RequestService::Stub::GetRequest), "Shows a request",
         {"critac request get fy27-000001"}, RequestColumns());
  AddList(
      noun, context, MethodOf(context, &RequestService::Stub::ListRequests),
      "Lists requests, newest first",
      {"critac request list --state in-review",
       "critac request list --coordinator coordinator:dana --all --output csv"},
      "requests", RequestColumns(),
      {{"--state", "state", "Only those in this state", intake::v1::RequestState_descriptor()},
       {"--agency", "agency", "Only this agency's", nullptr, "agencies"},
       {"--topic", "primary_topic", "Only those of this primary topic", nullptr, "topics"},
       {"--coordinator", "coordinator", "Only those of this coordinator"},
       {"--urgency", "urgency", "Only those of this urgency", intake::v1::Urgency_descriptor()}});
  AddUpdateRequest(noun, context);
  AddAct(noun, context);
  context.AddCommand(app, "lifecycle", "Shows the table of a request's life", {"critac lifecycle"},
                     [&context] { return RunLifecycle(context); });
}

}  // namespace critac::cli
