#ifndef SERVICES_CLI_SAMPLE_DICE_H_
#define SERVICES_CLI_SAMPLE_DICE_H_

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace critac::cli {

// Random choices that are the same for the same seed on every machine: the standard fixes the
// engine, but not its distributions, so they are made here.
class Dice {
 public:
  // Each part of the sample has dice of its own, so that a change in one does not stir the others.
  Dice(uint64_t seed, absl::string_view part);

  // A whole number of `low`..`high`, both included.
  int Between(int low, int high);
  // True in `percent` of a hundred cases.
  bool Chance(int percent) { return Between(1, 100) <= percent; }

  template <typename T>
  const T& Pick(absl::Span<const T> entries) {
    return entries[Between(0, static_cast<int>(entries.size()) - 1)];
  }
  template <typename T>
  const T& Pick(const std::vector<T>& entries) {
    return Pick(absl::Span<const T>(entries));
  }
  template <typename T, size_t N>
  const T& Pick(const T (&entries)[N]) {
    return entries[Between(0, static_cast<int>(N) - 1)];
  }

  // An index into `weights`, each as likely as its weight; one of them must be above 0.
  int Weighted(absl::Span<const int> weights);

  template <typename T>
  void Shuffle(std::vector<T>& entries) {
    for (size_t i = entries.size(); i > 1; --i) {
      std::swap(entries[i - 1], entries[Between(0, static_cast<int>(i) - 1)]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_DICE_H_
