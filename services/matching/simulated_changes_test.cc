#include "services/matching/simulated_changes.h"

#include "common/rpc/field_rules.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "services/matching/partner_rules.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A center whose records keep the rules of their fields, as those on record do.
Snapshot SmallCenter() {
  Center center;
  center.AddPartner("nsa").set_capacity_per_period(4);
  for (const char* id : {"e1", "e2"}) center.AddExpert(id).set_full_name("Somebody");
  center.AddDemand("fy27-1").set_state(v1::DEMAND_STATE_OPEN);
  center.AddDemand("fy27-2").set_state(v1::DEMAND_STATE_OPEN);
  Snapshot snapshot;
  snapshot.today = center.today;
  snapshot.policy = FirstPolicy();
  snapshot.policy.set_version(1);
  snapshot.partners = center.partners;
  snapshot.experts = center.experts;
  snapshot.demands = center.demands;
  return snapshot;
}

// Changes in text format, applied with the rules of fields as the service does.
absl::Status Apply(const std::vector<std::string>& texts, Snapshot& snapshot) {
  std::vector<v1::SimulatedChange> changes;
  for (const std::string& text : texts) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &changes.emplace_back()))
        << text;
  }
  return ApplyChanges(
      changes,
      [](const google::protobuf::Message& message, absl::string_view path) {
        return rpc::CheckFields(message, path);
      },
      snapshot);
}

TEST(SimulatedChanges, FieldsNamedChangeAndTheOthersStay) {
  Snapshot snapshot = SmallCenter();
  ASSERT_TRUE(
      Apply(
          {R"(policy { weights { distance: 7 } unassigned_price: 5 } fields: "weights.distance")",
           R"(policy { fairness_price: 9 } fields: "fairness_price")",
           R"(expert { name: "experts/e1" capacity_per_period: 8 } fields: "capacity_per_period")",
           R"(expert { name: "experts/e1" } fields: "active")",
           R"(partner { name: "partners/nsa" } fields: "capacity_per_period")",
           R"(request { request: "requests/fy27-2" urgency: URGENCY_CRITICAL } fields: "urgency")"},
          snapshot)
          .ok());
  EXPECT_EQ(snapshot.policy.weights().distance(), 7);
  EXPECT_EQ(snapshot.policy.weights().topic_fit(), 400'000);
  EXPECT_EQ(snapshot.policy.unassigned_price(), 2'000'000) << "it was not named";
  EXPECT_EQ(snapshot.policy.fairness_price(), 9);
  EXPECT_EQ(snapshot.policy.version(), 0) << "no version on record any more";
  EXPECT_EQ(snapshot.experts[0].capacity_per_period(), 8);
  EXPECT_FALSE(snapshot.experts[0].active());
  EXPECT_EQ(snapshot.experts[0].capacity_open(), 10);
  EXPECT_TRUE(snapshot.experts[1].active());
  EXPECT_EQ(snapshot.partners[0].capacity_per_period(), 0);
  EXPECT_EQ(snapshot.demands[1].urgency(), intake::v1::URGENCY_CRITICAL);
  EXPECT_EQ(snapshot.demands[0].urgency(), intake::v1::URGENCY_ROUTINE);
}

TEST(SimulatedChanges, WithoutFieldsTheWholeIsReplacedOrAdded) {
  Snapshot snapshot = SmallCenter();
  snapshot.demands[0].add_declined("s1 experts/e1");
  ASSERT_TRUE(
      Apply({R"(expert { name: "experts/e2" partner: "partners/new" full_name: "B" active: true })",
             R"(expert { name: "experts/e3" partner: "partners/new" full_name: "C" active: true })",
             R"(partner { name: "partners/new" display_name: "New" })",
             R"(request { request: "requests/fy27-1" agency { agency: "agencies/a" }
                  declined: "s1 experts/e2"
                  slots { topic: "topics/de-escalation" delivery_type: "deliveryTypes/virtual"
                          hours: 4 window_start: "2027-01-01" window_end: "2027-01-31" } })"},
            snapshot)
          .ok());
  ASSERT_THAT(snapshot.experts, SizeIs(3));
  EXPECT_THAT(snapshot.experts[1].topics(), IsEmpty());
  EXPECT_EQ(snapshot.experts[2].name(), "experts/e3");
  ASSERT_THAT(snapshot.partners, SizeIs(2));
  const v1::Demand& demand = snapshot.demands[0];
  EXPECT_EQ(demand.slots(0).id(), "s1") << "given where it has none";
  EXPECT_EQ(demand.agency().agency(), "agencies/a");
  EXPECT_EQ(demand.declined(0), "s1 experts/e1") << "what matching made of it stays";
  EXPECT_EQ(demand.declined_size(), 1);
}

