#ifndef TESTS_SUPPORT_POSTGRESQL_SERVER_H_
#define TESTS_SUPPORT_POSTGRESQL_SERVER_H_

#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// A PostgreSQL of the test's own: on a socket in a folder of its own and on no port, killed with the
// object. Its files survive Restart.
class PostgresqlServer {
 public:
  // `settings` are further ones, `name=value`. A server that need not survive its machine writes without
  // waiting for the disk; with `durable` it waits.
  explicit PostgresqlServer(std::vector<std::string> settings = {}, bool durable = false)
      : settings_(std::move(settings)) {
    if (!durable) {
      for (const char* fast : {"fsync=off", "full_page_writes=off"}) settings_.push_back(fast);
    }
    Own(folder_.path());
    const auto initdb = Run({Program("initdb"), "--pgdata=" + data(), "--username=critac",
                             "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"});
    if (initdb->Wait() == 0) Start();
  }
  // An immediate shutdown leaves nothing behind, as a kill would: shared memory outlives processes.
  ~PostgresqlServer() {
    if (program_ == nullptr) return;
    program_->Signal(SIGQUIT);
    program_->Wait();
  }
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  bool is_up() const { return program_ != nullptr; }
  // Of one of its databases; `postgres` is there from the start.
  std::string url(const std::string& database = "postgres") const {
    return "postgresql:///" + database + "?host=" + folder_.path() + "&user=critac";
  }
  const std::string& folder() const { return folder_.path(); }
  std::string data() const { return folder_.file("data"); }

  // Makes a database, empty, and returns its URL.
  std::string MakeDatabase(const std::string& name) {
    RunningProgram createdb(Program("createdb"),
                            {"--host=" + folder_.path(), "--username=critac", name});
    return createdb.Wait() == 0 ? url(name) : "";
  }

  // Begins again with the files that are there.
  void Start() {
    std::vector<std::string> words = {Program("postgres"), "-D", data(), "-k", folder_.path()};
    std::vector<std::string> settings = {"listen_addresses=", "max_connections=200",
                                         "max_prepared_transactions=0", "autovacuum=off",
                                         "log_min_messages=log"};
    settings.insert(settings.end(), settings_.begin(), settings_.end());
    for (const std::string& setting : settings) {
      words.push_back("-c");
      words.push_back(setting);
    }
    std::unique_ptr<RunningProgram> program = Run(words);
    if (program->ErrorLineWith("database system is ready to accept").empty()) return;
    program->StopReading();
    program_ = std::move(program);
  }

  // Ends it as `kill -9` does, with all of its processes.
  void Kill() { program_.reset(); }
  void Signal(int signal) { program_->Signal(signal); }

 private:
  static std::string Program(const std::string& name) {
    return "/usr/lib/postgresql/15/bin/" + name;
  }

  // It refuses to run as root.
  static bool IsRoot() { return geteuid() == 0; }
  static void Own(const std::string& folder) {
    if (!IsRoot()) return;
    RunningProgram chown("/usr/bin/chown", {"postgres:", folder});
    chown.Wait();
  }
  static std::unique_ptr<RunningProgram> Run(const std::vector<std::string>& words) {
    if (!IsRoot()) {
      return std::make_unique<RunningProgram>(
          words[0], std::vector<std::string>(words.begin() + 1, words.end()));
    }
    // Who it is changes, so that the kernel forgets that it is to end with this process.
    std::vector<std::string> all = {"--reuid=postgres", "--regid=postgres", "--clear-groups",
                                    "--pdeathsig=KILL"};
    all.insert(all.end(), words.begin(), words.end());
    return std::make_unique<RunningProgram>("/usr/bin/setpriv", all);
  }

  std::vector<std::string> settings_;
  const TempFolder folder_;
  std::unique_ptr<RunningProgram> program_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_POSTGRESQL_SERVER_H_
