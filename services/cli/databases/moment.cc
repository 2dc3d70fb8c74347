#include "services/cli/databases/moment.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

constexpr absl::string_view kTimePlace = "{time}";
constexpr absl::string_view kTimeForm = "%E4Y%m%dT%H%M%SZ";
constexpr size_t kTimeLength = 16;

}  // namespace

absl::StatusOr<absl::Time> ParseMoment(absl::string_view flag, const std::string& text) {
  absl::Time time;
  std::string problem;
  // The parser takes words for infinity too, and spaces around.
  const bool begins_with_year = !text.empty() && absl::ascii_isdigit(text.front());
  if (begins_with_year && absl::ParseTime(absl::RFC3339_full, text, &time, &problem) &&
      !absl::ascii_isspace(text.back())) {
    return time;
  }
  return UsageError(absl::StrCat(flag, ": \"", text,
                                 "\" is no time; accepted: RFC 3339 with its zone, for example "
                                 "2026-11-28T17:30:00Z or 2026-11-28T12:30:00.25-05:00"));
}

std::string MomentText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string PutTimeInto(absl::string_view path, absl::Time time) {
  return absl::StrReplaceAll(
      path, {{kTimePlace, absl::FormatTime(kTimeForm, time, absl::UTCTimeZone())}});
}

std::optional<absl::Time> TimeIn(absl::string_view pattern, absl::string_view path) {
  const size_t place = pattern.find(kTimePlace);
  if (place == absl::string_view::npos || place >= path.size()) return std::nullopt;
  // As above.
  if (!absl::ascii_isdigit(path[place])) return std::nullopt;
  absl::Time time;
  std::string problem;
  if (!absl::ParseTime(kTimeForm, path.substr(place, kTimeLength), &time, &problem)) {
    return std::nullopt;
  }
  return PutTimeInto(pattern, time) == path ? std::optional(time) : std::nullopt;
}

}  // namespace critac::cli
