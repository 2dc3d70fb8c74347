#ifndef COMMON_SERVER_ADMIN_SERVER_H_
#define COMMON_SERVER_ADMIN_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/server/address.h"

namespace critac::server {

// What an admin page answers.
struct AdminPage {
  int status = 200;
  std::string content_type;
  std::string body;
};

// Pages by path: `/livez`, `/readyz`, `/metrics`. Each is made anew when asked for, on the admin
// server's one thread.
using AdminPages = std::map<std::string, std::function<AdminPage()>>;

// A small HTTP server for those who run the process: probes and scrapes, no records. Answers GET
// and HEAD; another method gets 405, another path 404. At most 32 connections at once, each closed
// after 10 seconds of silence, with 16 KiB for a request: a slow or hostile client costs little.
class AdminServer {
 public:
  // Serves `pages` at `address`, a TCP address. UNAVAILABLE: the address cannot be listened on,
  // with the cause.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const Address& address,
                                                            AdminPages pages);
  // Answers what it is at, then closes.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Where it listens, with the port that was chosen.
  const Address& address() const { return address_; }

 private:
  // Hides libmicrohttpd.
  struct Daemon;

  AdminServer(Address address, AdminPages pages);

  Address address_;
  const AdminPages pages_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_ADMIN_SERVER_H_
