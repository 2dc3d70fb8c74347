#include "common/server/config.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <system_error>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/limits.h"
#include "common/queue/redis/redis_url.h"
#include "common/status/error.h"

namespace critac::server {
namespace {

// Largest configuration file, bytes: far more than every setting with its comments.
constexpr uintmax_t kConfigBytes = 64 << 10;

constexpr absl::Duration kLongestDrain = absl::Minutes(10);
// Oftener, reading the tables would be most of what a process does; and more seldom, work that a
// queue forgot would be missed.
constexpr absl::Duration kLeastReconcileInterval = absl::Milliseconds(100);
constexpr absl::Duration kLongestReconcileInterval = absl::Hours(1);
// A worker says that it is there three times in a lease.
constexpr absl::Duration kLeastJobLease = absl::Seconds(1);
constexpr absl::Duration kLongestJobLease = absl::Minutes(10);
// Oftener, connecting would be most of what a client does.
constexpr absl::Duration kLeastConnectionAge = absl::Seconds(1);
constexpr absl::Duration kLongestConnectionAge = absl::Hours(24);

constexpr absl::string_view kMemoryQueue = "memory:";
// A Redis as it is installed.
constexpr absl::string_view kRedisQueue = "redis://127.0.0.1:6379";

// One setting: its name is that of its flag, of its key in the file, and, in upper case, of its
// variable.
struct Setting {
  std::string name;
  // What its value is, for the help; empty for a switch.
  std::string type;
  std::string help;
  // Empty: none.
  std::string default_value;
  // Puts the value into the configuration, or says what is wrong with it and what is accepted.
  std::function<absl::Status(const std::string& value, ServerConfig& config)> apply;
};

// A value as it was given, and where.
struct Given {
  std::string value;
  std::string origin;
};
using GivenValues = std::map<std::string, Given>;

absl::Status Bad(absl::string_view value, absl::string_view accepted) {
  return absl::InvalidArgumentError(
      absl::StrCat("`", value, "` is not accepted; accepted: ", accepted));
}

// ---- What each setting accepts ------------------------------------------------------------------

absl::Status ApplyListen(const std::string& value, ServerConfig& config) {
  ASSIGN_OR_RETURN(config.listen, ParseAddress(value));
  return absl::OkStatus();
}

absl::Status ApplyAdminListen(const std::string& value, ServerConfig& config) {
  config.admin_listen.reset();
  if (value == "off") return absl::OkStatus();
  absl::StatusOr<Address> address = ParseAddress(value);
  if (!address.ok() || !address->unix_path.empty()) {
    return Bad(value, "HOST:PORT, [IPV6]:PORT, for example 127.0.0.1:7480, or `off`");
  }
  config.admin_listen = *std::move(address);
  return absl::OkStatus();
}

absl::Status ApplyHealthListen(const std::string& value, ServerConfig& config) {
  config.health_listen.reset();
  if (value == "off") return absl::OkStatus();
  absl::StatusOr<Address> address = ParseAddress(value);
  if (!address.ok() || !address->unix_path.empty()) {
    return Bad(value, "HOST:PORT, [IPV6]:PORT, for example 127.0.0.1:7490, or `off`");
  }
  config.health_listen = *std::move(address);
  return absl::OkStatus();
}

absl::Status ApplyData(const std::string& value, ServerConfig& config) {
  if (value.empty()) return Bad(value, "the path of a folder");
  config.data = value;
  return absl::OkStatus();
}

// The value may hold a password, so that it is not repeated.
absl::Status ApplySharedQueue(const std::string& value, ServerConfig& config) {
  if (value == kMemoryQueue) {
    return absl::InvalidArgumentError(absl::StrCat(
        "`memory:` is a queue in this process alone, and processes of other services would never "
        "see its jobs; accepted: the URL of a Redis that they share, for example ",
        kRedisQueue, "; with `memory:` runs `critac up`, all services in one process"));
  }
  RETURN_IF_ERROR(queue::redis::ParseUrl(value).status());
  config.queue = value;
  return absl::OkStatus();
}

absl::Status ApplyQueue(const std::string& value, ServerConfig& config) {
  if (value != kMemoryQueue) {
    const absl::Status shared = ApplySharedQueue(value, config);
    if (shared.ok()) return shared;
    return absl::InvalidArgumentError(absl::StrCat(shared.message(), "; or memory:"));
  }
  config.queue = value;
  return absl::OkStatus();
}

absl::Status ApplyLogLevel(const std::string& value, ServerConfig& config) {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (value == LogLevelName(level)) {
      config.log_level = level;
      return absl::OkStatus();
    }
  }
  return Bad(value, "debug, info, warning, error");
}

absl::Status ReadDuration(const std::string& value, absl::Duration least, absl::Duration most,
                          absl::Duration& duration) {
  absl::Duration read;
  if (!absl::ParseDuration(value, &read) || read < least || read > most) {
    return Bad(value, absl::StrCat("a time of ", absl::FormatDuration(least), " to ",
                                   absl::FormatDuration(most), ", for example 20s"));
  }
  duration = read;
  return absl::OkStatus();
}

absl::Status ApplyDrainTimeout(const std::string& value, ServerConfig& config) {
  return ReadDuration(value, absl::Seconds(1), kLongestDrain, config.drain_timeout);
}

absl::Status ApplyDrainDelay(const std::string& value, ServerConfig& config) {
  return ReadDuration(value, absl::ZeroDuration(), kLongestDrain, config.drain_delay);
}

absl::Status ApplyReconcileInterval(const std::string& value, ServerConfig& config) {
  return ReadDuration(value, kLeastReconcileInterval, kLongestReconcileInterval,
                      config.reconcile_interval);
}

absl::Status ApplyJobLease(const std::string& value, ServerConfig& config) {
  return ReadDuration(value, kLeastJobLease, kLongestJobLease, config.job_lease);
}

absl::Status ApplyConnectionAge(const std::string& value, ServerConfig& config) {
  return ReadDuration(value, kLeastConnectionAge, kLongestConnectionAge, config.connection_age);
}

absl::Status ApplyConnectionGrace(const std::string& value, ServerConfig& config) {
  return ReadDuration(value, kLeastConnectionAge, kLongestConnectionAge, config.connection_grace);
}

// It is in logs, so that there can be no password in it, nor a key in a query.
absl::Status ApplyOtlpEndpoint(const std::string& value, ServerConfig& config) {
  absl::string_view rest = value;
  const bool known =
      absl::ConsumePrefix(&rest, "http://") || absl::ConsumePrefix(&rest, "https://");
  const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '#';
  });
  if (absl::StrContains(value, '@') || absl::StrContains(value, '?')) {
    return absl::InvalidArgumentError(
        "a user or a query is not accepted; accepted: http://HOST:PORT, https://HOST:PORT/PATH");
  }
  if (!known || !plain || rest.empty() || rest.front() == '/' || rest.front() == ':') {
    return Bad(value,
               "http://HOST:PORT, https://HOST:PORT/PATH, for example http://127.0.0.1:4318");
  }
  config.otlp_endpoint = value;
  return absl::OkStatus();
}

