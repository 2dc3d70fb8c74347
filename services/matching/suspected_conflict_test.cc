// What is said of experts who may be somebody whom a conflict of interest keeps out.

#include "services/matching/suspected_conflict.h"

#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/explain.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Robert Lee of oak serves in the agency of the request; Bob Lee of elm lives where he does.
Center LeeCenter() {
  Center center;
  center.AddPartner("elm");
  center.AddPartner("oak");
  for (const auto& [id, partner, name] :
       {std::tuple("bob", "elm", "Bob Lee"), std::tuple("robert", "oak", "Robert Lee")}) {
    v1::Expert& expert = center.AddExpert(id, partner);
    expert.set_full_name(name);
    expert.mutable_home()->set_latitude_e6(40'760'000);
    expert.mutable_home()->set_longitude_e6(-111'890'000);
  }
  center.experts[1].add_services()->set_agency("agencies/r1");
  center.AddDemand("r1");
  return center;
}

// Of Bob Lee, in the slot of the request.
std::vector<v1::SuspectedConflict> SuspectedOfBob(const Center& center) {
  const Pool pool = center.Build();
  const SlotExpert pair(SlotIn(pool, "r1"), ExpertIn(pool, "bob"));
  absl::flat_hash_map<int, v1::Expert> records;
  for (const v1::Expert& expert : center.experts) {
    records[*pool.FindExpert(expert.name())] = expert;
  }
  const SuspectedConflicts suspected =
      FindSuspectedConflicts(pool, RecordsToCompare(pool, {pair}), records, center.identities);
  const auto found = suspected.find(pair);
  return found == suspected.end() ? std::vector<v1::SuspectedConflict>() : found->second;
}

TEST(SuspectedConflict, SaysWhoItMayBeWhyThatOneIsOutAndHowToDecide) {
  const std::vector<v1::SuspectedConflict> suspected = SuspectedOfBob(LeeCenter());
  ASSERT_THAT(suspected, SizeIs(1));
  EXPECT_EQ(suspected[0].expert(), "experts/robert");
  EXPECT_EQ(suspected[0].own_record(), "experts/bob");
  EXPECT_THAT(suspected[0].evidence(),
              ElementsAre(v1::IDENTITY_EVIDENCE_NAME_VARIANT, v1::IDENTITY_EVIDENCE_SAME_HOME));
  EXPECT_EQ(
      suspected[0].explanation(),
      "may be experts/robert (name variant, same home), who is out: own agency: conflict with "
      "agencies/r1; not decided yet: critac identity confirm, or reject, bob robert");
}

TEST(SuspectedConflict, IsSaidWhereItMattersAndNobodyDecided) {
  const struct {
    const char* what;
    std::function<void(Center&)> change;
    size_t said;
  } table[] = {
      {"as it is", [](Center&) {}, 1},
      {"who is not active has the conflict all the same",
       [](Center& center) { center.experts[1].set_active(false); }, 1},
      {"an agency served with it",
       [](Center& center) {
         center.experts[1].mutable_services(0)->set_agency("agencies/r2");
         center.demands[0].add_co_served_agencies("agencies/r2");
       },
       1},
      {"another agency",
       [](Center& center) { center.experts[1].mutable_services(0)->set_agency("agencies/r2"); }, 0},
      {"over before the slot can start",
       [](Center& center) {
         center.experts[1].clear_services();
         center.AddConflict("robert", "r1", v1::CONFLICT_KIND_LITIGATION)
             .set_valid_to("2026-11-30");
       },
       0},
      {"over while it can",
       [](Center& center) {
         center.experts[1].clear_services();
         center.AddConflict("robert", "r1", v1::CONFLICT_KIND_LITIGATION)
             .set_valid_to("2026-12-30");
       },
       0},
      {"held on every day on which it can",
       [](Center& center) {
         center.experts[1].clear_services();
         center.AddConflict("robert", "r1", v1::CONFLICT_KIND_LITIGATION)
             .set_valid_to("2026-12-31");
       },
       1},
      {"another home",
       [](Center& center) { center.experts[1].mutable_home()->set_latitude_e6(41'000'000); }, 0},
      {"another name", [](Center& center) { center.experts[1].set_full_name("Ana Ortiz"); }, 0},
      {"a name that was purged", [](Center& center) { center.experts[1].clear_full_name(); }, 0},
      {"said to be two",
       [](Center& center) {
         center.AddIdentity("experts/bob", "experts/robert", v1::IDENTITY_STATE_REJECTED);
       },
       0},
      {"said to be one: the gate keeps Bob out",
       [](Center& center) { center.AddIdentity("experts/bob", "experts/robert"); }, 0},
      {"other records of the two said to be two",
       [](Center& center) {
         center.AddExpert("lee", "oak");
         center.AddIdentity("experts/lee", "experts/robert");
         center.AddIdentity("experts/bob", "experts/lee", v1::IDENTITY_STATE_REJECTED);
       },
       0},
  };
  for (const auto& row : table) {
    Center center = LeeCenter();
    row.change(center);
    EXPECT_THAT(SuspectedOfBob(center), SizeIs(row.said)) << row.what;
  }
}

