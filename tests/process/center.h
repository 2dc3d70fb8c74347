#ifndef TESTS_PROCESS_CENTER_H_
#define TESTS_PROCESS_CENTER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/process/any_center.h"
#include "tests/support/running_program.h"

namespace critac::testing {

// `critac up` as shipped, on a folder of a test's.
class Center : public AnyCenter {
 public:
  // What it logs from `log_level` on is to be read, or is little. `more` are further arguments.
  explicit Center(std::string data, std::string log_level = "error",
                  std::vector<std::string> more = {})
      : AnyCenter(absl::ZeroDuration()),
        data_(std::move(data)),
        log_level_(std::move(log_level)),
        more_(std::move(more)) {
    Start();
  }

  // Starts the program and waits until it is ready.
  void Start() {
    program_.reset();
    program_ = std::make_unique<RunningProgram>(CRITAC_PROGRAM, Arguments());
    const std::string line = program_->OutLine();
    const std::string start = "critac ready on ";
    ASSERT_THAT(line, ::testing::StartsWith(start)) << program_->RestOfError();
    address_ = line.substr(start.size());
    channel_ = PlainChannel(address_);
  }

  std::vector<std::string> Arguments() const {
    std::vector<std::string> arguments = {"up",       "--data",      data_,
                                          "--listen", "127.0.0.1:0", "--admin-listen",
                                          "off",      "--log-level", log_level_};
    arguments.insert(arguments.end(), more_.begin(), more_.end());
    return arguments;
  }

  // As `kill -9` does, whatever the program is at.
  void Kill() { program_->Kill(); }
  // Asks it to stop; returns its exit status.
  int Stop() {
    program_->Signal(SIGTERM);
    return program_->Wait();
  }
  RunningProgram& program() { return *program_; }
  // `127.0.0.1:PORT`, another one after each start.
  const std::string& address() const { return address_; }
  // All services are in the one process.
  const std::shared_ptr<grpc::Channel>& ChannelTo(const std::string&) override { return channel_; }

 private:
  const std::string data_;
  const std::string log_level_;
  const std::vector<std::string> more_;
  std::unique_ptr<RunningProgram> program_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_CENTER_H_