absl::Status ApplyOtlpSampleRatio(const std::string& value, ServerConfig& config) {
  double ratio = 0;
  if (!absl::SimpleAtod(value, &ratio) || !(ratio >= 0 && ratio <= 1)) {
    return Bad(value, "a number of 0 to 1, for example 0.1");
  }
  config.otlp_sample_ratio = ratio;
  return absl::OkStatus();
}

absl::Status ApplyTrustPrincipals(const std::string& value, ServerConfig& config) {
  if (value != "true" && value != "false") return Bad(value, "true, false");
  config.trust_principals = value == "true";
  return absl::OkStatus();
}

absl::Status ApplyReadyFile(const std::string& value, ServerConfig& config) {
  if (value.empty()) return Bad(value, "the path of a file");
  config.ready_file = value;
  return absl::OkStatus();
}

absl::Status ApplyDatabase(const std::string& service, const std::string& value,
                           ServerConfig& config) {
  absl::string_view rest = value;
  const bool known =
      absl::ConsumePrefix(&rest, "sqlite:") || absl::ConsumePrefix(&rest, "postgresql://");
  if (!known || rest.empty()) return Bad(value, "sqlite:PATH, postgresql://USER@HOST/NAME");
  config.databases[service] = value;
  return absl::OkStatus();
}

absl::Status ApplyPeer(const std::string& service, const std::string& value, ServerConfig& config) {
  ASSIGN_OR_RETURN(config.peers[service], ParseAddress(value));
  return absl::OkStatus();
}

Setting DatabaseSetting(const std::string& name, const std::string& service) {
  return {name, "URL",
          absl::StrCat("Database of ", service,
                       ", sqlite:PATH or postgresql://USER@HOST/NAME, instead of one in the data "
                       "folder"),
          "", [service](const std::string& value, ServerConfig& config) {
            return ApplyDatabase(service, value, config);
          }};
}

