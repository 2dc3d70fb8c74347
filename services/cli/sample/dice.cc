#include "services/cli/sample/dice.h"

#include <numeric>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace critac::cli {
namespace {

uint64_t SeedOf(uint64_t seed, absl::string_view part) {
  const auto digest = Sha256(absl::StrCat(part, " ", seed));
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | digest[i];
  return bits;
}

}  // namespace

Dice::Dice(uint64_t seed, absl::string_view part) : engine_(SeedOf(seed, part)) {}

int Dice::Between(int low, int high) {
  const uint64_t range = static_cast<uint64_t>(high - low) + 1;
  return low + static_cast<int>(engine_() % range);
}

int Dice::Weighted(absl::Span<const int> weights) {
  int left = Between(1, std::accumulate(weights.begin(), weights.end(), 0));
  size_t i = 0;
  while (left > weights[i]) left -= weights[i++];
  return static_cast<int>(i);
}

}  // namespace critac::cli
