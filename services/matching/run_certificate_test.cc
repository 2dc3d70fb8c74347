#include "services/matching/run_certificate.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_certificate.h"
#include "tests/support/verify_plan.h"

namespace critac::matching {
namespace {

using critac::testing::VerifyPlan;
using critac::testing::VerifyPlans;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr uint32_t kCertificateSeed = 20261129;

v1::SolveRun RunOf(const Plan& plan) {
  v1::SolveRun run;
  run.set_name("runs/r00000042");
  run.set_objective(plan.objective);
  run.set_bound(plan.bound);
  run.set_pair_count(plan.pair_count);
  run.set_unit_count(static_cast<int32_t>(plan.unit_count));
  run.set_case_count(static_cast<int32_t>(plan.cases.size()));
  return run;
}

// A change of a certificate, and what the auditor's check then says is wrong.
struct WrongCertificate {
  std::function<void(v1::GetCertificateResponse&)> change;
  std::string said;
};

void ExpectWrong(const v1::GetCertificateResponse& whole,
                 const std::vector<WrongCertificate>& changes) {
  std::vector<std::string> changed_certificates;
  for (const WrongCertificate& one : changes) {
    v1::GetCertificateResponse changed = whole;
    one.change(changed);
    changed_certificates.push_back(JsonOf(changed));
  }
  const std::vector<std::string> said = VerifyPlans(changed_certificates);
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_THAT(said[i], StartsWith("wrong: "));
    EXPECT_THAT(said[i], HasSubstr(changes[i].said));
  }
}

// Three requests for one person each, two experts with room for one each: one request gets nobody.
Center TwoForThree() {
  Center center;
  center.AddPartner("elm");
  for (const char* expert : {"e1", "e2"}) {
    center.AddExpert(expert, "elm").set_capacity_per_period(1);
  }
  for (const char* demand : {"fy27-1", "fy27-2", "fy27-3"}) center.AddDemand(demand);
  return center;
}

// Goal: the certificate says all of the problem, so that who has nothing else finds the same best plan.
// Method: small random centers, of which every plan is gone through by the certificate alone.
TEST(RunCertificate, HasTheWholeProblemAndProvesHowGoodThePlanIs) {
  Dice dice(kCertificateSeed);
  int optimal = 0;
  std::vector<std::string> certificates;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", kCertificateSeed, ", center ", i));
    Center center = ScarceCenter(dice);
    AddPast(center, dice);
    const Pool pool = center.Build();
    const Plan plan = Solved(pool);
    const v1::GetCertificateResponse certificate = WholeCertificate(pool, plan, RunOf(plan));
    EXPECT_THAT(certificate.pairs(), SizeIs(plan.pair_count));
    EXPECT_THAT(certificate.units(), SizeIs(plan.units.size()));
    const int64_t best = EveryCertifiedPlan(certificate).cost();
    EXPECT_LE(certificate.bound(), best);
    EXPECT_GE(certificate.objective(), best);
    certificates.push_back(JsonOf(certificate));
    if (plan.proved()) {
      EXPECT_EQ(best, certificate.objective());
      expected.push_back("optimal: runs/r00000042, ");
      ++optimal;
    } else {
      expected.push_back(absl::StrCat("within ", plan.objective - plan.bound, " of the best"));
    }
  }
  const std::vector<std::string> said = VerifyPlans(certificates);
  for (size_t i = 0; i < said.size(); ++i) {
    EXPECT_THAT(said[i], StartsWith(expected[i]))
        << "seed " << kCertificateSeed << ", center " << i;
  }
  EXPECT_GT(optimal, 20);
}