std::vector<Setting> SettingsOf(const Program& program) {
  std::vector<Setting> settings = {
      {"listen", "ADDRESS", "Where to serve gRPC", program.default_listen, ApplyListen},
      {"admin-listen", "ADDRESS", "Where to serve /livez, /readyz, /metrics; `off`: nowhere",
       program.default_admin_listen, ApplyAdminListen},
      {"health-listen", "ADDRESS",
       "Where to serve gRPC's health service alone, for probes; `off`: nowhere", "off",
       ApplyHealthListen},
      {"data", "FOLDER", "Folder of the databases that have no URL of their own",
       program.default_data, ApplyData},
  };
  for (const std::string& service : program.services) {
    const std::string name =
        program.services.size() == 1 ? "database" : absl::StrCat("database-", service);
    settings.push_back(DatabaseSetting(name, service));
  }
  settings.push_back(
      program.shares_queues
          ? Setting{"queue", "URL",
                    "Where the work queues are: the URL of a Redis, all services' same",
                    std::string(kRedisQueue), ApplySharedQueue}
          : Setting{"queue", "URL", "Where the work queues are: memory: or the URL of a Redis",
                    std::string(kMemoryQueue), ApplyQueue});
  settings.push_back({"reconcile-interval", "TIME",
                      "How often what should be queued is derived anew from the records", "1m",
                      ApplyReconcileInterval});
  settings.push_back({"job-lease", "TIME",
                      "How long a job stays with a worker of which nothing more is heard", "30s",
                      ApplyJobLease});
  for (const auto& [service, address] : program.peers) {
    settings.push_back({absl::StrCat(service, "-address"), "ADDRESS",
                        absl::StrCat("Where ", service, " is served"), address,
                        [service = service](const std::string& value, ServerConfig& config) {
                          return ApplyPeer(service, value, config);
                        }});
  }
  settings.insert(
      settings.end(),
      {
          {"log-level", "LEVEL", "Least level logged: debug, info, warning, error", "info",
           ApplyLogLevel},
          {"drain-timeout", "TIME", "How long calls and jobs in hand may take to end at a stop",
           absl::FormatDuration(limits::kDrain), ApplyDrainTimeout},
          {"drain-delay", "TIME",
           "How long to go on serving at a stop, not ready, before it begins", "0s",
           ApplyDrainDelay},
          {"connection-age", "TIME",
           "After how long clients are asked to connect anew, so that they find new replicas",
           "30m", ApplyConnectionAge},
          {"connection-grace", "TIME", "How long calls on an aged connection may still take", "1h",
           ApplyConnectionGrace},
          {"otlp-endpoint", "URL",
           "Collector to send spans to by OTLP/HTTP, for example http://127.0.0.1:4318; /v1/traces "
           "is put to it",
           "", ApplyOtlpEndpoint},
          {"otlp-sample-ratio", "SHARE", "Share of the traces begun here that are sampled, 0 to 1",
           "1", ApplyOtlpSampleRatio},
          {"ready-file", "FILE", "Write the addresses to this file once serving", "",
           ApplyReadyFile},
          {"trust-principals", "",
           "Take principals as given from whoever can reach the address: needed to listen on one "
           "that is not loopback",
           "false", ApplyTrustPrincipals},
      });
  return settings;
}

const Setting* Find(const std::vector<Setting>& settings, absl::string_view name) {
  for (const Setting& setting : settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string NamesOf(const std::vector<Setting>& settings,
                    const std::function<std::string(const std::string&)>& as) {
  return absl::StrJoin(settings, ", ", [&as](std::string* out, const Setting& setting) {
    absl::StrAppend(out, as(setting.name));
  });
}

std::string FlagOf(absl::string_view name) { return absl::StrCat("--", name); }

std::string VariableOf(absl::string_view name) {
  return absl::StrCat("CRITAC_", absl::StrReplaceAll(absl::AsciiStrToUpper(name), {{"-", "_"}}));
}

// ---- Arguments ----------------------------------------------------------------------------------

void DescribeTo(const Program& program, const std::vector<Setting>& settings, CLI::App& app) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.allow_extras();
  for (const Setting& setting : settings) {
    CLI::Option* option = setting.type.empty() ? app.add_flag(FlagOf(setting.name), setting.help)
                                               : app.add_option(FlagOf(setting.name), setting.help);
    if (!setting.type.empty()) option->type_name(setting.type);
    if (!setting.type.empty() && !setting.default_value.empty()) {
      option->default_str(setting.default_value);
    }
  }
  const std::string config_help = "TOML file to read settings from";
  app.add_option("--config", config_help)->type_name("FILE");
  app.footer(absl::StrCat(
      "Each setting is taken from the first of these that has it: the arguments, the environment,\n"
      "the file. In the environment, --log-level is CRITAC_LOG_LEVEL; in the file, log-level.\n"
      "\n"
      "Examples:\n"
      "  ",
      program.name,
      "\n"
      "  ",
      program.name,
      " --listen 127.0.0.1:0 --data /var/lib/critac --ready-file ready\n"
      "  CRITAC_LOG_LEVEL=debug ",
      program.name, " --config critac.toml\n"));
}

// Adds the arguments to `given`, or returns the help that was asked for.
absl::StatusOr<std::optional<Help>> ReadArguments(const Program& program,
                                                  const std::vector<Setting>& settings,
                                                  absl::Span<const std::string> arguments,
                                                  GivenValues& given) {
  for (const std::string& argument : arguments) {
    // CLI11 would take the next argument for the value.
    if (absl::StartsWith(argument, "--") && absl::EndsWith(argument, "=")) {
      return InvalidField(absl::StripSuffix(argument, "="), "has no value");
    }
  }
  CLI::App app(program.description, program.name);
  DescribeTo(program, settings, app);
  // CLI11 takes them last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return Help{app.help()};
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (const std::vector<std::string> unknown = app.remaining(); !unknown.empty()) {
    return InvalidField(
        unknown.front(),
        absl::StrCat("is not known; accepted: ", NamesOf(settings, FlagOf), ", --config, --help"));
  }
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    const std::string flag = option->get_name();
    if (option->count() > 1) return InvalidField(flag, "is given twice");
    given.insert({std::string(absl::StripPrefix(flag, "--")), {option->results().front(), flag}});
  }
  return std::nullopt;
}

