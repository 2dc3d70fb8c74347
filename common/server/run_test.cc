// Runs a program built on RunProgram as its users do: arguments, environment, signals, exit status.
#include "common/server/run.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/rpc/channel.h"
#include "common/rpc/testing/sample_server.h"
#include "common/server/testing/http_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::server {
namespace {

using ::critac::rpc::testing::v1::ReadSampleRequest;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::SampleService;
using ::critac::testing::RunningProgram;
using ::critac::testing::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunTest : public ::testing::Test {
 protected:
  std::vector<std::string> Arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = std::move(more);
    arguments.insert(arguments.end(), {"--data", folder_.file("data")});
    return arguments;
  }

  // Waits until the program is ready; returns its address.
  static std::string AwaitReady(RunningProgram& program) {
    const std::string line = program.OutLine();
    const std::string start = "critac ready on ";
    EXPECT_THAT(line, StartsWith(start)) << program.RestOfError();
    return line.size() > start.size() ? line.substr(start.size()) : "";
  }

  static absl::StatusOr<Sample> Read(const std::string& address, const std::string& name) {
    ReadSampleRequest request;
    request.set_name(name);
    const auto channel =
        rpc::MakeChannel({.target = address, .attempts = 1, .check_health = false});
    return rpc::Invoke(*SampleService::NewStub(channel), &SampleService::Stub::ReadSample, request,
                       rpc::testing::AsCoordinator());
  }

  // Every line of a log as JSON; fails the test where one is none.
  static std::vector<nlohmann::json> LogOf(const std::string& text) {
    std::vector<nlohmann::json> lines;
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      lines.push_back(nlohmann::json::parse(std::string(line), nullptr, false));
      EXPECT_FALSE(lines.back().is_discarded()) << line;
    }
    return lines;
  }

  const std::string path_ = CRITAC_SAMPLE_PROGRAM;
  TempFolder folder_;
};

TEST_F(RunTest, ServesUntilToldToStopAndReturnsZero) {
  for (const int signal : {SIGTERM, SIGINT}) {
    RunningProgram program(path_, Arguments());
    const std::string address = AwaitReady(program);
    EXPECT_EQ(Read(address, "samples/a")->name(), "samples/a");
    program.Signal(signal);
    const std::string log = program.RestOfError();
    EXPECT_EQ(program.Wait(), 0);
    const auto lines = LogOf(log);
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.front()["message"], "ready");
    EXPECT_EQ(lines.back()["message"], "stopped");
  }
}

TEST_F(RunTest, AskedToStopAsSoonAsItServesItStopsInOrder) {
  std::vector<std::string> arguments = {"early"};
  for (const std::string& argument : Arguments()) arguments.push_back(argument);
  RunningProgram program(path_, arguments);
  EXPECT_NE(program.ErrorLineWith("stopped"), "");
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(RunTest, TheReadyFileHasTheAddressesWhileItServes) {
  const std::string ready = folder_.file("ready");
  std::ofstream(ready) << "left over";
  RunningProgram program(path_, Arguments({"--ready-file", ready}));
  const std::string address = AwaitReady(program);
  std::ifstream file(ready);
  std::string first;
  std::string second;
  std::string rest;
  ASSERT_TRUE(std::getline(file, first) && std::getline(file, second));
  EXPECT_FALSE(std::getline(file, rest));
  EXPECT_EQ(first, address);
  EXPECT_EQ(testing::AskHttp(*ParseAddress(second), "GET", "/livez").status, 200);
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(ready));
}

TEST_F(RunTest, AReadyFileThatCannotBeWrittenStopsTheStart) {
  RunningProgram program(path_, Arguments({"--ready-file", "/nowhere/ready"}));
  const std::string line = program.ErrorLineWith("cannot start");
  EXPECT_THAT(line, HasSubstr("/nowhere/ready"));
  EXPECT_EQ(program.RestOfOut(), "");
  EXPECT_EQ(program.Wait(), 1);
}

