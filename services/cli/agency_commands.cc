#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/import/row_mapper.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using intake::v1::Agency;
using intake::v1::AgencyService;

// A flag of `create` and `update`, and the column of an import of agencies that it fills: a cell of
// a file and a flag are read alike.
struct AgencyFlag {
  const char* flag;
  const char* column;
  const char* help;
};

constexpr AgencyFlag kAgencyFlags[] = {
    {"--name", "display_name", "What it is called"},
    {"--type", "type", "municipal, sheriff, state-police, campus, tribal, …"},
    {"--state", "state", "USPS code of the state or territory it is in"},
    {"--county", "county", "County"},
    {"--latitude", "latitude", "Degrees, north positive"},
    {"--longitude", "longitude", "Degrees, east positive"},
    {"--ori", "ori9", "Nine-character ORI"},
    {"--ori7", "ori7", "Seven-character ORI"},
    {"--uei", "uei", "Unique Entity Identifier"},
    {"--other-id", "other_id", "Identifier of another system, SYSTEM:ID"},
    {"--sworn-full-time", "sworn_full_time", "Sworn full-time officers"},
    {"--sworn-part-time", "sworn_part_time", "Sworn part-time officers"},
    {"--civilian", "civilian", "Civilians"},
    {"--strength-source", "strength_source", "Who says how many they are"},
    {"--strength-year", "strength_year", "Year that the counts speak of"},
};

struct AgencyArguments {
  std::string name;
  std::vector<std::string> values = std::vector<std::string>(std::size(kAgencyFlags));
  std::vector<std::string> settings;  // --set FIELD=VALUE
  std::string etag;
};

const ImportKind& AgencyKind() {
  for (const ImportKind& kind : ImportKinds()) {
    if (kind.name == "agencies") return kind;
  }
  return ImportKinds().front();  // not reached: the table above has it
}

Columns AgencyColumns() {
  return {Name("name", "name"),
          Field("display name", "display_name"),
          Field("type", "type"),
          Name("state", "state"),
          Computed<Agency>("ori",
                           [](const Agency& agency, TextStyle) {
                             for (const auto& alias : agency.aliases()) {
                               if (alias.type() == intake::v1::ALIAS_TYPE_ORI9)
                                 return alias.value();
                             }
                             return std::string();
                           }),
          Number("sworn", "sworn_full_time"),
          Field("size", "size_band")};
}

void AddFlags(CLI::App& command, AgencyArguments& arguments) {
  for (size_t i = 0; i < std::size(kAgencyFlags); ++i) {
    command.add_option(kAgencyFlags[i].flag, arguments.values[i], kAgencyFlags[i].help);
  }
  AddRepeated(command, "--set", arguments.settings, "FIELD=VALUE, any field of the message");
}

// Puts what was given into the agency.
absl::Status FillAgency(const AgencyArguments& arguments, Agency& agency) {
  std::vector<std::string> header;
  Row row;
  for (size_t i = 0; i < std::size(kAgencyFlags); ++i) {
    if (arguments.values[i].empty()) continue;
    header.push_back(kAgencyFlags[i].column);
    row.cells.push_back(arguments.values[i]);
  }
  for (const std::string& setting : arguments.settings) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(setting, absl::MaxSplits('=', 1));
    header.push_back(parts.first);
    row.cells.push_back(parts.second);
  }
  if (header.empty()) return UsageError("nothing is given to set; see --help for the flags");
  ASSIGN_OR_RETURN(const CsvMapper mapper, CsvMapper::Create(AgencyKind(), header));
  RETURN_IF_ERROR(mapper.Apply(row, agency));
  // An empty cell of a file says nothing; `--set county=` says that it is to be empty.
  for (size_t i = 0; i < header.size(); ++i) {
    if (row.cells[i].empty()) RETURN_IF_ERROR(SetField(agency, header[i], ""));
  }
  return absl::OkStatus();
}

absl::Status RunCreate(Context& context, const AgencyArguments& arguments) {
  intake::v1::CreateAgencyRequest request;
  RETURN_IF_ERROR(FillAgency(arguments, *request.mutable_agency()));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Agency agency, context.Call(&AgencyService::Stub::CreateAgency, request));
  return context.printer().Show(agency, AgencyColumns());
}

