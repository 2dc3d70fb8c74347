#ifndef SERVICES_CLI_TESTING_TEMP_FILE_H_
#define SERVICES_CLI_TESTING_TEMP_FILE_H_

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/ids.h"
#include "gtest/gtest.h"

namespace critac::cli {

// A folder of a test's own, gone with it.
class TempFolder {
 public:
  TempFolder() : path_(absl::StrCat(::testing::TempDir(), "cli-", RandomIdSource().NewUuid())) {
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

  // Writes a file and returns its path.
  std::string Write(absl::string_view name, absl::string_view content) const {
    std::ofstream file(Path(name), std::ios::binary);
    file << content;
    return Path(name);
  }

  std::string WriteGzip(absl::string_view name, absl::string_view content) const {
    gzFile file = gzopen(Path(name).c_str(), "wb");
    gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
    gzclose(file);
    return Path(name);
  }

  bool Has(absl::string_view name) const { return std::filesystem::exists(Path(name)); }

 private:
  const std::string path_;
};

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace critac::cli

#endif  // SERVICES_CLI_TESTING_TEMP_FILE_H_
