#include "common/store/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

constexpr absl::string_view kLockFile = "critac.lock";

absl::Status Failed(absl::string_view path, absl::string_view doing, int error) {
  const std::string message =
      absl::StrCat("data folder ", path, ": ", doing, ": ", std::generic_category().message(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Error(absl::StatusCode::kPermissionDenied, "DATA_FOLDER_READ_ONLY", message)
          .ToStatus();
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Error(absl::StatusCode::kResourceExhausted, "DATA_FOLDER_FULL", message).ToStatus();
    default:
      return Error(absl::StatusCode::kUnavailable, "DATA_FOLDER_UNAVAILABLE", message).ToStatus();
  }
}

// Makes the folder and those above it.
absl::Status Create(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return absl::OkStatus();
  if (path.has_parent_path() && path.parent_path() != path) {
    RETURN_IF_ERROR(Create(path.parent_path()));
  }
  if (mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && std::filesystem::is_directory(path))) {
    return absl::OkStatus();
  }
  return Failed(path.string(), "it cannot be made", errno);
}

// Who holds the lock: what is in its file.
std::string Holder(int lock) {
  char text[32];
  const ssize_t size = pread(lock, text, sizeof(text), 0);
  int pid = 0;
  if (size > 0 && absl::SimpleAtoi(absl::string_view(text, size), &pid)) {
    return absl::StrCat("process ", pid);
  }
  return "another process";
}

absl::Status InUse(absl::string_view path, int lock) {
  const std::string holder = Holder(lock);
  return FailedPrecondition(
      "DATA_FOLDER_IN_USE", absl::StrCat("data folder ", path),
      absl::StrCat("it is in use by ", holder, "; stop that one first, or choose another folder"));
}

absl::Status WritePid(int lock, absl::string_view path) {
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock, 0) != 0 || pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    return Failed(path, "it cannot be written to", errno);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataFolder>> DataFolder::Open(const std::string& path) {
  if (path.empty()) return InvalidField("data_folder", "needs a path");
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return Failed(path, "its path", error.value());
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // of `folder/`
  const std::string folder = absolute.string();
  RETURN_IF_ERROR(Create(absolute));
  // A read-only lock file would do for the lock; a read-only folder would not for the data.
  if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return Failed(folder, "it cannot be written to", errno);
  }
  const int lock =
      open((absolute / std::string(kLockFile)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return Failed(folder, absl::StrCat(kLockFile, " cannot be opened"), errno);
  absl::Cleanup close_lock = [lock] { close(lock); };
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return InUse(folder, lock);
    return Failed(folder, absl::StrCat(kLockFile, " cannot be locked"), errno);
  }
  RETURN_IF_ERROR(WritePid(lock, folder));
  std::move(close_lock).Cancel();
  return std::unique_ptr<DataFolder>(new DataFolder(folder, lock));
}

DataFolder::~DataFolder() { close(lock_); }

std::string DataFolder::File(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

}  // namespace critac::store
