// Goal: whatever people do, and in whatever order, no capacity is exceeded, nobody is offered what a
// gate forbids, nobody has two places in one slot, every plan is the cheapest, and the records say what
// happened. Method: random histories from printed seeds, CRITAC_HISTORIES of them, over a real journal,
// beside a reference that keeps nothing but who holds which place, and counts anew for every question.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/eligibility.h"
#include "services/matching/engagements.h"
#include "services/matching/offer_testing.h"
#include "services/matching/partner_commands.h"
#include "services/matching/testing_every_plan.h"
#include "services/matching/testing_transport.h"

namespace critac::matching {
namespace {

using ::testing::AnyOf;

constexpr uint32_t kSeed = 20261128;

// What the reference knows of an offer: whose place it is, and what that holds.
struct Place {
  std::string request, slot, expert, partner, period;
  std::string answer_by;
  bool open = true;
  bool accepted = false;
  // Of the capacity of the period, and of that for assignments open at once.
  bool holds_period = false;
  bool holds_open = false;
};

// A declared conflict: of whom with whom, and what became of it.
struct Declared {
  std::string person, agency, declared_by;
  std::string asked_by;
  bool overridden = false;
};

// The reference: rules of the field in the plainest words there are.
class Reference {
 public:
  std::map<std::string, v1::Expert> experts;
  std::map<std::string, v1::Partner> partners;
  std::map<std::string, Place> places;  // by offer
  // Assignments open at once of the whole program; 0: any number.
  int program_capacity = 0;
  std::map<std::string, Declared> conflicts;  // by name
  // Request, slot, person: not to be asked again.
  std::set<std::vector<std::string>> barred;
  // Engagements that are under way: slots delivered or waived, and those of which something was delivered.
  // And those for which another is sought.
  std::map<std::string, std::set<std::string>> over, begun, sought;
  std::set<std::string> engaged;

  // Records that share an address are of one person.
  std::string PersonOf(const std::string& expert) const { return experts.at(expert).emails(0); }

  int UsedIn(const std::string& owner, const std::string& period) const {
    return Count([&](const Place& place) {
      return place.holds_period && place.period == period && IsOf(place, owner);
    });
  }
  int UsedOpen(const std::string& owner) const {
    return Count([&](const Place& place) { return place.holds_open && IsOf(place, owner); });
  }

  bool IsProgramFull() const {
    const int used = Count([](const Place& place) { return place.holds_open; });
    return program_capacity > 0 && used >= program_capacity;
  }

  // Whether a place may be offered beside all others: what is offered counts as if it were accepted.
  bool HasRoomToOffer(const Place& wanted) const {
    const v1::Expert& expert = experts.at(wanted.expert);
    const int partner_room = partners.at(wanted.partner).capacity_per_period();
    const auto taken_in = [&](const std::string& owner) {
      return Count([&](const Place& place) {
        return (place.open || place.holds_period) && place.period == wanted.period &&
               IsOf(place, owner);
      });
    };
    const int open = Count([&](const Place& place) {
      return (place.open || place.holds_open) && place.expert == wanted.expert;
    });
    const int open_of_all =
        Count([](const Place& place) { return place.open || place.holds_open; });
    return taken_in(wanted.expert) < expert.capacity_per_period() &&
           open < expert.capacity_open() &&
           (partner_room == 0 || taken_in(wanted.partner) < partner_room) &&
           (program_capacity == 0 || open_of_all < program_capacity);
  }

  bool HasConflict(const Place& place) const {
    return std::any_of(conflicts.begin(), conflicts.end(), [&](const auto& entry) {
      const Declared& conflict = entry.second;
      return !conflict.overridden && conflict.person == PersonOf(place.expert) &&
             conflict.agency == AgencyOf(place.request);
    });
  }

  // People who are offered a place in a slot, or have it.
  std::set<std::string> PeopleIn(const std::string& request, const std::string& slot) const {
    std::set<std::string> people;
    for (const auto& [offer, place] : places) {
      if (place.request != request || place.slot != slot) continue;
      if (place.open || place.accepted) people.insert(PersonOf(place.expert));
    }
    return people;
  }

