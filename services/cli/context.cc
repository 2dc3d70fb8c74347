#include "services/cli/context.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/ids.h"
#include "common/rpc/principal.h"
#include "common/status/error.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

struct NamedFormat {
  const char* name;
  OutputFormat format;
};
constexpr NamedFormat kFormats[] = {
    {"table", OutputFormat::kTable},
    {"json", OutputFormat::kJson},
    {"csv", OutputFormat::kCsv},
    {"name", OutputFormat::kName},
};

absl::Status CheckPrincipal(const std::string& principal) {
  if (principal.empty()) {
    return UsageError("--as: say who you are, for example --as coordinator:dana, or set CRITAC_AS");
  }
  const auto parsed = rpc::ParsePrincipal(principal);
  if (!parsed.ok()) return UsageError(absl::StrCat("--as: ", parsed.status().message()));
  return absl::OkStatus();
}

}  // namespace

void Context::AddGlobalOptions(CLI::App& app) {
  app.add_option("--server", server_,
                 "Address of the center, HOST:PORT, or of its services where each has its own: "
                 "intake=HOST:PORT,matching=HOST:PORT,metrics=HOST:PORT")
      ->envname("CRITAC_SERVER")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("--as", principal_,
                 "Who gives the command, ROLE:SUBJECT; roles: agency, coordinator, partner, "
                 "program-manager, auditor, operator")
      ->envname("CRITAC_AS")
      ->type_name("PRINCIPAL");
  std::vector<std::string> formats;
  for (const NamedFormat& format : kFormats) formats.emplace_back(format.name);
  app.add_option("--output", output_, "Form of what is printed: table, json, csv, name")
      ->envname("CRITAC_OUTPUT")
      ->check(OneOf(formats))
      ->capture_default_str()
      ->type_name("FORM");
  app.add_option("--timeout", timeout_seconds_,
                 "Most seconds a call may take (default: 60, more for what takes long)")
      ->check(CLI::Range(0.001, 86400.0).description(""))
      ->type_name("SECONDS");
}

CLI::App& Context::AddNoun(CLI::App& parent, const std::string& name,
                           const std::string& description) {
  CLI::App& noun = *parent.add_subcommand(name, description);
  noun.require_subcommand(1);
  noun.fallthrough();
  return noun;
}

CLI::App& Context::AddCommand(CLI::App& parent, const std::string& name,
                              const std::string& description,
                              const std::vector<std::string>& examples,
                              std::function<absl::Status()> action) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.fallthrough();
  std::string footer = examples.size() == 1 ? "Example:" : "Examples:";
  for (const std::string& example : examples) absl::StrAppend(&footer, "\n  ", example);
  command.footer(footer);
  command.callback([this, action = std::move(action)] { action_ = action; });
  return command;
}

void Context::AddRequestId(CLI::App& command) {
  command
      .add_option("--request-id", request_id_,
                  "UUID of this change: the same one given again changes nothing more")
      ->type_name("UUID");
}

absl::Status Context::Run() { return action_ ? action_() : absl::OkStatus(); }

Printer Context::printer() {
  for (const NamedFormat& known : kFormats) {
    if (output_ == known.name) return Printer(world_, known.format);
  }
  return Printer(world_, OutputFormat::kTable);
}

absl::StatusOr<Client*> Context::client() {
  if (client_ == nullptr) {
    ClientOptions options;
    ASSIGN_OR_RETURN(options.servers, Servers::Parse(server_));
    RETURN_IF_ERROR(CheckPrincipal(principal_));
    options.principal = principal_;
    client_ = std::make_unique<Client>(std::move(options), world_.sleep);
  }
  return client_.get();
}

absl::Duration Context::Deadline(absl::Duration otherwise) const {
  return timeout_seconds_ > 0 ? absl::Seconds(timeout_seconds_) : otherwise;
}

absl::StatusOr<std::string> Context::RequestId() {
  if (request_id_.empty()) return world_.ids.NewUuid();
  if (!IsUuid(request_id_)) {
    return UsageError(absl::StrCat("--request-id: \"", request_id_,
                                   "\" is not a UUID, xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"));
  }
  return request_id_;
}

CLI::Validator OneOf(std::vector<std::string> values) {
  return CLI::Validator(
      [values = std::move(values)](std::string& given) {
        if (std::find(values.begin(), values.end(), given) != values.end()) return std::string();
        return absl::StrCat("\"", given, "\" is none of: ", absl::StrJoin(values, ", "));
      },
      "");
}

CLI::Option* AddRepeated(CLI::App& command, const std::string& flag,
                         std::vector<std::string>& values, const std::string& description) {
  return command.add_option(flag, values, description)->allow_extra_args(false)->take_all();
}

}  // namespace critac::cli
