#ifndef TESTS_PROCESS_CENTER_H_
#define TESTS_PROCESS_CENTER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/process/calls.h"
#include "tests/support/running_program.h"

namespace critac::testing {

// `critac up` as shipped, on a folder of a test's, called over TCP as another system would.
class Center : public Calls {
 public:
  explicit Center(std::string data) : data_(std::move(data)) { Start(); }

  // Starts the program and waits until it is ready.
  void Start() {
    program_.reset();
    program_ = std::make_unique<RunningProgram>(CRITAC_PROGRAM, Arguments());
    const std::string line = program_->OutLine();
    const std::string start = "critac ready on ";
    ASSERT_THAT(line, ::testing::StartsWith(start)) << program_->RestOfError();
    channel_ = rpc::MakeChannel(
        {.target = line.substr(start.size()), .attempts = 1, .check_health = false});
  }

  std::vector<std::string> Arguments() const {
    return {"up",  "--data",      data_,  "--listen", "127.0.0.1:0", "--admin-listen",
            "off", "--log-level", "error"};
  }

  // As `kill -9` does, whatever the program is at.
  void Kill() { program_->Kill(); }
  // Asks it to stop; returns its exit status.
  int Stop() {
    program_->Signal(SIGTERM);
    return program_->Wait();
  }
  RunningProgram& program() { return *program_; }
  const std::shared_ptr<grpc::Channel>& channel(const std::string& /*service*/) const override {
    return channel_;
  }

 private:
  const std::string data_;
  std::unique_ptr<RunningProgram> program_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_CENTER_H_
