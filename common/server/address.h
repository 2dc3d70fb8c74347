#ifndef COMMON_SERVER_ADDRESS_H_
#define COMMON_SERVER_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace critac::server {

// Where a server listens or is found.
struct Address {
  // An IPv4 or IPv6 address (without brackets) or a name; empty for a Unix socket.
  std::string host;
  // 0: any free port.
  uint16_t port = 0;
  // Path of a Unix socket; empty for TCP.
  std::string unix_path;

  // Whether only this machine can reach it: 127.0.0.0/8, ::1, the name `localhost`, a Unix socket.
  // A name is not looked up, and a short form such as `127.1` counts as a name.
  bool IsLoopback() const;
  // As ParseAddress reads it and as gRPC takes it.
  std::string ToString() const;
};

// Reads `HOST:PORT`, `[IPV6]:PORT`, or `unix:/PATH`. INVALID_ARGUMENT: it is none of these; the
// message says what is accepted.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

}  // namespace critac::server

#endif  // COMMON_SERVER_ADDRESS_H_