TEST(SuspectedConflict, IsAPersonsWhicheverRecordLeadsToIt) {
  Center center = LeeCenter();
  // Bob's record has his second name; one more of his has that by which he is known.
  v1::Expert other = center.experts[0];
  other.set_name("experts/bob2");
  center.experts.push_back(other);
  center.experts[0].set_full_name("Theodore Lee");
  center.AddIdentity("experts/bob", "experts/bob2");
  const std::vector<v1::SuspectedConflict> suspected = SuspectedOfBob(center);
  ASSERT_THAT(suspected, SizeIs(1));
  EXPECT_EQ(suspected[0].own_record(), "experts/bob2");
  EXPECT_THAT(suspected[0].explanation(),
              ::testing::StartsWith("is experts/bob2 as well, who may be experts/robert ("));
}

TEST(SuspectedConflict, OfManyOnlyThreePersonsAreNamed) {
  Center center = LeeCenter();
  for (const char* id : {"r2", "r3", "r4"}) {
    v1::Expert other = center.experts[1];
    other.set_name(std::string("experts/robert-") + id);
    center.experts.push_back(other);
  }
  EXPECT_THAT(SuspectedOfBob(center), SizeIs(3));
  // Two of them are one person, who is named once.
  center.AddIdentity("experts/robert", "experts/robert-r2");
  center.AddIdentity("experts/robert-r3", "experts/robert-r4");
  const std::vector<v1::SuspectedConflict> suspected = SuspectedOfBob(center);
  ASSERT_THAT(suspected, SizeIs(2));
  EXPECT_EQ(suspected[0].expert(), "experts/robert");
  EXPECT_EQ(suspected[1].expert(), "experts/robert-r3");
}

TEST(SuspectedConflict, ComparesNobodyWithoutAConflictWithTheAgency) {
  Center center = LeeCenter();
  for (int i = 0; i < 20; ++i) {
    v1::Expert other = center.experts[0];
    other.set_name("experts/x" + std::to_string(i));
    center.experts.push_back(other);
  }
  const Pool pool = center.Build();
  const SlotExpert pair(SlotIn(pool, "r1"), ExpertIn(pool, "bob"));
  const std::vector<RecordComparison> comparisons = RecordsToCompare(pool, {pair});
  ASSERT_THAT(comparisons, SizeIs(1));
  EXPECT_EQ(comparisons[0].own, ExpertIn(pool, "bob"));
  EXPECT_EQ(comparisons[0].other, ExpertIn(pool, "robert"));
  EXPECT_THAT(RecordsToCompare(pool, {}), IsEmpty());
}

TEST(SuspectedConflict, StandsInTheGateAndTheSummaryOfAnExplanation) {
  const Center center = LeeCenter();
  const Pool pool = center.Build();
  const Plan plan = Solved(pool);
  v1::ExplainMatchResponse response =
      ExplainMatch(pool, &plan, SlotIn(pool, "r1"), ExpertIn(pool, "bob"));
  const std::string before = response.summary();
  const std::vector<v1::SuspectedConflict> suspected = SuspectedOfBob(center);
  SetSuspectedConflicts(suspected, response);
  ASSERT_THAT(response.suspected_conflicts(), SizeIs(1));
  const std::string& words = suspected[0].explanation();
  EXPECT_EQ(response.summary(), before + " The expert " + words + ".");
  EXPECT_EQ(response.gates(3).gate(), v1::GATE_CONFLICT);
  EXPECT_TRUE(response.gates(3).passed());
  EXPECT_EQ(response.gates(3).explanation(), "no conflict of interest; but " + words);
}

}  // namespace
}  // namespace critac::matching