// ---- Environment --------------------------------------------------------------------------------

// Variables that begin like ours and are not for a server.
bool IsForOthers(absl::string_view variable) {
  for (absl::string_view client : {"CRITAC_SERVER", "CRITAC_AS", "CRITAC_OUTPUT"}) {
    if (variable == client) return true;
  }
  return absl::StartsWith(variable, "CRITAC_TEST_") ||
         // Kubernetes announces a Service this way to every container beside it.
         absl::EndsWith(variable, "_PORT") || absl::StrContains(variable, "_PORT_") ||
         absl::EndsWith(variable, "_SERVICE_HOST");
}

absl::Status ReadEnvironment(const std::vector<Setting>& settings,
                             const std::map<std::string, std::string>& environment,
                             GivenValues& given) {
  std::map<std::string, std::string> names = {{VariableOf("config"), "config"}};
  for (const Setting& setting : settings) names[VariableOf(setting.name)] = setting.name;
  for (const auto& [variable, value] : environment) {
    if (!absl::StartsWith(variable, "CRITAC_") || IsForOthers(variable)) continue;
    const auto name = names.find(variable);
    if (name == names.end()) {
      return InvalidField(variable, absl::StrCat("is not known; accepted: ",
                                                 NamesOf(settings, VariableOf), ", CRITAC_CONFIG"));
    }
    given.insert({name->second, {value, variable}});
  }
  return absl::OkStatus();
}

// ---- File ---------------------------------------------------------------------------------------

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return InvalidField(path, error.message());
  if (size > kConfigBytes) {
    return InvalidField(path, absl::StrCat("has ", size, " bytes; accepted: up to ", kConfigBytes));
  }
  std::ifstream file(path);
  std::stringstream text;
  if (!(text << file.rdbuf()) && size > 0) return InvalidField(path, "cannot be read");
  return text.str();
}