TEST_F(RunTest, ACallInHandIsAnsweredAfterTheSignal) {
  RunningProgram program(path_, Arguments());
  const std::string address = AwaitReady(program);
  std::thread caller([&] {
    const auto answer = Read(address, "samples/hold");
    EXPECT_TRUE(answer.ok()) << answer.status();
  });
  ASSERT_EQ(program.OutLine(), "held");
  program.Signal(SIGTERM);
  EXPECT_NE(program.ErrorLineWith("stopping"), "");
  program.CloseStdin();
  caller.join();
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(RunTest, ASecondSignalEndsItAtOnce) {
  RunningProgram program(path_, Arguments());
  const std::string address = AwaitReady(program);
  std::thread caller([&] { EXPECT_FALSE(Read(address, "samples/hold").ok()); });
  ASSERT_EQ(program.OutLine(), "held");
  program.Signal(SIGTERM);
  EXPECT_NE(program.ErrorLineWith("stopping"), "");
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 128 + SIGINT);
  caller.join();
}

TEST_F(RunTest, ACallThatDoesNotEndDoesNotKeepItForever) {
  std::vector<std::string> arguments = {"hang"};
  for (const std::string& argument : Arguments({"--drain-timeout", "1s"}))
    arguments.push_back(argument);
  RunningProgram program(path_, arguments);
  AwaitReady(program);
  program.Signal(SIGTERM);
  EXPECT_NE(program.ErrorLineWith("stopped by force"), "");
  EXPECT_EQ(program.Wait(), 1);
}

TEST_F(RunTest, ABadConfigurationIsOneLineAndTwo) {
  RunningProgram program(path_, Arguments({"--lisen", "x"}));
  EXPECT_THAT(program.ErrorLine(),
              AllOf(StartsWith("critac-sample: "), HasSubstr("--lisen"), HasSubstr("--listen")));
  EXPECT_EQ(program.RestOfError(), "");
  EXPECT_EQ(program.Wait(), 2);

  RunningProgram other(path_, Arguments(), {{"CRITAC_LOG_LEVEL", "loud"}});
  EXPECT_THAT(other.ErrorLine(),
              AllOf(HasSubstr("CRITAC_LOG_LEVEL"), HasSubstr("loud"), HasSubstr("debug")));
  EXPECT_EQ(other.Wait(), 2);
}

TEST_F(RunTest, HelpGoesToStdoutAndIsNoFailure) {
  RunningProgram program(path_, {"--help"});
  EXPECT_THAT(program.RestOfOut(), AllOf(HasSubstr("Serves samples."), HasSubstr("--listen")));
  EXPECT_EQ(program.RestOfError(), "");
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(RunTest, APortInUseIsOneLineAndOne) {
  RunningProgram first(path_, Arguments());
  const std::string address = AwaitReady(first);
  RunningProgram second(path_, {"--data", folder_.file("other"), "--listen", address});
  const auto log = LogOf(second.RestOfError());
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0]["message"], "cannot start");
  EXPECT_EQ(log[0]["code"], "UNAVAILABLE");
  EXPECT_THAT(log[0]["error"].get<std::string>(),
              AllOf(HasSubstr(address), HasSubstr("Address already in use")));
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("other")));
}

TEST_F(RunTest, ADataFolderInUseIsOneLineAndOne) {
  RunningProgram first(path_, Arguments());
  AwaitReady(first);
  RunningProgram second(path_, Arguments());
  const auto log = LogOf(second.RestOfError());
  ASSERT_EQ(log.size(), 1u);
  EXPECT_THAT(log[0]["error"].get<std::string>(), HasSubstr(folder_.file("data")));
  EXPECT_EQ(second.Wait(), 1);
}

TEST_F(RunTest, ADataFolderThatCannotBeMadeIsOneLineAndOne) {
  std::ofstream(folder_.file("file")) << "no folder";
  RunningProgram program(path_, {"--data", folder_.file("file")});
  const auto log = LogOf(program.RestOfError());
  ASSERT_EQ(log.size(), 1u);
  EXPECT_THAT(log[0]["error"].get<std::string>(), HasSubstr(folder_.file("file")));
  EXPECT_EQ(program.Wait(), 1);
}

TEST_F(RunTest, AfterAKillTheNextOneStartsInItsPlace) {
  RunningProgram first(path_, Arguments());
  const std::string address = AwaitReady(first);
  first.Kill();
  RunningProgram second(path_, Arguments({"--listen", address}));
  EXPECT_EQ(AwaitReady(second), address);
  EXPECT_TRUE(Read(address, "samples/a").ok());
}

}  // namespace
}  // namespace critac::server
