#include "services/cli/databases/backup_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/sha256.h"
#include "common/journal/event_time.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "google/protobuf/util/json_util.h"
#include "services/cli/databases/backup_file.h"
#include "services/cli/databases/moment.h"

namespace critac::cli {
namespace {

using journal::v1::BackupFile;
using journal::v1::BackupManifest;
using journal::v1::BackupRecord;
using journal::v1::JournalContent;

constexpr int kBackupFormat = 1;
constexpr char kManifestFile[] = "manifest.json";
constexpr char kSumsFile[] = "SHA256SUMS";
// Behind the path of a backup that is being written.
constexpr char kPartial[] = ".partial";

std::string PathInBackup(absl::string_view folder, absl::string_view file) {
  return absl::StrCat(folder, "/", file);
}

absl::Status BackupExists(absl::string_view path, absl::string_view what) {
  return Error(absl::StatusCode::kAlreadyExists, "BACKUP_EXISTS", absl::StrCat(path, ": ", what))
      .ToStatus();
}

// Where a backup that is to be at `path` will be.
absl::StatusOr<std::filesystem::path> PlaceOf(const std::string& path) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return FileError(path, "its path", error.value());
  return place.has_filename() ? place : place.parent_path();  // of `folder/`
}

// What stands in the way at a place for a new backup.
absl::Status CheckPlaceFor(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return absl::OkStatus();
  if (error) return FileError(path, "cannot be looked at", error.value());
  if (!std::filesystem::is_directory(status)) return BackupExists(path, "a file is there");
  if (std::filesystem::exists(PathInBackup(path, kManifestFile), error)) {
    return BackupExists(path, "holds a backup already");
  }
  const bool is_empty = std::filesystem::is_empty(path, error);
  if (error) return FileError(path, "cannot be looked at", error.value());
  return is_empty ? absl::OkStatus() : BackupExists(path, "is a folder that is not empty");
}

// Takes what is in a folder, names and not contents, to the disk.
absl::Status SyncFolder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return FileError(path, "cannot be opened", errno);
  const absl::Cleanup close_folder = [folder] { close(folder); };
  // Some file systems cannot, and need not.
  if (fsync(folder) != 0 && errno != EINVAL) return FileError(path, "cannot be written", errno);
  return absl::OkStatus();
}

// Makes the folder, empty, and locks it: the lock ends with the process.
absl::StatusOr<int> TakePartial(const std::string& partial) {
  const bool is_new = mkdir(partial.c_str(), 0700) == 0;
  if (!is_new && errno != EEXIST) return FileError(partial, "cannot be made", errno);
  const int lock = open(partial.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return FileError(partial, "cannot be opened", errno);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(lock);
    return BackupExists(partial, "another process writes this backup");
  }
  std::error_code error;
  for (const auto& left : std::filesystem::directory_iterator(partial, error)) {
    std::filesystem::remove_all(left.path(), error);
    if (error) break;
  }
  if (error) {
    close(lock);
    return FileError(partial, "what is left of another backup cannot be removed", error.value());
  }
  return lock;
}

}  // namespace

// ---- Writing ------------------------------------------------------------------------------------

std::string BackupFolder::FileOf(absl::string_view journal) {
  return absl::StrCat(journal, ".jsonl.gz");
}

absl::StatusOr<std::unique_ptr<BackupFolder>> BackupFolder::Begin(const std::string& path) {
  ASSIGN_OR_RETURN(const std::filesystem::path absolute, PlaceOf(path));
  const std::string place = absolute.string();
  RETURN_IF_ERROR(CheckPlaceFor(place));
  const std::string above = absolute.parent_path().string();
  std::error_code error;
  if (!std::filesystem::is_directory(above, error)) {
    return FileError(above, "a folder for the backup is needed here",
                     error ? error.value() : ENOENT);
  }
  const std::string partial = absl::StrCat(place, kPartial);
  ASSIGN_OR_RETURN(const int lock, TakePartial(partial));
  return std::unique_ptr<BackupFolder>(new BackupFolder(place, partial, lock));
}

BackupFolder::~BackupFolder() {
  std::error_code ignored;
  if (!published_) std::filesystem::remove_all(partial_, ignored);
  close(lock_);
}

absl::Status BackupFolder::Add(JournalContent content) {
  BackupFile& file = *manifest_.add_files();
  file.set_file(FileOf(content.journal()));
  *file.mutable_content() = std::move(content);
  ASSIGN_OR_RETURN(const FileDigest digest, DigestOf(PathInBackup(partial_, file.file())));
  file.set_bytes(digest.bytes);
  file.set_sha256(digest.sha256);
  return absl::OkStatus();
}

