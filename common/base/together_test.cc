#include "common/base/together.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac {
namespace {

using ::testing::ElementsAre;

struct Call {
  int number = 0;
  int done_times = 0;
};

// Begins a call, and then others one after another, so that each waits behind the one before; all
// are let go when the last one waits. Returns the numbers of what was done at once, in order.
std::vector<std::vector<int>> Batches(Together<Call>& together,
                                      const std::vector<int64_t>& weights) {
  std::vector<std::vector<int>> batches;
  std::atomic<bool> begun = false;
  std::vector<Call> calls(weights.size());
  std::vector<std::thread> threads;
  const auto make = [&](int /*lane*/, absl::Span<Call* const> some) {
    begun = true;
    while (batches.empty() && together.waiting_count() + 1 < weights.size()) {
      std::this_thread::yield();
    }
    batches.emplace_back();
    for (const Call* const call : some) batches.back().push_back(call->number);
  };
  for (size_t i = 0; i < weights.size(); ++i) {
    calls[i].number = static_cast<int>(i);
    threads.emplace_back([&, i] { together.Do(calls[i], weights[i], make); });
    // The last lets go of all, and need not be seen.
    if (i + 1 == weights.size()) break;
    while (i == 0 ? !begun.load() : together.waiting_count() < i) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  return batches;
}

TEST(Together, WhatComesMeanwhileIsDoneAtOnceInTheOrderInWhichItCame) {
  Together<Call> together;
  EXPECT_THAT(Batches(together, {1, 1, 1, 1}), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3)));
}

TEST(Together, NoMoreThanTheMostIsDoneAtOnce) {
  Together<Call> together(1, 10);
  EXPECT_THAT(Batches(together, {1, 5, 5, 1, 11, 4}),
              ElementsAre(ElementsAre(0), ElementsAre(1, 2), ElementsAre(3), ElementsAre(4),
                          ElementsAre(5)));
}

TEST(Together, EachCallIsDoneOnceAndNoLaneIsUsedByTwo) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 2000;
  for (const int lanes : {1, 3}) {
    Together<Call> together(lanes);
    std::vector<std::atomic<int>> making(static_cast<size_t>(lanes));
    std::vector<std::vector<Call>> calls(kThreads, std::vector<Call>(kCalls));
    std::vector<std::thread> threads;
    for (std::vector<Call>& own : calls) {
      threads.emplace_back([&] {
        for (Call& call : own) {
          together.Do(call, 1, [&](int lane, absl::Span<Call* const> some) {
            EXPECT_EQ(++making.at(static_cast<size_t>(lane)), 1);
            for (Call* const one : some) ++one->done_times;
            --making.at(static_cast<size_t>(lane));
          });
          EXPECT_EQ(call.done_times, 1);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace critac
