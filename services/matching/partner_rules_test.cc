#include "services/matching/partner_rules.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

v1::DateRange Range(const std::string& start, const std::string& end) {
  v1::DateRange range;
  range.set_start(start);
  range.set_end(end);
  return range;
}

TEST(PartnerRules, MembershipsNeitherEndBeforeTheyBeginNorOverlap) {
  v1::Partner partner;
  *partner.add_memberships() = Range("2020-09-01", "");
  *partner.add_memberships() = Range("2017-01-01", "2020-08-31");
  EXPECT_TRUE(CheckPartner(partner).ok());
  partner.mutable_memberships(1)->set_end("2020-09-01");
  EXPECT_THAT(CheckPartner(partner).message(), HasSubstr("memberships: the one that begins on"));
  *partner.mutable_memberships(1) = Range("2017-01-02", "2017-01-01");
  EXPECT_THAT(CheckPartner(partner).message(),
              HasSubstr("memberships[1].end: 2017-01-01 is before"));
}

TEST(PartnerRules, ATopicIsHeldAtOneLevel) {
  v1::Expert expert;
  expert.add_topics()->set_topic("topics/a");
  expert.add_topics()->set_topic("topics/b");
  EXPECT_TRUE(CheckExpert(expert).ok());
  expert.add_topics()->set_topic("topics/a");
  EXPECT_THAT(CheckExpert(expert).message(), HasSubstr("topics[2].topic: topics/a stands there"));
}

TEST(PartnerRules, RatingsAddUpToOneToFiveEach) {
  v1::Expert expert;
  expert.set_rating_count(4);
  for (const int sum : {4, 20}) {
    expert.set_rating_sum(sum);
    EXPECT_TRUE(CheckExpert(expert).ok()) << sum;
  }
  for (const int sum : {3, 21}) {
    expert.set_rating_sum(sum);
    EXPECT_THAT(CheckExpert(expert).message(), HasSubstr("is not in 4..20")) << sum;
  }
}

TEST(PartnerRules, AConflictIsNotOverWhenItIsDeclared) {
  v1::Conflict conflict;
  conflict.set_expert("experts/e1");
  EXPECT_TRUE(CheckConflict(conflict, absl::CivilDay(2026, 11, 20)).ok());
  conflict.set_valid_to("2026-11-20");
  EXPECT_TRUE(CheckConflict(conflict, absl::CivilDay(2026, 11, 20)).ok());
  EXPECT_FALSE(CheckConflict(conflict, absl::CivilDay(2026, 11, 21)).ok());
}

TEST(PartnerRules, AConflictIsOfAnExpertOrOfAPartner) {
  const absl::CivilDay today(2026, 11, 20);
  v1::Conflict conflict;
  conflict.set_kind(v1::CONFLICT_KIND_OWN_AGENCY);
  EXPECT_THAT(CheckConflict(conflict, today).message(), HasSubstr("either an expert or a partner"));
  conflict.set_partner("partners/nsa");
  EXPECT_THAT(CheckConflict(conflict, today).message(), HasSubstr("conflict.kind"));
  conflict.set_kind(v1::CONFLICT_KIND_RECUSAL);
  EXPECT_TRUE(CheckConflict(conflict, today).ok());
  conflict.set_expert("experts/e1");
  EXPECT_THAT(CheckConflict(conflict, today).message(), HasSubstr("either an expert or a partner"));
}

TEST(PartnerRules, SomePartOfAScoreMustCount) {
  v1::Policy policy = FirstPolicy();
  EXPECT_TRUE(CheckPolicy(policy).ok());
  policy.mutable_weights()->Clear();
  EXPECT_FALSE(CheckPolicy(policy).ok());
  policy.mutable_weights()->set_load(1);
  EXPECT_TRUE(CheckPolicy(policy).ok());
}

TEST(PartnerRules, AShareIsOfAPartnerOnRecord) {
  const struct {
    std::vector<std::string> partners;
    std::string problem;
  } kCases[] = {
      {{}, ""},
      {{"partners/nsa"}, ""},
      {{"partners/iacp", "partners/nsa"}, ""},
      {{"partners/nas"},
       "policy.partner_shares[0].partner: there is no 'partners/nas'; a share is of a partner"},
      {{"partners/nsa", "partners/IACP"},
       "policy.partner_shares[1].partner: there is no 'partners/IACP'"}};
  for (const auto& c : kCases) {
    v1::Policy policy = FirstPolicy();
    for (const std::string& partner : c.partners) policy.add_partner_shares()->set_partner(partner);
    const absl::Status status = CheckSharesKnown(policy, [](const std::string& partner) {
      return partner == "partners/nsa" || partner == "partners/iacp";
    });
    EXPECT_EQ(status.ok(), c.problem.empty()) << status;
    if (!status.ok()) EXPECT_THAT(status.message(), HasSubstr(c.problem));
  }
}

TEST(PartnerRules, TheFirstPolicyLeavesASlotOpenOnlyWhenNobodyCanFillIt) {
  // The dearest assignment there is: no score, and a fairness price as of the fiftieth assignment.
  const v1::Policy policy = FirstPolicy();
  EXPECT_GT(policy.unassigned_price(), 49 * policy.fairness_price());
  EXPECT_FALSE(policy.approve_automatically());
}

}  // namespace
}  // namespace critac::matching
