#ifndef SERVICES_CLI_SERVERS_H_
#define SERVICES_CLI_SERVERS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace critac::cli {

// Where the services of a center are: all at one address, or each at its own.
class Servers {
 public:
  // Nowhere.
  Servers() = default;

  // Reads what --server takes: `HOST:PORT` for all services, or a list of those that there are, each
  // once, in any order: `intake=HOST:PORT,matching=HOST:PORT,metrics=HOST:PORT`. UsageError: it is
  // neither; the message says what is wrong and what is accepted.
  static absl::StatusOr<Servers> Parse(absl::string_view text);

  // Address of the service that a call with this request goes to: the one whose package the request
  // is of, and of a journal the one that writes it. UsageError: that service has no address, or
  // there is no such journal. INTERNAL: no service owns such requests (a process has queues).
  absl::StatusOr<std::string> AddressFor(const google::protobuf::Message& request) const;

  // Every address, once, in the order of services.
  std::vector<std::string> All() const;

 private:
  absl::Status Add(absl::string_view service, absl::string_view address);
  absl::StatusOr<std::string> AddressOf(absl::string_view service) const;

  // As it was given.
  std::string text_;
  // Of all services; empty: each has its own, or none.
  std::string one_;
  // Service → its address.
  std::map<std::string, std::string, std::less<>> each_;
};

// The journals of a center, by name. Each is named as the service that writes it.
const std::vector<std::string>& AllJournals();

// The status, which remembers the address that was called. OK stays OK.
absl::Status FromServer(absl::Status status, absl::string_view address);
// The address that was called; empty: none was.
std::string ServerOf(const absl::Status& status);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SERVERS_H_
