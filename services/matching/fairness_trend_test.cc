#include "services/matching/fairness_trend.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(MannKendallTest, SaysHowSeldomAnOrderSoFarFromNoneComesByChance) {
  struct Series {
    std::vector<int64_t> values;
    int64_t s;
    int64_t p_value_e6;
  };
  const std::vector<Series> all = {
      {{}, 0, 1'000'000},
      {{7}, 0, 1'000'000},
      {{4, 4, 4, 4, 4}, 0, 1'000'000},
      {{1, 2}, 1, 1'000'000},
      {{1, 2, 3, 4}, 6, 83'334},                         // 2 of 24
      {{1, 2, 3, 4, 5}, 10, 16'667},                     // 2 of 120
      {{9, 7, 5, 3, -1}, -10, 16'667},                   // the size of a step does not count
      {{2, 1, 3, 4, 5}, 8, 83'334},                      // 10 of 120
      {{5, 1, 4, 2, 3}, -2, 816'667},                    // 98 of 120
      {{0, 0, 0, 1, 1, 1}, 9, 100'000},                  // 2 of 20
      {{1, 1, 2, 3, 4}, 9, 33'334},                      // 2 of 60
      {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 66, 1},  // 2 of 479,001,600
  };
  for (const Series& one : all) {
    const MannKendall test = MannKendallOf(one.values);
    EXPECT_EQ(test.s, one.s) << absl::StrJoin(one.values, " ");
    EXPECT_EQ(test.p_value_e6, one.p_value_e6) << absl::StrJoin(one.values, " ");
  }
}

// Puts the values into every order there is, and counts.
TEST(MannKendallTest, IsExactAlsoWhereValuesAreEqual) {
  const std::vector<std::vector<int64_t>> multisets = {
      {1, 2, 3, 4, 5, 6}, {1, 1, 2, 3, 4}, {1, 1, 1, 2, 2, 3}, {0, 0, 5, 5, 5, 9, 9}, {3, 3, 3, 4}};
  const auto s_of = [](const std::vector<int64_t>& values) {
    int64_t s = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        s += static_cast<int>(values[i] > values[j]) - static_cast<int>(values[i] < values[j]);
      }
    }
    return s;
  };
  for (std::vector<int64_t> values : multisets) {
    std::vector<std::vector<int64_t>> orders;
    do {
      orders.push_back(values);
    } while (std::next_permutation(values.begin(), values.end()));
    const auto all = static_cast<int64_t>(orders.size());
    for (const std::vector<int64_t>& order : orders) {
      const int64_t s = s_of(order);
      const int64_t as_far = std::count_if(orders.begin(), orders.end(), [&](const auto& other) {
        return std::abs(s_of(other)) >= std::abs(s);
      });
      const MannKendall test = MannKendallOf(order);
      ASSERT_EQ(test.s, s) << absl::StrJoin(order, " ");
      ASSERT_EQ(test.p_value_e6, (as_far * 1'000'000 + all - 1) / all) << absl::StrJoin(order, " ");
    }
  }
}

// What runs measured, one after another, each recorded after the one before.
class FairnessTrends : public ::testing::Test {
 protected:
  // A run with a Gini coefficient and, where groups can be compared, a ratio of the shares placed by state.
  void Record(int64_t gini_e6, std::optional<int64_t> ratio_e6 = std::nullopt) {
    v1::SolveRun run;
    run.set_name(absl::StrCat("runs/r", ++count_));
    v1::Fairness& fairness = *run.mutable_fairness();
    fairness.add_partners()->set_partner("partners/nsa");
    fairness.set_partner_gini_e6(gini_e6);
    if (ratio_e6.has_value()) {
      v1::Disparity& disparity = *fairness.add_disparities();
      disparity.set_dimension(v1::GROUP_DIMENSION_STATE);
      disparity.set_ratio_e6(*ratio_e6);
    }
    AddTrends(count_ == 1 ? nullptr : &last_, run);
    last_ = run;
  }

  // `PARTNER_GINI by UNSPECIFIED: 1 2, TOO_FEW_RUNS`.
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const v1::FairnessTrend& trend : last_.fairness().trends()) {
      texts.push_back(absl::StrCat(v1::FairnessMeasure_Name(trend.measure()).substr(17), " by ",
                                   v1::GroupDimension_Name(trend.dimension()).substr(16), ": ",
                                   absl::StrJoin(trend.values_e6(), " "), ", ",
                                   v1::FairnessDirection_Name(trend.direction()).substr(19)));
    }
    return texts;
  }

  int count_ = 0;
  v1::SolveRun last_;
};

TEST_F(FairnessTrends, OfTooFewRunsOnlyTheValuesAreSaid) {
  Record(1, 9);
  for (const int64_t gini_e6 : {2, 3, 4}) Record(gini_e6, 10 - gini_e6);
  EXPECT_THAT(Texts(), ElementsAre("PARTNER_GINI by UNSPECIFIED: 1 2 3 4, TOO_FEW_RUNS",
                                   "SHARE_PLACED by STATE: 9 8 7 6, TOO_FEW_RUNS"));
  EXPECT_FALSE(last_.fairness().trends(0).has_p_value_e6());
  EXPECT_FALSE(last_.fairness().trends(0).has_mann_kendall_s());
  EXPECT_THAT(last_.fairness().trend_runs(),
              ElementsAre("runs/r1", "runs/r2", "runs/r3", "runs/r4"));
  Record(5, 5);
  EXPECT_THAT(Texts(), ElementsAre("PARTNER_GINI by UNSPECIFIED: 1 2 3 4 5, LESS_EVEN",
                                   "SHARE_PLACED by STATE: 9 8 7 6 5, LESS_EVEN"));
  EXPECT_EQ(last_.fairness().trends(0).mann_kendall_s(), 10);
  EXPECT_EQ(last_.fairness().trends(1).mann_kendall_s(), -10);
  EXPECT_EQ(last_.fairness().trends(1).p_value_e6(), 16'667);
}

TEST_F(FairnessTrends, LessInequalityAndMoreLikenessAreMoreEven) {
  for (const int64_t step : {1, 2, 3, 4, 5}) Record(9 - step, step);
  EXPECT_THAT(Texts(), ElementsAre("PARTNER_GINI by UNSPECIFIED: 8 7 6 5 4, MORE_EVEN",
                                   "SHARE_PLACED by STATE: 1 2 3 4 5, MORE_EVEN"));
}

TEST_F(FairnessTrends, WhatMayWellBeChanceIsNoTrend) {
  for (const int64_t gini_e6 : {2, 1, 3, 4, 5}) Record(gini_e6, 1'000'000);
  EXPECT_THAT(Texts(),
              ElementsAre("PARTNER_GINI by UNSPECIFIED: 2 1 3 4 5, NO_TREND",
                          "SHARE_PLACED by STATE: 1000000 1000000 1000000 1000000 1000000, "
                          "NO_TREND"));
}

TEST_F(FairnessTrends, ARunThatCouldNotCompareGroupsLeavesAGap) {
  Record(1);
  for (const int64_t ratio_e6 : {1, 2, 3, 4}) Record(1, ratio_e6);
  Record(1);
  EXPECT_EQ(Texts()[1], "SHARE_PLACED by STATE: -1 1 2 3 4 -1, TOO_FEW_RUNS");
  Record(1, 5);
  EXPECT_EQ(Texts()[1], "SHARE_PLACED by STATE: -1 1 2 3 4 -1 5, MORE_EVEN");
}

TEST_F(FairnessTrends, OnlyTheNewestTwelveRunsCount) {
  Record(1, 7);
  for (int i = 0; i < 11; ++i) Record(1);
  EXPECT_THAT(last_.fairness().trend_runs(), SizeIs(12));
  EXPECT_THAT(last_.fairness().trends(), SizeIs(2));
  Record(1);
  EXPECT_THAT(last_.fairness().trend_runs(), SizeIs(12));
  EXPECT_EQ(last_.fairness().trend_runs(0), "runs/r2");
  EXPECT_EQ(last_.fairness().trend_runs(11), "runs/r13");
  EXPECT_THAT(Texts(), ElementsAre("PARTNER_GINI by UNSPECIFIED: 1 1 1 1 1 1 1 1 1 1 1 1, "
                                   "NO_TREND"))
      << "of what no run of them measured nothing is said";
}

TEST_F(FairnessTrends, ARunFromBeforeTheyWereKeptGivesWhatItMeasured) {
  Record(1, 7);
  last_.mutable_fairness()->clear_trend_runs();
  last_.mutable_fairness()->clear_trends();
  Record(2, 8);
  EXPECT_THAT(Texts(), ElementsAre("PARTNER_GINI by UNSPECIFIED: 1 2, TOO_FEW_RUNS",
                                   "SHARE_PLACED by STATE: 7 8, TOO_FEW_RUNS"));
  last_.clear_fairness();
  Record(3);
  EXPECT_THAT(Texts(), ElementsAre("PARTNER_GINI by UNSPECIFIED: 3, TOO_FEW_RUNS"));
}

TEST(FairnessTrendsOfNothing, ARunThatMeasuredNothingHasNone) {
  v1::SolveRun run;
  run.set_name("runs/r1");
  AddTrends(nullptr, run);
  EXPECT_THAT(run.fairness().trends(), IsEmpty());
  EXPECT_THAT(run.fairness().trend_runs(), ElementsAre("runs/r1"));
}

}  // namespace
}  // namespace critac::matching