TEST(RunCertificate, ThePlanIsHadAgainFromWhatIsRecordedOfIt) {
  Dice dice(kCertificateSeed);
  for (int i = 0; i < 100; ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", kCertificateSeed, ", center ", i));
    Center center = ScarceCenter(dice);
    AddPast(center, dice);
    const Pool pool = center.Build();
    const Plan plan = Solved(pool);
    const v1::SolveProof proof = ProofOf(pool, plan);
    EXPECT_EQ(proof.date(), "2026-11-20");
    const auto recorded = RecordedPlan(pool, RunOf(plan), proof);
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    EXPECT_EQ(recorded->units, plan.units);
    EXPECT_EQ(recorded->open, plan.open);
    EXPECT_EQ(recorded->prices.slots, plan.prices.slots);
    EXPECT_EQ(recorded->prices.partners, plan.prices.partners);
    EXPECT_EQ(recorded->prices.program, plan.prices.program);
    EXPECT_EQ(recorded->prices.experts_open, plan.prices.experts_open);
    EXPECT_EQ(recorded->prices.expert_periods, plan.prices.expert_periods);
    EXPECT_EQ(recorded->prices.partner_periods, plan.prices.partner_periods);
    EXPECT_EQ(recorded->proved(), plan.proved());
    EXPECT_EQ(ProofOf(pool, *recorded).SerializeAsString(), proof.SerializeAsString());
  }
}

TEST(RunCertificate, WhatIsRecordedIsRefusedWhereItDoesNotHoldInThePool) {
  const Center center = TwoForThree();
  const Pool pool = center.Build();
  const Plan plan = Solved(pool);
  ASSERT_THAT(plan.units, SizeIs(2));
  const int open = plan.open[0] > 0 ? 0 : plan.open[1] > 0 ? 1 : 2;
  const std::vector<std::function<void(v1::SolveProof&)>> changes = {
      [&](v1::SolveProof& proof) { proof.set_slot_prices(open, proof.slot_prices(open) - 1); },
      [&](v1::SolveProof& proof) { proof.set_slot_prices(open, proof.slot_prices(open) + 1); },
      [](v1::SolveProof& proof) { proof.mutable_slot_prices()->RemoveLast(); },
      [](v1::SolveProof& proof) { proof.add_partner_prices(0); },
      [](v1::SolveProof& proof) { proof.mutable_units()->RemoveLast(); },
      [](v1::SolveProof& proof) { proof.mutable_units(0)->set_slot(3); },
      [](v1::SolveProof& proof) { proof.mutable_units(0)->set_expert(-1); },
      [](v1::SolveProof& proof) { proof.mutable_units(0)->set_period(1); },
      [](v1::SolveProof& proof) { proof.add_expert_open_prices()->set_row(2); },
      [](v1::SolveProof& proof) { proof.add_expert_period_prices()->set_price(-1); }};
  for (size_t i = 0; i < changes.size(); ++i) {
    v1::SolveProof proof = ProofOf(pool, plan);
    changes[i](proof);
    const absl::Status status = RecordedPlan(pool, RunOf(plan), proof).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << i << ": " << status;
    EXPECT_EQ(ReasonOf(status), "RUN_NOT_REPRODUCED") << i;
  }
  // Another pool: an expert more, by whom a pair more would be.
  Center larger = center;
  larger.AddExpert("e3", "elm");
  EXPECT_EQ(ReasonOf(RecordedPlan(larger.Build(), RunOf(plan), ProofOf(pool, plan)).status()),
            "RUN_NOT_REPRODUCED");
}

