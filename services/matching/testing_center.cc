#include "services/matching/testing_center.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "services/matching/certificate.h"

namespace critac::matching {

Center::Center() {
  policy.set_version(1);
  policy.set_period(v1::PERIOD_QUARTER);
  policy.mutable_weights()->set_topic_fit(1000000);
  policy.set_unassigned_price(2000000);
  policy.set_recent_agency_years(3);
  intake::v1::CatalogEntry* topic = catalog.add_entries();
  topic->set_name(std::string(kTopic));
  topic->mutable_topic()->set_title("De-escalation");
  intake::v1::CatalogEntry* remote = catalog.add_entries();
  remote->set_name("deliveryTypes/virtual");
  remote->mutable_delivery_type()->set_title("virtual coaching");
  remote->mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
  intake::v1::CatalogEntry* training = catalog.add_entries();
  training->set_name("deliveryTypes/training");
  training->mutable_delivery_type()->set_title("in-person training");
  training->mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_ON_SITE);
  training->mutable_delivery_type()->set_lead_time_days(30);
}

v1::Partner& Center::AddPartner(absl::string_view id) {
  v1::Partner& partner = partners.emplace_back();
  partner.set_name(absl::StrCat("partners/", id));
  partner.set_display_name(absl::StrCat("Partner ", id));
  partner.add_memberships();
  return partner;
}

v1::Expert& Center::AddExpert(absl::string_view id, absl::string_view partner_id) {
  v1::Expert& expert = experts.emplace_back();
  expert.set_name(absl::StrCat("experts/", id));
  expert.set_partner(absl::StrCat("partners/", partner_id));
  expert.set_active(true);
  v1::HeldTopic* topic = expert.add_topics();
  topic->set_topic(std::string(kTopic));
  topic->set_level(intake::v1::LEVEL_EXPERT);
  expert.set_capacity_per_period(3);
  expert.set_capacity_open(10);
  return expert;
}

v1::Demand& Center::AddDemand(absl::string_view id) {
  v1::Demand& demand = demands.emplace_back();
  demand.set_name(absl::StrCat("demands/", id));
  demand.set_request(absl::StrCat("requests/", id));
  demand.mutable_agency()->set_agency(absl::StrCat("agencies/", id));
  demand.mutable_agency()->set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  demand.mutable_agency()->set_size_band(type::v1::SIZE_BAND_25_49);
  demand.mutable_agency()->set_state("UT");
  demand.set_urgency(intake::v1::URGENCY_ROUTINE);
  demand.mutable_ready_time()->set_seconds(int64_t{86400} * DayNumber(today));
  AddSlot(demand, "s1");
  return demand;
}

intake::v1::Slot& Center::AddSlot(v1::Demand& demand, absl::string_view slot_id) {
  intake::v1::Slot& slot = *demand.add_slots();
  slot.set_id(std::string(slot_id));
  slot.set_topic(std::string(kTopic));
  slot.set_delivery_type("deliveryTypes/virtual");
  slot.set_people(1);
  slot.set_hours(8);
  slot.set_window_start("2026-12-01");
  slot.set_window_end("2026-12-31");
  return slot;
}

v1::Conflict& Center::AddConflict(absl::string_view expert_id, absl::string_view agency_id,
                                  v1::ConflictKind kind) {
  v1::Conflict& conflict = conflicts.emplace_back();
  conflict.set_name(absl::StrCat("conflicts/", conflicts.size()));
  conflict.set_expert(absl::StrCat("experts/", expert_id));
  conflict.set_agency(absl::StrCat("agencies/", agency_id));
  conflict.set_kind(kind);
  return conflict;
}

v1::Identity& Center::AddIdentity(absl::string_view first, absl::string_view second,
                                  v1::IdentityState state) {
  v1::Identity& identity = identities.emplace_back();
  identity.set_name(absl::StrCat("identities/", identities.size()));
  identity.set_first(std::string(first));
  identity.set_second(std::string(second));
  identity.set_state(state);
  return identity;
}

void Center::Use(absl::string_view owner, absl::string_view period, int used) {
  v1::CapacityUse& use = uses.emplace_back();
  use.set_owner(std::string(owner));
  use.set_period(std::string(period));
  use.set_used(used);
}

PoolInput Center::Input() const {
  PoolInput input;
  input.today = today;
  input.policy = &policy;
  input.catalog = &catalog;
  input.partners = partners;
  input.experts = experts;
  input.conflicts = conflicts;
  input.identities = identities;
  input.demands = demands;
  input.uses = uses;
  input.held = held;
  input.proposals = proposals;
  return input;
}

Pool Center::Build() const {
  absl::StatusOr<Pool> pool = Pool::Build(Input());
  EXPECT_TRUE(pool.ok()) << pool.status();
  return *std::move(pool);
}

