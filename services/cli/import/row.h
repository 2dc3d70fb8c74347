#ifndef SERVICES_CLI_IMPORT_ROW_H_
#define SERVICES_CLI_IMPORT_ROW_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"

namespace critac::cli {

// Most bytes of one row. The largest message the suite takes in an import, a past request with all
// its steps, is about 60 KiB.
inline constexpr int64_t kMaxRowBytes = 1 << 20;

// One row of a file, as a reader found it.
struct Row {
  // Its place, from 1; comments, header and empty lines are not counted.
  int64_t number = 0;
  // JSON files: the row as JSON.
  std::string json;
  // Registry files: the keys that led to it, state and ORI.
  std::vector<std::string> keys;
  // CSV files: its cells.
  std::vector<std::string> cells;
  // Why the row cannot be taken, though those after it can. Empty: it can.
  std::string problem;
};

// A file that cannot be read on: INVALID_ARGUMENT, reason BROKEN_FILE.
inline absl::Status BrokenFile(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, "BROKEN_FILE", message).ToStatus();
}

// Takes a row; false stops the reading.
using RowSink = std::function<bool(Row row)>;

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_ROW_H_