TEST(RunCertificate, TheAuditorsCheckSaysWhatIsWrong) {
  const Pool pool = TwoForThree().Build();
  const Plan plan = Solved(pool);
  const v1::GetCertificateResponse whole = WholeCertificate(pool, plan, RunOf(plan));
  EXPECT_THAT(VerifyPlan(JsonOf(whole)), StartsWith("optimal: "));
  const auto open_slot = [](v1::GetCertificateResponse& changed) -> v1::CertificateSlot& {
    for (v1::CertificateSlot& slot : *changed.mutable_slots()) {
      if (slot.open_count() > 0) return slot;
    }
    ADD_FAILURE() << "no slot is open";
    return *changed.mutable_slots(0);
  };
  const std::vector<WrongCertificate> changes = {
      {[&](auto& c) { open_slot(c).set_price(open_slot(c).price() - 1); }, "and its prices prove"},
      {[&](auto& c) { open_slot(c).set_price(open_slot(c).price() + 1); },
       "costs more filled than left open"},
      {[](auto& c) { c.mutable_experts(0)->set_open_price(-1); }, "has a price below 0"},
      {[](auto& c) { c.set_program_price(1); }, "the program has a price and no limit"},
      {[](auto& c) { c.set_fairness_price(-1); }, "a price of the policy is below 0"},
      {[](auto& c) { c.set_minimum_share_price(-1); }, "a price of the policy is below 0"},
      {[](auto& c) { c.set_bound(c.bound() + 1); }, "and its prices prove"},
      {[](auto& c) { c.set_objective(c.objective() - 1); }, "and its units cost"},
      {[](auto& c) { c.mutable_units()->RemoveLast(); }, "counts its people wrongly"},
      {[](auto& c) { *c.add_units() = c.units(0); }, "is one person twice"},
      {[](auto& c) { c.mutable_units(0)->set_period("2031Q1"); }, "cannot start in 2031Q1"},
      {[](auto& c) { c.mutable_units(0)->set_expert(7); }, "a pair that is not eligible"},
      {[](auto& c) { c.mutable_experts(0)->set_capacity_open(0); }, "has too many open at once"},
      {[](auto& c) { c.mutable_experts(0)->set_capacity_per_period(0); }, "has too many in 2026Q4"},
      {[](auto& c) { c.mutable_partners(0)->set_capacity_per_period(1); },
       "partners/elm has too many in 2026Q4"},
      {[](auto& c) { c.mutable_partners(0)->set_maximum_count(1); }, "more than its maximum share"},
      {[](auto& c) { c.set_program_room(1); }, "the program has too many"},
      {[](auto& c) { c.mutable_pairs()->RemoveLast(); }, "counts the eligible pairs wrongly"},
      {[](auto& c) { *c.add_pairs() = c.pairs(0); }, "is there twice"},
      {[](auto& c) { c.set_people_count(9); }, "counts the people asked for wrongly"}};
  ExpectWrong(whole, changes);
}

TEST(RunCertificate, AProofByCasesIsRecordedAndProvesToOthersThatNoPlanIsCheaper) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  ASSERT_EQ(plan.cases.size(), 3U);
  const v1::SolveProof proof = ProofOf(pool, plan);
  const auto recorded = RecordedPlan(pool, RunOf(plan), proof);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_FALSE(recorded->optimal());
  EXPECT_TRUE(recorded->proved());
  EXPECT_EQ(ProofOf(pool, *recorded).SerializeAsString(), proof.SerializeAsString());
  const v1::GetCertificateResponse certificate = WholeCertificate(pool, *recorded, RunOf(plan));
  EXPECT_EQ(EveryCertifiedPlan(certificate).cost(), plan.objective);
  const std::string said = VerifyPlan(JsonOf(certificate));
  EXPECT_THAT(said, StartsWith("optimal: runs/r00000042, "));
  EXPECT_THAT(said, EndsWith(", proved by 3 cases"));
  int cases = 0;
  WriteCertificate(
      pool, plan, RunOf(plan),
      [&](const v1::GetCertificateResponse& part) {
        EXPECT_LE(part.cases_size(), 1) << "one an element";
        cases += part.cases_size();
        return true;
      },
      1);
  EXPECT_EQ(cases, 3);
}

TEST(RunCertificate, WhereItsCasesWereNotRecordedAPlanIsWithinSoMuchOfTheBest) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  v1::SolveProof proof = ProofOf(pool, plan);
  proof.clear_cases();
  const auto recorded = RecordedPlan(pool, RunOf(plan), proof);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_FALSE(recorded->proved());
  const v1::GetCertificateResponse certificate = WholeCertificate(pool, *recorded, RunOf(plan));
  EXPECT_EQ(certificate.case_count(), 3);
  EXPECT_THAT(certificate.cases(), SizeIs(0));
  const std::string said = VerifyPlan(JsonOf(certificate));
  EXPECT_THAT(said,
              StartsWith(absl::StrCat("within ", plan.objective - plan.bound, " of the best")));
  EXPECT_THAT(said, HasSubstr("3 cases are said to prove it the best, and are not there"));
}

