#ifndef TESTS_BENCH_PEAK_MEMORY_H_
#define TESTS_BENCH_PEAK_MEMORY_H_

#include <malloc.h>

#include <fstream>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace critac::bench {

// The most memory that this process has resident from the construction on: with what it has already, and without what
// it gave back before and the allocator kept. By the kernel's account of it (proc(5)), which says `VmHWM` and begins
// anew where a 5 is written.
class PeakMemory {
 public:
  PeakMemory() {
    malloc_trim(0);
    std::ofstream file("/proc/self/clear_refs");
    file << "5" << std::flush;
    begins_anew_ = file.good();
  }

  // Whether the kernel lets it begin anew. Where not, earlier cases would count, and nothing is known.
  bool begins_anew() const { return begins_anew_; }

  // MiB up to now; nothing: not known.
  std::optional<double> Mib() const {
    std::ifstream status("/proc/self/status");
    for (std::string line; begins_anew_ && std::getline(status, line);) {
      absl::string_view rest = line;
      double kib = 0;
      if (absl::ConsumePrefix(&rest, "VmHWM:") && absl::ConsumeSuffix(&rest, "kB") &&
          absl::SimpleAtod(rest, &kib)) {
        return kib / 1024;
      }
    }
    return std::nullopt;
  }

 private:
  bool begins_anew_ = false;
};

// The peak of some work, which is done once for it: beginning anew costs memory that work would find at hand, so it is
// kept apart from work that is timed.
template <typename Work>
std::optional<double> PeakMibOf(Work work) {
  const PeakMemory peak;
  work();
  return peak.Mib();
}

}  // namespace critac::bench

#endif  // TESTS_BENCH_PEAK_MEMORY_H_
