#ifndef SERVICES_CLI_SAMPLE_WRITE_SAMPLE_H_
#define SERVICES_CLI_SAMPLE_WRITE_SAMPLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/sample/sample_program.h"

namespace critac::cli {

// A file of the sample, and how many rows it has.
struct SampleFile {
  std::string kind;  // as `critac import` names it
  std::string name;
  std::string content;
  int rows = 0;
};

// The program as files that `critac import` reads, in the order in which they are imported:
// agencies as CSV, all else as JSON lines. Each begins with a comment that says that it is fictional.
absl::StatusOr<std::vector<SampleFile>> FormatSample(const SampleProgram& program);

// Writes them into a folder, which is made where it is not. UsageError: it cannot be written.
absl::Status WriteSample(const std::vector<SampleFile>& files, const std::string& folder);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_WRITE_SAMPLE_H_