// Goal: a case may be left to one before it with the same limits, and to none that rests on it itself.
// Method: each end is divided once more as the whole is, which leaves one part with the limits of the end, and one with
// those of both ends.
TEST(RunCertificate, ACaseIsProvedByOneBeforeItThatHasTheSameLimits) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  const v1::SolveProof proof = ProofOf(pool, plan);
  ASSERT_THAT(proof.cases(), SizeIs(3));
  v1::SolveRun run = RunOf(plan);
  // Cases of the proof; -1: left to one before.
  const auto recorded_with = [&](const std::vector<int>& cases) {
    v1::SolveProof changed = proof;
    changed.clear_cases();
    for (const int i : cases) {
      v1::ProofCase& added = *changed.add_cases();
      if (i >= 0) added = proof.cases(i);
    }
    run.set_case_count(changed.cases_size());
    return RecordedPlan(pool, run, changed);
  };
  const auto recorded = recorded_with({0, 0, 1, 1, 0, -1, 2});
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  v1::GetCertificateResponse certificate = WholeCertificate(pool, *recorded, run);
  EXPECT_THAT(VerifyPlan(JsonOf(certificate)), EndsWith(", proved by 7 cases"));
  const auto circular = recorded_with({0, 0, -1, 1, 2});
  EXPECT_EQ(ReasonOf(circular.status()), "RUN_NOT_REPRODUCED");
  EXPECT_THAT(std::string(circular.status().message()), HasSubstr("has no prices"));
  // To the auditor's check the same: the third is now left to the second, of which it is a part.
  certificate.mutable_cases(2)->clear_prices();
  EXPECT_THAT(VerifyPlan(JsonOf(certificate)), HasSubstr("is not proved before"));
}

TEST(RunCertificate, RecordedCasesAreRefusedWhereTheyDoNotProveThePlan) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  const v1::SolveProof proof = ProofOf(pool, plan);
  ASSERT_THAT(proof.cases(), SizeIs(3));
  struct Case {
    std::function<void(v1::SolveProof&)> change;
    std::string said;
  };
  const std::vector<Case> cases = {
      {[](auto& p) { p.mutable_cases()->RemoveLast(); }, "leaves a case out"},
      {[](auto& p) { p.add_cases()->CopyFrom(p.cases(2)); }, "none of another one's"},
      {[](auto& p) { p.mutable_cases(0)->mutable_fewer_than()->RemoveLast(); }, "leaves plans out"},
      {[](auto& p) { p.mutable_cases(0)->mutable_fewer_than(0)->set_people(2); },
       "may have a cheaper plan"},
      {[](auto& p) { p.mutable_cases(0)->set_expert(-1); }, "a case is of no expert"},
      {[](auto& p) { p.mutable_cases(0)->set_expert(2); }, "not of this pool"},
      {[](auto& p) { p.mutable_cases(1)->clear_prices(); }, "has no prices"},
      {[](auto& p) { p.mutable_cases(1)->mutable_prices()->mutable_slot_prices()->RemoveLast(); },
       "not of this pool"},
      {[](auto& p) { p.mutable_cases(1)->mutable_prices()->add_expert_open_prices()->set_row(2); },
       "a case is of no expert"}};
  for (const Case& one : cases) {
    v1::SolveProof changed = proof;
    one.change(changed);
    v1::SolveRun run = RunOf(plan);
    run.set_case_count(changed.cases_size());
    const absl::Status status = RecordedPlan(pool, run, changed).status();
    EXPECT_EQ(ReasonOf(status), "RUN_NOT_REPRODUCED") << one.said;
    EXPECT_THAT(std::string(status.message()), HasSubstr(one.said));
  }
  v1::SolveRun run = RunOf(plan);
  run.set_case_count(4);
  EXPECT_THAT(std::string(RecordedPlan(pool, run, proof).status().message()),
              HasSubstr("not as many as the run says"));
}

