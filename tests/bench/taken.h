#ifndef TESTS_BENCH_TAKEN_H_
#define TESTS_BENCH_TAKEN_H_

#include <sys/types.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/bench/measure.h"

namespace critac::bench {

// What a process has taken so far, by the kernel's account of it (proc(5)).
struct Taken {
  double memory_mib = 0;   // resident now
  double cpu_seconds = 0;  // user and system
};

inline Taken TakenBy(pid_t process) {
  Taken taken;
  const std::string folder = absl::StrCat("/proc/", process);
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    absl::string_view rest = line;
    double kib = 0;
    if (absl::ConsumePrefix(&rest, "VmRSS:") && absl::ConsumeSuffix(&rest, "kB") &&
        absl::SimpleAtod(rest, &kib)) {
      taken.memory_mib = kib / 1024;
    }
  }
  std::string text;
  std::getline(std::ifstream(folder + "/stat"), text);
  // The name, in parentheses, may hold anything; what follows begins with the third field.
  const std::vector<std::string> fields = absl::StrSplit(text.substr(text.rfind(')') + 1), ' ');
  double user = 0;
  double system = 0;
  if (taken.memory_mib == 0 || fields.size() < 14 || !absl::SimpleAtod(fields[12], &user) ||
      !absl::SimpleAtod(fields[13], &system)) {
    Fail(absl::StrCat("nothing is known of process ", process));
  }
  taken.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return taken;
}

}  // namespace critac::bench

#endif  // TESTS_BENCH_TAKEN_H_
