#ifndef SERVICES_CLI_DISPLAY_WIDTH_H_
#define SERVICES_CLI_DISPLAY_WIDTH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace critac::cli {

// What a terminal does with text: how many columns it takes, and what of it is safe to show.

// `text` as it may be shown on one line of a terminal: line breaks and tabs become spaces, other
// control characters (an escape sequence could repaint the screen) and bytes that are not UTF-8
// become U+FFFD.
std::string Printable(absl::string_view text);

// Whether `text` is UTF-8 throughout, in its shortest form.
bool IsUtf8(absl::string_view text);

// Columns that `text` takes: two for East Asian wide characters and emoji, none for combining marks
// and zero-width characters, one for all else. `text` is Printable.
int DisplayWidth(absl::string_view text);

// `text` in at most `width` columns: what does not fit is cut between characters and "…" put in its
// place. `width` is at least 1.
std::string CutToWidth(absl::string_view text, int width);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DISPLAY_WIDTH_H_