TEST(SimulatedChanges, AReadyTimeAloneIsWhatARequestWaitsFrom) {
  Snapshot snapshot = SmallCenter();
  for (v1::Demand& demand : snapshot.demands) demand.mutable_waiting_since()->set_seconds(100);
  ASSERT_TRUE(Apply({R"(request { request: "requests/fy27-1" ready_time { seconds: 300 } }
                          fields: "ready_time")",
                     R"(request { request: "requests/fy27-2" ready_time { seconds: 300 }
                                  waiting_since { seconds: 200 } }
                          fields: "ready_time" fields: "waiting_since")"},
                    snapshot)
                  .ok());
  EXPECT_EQ(WaitingSince(snapshot.demands[0]).seconds(), 300);
  EXPECT_EQ(WaitingSince(snapshot.demands[1]).seconds(), 200);
  ASSERT_TRUE(
      Apply({R"(request { request: "requests/fy27-2" } fields: "urgency")"}, snapshot).ok());
  EXPECT_EQ(WaitingSince(snapshot.demands[1]).seconds(), 200);
}

TEST(SimulatedChanges, ARequestLeftOutTakesItsOpenOffersWithIt) {
  Snapshot snapshot = SmallCenter();
  for (int i = 0; i < 2; ++i) {
    v1::Assignment& held = snapshot.held.emplace_back();
    held.set_offer(absl::StrCat("offers/o", i));
    *snapshot.demands[static_cast<size_t>(i)].add_committed() = held;
  }
  ASSERT_TRUE(Apply({R"(without_request: "requests/fy27-1")"}, snapshot).ok());
  ASSERT_THAT(snapshot.demands, SizeIs(1));
  EXPECT_EQ(snapshot.demands[0].request(), "requests/fy27-2");
  ASSERT_THAT(snapshot.held, SizeIs(1));
  EXPECT_EQ(snapshot.held[0].offer(), "offers/o1");
}

