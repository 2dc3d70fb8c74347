#ifndef SERVICES_CLI_DATABASES_BACKUP_FILE_H_
#define SERVICES_CLI_DATABASES_BACKUP_FILE_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "critac/journal/v1/backup.pb.h"

namespace critac::cli {

// DATA_LOSS, reason BACKUP_DAMAGED: a file of a backup is not as it was written.
absl::Status BackupDamaged(absl::string_view path, absl::string_view what);

// Writes records as lines of JSON into a new gzip file, for its owner alone.
class RecordFileWriter {
 public:
  // ALREADY_EXISTS and the like: the file cannot be made.
  static absl::StatusOr<std::unique_ptr<RecordFileWriter>> Create(const std::string& path);
  ~RecordFileWriter();
  RecordFileWriter(const RecordFileWriter&) = delete;
  RecordFileWriter& operator=(const RecordFileWriter&) = delete;

  absl::Status Write(const journal::v1::BackupRecord& record);
  // Takes what is left to the disk. Called once, last.
  absl::Status Finish();

 private:
  RecordFileWriter(std::string path, void* file, int sync)
      : path_(std::move(path)), file_(file), sync_(sync) {}
  absl::Status Failed() const;

  const std::string path_;
  void* file_;  // a gzFile; null after Finish
  const int sync_;
};

// Hands over the records of such a file, with how far it is, 0 to 1. BACKUP_DAMAGED: it is cut off, or a line is
// none.
absl::Status ReadRecordFile(
    const std::string& path,
    absl::FunctionRef<absl::Status(const journal::v1::BackupRecord&, double fraction)> each);

// Length and SHA-256 of a file.
struct FileDigest {
  int64_t bytes = 0;
  std::string sha256;
};
absl::StatusOr<FileDigest> DigestOf(const std::string& path);

// Writes a small file and takes it to the disk. The file must not be there.
absl::Status WriteSmallFile(const std::string& path, absl::string_view content);
// Reads a file of at most 1 MiB. BACKUP_DAMAGED: it is longer. NOT_FOUND: it is not there.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// The status for a path from errno: `PATH: DOING: why`.
absl::Status FileError(absl::string_view path, absl::string_view doing, int error);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_BACKUP_FILE_H_
