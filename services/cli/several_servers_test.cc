// The command line against a center whose services are processes of their own, each played by a test.
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/server/queue_service.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "critac/queue/v1/queue.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/testing/cli_run.h"
#include "services/cli/testing/fake_center.h"

namespace critac::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kListQueues[] = "critac.queue.v1.QueueService/ListQueues";
constexpr char kPauseQueue[] = "critac.queue.v1.QueueService/PauseQueue";
constexpr char kVerifyChain[] = "critac.journal.v1.JournalService/VerifyChain";
constexpr char kReadEvents[] = "critac.journal.v1.JournalService/ReadEvents";
constexpr char kNowhere[] = "127.0.0.1:1";

// Queue → jobs that a process has done.
using Done = std::map<std::string, int>;

class SeveralServers : public ::testing::Test {
 protected:
  SeveralServers() {
    unsetenv("CRITAC_SERVER");
    unsetenv("CRITAC_AS");
    unsetenv("CRITAC_OUTPUT");
    HasQueues(intake_, {{"match", 0}});
    HasQueues(matching_, {{"match", 7}, {"sync", 3}});
    HasQueues(metrics_, {{"report", 1}});
  }

  std::string All() const {
    return absl::StrCat("intake=", intake_.address(), ",matching=", matching_.address(),
                        ",metrics=", metrics_.address());
  }
  // Nobody is where metrics should be.
  std::string WithoutMetrics() const {
    return absl::StrCat("intake=", intake_.address(), ",matching=", matching_.address(),
                        ",metrics=", kNowhere);
  }

  CliRun Run(const std::string& words, const std::string& server) const {
    std::vector<std::string> arguments = absl::StrSplit(words, ' ');
    arguments.push_back(absl::StrCat("--server=", server));
    if (!absl::StrContains(words, "--as")) arguments.push_back("--as=operator:ops");
    return CliRun(arguments);
  }

  // Answers for the queues that a process has.
  static void HasQueues(FakeCenter& process, const Done& done) {
    process.On<queue::v1::ListQueuesRequest, queue::v1::ListQueuesResponse>(
        kListQueues, [done](const auto&, auto& response) {
          for (const auto& [name, completed] : done) {
            *response.add_queues() = Stats(name, completed);
          }
          return absl::OkStatus();
        });
    process.On<queue::v1::PauseQueueRequest, queue::v1::QueueStats>(
        kPauseQueue, [done](const auto& request, auto& stats) {
          const auto found = done.find(request.queue());
          if (found == done.end()) return server::QueueNotFound(request.queue(), {});
          stats = Stats(found->first, found->second);
          stats.set_paused(true);
          return absl::OkStatus();
        });
  }
  static queue::v1::QueueStats Stats(const std::string& name, int completed) {
    queue::v1::QueueStats stats;
    stats.set_queue(name);
    stats.set_ready(5);
    stats.set_completed(completed);
    return stats;
  }

  // Answers for a journal of the name that is asked for.
  static void HasJournal(FakeCenter& process) {
    process.On<journal::v1::VerifyChainRequest, journal::v1::VerifyChainResponse>(
        kVerifyChain, [](const auto& request, auto& response) {
          response.set_journal(request.journal());
          response.set_intact(true);
          return absl::OkStatus();
        });
    process.OnStream<journal::v1::ReadEventsRequest, journal::v1::ReadEventsResponse>(
        kReadEvents, [](const auto&, auto&) { return absl::OkStatus(); });
  }

  FakeCenter intake_;
  FakeCenter matching_;
  FakeCenter metrics_;
};

TEST_F(SeveralServers, EachCallGoesToTheServiceThatAnswersIt) {
  intake_.On<intake::v1::GetAgencyRequest, intake::v1::Agency>(
      "critac.intake.v1.AgencyService/GetAgency", [](const auto&, auto& agency) {
        agency.set_name("agencies/ag-1");
        return absl::OkStatus();
      });
  matching_.On<matching::v1::GetPartnerRequest, matching::v1::Partner>(
      "critac.matching.v1.PartnerService/GetPartner", [](const auto&, auto& partner) {
        partner.set_name("partners/iacp");
        return absl::OkStatus();
      });
  metrics_.On<metrics::v1::ListMeasuresRequest, metrics::v1::ListMeasuresResponse>(
      "critac.metrics.v1.MeasureService/ListMeasures",
      [](const auto&, auto&) { return absl::OkStatus(); });
  EXPECT_EQ(Run("agency get ag-1 --output name", All()).out(), "agencies/ag-1\n");
  EXPECT_EQ(Run("partner get iacp --output name", All()).out(), "partners/iacp\n");
  EXPECT_EQ(Run("metrics list", All()).status(), kDone);
}

TEST_F(SeveralServers, AServiceThatIsNotNamedIsAUsageErrorWhenItIsNeeded) {
  const CliRun run = Run("partner get iacp", absl::StrCat("intake=", intake_.address()));
  EXPECT_EQ(run.status(), kUsage);
  EXPECT_THAT(run.err(), HasSubstr("does not say where matching is"));
  EXPECT_THAT(run.err(), HasSubstr("add matching=HOST:PORT"));
}

