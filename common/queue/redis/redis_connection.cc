#include "common/queue/redis/redis_connection.h"

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::queue::redis {
namespace {

// Time that only goes forward.
class Deadline {
 public:
  explicit Deadline(absl::Duration from_now)
      : end_(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(from_now)) {}

  int left_ms() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

 private:
  const std::chrono::steady_clock::time_point end_;
};

// Whether one of `events` came before the deadline.
bool Await(int fd, short events, const Deadline& deadline) {
  for (;;) {
    pollfd one = {.fd = fd, .events = events, .revents = 0};
    const int ready = poll(&one, 1, deadline.left_ms());
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

// hiredis writes to sockets whose other side may be gone. A process that has not decided what to do
// then is not to die of it.
void IgnoreBrokenPipes() {
  static absl::once_flag once;
  absl::call_once(once, [] {
    struct sigaction now = {};
    sigaction(SIGPIPE, nullptr, &now);
    if (now.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
  });
}

absl::Status ConnectError(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? absl::OkStatus() : absl::UnavailableError(strerror(error));
}

}  // namespace

std::string Wire(absl::Span<const absl::string_view> words) {
  std::string wire = absl::StrCat("*", words.size(), "\r\n");
  size_t bytes = wire.size();
  for (const absl::string_view word : words) bytes += word.size() + 16;
  wire.reserve(bytes);
  for (const absl::string_view word : words) {
    absl::StrAppend(&wire, "$", word.size(), "\r\n", word, "\r\n");
  }
  return wire;
}

Connection::Connection(redisContext* context, Endpoint endpoint, const SocketTimes& times)
    : context_(context), endpoint_(std::move(endpoint)), times_(times) {}

Connection::~Connection() { redisFree(context_); }

absl::StatusOr<std::unique_ptr<Connection>> Connection::Connect(const Endpoint& endpoint,
                                                                const SocketTimes& times) {
  IgnoreBrokenPipes();
  redisContext* const context = redisConnectNonBlock(endpoint.host.c_str(), endpoint.port);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  std::unique_ptr<Connection> connection(new Connection(context, endpoint, times));
  if (context->err != 0) return absl::UnavailableError(context->errstr);
  if (!Await(context->fd, POLLOUT, Deadline(times.connect))) {
    return absl::UnavailableError(
        absl::StrCat("no connection within ", absl::FormatDuration(times.connect)));
  }
  const absl::Status connected = ConnectError(context->fd);
  if (!connected.ok()) return absl::UnavailableError(connected.message());
  const int on = 1;
  setsockopt(context->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  redisEnableKeepAlive(context);
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenSentinel(const Endpoint& endpoint,
                                                                     const SocketTimes& times) {
  return Connect(endpoint, times);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Endpoint& endpoint,
                                                             const Target& target,
                                                             const SocketTimes& times) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connect(endpoint, times));
  RETURN_IF_ERROR(connection->LogIn(target));
  return connection;
}

absl::Status Connection::LogIn(const Target& target) {
  if (!target.password.empty()) {
    std::vector<absl::string_view> words = {"AUTH"};
    if (!target.user.empty()) words.push_back(target.user);
    words.push_back(target.password);
    RETURN_IF_ERROR(Append(Wire(words)));
    RETURN_IF_ERROR(Send());
    ASSIGN_OR_RETURN(const Reply reply, Read());
    if (reply.value().is_error()) {
      return absl::UnavailableError(absl::StrCat("it refuses the user: ", reply.value().text()));
    }
  }
  if (target.database == 0) return absl::OkStatus();
  return Ask({"SELECT", absl::StrCat(target.database)}).status();
}

bool Connection::IsStale() const {
  pollfd one = {.fd = context_->fd, .events = POLLIN | POLLRDHUP, .revents = 0};
  return poll(&one, 1, 0) != 0;
}

absl::Status Connection::Append(absl::string_view wire) {
  if (redisAppendFormattedCommand(context_, wire.data(), wire.size()) == REDIS_OK) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(context_->errstr);
}

absl::Status Connection::Send() {
  for (;;) {
    int done = 0;
    if (redisBufferWrite(context_, &done) != REDIS_OK)
      return absl::UnavailableError(context_->errstr);
    if (done != 0) return absl::OkStatus();
    if (!Await(context_->fd, POLLOUT, Deadline(times_.write))) {
      return absl::UnavailableError(
          absl::StrCat("took no more bytes within ", absl::FormatDuration(times_.write)));
    }
  }
}

absl::StatusOr<Reply> Connection::Read() {
  const Deadline deadline(times_.reply);
  for (;;) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_, &reply) != REDIS_OK)
      return absl::UnavailableError(context_->errstr);
    if (reply != nullptr) return Reply(static_cast<redisReply*>(reply));
    if (!Await(context_->fd, POLLIN, deadline)) {
      return absl::UnavailableError(
          absl::StrCat("no reply within ", absl::FormatDuration(times_.reply)));
    }
    if (redisBufferRead(context_) != REDIS_OK) return absl::UnavailableError(context_->errstr);
  }
}

absl::StatusOr<Reply> Connection::Ask(absl::Span<const absl::string_view> words) {
  RETURN_IF_ERROR(Append(Wire(words)));
  RETURN_IF_ERROR(Send());
  ASSIGN_OR_RETURN(Reply reply, Read());
  if (reply.value().is_error()) return absl::UnavailableError(reply.value().text());
  return reply;
}

bool Connection::AwaitReadable(int wake, absl::Duration most) const {
  const redisReader& reader = *context_->reader;
  if (reader.pos < reader.len) return true;  // came together with what was read last
  const Deadline deadline(most);
  for (;;) {
    pollfd both[2] = {{.fd = context_->fd, .events = POLLIN, .revents = 0},
                      {.fd = wake, .events = POLLIN, .revents = 0}};
    const int ready = poll(both, 2, deadline.left_ms());
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && both[0].revents != 0 && both[1].revents == 0;
  }
}

}  // namespace critac::queue::redis
