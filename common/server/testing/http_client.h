#ifndef COMMON_SERVER_TESTING_HTTP_CLIENT_H_
#define COMMON_SERVER_TESTING_HTTP_CLIENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "common/server/address.h"

namespace critac::server::testing {

// What an HTTP server answered.
struct HttpAnswer {
  // 0: nothing.
  int status = 0;
  // Status line and header fields.
  std::string head;
  std::string body;
};

// Sends `request` as it is to an IPv4 address and reads until the server closes.
HttpAnswer SendHttp(const Address& address, absl::string_view request);

// One request with no body: `GET`, `/livez`.
HttpAnswer AskHttp(const Address& address, absl::string_view method, absl::string_view path);

}  // namespace critac::server::testing

#endif  // COMMON_SERVER_TESTING_HTTP_CLIENT_H_