  // Whether a person may be asked to take a place. Every slot here is for December.
  bool MayBeAsked(const Place& wanted, const std::string& today) const {
    const std::string person = PersonOf(wanted.expert);
    return experts.at(wanted.expert).active() && !HasConflict(wanted) && today <= "2026-12-31" &&
           !PeopleIn(wanted.request, wanted.slot).contains(person) && HasRoomToOffer(wanted) &&
           !barred.contains({wanted.request, wanted.slot, person});
  }
  static std::string AgencyOf(const std::string& request) {
    return absl::StrCat("agencies/", request.substr(std::string("requests/").size()));
  }

  // What an acceptance comes to: the reason of the refusal, or nothing.
  std::string RefusalOf(const std::string& offer, const std::string& today) const {
    const Place& place = places.at(offer);
    const v1::Expert& expert = experts.at(place.expert);
    const int partner_room = partners.at(place.partner).capacity_per_period();
    if (!place.open) return "OFFER_NOT_OPEN";
    if (today > place.answer_by) return "OFFER_EXPIRED";
    if (!expert.active()) return "EXPERT_NOT_ACTIVE";
    if (UsedIn(place.expert, place.period) >= expert.capacity_per_period() ||
        UsedOpen(place.expert) >= expert.capacity_open() ||
        (partner_room > 0 && UsedIn(place.partner, place.period) >= partner_room) ||
        IsProgramFull()) {
      return "NO_CAPACITY";
    }
    return HasConflict(place) ? "NOT_ELIGIBLE" : "";
  }

  void Accept(const std::string& offer) {
    Place& place = places.at(offer);
    place.open = false;
    place.accepted = place.holds_period = place.holds_open = true;
  }
  void Bar(const std::string& offer) {
    Place& place = places.at(offer);
    place.open = place.accepted = false;
    barred.insert({place.request, place.slot, PersonOf(place.expert)});
  }
  void Lose(const std::string& offer) {
    Place& place = places.at(offer);
    Bar(offer);
    place.holds_open = false;
    place.holds_period = begun[place.request].contains(place.slot);
    sought[place.request].insert(place.slot);
  }
  // The last slot is over.
  void End(const std::string& request) {
    for (auto& [offer, place] : places) {
      if (place.request == request) place.holds_open = false;
    }
    engaged.erase(request);
  }
  // The request is given up, or set aside. Only what an engagement used of a period stays used.
  void Close(const std::string& request, const std::set<std::string>& team) {
    for (auto& [offer, place] : places) {
      if (place.request != request) continue;
      place.open = false;
      if (!place.accepted) continue;
      place.holds_open = false;
      place.holds_period = place.holds_period && team.contains(offer);
      place.accepted = false;
    }
    engaged.erase(request);
    barred.erase(barred.lower_bound({request}), barred.lower_bound({request + "\x7f"}));
  }

