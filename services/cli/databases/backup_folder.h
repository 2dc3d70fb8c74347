#ifndef SERVICES_CLI_DATABASES_BACKUP_FOLDER_H_
#define SERVICES_CLI_DATABASES_BACKUP_FOLDER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "critac/journal/v1/backup.pb.h"

// A backup is a folder: `manifest.json`, a file of records for each journal, and `SHA256SUMS` over all of them,
// which `sha256sum -c SHA256SUMS` checks too.
namespace critac::cli {

// A backup that is being written, in a folder `….partial` beside its place. What is not finished is removed.
class BackupFolder {
 public:
  // Begins a backup that is to be at `path`. ALREADY_EXISTS, reason BACKUP_EXISTS: something is there, other than
  // an empty folder; or another process writes this backup. What a process left that was killed is removed.
  static absl::StatusOr<std::unique_ptr<BackupFolder>> Begin(const std::string& path);
  ~BackupFolder();
  BackupFolder(const BackupFolder&) = delete;
  BackupFolder& operator=(const BackupFolder&) = delete;

  // The folder as long as it is being written.
  const std::string& partial() const { return partial_; }
  // Adds what a file of records holds; it was written to `partial()` as FileOf(journal).
  absl::Status Add(journal::v1::JournalContent content);
  // Writes the manifest and the sums. No file is added any more.
  absl::Status Seal(absl::Time time, absl::string_view program_version);
  // Moves the folder to its place, whole or not at all.
  absl::Status Publish();

  static std::string FileOf(absl::string_view journal);

 private:
  BackupFolder(std::string path, std::string partial, int lock)
      : path_(std::move(path)), partial_(std::move(partial)), lock_(lock) {}

  const std::string path_;
  const std::string partial_;
  const int lock_;
  bool published_ = false;
  journal::v1::BackupManifest manifest_;
};

// Removes what processes that were killed left of backups which have another time in the place of `{time}` in the last
// part of `path`; for nobody begins those again. What another process writes, and what cannot be removed, stays.
void RemoveLeftOfOtherTimes(const std::string& path);

// What became of old backups.
struct OldBackups {
  // The folders that were removed, the oldest first.
  std::vector<std::string> removed;
  // Why others could not be.
  std::vector<absl::Status> failures;
};

// Removes the backups which have a time before `before` in the place of `{time}` in the last part of `path`. The newest
// of all stays, whatever its time, and so does what is no sealed backup: its manifest must be there, and be as it was
// written. A removal that is cut short leaves a `….partial`, which RemoveLeftOfOtherTimes removes.
OldBackups RemoveBackupsBefore(const std::string& path, absl::Time before);

// What a backup was found to hold.
struct CheckedBackup {
  journal::v1::BackupManifest manifest;
  // Of the journals of the manifest, in its order, what was recorded up to a moment.
  std::vector<journal::v1::JournalContent> until;
};

// Reads a backup to its end: sums, chains, heads and counts as the manifest says. Counts what was recorded at
// `until` or before. `progress` is told the share that is done. DATA_LOSS, reason BACKUP_DAMAGED or
// JOURNAL_DAMAGED: something is not as it was written. FAILED_PRECONDITION: NO_BACKUP, or BACKUP_FORMAT of another
// version.
absl::StatusOr<CheckedBackup> CheckBackup(const std::string& folder, absl::Time until,
                                          absl::FunctionRef<void(double fraction)> progress);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_BACKUP_FOLDER_H_
