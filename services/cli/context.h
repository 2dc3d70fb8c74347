#ifndef SERVICES_CLI_CONTEXT_H_
#define SERVICES_CLI_CONTEXT_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/cli/client.h"
#include "services/cli/printer.h"
#include "services/cli/world.h"

namespace critac::cli {

// Most a call may take, where neither --timeout nor the command says otherwise.
inline constexpr absl::Duration kDefaultDeadline = absl::Seconds(60);

// What the commands share: the global options, the client, the printer. Options are read into
// variables that commands register while the command line is taken apart; the command named is then
// run once.
class Context {
 public:
  explicit Context(World& world) : world_(world) {}

  // --- Setting up ---

  // Registers --server, --as, --output, --timeout on the program.
  void AddGlobalOptions(CLI::App& app);

  // Adds a noun: a command that only holds others.
  CLI::App& AddNoun(CLI::App& parent, const std::string& name, const std::string& description);

  // Adds a command that runs `action`. Help shows the examples, each a command line.
  CLI::App& AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                       const std::vector<std::string>& examples,
                       std::function<absl::Status()> action);

  // Adds --request-id to a command that changes something.
  void AddRequestId(CLI::App& command);

  // --- Running ---

  // The action of the command named. OK is its success.
  absl::Status Run();

  World& world() { return world_; }
  // The client, made at the first use. UsageError: --as or --server cannot be used.
  absl::StatusOr<Client*> client();
  Printer printer();
  const std::string& principal() const { return principal_; }

  // The --request-id given, or a new one. UsageError: it is not a UUID.
  absl::StatusOr<std::string> RequestId();

  // Calls a unary method. A call that may take long is given `deadline` where --timeout says
  // nothing. `is_answer`: see Client.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration deadline = kDefaultDeadline,
                                const IsAnswer& is_answer = nullptr) {
    absl::StatusOr<Client*> reached = client();
    if (!reached.ok()) return reached.status();
    return (*reached)->Call(method, request, Deadline(deadline), is_answer);
  }

  // --timeout, or `otherwise` where it was not given.
  absl::Duration Deadline(absl::Duration otherwise) const;

 private:
  World& world_;
  std::string server_ = "127.0.0.1:7400";
  std::string principal_;
  std::string output_ = "table";
  double timeout_seconds_ = 0;  // 0: not given
  std::string request_id_;
  std::unique_ptr<Client> client_;
  std::function<absl::Status()> action_;
};

// Accepts these values only, and says which where it gets another.
CLI::Validator OneOf(std::vector<std::string> values);

// An option that may be given several times, each time with one value.
CLI::Option* AddRepeated(CLI::App& command, const std::string& flag,
                         std::vector<std::string>& values, const std::string& description);

}  // namespace critac::cli

#endif  // SERVICES_CLI_CONTEXT_H_
