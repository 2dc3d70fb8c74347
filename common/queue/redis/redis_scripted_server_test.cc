#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/redis/redis_ear.h"
#include "common/queue/redis/redis_link.h"
#include "common/queue/redis/redis_route.h"
#include "common/queue/redis/redis_url.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// What the ear and the link do at moments that no real server can be brought to: the test is the
// server, and says each word of it.
namespace critac::queue::redis {
namespace {

class ScriptedServer {
 public:
  ScriptedServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 4), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~ScriptedServer() { Close(); }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  // Takes the next connection, which is spoken to from then on; whether one came.
  bool Accept() {
    if (!IsReadable(listener_, absl::Seconds(20))) return false;
    peers_.push_back(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    return true;
  }
  // Reads until `text` came; whether it did.
  bool Hears(absl::string_view text) {
    std::string heard;
    while (!absl::EndsWith(heard, text)) {
      char c = 0;
      if (!IsReadable(peers_.back(), absl::Seconds(20)) || recv(peers_.back(), &c, 1, 0) != 1)
        return false;
      heard += c;
    }
    return true;
  }
  // In one piece.
  void Says(absl::string_view text) {
    EXPECT_EQ(send(peers_.back(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Whether a connection waits to be accepted.
  bool IsCalled() const { return IsReadable(listener_, absl::ZeroDuration()); }
  void HangUp() {
    close(peers_.back());
    peers_.pop_back();
  }
  void Close() {
    for (const int peer : peers_) close(peer);
    peers_.clear();
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
  }

 private:
  static bool IsReadable(int fd, absl::Duration most) {
    pollfd one = {.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&one, 1, static_cast<int>(absl::ToInt64Milliseconds(most))) == 1;
  }

  int listener_;
  int port_ = 0;
  std::vector<int> peers_;
};

// Nothing here is to end because it took too long.
SocketTimes Patient() { return {.reply = absl::Hours(1)}; }

constexpr absl::string_view kSubscribed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
constexpr absl::string_view kMessage = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$0\r\n\r\n";

class HeardCount {
 public:
  void Add() {
    absl::MutexLock lock(&mutex_);
    ++count_;
  }
  bool Reaches(int count) {
    absl::MutexLock lock(&mutex_);
    const auto reached = [this, count]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&reached), absl::Seconds(20));
  }

 private:
  absl::Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// An ear for the channel `news`, whose server is the test.
class RedisEarTest : public ::testing::Test {
 protected:
  // The ear may wait for a word of the server's until the connection ends.
  ~RedisEarTest() override { server_.Close(); }

  // `login`: what stands before the address in the server's URL. Whether the ear came.
  bool Open(absl::string_view login) {
    route_.emplace(*ParseUrl(absl::StrCat("redis://", login, server_.address())), Patient());
    ear_.emplace(
        *route_, Patient(), "news", [this](absl::string_view /*message*/) { heard_.Add(); },
        SystemClock::Instance(), ids_);
    return server_.Accept();
  }

  ScriptedServer server_;
  RandomIdSource ids_;
  HeardCount heard_;
  std::optional<Route> route_;
  std::optional<Ear> ear_;
};

TEST_F(RedisEarTest, AMessageThatComesInOnePieceWithTheAnswerBeforeItIsHeard) {
  ASSERT_TRUE(Open(""));
  ASSERT_TRUE(server_.Hears("news\r\n"));
  server_.Says(absl::StrCat(kSubscribed, kMessage));
  EXPECT_TRUE(heard_.Reaches(2)) << "once for the new connection, once for the message";
}

TEST_F(RedisEarTest, AMoveWhileItLogsInIsNotMissed) {
  ASSERT_TRUE(Open(":secret@"));
  ASSERT_TRUE(server_.Hears("secret\r\n"));
  route_->Suspect();
  server_.Says("+OK\r\n");
  ASSERT_TRUE(server_.Hears("news\r\n"));
  server_.Says(kSubscribed);
  EXPECT_TRUE(server_.Accept()) << "it stays with a server that another took over from";
}

TEST(RedisLinkTest, AConnectionMadeBeforeAMoveIsNotUsedAfterIt) {
  ScriptedServer server;
  Route route(*ParseUrl("redis://" + server.address()), Patient());
  RandomIdSource ids;
  Link link(route, {.sockets = Patient()}, SystemClock::Instance(), ids);
  for (int i = 0; i < 2; ++i) {
    std::thread caller([&link] {
      const auto reply = link.Ask({"PING"});
      EXPECT_TRUE(reply.ok()) << reply.status();
    });
    EXPECT_TRUE(server.Accept()) << i;
    EXPECT_TRUE(server.Hears("PING\r\n"));
    server.Says("+PONG\r\n");
    caller.join();
    // As another connection's owner does, to whom the server failed.
    route.Suspect();
  }
}

// A call that may be made twice is not sent over and over to a server that breaks each connection.
TEST(RedisLinkTest, BetweenTwoTriesOverConnectionsThatBreakIsAWait) {
  ScriptedServer server;
  Route route(*ParseUrl("redis://" + server.address()), Patient());
  RandomIdSource ids;
  LinkOptions options;
  options.sockets.reply = absl::Seconds(1);
  // Over before the first wait would be.
  options.patience = absl::Milliseconds(500);
  options.first_backoff = absl::Seconds(1);
  options.max_backoff = absl::Seconds(1);
  Link link(route, options, SystemClock::Instance(), ids);
  std::thread caller(
      [&link] { EXPECT_EQ(link.Ask({"PING"}).status().code(), absl::StatusCode::kUnavailable); });
  EXPECT_TRUE(server.Accept());
  EXPECT_TRUE(server.Hears("PING\r\n"));
  server.HangUp();
  caller.join();
  EXPECT_FALSE(server.IsCalled()) << "it tried again at once";
}

}  // namespace
}  // namespace critac::queue::redis