// CLI11 passes over what it cannot make sense of; here every line must be one of TOML's that
// settings need.
absl::Status CheckLines(const std::string& path, const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const absl::string_view trimmed = absl::StripAsciiWhitespace(line);
    if (trimmed.empty() || trimmed.front() == '#') continue;
    if (trimmed.front() == '[' || trimmed.size() < 3 || !absl::StrContains(trimmed, '=')) {
      return InvalidField(absl::StrCat(path, ":", number),
                          absl::StrCat("`", trimmed,
                                       "` is not accepted; accepted: KEY = \"VALUE\", KEY = true, "
                                       "KEY = false, # comment"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadFile(const std::string& path, const std::vector<Setting>& settings,
                      GivenValues& given) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  RETURN_IF_ERROR(CheckLines(path, text));
  std::vector<CLI::ConfigItem> items;
  try {
    std::istringstream stream(text);
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    return InvalidField(path, error.what());
  }
  GivenValues from_file;
  for (const CLI::ConfigItem& item : items) {
    const std::string origin = absl::StrCat(path, ": ", item.fullname());
    if (!item.parents.empty() || Find(settings, item.name) == nullptr) {
      return InvalidField(
          origin, absl::StrCat("is not known; accepted: ",
                               NamesOf(settings, [](const std::string& name) { return name; })));
    }
    if (item.inputs.size() != 1)
      return InvalidField(origin, "is given twice, or is a list; accepted: one value");
    const std::string& value = item.inputs.front();
    if (absl::StartsWith(value, "\"") || absl::StartsWith(value, "'")) {
      return InvalidField(origin, "the quotes are not closed (a # ends a value, also in quotes)");
    }
    if (!from_file.insert({item.name, {value, origin}}).second) {
      return InvalidField(origin, "is given twice");
    }
  }
  given.merge(from_file);
  return absl::OkStatus();
}

// ---- The whole ----------------------------------------------------------------------------------

absl::Status CheckTogether(const Program& program, const GivenValues& given,
                           const ServerConfig& config) {
  if (config.data.empty()) {
    for (const std::string& service : program.services) {
      if (!config.databases.contains(service)) {
        return InvalidField("--data", absl::StrCat("is not given, and ", service,
                                                   " has no database of its own; accepted: the "
                                                   "path of a folder"));
      }
    }
  }
  if (!config.listen.IsLoopback() && !config.trust_principals) {
    const auto origin = given.find("listen");
    return InvalidField(
        origin == given.end() ? "--listen" : origin->second.origin,
        absl::StrCat(config.listen.ToString(),
                     " can be reached from other machines, and principals are taken as given until "
                     "identity is in place; accepted: a loopback address, or --trust-principals "
                     "where every machine that can reach it is trusted"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::variant<ServerConfig, Help>> ReadConfig(
    const Program& program, absl::Span<const std::string> arguments,
    const std::map<std::string, std::string>& environment) {
  const std::vector<Setting> settings = SettingsOf(program);
  // The first to give a value wins.
  GivenValues given;
  ASSIGN_OR_RETURN(std::optional<Help> help, ReadArguments(program, settings, arguments, given));
  if (help.has_value()) return *std::move(help);
  RETURN_IF_ERROR(ReadEnvironment(settings, environment, given));
  if (const auto file = given.find("config"); file != given.end()) {
    RETURN_IF_ERROR(Annotate(ReadFile(file->second.value, settings, given), file->second.origin));
  }

  ServerConfig config;
  config.name = program.name;
  for (const Setting& setting : settings) {
    if (const auto value = given.find(setting.name); value != given.end()) {
      if (absl::Status status = setting.apply(value->second.value, config); !status.ok()) {
        return InvalidField(value->second.origin, status.message());
      }
    } else if (!setting.default_value.empty()) {
      RETURN_IF_ERROR(Annotate(setting.apply(setting.default_value, config), setting.name));
    }
  }
  RETURN_IF_ERROR(CheckTogether(program, given, config));
  return config;
}

absl::StatusOr<DatabaseSettings> ReadDatabaseSettings(
    absl::Span<const std::string> services, absl::Span<const std::string> all_services,
    const std::map<std::string, std::string>& flags,
    const std::map<std::string, std::string>& environment) {
  Program whole;
  whole.default_data = "critac-data";
  whole.services = {all_services.begin(), all_services.end()};
  for (const std::string& service : all_services) whole.peers[service] = "";
  std::vector<Setting> settings = SettingsOf(whole);
  settings.push_back(DatabaseSetting("database", services.size() == 1 ? services.front() : ""));
  GivenValues given;
  for (const auto& [name, value] : flags) given.insert({name, {value, FlagOf(name)}});
  RETURN_IF_ERROR(ReadEnvironment(settings, environment, given));
  if (const auto file = given.find("config"); file != given.end()) {
    RETURN_IF_ERROR(Annotate(ReadFile(file->second.value, settings, given), file->second.origin));
  }
  const auto one = given.find("database");
  if (one != given.end() && services.size() != 1) {
    return InvalidField(one->second.origin,
                        absl::StrCat("does not say which service's database it is; accepted: "
                                     "--service NAME beside it, or --database-",
                                     absl::StrJoin(services, ", --database-")));
  }
  std::vector<std::string> wanted = {"data", "database"};
  for (const std::string& service : services) wanted.push_back(absl::StrCat("database-", service));
  ServerConfig config;
  config.data = whole.default_data;
  for (const std::string& name : wanted) {
    const auto value = given.find(name);
    const Setting* setting = Find(settings, name);
    if (value == given.end() || setting == nullptr) continue;
    if (absl::Status status = setting->apply(value->second.value, config); !status.ok()) {
      return InvalidField(value->second.origin, status.message());
    }
  }
  return DatabaseSettings{config.data, config.databases};
}

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) continue;
    variables.insert({std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  }
  return variables;
}

}  // namespace critac::server
