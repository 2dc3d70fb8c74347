#include "services/cli/import/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/cli/exit_status.h"
#include "services/cli/import/row.h"

namespace critac::cli {
namespace {

constexpr size_t kBlockBytes = 64 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return UsageError(absl::StrCat(path, ": is a folder; a file is needed"));
  }
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return UsageError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  gzbuffer(file, kBlockBytes);
  const auto bytes = std::filesystem::file_size(path, error);
  return std::unique_ptr<ByteSource>(
      new ByteSource(path, file, error ? 0 : static_cast<int64_t>(bytes)));
}

ByteSource::ByteSource(std::string path, void* file, int64_t file_bytes)
    : path_(std::move(path)), file_(file), file_bytes_(file_bytes), block_(kBlockBytes) {}

ByteSource::~ByteSource() { gzclose(static_cast<gzFile>(file_)); }

absl::string_view ByteSource::Peek() {
  if (underflow() == traits_type::eof()) return "";
  return absl::string_view(gptr(), egptr() - gptr());
}

void ByteSource::AllowFromHere(int64_t bytes) {
  allowed_ = bytes;
  taken_since_ = -(gptr() - eback());
}

double ByteSource::Fraction() const {
  if (file_bytes_ == 0) return 0;
  const double offset = static_cast<double>(gzoffset(static_cast<gzFile>(file_)));
  return std::clamp(offset / static_cast<double>(file_bytes_), 0.0, 1.0);
}

ByteSource::int_type ByteSource::underflow() {
  if (gptr() < egptr()) return traits_type::to_int_type(*gptr());
  if (!status_.ok() || exceeded_) return traits_type::eof();
  taken_since_ += egptr() - eback();
  if (allowed_ > 0 && taken_since_ > allowed_) {
    exceeded_ = true;
    return traits_type::eof();
  }
  const int read = gzread(static_cast<gzFile>(file_), block_.data(), kBlockBytes);
  int code = Z_OK;
  const char* message = gzerror(static_cast<gzFile>(file_), &code);
  if (code != Z_OK && code != Z_STREAM_END) {
    // A file cut short reports Z_BUF_ERROR beside its last good bytes.
    status_ = BrokenFile(absl::StrCat(path_, ": is damaged or cut short: ",
                                      code == Z_ERRNO       ? std::strerror(errno)
                                      : code == Z_BUF_ERROR ? "unexpected end of file"
                                                            : message));
  }
  if (read <= 0) return traits_type::eof();
  setg(block_.data(), block_.data(), block_.data() + read);
  return traits_type::to_int_type(*gptr());
}

}  // namespace critac::cli