TEST(SimulatedChanges, WhatIsWrongIsSaidWithItsField) {
  struct Case {
    std::vector<std::string> changes;
    std::string field;
    std::string message;
  };
  const std::string capacity =
      R"(expert { name: "experts/e1" capacity_per_period: 8 } fields: "capacity_per_period")";
  const Case cases[] = {
      {{""}, "changes[0]", "changes nothing"},
      {{capacity, R"(expert { name: "experts/e9" } fields: "active")"},
       "changes[1].expert.name",
       "there is no 'experts/e9'"},
      {{R"(expert { active: true })"}, "changes[0].expert.name", "is required"},
      {{R"(partner { name: "partners/x" } fields: "capacity_per_period")"},
       "changes[0].partner.name",
       "there is no 'partners/x'"},
      {{R"(request { request: "requests/x" } fields: "urgency")"},
       "changes[0].request.request",
       "there is no 'requests/x' open for matching"},
      {{R"(without_request: "requests/x")"},
       "changes[0].without_request",
       "there is no 'requests/x' open for matching"},
      {{R"(policy { } fields: "distance")"}, "changes[0].fields[0]", "is no field of policy"},
      {{R"(policy { } fields: "version")"}, "changes[0].fields[0]", "cannot be changed"},
      {{R"(expert { name: "experts/e1" } fields: "name")"},
       "changes[0].fields[0]",
       "cannot be changed"},
      {{R"(request { request: "requests/fy27-1" } fields: "declined")"},
       "changes[0].fields[0]",
       "what can is agency, co_served_agencies, slots, urgency, needed_by, ready_time, "
       "waiting_since"},
      {{R"(request { request: "requests/fy27-1" } fields: "ready_time")",
        R"(request { request: "requests/fy27-1" } fields: "waiting_since")"},
       "changes[1].fields[0]",
       "contradicts changes[0].fields[0]: both change waiting_since of requests/fy27-1"},
      {{R"(policy { } fields: "weights" fields: "weights.load")"},
       "changes[0].fields[1]",
       "is changed by fields[0] too"},
      {{capacity, capacity},
       "changes[1].fields[0]",
       "contradicts changes[0].fields[0]: both change capacity_per_period of experts/e1"},
      {{R"(policy { weights { load: 1 } } fields: "weights")",
        R"(policy { weights { load: 2 } } fields: "weights.load")"},
       "changes[1].fields[0]",
       "contradicts changes[0].fields[0]: both change weights.load of the policy"},
      {{R"(request { request: "requests/fy27-1" urgency: URGENCY_CRITICAL } fields: "urgency")",
        R"(without_request: "requests/fy27-1")"},
       "changes[1].without_request",
       "contradicts changes[0].fields[0]: both change urgency of requests/fy27-1"},
      {{R"(without_request: "requests/fy27-1")", R"(without_request: "requests/fy27-1")"},
       "changes[1].without_request",
       "contradicts changes[0].without_request: both change requests/fy27-1"},
      {{R"(expert { name: "experts/e1" capacity_per_period: -1 } fields: "capacity_per_period")"},
       "changes[0].expert.capacity_per_period",
       "-1"},
      {{R"(expert { name: "experts/e1" partner: "partners/x" } fields: "partner")"},
       "changes[0].expert.partner",
       "there is no 'partners/x'"},
      {{R"(expert { name: "experts/e3" active: true })"}, "changes[0].expert.partner", "required"},
      {{R"(expert { name: "experts/e1" rating_count: 2 rating_sum: 11 }
            fields: "rating_count" fields: "rating_sum")"},
       "changes[0].expert.rating_sum",
       "11 is not in 2..10"},
      {{R"(partner { name: "partners/nsa" memberships { start: "2026-02-01" end: "2026-01-01" } }
            fields: "memberships")"},
       "changes[0].partner.memberships[0].end",
       "is before the start"},
      {{R"(policy { } fields: "weights")"}, "changes[0].policy.weights", ""},
      {{R"(policy { weights { } } fields: "weights")"}, "changes[0].policy.weights", "all are 0"},
      {{R"(policy { unassigned_price: -5 } fields: "unassigned_price")"},
       "changes[0].policy.unassigned_price",
       "-5"},
      {{R"(policy { partner_shares { partner: "partners/x" maximum_e6: 500000 } }
            fields: "partner_shares")"},
       "changes[0].policy.partner_shares[0].partner",
       "there is no 'partners/x'; a share is of a partner on record"},
      {{R"(policy { fairness_price: 9 } fields: "fairness_price")",
        R"(policy { partner_shares { partner: "partners/nsa" }
                    partner_shares { partner: "partners/x" } } fields: "partner_shares")"},
       "changes[1].policy.partner_shares[1].partner",
       "there is no 'partners/x'"},
      {{R"(policy { period: PERIOD_QUARTER weights { load: 1 } waiting_price_per_day: 1
                    rating_prior_mean_e3: 4000 offer_business_days: 5 reminder_business_days: 2
                    escalate_after_offers: 3 recent_agency_years: 5
                    partner_shares { partner: "partners/x" } })"},
       "changes[0].policy.partner_shares[0].partner",
       "there is no 'partners/x'"},
      {{R"(request { request: "requests/new" agency { agency: "agencies/a" } })"},
       "changes[0].request.slots",
       "required"},
      {{R"(request { request: "requests/fy27-1"
            slots { id: "s1" topic: "topics/t" delivery_type: "deliveryTypes/d" hours: 1
                    window_start: "2027-02-01" window_end: "2027-01-31" } } fields: "slots")"},
       "changes[0].request.slots[0].window_end",
       "is before the start"},
      {{R"(request { request: "requests/fy27-1"
            slots { id: "s1" topic: "topics/t" delivery_type: "deliveryTypes/d" hours: 1
                    window_start: "2027-02-01" window_end: "2027-02-28"
                    served_in_size_band: SIZE_BAND_2_9 served_in_same_size_band: true } }
            fields: "slots")"},
       "changes[0].request.slots[0].served_in_same_size_band",
       "contradicts served_in_size_band, SIZE_BAND_2_9; one of the two"},
  };
  for (const Case& one : cases) {
    Snapshot snapshot = SmallCenter();
    const absl::Status status = Apply(one.changes, snapshot);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << one.field;
    const google::rpc::BadRequest bad = BadRequestOf(status);
    ASSERT_GE(bad.field_violations_size(), 1) << status;
    EXPECT_EQ(bad.field_violations(0).field(), one.field) << status;
    EXPECT_THAT(bad.field_violations(0).description(), HasSubstr(one.message));
  }
}

