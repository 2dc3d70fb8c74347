#include "services/cli/import/batch_queue.h"

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

Batch OneRow(int64_t number, const std::string& key = "") {
  Batch batch;
  PendingRow& row = batch.emplace_back();
  row.number = number;
  if (!key.empty()) row.keys.push_back(key);
  return batch;
}

TEST(BatchQueue, HandsBatchesBackInOrderWhateverFinishesFirst) {
  std::vector<int64_t> done;
  absl::Notification second_sent;
  BatchQueue queue(
      2,
      [&](Batch& batch) {
        if (batch[0].number == 1) second_sent.WaitForNotification();
        if (batch[0].number == 2) second_sent.Notify();
        return absl::OkStatus();
      },
      [&](const Batch& batch) { done.push_back(batch[0].number); });
  EXPECT_TRUE(queue.Submit(OneRow(1)));
  EXPECT_TRUE(queue.Submit(OneRow(2)));
  EXPECT_TRUE(queue.Submit(OneRow(3)));
  EXPECT_TRUE(queue.Finish().ok());
  EXPECT_THAT(done, ElementsAre(1, 2, 3));
}

TEST(BatchQueue, HoldsNoMoreThanItSends) {
  absl::Mutex mutex;
  int held = 0;
  int most = 0;
  BatchQueue queue(
      3,
      [&](Batch&) {
        absl::MutexLock lock(&mutex);
        most = std::max(most, ++held);
        return absl::OkStatus();
      },
      [&](const Batch&) {
        absl::MutexLock lock(&mutex);
        --held;
      });
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(queue.Submit(OneRow(i)));
  EXPECT_TRUE(queue.Finish().ok());
  EXPECT_LE(most, 3);
  EXPECT_EQ(held, 0);
}

TEST(BatchQueue, BatchesThatShareAKeyAreNeverOnTheirWayTogether) {
  absl::Mutex mutex;
  int sending = 0;
  bool together = false;
  BatchQueue queue(
      4,
      [&](Batch&) {
        {
          absl::MutexLock lock(&mutex);
          together |= ++sending > 1;
        }
        absl::MutexLock lock(&mutex);
        --sending;
        return absl::OkStatus();
      },
      [](const Batch&) {});
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(queue.Submit(OneRow(i, "UT0270400")));
  EXPECT_TRUE(queue.Finish().ok());
  EXPECT_FALSE(together);
}

TEST(BatchQueue, BatchesWithOtherKeysGoTogether) {
  absl::Notification both;
  absl::Mutex mutex;
  int sending = 0;
  BatchQueue queue(
      2,
      [&](Batch&) {
        {
          absl::MutexLock lock(&mutex);
          if (++sending == 2) both.Notify();
        }
        // Comes back only because the other batch is sent beside this one.
        both.WaitForNotification();
        return absl::OkStatus();
      },
      [](const Batch&) {});
  EXPECT_TRUE(queue.Submit(OneRow(1, "a")));
  EXPECT_TRUE(queue.Submit(OneRow(2, "b")));
  EXPECT_TRUE(queue.Finish().ok());
}

TEST(BatchQueue, TheFirstErrorEndsIt) {
  std::vector<int64_t> done;
  BatchQueue queue(
      1,
      [](Batch& batch) {
        return batch[0].number == 2 ? absl::UnavailableError("down") : absl::OkStatus();
      },
      [&](const Batch& batch) { done.push_back(batch[0].number); });
  bool taken = true;
  int submitted = 0;
  while (taken && submitted < 100) taken = queue.Submit(OneRow(++submitted));
  EXPECT_LE(submitted, 4) << "soon after the failure nothing more is taken";
  EXPECT_EQ(queue.Finish().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(done, ElementsAre(1));
}

TEST(BatchQueue, SendersMayChangeTheRows) {
  std::vector<std::string> problems;
  BatchQueue queue(
      2,
      [](Batch& batch) {
        batch[0].problem = absl::StrCat("row ", batch[0].number);
        return absl::OkStatus();
      },
      [&](const Batch& batch) { problems.push_back(batch[0].problem); });
  EXPECT_TRUE(queue.Submit(OneRow(1)));
  EXPECT_TRUE(queue.Submit(OneRow(2)));
  EXPECT_TRUE(queue.Finish().ok());
  EXPECT_THAT(problems, ElementsAre("row 1", "row 2"));
}

TEST(BatchQueue, FinishesByItselfWhenItGoesAway) {
  std::vector<int64_t> done;
  {
    BatchQueue queue(
        2, [](Batch&) { return absl::OkStatus(); },
        [&](const Batch& batch) { done.push_back(batch[0].number); });
    EXPECT_TRUE(queue.Submit(OneRow(1)));
  }
  EXPECT_THAT(done, SizeIs(1));
}

}  // namespace
}  // namespace critac::cli