absl::Status BackupFolder::Seal(absl::Time time, absl::string_view program_version) {
  manifest_.set_format(kBackupFormat);
  *manifest_.mutable_create_time() = journal::ToTimestamp(time);
  manifest_.set_program_version(std::string(program_version));
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(manifest_, &text, options).ok()) {
    return absl::InternalError("the manifest cannot be written as JSON");
  }
  RETURN_IF_ERROR(WriteSmallFile(PathInBackup(partial_, kManifestFile), text));
  std::string sums = absl::StrCat(Sha256Hex(text), "  ", kManifestFile, "\n");
  for (const BackupFile& file : manifest_.files()) {
    absl::StrAppend(&sums, file.sha256(), "  ", file.file(), "\n");
  }
  RETURN_IF_ERROR(WriteSmallFile(PathInBackup(partial_, kSumsFile), sums));
  return SyncFolder(partial_);
}

absl::Status BackupFolder::Publish() {
  // Somebody may have put something there meanwhile; onto an empty folder it can be moved.
  RETURN_IF_ERROR(CheckPlaceFor(path_));
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    if (error == EBUSY) {
      return FileError(path_, "a file system is mounted here; name a folder in it", error);
    }
    return FileError(path_, "the backup cannot be moved here", error);
  }
  published_ = true;
  return SyncFolder(std::filesystem::path(path_).parent_path().string());
}

void RemoveLeftOfOtherTimes(const std::string& path) {
  const auto place = PlaceOf(path);
  if (!place.ok()) return;
  const std::string pattern = absl::StrCat(place->filename().string(), kPartial);
  std::vector<std::filesystem::path> left;
  std::error_code ignored;
  std::filesystem::directory_iterator entry(place->parent_path(), ignored);
  for (; entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
    if (entry->symlink_status(ignored).type() != std::filesystem::file_type::directory) continue;
    const std::filesystem::path& path_there = entry->path();
    if (TimeIn(pattern, path_there.filename().string()).has_value()) left.push_back(path_there);
  }
  for (const std::filesystem::path& partial : left) {
    const auto lock = TakePartial(partial.string());
    if (!lock.ok()) continue;
    std::filesystem::remove(partial, ignored);
    close(*lock);
  }
}

// ---- Checking -----------------------------------------------------------------------------------

namespace {

// The sums by file.
absl::StatusOr<std::map<std::string, std::string>> ReadSums(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(PathInBackup(folder, kSumsFile)));
  std::map<std::string, std::string> sums;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits("  ", 1));
    sums[std::string(parts.second)] = std::string(parts.first);
  }
  return sums;
}

absl::StatusOr<BackupManifest> ReadManifest(const std::string& folder) {
  const std::string path = PathInBackup(folder, kManifestFile);
  absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (absl::IsNotFound(text.status())) {
    return FailedPrecondition("NO_BACKUP", folder,
                              absl::StrCat("holds no backup: ", kManifestFile, " is not there"));
  }
  RETURN_IF_ERROR(text.status());
  BackupManifest manifest;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const bool parsed = google::protobuf::util::JsonStringToMessage(*text, &manifest, options).ok();
  // A later format may look otherwise, but says so.
  if (parsed && manifest.format() != kBackupFormat && manifest.format() > 0) {
    return FailedPrecondition(
        "BACKUP_FORMAT", path,
        absl::StrCat("is of format ", manifest.format(), ", written by version ",
                     manifest.program_version(), "; this program reads format ", kBackupFormat));
  }
  ASSIGN_OR_RETURN(const auto sums, ReadSums(folder));
  const auto sum = sums.find(kManifestFile);
  if (sum == sums.end() || sum->second != Sha256Hex(*text)) {
    return BackupDamaged(path, absl::StrCat("its SHA-256 is not that in ", kSumsFile));
  }
  if (!parsed || manifest.format() != kBackupFormat) return BackupDamaged(path, "is no manifest");
  for (const BackupFile& file : manifest.files()) {
    const auto of_file = sums.find(file.file());
    if (of_file == sums.end() || of_file->second != file.sha256()) {
      return BackupDamaged(PathInBackup(folder, kSumsFile),
                           absl::StrCat("does not have the SHA-256 of ", file.file()));
    }
  }
  return manifest;
}