 private:
  template <typename Holds>
  int Count(Holds holds) const {
    return static_cast<int>(std::count_if(places.begin(), places.end(),
                                          [&](const auto& entry) { return holds(entry.second); }));
  }
  static bool IsOf(const Place& place, const std::string& owner) {
    return place.expert == owner || place.partner == owner;
  }
};

Center CenterOf(Dice& dice) {
  Center center;
  center.policy.set_offer_business_days(dice.Between(1, 3));
  center.policy.set_reminder_business_days(dice.Between(0, 1));
  center.policy.set_escalate_after_offers(dice.Between(0, 2));
  center.policy.set_reoffer_automatically(dice.OneIn(3));
  center.policy.set_approve_automatically(dice.OneIn(6));
  center.policy.set_fairness_price(dice.Between(0, 2) * 150'000);
  center.policy.set_stability_bonus(dice.Between(0, 1) * 200'000);
  center.policy.set_capacity_open(dice.OneIn(3) ? dice.Between(2, 5) : 0);
  for (const char* partner : {"elm", "oak"}) {
    center.AddPartner(partner).set_capacity_per_period(dice.OneIn(2) ? dice.Between(1, 3) : 0);
    for (int i = 1; i <= 2; ++i) {
      v1::Expert& expert = center.AddExpert(absl::StrCat(partner, i), partner);
      expert.set_capacity_per_period(dice.Between(1, 2));
      expert.set_capacity_open(dice.Between(1, 3));
      // One person may have a record with both.
      expert.add_emails(absl::StrCat(dice.OneIn(3) && i == 1 ? "both" : absl::StrCat(partner, i),
                                     "@example.org"));
    }
  }
  return center;
}

// How often what happened.
using Counts = std::map<std::string, int>;

class History {
 public:
  // Begins with the tables that a journal has made in the databases of `tables`.
  History(uint32_t seed, const MatchingWorld& tables, Counts& counts)
      : dice_(seed), center_(CenterOf(dice_)), bench_(center_, WorldLike(tables)), counts_(counts) {
    for (const v1::Expert& expert : center_.experts) reference_.experts[expert.name()] = expert;
    for (const v1::Partner& one : center_.partners) reference_.partners[one.name()] = one;
    reference_.program_capacity = center_.policy.capacity_open();
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      Step();
      LearnOffers();
      ExpectSameCapacity();
      ExpectNobodyTwice();
      if (dice_.OneIn(8)) ExpectCheapestPlan();
    }
    ASSERT_TRUE(bench_.journal->Rebuild().ok());
    ExpectSameCapacity();
  }

 private:
  static std::shared_ptr<MatchingWorld> WorldLike(const MatchingWorld& tables) {
    auto world = std::make_shared<MatchingWorld>();
    world->databases.BeginAs(tables.databases, "matching");
    return world;
  }

  void Step() {
    const struct {
      int weight;
      void (History::*act)();
    } acts[] = {
        {3, &History::Bring},           {5, &History::Approve},     {6, &History::Accept},
        {1, &History::Decline},         {1, &History::PassTime},    {1, &History::ChangeExpert},
        {1, &History::DeclareConflict}, {1, &History::Leave},       {2, &History::Lose},
        {2, &History::Deliver},         {1, &History::Reduce},      {1, &History::Waive},
        {1, &History::ChangePolicy},    {4, &History::Sync},        {2, &History::Override},
        {1, &History::AskOverride},     {1, &History::LiftConflict}};
    int sum = 0;
    for (const auto& one : acts) sum += one.weight;
    int at = dice_.Between(1, sum);
    for (const auto& one : acts) {
      at -= one.weight;
      if (at <= 0) return (this->*one.act)();
    }
  }

  // ---- What people do

  void Bring() {
    if (requests_.size() >= 4) return;
    v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", requests_.size() + 1));
    demand.mutable_slots(0)->set_people(dice_.Between(1, 2));
    if (dice_.OneIn(3)) center_.AddSlot(demand, "s2");
    requests_.push_back(demand.request());
    did_ = absl::StrCat("bring ", bench_.Ready(demand));
  }

  void Approve() {
    const std::string request = AnyRequest();
    if (request.empty()) return;
    const v1::Demand demand = bench_.DemandFor(request);
    if (demand.proposal().empty()) return;
    did_ = absl::StrCat("approve ", demand.proposal());
    const absl::Status status = bench_.Approve(request);
    if (!status.ok()) {
      EXPECT_THAT(ReasonOf(status), AnyOf("NOT_ELIGIBLE", "NOTHING_PROPOSED")) << did_ << status;
    }
  }

  // A person decides for one or two others than the proposal names, as good or bad as the dice have it.
  void Override() {
    const std::string request = AnyRequest();
    if (request.empty()) return;
    const v1::Demand demand = bench_.DemandFor(request);
    if (demand.proposal().empty() || demand.slots().empty()) return;
    did_ = absl::StrCat("override ", demand.proposal());
    std::vector<v1::Assignment> wanted;
    std::map<std::string, std::set<std::string>> people;  // by slot
    std::string expected;
    const int count = dice_.Between(1, 2);
    for (int i = 0; i < count; ++i) {
      const auto& slot = demand.slots(dice_.Between(0, demand.slots_size() - 1));
      const v1::Expert& expert = AnyExpert();
      v1::Assignment& one = wanted.emplace_back();
      one.set_slot(slot.id());
      one.set_expert(expert.name());
      absl::StrAppend(&did_, " ", slot.id(), "=", expert.name());
      if (!expected.empty()) continue;
      const Place place = {request, slot.id(), expert.name(), expert.partner(), "2026Q4", ""};
      const size_t wanting = std::max(1, slot.people());
      const size_t there = reference_.PeopleIn(request, slot.id()).size();
      if (!reference_.MayBeAsked(place, Today())) {
        expected = "NOT_ELIGIBLE";
      } else if (!people[slot.id()].insert(reference_.PersonOf(expert.name())).second ||
                 there + people[slot.id()].size() > wanting) {
        expected = "INVALID_FIELD";
      }
    }
    const size_t before = bench_.Offers(request).size();
    const absl::Status status = bench_.Override(request, wanted);
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    EXPECT_EQ(bench_.Offers(request).size(), before + (status.ok() ? wanted.size() : 0)) << did_;
    ++counts_[absl::StrCat("override ", expected)];
    if (!status.ok()) return;
    EXPECT_EQ(bench_.Get<v1::Proposal>(demand.proposal()).state(), v1::PROPOSAL_STATE_OVERRIDDEN)
        << did_;
  }

  void Accept() {
    const std::string offer = AnyOffer();
    if (offer.empty()) return;
    did_ = absl::StrCat("accept ", offer);
    const std::string expected = reference_.RefusalOf(offer, Today());
    const absl::Status status = bench_.Accept(offer);
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("accept ", expected)];
    if (!status.ok()) return;
    reference_.Accept(offer);
    LearnEngagement(reference_.places.at(offer).request);
  }

  void Decline() {
    const std::string offer = AnyOffer();
    if (offer.empty()) return;
    did_ = absl::StrCat("decline ", offer);
    const Place& place = reference_.places.at(offer);
    const std::string expected = !place.open                 ? "OFFER_NOT_OPEN"
                                 : Today() > place.answer_by ? "OFFER_EXPIRED"
                                                             : "";
    const absl::Status status = bench_.Decline(offer);
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("decline ", expected)];
    if (status.ok()) reference_.Bar(offer);
    bench_.Solve();
  }

