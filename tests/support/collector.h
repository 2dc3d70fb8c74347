#ifndef TESTS_SUPPORT_COLLECTOR_H_
#define TESTS_SUPPORT_COLLECTOR_H_

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace critac::testing {

// Stands in for a collector of OpenTelemetry: takes requests by HTTP on a port of loopback, keeps
// them, and answers as a test says, or that all is well. One thread serves all connections.
class Collector {
 public:
  struct Request {
    // Request line and header fields, in lower case.
    std::string head;
    std::string body;
  };
  // What the next requests are answered, in turn; `{503, "Retry-After: 1\r\n", ""}`.
  struct Answer {
    int status = 200;
    std::string headers = {};
    std::string body = "{}";
  };
  // As an answer: none ever comes.
  static constexpr int kSilence = 0;

  Collector() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
        listen(listener_, 16) == 0 &&
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
      port_ = ntohs(address.sin_port);
    }
    if (pipe2(wake_, O_CLOEXEC) != 0) return;
    thread_ = std::thread([this] { Run(); });
  }
  ~Collector() {
    close(wake_[1]);
    if (thread_.joinable()) thread_.join();
    close(wake_[0]);
    close(listener_);
  }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // `http://127.0.0.1:PORT`.
  std::string endpoint() const { return absl::StrCat("http://127.0.0.1:", port_); }

  void AnswerNext(std::vector<Answer> answers) {
    absl::MutexLock lock(&mutex_);
    for (Answer& answer : answers) answers_.push_back(std::move(answer));
  }

  // The first requests, once there are `count`; fewer after a minute.
  std::vector<Request> Await(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return requests_.size() >= count;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Minutes(1));
    return requests_;
  }

  // A span that was handed in, and by whom.
  struct TakenSpan {
    std::string service;
    nlohmann::json span;
  };
  // Those of a trace that came up to now.
  std::vector<TakenSpan> SpansOf(const std::string& trace_id) {
    std::vector<TakenSpan> found;
    for (const Request& request : Await(0)) {
      const auto body = nlohmann::json::parse(request.body, nullptr, false);
      if (!body.is_object()) continue;
      for (const auto& each : body["resourceSpans"]) {
        for (const auto& span : each["scopeSpans"][0]["spans"]) {
          if (span["traceId"] == trace_id) {
            found.push_back({TextOf(each["resource"], "service.name"), span});
          }
        }
      }
    }
    return found;
  }

  // Text, or number as text, of an attribute of a span or a resource. Empty: it has none.
  static std::string TextOf(const nlohmann::json& owner, const std::string& key) {
    for (const auto& attribute : owner["attributes"]) {
      if (attribute["key"] != key) continue;
      const auto& value = attribute["value"];
      return value.contains("stringValue") ? value["stringValue"].get<std::string>()
                                           : value["intValue"].get<std::string>();
    }
    return "";
  }

 private:
  // What a connection has sent and was not answered.
  using Connections = std::map<int, std::string>;

  void Run() {
    Connections connections;
    for (;;) {
      std::vector<pollfd> watched = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [fd, text] : connections) watched.push_back({fd, POLLIN, 0});
      if (poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[0].revents != 0) break;
      if (watched[1].revents != 0) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) connections[fd];
      }
      for (size_t i = 2; i < watched.size(); ++i) {
        const int fd = watched[i].fd;
        if (watched[i].revents == 0 || Serve(fd, connections[fd])) continue;
        close(fd);
        connections.erase(fd);
      }
    }
    for (const auto& [fd, text] : connections) close(fd);
  }

  // Reads what has come, and answers what is whole; whether the connection goes on.
  bool Serve(int fd, std::string& text) {
    char buffer[65536];
    const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    text.append(buffer, static_cast<size_t>(got));
    for (size_t end = text.find("\r\n\r\n"); end != std::string::npos;
         end = text.find("\r\n\r\n")) {
      Request request;
      request.head = absl::AsciiStrToLower(text.substr(0, end));
      const size_t length = LengthOf(request.head);
      if (text.size() < end + 4 + length) return true;
      request.body = text.substr(end + 4, length);
      text.erase(0, end + 4 + length);
      Reply(fd, Keep(std::move(request)));
    }
    return true;
  }

  static size_t LengthOf(const std::string& head) {
    const std::string field = "\r\ncontent-length:";
    const size_t at = head.find(field);
    size_t length = 0;
    if (at == std::string::npos) return 0;
    const std::string rest = head.substr(at + field.size());
    return absl::SimpleAtoi(rest.substr(0, rest.find("\r\n")), &length) ? length : 0;
  }

  Answer Keep(Request request) {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(std::move(request));
    if (answers_.empty()) return {};
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  static void Reply(int fd, const Answer& answer) {
    if (answer.status == kSilence) return;
    const std::string text = absl::StrCat(
        "HTTP/1.1 ", answer.status,
        " Said\r\nContent-Type: application/json\r\nContent-Length: ", answer.body.size(), "\r\n",
        answer.headers, "\r\n", answer.body);
    (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  int listener_ = -1;
  int wake_[2] = {-1, -1};
  uint16_t port_ = 0;
  absl::Mutex mutex_;
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_COLLECTOR_H_
