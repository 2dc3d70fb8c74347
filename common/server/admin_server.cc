#include "common/server/admin_server.h"

#include <microhttpd.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/server/listen.h"
#include "common/status/error.h"

namespace critac::server {
namespace {

constexpr unsigned int kConnections = 32;
constexpr unsigned int kSilenceSeconds = 10;
constexpr size_t kConnectionBytes = 16 << 10;

MHD_Result Answer(MHD_Connection* connection, const AdminPage& page, bool allow_header) {
  MHD_Response* response = MHD_create_response_from_buffer(
      page.body.size(), const_cast<char*>(page.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  const absl::Cleanup destroy = [response] { MHD_destroy_response(response); };
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  if (allow_header) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  return MHD_queue_response(connection, static_cast<unsigned int>(page.status), response);
}

AdminPage PlainText(int status, absl::string_view body) {
  return {status, "text/plain; charset=utf-8", std::string(body)};
}

std::string Paths(const AdminPages& pages) {
  std::string paths;
  for (const auto& [path, page] : pages) absl::StrAppend(&paths, paths.empty() ? "" : " ", path);
  return paths;
}

// Called by libmicrohttpd with the head of a request, and again with its body. Every answer is
// given at the head; a body is not read.
MHD_Result OnRequest(void* closure, MHD_Connection* connection, const char* url, const char* method,
                     const char* /*version*/, const char* /*data*/, size_t* /*data_size*/,
                     void** /*state*/) {
  const auto& pages = *static_cast<const AdminPages*>(closure);
  const auto page = pages.find(url);
  if (page == pages.end()) {
    return Answer(connection,
                  PlainText(404, absl::StrCat("not found; there are ", Paths(pages), "\n")), false);
  }
  if (std::strcmp(method, "GET") != 0 && std::strcmp(method, "HEAD") != 0) {
    return Answer(connection, PlainText(405, "accepted: GET, HEAD\n"), true);
  }
  return Answer(connection, page->second(), false);
}

}  // namespace

struct AdminServer::Daemon {
  MHD_Daemon* daemon = nullptr;
  ~Daemon() {
    if (daemon != nullptr) MHD_stop_daemon(daemon);
  }
};

AdminServer::AdminServer(Address address, AdminPages pages)
    : address_(std::move(address)), pages_(std::move(pages)), daemon_(std::make_unique<Daemon>()) {}

AdminServer::~AdminServer() = default;

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const Address& address,
                                                                AdminPages pages) {
  // Listened on here rather than by libmicrohttpd, which does not say why it could not.
  ASSIGN_OR_RETURN(const int fd, ListenOn(address));
  std::unique_ptr<AdminServer> server(new AdminServer(address, std::move(pages)));
  server->address_.port = PortOf(fd);
  server->daemon_->daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, /*port=*/0, nullptr, nullptr, &OnRequest,
      const_cast<AdminPages*>(&server->pages_), MHD_OPTION_LISTEN_SOCKET, fd,
      MHD_OPTION_CONNECTION_LIMIT, kConnections, MHD_OPTION_CONNECTION_TIMEOUT, kSilenceSeconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionBytes, MHD_OPTION_END);
  if (server->daemon_->daemon == nullptr) {
    close(fd);
    return absl::UnavailableError(
        absl::StrCat("the HTTP server on ", address.ToString(), " does not start"));
  }
  return server;
}

}  // namespace critac::server
