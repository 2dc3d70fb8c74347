#include "services/cli/databases/backup_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <istream>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/journal/json_text.h"
#include "common/status/error.h"
#include "services/cli/import/byte_source.h"

namespace critac::cli {
namespace {

// An event and all of its texts are far below it: what a call may carry bounds them.
constexpr int64_t kLongestLineBytes = 64 << 20;
constexpr size_t kSmallFileBytes = 1 << 20;

}  // namespace

absl::Status BackupDamaged(absl::string_view path, absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, "BACKUP_DAMAGED", absl::StrCat(path, ": ", what))
      .ToStatus();
}

absl::Status FileError(absl::string_view path, absl::string_view doing, int error) {
  const std::string message =
      absl::StrCat(path, ": ", doing, ": ", std::generic_category().message(error));
  switch (error) {
    case ENOENT:
      return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND", message).ToStatus();
    case EEXIST:
      return Error(absl::StatusCode::kAlreadyExists, "FILE_EXISTS", message).ToStatus();
    case EACCES:
    case EPERM:
    case EROFS:
      return Error(absl::StatusCode::kPermissionDenied, "FILE_NOT_PERMITTED", message).ToStatus();
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Error(absl::StatusCode::kResourceExhausted, "DISK_FULL", message).ToStatus();
    default:
      return Error(absl::StatusCode::kInternal, "FILE_FAILED", message).ToStatus();
  }
}

// ---- Writing ------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<RecordFileWriter>> RecordFileWriter::Create(
    const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return FileError(path, "cannot be made", errno);
  // gzclose closes the one; the other takes the file to the disk.
  const int sync = dup(file);
  const gzFile zipped = gzdopen(file, "wb");
  if (sync < 0 || zipped == nullptr) {
    const int error = sync < 0 ? errno : ENOMEM;
    if (zipped == nullptr) close(file);
    if (zipped != nullptr) gzclose(zipped);
    if (sync >= 0) close(sync);
    return FileError(path, "cannot be made", error);
  }
  gzbuffer(zipped, 256 << 10);
  return std::unique_ptr<RecordFileWriter>(new RecordFileWriter(path, zipped, sync));
}

RecordFileWriter::~RecordFileWriter() {
  if (file_ != nullptr) gzclose(static_cast<gzFile>(file_));
  close(sync_);
}

absl::Status RecordFileWriter::Failed() const {
  return FileError(path_, "cannot be written", errno);
}

absl::Status RecordFileWriter::Write(const journal::v1::BackupRecord& record) {
  const std::string line = absl::StrCat(journal::ToJsonText(record), "\n");
  errno = EIO;
  const int written =
      gzwrite(static_cast<gzFile>(file_), line.data(), static_cast<unsigned>(line.size()));
  return written == static_cast<int>(line.size()) ? absl::OkStatus() : Failed();
}

absl::Status RecordFileWriter::Finish() {
  errno = EIO;
  const int closed = gzclose(static_cast<gzFile>(std::exchange(file_, nullptr)));
  if (closed != Z_OK || fsync(sync_) != 0) return Failed();
  return absl::OkStatus();
}

absl::Status WriteSmallFile(const std::string& path, absl::string_view content) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return FileError(path, "cannot be made", errno);
  const absl::Cleanup close_file = [file] { close(file); };
  errno = EIO;
  const ssize_t written = write(file, content.data(), content.size());
  if (written != static_cast<ssize_t>(content.size()) || fsync(file) != 0) {
    return FileError(path, "cannot be written", errno);
  }
  return absl::OkStatus();
}

// ---- Reading ------------------------------------------------------------------------------------

absl::Status ReadRecordFile(
    const std::string& path,
    absl::FunctionRef<absl::Status(const journal::v1::BackupRecord&, double fraction)> each) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, ByteSource::Open(path));
  std::istream lines(source.get());
  std::string line;
  journal::v1::BackupRecord record;
  for (int64_t number = 1;; ++number) {
    source->AllowFromHere(kLongestLineBytes);
    const bool read = static_cast<bool>(std::getline(lines, line));
    if (!source->status().ok()) return BackupDamaged(path, source->status().message());
    if (source->exceeded()) {
      return BackupDamaged(
          path, absl::StrCat("line ", number, " has more than ", kLongestLineBytes, " bytes"));
    }
    if (!read) return absl::OkStatus();
    // Every line that was written ends.
    if (lines.eof()) return BackupDamaged(path, absl::StrCat("line ", number, " is cut off"));
    record.Clear();
    if (const absl::Status parsed = journal::FromJsonText(line, record); !parsed.ok()) {
      return BackupDamaged(path, absl::StrCat("line ", number, ": ", parsed.message()));
    }
    RETURN_IF_ERROR(each(record, source->Fraction()));
  }
}

absl::StatusOr<FileDigest> DigestOf(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(path, "cannot be read", errno);
  const absl::Cleanup close_file = [file] { close(file); };
  Sha256Stream sha256;
  FileDigest digest;
  std::string block(256 << 10, '\0');
  while (true) {
    const ssize_t size = read(file, block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError(path, "cannot be read", errno);
    if (size == 0) break;
    sha256.Add(absl::string_view(block.data(), static_cast<size_t>(size)));
    digest.bytes += size;
  }
  digest.sha256 = sha256.Hex();
  return digest;
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(path, "cannot be read", errno);
  const absl::Cleanup close_file = [file] { close(file); };
  std::string content(kSmallFileBytes + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t more = read(file, content.data() + size, content.size() - size);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return FileError(path, "cannot be read", errno);
    if (more == 0) break;
    size += static_cast<size_t>(more);
  }
  if (size > kSmallFileBytes) {
    return BackupDamaged(path, absl::StrCat("has more than ", kSmallFileBytes, " bytes"));
  }
  content.resize(size);
  return content;
}

}  // namespace critac::cli
