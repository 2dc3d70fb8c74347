#ifndef TESTS_SUPPORT_REDIS_SENTINEL_H_
#define TESTS_SUPPORT_REDIS_SENTINEL_H_

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// A master, a replica and three sentinels of the test's own on loopback, killed with the object.
// Two sentinels that agree promote the replica.
class RedisSentinel {
 public:
  // `down_after`: how long the master is silent before it counts as down.
  explicit RedisSentinel(absl::Duration down_after)
      : down_after_(down_after),
        replica_({"--replicaof", "127.0.0.1", PortText(master_), kSyncDelay, "0"}) {
    if (!master_.is_up() || !replica_.is_up()) return;
    for (std::unique_ptr<Sentinel>& sentinel : sentinels_) {
      sentinel = std::make_unique<Sentinel>();
      for (int tries = 0; tries < 10 && sentinel->program == nullptr; ++tries) Start(*sentinel);
      if (sentinel->program == nullptr) return;
      HurryUp(sentinel->port);
    }
    is_up_ = Eventually([this] { return KnowEachOther(); });
  }

  bool is_up() const { return is_up_; }
  std::string url() const {
    return absl::StrCat("redis+sentinel://127.0.0.1:", sentinels_[0]->port,
                        ",127.0.0.1:", sentinels_[1]->port, ",127.0.0.1:", sentinels_[2]->port,
                        "/critac");
  }

  // As they begin: fail-overs change the roles.
  RedisServer& master() { return master_; }
  RedisServer& replica() { return replica_; }

  // Whether all sentinels name the server as the master, and it thinks so too.
  bool IsMaster(const RedisServer& server) const {
    for (const std::unique_ptr<Sentinel>& sentinel : sentinels_) {
      const auto reply =
          AskRedis(sentinel->port, {"SENTINEL", "get-master-addr-by-name", "critac"});
      if (!reply.ok() || reply->value()[1].text() != PortText(server)) return false;
    }
    return RoleOf(server) == "master";
  }
  // From now on the replica is given nothing of what the master takes, until one of them begins anew.
  void CutReplication() {
    EXPECT_TRUE(TellRedis(master_.port(), {"ACL", "SETUSER", "default", "-psync", "-sync"}));
    EXPECT_TRUE(TellRedis(master_.port(), {"CLIENT", "KILL", "TYPE", "replica"}));
  }
  // Bytes of what the master took that the replica does not have.
  int64_t MissingBytes() const {
    return Offset(master_, "master_repl_offset:") - Offset(replica_, "slave_repl_offset:");
  }
  // Whether the server follows another one, and has all that it has.
  static bool IsReplica(const RedisServer& server) {
    const auto reply = AskRedis(server.port(), {"ROLE"});
    return reply.ok() && reply->value()[0].text() == "slave" &&
           reply->value()[3].text() == "connected";
  }

 private:
  struct Sentinel {
    TempFolder folder;
    int port = 0;
    std::unique_ptr<RunningProgram> program;
  };

  static std::string PortText(const RedisServer& server) { return std::to_string(server.port()); }
  static std::string RoleOf(const RedisServer& server) {
    const auto reply = AskRedis(server.port(), {"ROLE"});
    return reply.ok() ? std::string(reply->value()[0].text()) : "";
  }

  static int64_t Offset(const RedisServer& server, const std::string& field) {
    const std::string info = TextOfRedis(server.port(), {"INFO", "replication"});
    const size_t at = info.find(field);
    int64_t offset = 0;
    if (at == std::string::npos) return offset;
    const size_t begin = at + field.size();
    EXPECT_TRUE(absl::SimpleAtoi(info.substr(begin, info.find('\r', begin) - begin), &offset));
    return offset;
  }

  void Start(Sentinel& sentinel) {
    sentinel.port = FreePort();
    const std::string file = sentinel.folder.file("sentinel.conf");
    std::ofstream(file, std::ios::trunc)
        << "port " << sentinel.port
        << "\nbind 127.0.0.1\ndaemonize no\nlogfile \"\"\nprotected-mode no\n"
        << "dir " << sentinel.folder.path() << "\n"
        << "sentinel monitor critac 127.0.0.1 " << master_.port() << " 2\n"
        << "sentinel down-after-milliseconds critac " << absl::ToInt64Milliseconds(down_after_)
        << "\n"
        << "sentinel failover-timeout critac 1000\n";
    auto program = std::make_unique<RunningProgram>("/usr/bin/redis-server",
                                                    std::vector<std::string>{file, "--sentinel"});
    if (program->OutLineWith("+monitor master").empty()) return;
    program->StopReading();
    sentinel.program = std::move(program);
  }

  // Sentinels look at each other every few seconds; tests do not wait for that.
  static void HurryUp(int port) {
    TellRedis(port, {"SENTINEL", "DEBUG", "INFO-PERIOD", "200", "PING-PERIOD", "100", "ASK-PERIOD",
                     "100", "PUBLISH-PERIOD", "100"});
  }

  bool KnowEachOther() const {
    for (const std::unique_ptr<Sentinel>& sentinel : sentinels_) {
      const auto reply = AskRedis(sentinel->port, {"SENTINEL", "MASTER", "critac"});
      if (!reply.ok()) return false;
      int64_t others = 0;
      int64_t replicas = 0;
      for (size_t i = 0; i + 1 < reply->value().size(); i += 2) {
        const absl::string_view name = reply->value()[i].text();
        const absl::string_view value = reply->value()[i + 1].text();
        if (name == "num-other-sentinels" && !absl::SimpleAtoi(value, &others)) return false;
        if (name == "num-slaves" && !absl::SimpleAtoi(value, &replicas)) return false;
      }
      if (others != 2 || replicas != 1) return false;
    }
    return IsMaster(master_) && IsReplica(replica_);
  }

  // A master waits so long for more replicas that want its data, before it sends it.
  static constexpr const char* kSyncDelay = "--repl-diskless-sync-delay";

  const absl::Duration down_after_;
  RedisServer master_{{kSyncDelay, "0"}};
  RedisServer replica_;
  std::array<std::unique_ptr<Sentinel>, 3> sentinels_;
  bool is_up_ = false;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_REDIS_SENTINEL_H_
