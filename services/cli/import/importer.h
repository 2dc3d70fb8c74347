#ifndef SERVICES_CLI_IMPORT_IMPORTER_H_
#define SERVICES_CLI_IMPORT_IMPORTER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/cli/client.h"
#include "services/cli/import/import_kind.h"

namespace critac::cli {

// What an import is to do.
struct ImportOptions {
  std::string path;
  // Where refused rows go. Empty: `PATH.refused.csv`.
  std::string refused_path;
  // Check every row, change nothing.
  bool validate_only = false;
  // Names this run; see BatchRequestId.
  std::string run;
};

// How an import went.
struct ImportSummary {
  int64_t rows = 0;
  int64_t created = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t refused = 0;
  // Where the refused rows stand. Empty: none were refused.
  std::string refused_path;
  // Why that file could not be written. OK: it was, or was not needed.
  absl::Status refused_file_status;
  absl::Duration duration;

  double RowsPerSecond() const;
};

// Told now and then how far it is: share of the file, rows with their outcome.
using ImportProgress = std::function<void(double fraction, const ImportSummary& so_far)>;

// Imports a file: reads it as a stream (gzip or not; CSV, JSON lines, a JSON array, for agencies
// the FBI's registry; told by its first bytes), sends rows in batches, and writes those refused,
// with row number and reason, to a CSV file beside it; where none are, such a file of a run before
// is removed. Memory does not grow with the file.
//
// Lines that begin with # before the first row are comments.
//
// `summary` is filled in also where it fails. UsageError: the file cannot be opened, or its header
// is not right. Otherwise the first error of a call, or what is wrong with the file, with the row;
// what came before was imported, and the same file can be imported again.
absl::Status ImportFile(const ImportKind& kind, const ImportOptions& options, Client& client,
                        const Clock& clock, const ImportProgress& progress, ImportSummary& summary);

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_IMPORTER_H_
