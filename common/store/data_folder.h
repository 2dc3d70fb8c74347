#ifndef COMMON_STORE_DATA_FOLDER_H_
#define COMMON_STORE_DATA_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace critac::store {

// The folder that holds a center's data, held by one process at a time: a lock on the file
// `critac.lock` in it, which ends with the process, however it ends.
class DataFolder {
 public:
  // Takes the folder; makes it, and those above it, where it is missing, for its owner alone.
  // FAILED_PRECONDITION, reason DATA_FOLDER_IN_USE: another process has it, with its id and the
  // path. PERMISSION_DENIED, reason DATA_FOLDER_READ_ONLY: it cannot be made or written to.
  // RESOURCE_EXHAUSTED, reason DATA_FOLDER_FULL: its disk is full. UNAVAILABLE, reason
  // DATA_FOLDER_UNAVAILABLE: anything else, for example a file of that name. INVALID_ARGUMENT: an
  // empty path.
  static absl::StatusOr<std::unique_ptr<DataFolder>> Open(const std::string& path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  // The absolute path.
  const std::string& path() const { return path_; }
  // The path of a file in it.
  std::string File(absl::string_view name) const;

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_DATA_FOLDER_H_
