#include "services/matching/run_changes.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A practitioner e1, who stands in r1, and an expert e2; two thirds of a score and a whole one.
class RunChanges : public testing::Test {
 protected:
  RunChanges() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1").mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
    center_.AddExpert("e2");
    center_.AddDemand("r1");
    center_.AddDemand("r2").mutable_slots(0)->set_topic("topics/nobody");
    v1::Proposal& proposal = center_.proposals.emplace_back();
    proposal.set_request("requests/r1");
    proposal.set_state(v1::PROPOSAL_STATE_OPEN);
    v1::Assignment& standing = *proposal.add_assignments();
    standing.set_slot("s1");
    standing.set_expert("experts/e1");
  }

  std::vector<std::string> Texts() {
    const Pool pool = center_.Build();
    std::vector<std::string> texts;
    for (const v1::RunChange& change : ChangesFromStanding(pool, Solved(pool))) {
      texts.push_back(absl::StrCat(change.request(), " ", change.slot(), " ", change.from_expert(),
                                   " → ", change.to_expert(), ": ", change.reason()));
    }
    return texts;
  }

  Center center_;
};

TEST_F(RunChanges, WhatIsKeptIsNoChange) {
  center_.policy.set_stability_bonus(333'335);
  EXPECT_THAT(Texts(), IsEmpty());
}

TEST_F(RunChanges, AGainAboveTheBonusIsAReason) {
  center_.policy.set_stability_bonus(333'000);
  EXPECT_THAT(Texts(),
              ElementsAre("requests/r1 s1 experts/e1 → experts/e2: keeping experts/e1 would "
                          "make the plan worth 0.0003 of a score less, with the bonus of "
                          "0.3330 for keeping"));
}

TEST_F(RunChanges, WhoIsOutNowIsSaidToBe) {
  center_.experts[0].set_active(false);
  EXPECT_THAT(Texts(), ElementsAre("requests/r1 s1 experts/e1 → experts/e2: experts/e1 is out: the "
                                   "expert is not active"));
  center_.experts[1].set_active(false);
  EXPECT_THAT(Texts(), ElementsAre("requests/r1 s1 experts/e1 → : experts/e1 is out: the expert is "
                                   "not active"));
}

TEST_F(RunChanges, APlaceThatWasOpenAndIsFilledIsAChange) {
  center_.policy.set_stability_bonus(1'000'000);
  center_.demands[0].mutable_slots(0)->set_people(2);
  EXPECT_THAT(Texts(), ElementsAre("requests/r1 s1  → experts/e2: the place was open, and can be "
                                   "filled now"));
}

TEST_F(RunChanges, WhatARequestWithoutAProposalGetsIsNew) {
  center_.proposals.clear();
  EXPECT_THAT(Texts(), IsEmpty());
}

}  // namespace
}  // namespace critac::matching
