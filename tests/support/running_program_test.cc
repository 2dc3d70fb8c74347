#include "tests/support/running_program.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::testing {
namespace {

// A program that ends by nothing but a signal.
constexpr char kEndless[] = "/usr/bin/tail";
const std::vector<std::string> kOfIt = {"-f", "/dev/null"};

// Whether there is a process of this id that has not ended.
bool Runs(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("State:", 0) == 0) return line.find('Z') == std::string::npos;
  }
  return false;
}

// Method: this test runs once more, in a process in the middle, which starts a program and is killed
// before it can do anything about it.
TEST(RunningProgramTest, AProgramDiesWithTheProcessThatStartedItHoweverThatEnds) {
  if (std::getenv("CRITAC_TEST_IN_THE_MIDDLE") != nullptr) {
    const RunningProgram program(kEndless, kOfIt);
    std::cout << "started " << program.pid() << std::endl;
    pause();
  }
  RunningProgram middle("/proc/self/exe", {"--gtest_filter=RunningProgramTest.AProgramDies*"},
                        {{"CRITAC_TEST_IN_THE_MIDDLE", "yes"}});
  const std::string line = middle.OutLineWith("started ");
  ASSERT_NE(line, "");
  const pid_t pid = std::stoi(line.substr(line.find(' ')));
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(Runs(pid));
  middle.Kill();
  EXPECT_TRUE(Eventually([pid] { return !Runs(pid); }, absl::Seconds(10)));
  if (Runs(pid)) kill(pid, SIGKILL);
}

TEST(RunningProgramTest, AProgramOutlivesTheThreadThatStartedIt) {
  std::unique_ptr<RunningProgram> program;
  pid_t starter = 0;
  std::thread thread([&] {
    starter = gettid();
    program = std::make_unique<RunningProgram>(kEndless, kOfIt);
  });
  thread.join();
  ASSERT_TRUE(Eventually([starter] { return !Runs(starter); }));
  EXPECT_TRUE(Runs(program->pid()));
  program->Signal(SIGTERM);
  EXPECT_EQ(program->Wait(), 128 + SIGTERM);
}

TEST(RunningProgramTest, ALineIsFoundPastEmptyOnesAndWithoutItsEnd) {
  RunningProgram program("/usr/bin/printf", {"a\\n\\nb c\\n\\nlast"});
  EXPECT_EQ(program.OutLineWith("b"), "b c");
  EXPECT_EQ(program.OutLineWith("last"), "last");
  EXPECT_EQ(program.OutLineWith("more"), "");
}

TEST(RunningProgramTest, AProgramThatIsNotThereEndsAsInAShell) {
  RunningProgram program("/nowhere/program", {});
  EXPECT_EQ(program.OutLine(), "");
  EXPECT_EQ(program.Wait(), 127);
}

TEST(RunningProgramTest, AProgramIsKilledWithItsObject) {
  pid_t pid = 0;
  {
    const RunningProgram program(kEndless, kOfIt);
    pid = program.pid();
    EXPECT_TRUE(Runs(pid));
  }
  EXPECT_FALSE(Runs(pid));
}

}  // namespace
}  // namespace critac::testing
