#ifndef SERVICES_CLI_WORLD_H_
#define SERVICES_CLI_WORLD_H_

#include <functional>
#include <istream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"

namespace critac::cli {

// What a run of `critac` has of the world around it; tests give it another.
struct World {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // Columns of the terminal that `out` is. 0: it is none, and nothing is cut.
  int out_width = 0;
  // Whether `err` is a terminal, where progress can be shown.
  bool progress = false;
  const Clock& clock;
  IdSource& ids;
  // Waits.
  std::function<void(absl::Duration)> sleep;
  // The services' journals, for commands that work on their databases; calls need none.
  std::vector<journal::JournalOptions> journals = {};
  // Variables of the environment that say where the databases are.
  std::map<std::string, std::string> environment = {};
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_WORLD_H_
