#include "services/cli/number_text.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace critac::cli {

std::string WithThousands(int64_t number) {
  std::string text = absl::StrCat(number);
  const size_t first_digit = number < 0 ? 1 : 0;
  for (size_t i = text.size(); i > first_digit + 3;) {
    i -= 3;
    text.insert(i, 1, ',');
  }
  return text;
}

std::string FractionBars(absl::Span<const int64_t> fractions_e6) {
  constexpr std::array<absl::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  // The nearest of the heights, of which the first is 0 and the last the whole.
  constexpr int64_t kWhole = 1'000'000, kSteps = kBars.size() - 1;
  std::string bars;
  for (const int64_t fraction : fractions_e6) {
    if (fraction < 0) {
      bars += "·";
    } else {
      absl::StrAppend(&bars, kBars[(std::min(fraction, kWhole) * kSteps + kWhole / 2) / kWhole]);
    }
  }
  return bars;
}

}  // namespace critac::cli