  void PassTime() {
    did_ = "time passes";
    bench_.clock.Advance(absl::Hours(24 * dice_.Between(1, 3)));
    bench_.CareForOffers();
    for (auto& [offer, place] : reference_.places) {
      if (!place.open) continue;
      if (!reference_.experts.at(place.expert).active() || reference_.HasConflict(place)) {
        place.open = false;
        EXPECT_EQ(bench_.OfferNamed(offer).state(), v1::OFFER_STATE_WITHDRAWN) << offer;
        ++counts_["take back"];
      } else if (Today() > place.answer_by) {
        reference_.Bar(offer);
        EXPECT_EQ(bench_.OfferNamed(offer).state(), v1::OFFER_STATE_EXPIRED) << offer;
        ++counts_["expire"];
      }
    }
    bench_.Solve();
  }

  void ChangeExpert() {
    v1::Expert& expert = AnyExpert();
    did_ = absl::StrCat("change ", expert.name());
    expert.set_active(!dice_.OneIn(4));
    expert.set_capacity_per_period(dice_.Between(0, 2));
    expert.set_capacity_open(dice_.Between(0, 3));
    bench_.Set(expert);
    if (dice_.OneIn(2)) bench_.Solve();
  }

  // Of somebody who has an offer, where there is one.
  void DeclareConflict() {
    std::string request = AnyRequest();
    std::string expert = "experts/elm1";
    if (const std::string offer = AnyOffer(); !offer.empty()) {
      request = reference_.places.at(offer).request;
      expert = reference_.places.at(offer).expert;
    }
    if (request.empty()) return;
    v1::Conflict conflict;
    conflict.set_expert(expert);
    conflict.set_agency(Reference::AgencyOf(request));
    conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
    conflict.set_reason("a suit");
    did_ = absl::StrCat("conflict of ", expert, " with ", conflict.agency());
    const std::string who = AnyCoordinator();
    const auto answer = bench_.Do(CreateConflict(conflict, ""), who);
    ASSERT_TRUE(answer.ok()) << answer.status();
    const std::string& name = static_cast<const v1::Conflict&>(*answer->message).name();
    reference_.conflicts[name] = {reference_.PersonOf(expert), conflict.agency(), who, ""};
    if (dice_.OneIn(2)) bench_.Solve();
  }

