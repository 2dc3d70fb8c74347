#ifndef TESTS_SUPPORT_POSTGRESQL_SERVER_H_
#define TESTS_SUPPORT_POSTGRESQL_SERVER_H_

#include <signal.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/eventually.h"
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

  // What makes one a standby of another server: a copy of its files, which follows it over its socket.
  struct StandbyOf {
    PostgresqlServer& primary;
    // What the primary knows it by.
    std::string name = "standby";
  };
  explicit PostgresqlServer(const StandbyOf& of) : settings_(of.primary.settings_) {
    Own(folder_.path());
    const std::string primary = "host=" + of.primary.folder() + " user=critac";
    const auto copy =
        Run({Program("pg_basebackup"), "--dbname=" + primary, "--pgdata=" + data(),
             "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"});
    settings_.push_back("primary_conninfo=" + primary + " application_name=" + of.name);
    if (copy->Wait() == 0) Start();
  }

  // An immediate shutdown leaves nothing behind, as a kill does: shared memory outlives processes.
  ~PostgresqlServer() {
    if (program_ == nullptr) {
      if (const auto memory = SharedMemory()) shmctl(*memory, IPC_RMID, nullptr);
      return;
    }
    program_->Signal(SIGQUIT);
    program_->Wait();
  }
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  // Where a program of PostgreSQL is.
  static std::string Program(const std::string& name) {
    return "/usr/lib/postgresql/15/bin/" + name;
  }

  bool is_up() const { return program_ != nullptr; }
  // Of one of its databases; `postgres` is there from the start.
  std::string url(const std::string& database = "postgres") const {
    return "postgresql:///" + database + "?host=" + folder_.path() + "&user=critac";
  }
  // The same of whichever of this server and another one takes writes.
  std::string url_with(const PostgresqlServer& other, const std::string& database) const {
    return "postgresql:///" + database + "?host=" + folder() + "," + other.folder() +
           "&user=critac";
  }
  const std::string& folder() const { return folder_.path(); }
  std::string data() const { return folder_.file("data"); }

  // The name of a database in its URL.
  static std::string DatabaseOf(const std::string& url) {
    const size_t start = url.find("///") + 3;
    return url.substr(start, url.find('?') - start);
  }

  // Makes a database, empty or as `model` is, which nobody has open, and returns its URL.
  std::string MakeDatabase(const std::string& name, const std::string& model = "") {
    std::vector<std::string> words = {"--host=" + folder_.path(), "--username=critac", name};
    if (!model.empty()) words.insert(words.end(), {"--template=" + model, "--strategy=file_copy"});
    RunningProgram createdb(Program("createdb"), words);
    return createdb.Wait() == 0 ? url(name) : "";
  }

  // What the server answers to a statement: columns joined by `|`, of the first row.
  std::string Ask(const std::string& sql, const std::string& database = "postgres") {
    RunningProgram psql(Program("psql"), {"--host=" + folder_.path(), "--username=critac",
                                          "--dbname=" + database, "--no-psqlrc", "--quiet",
                                          "--tuples-only", "--no-align", "--command=" + sql});
    const std::string line = psql.OutLine();
    psql.StopReading();
    psql.Wait();
    return line;
  }

  // From now on a commit is answered only when the standby of this name has it on its disk. False: none
  // of this name follows.
  bool CommitWith(const std::string& standby) {
    const std::string of = " FROM pg_stat_replication WHERE application_name = '" + standby + "'";
    if (!Eventually([&] { return Ask("SELECT state" + of) == "streaming"; })) return false;
    Ask("ALTER SYSTEM SET synchronous_standby_names = '" + standby + "'");
    Ask("SELECT pg_reload_conf()");
    return Eventually([&] { return Ask("SELECT sync_state" + of) == "sync"; });
  }

  // A standby takes writes from now on.
  bool Promote() { return Run({Program("pg_ctl"), "promote", "--pgdata=" + data()})->Wait() == 0; }

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

  // Ends it as `kill -9` of all of its processes at once does. They would end by themselves without their
  // parent, but some only after they have answered.
  void Kill() {
    program_->Signal(SIGSTOP);  // so that no further ones are born
    const std::string pid = std::to_string(program_->pid());
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    for (pid_t child = 0; children >> child;) kill(child, SIGKILL);
    const std::optional<int> memory = SharedMemory();
    program_.reset();
    // Otherwise the next one would not start.
    if (memory.has_value()) Eventually([&] { return UserCount(*memory) == 0; });
  }
  void Signal(int signal) { program_->Signal(signal); }

 private:
  // What its processes share: the server's lock file names it in the seventh line, after a key.
  std::optional<int> SharedMemory() const {
    std::ifstream lock_file(data() + "/postmaster.pid");
    std::string line;
    for (int i = 1; i < 7; ++i) std::getline(lock_file, line);
    int64_t key = 0;
    int id = 0;
    if (lock_file >> key >> id) return id;
    return std::nullopt;
  }
  static int64_t UserCount(int memory) {
    shmid_ds state;
    return shmctl(memory, IPC_STAT, &state) == 0 ? static_cast<int64_t>(state.shm_nattch) : 0;
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
