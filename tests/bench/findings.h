#ifndef TESTS_BENCH_FINDINGS_H_
#define TESTS_BENCH_FINDINGS_H_

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace critac::bench {

// What a benchmark measured beside what is wanted of it. A figure that misses makes the benchmark fail.
class Findings {
 public:
  // A figure, in a unit that ends with its name (` ms`; empty: a ratio), that is to be so much or more. Returns
  // whether it is.
  bool AtLeast(absl::string_view what, double figure, double wanted, absl::string_view unit = "") {
    return Note(figure >= wanted, "at least", what, figure, wanted, unit);
  }
  // The same for one that is to be so much or less.
  bool AtMost(absl::string_view what, double figure, double wanted, absl::string_view unit = "") {
    return Note(figure <= wanted, "at most", what, figure, wanted, unit);
  }

  // Says in the last line what missed, and returns the status with which to exit: 1 where something did.
  int Conclude() const {
    if (count_ == 0) return 0;
    const std::string line = missed_.empty()
                                 ? absl::StrCat("missed: none of ", count_)
                                 : absl::StrCat("missed: ", missed_.size(), " of ", count_, ": ",
                                                absl::StrJoin(missed_, "; "));
    std::printf("\n%s\n", line.c_str());
    return missed_.empty() ? 0 : 1;
  }

 private:
  bool Note(bool good, absl::string_view bound, absl::string_view what, double figure,
            double wanted, absl::string_view unit) {
    ++count_;
    if (good) return true;
    missed_.push_back(
        absl::StrFormat("%s, %.4g%s (%s %g%s)", what, figure, unit, bound, wanted, unit));
    return false;
  }

  int count_ = 0;
  std::vector<std::string> missed_;
};

}  // namespace critac::bench

#endif  // TESTS_BENCH_FINDINGS_H_