Center OverlappingCenter() {
  Center center;
  center.AddPartner("nsa").set_capacity_per_period(1);
  v1::Expert& e1 = center.AddExpert("e1");
  e1.set_capacity_open(1);
  v1::HeldTopic& other = *e1.add_topics();
  other.set_topic("topics/other");
  other.set_level(intake::v1::LEVEL_EXPERT);
  *center.AddExpert("e2").add_unavailable() = Dates("2027-01-01", "2027-03-31");
  v1::Demand& r1 = center.AddDemand("r1");
  r1.mutable_slots(0)->set_topic("topics/other");
  r1.set_urgency(intake::v1::URGENCY_ELEVATED);
  center.policy.set_urgency_price(100'000);
  center.AddDemand("r2").mutable_slots(0)->set_window_end("2027-03-31");
  return center;
}

v1::DateRange Dates(absl::string_view start, absl::string_view end) {
  v1::DateRange range;
  range.set_start(std::string(start));
  range.set_end(std::string(end));
  return range;
}

int ExpertIn(const Pool& pool, absl::string_view id) {
  const std::optional<int> row = pool.FindExpert(absl::StrCat("experts/", id));
  EXPECT_TRUE(row.has_value()) << id;
  return row.value_or(0);
}

int SlotIn(const Pool& pool, absl::string_view demand_id, absl::string_view slot_id) {
  const std::optional<int> row = pool.FindSlot(absl::StrCat("requests/", demand_id), slot_id);
  EXPECT_TRUE(row.has_value()) << demand_id << " " << slot_id;
  return row.value_or(0);
}

Center BusyCenter(int requests, int partners, int experts, int held) {
  constexpr int kTopics = 60;
  std::mt19937 engine(42);
  const auto any = [&](int n) { return static_cast<int>(engine() % static_cast<uint32_t>(n)); };
  const char* states[] = {"UT", "NV", "CA", "TX", "NY", "FL", "OH", "WA", "GA", "MT"};
  Center center;
  center.policy.mutable_weights()->set_peer_similarity(800000);
  center.policy.mutable_weights()->set_rating(500000);
  center.policy.mutable_weights()->set_load(500000);
  center.policy.mutable_weights()->set_distance(300000);
  center.policy.set_rating_prior_count(5);
  center.policy.set_rating_prior_mean_e3(4000);
  center.policy.set_fairness_price(5000);
  center.policy.set_stability_bonus(50000);
  center.policy.set_waiting_price_per_day(10000);
  center.policy.set_urgency_price(500000);
  for (int p = 0; p < partners; ++p) {
    center.AddPartner(absl::StrCat("p", p)).set_capacity_per_period(p % 2 == 0 ? 0 : 40);
  }
  for (int e = 0; e < experts; ++e) {
    v1::Expert& expert =
        center.AddExpert(absl::StrCat("e", 10000 + e), absl::StrCat("p", any(partners)));
    expert.clear_topics();
    const int first = any(kTopics);
    for (int t = 0; t < held; ++t) {
      v1::HeldTopic* topic = expert.add_topics();
      topic->set_topic(absl::StrCat("topics/t", (first + t) % kTopics));
      topic->set_level(static_cast<intake::v1::Level>(1 + any(3)));
    }
    for (int s = 0; s < 3; ++s) {
      v1::Service* service = expert.add_services();
      service->set_type(static_cast<type::v1::AgencyType>(1 + any(10)));
      service->set_size_band(static_cast<type::v1::SizeBand>(1 + any(8)));
      service->set_state(states[any(10)]);
    }
    expert.mutable_home()->set_latitude_e6(30000000 + any(15000000));
    expert.mutable_home()->set_longitude_e6(-120000000 + any(45000000));
    expert.set_travel_radius_km(500 + any(3000));
    expert.set_capacity_per_period(1 + any(3));
    expert.set_capacity_open(1 + any(4));
    expert.set_rating_count(any(20));
    expert.set_rating_sum(expert.rating_count() * 4);
    if (any(5) == 0) *expert.add_unavailable() = Dates("2026-12-01", "2026-12-31");
  }
  for (int r = 0; r < requests; ++r) {
    v1::Demand& demand = center.AddDemand(absl::StrCat("r", 10000 + r));
    demand.set_urgency(static_cast<intake::v1::Urgency>(1 + any(3)));
    demand.mutable_ready_time()->set_seconds(demand.ready_time().seconds() - 86400 * any(60));
    demand.mutable_agency()->set_size_band(static_cast<type::v1::SizeBand>(1 + any(8)));
    demand.mutable_agency()->set_type(static_cast<type::v1::AgencyType>(1 + any(10)));
    demand.mutable_agency()->set_state(states[any(10)]);
    demand.mutable_agency()->mutable_coordinates()->set_latitude_e6(30000000 + any(15000000));
    demand.mutable_agency()->mutable_coordinates()->set_longitude_e6(-120000000 + any(45000000));
    intake::v1::Slot& slot = *demand.mutable_slots(0);
    slot.set_topic(absl::StrCat("topics/t", any(kTopics)));
    slot.set_people(any(4) == 0 ? 2 : 1);
    slot.set_on_site(any(2) == 0);
    if (any(3) == 0) slot.set_window_end("2027-05-31");
  }
  return center;
}

Center ScarceYear(int experts, int held) {
  Center center = BusyCenter(300, 10, experts, held);
  for (v1::Partner& partner : center.partners) partner.set_capacity_per_period(7);
  center.policy.set_capacity_open(180);
  return center;
}

Plan Solved(const Pool& pool) {
  absl::StatusOr<Plan> plan = SolvePlan(pool);
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok()) return {};
  const absl::Status checked = CheckPlan(pool, *plan);
  EXPECT_TRUE(checked.ok()) << checked;
  return *std::move(plan);
}

absl::StatusOr<Plan> SolvedWith(const Pool& pool, int slot, int expert,
                                std::optional<int32_t> period) {
  ProofAllowance allowance;
  return SolvePlanWith(pool, slot, expert, allowance, period);
}

std::vector<std::string> TextOf(const Pool& pool, const Plan& plan) {
  std::vector<std::string> texts;
  const v1::Period length = PeriodOf(pool.period_length(), 0).length;
  for (const PlanUnit& unit : plan.units) {
    const SlotRow& slot = pool.slots()[unit.slot];
    texts.push_back(absl::StrCat(absl::StripPrefix(slot.request, "requests/"), "/", slot.id, " ",
                                 absl::StripPrefix(pool.experts()[unit.expert].name, "experts/"),
                                 " ", PeriodName({length, unit.period})));
  }
  return texts;
}

}  // namespace critac::matching
