#include "services/cli/import/refused_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

// Most bytes of a row's text: enough to find it by, not a second copy of a huge one.
constexpr size_t kMaxTextBytes = 4096;

}  // namespace

void RefusedFile::Add(const PendingRow& row) {
  if (!any_) {
    any_ = true;
    errno = 0;
    file_.open(path_, std::ios::binary | std::ios::trunc);
    file_ << FormatCsvRecord({"row", "key", "reason", "text"});
  }
  file_ << FormatCsvRecord({absl::StrCat(row.number), absl::StrJoin(row.keys, " "), row.problem,
                            row.text.substr(0, kMaxTextBytes)});
}

void RefusedFile::RemoveOld() const {
  std::error_code ignored;  // where it cannot go, its time says that it is old
  std::filesystem::remove(path_, ignored);
}

absl::Status RefusedFile::Finish() {
  if (!any_) return absl::OkStatus();
  file_.close();
  if (file_.good()) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat(path_, ": the refused rows cannot be written there: ",
                                         errno != 0 ? std::strerror(errno) : "the disk is full?"));
}

}  // namespace critac::cli
