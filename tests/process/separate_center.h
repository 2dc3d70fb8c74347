#ifndef TESTS_PROCESS_SEPARATE_CENTER_H_
#define TESTS_PROCESS_SEPARATE_CENTER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/process/calls.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// A center of three processes as shipped, which share a Redis: each with a folder of its own, and
// on a socket in the file system, where it is found again after a restart. What is forgotten or
// held by the dead is missed for seconds only, so that tests need not wait long.
class SeparateCenter : public Calls {
 public:
  explicit SeparateCenter(std::string queue_url) : queue_url_(std::move(queue_url)) {
    for (const std::string name : {"intake", "matching", "metrics"}) {
      channels_[name] =
          rpc::MakeChannel({.target = Address(name), .attempts = 1, .check_health = false});
      Start(name);
    }
  }

  // Starts the process of a service, and waits until it serves.
  void Start(const std::string& service) {
    std::unique_ptr<RunningProgram>& program = programs_[service];
    program = std::make_unique<RunningProgram>(absl::StrCat(CRITAC_BINARIES, "/critac-", service),
                                               Arguments(service));
    ASSERT_THAT(program->OutLine(), ::testing::StartsWith("critac ready on "))
        << program->RestOfError();
    // What it says later is read by nobody, and it must not wait for that.
    program->StopReading();
  }

  // As `kill -9` does, whatever the process is at.
  void Kill(const std::string& service) { programs_[service]->Kill(); }
  void Signal(const std::string& service, int signal) { programs_[service]->Signal(signal); }

  const std::shared_ptr<grpc::Channel>& channel(const std::string& service) const override {
    return channels_.at(service);
  }

 private:
  std::string Address(const std::string& service) const {
    return absl::StrCat("unix:", folder_.file(absl::StrCat(service, ".sock")));
  }

  std::vector<std::string> Arguments(const std::string& service) const {
    std::vector<std::string> arguments = {"--listen",       Address(service),
                                          "--data",         folder_.file(service),
                                          "--admin-listen", "off",
                                          "--log-level",    "error",
                                          "--queue",        queue_url_};
    for (const auto& [name, value] :
         {std::pair("--reconcile-interval", "1s"), std::pair("--job-lease", "3s")}) {
      arguments.insert(arguments.end(), {name, value});
    }
    for (const std::string peer : {"intake", "matching"}) {
      if (service == peer) break;
      arguments.insert(arguments.end(), {absl::StrCat("--", peer, "-address"), Address(peer)});
    }
    return arguments;
  }

  const std::string queue_url_;
  const TempFolder folder_;
  std::map<std::string, std::unique_ptr<RunningProgram>> programs_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_SEPARATE_CENTER_H_
