#ifndef TESTS_BENCH_MEASURE_H_
#define TESTS_BENCH_MEASURE_H_

#include <errno.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace critac::bench {

// Ends the benchmark: without this its figures would say nothing.
[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
  std::exit(1);
}

inline void Check(const absl::Status& status, const char* what) {
  if (!status.ok()) Fail(absl::StrCat(what, ": ", status.ToString()));
}

// How fast something went, and what it took of both processors, in user and system.
struct Speed {
  double a_second = 0;
  double cpu_micros = 0;  // each
};

class Stopwatch {
 public:
  Speed Stop(size_t count) const {
    const auto number = static_cast<double>(count);
    return {number / absl::ToDoubleSeconds(absl::Now() - begin_), 1e6 * (Cpu() - cpu_) / number};
  }

 private:
  static double Cpu() {
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }

  absl::Time begin_ = absl::Now();
  double cpu_ = Cpu();
};

inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace critac::bench

#endif  // TESTS_BENCH_MEASURE_H_
