#include "services/cli/progress_bar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace critac::cli {
namespace {

constexpr int kBarColumns = 24;
constexpr absl::Duration kBetweenUpdates = absl::Milliseconds(100);
// Back to the beginning of the line, and clear it.
constexpr absl::string_view kClearLine = "\r\x1b[K";

}  // namespace

ProgressBar::ProgressBar(World& world, std::string title)
    : world_(world), title_(std::move(title)) {}

ProgressBar::~ProgressBar() {
  if (shown_) world_.err << kClearLine << std::flush;
}

bool ProgressBar::IsDue() {
  if (!world_.progress) return false;
  const absl::Time now = world_.clock.Now();
  if (now < next_) return false;
  next_ = now + kBetweenUpdates;
  return true;
}

void ProgressBar::Show(absl::string_view bar, absl::string_view note) {
  shown_ = true;
  world_.err << kClearLine << title_ << " [" << bar << "] " << note << std::flush;
}

void ProgressBar::Update(double fraction, absl::string_view note) {
  if (!IsDue()) return;
  const double share = std::clamp(fraction, 0.0, 1.0);
  const int full = static_cast<int>(share * kBarColumns);
  Show(std::string(full, '#') + std::string(kBarColumns - full, '.'),
       absl::StrFormat("%3d %%  %s", static_cast<int>(share * 100), note));
}

void ProgressBar::Pulse(absl::string_view note) {
  if (!IsDue()) return;
  std::string bar(kBarColumns, '.');
  bar.replace(pulse_++ % (kBarColumns - 2), 3, "###");
  Show(bar, note);
}

}  // namespace critac::cli
