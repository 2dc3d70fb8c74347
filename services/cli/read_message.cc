#include "services/cli/read_message.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "google/protobuf/util/json_util.h"
#include "services/cli/exit_status.h"

namespace critac::cli {

absl::Status ReadMessage(const std::string& path, google::protobuf::Message& message) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(limits::kMessageBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return UsageError(absl::StrCat(
        path, ": cannot be read: ", errno != 0 ? std::strerror(errno) : "not a file?"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > static_cast<size_t>(limits::kMessageBytes)) {
    return UsageError(absl::StrCat(path, ": is larger than 4 MiB"));
  }
  const auto status = google::protobuf::util::JsonStringToMessage(text, &message);
  if (status.ok()) return absl::OkStatus();
  return UsageError(absl::StrCat(path, ": is not the JSON of ", message.GetDescriptor()->name(),
                                 ": ", std::string(status.message())));
}

}  // namespace critac::cli
