#include "common/server/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::server {
namespace {

constexpr int kBacklog = 32;

using FoundAddresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::Status CannotListen(const Address& address, absl::string_view cause) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString(), ": ", cause));
}

absl::StatusOr<FoundAddresses> LookUp(const Address& address) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = absl::StrCat(address.port);
  if (const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return CannotListen(address, gai_strerror(error));
  }
  return FoundAddresses(found, &freeaddrinfo);
}

absl::StatusOr<int> ListenOnFound(const Address& address, const addrinfo& found) {
  const int fd = socket(found.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return CannotListen(address, std::strerror(errno));
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, found.ai_addr, found.ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    const int cause = errno;
    close(fd);
    return CannotListen(address, std::strerror(cause));
  }
  return fd;
}

}  // namespace

absl::StatusOr<int> ListenOn(const Address& address) {
  ASSIGN_OR_RETURN(const FoundAddresses found, LookUp(address));
  return ListenOnFound(address, *found);
}

uint16_t PortOf(int fd) {
  sockaddr_storage bound = {};
  socklen_t length = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

absl::Status CheckCanListen(const Address& address) {
  if (!address.unix_path.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const FoundAddresses found, LookUp(address));
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    ASSIGN_OR_RETURN(const int fd, ListenOnFound(address, *each));
    close(fd);
  }
  return absl::OkStatus();
}

}  // namespace critac::server
