#ifndef COMMON_SERVER_CONFIG_H_
#define COMMON_SERVER_CONFIG_H_

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/limits.h"
#include "common/server/address.h"
#include "common/server/log.h"

namespace critac::server {

// What a binary is, as far as its configuration goes.
struct Program {
  // As it is called: `critac up`, `critac-intake`.
  std::string name;
  // One sentence for its help.
  std::string description;
  std::string default_listen;
  // `off`: no admin server unless asked for.
  std::string default_admin_listen;
  std::string default_data;
  // Services it holds: `intake`, …
  std::vector<std::string> services;
  // Services of other processes that it calls, with the address each has by default.
  std::map<std::string, std::string> peers;
  // Whether other processes work on its queues too. Then they are in a Redis: of a job that it put
  // into its own memory the others would never know.
  bool shares_queues = false;
};

// How a process is to run.
struct ServerConfig {
  // Who it is in its logs and announcements.
  std::string name;
  Address listen;
  // Nothing: no admin server.
  std::optional<Address> admin_listen;
  // Where gRPC's health service is served besides, alone and without TLS, for those who have no
  // certificate: the probes of Kubernetes. Nothing: nowhere.
  std::optional<Address> health_listen;
  // Folder of the databases that have no URL of their own.
  std::string data;
  // URL of a service's database. A service without one has a SQLite database in the data folder.
  std::map<std::string, std::string> databases;
  // Where the queues are: `memory:`, in this process, or the URL of a Redis that processes share
  // (common/queue/redis/redis_url.h). A program that shares its queues takes only the latter.
  std::string queue = "memory:";
  // How often what should be queued is derived anew from the records: what a queue forgot is back
  // after so long at the most.
  absl::Duration reconcile_interval = absl::Minutes(1);
  // How long a job stays with a worker of which nothing more is heard.
  absl::Duration job_lease = absl::Seconds(30);
  // Addresses of services that other processes hold.
  std::map<std::string, Address> peers;
  LogLevel log_level = LogLevel::kInfo;
  // How long calls and jobs in hand may take to end after SIGTERM.
  absl::Duration drain_timeout = limits::kDrain;
  // How long the process still serves after it says that it is not ready, so that those who send it
  // calls can notice.
  absl::Duration drain_delay = absl::ZeroDuration();
  // After how long, give or take a tenth, a client is asked to connect anew, so that it learns of
  // new replicas; and how long its calls on the old connection may still take before they are cut.
  // The longest call that ends by itself takes an hour; a followed stream is opened again.
  absl::Duration connection_age = absl::Minutes(30);
  absl::Duration connection_grace = absl::Hours(1);
  // Collector that takes spans by OTLP/HTTP, as JSON: `http://HOST:PORT`, to which /v1/traces is
  // put. Empty: no spans are made. The variables of the OpenTelemetry SDK are not read: what is
  // not set here happens nowhere, and most of them would have no meaning.
  std::string otlp_endpoint;
  // Share of the traces begun here that are sampled, 0 to 1. Those of callers are as they say.
  double otlp_sample_ratio = 1;
  // Principals are taken from the metadata of a call as given, until identity is in place. So a
  // process that other machines can reach is started only by one who says that he trusts them all.
  bool trust_principals = false;
  // File to write the addresses to once it serves; empty: none.
  std::string ready_file;
};

// Text to print instead of running: the program was asked for help.
struct Help {
  std::string text;
};

// Reads the configuration of `program`: each setting from the first of these that has it: the
// arguments (`--log-level debug`), the environment (`CRITAC_LOG_LEVEL=debug`), the TOML file that
// `--config` or `CRITAC_CONFIG` names (`log-level = "debug"`), the default.
//
// INVALID_ARGUMENT: an argument, a key of the file or a `CRITAC_…` variable that is not known, one
// given twice, or a bad value; the message names it and says what is accepted. Also where `listen`
// is not loopback and `trust-principals` was not given. Variables of the client (`CRITAC_SERVER`,
// `CRITAC_AS`, `CRITAC_OUTPUT`), of tests (`CRITAC_TEST_…`), and those that Kubernetes makes for a
// Service called `critac…` (`…_SERVICE_HOST`, `…_PORT`) are left alone.
absl::StatusOr<std::variant<ServerConfig, Help>> ReadConfig(
    const Program& program, absl::Span<const std::string> arguments,
    const std::map<std::string, std::string>& environment);

// Where the databases of a center are.
struct DatabaseSettings {
  // Folder of those that have no URL of their own.
  std::string data;
  // URLs by service.
  std::map<std::string, std::string> databases;
};

// Reads where the databases of `services` are, for a command that works on them and serves nothing: from
// `flags`, by the names of settings (`data`, `config`, `database-intake`, …), the environment and the TOML
// file, each setting from the first that has it, as ReadConfig does for a program with all of `all_services`.
// `database`, as the program of one service has it, counts where `services` is one.
//
// INVALID_ARGUMENT: as ReadConfig; other settings of servers are known, and not looked at.
absl::StatusOr<DatabaseSettings> ReadDatabaseSettings(
    absl::Span<const std::string> services, absl::Span<const std::string> all_services,
    const std::map<std::string, std::string>& flags,
    const std::map<std::string, std::string>& environment);

// The variables of this process's environment, for ReadConfig.
std::map<std::string, std::string> ProcessEnvironment();

}  // namespace critac::server

#endif  // COMMON_SERVER_CONFIG_H_