  void AskOverride() {
    const std::string name = AnyConflict();
    if (name.empty()) return;
    Declared& conflict = reference_.conflicts.at(name);
    const std::string who = AnyCoordinator();
    did_ = absl::StrCat(who, " asks to override ", name);
    const std::string expected = conflict.overridden ? "CONFLICT_OVERRIDDEN" : "";
    const absl::Status status =
        bench_.Do(AskConflictOverride(name, "nobody else is free", ""), who).status();
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("ask to override ", expected)];
    if (status.ok()) conflict.asked_by = who;
  }

  // Whoever decides on it may be the second person or not.
  void LiftConflict() {
    const std::string name = AnyConflict();
    if (name.empty()) return;
    Declared& conflict = reference_.conflicts.at(name);
    const std::string who = AnyCoordinator();
    did_ = absl::StrCat(who, " overrides ", name);
    const std::string expected = conflict.overridden         ? "CONFLICT_OVERRIDDEN"
                                 : conflict.asked_by.empty() ? "OVERRIDE_NOT_ASKED"
                                 : who == conflict.asked_by || who == conflict.declared_by
                                     ? "SECOND_PERSON_NEEDED"
                                     : "";
    const absl::Status status =
        bench_.Do(OverrideConflict(name, "the suit is settled", {}), who).status();
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("override a conflict ", expected)];
    if (status.ok()) conflict.overridden = true;
    if (dice_.OneIn(2)) bench_.Solve();
  }

  // A request is withdrawn.
  void Leave() {
    const std::string request = AnyRequest();
    if (request.empty() || !dice_.OneIn(2)) return;
    intake::v1::Request& held = bench_.intake.requests[request];
    if (held.state() == intake::v1::REQUEST_STATE_DELIVERED) return;
    did_ = absl::StrCat("withdraw ", request);
    std::set<std::string> team;
    const v1::Demand demand = bench_.DemandFor(request);
    if (!demand.engagement().empty()) {
      const v1::Engagement engagement = bench_.EngagementFor(request);
      for (const auto& one : engagement.assignments()) team.insert(one.offer());
    }
    held.set_state(intake::v1::REQUEST_STATE_WITHDRAWN);
    bench_.Follow(request);
    reference_.Close(request, team);
    ++counts_[team.empty() ? "withdraw" : "withdraw an engagement"];
  }

  void Lose() {
    const std::string request = OneOf(reference_.engaged);
    if (request.empty()) return;
    const v1::Engagement engagement = bench_.EngagementFor(request);
    if (engagement.assignments().empty()) return;
    const v1::Assignment& lost =
        engagement.assignments(dice_.Between(0, engagement.assignments_size() - 1));
    did_ = absl::StrCat("lose ", lost.offer());
    const absl::Status status = bench_
                                    .Do(ReleaseExpert(engagement.name(), "", lost.slot(),
                                                      lost.expert(), v1::EXPERT_LOSS_CODE_LEFT, ""))
                                    .status();
    const bool over = reference_.over[request].contains(lost.slot());
    EXPECT_EQ(ReasonOf(status), over ? "SLOT_OVER" : "") << did_ << ": " << status;
    ++counts_[absl::StrCat("lose ", ReasonOf(status))];
    if (status.ok()) reference_.Lose(lost.offer());
  }

  void Deliver() {
    const std::string request = OneOf(reference_.engaged);
    if (request.empty()) return;
    const v1::Engagement engagement = bench_.EngagementFor(request);
    const std::string slot = OneOf(SlotsOf(engagement));
    if (slot.empty()) return;
    v1::Delivery delivery;
    delivery.set_slot(slot);
    delivery.set_delivery_type("deliveryTypes/virtual");
    delivery.set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    delivery.set_date(Today());
    delivery.set_completes_slot(dice_.OneIn(2));
    did_ = absl::StrCat("deliver ", engagement.name(), " ", delivery.slot());
    const absl::Status status = bench_.Do(RecordDelivery(engagement.name(), "", delivery)).status();
    const std::string expected =
        reference_.over[request].contains(slot)                                  ? "SLOT_OVER"
        : delivery.completes_slot() && reference_.sought[request].contains(slot) ? "SLOT_SOUGHT"
                                                                                 : "";
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("deliver ", expected)];
    if (!status.ok()) return;
    reference_.begun[request].insert(slot);
    if (delivery.completes_slot()) reference_.over[request].insert(slot);
    EndIfOver(request);
  }

  void Reduce() {
    const std::string request = AnyRequest();
    if (request.empty()) return;
    const v1::Demand demand = bench_.DemandFor(request);
    if (demand.slots().empty()) return;
    const std::string slot = demand.slots(dice_.Between(0, demand.slots_size() - 1)).id();
    did_ = absl::StrCat("reduce ", request, " ", slot);
    const absl::Status status = bench_.Do(ReduceSlot(demand.name(), slot, "enough")).status();
    if (!status.ok()) {
      EXPECT_THAT(ReasonOf(status), AnyOf("NOT_OPEN_FOR_MATCHING", "SLOT_FILLED", "NOTHING_LEFT"))
          << did_ << status;
      return;
    }
    ++counts_["reduce"];
    for (auto& [offer, place] : reference_.places) {
      if (place.request == request && place.slot == slot) place.open = false;
    }
    LearnEngagement(request);
    EndIfOver(request);
    bench_.Solve();
  }

  void Waive() {
    const std::string request = OneOf(reference_.engaged);
    if (request.empty()) return;
    const v1::Engagement engagement = bench_.EngagementFor(request);
    const std::string slot = OneOf(SlotsOf(engagement));
    if (slot.empty()) return;
    did_ = absl::StrCat("waive ", engagement.name(), " ", slot);
    const absl::Status status =
        bench_.Do(WaiveSlot(engagement.name(), "", slot, "not needed")).status();
    const std::string expected = reference_.over[request].contains(slot)     ? "SLOT_OVER"
                                 : reference_.sought[request].contains(slot) ? "SLOT_SOUGHT"
                                                                             : "";
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("waive ", expected)];
    if (!status.ok()) return;
    reference_.over[request].insert(slot);
    EndIfOver(request);
  }

  void ChangePolicy() {
    center_.policy.set_fairness_price(dice_.Between(0, 2) * 150'000);
    center_.policy.set_capacity_open(dice_.OneIn(2) ? dice_.Between(1, 5) : 0);
    reference_.program_capacity = center_.policy.capacity_open();
    v1::PolicySet set;
    *set.mutable_policy() = center_.policy;
    did_ = absl::StrCat("a program capacity of ", reference_.program_capacity);
    const absl::Status status = bench_
                                    .Do([&set](journal::Draft& draft) {
                                      draft.Emit(kCurrentPolicy, set);
                                      return absl::OkStatus();
                                    })
                                    .status();
    EXPECT_TRUE(status.ok()) << status;
    ++counts_["change the policy"];
    bench_.Solve();
  }

  // Intake and matching hear of each other; plans are approved.
  void Sync() {
    did_ = "sync";
    bench_.clock.Advance(absl::Minutes(1));
    bench_.Sync();
    for (const std::string& request : requests_) {
      bench_.Follow(request);
      intake::v1::Request& held = bench_.intake.requests[request];
      if (held.state() == intake::v1::REQUEST_STATE_MATCHED && dice_.OneIn(2)) {
        held.set_state(intake::v1::REQUEST_STATE_PLANNED);
      }
    }
  }

  // ---- What follows

  // Whether all slots are over is the reference's own count.
  void EndIfOver(const std::string& request) {
    if (!reference_.engaged.contains(request)) return;
    const v1::Engagement engagement = bench_.EngagementFor(request);
    std::set<std::string> slots, over = reference_.over[request];
    for (const auto& one : engagement.assignments()) slots.insert(one.slot());
    for (const auto& slot : engagement.sought_slots()) slots.insert(slot);
    if (!std::includes(over.begin(), over.end(), slots.begin(), slots.end())) return;
    // Waivers alone deliver nothing.
    if (reference_.begun[request].empty()) return;
    EXPECT_EQ(engagement.state(), v1::ENGAGEMENT_STATE_DELIVERED) << request;
    ++counts_["end an engagement"];
    reference_.End(request);
  }

  void LearnEngagement(const std::string& request) {
    const v1::Demand demand = bench_.DemandFor(request);
    std::map<std::string, int> accepted;
    for (const auto& [offer, place] : reference_.places) {
      if (place.request == request && place.accepted) ++accepted[place.slot];
    }
    bool complete = true;
    for (const auto& slot : demand.slots()) {
      complete = complete && accepted[slot.id()] >= std::max(1, slot.people());
    }
    EXPECT_EQ(demand.state() == v1::DEMAND_STATE_MATCHED, complete) << did_;
    if (!complete) return;
    reference_.sought[request].clear();
    const bool restored = !reference_.engaged.insert(request).second;
    ++counts_[restored ? "restore a team" : "agree on an engagement"];
  }

  // Offers that are new, each of which every gate must let pass, whoever chose it.
  void LearnOffers() {
    std::map<std::string, Place> added;
    ReadAs<v1::Offer>(
        {"offers", {"state = :p1", {int64_t{v1::OFFER_STATE_OPEN}}}}, [&](const v1::Offer& offer) {
          const std::string& name = offer.name();
          if (reference_.places.contains(name)) return;
          const v1::Assignment& one = offer.assignment();
          const Place place = {offer.request(), one.slot(),   one.expert(),
                               one.partner(),   one.period(), offer.answer_by()};
          const std::string person = reference_.PersonOf(one.expert());
          EXPECT_TRUE(reference_.experts.at(one.expert()).active()) << did_ << ": " << name;
          EXPECT_FALSE(reference_.barred.contains({offer.request(), one.slot(), person}))
              << did_ << name;
          // Offers made together are each held against what was there before.
          EXPECT_TRUE(reference_.HasRoomToOffer(place)) << did_ << ": " << name;
          EXPECT_FALSE(reference_.HasConflict(place)) << did_ << ": " << name;
          added[name] = place;
        });
    reference_.places.merge(added);
  }

  void ExpectSameCapacity() {
    std::set<std::string> periods = {"2026Q4", "2027Q1"};
    for (const auto& [offer, place] : reference_.places) periods.insert(place.period);
    // All that is on record in one look: looks at the database are most of what a history costs.
    std::map<std::string, int> used;
    ReadAs<v1::CapacityUse>({"capacities"},
                            [&](const v1::CapacityUse& use) { used[use.name()] = use.used(); });
    const auto compare = [&](const std::string& owner) {
      EXPECT_EQ(used[CapacityName(owner, "open")], reference_.UsedOpen(owner))
          << did_ << ": " << owner;
      for (const std::string& period : periods) {
        EXPECT_EQ(used[CapacityName(owner, period)], reference_.UsedIn(owner, period))
            << did_ << ": " << owner << " " << period;
      }
    };
    for (const auto& [name, expert] : reference_.experts) compare(name);
    for (const auto& [name, partner] : reference_.partners) compare(name);
  }

  void ExpectNobodyTwice() {
    std::map<std::vector<std::string>, int> places;
    for (const auto& [offer, place] : reference_.places) {
      if (!place.open && !place.accepted) continue;
      const int count = ++places[{place.request, place.slot, reference_.PersonOf(place.expert)}];
      EXPECT_EQ(count, 1) << did_ << ": " << offer;
    }
  }

  // Compared with every plan there is, where those are few.
  void ExpectCheapestPlan() {
    const auto view = bench_.pools->Read();
    ASSERT_TRUE(view.ok()) << view.status();
    const Pool& pool = *(*view)->pool;
    int pairs = 0;
    for (int s = 0; s < static_cast<int>(pool.slots().size()); ++s) {
      for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
        pairs += pool.slots()[s].missing > 0 && CheckGates(pool, s, e).eligible() ? 1 : 0;
      }
    }
    if (pairs > 12) return;
    const auto solved = (*view)->Solve(bench_.clock);
    ASSERT_TRUE(solved.ok()) << solved.status();
    ++counts_["compare a plan"];
    const int64_t cheapest = EveryPlan(pool).cost();
    EXPECT_LE((*solved)->plan.bound, cheapest) << did_;
    EXPECT_GE((*solved)->plan.objective, cheapest) << did_;
    if ((*solved)->plan.optimal()) EXPECT_EQ((*solved)->plan.objective, cheapest) << did_;
  }

  // ---- What there is

  // Goes through the states of a collection, each a T.
  template <typename T>
  void ReadAs(const journal::Selection& selection, absl::FunctionRef<void(const T&)> each) {
    const auto position = bench_.journal->ReadSelected(
        {selection}, false, [&](const std::string&, const google::protobuf::Message& state) {
          each(static_cast<const T&>(state));
        });
    EXPECT_TRUE(position.ok()) << position.status();
  }

  std::string Today() { return FormatDate(DayOf(bench_.clock.Now())); }
  std::string AnyRequest() {
    return OneOf(std::set<std::string>(requests_.begin(), requests_.end()));
  }
  std::string AnyOffer() {
    std::set<std::string> names;
    for (const auto& [name, place] : reference_.places) {
      // Those that are over as well, at times.
      if (place.open || dice_.OneIn(4)) names.insert(name);
    }
    return OneOf(names);
  }
  std::string AnyConflict() {
    std::set<std::string> names;
    for (const auto& [name, conflict] : reference_.conflicts) names.insert(name);
    return OneOf(names);
  }
  std::string AnyCoordinator() {
    return OneOf({"coordinator:dana", "coordinator:sol", "program-manager:okafor"});
  }
  v1::Expert& AnyExpert() {
    auto at = reference_.experts.begin();
    std::advance(at, dice_.Between(0, static_cast<int>(reference_.experts.size()) - 1));
    return at->second;
  }
  // One of them; empty: there is none.
  std::string OneOf(const std::set<std::string>& names) {
    if (names.empty()) return "";
    auto at = names.begin();
    std::advance(at, dice_.Between(0, static_cast<int>(names.size()) - 1));
    return *at;
  }

  Dice dice_;
  Center center_;
  MatchingBench bench_;
  Reference reference_;
  std::vector<std::string> requests_;
  // The step in hand, for messages.
  std::string did_;
  Counts& counts_;
};

TEST(Histories, KeepEveryPromiseWhateverPeopleDo) {
  int count = 1000;
  if (const char* wanted = std::getenv("CRITAC_HISTORIES")) {
    ASSERT_TRUE(absl::SimpleAtoi(wanted, &count)) << wanted;
  }
  std::cout << "seeds " << kSeed << " to " << kSeed + count - 1 << "\n";
  // Made once: that takes longer than several steps.
  const auto tables = std::make_shared<MatchingWorld>();
  { MatchingBench once(tables, kSeed); }
  Counts counts;
  for (int i = 0; i < count && !HasFailure(); ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed + i));
    History(kSeed + i, *tables, counts).Run(40);
  }
  for (const auto& [what, times] : counts) std::cout << times << " " << what << "\n";
}

}  // namespace
}  // namespace critac::matching