TEST(RunCertificate, TheAuditorsCheckSaysWhatIsWrongWithCases) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  const v1::GetCertificateResponse whole = WholeCertificate(pool, plan, RunOf(plan));
  ASSERT_THAT(whole.cases(), SizeIs(3));
  const auto divided = [](v1::GetCertificateResponse& c) { return c.mutable_cases(0); };
  const auto prices = [](v1::GetCertificateResponse& c) {
    return c.mutable_cases(1)->mutable_prices();
  };
  const auto no_worth = [](v1::CertificatePrices& of_case) {
    of_case.Clear();
    for (int slot = 0; slot < 2; ++slot) of_case.add_slots(0);
    of_case.add_partners(0);
  };
  const std::vector<WrongCertificate> changes = {
      {[](auto& c) { c.mutable_cases()->RemoveLast(); }, "it counts 3 cases, and has 2"},
      {[](auto& c) {
         c.mutable_cases()->RemoveLast();
         c.set_case_count(2);
       },
       "a case is left out"},
      {[](auto& c) {
         c.add_cases()->CopyFrom(c.cases(2));
         c.set_case_count(4);
       },
       "a case is none of another one's"},
      {[&](auto& c) { divided(c)->mutable_fewer_than()->RemoveLast(); }, "and leaves plans out"},
      {[&](auto& c) { *divided(c)->mutable_fewer_than(1) = divided(c)->fewer_than(0); },
       "or by it twice"},
      {[&](auto& c) { divided(c)->mutable_fewer_than(1)->set_count(0); },
       "is divided by nobody in"},
      {[&](auto& c) { divided(c)->mutable_fewer_than(0)->set_count(2); },
       "a case may have a plan that costs"},
      {[&](auto& c) { divided(c)->set_expert(2); }, "a case is divided by nobody"},
      {[](auto& c) { c.mutable_cases(1)->clear_prices(); }, "a case has no prices"},
      {[&](auto& c) { no_worth(*prices(c)); }, "a case may have a plan that costs"},
      {[&](auto& c) { prices(c)->mutable_slots()->RemoveLast(); },
       "a case has not the prices of all slots and partners"},
      {[&](auto& c) { prices(c)->set_slots(0, 5'000'000); }, "costs more filled than left open"},
      {[&](auto& c) { prices(c)->set_program(1); }, "the program has a price and no limit"},
      {[&](auto& c) { prices(c)->add_experts_open()->set_row(2); }, "a case has a price of nobody"},
      {[&](auto& c) {
         no_worth(*prices(c));
         prices(c)->add_experts_open()->set_price(-1);
       },
       "has a price below 0"},
      {[&](auto& c) {
         no_worth(*prices(c));
         prices(c)->add_expert_periods();
         prices(c)->add_expert_periods();
       },
       "a case has the price of experts/e1 twice"}};
  ExpectWrong(whole, changes);
}

TEST(RunCertificate, ABonusMayCountInOnePeriodOnly) {
  const Pool pool = TwoForThree().Build();
  const Plan plan = Solved(pool);
  const auto with_bonus_in = [&](const std::string& period) {
    v1::GetCertificateResponse certificate = WholeCertificate(pool, plan, RunOf(plan));
    for (v1::CertificatePair& pair : *certificate.mutable_pairs()) {
      pair.set_bonus(1000);
      pair.set_bonus_period(period);
    }
    return JsonOf(certificate);
  };
  // In a period in which the pair does not start it changes nothing; without a period it counts in any.
  const std::vector<std::string> said =
      VerifyPlans({with_bonus_in("2027Q1"), with_bonus_in("2026Q4"), with_bonus_in("")});
  EXPECT_THAT(said[0], StartsWith("optimal: "));
  EXPECT_THAT(said[1], HasSubstr("and its units cost"));
  EXPECT_THAT(said[2], HasSubstr("and its units cost"));
}

TEST(RunCertificate, StandsBesideTheFiguresOfAPlanAsFarAsItFits) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  v1::SolveRun run = RunOf(plan);
  run.clear_name();
  const v1::GetCertificateResponse whole = WholeCertificate(pool, plan, run);
  ASSERT_EQ(whole.cases_size(), 3);
  EXPECT_THAT(VerifyPlan(JsonOf(whole)), StartsWith("optimal: a plan that is not recorded, "));
  v1::GetCertificateResponse rest = whole;
  rest.clear_cases();
  const auto added_within = [&](int64_t most_bytes) {
    v1::SolveRun added = run;
    AddCertificate(pool, plan, most_bytes, added);
    return added;
  };
  const auto whole_bytes = static_cast<int64_t>(whole.ByteSizeLong());
  const auto rest_bytes = static_cast<int64_t>(rest.ByteSizeLong());
  EXPECT_EQ(added_within(whole_bytes).certificate().DebugString(), whole.DebugString());
  for (const int64_t bytes : {whole_bytes - 1, rest_bytes}) {
    const v1::SolveRun added = added_within(bytes);
    EXPECT_EQ(added.certificate().DebugString(), rest.DebugString());
    EXPECT_EQ(added.certificate().case_count(), 3) << "that there were some is still said";
    EXPECT_EQ(added.no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
  }
  const v1::SolveRun without = added_within(rest_bytes - 1);
  EXPECT_FALSE(without.has_certificate());
  EXPECT_EQ(without.no_certificate(), v1::NO_CERTIFICATE_TOO_LARGE);
}

