#include "services/matching/policy_decisions.h"

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/partner_rules.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

constexpr char kAuthor[] = "program-manager:okafor";
constexpr char kReviewer[] = "program-manager:lindqvist";

v1::Policy InForce(int64_t version) {
  v1::Policy policy = FirstPolicy();
  policy.set_version(version);
  policy.set_name(PolicyName(version));
  policy.set_state(v1::POLICY_STATE_IN_FORCE);
  policy.set_actor(kAuthor);
  return policy;
}

v1::Policy Wanted() {
  v1::Policy policy = FirstPolicy();
  policy.set_fairness_price(30'000);
  return policy;
}

v1::Policy Draft() {
  v1::Policy draft = *DraftPolicy(nullptr, Wanted(), 0, 2, kAuthor);
  draft.set_tried_by("coordinator:dana");
  return draft;
}

TEST(PolicyDecisions, NamesSortByVersion) {
  EXPECT_EQ(PolicyName(2), "policies/v00000002");
  EXPECT_LT(PolicyName(9), PolicyName(10));
}

TEST(PolicyDecisions, ADraftHasTheRulesAskedForAndWhoAsked) {
  const v1::Policy in_force = InForce(3);
  v1::Policy wanted = in_force;  // as one reads it, changes it, and sends it back
  wanted.set_fairness_price(30'000);
  const auto draft = DraftPolicy(&in_force, wanted, 3, 5, kReviewer);
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(draft->name(), "policies/v00000005");
  EXPECT_EQ(draft->version(), 5);
  EXPECT_EQ(draft->state(), v1::POLICY_STATE_DRAFT);
  EXPECT_EQ(draft->proposed_by(), kReviewer);
  EXPECT_EQ(draft->base_version(), 3);
  EXPECT_EQ(draft->actor(), "") << "nobody put it in force yet";
  EXPECT_EQ(draft->fairness_price(), 30'000);
}

TEST(PolicyDecisions, AProposalIsRefusedWithTheReason) {
  const v1::Policy in_force = InForce(3);
  v1::Policy weightless = Wanted();
  weightless.clear_weights();
  v1::Policy endless = Wanted();
  endless.set_waiting_price_per_day(0);
  v1::Policy contradictory = Wanted();
  contradictory.set_minimum_share_price(1);
  v1::PartnerShare& share = *contradictory.add_partner_shares();
  share.set_partner("partners/iacp");
  share.set_minimum_e6(300'000);
  share.set_maximum_e6(200'000);
  v1::Policy worthless = Wanted();
  worthless.add_partner_shares()->set_minimum_e6(300'000);
  struct Case {
    v1::Policy wanted;
    int64_t base_version;
    absl::StatusCode code;
    std::string reason;
    std::string message;
  };
  const Case cases[] = {
      {weightless, 3, absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "policy.weights"},
      {endless, 3, absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "wait for ever"},
      {contradictory, 3, absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
       "policy.partner_shares[0].minimum_e6: 300000 is above the maximum of 200000"},
      {worthless, 3, absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
       "policy.minimum_share_price"},
      {Wanted(), 2, absl::StatusCode::kAborted, "VERSION_MISMATCH", "at version 3, not 2"},
      {Wanted(), 4, absl::StatusCode::kAborted, "VERSION_MISMATCH", "at version 3, not 4"},
      {FirstPolicy(), 0, absl::StatusCode::kFailedPrecondition, "NOTHING_CHANGED", "very rules"},
      {in_force, 3, absl::StatusCode::kFailedPrecondition, "NOTHING_CHANGED", "very rules"},
  };
  for (const Case& one : cases) {
    const auto draft = DraftPolicy(&in_force, one.wanted, one.base_version, 4, kAuthor);
    EXPECT_EQ(draft.status().code(), one.code) << one.message;
    EXPECT_EQ(ReasonOf(draft.status()), one.reason);
    EXPECT_THAT(draft.status().message(), HasSubstr(one.message));
  }
  EXPECT_TRUE(DraftPolicy(&in_force, Wanted(), 0, 4, kAuthor).ok()) << "whatever is in force";
}

TEST(PolicyDecisions, ADraftTakesEffectByASecondPersonOnly) {
  const auto policy = ApproveDraft(Draft(), 0, kReviewer, {});
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->state(), v1::POLICY_STATE_IN_FORCE);
  EXPECT_EQ(policy->actor(), kReviewer);
  EXPECT_EQ(policy->proposed_by(), kAuthor);
  EXPECT_EQ(policy->version(), 2);
  const auto own = ApproveDraft(Draft(), 0, kAuthor, {});
  EXPECT_EQ(own.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(own.status()), "SECOND_PERSON_NEEDED");
  EXPECT_EQ(ReasonOf(ApproveDraft(Draft(), 0, "program-manager:Okafor", {}).status()),
            "SECOND_PERSON_NEEDED")
      << "the same person, spelled otherwise";
  v1::Policy of_ana = Draft();
  of_ana.set_proposed_by("program-manager:ana@iacp.org");
  const KnownPerson ana = {{"experts/e1"}, {"ana@gmail.com", "ana@iacp.org", "experts/e1"}};
  const std::string other_address = "program-manager:ana@gmail.com";
  EXPECT_EQ(ReasonOf(ApproveDraft(of_ana, 0, other_address, ana).status()), "SECOND_PERSON_NEEDED")
      << "the same person, by the records of the experts";
  EXPECT_TRUE(ApproveDraft(of_ana, 0, other_address, {}).ok());
  EXPECT_TRUE(ApproveDraft(Draft(), 0, other_address, ana).ok());
}

TEST(PolicyDecisions, ADraftTakesEffectOnlyOnceItWasTried) {
  v1::Policy draft = Draft();
  draft.clear_tried_by();
  EXPECT_EQ(ReasonOf(ApproveDraft(draft, 0, kReviewer, {}).status()), "POLICY_NOT_TRIED");
}

TEST(PolicyDecisions, ADraftReviewedAgainstOtherRulesIsOutdated) {
  const auto late = ApproveDraft(Draft(), 1, kReviewer, {});
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(late.status()), "POLICY_OUTDATED");
  EXPECT_THAT(late.status().message(), HasSubstr("in force is version 1"));
}

TEST(PolicyDecisions, ADraftIsDecidedOnce) {
  for (const v1::PolicyState state : {v1::POLICY_STATE_UNSPECIFIED, v1::POLICY_STATE_IN_FORCE,
                                      v1::POLICY_STATE_SUPERSEDED, v1::POLICY_STATE_REJECTED}) {
    v1::Policy decided = Draft();
    decided.set_state(state);
    EXPECT_EQ(ReasonOf(ApproveDraft(decided, 0, kReviewer, {}).status()), "POLICY_NOT_DRAFT");
    EXPECT_EQ(ReasonOf(RejectDraft(decided, kReviewer, "no").status()), "POLICY_NOT_DRAFT");
  }
}

TEST(PolicyDecisions, ADraftIsRejectedByAnyoneItsProposerIncluded) {
  for (const std::string who : {kAuthor, kReviewer}) {
    const auto rejected = RejectDraft(Draft(), who, "too dear");
    ASSERT_TRUE(rejected.ok()) << rejected.status();
    EXPECT_EQ(rejected->state(), v1::POLICY_STATE_REJECTED);
    EXPECT_EQ(rejected->rejected_by(), who);
    EXPECT_EQ(rejected->reject_reason(), "too dear");
  }
}

TEST(PolicyDecisions, ATrialCountsWhereAPastRunComesOutAsRecordedOrThereIsNoneButNotAnAuditors) {
  const struct {
    std::vector<bool> reproduced;
    const char* why_not;
    type::v1::Role role = type::v1::ROLE_COORDINATOR;
  } kCases[] = {{{}, ""},
                {{true}, ""},
                {{true}, "", type::v1::ROLE_PROGRAM_MANAGER},
                {{false, true, false}, ""},
                {{false}, "the past run that it was tried on does not come out as recorded"},
                {{false, false}, "none of the 2 past runs that it was tried on comes out"},
                {{}, "an auditor reads and changes nothing", type::v1::ROLE_AUDITOR},
                {{true}, "an auditor reads and changes nothing", type::v1::ROLE_AUDITOR}};
  for (const auto& c : kCases) {
    v1::TryPolicyResponse response;
    for (const bool reproduced : c.reproduced) response.add_past()->set_reproduced(reproduced);
    const std::string why_not = WhyNotCounted(response.past(), c.role);
    EXPECT_THAT(why_not, ::testing::StartsWith(c.why_not));
    EXPECT_EQ(why_not.empty(), std::string(c.why_not).empty()) << why_not;
  }
}

}  // namespace
}  // namespace critac::matching
