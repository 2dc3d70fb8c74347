// The cluster's shape on one machine: whatever process of it is killed, the work goes on, and what was
// acknowledged has its consequences, each once.
#include <signal.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/process/bulk_import.h"
#include "tests/process/ledger.h"
#include "tests/process/local_cluster.h"
#include "tests/process/small_program.h"
#include "tests/process/traffic.h"
#include "tests/support/eventually.h"

namespace critac::testing {
namespace {

using ::testing::SizeIs;

// Enough for some to leave.
constexpr int kExperts = 40;
// Acknowledged while what was killed is away, and once it is back.
constexpr int kCallsOfARound = 10;

// Goal: no process is one without which the center stops for good, and none takes anything along.
// Method: people make calls all the time (traffic.h). A few processes at a time, none of which stands in
// for another of them, are killed, each at least once. The master of Redis is killed twice: it begins
// again at once the first time, and so late the second time that another takes its place. Each time a
// file is being imported (bulk_import.h), through the replica of intake that is killed, and at last over
// the primary of PostgreSQL that is. Then each replica of a service is asked to stop, and the next once
// it is back, as an update is rolled out. Afterwards the ledger (ledger.h), which knows what was
// acknowledged and reads the journals, must balance.
TEST(Cluster, EachProcessIsKilledAndNothingIsLostOrDoubled) {
  LocalCluster cluster;
  ASSERT_TRUE(cluster.is_up());
  const auto standbys = cluster.WithRole("standby");
  const auto replicas = cluster.WithRole("replica");
  ASSERT_THAT(standbys, SizeIs(2));
  ASSERT_THAT(replicas, SizeIs(2));
  ASSERT_THAT(cluster.WithRole("primary"), SizeIs(1));
  ASSERT_THAT(cluster.WithRole("master"), SizeIs(1));
  const std::string primary = cluster.WithRole("primary")[0];
  const std::string master = cluster.WithRole("master")[0];
  const std::vector<std::vector<std::string>> rounds = {
      {replicas[0], "sentinel-0", standbys[0], "intake-0", "matching-1"},
      {replicas[1], "sentinel-1", standbys[1], "intake-1", "metrics-0"},
      {master, "sentinel-2", "matching-0", "metrics-1"},
      {master, primary},
  };

  {
    const SmallProgram program(cluster, kExperts);
    Traffic traffic(cluster, program);
    std::set<std::string> killed_once;
    std::set<std::string> imported;
    for (size_t i = 0; i < rounds.size(); ++i) {
      const std::string replica = absl::StrCat("intake-", i % 2);
      const std::string other = absl::StrCat("intake-", (i + 1) % 2);
      traffic.AwaitCalls(kCallsOfARound);
      BulkImport import(cluster, program, absl::StrCat("round-", i));
      ASSERT_NO_FATAL_FAILURE(import.Begin(replica));
      const auto killed = cluster.Kill(rounds[i]);
      traffic.AwaitCalls(kCallsOfARound);
      import.Finish(other);
      cluster.AwaitBack(killed);
      import.ExpectNothingNew(replica);
      killed_once.insert(rounds[i].begin(), rounds[i].end());
      imported.insert(import.external_ids().begin(), import.external_ids().end());
    }
    for (const auto& [name, process] : cluster.Processes()) {
      EXPECT_TRUE(killed_once.contains(name)) << name << " was never killed";
    }
    for (const std::string& name : cluster.WithRole("-")) {
      cluster.AwaitBack(cluster.Kill({name}, SIGTERM));
      traffic.AwaitCalls(kCallsOfARound);
    }
    EXPECT_NE(cluster.WithRole("primary"), std::vector<std::string>{primary});
    EXPECT_NE(cluster.WithRole("master"), std::vector<std::string>{master});

    traffic.Bring(6);
    std::vector<std::string> amiss;
    EXPECT_TRUE(Eventually(
        [&] {
          Acknowledged acknowledged = traffic.acknowledged();
          acknowledged.imported = imported;
          amiss = Amiss(acknowledged, traffic.ReadJournals());
          return amiss.empty();
        },
        absl::Minutes(2)))
        << absl::StrJoin(amiss, "\n");
    cluster.ExpectWholeJournals();
  }
  EXPECT_EQ(cluster.Stop(), 0);
}

}  // namespace
}  // namespace critac::testing