// Reads the agency, changes what was given and writes it back, on condition that nobody else
// changed it in between.
absl::Status RunUpdate(Context& context, const AgencyArguments& arguments) {
  // What was typed is looked at before anything is asked of the center.
  Agency tried;
  RETURN_IF_ERROR(FillAgency(arguments, tried));
  intake::v1::UpdateAgencyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());

  intake::v1::GetAgencyRequest get;
  RETURN_IF_ERROR(SetField(get, "name", arguments.name));
  ASSIGN_OR_RETURN(Agency current, context.Call(&AgencyService::Stub::GetAgency, get));
  request.set_etag(arguments.etag.empty() ? current.etag() : arguments.etag);
  *request.mutable_agency() = std::move(current);
  RETURN_IF_ERROR(FillAgency(arguments, *request.mutable_agency()));
  ASSIGN_OR_RETURN(const Agency agency, context.Call(&AgencyService::Stub::UpdateAgency, request));
  return context.printer().Show(agency, AgencyColumns());
}

struct LookupArguments {
  std::string alias;
  std::string name;
  std::string state;
};

absl::Status RunLookup(Context& context, const LookupArguments& arguments) {
  if (arguments.alias.empty() == arguments.name.empty()) {
    return UsageError("say either an identifier, or --name and --state");
  }
  intake::v1::LookupAgencyRequest request;
  request.set_alias(arguments.alias);
  request.set_display_name(arguments.name);
  request.set_state(arguments.state);
  ASSIGN_OR_RETURN(const Agency agency, context.Call(&AgencyService::Stub::LookupAgency, request));
  return context.printer().Show(agency, AgencyColumns());
}

void AddLookup(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<LookupArguments>();
  CLI::App& command = context.AddCommand(
      noun, "lookup", "Finds the one agency meant by an identifier, or by name and state",
      {"critac agency lookup UT0270400",
       "critac agency lookup --name 'Mesa Verde Police' --state CO"},
      [&context, arguments] { return RunLookup(context, *arguments); });
  command.add_option("IDENTIFIER", arguments->alias, "ORI, UEI or another system's SYSTEM:ID");
  command.add_option("--name", arguments->name, "Its name; case and runs of spaces do not matter");
  command.add_option("--state", arguments->state, "State the name is looked for in, a USPS code");
}

void AddCreateAgency(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<AgencyArguments>();
  CLI::App& command = context.AddCommand(
      noun, "create", "Adds an agency",
      {"critac agency create --name 'Alder Falls Police Department' --type municipal --state OR "
       "--sworn-full-time 42"},
      [&context, arguments] { return RunCreate(context, *arguments); });
  AddFlags(command, *arguments);
  context.AddRequestId(command);
}

void AddUpdateAgency(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<AgencyArguments>();
  CLI::App& command = context.AddCommand(
      noun, "update", "Changes an agency; what is not given stays as it is",
      {"critac agency update ag-000001 --sworn-full-time 44 --strength-year 2026"},
      [&context, arguments] { return RunUpdate(context, *arguments); });
  command.add_option("NAME", arguments->name, "Its name")->required();
  AddFlags(command, *arguments);
  command.add_option("--etag", arguments->etag,
                     "Etag that the change is based on (default: the current one)");
  context.AddRequestId(command);
}

}  // namespace

void AddAgencyCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "agency", "Agencies and their identifiers");
  AddGet(noun, context, MethodOf(context, &AgencyService::Stub::GetAgency), "Shows an agency",
         {"critac agency get ag-000001"}, AgencyColumns());
  AddList(noun, context, MethodOf(context, &AgencyService::Stub::ListAgencies),
          "Lists agencies by name",
          {"critac agency list --state UT --type tribal",
           "critac agency list --filter 'display_name : \"sheriff\"' --all --output csv"},
          "agencies", AgencyColumns(),
          {{"--state", "state", "Only those in this state, a USPS code"},
           {"--type", "type", "Only those of this type", type::v1::AgencyType_descriptor()},
           {"--size", "size_band", "Only those of this size band: 2-9, 10-24, 1000+, …",
            type::v1::SizeBand_descriptor()}});
  AddLookup(noun, context);
  AddCreateAgency(noun, context);
  AddUpdateAgency(noun, context);
}

}  // namespace critac::cli
