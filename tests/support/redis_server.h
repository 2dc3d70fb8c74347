#ifndef TESTS_SUPPORT_REDIS_SERVER_H_
#define TESTS_SUPPORT_REDIS_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// A port of loopback that nobody listens on at this moment.
inline int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  int port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

// A Redis of the test's own on loopback, killed with the object. Its files are in a folder of its
// own, and survive Restart.
class RedisServer {
 public:
  // `settings` are further arguments of redis-server.
  explicit RedisServer(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    // Another program may take the port before the server does.
    for (int tries = 0; tries < 10 && !is_up(); ++tries) {
      port_ = FreePort();
      Start();
    }
  }

  bool is_up() const { return program_ != nullptr; }
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "redis://" + address(); }
  const std::string& folder() const { return folder_.path(); }

  // Begins again on the same port, with the files that are there.
  void Start() {
    std::vector<std::string> arguments = {"--port",
                                          std::to_string(port_),
                                          "--bind",
                                          "127.0.0.1",
                                          "--dir",
                                          folder_.path(),
                                          "--save",
                                          "",
                                          "--logfile",
                                          "",
                                          "--daemonize",
                                          "no",
                                          "--protected-mode",
                                          "no"};
    arguments.insert(arguments.end(), settings_.begin(), settings_.end());
    auto program = std::make_unique<RunningProgram>("/usr/bin/redis-server", arguments);
    if (program->OutLineWith("eady to accept connections").empty()) return;
    // What it says later is read by nobody, and it must not wait for that.
    program->StopReading();
    program_ = std::move(program);
  }

  // Ends it as `kill -9` does.
  void Kill() { program_.reset(); }
  void Signal(int signal) { program_->Signal(signal); }

 private:
  const std::vector<std::string> settings_;
  const TempFolder folder_;
  int port_ = 0;
  std::unique_ptr<RunningProgram> program_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_REDIS_SERVER_H_
