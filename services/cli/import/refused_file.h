#ifndef SERVICES_CLI_IMPORT_REFUSED_FILE_H_
#define SERVICES_CLI_IMPORT_REFUSED_FILE_H_

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "services/cli/import/batch_queue.h"

namespace critac::cli {

// The rows of an import that were refused, as CSV: `row`, `key`, `reason`, `text`. The file appears
// with the first of them, in the place of one from a run before.
class RefusedFile {
 public:
  explicit RefusedFile(std::string path) : path_(std::move(path)) {}

  void Add(const PendingRow& row);

  // Closes it. Whether every row could be written.
  absl::Status Finish();

  // Removes the file of a run before: for a run that refused nothing.
  void RemoveOld() const;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  std::ofstream file_;
  bool any_ = false;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_REFUSED_FILE_H_
