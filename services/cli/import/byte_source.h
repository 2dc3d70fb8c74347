#ifndef SERVICES_CLI_IMPORT_BYTE_SOURCE_H_
#define SERVICES_CLI_IMPORT_BYTE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <streambuf>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace critac::cli {

// The bytes of a file as a stream, unzipped where the file is gzip; that is told by its first
// bytes, not by its name. It holds one block of them at a time.
class ByteSource : public std::streambuf {
 public:
  // UsageError: the file is not there, is a folder, or cannot be read.
  static absl::StatusOr<std::unique_ptr<ByteSource>> Open(const std::string& path);
  ~ByteSource() override;

  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // What is at the front of the block in hand, read but not taken; empty only at the end.
  absl::string_view Peek();
  // Takes `count` of those.
  void Skip(size_t count) { gbump(static_cast<int>(count)); }

  // The stream ends early once more than `bytes` were taken since the last call of this: a bound on
  // what a reader would have to hold at once. 0: no bound.
  void AllowFromHere(int64_t bytes);
  // Whether it ended early for that.
  bool exceeded() const { return exceeded_; }

  // OK while all that was read could be. BrokenFile: it is cut short or damaged; what came before
  // was handed out.
  const absl::Status& status() const { return status_; }

  // How much of the file was taken, 0 to 1, for progress.
  double Fraction() const;

 protected:
  int_type underflow() override;

 private:
  ByteSource(std::string path, void* file, int64_t file_bytes);

  const std::string path_;
  void* const file_;  // a gzFile
  const int64_t file_bytes_;
  std::vector<char> block_;
  absl::Status status_;
  int64_t allowed_ = 0;
  int64_t taken_since_ = 0;
  bool exceeded_ = false;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_BYTE_SOURCE_H_