// A manifest names each journal once, with the file that is its own.
absl::Status CheckNames(const std::string& folder, const BackupManifest& manifest) {
  std::set<std::string> seen;
  for (const BackupFile& file : manifest.files()) {
    const std::string& journal = file.content().journal();
    if (!seen.insert(journal).second || file.file() != BackupFolder::FileOf(journal) ||
        absl::StrContains(journal, '/')) {
      return BackupDamaged(PathInBackup(folder, kManifestFile),
                           absl::StrCat("the file ", file.file(), " is not that of a journal"));
    }
  }
  return absl::OkStatus();
}

bool IsSameContent(const JournalContent& a, const JournalContent& b) {
  return a.head_sequence() == b.head_sequence() && a.head_hash() == b.head_hash() &&
         a.vault_text_count() == b.vault_text_count() && a.answer_count() == b.answer_count();
}

absl::StatusOr<JournalContent> CheckFile(const std::string& path, const BackupFile& file,
                                         absl::Time until,
                                         absl::FunctionRef<void(double fraction)> progress) {
  ASSIGN_OR_RETURN(const FileDigest digest, DigestOf(path));
  if (digest.bytes != file.bytes()) {
    return BackupDamaged(path,
                         absl::StrCat("has ", digest.bytes, " bytes; written were ", file.bytes()));
  }
  if (digest.sha256 != file.sha256()) {
    return BackupDamaged(path, "its SHA-256 is not that in the manifest");
  }
  journal::RecordCheck check(file.content().journal(), until);
  RETURN_IF_ERROR(ReadRecordFile(path, [&](const BackupRecord& record, double fraction) {
    progress(fraction);
    return Annotate(check.Add(record), path);
  }));
  const JournalContent whole = check.whole();
  if (!IsSameContent(whole, file.content())) {
    return BackupDamaged(
        path, absl::StrCat("ends at event ", whole.head_sequence(), " with the hash ",
                           whole.head_hash(), "; the manifest says ",
                           file.content().head_sequence(), ", ", file.content().head_hash()));
  }
  return check.until();
}

}  // namespace

absl::StatusOr<CheckedBackup> CheckBackup(const std::string& folder, absl::Time until,
                                          absl::FunctionRef<void(double fraction)> progress) {
  CheckedBackup checked;
  ASSIGN_OR_RETURN(checked.manifest, ReadManifest(folder));
  RETURN_IF_ERROR(CheckNames(folder, checked.manifest));
  int64_t bytes = 1;
  for (const BackupFile& file : checked.manifest.files()) bytes += file.bytes();
  int64_t done = 0;
  for (const BackupFile& file : checked.manifest.files()) {
    ASSIGN_OR_RETURN(
        checked.until.emplace_back(),
        CheckFile(PathInBackup(folder, file.file()), file, until, [&](double fraction) {
          progress((static_cast<double>(done) + fraction * static_cast<double>(file.bytes())) /
                   static_cast<double>(bytes));
        }));
    done += file.bytes();
  }
  return checked;
}

// ---- Removing -----------------------------------------------------------------------------------

OldBackups RemoveBackupsBefore(const std::string& path, absl::Time before) {
  OldBackups old;
  const auto place = PlaceOf(path);
  if (!place.ok()) {
    old.failures.push_back(place.status());
    return old;
  }
  const std::string pattern = place->filename().string();
  const std::string above = place->parent_path().string();
  std::map<absl::Time, std::string> backups;
  std::error_code error;
  std::error_code ignored;
  std::filesystem::directory_iterator entry(above, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->symlink_status(ignored).type() != std::filesystem::file_type::directory) continue;
    const std::string folder = entry->path().string();
    const std::optional<absl::Time> time = TimeIn(pattern, entry->path().filename().string());
    if (time.has_value() && ReadManifest(folder).ok()) backups.emplace(*time, folder);
  }
  if (error) old.failures.push_back(FileError(above, "cannot be looked through", error.value()));
  if (!backups.empty()) backups.erase(std::prev(backups.end()));
  for (const auto& [time, folder] : backups) {
    if (time >= before) break;
    // Under this name at once: what is half removed is no backup.
    const std::string partial = absl::StrCat(folder, kPartial);
    if (std::rename(folder.c_str(), partial.c_str()) != 0) {
      old.failures.push_back(FileError(folder, "the backup cannot be removed", errno));
      continue;
    }
    std::error_code left;
    std::filesystem::remove_all(partial, left);
    if (left) {
      old.failures.push_back(
          FileError(partial, "what is left of a backup cannot be removed", left.value()));
    } else {
      old.removed.push_back(folder);
    }
  }
  return old;
}

}  // namespace critac::cli
