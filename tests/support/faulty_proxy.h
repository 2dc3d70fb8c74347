#ifndef TESTS_SUPPORT_FAULTY_PROXY_H_
#define TESTS_SUPPORT_FAULTY_PROXY_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace critac::testing {

// Stands between clients and a server on loopback, and breaks what is between them on request. What
// it is told holds from when the call returns. Thread-safe.
class FaultyProxy {
 public:
  enum Direction { kToServer, kToClient };

  explicit FaultyProxy(int server_port)
      : server_port_(server_port), wake_(eventfd(0, EFD_CLOEXEC)) {
    absl::MutexLock lock(&mutex_);
    Listen();
    thread_ = std::thread([this] { Run(); });
  }
  ~FaultyProxy() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      Wake();
    }
    thread_.join();
    absl::MutexLock lock(&mutex_);
    CloseAll();
    StopListening();
    close(wake_);
  }
  FaultyProxy(const FaultyProxy&) = delete;
  FaultyProxy& operator=(const FaultyProxy&) = delete;

  int port() const { return port_; }

  // Once `bytes` more have gone in this direction, of all connections together, every connection is
  // cut. Those made afterwards are not.
  void CutAfter(Direction direction, int64_t bytes) { BreakAfter(direction, bytes, Break::kCut); }
  // The same, but of every connection only this direction ends, as by HalfClose.
  void HalfCloseAfter(Direction direction, int64_t bytes) {
    BreakAfter(direction, bytes, Break::kHalfClose);
  }
  void CutNever() { CutAfter(kToServer, kEndless); }
  // Whether what CutAfter or HalfCloseAfter asked for came to pass.
  bool HasCut() {
    absl::MutexLock lock(&mutex_);
    return left_[kToServer] == kEndless && left_[kToClient] == kEndless;
  }

  // How many bytes went in this direction so far.
  int64_t passed(Direction direction) {
    absl::MutexLock lock(&mutex_);
    return passed_[direction];
  }

  // From now on nothing arrives whole: everything is delivered in pieces, after a pause of up to
  // `most_pause` each. A piece has 1 to `most_bytes` bytes, or up to all that is there where that is
  // more, so that large messages take no time to speak of, and any byte may be the last of a piece.
  // Sizes and pauses are random, from the same seed every time.
  void Dribble(int64_t most_bytes, absl::Duration most_pause) {
    absl::MutexLock lock(&mutex_);
    most_piece_ = most_bytes;
    most_pause_ = most_pause;
  }

  // Connections are taken, and bytes are held, until Pass.
  void Hold() {
    absl::MutexLock lock(&mutex_);
    holding_ = true;
    Wake();
  }
  void Pass() {
    absl::MutexLock lock(&mutex_);
    holding_ = false;
    Wake();
  }

  // The receiver of this direction sees the end of its connections; the other direction goes on.
  void HalfClose(Direction direction) {
    absl::MutexLock lock(&mutex_);
    EndAll(direction);
    Wake();
  }

  // Connections are cut and refused, until Accept.
  void Refuse() {
    absl::MutexLock lock(&mutex_);
    CloseAll();
    StopListening();
    Wake();
  }
  void Accept() {
    absl::MutexLock lock(&mutex_);
    Listen();
    Wake();
  }

 private:
  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

  // What becomes of connections once enough bytes have gone.
  enum class Break { kCut, kHalfClose };

  // A connection: its two sockets, each at the place of the direction that is read from it.
  struct Pair {
    std::array<int, 2> from = {-1, -1};
    std::array<bool, 2> ended = {};
  };

  void BreakAfter(Direction direction, int64_t bytes, Break then) {
    absl::MutexLock lock(&mutex_);
    left_[kToServer] = left_[kToClient] = kEndless;
    left_[direction] = bytes;
    then_ = then;
  }

  // Makes the thread look at what was changed.
  void Wake() const { eventfd_write(wake_, 1); }

  static sockaddr_in Loopback(int port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void Listen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address = Loopback(port_);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      close(listener_);
      listener_ = -1;
      return;
    }
    port_ = ntohs(address.sin_port);
  }

  void StopListening() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (listener_ < 0) return;
    // The thread may be waiting on it: closed alone, it would take connections until that ends.
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    listener_ = -1;
  }

  void Run() {
    prctl(PR_SET_TIMERSLACK, 1);  // pauses are no longer than they are meant to be
    for (;;) {
      std::vector<pollfd> watched;
      {
        absl::MutexLock lock(&mutex_);
        if (stopping_) return;
        watched = Watched();
      }
      poll(watched.data(), watched.size(), -1);
      absl::MutexLock lock(&mutex_);
      for (const pollfd& one : watched) {
        if (one.revents == 0) continue;
        if (one.fd == wake_) {
          eventfd_t ignored = 0;
          eventfd_read(wake_, &ignored);
        } else if (one.fd == listener_) {
          Connect();
        } else if (!holding_) {
          Forward(one.fd);
        }
      }
    }
  }

  std::vector<pollfd> Watched() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<pollfd> watched = {{.fd = wake_, .events = POLLIN, .revents = 0}};
    if (listener_ >= 0) watched.push_back({.fd = listener_, .events = POLLIN, .revents = 0});
    if (holding_) return watched;
    for (const Pair& pair : pairs_) {
      for (const Direction direction : {kToServer, kToClient}) {
        if (pair.ended[direction]) continue;
        watched.push_back({.fd = pair.from[direction], .events = POLLIN, .revents = 0});
      }
    }
    return watched;
  }

  void Connect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(server_port_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(client);
      close(server);
      return;
    }
    // What is written goes at once, also where what went before has not been acknowledged.
    const int on = 1;
    for (const int fd : {client, server}) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    pairs_.push_back({.from = {client, server}, .ended = {}});
  }

  // Reads what a socket has, and writes it to the other of its connection.
  void Forward(int fd) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (size_t i = 0; i < pairs_.size(); ++i) {
      for (const Direction direction : {kToServer, kToClient}) {
        if (pairs_[i].from[direction] != fd || pairs_[i].ended[direction]) continue;
        std::array<char, 16384> chunk = {};
        const ssize_t got = recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got > 0) {
          Write(pairs_[i], direction, chunk.data(), got);
        } else if (got == 0 || errno != EAGAIN) {
          EndOne(pairs_[i], direction);
        }
        if (i < pairs_.size() && pairs_[i].ended[kToServer] && pairs_[i].ended[kToClient]) Close(i);
        return;
      }
    }
  }

  void Write(Pair& pair, Direction direction, const char* bytes, int64_t count)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int64_t& left = left_[direction];
    const bool breaks = left != kEndless && count >= left;
    const int64_t allowed = std::min(count, left);
    for (int64_t done = 0; done < allowed;) {
      Pause();
      const ssize_t sent =
          send(pair.from[1 - direction], bytes + done, PieceOf(allowed - done), MSG_NOSIGNAL);
      if (sent <= 0) break;
      done += sent;
    }
    passed_[direction] += allowed;
    if (left != kEndless) left -= allowed;
    if (!breaks) return;
    left = kEndless;
    if (then_ == Break::kCut) {
      CloseAll();
    } else {
      EndAll(direction);
    }
  }

  // How many bytes go next, of those that are there.
  size_t PieceOf(int64_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (most_piece_ == kEndless) return static_cast<size_t>(count);
    const int64_t most = std::max(most_piece_, count);
    return static_cast<size_t>(std::min(count, 1 + static_cast<int64_t>(random_() % most)));
  }

  void Pause() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (most_pause_ == absl::ZeroDuration()) return;
    const absl::Duration pause = most_pause_ * (static_cast<double>(random_() % 1000) / 1000);
    const timespec most = absl::ToTimespec(pause);
    ppoll(nullptr, 0, &most, nullptr);
  }

  void EndAll(Direction direction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (Pair& pair : pairs_) EndOne(pair, direction);
  }

  static void EndOne(Pair& pair, Direction direction) {
    if (pair.ended[direction]) return;
    pair.ended[direction] = true;
    shutdown(pair.from[1 - direction], SHUT_WR);
  }

  void Close(size_t place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const int fd : pairs_[place].from) close(fd);
    pairs_.erase(pairs_.begin() + static_cast<ptrdiff_t>(place));
  }
  void CloseAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (!pairs_.empty()) Close(0);
  }

  const int server_port_;
  const int wake_;
  int port_ = 0;  // does not change any more once the thread runs
  std::thread thread_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  int listener_ ABSL_GUARDED_BY(mutex_) = -1;
  std::vector<Pair> pairs_ ABSL_GUARDED_BY(mutex_);
  std::array<int64_t, 2> passed_ ABSL_GUARDED_BY(mutex_) = {};
  std::array<int64_t, 2> left_ ABSL_GUARDED_BY(mutex_) = {kEndless, kEndless};
  Break then_ ABSL_GUARDED_BY(mutex_) = Break::kCut;
  int64_t most_piece_ ABSL_GUARDED_BY(mutex_) = kEndless;
  absl::Duration most_pause_ ABSL_GUARDED_BY(mutex_);
  std::mt19937 random_ ABSL_GUARDED_BY(mutex_){1};
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_FAULTY_PROXY_H_
