// Who is who: persons, agencies and suspicions on small sets of records.

#include "services/matching/identity.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Identity Decided(const std::string& first, const std::string& second,
                     v1::IdentityState state = v1::IDENTITY_STATE_CONFIRMED) {
  v1::Identity identity;
  identity.set_first(first);
  identity.set_second(second);
  identity.set_state(state);
  return identity;
}

class Records : public ::testing::Test {
 protected:
  v1::Expert& Add(const std::string& id, const std::string& full_name = "") {
    v1::Expert& expert = experts_.emplace_back();
    expert.set_name(absl::StrCat("experts/", id));
    expert.set_full_name(full_name);
    return expert;
  }

  std::vector<int> Persons() {
    std::vector<const v1::Expert*> sorted;
    for (const v1::Expert& expert : experts_) sorted.push_back(&expert);
    return PersonsOf(sorted, decided_);
  }

  // `e1 e2`, for each pair.
  std::vector<std::string> Suspected() {
    std::vector<std::string> pairs;
    for (const v1::Identity& one : SuspectedIdentities(experts_, decided_)) {
      EXPECT_EQ(one.state(), v1::IDENTITY_STATE_SUSPECTED);
      EXPECT_EQ(one.name(), "");
      pairs.push_back(absl::StrCat(one.first().substr(8), " ", one.second().substr(8)));
    }
    return pairs;
  }

  static void Serve(v1::Expert& expert, const std::string& agency) {
    expert.add_services()->set_agency(absl::StrCat("agencies/", agency));
  }

  static void Live(v1::Expert& expert, int latitude_e6, int longitude_e6) {
    expert.mutable_home()->set_latitude_e6(latitude_e6);
    expert.mutable_home()->set_longitude_e6(longitude_e6);
  }

  // References into it are used while it grows.
  std::vector<v1::Expert> experts_ = [] {
    std::vector<v1::Expert> experts;
    experts.reserve(100);
    return experts;
  }();
  std::vector<v1::Identity> decided_;
};

TEST_F(Records, WithAnAddressInCommonAreOnePerson) {
  Add("e1").add_emails("ana.ortiz@gmail.com");
  Add("e2").add_emails("ANAORTIZ+nsa@googlemail.com");
  Add("e3").add_emails("ana.ortiz@fallspd.gov");
  Add("e4").add_emails("anaortiz@fallspd.gov");
  Add("e5").add_emails("");
  Add("e6").add_emails("");
  EXPECT_THAT(Persons(), ElementsAre(0, 0, 2, 3, 4, 5));
}

TEST_F(Records, AreOnePersonOnceThatIsConfirmedAndItIsPassedOn) {
  Add("e1");
  Add("e2");
  Add("e3").add_emails("a@x.org");
  Add("e4").add_emails("a@x.org");
  decided_ = {Decided("experts/e1", "experts/e2", v1::IDENTITY_STATE_REJECTED),
              Decided("experts/e2", "experts/e4"), Decided("experts/e2", "experts/gone"),
              Decided("agencies/e1", "agencies/e2")};
  EXPECT_THAT(Persons(), ElementsAre(0, 1, 1, 1));
}

TEST_F(Records, AgenciesAreOneOnceThatIsConfirmed) {
  const std::vector<v1::Identity> decided = {
      Decided("agencies/b", "agencies/c"), Decided("agencies/a", "agencies/c"),
      Decided("agencies/d", "agencies/e", v1::IDENTITY_STATE_REJECTED),
      Decided("experts/x", "experts/y")};
  const SameAgencies agencies(decided);
  for (const char* name : {"agencies/a", "agencies/b", "agencies/c"}) {
    EXPECT_EQ(agencies.First(name), "agencies/a");
  }
  EXPECT_EQ(agencies.First("agencies/e"), "agencies/e");
  EXPECT_EQ(agencies.First("experts/y"), "experts/y");
}

TEST_F(Records, OfOneNameAreSuspectedWhereTheyServedTogether) {
  Serve(Add("e1", "Ana M. Ortiz"), "a1");
  Serve(Add("e2", "ORTIZ, Ana"), "a1");
  Serve(Add("e3", "Ana Ortiz"), "a2");
  Add("e4", "Ana Ortiz");
  Serve(Add("e5", "Ben Cole"), "a1");
  EXPECT_THAT(Suspected(), ElementsAre("e1 e2"));
  const v1::Identity found = SuspectedIdentities(experts_, decided_)[0];
  EXPECT_THAT(found.evidence(),
              ElementsAre(v1::IDENTITY_EVIDENCE_NAME_VARIANT, v1::IDENTITY_EVIDENCE_SAME_AGENCY));
  EXPECT_EQ(found.first_full_name(), "Ana M. Ortiz");
  EXPECT_EQ(found.second_full_name(), "ORTIZ, Ana");
}