TEST(SimulatedChanges, AShareIsOfAPartnerThatIsThereOrAddedOrOfAVersionOnRecord) {
  const std::string shares_of_x =
      R"(policy { partner_shares { partner: "partners/x" } } fields: "partner_shares")";
  const std::vector<std::string> accepted[] = {
      {R"(policy { partner_shares { partner: "partners/nsa" } } fields: "partner_shares")"},
      {shares_of_x, R"(partner { name: "partners/x" display_name: "X" })"}};
  for (const std::vector<std::string>& changes : accepted) {
    Snapshot snapshot = SmallCenter();
    const absl::Status status = Apply(changes, snapshot);
    EXPECT_TRUE(status.ok()) << changes[0] << ": " << status;
  }
  // As one that is tried on a day before the partner was on record, and then changed in something else.
  v1::Policy version = FirstPolicy();
  version.set_version(2);
  version.add_partner_shares()->set_partner("partners/x");
  Snapshot past = SmallCenter();
  v1::SimulatedChange change;
  *change.mutable_policy() = version;
  const auto unchecked = [](const google::protobuf::Message&, absl::string_view) {
    return absl::OkStatus();
  };
  EXPECT_TRUE(ApplyChanges({change}, unchecked, past).ok());
  EXPECT_TRUE(Apply({R"(policy { fairness_price: 9 } fields: "fairness_price")"}, past).ok());
  EXPECT_EQ(past.policy.partner_shares_size(), 1);
}

TEST(SimulatedChanges, ARecordThatBreaksARuleAsItIsCanStillBeChanged) {
  // As that of a person whose name was purged.
  Snapshot snapshot = SmallCenter();
  snapshot.experts[0].clear_full_name();
  EXPECT_TRUE(Apply({R"(expert { name: "experts/e1" } fields: "active")"}, snapshot).ok());
  EXPECT_FALSE(snapshot.experts[0].active());
}

// Who is recused is told the same of a request as of one that is not there.
TEST(SimulatedChanges, ARequestThatIsHiddenIsNotThereToBeChanged) {
  Snapshot snapshot = SmallCenter();
  v1::SimulateRequest call;
  call.add_changes()->mutable_expert()->set_name("experts/e1");
  const auto check = [&](const std::vector<std::string>& hidden) {
    return CheckChangesSeen(call.changes(), hidden);
  };
  EXPECT_TRUE(check({"requests/fy27-1"}).ok());
  call.add_changes()->set_without_request("requests/fy27-1");
  EXPECT_TRUE(check({}).ok());
  EXPECT_TRUE(check({"requests/fy27-2"}).ok());
  const absl::Status hidden = check({"requests/fy27-1", "requests/fy27-2"});
  EXPECT_EQ(BadRequestOf(hidden).field_violations(0).field(), "changes[1].without_request");
  EXPECT_EQ(std::string(hidden.message()),
            "changes[1].without_request: there is no 'requests/fy27-1' open for matching");
  const absl::Status missing = Apply({R"(without_request: "requests/fy27-9")"}, snapshot);
  EXPECT_THAT(std::string(missing.message()),
              HasSubstr(".without_request: there is no 'requests/fy27-9' open for matching"));
  call.mutable_changes(1)->mutable_request()->set_request("requests/fy27-1");
  EXPECT_EQ(BadRequestOf(check({"requests/fy27-1"})).field_violations(0).field(),
            "changes[1].request.request");
}

}  // namespace
}  // namespace critac::matching
