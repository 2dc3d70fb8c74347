#ifndef TESTS_PROCESS_LOCAL_CLUSTER_H_
#define TESTS_PROCESS_LOCAL_CLUSTER_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "tests/process/any_center.h"
#include "tests/support/eventually.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// The center of deploy/local/up --cluster, on a folder of the test's: what the manifests run, with their
// settings. Its programs are those of this build.
class LocalCluster : public AnyCenter {
 public:
  // A process as `up` tells of it.
  struct Process {
    // Nothing: it does not run.
    pid_t pid = 0;
    std::string address;
    bool ready = false;
    // `primary`, `standby`; `master`, `replica`; `sentinel`; `-`: a service.
    std::string role;
  };

  LocalCluster() : AnyCenter(absl::Seconds(30)) {
    // PostgreSQL, which does not run as root, gets to its files below it.
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
    up_ = std::make_unique<RunningProgram>(
        CRITAC_SOURCE_DIR "/deploy/local/up",
        std::vector<std::string>{"--cluster", "--programs", CRITAC_PROGRAMS, "--data", data(),
                                 "--base-port", "0", "--ready-file", folder_.file("ready")},
        std::map<std::string, std::string>{{"PATH", std::getenv("PATH")}});
    is_up_ = !up_->OutLineWith("CRITAC_SERVER=").empty();
    if (!is_up_) {
      ADD_FAILURE() << up_->RestOfError();
      return;
    }
    const auto processes = Processes();
    for (const std::string service : {"intake", "matching", "metrics"}) {
      std::vector<std::string> replicas;
      for (const auto& [name, process] : processes) {
        if (name.starts_with(service + "-")) replicas.push_back(process.address);
      }
      // As a client of the cluster: the addresses are those of a name, and calls go to healthy ones.
      channels_[service] = rpc::MakeChannel(
          {.target = absl::StrCat("ipv4:", absl::StrJoin(replicas, ",")), .attempts = 1});
    }
  }

  bool is_up() const { return is_up_; }

  // Every process, by name.
  std::map<std::string, Process> Processes() const {
    std::map<std::string, Process> processes;
    std::ifstream file(data() + "/run/status");
    std::string line;
    std::getline(file, line);  // the heads of the columns
    std::string name;
    std::string pid;
    std::string ready;
    Process process;
    while (file >> name >> pid >> process.address >> ready >> process.role) {
      if (!absl::SimpleAtoi(pid, &process.pid)) process.pid = 0;
      process.ready = ready == "yes";
      processes[name] = process;
    }
    return processes;
  }
  // Names of those that have a role.
  std::vector<std::string> WithRole(const std::string& role) const {
    std::vector<std::string> names;
    for (const auto& [name, process] : Processes()) {
      if (process.role == role) names.push_back(name);
    }
    return names;
  }

  // Kills them, one after the other, as `kill -9` does, or by another signal; returns what was killed.
  std::map<std::string, pid_t> Kill(const std::vector<std::string>& names,
                                    int signal = SIGKILL) const {
    std::map<std::string, pid_t> killed;
    const auto processes = Processes();
    for (const std::string& name : names) {
      const pid_t pid = processes.at(name).pid;
      EXPECT_GT(pid, 0) << name << " does not run";
      if (pid > 0) kill(pid, signal);
      killed[name] = pid;
    }
    return killed;
  }
  // Waits until those run anew, and every process is ready.
  void AwaitBack(const std::map<std::string, pid_t>& killed) const {
    std::set<std::string> missing;
    EXPECT_TRUE(Eventually(
        [&] {
          missing.clear();
          for (const auto& [name, process] : Processes()) {
            const auto before = killed.find(name);
            const bool is_anew = before == killed.end() || process.pid != before->second;
            if (process.pid == 0 || !process.ready || !is_anew) missing.insert(name);
          }
          return missing.empty();
        },
        absl::Minutes(2)))
        << "not back: " << absl::StrJoin(missing, ", ");
  }

  // Asks it to stop; returns its exit status.
  int Stop() {
    up_->Signal(SIGTERM);
    return up_->Wait();
  }

  const std::shared_ptr<grpc::Channel>& ChannelTo(const std::string& service) override {
    return channels_.at(service);
  }

 private:
  std::string data() const { return folder_.file("data"); }

  const TempFolder folder_;
  std::unique_ptr<RunningProgram> up_;
  bool is_up_ = false;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_LOCAL_CLUSTER_H_
