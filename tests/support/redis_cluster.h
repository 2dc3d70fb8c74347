#ifndef TESTS_SUPPORT_REDIS_CLUSTER_H_
#define TESTS_SUPPORT_REDIS_CLUSTER_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace critac::testing {

// A Redis Cluster of the test's own on loopback: three masters without replicas that share all
// slots, killed with the object.
class RedisCluster {
 public:
  static constexpr int kNodes = 3;

  RedisCluster() {
    for (int i = 0; i < kNodes; ++i) {
      if (!Start(i)) return;
    }
    // Each is told of each: what they tell each other takes its time.
    for (int i = 0; i < kNodes; ++i) {
      for (int other = 0; other < i; ++other) {
        if (!Introduce(i, other)) return;
      }
    }
    is_up_ = Eventually([this] { return IsWhole(); });
  }

  bool is_up() const { return is_up_; }
  std::string url() const {
    return absl::StrCat("redis+cluster://", nodes_[0]->address(), ",", nodes_[1]->address(), ",",
                        nodes_[2]->address());
  }
  int port(int node) const { return nodes_[node]->port(); }
  std::vector<int> ports() const { return {port(0), port(1), port(2)}; }
  std::string id(int node) const { return TextOfRedis(port(node), {"CLUSTER", "MYID"}); }

  // The slot of a key, and the node that has a slot.
  int SlotOf(const std::string& key) const {
    return static_cast<int>(NumberOfRedis(port(0), {"CLUSTER", "KEYSLOT", key}));
  }
  int NodeOf(int slot) const {
    for (int i = 0; i < kNodes; ++i) {
      const std::string nodes = TextOfRedis(port(i), {"CLUSTER", "NODES"});
      for (absl::string_view line : absl::StrSplit(nodes, '\n')) {
        if (absl::StrContains(line, "myself") && HasSlot(line, slot)) return i;
      }
    }
    return -1;
  }

  // Whether all nodes know each other and all slots.
  bool IsWhole() const {
    for (int i = 0; i < kNodes; ++i) {
      const std::string info = TextOfRedis(port(i), {"CLUSTER", "INFO"});
      if (!absl::StrContains(info, "cluster_state:ok") ||
          !absl::StrContains(info, "cluster_slots_ok:16384") ||
          !absl::StrContains(info, absl::StrCat("cluster_size:", kNodes))) {
        return false;
      }
    }
    return true;
  }

 private:
  // Whether a line of CLUSTER NODES, of which the ninth and later words are slots, names the slot.
  static bool HasSlot(absl::string_view line, int slot) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    for (size_t i = 8; i < words.size(); ++i) {
      const std::vector<absl::string_view> ends = absl::StrSplit(words[i], '-');
      int first = 0;
      int last = 0;
      if (!absl::SimpleAtoi(ends.front(), &first) || !absl::SimpleAtoi(ends.back(), &last))
        continue;
      if (first <= slot && slot <= last) return true;
    }
    return false;
  }

  bool Introduce(int node, int other) {
    return TellRedis(port(node), {"CLUSTER", "MEET", "127.0.0.1", std::to_string(port(other)),
                                  std::to_string(bus_ports_[other])});
  }

  bool Start(int node) {
    for (int tries = 0; tries < 10; ++tries) {
      bus_ports_[node] = FreePort();
      nodes_[node] = std::make_unique<RedisServer>(std::vector<std::string>{
          "--cluster-enabled", "yes", "--cluster-port", std::to_string(bus_ports_[node]),
          "--cluster-node-timeout", "5000"});
      if (nodes_[node]->is_up()) break;
    }
    if (!nodes_[node]->is_up()) return false;
    const int first = kSlots * node / kNodes;
    const int end = kSlots * (node + 1) / kNodes;
    return TellRedis(port(node), {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(node + 1)}) &&
           TellRedis(port(node),
                     {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(end - 1)});
  }

  static constexpr int kSlots = 16384;

  std::array<std::unique_ptr<RedisServer>, kNodes> nodes_;
  std::array<int, kNodes> bus_ports_ = {};
  bool is_up_ = false;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_REDIS_CLUSTER_H_
