#ifndef SERVICES_CLI_TESTING_CLI_RUN_H_
#define SERVICES_CLI_TESTING_CLI_RUN_H_

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "services/cli/run_cli.h"
#include "services/cli/world.h"

namespace critac::cli {

// A command line run in a world of a test's own: no terminal, a clock that moves only by sleeping.
class CliRun {
 public:
  explicit CliRun(std::vector<std::string> arguments, int out_width = 0, bool progress = false,
                  std::vector<journal::JournalOptions> journals = {},
                  std::map<std::string, std::string> environment = {}) {
    World world{in_,
                out_,
                err_,
                out_width,
                progress,
                clock_,
                ids_,
                [this](absl::Duration duration) {
                  slept_.push_back(duration);
                  clock_.Advance(duration);
                },
                std::move(journals),
                std::move(environment)};
    status_ = RunCli(arguments, world);
  }

  ExitStatus status() const { return status_; }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  const std::vector<absl::Duration>& slept() const { return slept_; }

 private:
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  ManualClock clock_{
      absl::FromCivil(absl::CivilSecond(2026, 11, 24, 9, 30, 0), absl::UTCTimeZone())};
  SeededIdSource ids_{1};
  std::vector<absl::Duration> slept_;
  ExitStatus status_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_TESTING_CLI_RUN_H_
