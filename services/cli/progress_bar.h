#ifndef SERVICES_CLI_PROGRESS_BAR_H_
#define SERVICES_CLI_PROGRESS_BAR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/cli/world.h"

namespace critac::cli {

// A line on the terminal that says how far a long command is. Nothing at all where `err` is no
// terminal. Not thread-safe.
class ProgressBar {
 public:
  ProgressBar(World& world, std::string title);
  // Takes the line away.
  ~ProgressBar();

  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Shows how far it is, 0 to 1, and a word on it. At most ten times a second.
  void Update(double fraction, absl::string_view note);

  // Shows that it goes on, where nobody knows how far it is.
  void Pulse(absl::string_view note);

 private:
  // Whether it is time to show something new.
  bool IsDue();
  void Show(absl::string_view bar, absl::string_view note);

  World& world_;
  const std::string title_;
  absl::Time next_ = absl::InfinitePast();
  bool shown_ = false;
  int pulse_ = 0;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_PROGRESS_BAR_H_
