#ifndef TESTS_PROCESS_SEPARATE_CENTER_H_
#define TESTS_PROCESS_SEPARATE_CENTER_H_

#include <sys/types.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/server/testing/http_client.h"
#include "tests/process/any_center.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// The services as shipped, each a process with a folder of its own, over a Redis of the test's. They
// know each other by Unix sockets, so that no other program takes an address before it is used. What
// a queue forgot, or the dead hold, is missed for seconds only, so that tests need not wait long.
class SeparateCenter : public AnyCenter {
 public:
  // Nothing is started. `more` are further arguments of every service. `reconcile_interval`: how long what a queue
  // forgot is missed.
  explicit SeparateCenter(std::string queue_url, std::vector<std::string> more = {},
                          std::string reconcile_interval = "1s")
      : AnyCenter(absl::Seconds(30)),
        queue_url_(std::move(queue_url)),
        more_(std::move(more)),
        reconcile_interval_(std::move(reconcile_interval)) {
    for (const std::string service : {"intake", "matching", "metrics"}) {
      running_[service].channel = PlainChannel(Address(service));
    }
  }

  // Starts a service, for the first time or again, and waits until it serves; whether it is ready,
  // it says itself.
  void Start(const std::string& service) {
    Running& running = running_[service];
    running.program =
        std::make_unique<RunningProgram>(CRITAC_PROGRAMS "/critac-" + service, Arguments(service));
    const std::string line = running.program->OutLine();
    ASSERT_EQ(line, "critac ready on " + Address(service)) << running.program->RestOfError();
    // What it says later is read by nobody, and it must not wait for that.
    running.program->StopReading();
    running.admin = AdminAddress(service);
  }
  // As `kill -9` does.
  void Kill(const std::string& service) { running_.at(service).program->Kill(); }
  void Signal(const std::string& service, int signal) {
    running_.at(service).program->Signal(signal);
  }
  // Asks it to stop; returns its exit status.
  int Stop(const std::string& service) {
    running_.at(service).program->Signal(SIGTERM);
    return running_.at(service).program->Wait();
  }

  pid_t pid(const std::string& service) const { return running_.at(service).program->pid(); }
  // Where its journal is.
  std::string DatabaseUrl(const std::string& service) const {
    return "sqlite:" + folder_.file(service + "/" + service + ".db");
  }

  // What it says of its readiness.
  server::testing::HttpAnswer Readiness(const std::string& service) const {
    return server::testing::AskHttp(running_.at(service).admin, "GET", "/readyz");
  }
  // Waits until a service says that it is ready.
  void AwaitReady(const std::string& service) const {
    EXPECT_TRUE(Eventually([&] { return Readiness(service).status == 200; }))
        << Readiness(service).body;
  }

  const std::shared_ptr<grpc::Channel>& ChannelTo(const std::string& service) override {
    return running_.at(service).channel;
  }

 private:
  struct Running {
    std::unique_ptr<RunningProgram> program;
    std::shared_ptr<grpc::Channel> channel;
    server::Address admin;
  };

  std::string Address(const std::string& service) const {
    return "unix:" + folder_.file(service + ".sock");
  }

  std::vector<std::string> Arguments(const std::string& service) const {
    std::vector<std::string> arguments = {"--data",
                                          folder_.file(service),
                                          "--listen",
                                          Address(service),
                                          "--ready-file",
                                          folder_.file(service + ".ready"),
                                          "--admin-listen",
                                          "127.0.0.1:0",
                                          "--queue",
                                          queue_url_,
                                          "--log-level",
                                          "error",
                                          "--job-lease",
                                          "3s",
                                          "--reconcile-interval",
                                          reconcile_interval_};
    const std::map<std::string, std::vector<std::string>> peers = {
        {"intake", {}}, {"matching", {"intake", "metrics"}}, {"metrics", {"intake", "matching"}}};
    for (const std::string& peer : peers.at(service)) {
      arguments.push_back("--" + peer + "-address");
      arguments.push_back(Address(peer));
    }
    arguments.insert(arguments.end(), more_.begin(), more_.end());
    return arguments;
  }

  // The second line of the ready file.
  server::Address AdminAddress(const std::string& service) const {
    std::ifstream file(folder_.file(service + ".ready"));
    std::string line;
    std::getline(file, line);
    std::getline(file, line);
    const auto address = server::ParseAddress(line);
    EXPECT_TRUE(address.ok()) << address.status();
    return address.ok() ? *address : server::Address();
  }

  const std::string queue_url_;
  const std::vector<std::string> more_;
  const std::string reconcile_interval_;
  const TempFolder folder_;
  std::map<std::string, Running> running_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_SEPARATE_CENTER_H_