TEST_F(Records, AreSuspectedUnderAnotherNameOfTheAgencyToo) {
  Serve(Add("e1", "Ana Ortiz"), "a1");
  Serve(Add("e2", "Ana Ortiz"), "a2");
  EXPECT_THAT(Suspected(), IsEmpty());
  decided_ = {Decided("agencies/a1", "agencies/a2")};
  EXPECT_THAT(Suspected(), ElementsAre("e1 e2"));
}

TEST_F(Records, OfOneNameAreSuspectedWhereTheyLiveTogether) {
  // A hundredth of a degree of latitude is 1.1 km; the second is in the next cell of the map.
  Live(Add("e1", "Ana Ortiz"), 40'049'000, -111'999'000);
  Live(Add("e2", "Ana Ortiz"), 40'051'000, -112'001'000);
  Live(Add("e3", "Ana Ortiz"), 40'090'000, -112'001'000);
  Live(Add("e4", "Bea Ortiz"), 40'051'000, -112'001'000);
  EXPECT_THAT(Suspected(), ElementsAre("e1 e2"));
}

TEST_F(Records, AcrossTheDateLineLiveTogether) {
  Live(Add("e1", "Ana Ortiz"), 51'000'000, 179'999'000);
  Live(Add("e2", "Ana Ortiz"), 51'000'000, -179'999'000);
  EXPECT_THAT(Suspected(), ElementsAre("e1 e2"));
}

TEST_F(Records, OfOneNameAreSuspectedWhereAddressesDifferByATag) {
  Add("e1", "Ana Ortiz").add_emails("training+ana@fallspd.gov");
  Add("e2", "Ana Ortiz").add_emails("training@fallspd.gov");
  Add("e3", "Ben Cole").add_emails("training+ben@fallspd.gov");
  EXPECT_THAT(Suspected(), ElementsAre("e1 e2"));
}

TEST_F(Records, ThatAreOneAlreadyOrDecidedAreNotSuspected) {
  for (const char* id : {"e1", "e2", "e3", "e4"}) Serve(Add(id, "Ana Ortiz"), "a1");
  experts_[0].add_emails("a@x.org");
  experts_[1].add_emails("a@x.org");
  // Of several pairs of two persons one is reported.
  EXPECT_THAT(Suspected(), ElementsAre("e1 e3", "e1 e4", "e3 e4"));
  decided_ = {Decided("experts/e2", "experts/e3", v1::IDENTITY_STATE_REJECTED)};
  EXPECT_THAT(Suspected(), ElementsAre("e1 e4", "e3 e4")) << "rejected of one, rejected of all";
  decided_ = {Decided("experts/e2", "experts/e3"), Decided("experts/e3", "experts/e4")};
  EXPECT_THAT(Suspected(), IsEmpty());
}

TEST_F(Records, AreSuspectedAlikeWhateverTheirOrder) {
  for (const char* id : {"e1", "e2", "e3", "e4"}) Serve(Add(id, "Ana Ortiz"), "a1");
  const std::vector<std::string> pairs = Suspected();
  absl::c_reverse(experts_);
  EXPECT_EQ(Suspected(), pairs);
}

// Every pair compared with every other must find what the index finds.
TEST_F(Records, AreFoundAsByComparingAll) {
  const char* names[] = {"Ana Ortiz",       "ORTIZ ANA",  "A. Ortiz",         "Robert Smith-Jones",
                         "Bob Jones",       "Bob Smith",  "Maria de la Cruz", "DeLaCruz, Maria",
                         "Smith, John Jr.", "John Smith", "Jon Smith"};
  for (int i = 0; i < 44; ++i) {
    v1::Expert& expert = Add(absl::StrCat("e", 100 + i), names[i % 11]);
    Serve(expert, absl::StrCat("a", i % 3));
    Live(expert, 40'000'000 + i % 5 * 30'000, -100'000'000);
    expert.add_emails(absl::StrCat("box", i % 4, "+", i, "@x.org"));
  }
  std::vector<std::string> all;
  for (size_t i = 0; i < experts_.size(); ++i) {
    for (size_t j = i + 1; j < experts_.size(); ++j) {
      if (IsSuspicion(EvidenceBetween(experts_[i], experts_[j], SameAgencies({})))) {
        all.push_back(absl::StrCat("e", 100 + i, " e", 100 + j));
      }
    }
  }
  EXPECT_GT(all.size(), 20u);
  EXPECT_EQ(Suspected(), all);
}

TEST(IdentityName, FollowsFromThePairInEitherOrder) {
  EXPECT_EQ(IdentityName("experts/e1", "experts/e2"), IdentityName("experts/e2", "experts/e1"));
  EXPECT_NE(IdentityName("experts/e1", "experts/e2"), IdentityName("experts/e1", "experts/e3"));
  EXPECT_TRUE(absl::StartsWith(IdentityName("experts/e1", "experts/e2"), "identities/"));
}

}  // namespace
}  // namespace critac::matching