TEST_F(SeveralServers, AnErrorNamesTheAddressThatWasCalled) {
  const CliRun gone = Run("metrics list", WithoutMetrics());
  EXPECT_EQ(gone.status(), kUnreachable);
  EXPECT_THAT(gone.err(), HasSubstr(absl::StrCat("nothing answers at ", kNowhere, ";")));
  // Intake is where matching should be.
  const CliRun wrong = Run("partner get iacp", absl::StrCat("matching=", intake_.address()));
  EXPECT_EQ(wrong.status(), kRefused);
  EXPECT_THAT(wrong.err(),
              HasSubstr(absl::StrCat(intake_.address(), " is of another version, or")));
}

TEST_F(SeveralServers, EveryJournalIsAskedOfTheServiceThatWritesIt) {
  for (FakeCenter* process : {&intake_, &matching_, &metrics_}) HasJournal(*process);
  EXPECT_EQ(Run("journal verify --output csv --as auditor:ines", All()).status(), kDone);
  EXPECT_EQ(Run("journal show matching --all --as auditor:ines", All()).status(), kDone);
  const std::map<std::string, FakeCenter*> processes = {
      {"intake", &intake_}, {"matching", &matching_}, {"metrics", &metrics_}};
  for (const auto& [name, process] : processes) {
    const auto asked = process->RequestsOf<journal::v1::VerifyChainRequest>(kVerifyChain);
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked[0].journal(), name);
    EXPECT_THAT(process->CallsOf(kReadEvents), SizeIs(name == "matching" ? 1 : 0));
  }
}

TEST_F(SeveralServers, AQueueThatSeveralProcessesHaveIsListedOnceWithWhatAllOfThemHaveDone) {
  EXPECT_EQ(Run("queue list --output csv", All()).out(),
            "queue,ready,delayed,leased,dead,oldest_ms,paused,rate,done\r\n"
            "match,5,0,0,0,0,false,0,7\r\n"
            "report,5,0,0,0,0,false,0,1\r\n"
            "sync,5,0,0,0,0,false,0,3\r\n");
  EXPECT_THAT(Run("queue stats match --output csv", All()).out(),
              HasSubstr("\r\nmatch,5,0,0,0,0,false,0,7\r\n"));
}

TEST_F(SeveralServers, QueuesOfThoseWhoAnswerAreListedBesideTheErrorOfOneWhoDoesNot) {
  const CliRun run = Run("queue list --output name", WithoutMetrics());
  EXPECT_EQ(run.status(), kUnreachable);
  EXPECT_EQ(run.out(), "match\nsync\n");
  EXPECT_THAT(run.err(), HasSubstr(kNowhere));
}

TEST_F(SeveralServers, ACommandOnAQueueGoesToAProcessThatHasIt) {
  EXPECT_THAT(Run("queue pause sync --output csv", All()).out(),
              HasSubstr("\r\nsync,5,0,0,0,0,true,0,3\r\n"));
  EXPECT_THAT(intake_.CallsOf(kPauseQueue), IsEmpty());
  EXPECT_THAT(matching_.CallsOf(kPauseQueue), SizeIs(1));
  EXPECT_EQ(Run("queue pause report", All()).status(), kDone);
  EXPECT_THAT(metrics_.CallsOf(kPauseQueue), SizeIs(1));
  // Intake and matching have it. Whichever is asked, the figures are those of both.
  EXPECT_THAT(Run("queue pause match --output csv", All()).out(),
              HasSubstr("\r\nmatch,5,0,0,0,0,true,0,7\r\n"));
}

TEST_F(SeveralServers, AQueueIsGovernedWhileTheProcessesOfOthersAreDown) {
  EXPECT_EQ(Run("queue pause sync", WithoutMetrics()).status(), kDone);
  const CliRun run = Run("queue pause report", WithoutMetrics());
  EXPECT_EQ(run.status(), kUnreachable) << "one that is down may have it";
  EXPECT_THAT(run.err(), HasSubstr(kNowhere));
}

TEST_F(SeveralServers, AQueueThatNoProcessHasIsRefusedInTheWordsOfTheServer) {
  const auto refused =
      AllOf(HasSubstr("there is no queue `mtach` here; there are: match, report, sync"),
            HasSubstr("reason: QUEUE_NOT_FOUND"));
  for (const std::string command : {"queue stats mtach", "queue pause mtach", "queue peek mtach"}) {
    const CliRun run = Run(command, All());
    EXPECT_EQ(run.status(), kRefused);
    EXPECT_THAT(run.err(), refused);
  }
  EXPECT_THAT(metrics_.CallsOf(kPauseQueue), IsEmpty());
}

TEST_F(SeveralServers, ServicesAtOneAddressAreAskedOnce) {
  const std::string server =
      absl::StrCat("intake=", matching_.address(), ",matching=", matching_.address());
  EXPECT_THAT(Run("queue stats match --output csv", server).out(), HasSubstr(",0,7\r\n"));
  EXPECT_THAT(matching_.CallsOf(kListQueues), SizeIs(1));
}

}  // namespace
}  // namespace critac::cli
