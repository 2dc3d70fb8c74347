#include "common/store/sqlite_holder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

// A connection to a database in WAL mode holds a lock on these bytes of its file for as long as it lives
// (sqlite3.c: PENDING_BYTE, RESERVED_BYTE and SHARED_FIRST, which are part of the file format).
constexpr off_t kLockBytes = 0x40000000;
constexpr off_t kLockLength = 2 + 510;

absl::Status CannotTell(const std::string& path, int error) {
  return Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
               absl::StrCat(path, ": whether a process has it cannot be told (",
                            std::generic_category().message(error), ")"))
      .ToStatus();
}

}  // namespace

absl::Status CheckNobodyHasSqlite(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? absl::OkStatus() : CannotTell(path, errno);
  const absl::Cleanup close_file = [file] { close(file); };
  struct flock wanted {};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  wanted.l_start = kLockBytes;
  wanted.l_len = kLockLength;
  if (fcntl(file, F_GETLK, &wanted) != 0) return CannotTell(path, errno);
  if (wanted.l_type == F_UNLCK) return absl::OkStatus();
  return FailedPrecondition(
      "DATABASE_IN_USE", path,
      absl::StrCat("it is in use by process ", wanted.l_pid, "; stop that one first"));
}

}  // namespace critac::store
