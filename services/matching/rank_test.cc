#include "services/matching/rank.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Ranking : public testing::Test {
 protected:
  Ranking() {
    center_.AddPartner("nsa");
    center_.AddDemand("r1");
    AddExpert("e3", intake::v1::LEVEL_PRACTITIONER);
    AddExpert("e1", intake::v1::LEVEL_PRACTITIONER);
    AddExpert("e2", intake::v1::LEVEL_EXPERT);
    AddExpert("e5", intake::v1::LEVEL_EXPERT).set_active(false);
    AddExpert("e4", intake::v1::LEVEL_EXPERT).clear_topics();
    AddExpert("e0", intake::v1::LEVEL_EXPERT).set_capacity_open(0);
  }

  v1::Expert& AddExpert(const std::string& id, intake::v1::Level level) {
    v1::Expert& expert = center_.AddExpert(id);
    expert.mutable_topics(0)->set_level(level);
    return expert;
  }

  v1::RankCandidatesResponse Rank(const RankOptions& options) {
    return RankCandidates(center_.Build(), 0, options);
  }

  static std::vector<std::string> Names(const v1::RankCandidatesResponse& response) {
    std::vector<std::string> names;
    for (const v1::Candidate& candidate : response.candidates())
      names.push_back(candidate.expert());
    return names;
  }

  Center center_;
};

TEST_F(Ranking, TheBestComeFirstAndEqualsByName) {
  const v1::RankCandidatesResponse response = Rank({});
  EXPECT_THAT(Names(response), ElementsAre("experts/e2", "experts/e1", "experts/e3"));
  EXPECT_EQ(response.candidates(0).rank(), 1);
  EXPECT_EQ(response.candidates(2).rank(), 3);
  EXPECT_EQ(response.candidates(0).score_e6(), 1000000);
  EXPECT_EQ(response.candidates(1).score_e6(), 666667);
  EXPECT_EQ(response.candidates(0).parts_size(), 5);
  EXPECT_EQ(response.candidates(0).partner(), "partners/nsa");
  EXPECT_THAT(response.candidates(0).periods(), ElementsAre("2026Q4"));
  EXPECT_EQ(response.candidates(0).full_name(), "");
  EXPECT_EQ(response.slot(), "s1");
  EXPECT_EQ(response.policy_version(), 1);
}

TEST_F(Ranking, TheExcludedAreListedByGateWithTheReason) {
  const v1::RankCandidatesResponse response = Rank({});
  ASSERT_EQ(response.excluded_size(), 3);
  EXPECT_EQ(response.excluded(0).expert(), "experts/e5");
  EXPECT_EQ(response.excluded(0).gate(), v1::GATE_MEMBERSHIP);
  EXPECT_EQ(response.excluded(0).explanation(), "the expert is not active");
  EXPECT_EQ(response.excluded(1).expert(), "experts/e4");
  EXPECT_EQ(response.excluded(1).gate(), v1::GATE_TOPIC);
  EXPECT_EQ(response.excluded(2).expert(), "experts/e0");
  EXPECT_EQ(response.excluded(2).gate(), v1::GATE_CAPACITY);
  EXPECT_THAT(response.excluded(2).explanation(), HasSubstr("0 of 0 open at once"));
}

TEST_F(Ranking, OnlyTheTopAreListedAndAllAreCounted) {
  RankOptions options;
  options.top = 1;
  options.list_excluded = false;
  const v1::RankCandidatesResponse response = Rank(options);
  EXPECT_THAT(Names(response), ElementsAre("experts/e2"));
  EXPECT_EQ(response.excluded_size(), 0);
  EXPECT_EQ(response.eligible_count(), 3);
  EXPECT_EQ(response.excluded_count(), 3);
  options.top = -1;
  EXPECT_EQ(Rank(options).candidates_size(), 0);
  options.top = 1000;
  EXPECT_EQ(Rank(options).candidates_size(), 3);
}

TEST_F(Ranking, TheTopOfManyIsTheBeginningOfTheWholeOrder) {
  for (int i = 0; i < 200; ++i) {
    AddExpert(absl::StrCat("m", i), static_cast<intake::v1::Level>(1 + i * 7 % 3));
  }
  RankOptions all;
  all.top = 1000;
  const std::vector<std::string> whole = Names(Rank(all));
  ASSERT_EQ(whole.size(), 203u);
  for (const int top : {0, 1, 10, 100, 203}) {
    RankOptions some;
    some.top = top;
    EXPECT_EQ(Names(Rank(some)), std::vector<std::string>(whole.begin(), whole.begin() + top));
  }
}

TEST_F(Ranking, WithoutExpertsNobodyIsRanked) {
  center_.experts.clear();
  const v1::RankCandidatesResponse response = Rank({});
  EXPECT_EQ(response.candidates_size(), 0);
  EXPECT_EQ(response.eligible_count(), 0);
  EXPECT_EQ(response.excluded_count(), 0);
}

TEST_F(Ranking, AnotherOrderOfTheInputGivesTheSameAnswer) {
  const std::string before = Rank({}).SerializeAsString();
  std::reverse(center_.experts.begin(), center_.experts.end());
  EXPECT_EQ(Rank({}).SerializeAsString(), before);
}

}  // namespace
}  // namespace critac::matching