TEST(RunCertificate, OneOfSeveralTakesOfTheRoomOfTheAnswerWhatItNeeds) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  v1::SolveRun run = RunOf(plan);
  run.clear_name();
  const v1::GetCertificateResponse whole = WholeCertificate(pool, plan, run);
  v1::GetCertificateResponse rest = whole;
  rest.clear_cases();
  const auto whole_bytes = static_cast<int64_t>(whole.ByteSizeLong());
  const auto rest_bytes = static_cast<int64_t>(rest.ByteSizeLong());
  int64_t bytes_left = whole_bytes + rest_bytes;
  const auto add = [&](int64_t most_bytes) {
    v1::SolveRun added = run;
    AddCertificateOfSeveral(pool, plan, most_bytes, bytes_left, added);
    return added;
  };
  EXPECT_EQ(add(rest_bytes - 1).no_certificate(), v1::NO_CERTIFICATE_TOO_LARGE);
  EXPECT_EQ(bytes_left, whole_bytes + rest_bytes) << "what is not there takes nothing";
  EXPECT_EQ(add(whole_bytes).certificate().DebugString(), whole.DebugString());
  EXPECT_EQ(bytes_left, rest_bytes);
  bytes_left = rest_bytes - 1;
  const v1::SolveRun full = add(whole_bytes);
  EXPECT_FALSE(full.has_certificate());
  EXPECT_EQ(full.no_certificate(), v1::NO_CERTIFICATE_ANSWER_FULL);
  EXPECT_EQ(bytes_left, rest_bytes - 1) << "a smaller one may still have it";
  EXPECT_EQ(add(rest_bytes - 1).no_certificate(), v1::NO_CERTIFICATE_TOO_LARGE)
      << "it would be so in any answer";
  bytes_left = rest_bytes;
  const v1::SolveRun without_cases = add(whole_bytes);
  EXPECT_EQ(without_cases.certificate().DebugString(), rest.DebugString());
  EXPECT_EQ(without_cases.no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
  EXPECT_EQ(bytes_left, 0);
  bytes_left = -1;
  EXPECT_EQ(add(whole_bytes).no_certificate(), v1::NO_CERTIFICATE_ANSWER_FULL);
}

TEST(RunCertificate, ComesInPartsThatAreTheWholeTogether) {
  const Pool pool = TwoForThree().Build();
  const Plan plan = Solved(pool);
  const v1::GetCertificateResponse whole = WholeCertificate(pool, plan, RunOf(plan));
  v1::GetCertificateResponse joined;
  int parts = 0;
  const auto take = [&](const v1::GetCertificateResponse& part) {
    EXPECT_EQ(part.run().empty(), parts > 0) << "the first has the figures";
    joined.MergeFrom(part);
    return ++parts < 1000;
  };
  WriteCertificate(pool, plan, RunOf(plan), take, 1);
  EXPECT_EQ(parts, 1 + 2 + 3 + 6 + 2) << "one an element: partner, experts, slots, pairs, units";
  EXPECT_EQ(joined.SerializeAsString(), whole.SerializeAsString());
  parts = 0;
  WriteCertificate(
      pool, plan, RunOf(plan),
      [&](const v1::GetCertificateResponse&) {
        ++parts;
        return false;
      },
      1);
  EXPECT_EQ(parts, 1) << "the reader has enough";
}

}  // namespace
}  // namespace critac::matching
