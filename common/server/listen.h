#ifndef COMMON_SERVER_LISTEN_H_
#define COMMON_SERVER_LISTEN_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/server/address.h"

namespace critac::server {

// Opens a socket that listens at a TCP address and returns its descriptor, which the caller closes.
// UNAVAILABLE: it cannot; the message names the address and the cause.
absl::StatusOr<int> ListenOn(const Address& address);

// The port that a socket is bound to.
uint16_t PortOf(int fd);

// Whether an address can be listened on now. gRPC itself does not say why it could not, and takes
// one of a name's addresses for all.
absl::Status CheckCanListen(const Address& address);

}  // namespace critac::server

#endif  // COMMON_SERVER_LISTEN_H_
