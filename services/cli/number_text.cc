#include "services/cli/number_text.h"

#include "absl/strings/str_cat.h"

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

}  // namespace critac::cli
