// The whole center as shipped, under what may happen to it: killed at any moment, a disk that is
// full, a folder that is taken.
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "tests/process/center.h"
#include "tests/process/small_program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tight_places.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using ::testing::HasSubstr;

absl::StatusOr<intake::v1::Request> Submit(Center& center, const SmallProgram& program,
                                           int number) {
  return center.AsCoordinator<RequestService>(&RequestService::Stub::CreateRequest,
                                              program.Submission(number));
}

// Every request on record, by name.
std::map<std::string, intake::v1::Request> AllRequests(Center& center) {
  std::map<std::string, intake::v1::Request> all;
  intake::v1::ListRequestsRequest list;
  list.set_page_size(1000);
  do {
    const auto page =
        center.AsCoordinator<RequestService>(&RequestService::Stub::ListRequests, list);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return all;
    for (const auto& request : page->requests()) all[request.name()] = request;
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  return all;
}

// Callers that submit one request after the other until the center is gone.
class Callers {
 public:
  // `enough` acknowledged calls, and Await returns.
  Callers(Center& center, const SmallProgram& program, int first_number, int enough) {
    next_ = first_number;
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([&, enough] { Run(center, program, enough); });
    }
  }
  ~Callers() { Join(); }

  void Await() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&enough_));
  }
  void Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  int next() const { return next_; }
  // Number of a submission → name of the request that was acknowledged.
  const std::map<int, std::string>& acknowledged() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return acknowledged_;  // after Join
  }

 private:
  void Run(Center& center, const SmallProgram& program, int enough) {
    while (true) {
      const int number = next_++;
      const auto created = Submit(center, program, number);
      absl::MutexLock lock(&mutex_);
      if (created.ok()) acknowledged_[number] = created->name();
      enough_ = enough_ || !created.ok() || static_cast<int>(acknowledged_.size()) >= enough;
      if (!created.ok()) return;
    }
  }

  std::atomic<int> next_ = 0;
  absl::Mutex mutex_;
  std::map<int, std::string> acknowledged_ ABSL_GUARDED_BY(mutex_);
  bool enough_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// Goal: whatever moment it is killed at, what was acknowledged is there, and nothing is there twice.
// Method: callers submit all the time; the center is killed after a random number of answers, some
// times over; every submission is then made once more with its request id, as a client would.
TEST(CenterFaults, KilledAtAnyMomentNothingAcknowledgedIsMissingAndNothingIsDoubled) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  TempFolder folder;
  Center center(folder.file("data"));
  const SmallProgram program(center);
  std::map<int, std::string> acknowledged;
  int next = 0;
  for (int round = 0; round < 6; ++round) {
    Callers callers(center, program, next, 1 + static_cast<int>(random() % 200));
    callers.Await();
    center.Kill();
    callers.Join();
    acknowledged.insert(callers.acknowledged().begin(), callers.acknowledged().end());
    next = callers.next();
    center.Start();
    const auto requests = AllRequests(center);
    for (const auto& [number, name] : callers.acknowledged()) {
      ASSERT_TRUE(requests.contains(name)) << "acknowledged and gone: " << name;
    }
  }
  std::set<std::string> names;
  for (int number = 0; number < next; ++number) {
    const auto again = Submit(center, program, number);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->title(), absl::StrCat("Help number ", number));
    names.insert(again->name());
    if (const auto before = acknowledged.find(number); before != acknowledged.end()) {
      EXPECT_EQ(again->name(), before->second);
    }
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(next)) << "one request each";
  EXPECT_EQ(AllRequests(center).size(), static_cast<size_t>(next)) << "and no other";
  center.ExpectWholeJournals();
  EXPECT_EQ(center.Stop(), 0);
}

TEST(CenterFaults, AJobThatAKillInterruptedIsDoneAfterTheRestart) {
  TempFolder folder;
  Center center(folder.file("data"));
  const SmallProgram program(center);
  for (int number = 0; number < 5; ++number) {
    const auto created = Submit(center, program, number);
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_TRUE(SmallProgram::MakeReady(center, created->name()).ok());
    // The request is ready; its job was just put into a queue that is in memory only.
    center.Kill();
    center.Start();
    matching::v1::ListProposalsRequest list;
    list.set_filter(absl::StrCat("request = \"", created->name(), "\""));
    bool proposed = false;
    for (int64_t from = 1; !proposed;) {
      const auto event = center.AwaitEvent("matching", "critac.matching.v1.ProposalMade", from);
      ASSERT_TRUE(event.ok()) << event.status();
      proposed = absl::StrContains(event->payload(), absl::StrCat("\"", created->name(), "\""));
      from = event->sequence() + 1;
    }
    const auto proposals = center.AsCoordinator<matching::v1::MatchService>(
        &matching::v1::MatchService::Stub::ListProposals, list);
    ASSERT_TRUE(proposals.ok()) << proposals.status();
    int open = 0;
    for (const auto& proposal : proposals->proposals()) {
      open += proposal.state() == matching::v1::PROPOSAL_STATE_OPEN ? 1 : 0;
    }
    EXPECT_EQ(open, 1);
  }
  center.ExpectWholeJournals();
}

TEST(CenterFaults, AFullDiskRefusesWritesClearlyAndCorruptsNothing) {
  SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "this process may not mount a small disk";
  Center center(disk.file("data"));
  const SmallProgram program(center);
  const auto before = Submit(center, program, 0);
  ASSERT_TRUE(before.ok()) << before.status();
  disk.Fill();
  std::map<int, std::string> acknowledged;
  absl::Status refused;
  int number = 1;
  for (; refused.ok() && number < 20'000; ++number) {
    const auto created = Submit(center, program, number);
    if (created.ok()) {
      acknowledged[number] = created->name();
    } else {
      refused = created.status();
    }
  }
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_EQ(ReasonOf(refused), "COMMIT_FAILED");
  EXPECT_THAT(refused.message(), HasSubstr("its disk is full"));
  // What is on record can still be read.
  EXPECT_EQ(AllRequests(center).size(), acknowledged.size() + 1);
  disk.Free();
  const auto after = Submit(center, program, number - 1);
  EXPECT_TRUE(after.ok()) << after.status();
  center.Kill();
  center.Start();
  const auto requests = AllRequests(center);
  for (const auto& [submission, name] : acknowledged) EXPECT_TRUE(requests.contains(name));
  EXPECT_EQ(requests.size(), acknowledged.size() + 2);
  center.ExpectWholeJournals();
}

TEST(CenterFaults, AFolderThatAnotherCenterUsesIsRefusedAtTheStart) {
  TempFolder folder;
  Center center(folder.file("data"));
  RunningProgram second(CRITAC_PROGRAM, center.Arguments());
  EXPECT_EQ(second.Wait(), 1);
  const std::string said = second.RestOfError();
  EXPECT_THAT(said, HasSubstr(absl::StrCat(center.program().pid())));
  EXPECT_THAT(said, HasSubstr(folder.file("data")));
  EXPECT_EQ(center.Stop(), 0);
}

}  // namespace
}  // namespace critac::testing
