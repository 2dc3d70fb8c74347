#include "services/matching/certificate_line.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::matching {
namespace {

using critac::testing::Eventually;

// One call reads for as long as the test likes.
class CertificateCalls : public ::testing::Test {
 protected:
  ~CertificateCalls() override { LetGo(); }

  void BeginFirst() {
    first_ = std::thread([this] {
      EXPECT_TRUE(line_
                      .Run([] { return true; },
                           [this] {
                             begun_.Notify();
                             go_on_.WaitForNotification();
                             return absl::OkStatus();
                           })
                      .ok());
    });
    begun_.WaitForNotification();
  }
  void LetGo() {
    if (!go_on_.HasBeenNotified()) go_on_.Notify();
    if (first_.joinable()) first_.join();
  }

  CertificateLine line_;
  absl::Notification begun_;
  absl::Notification go_on_;
  std::thread first_;
};

TEST_F(CertificateCalls, ReadOneAtATimeAndWhoWaitedReadsThen) {
  BeginFirst();
  std::atomic<int> reading = 0, done = 0;
  std::vector<std::thread> others;
  for (int i = 0; i < CertificateLine::kMostWaiting; ++i) {
    others.emplace_back([&] {
      const absl::Status status = line_.Run([] { return true; },
                                            [&] {
                                              EXPECT_EQ(++reading, 1);
                                              ++done;
                                              --reading;
                                              return absl::OkStatus();
                                            });
      EXPECT_TRUE(status.ok()) << status;
    });
  }
  EXPECT_TRUE(Eventually([&] { return line_.waiting_count() == CertificateLine::kMostWaiting; }));
  EXPECT_EQ(done, 0);
  LetGo();
  for (std::thread& other : others) other.join();
  EXPECT_EQ(done, CertificateLine::kMostWaiting);
  EXPECT_EQ(line_.waiting_count(), 0);
}

TEST_F(CertificateCalls, BeyondTheFewThatMayWaitAreToldToComeBackLater) {
  BeginFirst();
  std::vector<std::thread> others;
  for (int i = 0; i < CertificateLine::kMostWaiting; ++i) {
    others.emplace_back(
        [&] { EXPECT_TRUE(line_.Run([] { return true; }, [] { return absl::OkStatus(); }).ok()); });
  }
  EXPECT_TRUE(Eventually([&] { return line_.waiting_count() == CertificateLine::kMostWaiting; }));
  const absl::Status refused = line_.Run([] { return true; },
                                         [] {
                                           ADD_FAILURE() << "it was to be refused";
                                           return absl::OkStatus();
                                         });
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "TOO_MANY_CERTIFICATES");
  EXPECT_EQ(ErrorInfoOf(refused).metadata().at("limit"), "4");
  EXPECT_EQ(RetryInfoOf(refused).retry_delay().seconds(), 5);
  LetGo();
  for (std::thread& other : others) other.join();
  EXPECT_TRUE(line_.Run([] { return true; }, [] { return absl::OkStatus(); }).ok());
}

TEST_F(CertificateCalls, StopWaitingWhenTheyAreNotWantedAnyMore) {
  BeginFirst();
  std::atomic<bool> is_wanted = true;
  absl::Status ended;
  std::thread other([&] {
    ended = line_.Run([&] { return is_wanted.load(); },
                      [] {
                        ADD_FAILURE() << "it was not wanted";
                        return absl::OkStatus();
                      });
  });
  EXPECT_TRUE(Eventually([&] { return line_.waiting_count() == 1; }));
  is_wanted = false;
  other.join();
  EXPECT_TRUE(absl::IsCancelled(ended)) << ended;
  EXPECT_EQ(line_.waiting_count(), 0);
}

TEST_F(CertificateCalls, ThatFailLetTheNextRead) {
  const absl::Status failed =
      line_.Run([] { return true; }, [] { return absl::NotFoundError("no such run"); });
  EXPECT_TRUE(absl::IsNotFound(failed)) << failed;
  EXPECT_TRUE(line_.Run([] { return true; }, [] { return absl::OkStatus(); }).ok());
}

}  // namespace
}  // namespace critac::matching
