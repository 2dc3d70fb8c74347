// The command line of a center.

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/server/config.h"
#include "services/cli/center_journals.h"
#include "services/cli/run_cli.h"
#include "services/cli/up.h"

namespace {

// Columns of the terminal on standard output; 0 where it is none.
int TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "up") {
    return critac::cli::RunUp(std::vector<std::string>(argv + 2, argv + argc));
  }
  // A reader that went away is an error of the output, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  critac::RandomIdSource ids;
  critac::cli::World world{std::cin,
                           std::cout,
                           std::cerr,
                           TerminalWidth(),
                           isatty(STDERR_FILENO) != 0,
                           critac::SystemClock::Instance(),
                           ids,
                           [](absl::Duration duration) { absl::SleepFor(duration); },
                           critac::cli::CenterJournals(),
                           critac::server::ProcessEnvironment()};
  return critac::cli::RunCli(std::vector<std::string>(argv + 1, argv + argc), world);
}
