#include "services/matching/person_index.h"

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/identity.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PersonIndex, RecordsWithAnAddressInCommonAreOneAsLongAsTheyHaveIt) {
  PersonIndex persons;
  persons.Set("experts/a", {"x@a.org", "y@a.org"});
  persons.Set("experts/b", {"y@a.org", "z@a.org"});
  persons.Set("experts/c", {"z@a.org"});
  persons.Set("experts/d", {});
  EXPECT_THAT(persons.AllOf({"experts/c"}), ElementsAre("experts/a", "experts/b", "experts/c"));
  EXPECT_THAT(persons.AllOf({"experts/d"}), ElementsAre("experts/d"));
  EXPECT_THAT(persons.WithAddress("y@a.org"), ElementsAre("experts/a", "experts/b"));
  persons.Set("experts/b", {"z@a.org"});
  EXPECT_THAT(persons.AllOf({"experts/c"}), ElementsAre("experts/b", "experts/c"));
  EXPECT_THAT(persons.WithAddress("y@a.org"), ElementsAre("experts/a"));
  persons.Remove("experts/b");
  EXPECT_THAT(persons.AllOf({"experts/b"}), IsEmpty()) << "it is not there";
  EXPECT_THAT(persons.WithAddress("nobody@a.org"), IsEmpty());
}

TEST(PersonIndex, RecordsOfWhichItWasDecidedAreOneWhileBothAreThereAndTheDecisionHolds) {
  PersonIndex persons;
  persons.Set("experts/a", {});
  persons.Join("identities/1", "experts/a", "experts/b");
  EXPECT_THAT(persons.AllOf({"experts/a"}), ElementsAre("experts/a")) << "b is not on record";
  persons.Set("experts/b", {});
  EXPECT_THAT(persons.AllOf({"experts/a"}), ElementsAre("experts/a", "experts/b"));
  persons.Join("identities/2", "experts/b", "experts/c");
  persons.Set("experts/c", {});
  EXPECT_THAT(persons.AllOf({"experts/a"}), ElementsAre("experts/a", "experts/b", "experts/c"));
  persons.Part("identities/1");
  EXPECT_THAT(persons.AllOf({"experts/a"}), ElementsAre("experts/a"));
  EXPECT_THAT(persons.AllOf({"experts/a", "experts/c"}),
              ElementsAre("experts/a", "experts/b", "experts/c"));
  persons.Part("identities/1");
  persons.Clear();
  persons.Set("experts/b", {});
  persons.Set("experts/c", {});
  EXPECT_THAT(persons.AllOf({"experts/b"}), ElementsAre("experts/b"));
}

// Goal: after any changes the persons are those that PersonsOf finds. Method: random records and decisions that come,
// change and go; after each, every record's person is compared.
TEST(PersonIndex, WhateverChangesThePersonsAreThoseThatAllRecordsMake) {
  constexpr uint32_t kSeed = 20261130;
  std::mt19937 engine(kSeed);
  const auto any = [&](int count) {
    return static_cast<int>(engine() % static_cast<uint32_t>(count));
  };
  const auto expert_name = [&] { return absl::StrCat("experts/e", any(12)); };
  PersonIndex persons;
  absl::btree_map<std::string, v1::Expert> experts;
  absl::btree_map<std::string, v1::Identity> decided;
  for (int step = 0; step < 2000 && !::testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", step ", step));
    const std::string name = expert_name();
    switch (any(6)) {
      case 0:
        experts.erase(name);
        persons.Remove(name);
        break;
      case 1: {
        const std::string decision = absl::StrCat("identities/i", any(8));
        v1::Identity& identity = decided[decision];
        identity.set_state(v1::IDENTITY_STATE_CONFIRMED);
        identity.set_first(name);
        identity.set_second(expert_name());
        persons.Join(decision, identity.first(), identity.second());
        break;
      }
      case 2: {
        const std::string decision = absl::StrCat("identities/i", any(8));
        decided.erase(decision);
        persons.Part(decision);
        break;
      }
      default: {
        absl::btree_set<std::string> addresses;
        for (int i = any(3); i > 0; --i) addresses.insert(absl::StrCat("a", any(15), "@a.org"));
        v1::Expert& expert = experts[name];
        expert.set_name(name);
        expert.clear_emails();
        for (const std::string& address : addresses) expert.add_emails(address);
        persons.Set(name, {addresses.begin(), addresses.end()});
        break;
      }
    }
    std::vector<const v1::Expert*> sorted;
    for (const auto& [one, expert] : experts) sorted.push_back(&expert);
    std::vector<v1::Identity> identities;
    for (const auto& [one, identity] : decided) identities.push_back(identity);
    const std::vector<int> rows = PersonsOf(sorted, identities);
    for (size_t row = 0; row < sorted.size(); ++row) {
      std::vector<std::string> same;
      for (size_t other = 0; other < sorted.size(); ++other) {
        if (rows[other] == rows[row]) same.push_back(sorted[other]->name());
      }
      EXPECT_EQ(persons.AllOf({sorted[row]->name()}), same) << sorted[row]->name();
    }
  }
}

}  // namespace
}  // namespace critac::matching
