#ifndef SERVICES_CLI_READ_MESSAGE_H_
#define SERVICES_CLI_READ_MESSAGE_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace critac::cli {

// Reads a message from a file of proto3 JSON of at most limits::kMessageBytes. UsageError: the file
// cannot be read, is larger, or is not the JSON of that message.
absl::Status ReadMessage(const std::string& path, google::protobuf::Message& message);

}  // namespace critac::cli

#endif  // SERVICES_CLI_READ_MESSAGE_H_
