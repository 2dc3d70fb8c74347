#include "common/server/run.h"

#include <grpc/support/log.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/server/stop_signal.h"
#include "common/status/error.h"

namespace critac::server {
namespace {

// On top of the time a stop is allowed, for what has no deadline of its own.
constexpr absl::Duration kStopMargin = absl::Seconds(5);

// The log of the process. It is never destroyed: gRPC's threads may write to it until the very end.
Log* process_log = nullptr;

void WriteGrpcLog(gpr_log_func_args* entry) {
  process_log->Write(
      entry->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug, "grpc",
      {{"file", entry->file}, {"error", entry->message}});
}

void OpenLog(LogLevel least) {
  process_log = new Log(least, SystemClock::Instance());
  gpr_set_log_function(&WriteGrpcLog);
}

int CannotStart(const absl::Status& status) {
  process_log->Write(
      LogLevel::kError, "cannot start",
      {{"code", absl::StatusCodeToString(status.code())}, {"error", status.message()}});
  return 1;
}

// ---- The ready file -----------------------------------------------------------------------------

void RemoveReadyFile(const std::string& path) {
  if (path.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

// Written beside it and moved to it, so that nobody reads half of it.
absl::Status WriteReadyFile(const std::string& path, const std::string& text) {
  if (path.empty()) return absl::OkStatus();
  const std::string beside = absl::StrCat(path, ".", getpid(), ".tmp");
  std::ofstream file(beside);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(beside, path, error);
  if (!file || error) {
    RemoveReadyFile(beside);
    return absl::UnavailableError(absl::StrCat("the ready file ", path, " cannot be written"));
  }
  return absl::OkStatus();
}

absl::Status Announce(const Process& process, const std::string& ready_file) {
  const std::string address = process.address().ToString();
  const std::string admin =
      process.admin_address().has_value() ? process.admin_address()->ToString() : "off";
  RETURN_IF_ERROR(WriteReadyFile(ready_file, absl::StrCat(address, "\n", admin, "\n")));
  std::cout << "critac ready on " << address << std::endl;
  return absl::OkStatus();
}

// ---- The stop -----------------------------------------------------------------------------------

// Stops, or ends the process when that takes too long.
void StopInTime(Process& process, absl::Duration allowed) {
  absl::Notification stopped;
  std::thread watchdog([&stopped, allowed] {
    if (stopped.WaitForNotificationWithTimeout(allowed)) return;
    process_log->Write(LogLevel::kError, "stopped by force",
                       {{"after", absl::FormatDuration(allowed)}});
    // What was acknowledged is durable; what still runs would not end.
    _exit(1);
  });
  process.Stop();
  stopped.Notify();
  watchdog.join();
}

}  // namespace

void SkipDeadlockDetection() {
#ifdef NDEBUG
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
}

int RunProgram(const Program& program, const std::vector<std::string>& arguments,
               const std::vector<Bind>& binds) {
  const auto config = ReadConfig(program, arguments, ProcessEnvironment());
  if (!config.ok()) {
    std::cerr << program.name << ": " << config.status().message() << std::endl;
    return 2;
  }
  if (const auto* help = std::get_if<Help>(&*config)) {
    std::cout << help->text << std::flush;
    return 0;
  }
  return Run(std::get<ServerConfig>(*config), binds);
}

int Run(const ServerConfig& config, const std::vector<Bind>& binds) {
  SkipDeadlockDetection();
  OpenLog(config.log_level);
  // A client that is gone shows when it is written to, as an error.
  signal(SIGPIPE, SIG_IGN);
  EndAtStopSignals();
  RemoveReadyFile(config.ready_file);
  RandomIdSource ids;
  // What waits for its database is ended at once; what may have been called already stops in order.
  absl::StatusOr<std::unique_ptr<Process>> process =
      Process::Start(config, binds, SystemClock::Instance(), ids, *process_log, &CatchStopSignals);
  if (!process.ok()) return CannotStart(process.status());
  if (absl::Status status = Announce(**process, config.ready_file); !status.ok()) {
    return CannotStart(status);
  }
  AwaitStopSignal();
  RemoveReadyFile(config.ready_file);
  StopInTime(**process, config.drain_delay + config.drain_timeout + kStopMargin);
  return 0;
}

}  // namespace critac::server
