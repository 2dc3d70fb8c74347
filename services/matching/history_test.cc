// Goal: whatever people do, and in whatever order, an offer is made only to who is active, has not refused
// the place or lost it, has a day to start on in the offer's period by the window, by the partner's
// memberships and by the conflicts of interest together, and has room beside all that was offered or agreed
// before: the expert and the partner in that period, the expert and the program open at once. Nobody has two
// places in one slot, no slot more people than it asks for, and the capacities on record are those of the
// places agreed. Nothing is agreed where no such day is left, nor for a period that is over: an offer that
// was still to be answered then is taken back, and refused by nobody.
// At random moments the pool is held against the reference: who could start where and in which periods, and
// what room is left. A plan made of it keeps all limits at once. It is proved the cheapest wherever no
// partner has a limit by period. Where there are few plans, all are gone through: none is below the bound of
// the plan, and none is cheaper than a plan that is said to be proved. Which of several cheapest plans it
// is, is not asked here.
// Method: random histories, CRITAC_HISTORIES of them (1,000 unless it is set) from the seed CRITAC_TEST_SEED on
// (kSeed unless it is set), over a real journal, beside a reference that keeps what people did and works out
// anew whatever it is asked. Scores, and what a plan costs, are taken from the pool; gates that no step
// touches (topic, demand, absences, travel) always pass. Of a history that fails, the center and each step
// are printed.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "common/base/calendar.h"
#include "common/journal/derivation.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/eligibility.h"
#include "services/matching/engagements.h"
#include "services/matching/full_reading_testing.h"
#include "services/matching/matching_states.h"
#include "services/matching/offer_testing.h"
#include "services/matching/partner_commands.h"
#include "services/matching/period.h"
#include "services/matching/testing_every_plan.h"
#include "services/matching/testing_transport.h"

namespace critac::matching {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;

// ctest has the seed a thousand after it as well (CMakeLists.txt).
constexpr uint32_t kSeed = 20261128;
constexpr int kMostRequests = 5;
// Plans to go through for one comparison.
constexpr int64_t kMostPlans = 2000;

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

// A declared conflict: of a person or of a partner, with whom, until when, and what became of it.
struct Declared {
  std::string person, partner, agency;
  v1::ConflictKind kind = v1::CONFLICT_KIND_UNSPECIFIED;
  // Nothing: it does not expire.
  std::optional<absl::CivilDay> last;
  std::string declared_by;
  std::string asked_by;
  bool overridden = false;
};

// A slot as it was asked for: when it may start, and for how many people.
struct Asked {
  absl::CivilDay first, last;
  int people = 1;
};

// The reference: rules of the field in the plainest words there are.
class Reference {
 public:
  std::map<std::string, v1::Expert> experts;
  std::map<std::string, v1::Partner> partners;
  // First and last days on which a partner is a member, by its name.
  std::map<std::string, std::vector<std::pair<absl::CivilDay, absl::CivilDay>>> memberships;
  std::map<std::string, Place> places;  // by offer
  // Assignments open at once of the whole program; 0: any number.
  int program_capacity = 0;
  // Years after leaving an agency for which it is a conflict.
  int recent_agency_years = 0;
  std::map<std::string, Declared> conflicts;                   // by name
  std::map<std::pair<std::string, std::string>, Asked> asked;  // by request and slot
  std::map<std::string, std::set<std::string>> agencies;       // by request
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

  // What is taken, offers included: they count as if they were accepted.
  int TakenIn(const std::string& owner, const std::string& period) const {
    return Count([&](const Place& place) {
      return (place.open || place.holds_period) && place.period == period && IsOf(place, owner);
    });
  }
  int TakenOpen(const std::string& owner) const {
    return Count([&](const Place& place) {
      return (place.open || place.holds_open) && (owner.empty() || IsOf(place, owner));
    });
  }

  // Whether a place may be offered beside all others.
  bool HasRoomToOffer(const Place& wanted) const {
    const v1::Expert& expert = experts.at(wanted.expert);
    const int partner_room = partners.at(wanted.partner).capacity_per_period();
    return TakenIn(wanted.expert, wanted.period) < expert.capacity_per_period() &&
           TakenOpen(wanted.expert) < expert.capacity_open() &&
           (partner_room == 0 || TakenIn(wanted.partner, wanted.period) < partner_room) &&
           (program_capacity == 0 || TakenOpen("") < program_capacity);
  }

  // The first day on which no conflict with a request's agencies keeps the expert from helping; nothing:
  // there is none. A conflict holds from always through its last day.
  std::optional<absl::CivilDay> FreeFrom(const std::string& expert,
                                         const std::string& request) const {
    const std::set<std::string>& helped = agencies.at(request);
    absl::CivilDay free = absl::CivilDay::min();
    for (const auto& [name, conflict] : conflicts) {
      const bool concerns = conflict.partner.empty()
                                ? conflict.person == PersonOf(expert)
                                : conflict.partner == experts.at(expert).partner();
      if (!concerns || conflict.overridden || !helped.contains(conflict.agency)) continue;
      if (!conflict.last.has_value()) return std::nullopt;
      free = std::max(free, *conflict.last + 1);
    }
    // Whoever served there is known by any record of the person.
    for (const auto& [name, record] : experts) {
      if (PersonOf(name) != PersonOf(expert)) continue;
      for (const v1::Service& service : record.services()) {
        if (!helped.contains(service.agency())) continue;
        if (IsServiceOverridden(PersonOf(expert), service.agency())) continue;
        const std::optional<absl::CivilDay> left = ParseDate(service.end());
        if (!left.has_value()) return std::nullopt;
        free = std::max(
            free, absl::CivilDay(left->year() + recent_agency_years, left->month(), left->day()));
      }
    }
    return free;
  }

  bool IsMember(const std::string& partner, absl::CivilDay day) const {
    const auto& spans = memberships.at(partner);
    return std::any_of(spans.begin(), spans.end(),
                       [&](const auto& span) { return span.first <= day && day <= span.second; });
  }

  // Whether memberships and conflicts leave a day to start on from `first` to `last`: one still to come, or
  // of all, where these days are past.
  bool HasDay(const Place& place, absl::CivilDay first, absl::CivilDay last,
              absl::CivilDay today) const {
    const std::optional<absl::CivilDay> free = FreeFrom(place.expert, place.request);
    if (!free.has_value()) return false;
    if (today <= last) first = std::max(first, today);
    for (absl::CivilDay day = std::max(first, *free); day <= last; ++day) {
      if (IsMember(place.partner, day)) return true;
    }
    return false;
  }

  // What an offer is held against once it is made, whatever room there is: that there is a day to start on
  // in its window, and one in its period.
  bool HasNoDay(const Place& place, absl::CivilDay today) const {
    const Asked& slot = asked.at({place.request, place.slot});
    return !HasDay(place, slot.first, slot.last, today) ||
           !HasDay(place, std::max(slot.first, FirstDayOf(place.period)),
                   std::min(slot.last, LastDayOf(place.period)), today);
  }

  // Whether the period of the place ended while there was time to answer.
  static bool EndedWithItsPeriod(const Place& place, absl::CivilDay today) {
    const absl::CivilDay last = LastDayOf(place.period);
    return today > last && FormatDate(last) < place.answer_by;
  }

  // Of a quarter, as `2026Q4`.
  static absl::CivilDay FirstDayOf(const std::string& quarter) {
    const int year = std::stoi(quarter.substr(0, 4));
    return absl::CivilDay(year, 3 * (quarter.back() - '0') - 2, 1);
  }
  static absl::CivilDay LastDayOf(const std::string& quarter) {
    return absl::CivilDay(absl::CivilMonth(FirstDayOf(quarter)) + 3) - 1;
  }

  // Periods in which the expert could start, whatever room there is.
  std::set<std::string> PeriodsToStart(const Place& place, absl::CivilDay today) const {
    std::set<std::string> periods;
    const Asked& slot = asked.at({place.request, place.slot});
    const std::optional<absl::CivilDay> free = FreeFrom(place.expert, place.request);
    if (!free.has_value()) return periods;
    for (absl::CivilDay day = std::max({slot.first, today, *free}); day <= slot.last; ++day) {
      if (!IsMember(place.partner, day)) continue;
      periods.insert(absl::StrCat(day.year(), "Q", (day.month() + 2) / 3));
    }
    return periods;
  }

  // Periods in which the expert may be asked to take the place, whichever it names.
  std::set<std::string> PeriodsToAskFor(Place wanted, absl::CivilDay today) const {
    const std::string person = PersonOf(wanted.expert);
    std::set<std::string> periods;
    if (!experts.at(wanted.expert).active() ||
        barred.contains({wanted.request, wanted.slot, person}) ||
        PeopleIn(wanted.request, wanted.slot).contains(person)) {
      return periods;
    }
    for (const std::string& period : PeriodsToStart(wanted, today)) {
      wanted.period = period;
      if (HasRoomToOffer(wanted)) periods.insert(period);
    }
    return periods;
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

  // What an acceptance comes to: the reason of the refusal, or nothing.
  std::string RefusalOf(const std::string& offer, absl::CivilDay today) const {
    const Place& place = places.at(offer);
    const v1::Expert& expert = experts.at(place.expert);
    const int partner_room = partners.at(place.partner).capacity_per_period();
    if (!place.open) return "OFFER_NOT_OPEN";
    if (FormatDate(today) > place.answer_by) return "OFFER_EXPIRED";
    if (today > LastDayOf(place.period)) return "PERIOD_OVER";
    if (!expert.active()) return "EXPERT_NOT_ACTIVE";
    if (UsedIn(place.expert, place.period) >= expert.capacity_per_period() ||
        UsedOpen(place.expert) >= expert.capacity_open() ||
        (partner_room > 0 && UsedIn(place.partner, place.period) >= partner_room) ||
        IsProgramFull()) {
      return "NO_CAPACITY";
    }
    return HasNoDay(place, today) ? "NOT_ELIGIBLE" : "";
  }

  // An own or a recent agency, which only an expert has.
  static bool IsOfService(v1::ConflictKind kind) {
    return kind == v1::CONFLICT_KIND_OWN_AGENCY || kind == v1::CONFLICT_KIND_RECENT_AGENCY;
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
  // Nobody more is sought for a slot than who has accepted it.
  void Reduce(const std::string& request, const std::string& slot) {
    for (auto& [offer, place] : places) {
      if (place.request == request && place.slot == slot) place.open = false;
    }
    asked.at({request, slot}).people = static_cast<int>(PeopleIn(request, slot).size());
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
  // Whoever overrode a declared conflict of service overrode what follows from the record as well.
  bool IsServiceOverridden(const std::string& person, const std::string& agency) const {
    return std::any_of(conflicts.begin(), conflicts.end(), [&](const auto& entry) {
      const Declared& one = entry.second;
      return one.overridden && one.person == person && one.agency == agency &&
             IsOfService(one.kind);
    });
  }
};

// Service in the agency of a request, of one to come perhaps: still going on, over lately, or over for so
// long that it stops being a conflict about now, or a year later under a policy with a longer memory.
v1::Service ServiceOf(Dice& dice, absl::CivilDay today) {
  v1::Service service;
  service.set_agency(absl::StrCat("agencies/fy27-", dice.Between(1, kMostRequests)));
  const absl::CivilDay about_now = today + dice.Between(-10, 120);
  const int years = dice.Between(0, 3);
  if (dice.OneIn(5)) return service;
  service.set_end(
      FormatDate(absl::CivilDay(about_now.year() - years, about_now.month(), about_now.day())));
  return service;
}

Center CenterOf(Dice& dice) {
  Center center;
  center.policy.set_offer_business_days(dice.Between(1, 3));
  center.policy.set_reminder_business_days(dice.Between(0, 1));
  center.policy.set_escalate_after_offers(dice.Between(0, 2));
  center.policy.set_reoffer_automatically(dice.OneIn(3));
  center.policy.set_approve_automatically(dice.OneIn(6));
  center.policy.set_fairness_price(dice.Between(0, 2) * 150'000);
  center.policy.set_stability_bonus(dice.Between(0, 1) * 200'000);
  center.policy.set_urgency_price(dice.Between(0, 1) * 300'000);
  center.policy.set_recent_agency_years(dice.Between(2, 3));
  center.policy.set_capacity_open(dice.OneIn(3) ? dice.Between(2, 5) : 0);
  // In a good third of the histories no partner ever has a limit by period, so that every plan is to be proved.
  const bool limited = !dice.OneIn(3);
  for (const char* partner : {"elm", "oak"}) {
    center.AddPartner(partner).set_capacity_per_period(
        limited && !dice.OneIn(3) ? dice.Between(1, 3) : 0);
    for (int i = 1; i <= 2; ++i) {
      v1::Expert& expert = center.AddExpert(absl::StrCat(partner, i), partner);
      expert.set_capacity_per_period(dice.Between(1, 2));
      expert.set_capacity_open(dice.Between(1, 3));
      expert.mutable_topics(0)->set_level(static_cast<intake::v1::Level>(dice.Between(1, 3)));
      if (dice.OneIn(3)) *expert.add_services() = ServiceOf(dice, center.today);
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
  History(uint32_t seed, Counts& counts)
      : dice_(seed), center_(CenterOf(dice_)), bench_(center_), counts_(counts) {
    for (const v1::Expert& expert : center_.experts) reference_.experts[expert.name()] = expert;
    for (const v1::Partner& one : center_.partners) {
      reference_.partners[one.name()] = one;
      reference_.memberships[one.name()] = {{absl::CivilDay::min(), absl::CivilDay::max()}};
    }
    reference_.program_capacity = center_.policy.capacity_open();
    reference_.recent_agency_years = center_.policy.recent_agency_years();
    Note(absl::StrCat("policy: ", center_.policy.ShortDebugString()));
    for (const v1::Partner& one : center_.partners) Note(one.ShortDebugString());
    for (const v1::Expert& one : center_.experts) Note(one.ShortDebugString());
  }

  // All that happened, in words.
  std::string Told() const { return absl::StrJoin(told_, "\n"); }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("step ", i));
      did_ = "nothing that could be done";
      Step();
      Note(absl::StrCat("step ", i, ", ", FormatDate(Today()), ": ", did_));
      const OnRecord now = Look();
      LearnOffers(now.open_offers);
      ExpectSameCapacity(now.used);
      ExpectNobodyTwice();
      if (dice_.OneIn(8)) ExpectCheapestPlan();
    }
    if (::testing::Test::HasFailure()) return;
    did_ = "the states are built anew";
    Note(did_);
    ASSERT_TRUE(bench_.journal->Rebuild().ok());
    ExpectSameCapacity(Look().used);
    if (dice_.OneIn(4)) ExpectSameRecordsWithFewInMemory();
  }

 private:
  // All records, as they stand in their tables.
  std::map<std::string, std::string> Records() {
    std::map<std::string, std::string> records;
    const journal::JournalOptions options = MatchingJournal();
    const absl::Status status =
        bench_.journal->database().Read([&](store::Connection& connection) -> absl::Status {
          for (const journal::Projection& projection : options.projections) {
            RETURN_IF_ERROR(
                connection.Query(absl::StrCat("SELECT name, body FROM ", projection.table), {},
                                 [&](const store::Row& row) {
                                   records[row.Text(0)] = row.Text(1);
                                   return absl::OkStatus();
                                 }));
          }
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }

  // Most are written out, and read back for later events.
  void ExpectSameRecordsWithFewInMemory() {
    const std::map<std::string, std::string> records = Records();
    const journal::JournalOptions options = MatchingJournal();
    const absl::Status derived =
        bench_.journal->database().Write([&](store::Connection& connection) {
          return journal::DeriveProjections(connection, journal::Projections(options.projections),
                                            options.apply, journal::NoProgress, 4000);
        });
    EXPECT_TRUE(derived.ok()) << derived;
    EXPECT_EQ(Records(), records);
  }

  void Step() {
    const struct {
      int weight;
      void (History::*act)();
    } acts[] = {
        {3, &History::Bring},           {5, &History::Approve},      {6, &History::Accept},
        {1, &History::Decline},         {2, &History::PassTime},     {1, &History::ChangeExpert},
        {2, &History::DeclareConflict}, {1, &History::Leave},        {2, &History::Lose},
        {2, &History::Deliver},         {1, &History::Reduce},       {1, &History::Waive},
        {1, &History::ChangePolicy},    {4, &History::Sync},         {2, &History::Override},
        {1, &History::AskOverride},     {1, &History::LiftConflict}, {1, &History::ChangePartner},
        {1, &History::ChangeMembership}};
    int sum = 0;
    for (const auto& one : acts) sum += one.weight;
    int at = dice_.Between(1, sum);
    for (const auto& one : acts) {
      at -= one.weight;
      if (at <= 0) return (this->*one.act)();
    }
  }

  // ---- What people do

  // Windows are of one to three quarters.
  void Bring() {
    if (static_cast<int>(requests_.size()) >= kMostRequests) return;
    v1::Demand& demand = center_.AddDemand(absl::StrCat("fy27-", requests_.size() + 1));
    const std::string request = demand.request();
    if (dice_.OneIn(3)) center_.AddSlot(demand, "s2");
    demand.set_urgency(static_cast<intake::v1::Urgency>(dice_.Between(1, 3)));
    did_ = absl::StrCat("bring ", request);
    for (intake::v1::Slot& slot : *demand.mutable_slots()) {
      Asked& asked = reference_.asked[{request, slot.id()}];
      asked.first = Today() + dice_.Between(5, 45);
      asked.last = asked.first + dice_.Between(0, 120);
      asked.people = dice_.Between(1, 2);
      slot.set_people(asked.people);
      slot.set_window_start(FormatDate(asked.first));
      slot.set_window_end(FormatDate(asked.last));
      absl::StrAppend(&did_, " ", slot.id(), " for ", asked.people, ", ", slot.window_start(),
                      " to ", slot.window_end());
    }
    requests_.push_back(request);
    reference_.agencies[request] = {demand.agency().agency()};
    bench_.MakeReady(demand);
    if (dice_.OneIn(4)) {
      const std::string other = absl::StrCat("agencies/fy27-", dice_.Between(1, kMostRequests));
      if (reference_.agencies[request].insert(other).second) {
        bench_.intake.requests[request].add_co_served_agencies(other);
        absl::StrAppend(&did_, " with ", other);
      }
    }
    bench_.Follow(request);
  }

  // What stands may be out of date: then the gates of the day decide.
  void Approve() {
    const std::string request = AnyRequest();
    if (request.empty()) return;
    const v1::Demand demand = bench_.DemandFor(request);
    if (demand.proposal().empty()) return;
    did_ = absl::StrCat("approve ", demand.proposal());
    const v1::Proposal proposal = bench_.Get<v1::Proposal>(demand.proposal());
    const std::vector<v1::Assignment> named(proposal.assignments().begin(),
                                            proposal.assignments().end());
    Decide(request, named, true);
  }

  // A person decides for one or two others than the proposal names, as good or bad as the dice have it.
  void Override() {
    const std::string request = AnyRequest();
    if (request.empty()) return;
    const v1::Demand demand = bench_.DemandFor(request);
    if (demand.proposal().empty() || demand.slots().empty()) return;
    did_ = absl::StrCat("override ", demand.proposal(), " with");
    std::vector<v1::Assignment> wanted;
    const int count = dice_.Between(1, 2);
    for (int i = 0; i < count; ++i) {
      v1::Assignment& one = wanted.emplace_back();
      one.set_slot(demand.slots(dice_.Between(0, demand.slots_size() - 1)).id());
      one.set_expert(AnyExpert().name());
      if (dice_.OneIn(2)) one.set_period(OneOf({"2026Q4", "2027Q1", "2027Q2"}));
    }
    if (!Decide(request, wanted, false)) return;
    EXPECT_EQ(bench_.Get<v1::Proposal>(demand.proposal()).state(), v1::PROPOSAL_STATE_OVERRIDDEN)
        << did_;
  }

  // Approves what stands, which is `wanted`, or decides for `wanted` instead; whether that was done.
  bool Decide(const std::string& request, const std::vector<v1::Assignment>& wanted,
              bool as_it_is) {
    std::string expected = as_it_is && wanted.empty() ? "NOTHING_PROPOSED" : "";
    // Whom, where and when to ask, in that order.
    std::set<std::array<std::string, 3>> offered;
    std::map<std::string, std::set<std::string>> people;  // by slot
    for (const v1::Assignment& one : wanted) {
      absl::StrAppend(&did_, " ", one.slot(), "=", one.expert(), " ", one.period());
      if (!expected.empty()) continue;
      const v1::Expert& expert = reference_.experts.at(one.expert());
      const std::set<std::string> periods = reference_.PeriodsToAskFor(
          {request, one.slot(), one.expert(), expert.partner(), "", ""}, Today());
      const size_t there = reference_.PeopleIn(request, one.slot()).size();
      const size_t asked = reference_.asked.at({request, one.slot()}).people;
      if (periods.empty()) {
        expected = "NOT_ELIGIBLE";
      } else if ((!one.period().empty() && !periods.contains(one.period())) ||
                 !people[one.slot()].insert(reference_.PersonOf(one.expert())).second ||
                 there + people[one.slot()].size() > asked) {
        expected = "INVALID_FIELD";
      } else {
        // Of several periods the first, unless one is named.
        offered.insert(
            {one.expert(), one.slot(), one.period().empty() ? *periods.begin() : one.period()});
      }
    }
    const absl::Status status =
        as_it_is ? bench_.Approve(request) : bench_.Override(request, wanted);
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat(as_it_is ? "approve " : "override ", expected)];
    if (!status.ok()) return false;
    for (const std::string& name : bench_.Offers(request)) {
      if (reference_.places.contains(name)) continue;
      const v1::Assignment one = bench_.OfferNamed(name).assignment();
      EXPECT_EQ(offered.erase({one.expert(), one.slot(), one.period()}), 1U)
          << did_ << ": " << name << " is of " << one.ShortDebugString();
    }
    EXPECT_TRUE(offered.empty()) << did_ << ": " << offered.size() << " offers were not made";
    return true;
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
    const std::string expected = !place.open                             ? "OFFER_NOT_OPEN"
                                 : FormatDate(Today()) > place.answer_by ? "OFFER_EXPIRED"
                                                                         : "";
    const absl::Status status = bench_.Decline(offer);
    EXPECT_EQ(ReasonOf(status), expected) << did_ << ": " << status;
    ++counts_[absl::StrCat("decline ", expected)];
    if (status.ok()) reference_.Bar(offer);
    bench_.Solve();
  }

  void PassTime() {
    const int days = dice_.OneIn(3) ? dice_.Between(10, 40) : dice_.Between(1, 3);
    did_ = absl::StrCat(days, " days pass");
    bench_.clock.Advance(absl::Hours(24 * days));
    bench_.CareForOffers();
    for (auto& [offer, place] : reference_.places) {
      if (!place.open) continue;
      const bool is_out =
          !reference_.experts.at(place.expert).active() || reference_.HasNoDay(place, Today());
      if (is_out || Reference::EndedWithItsPeriod(place, Today())) {
        place.open = false;
        EXPECT_EQ(bench_.OfferNamed(offer).state(), v1::OFFER_STATE_WITHDRAWN)
            << did_ << ": " << offer;
        ++counts_[is_out ? "take back" : "take back with its period"];
      } else if (FormatDate(Today()) > place.answer_by) {
        reference_.Bar(offer);
        EXPECT_EQ(bench_.OfferNamed(offer).state(), v1::OFFER_STATE_EXPIRED)
            << did_ << ": " << offer;
        ++counts_["expire"];
      }
    }
    bench_.Solve();
  }

  void ChangeExpert() {
    v1::Expert& expert = AnyExpert();
    expert.set_active(!dice_.OneIn(4));
    expert.set_capacity_per_period(dice_.Between(0, 2));
    expert.set_capacity_open(dice_.Between(0, 3));
    if (dice_.OneIn(3)) {
      expert.clear_services();
      *expert.add_services() = ServiceOf(dice_, Today());
    }
    did_ = absl::StrCat("change ", expert.ShortDebugString());
    bench_.Set(expert);
    if (dice_.OneIn(2)) bench_.Solve();
  }

  // A limit by period becomes another one. Where partners have none, it stays so.
  void ChangePartner() {
    const std::string name = OneOf({"partners/elm", "partners/oak"});
    v1::Partner& partner = reference_.partners.at(name);
    if (!HasPartnerLimits()) return;
    partner.set_capacity_per_period(dice_.Between(1, 4));
    did_ = absl::StrCat("change ", name, " to ", partner.capacity_per_period(), " a period");
    bench_.Set(partner);
    ++counts_["change a partner"];
    if (dice_.OneIn(2)) bench_.Solve();
  }

  // A membership ends, lately or on a day to come, perhaps with another one after it; or is as at first.
  void ChangeMembership() {
    const std::string name = OneOf({"partners/elm", "partners/oak"});
    v1::Partner& partner = reference_.partners.at(name);
    auto& spans = reference_.memberships.at(name);
    partner.clear_memberships();
    spans.clear();
    if (dice_.OneIn(3)) {
      partner.add_memberships();
      spans.emplace_back(absl::CivilDay::min(), absl::CivilDay::max());
    } else {
      const absl::CivilDay last = Today() + dice_.Between(-5, 90);
      *partner.add_memberships() = Dates("", FormatDate(last));
      spans.emplace_back(absl::CivilDay::min(), last);
      if (!dice_.OneIn(3)) {
        const absl::CivilDay again = last + dice_.Between(1, 60);
        *partner.add_memberships() = Dates(FormatDate(again), "");
        spans.emplace_back(again, absl::CivilDay::max());
      }
    }
    did_ = absl::StrCat("change ", partner.ShortDebugString());
    bench_.Set(partner);
    ++counts_[absl::StrCat("change a membership to ", spans.size())];
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
    const bool of_partner = dice_.OneIn(3);
    const absl::CivilDay last = Today() + dice_.Between(-1, 100);
    v1::Conflict conflict;
    if (of_partner) {
      conflict.set_partner(reference_.experts.at(expert).partner());
    } else {
      conflict.set_expert(expert);
    }
    conflict.set_agency(OneOf(reference_.agencies.at(request)));
    conflict.set_kind(static_cast<v1::ConflictKind>(
        dice_.Between(v1::CONFLICT_KIND_OWN_AGENCY, v1::CONFLICT_KIND_VENDOR_INTEREST)));
    conflict.set_reason("told the center");
    if (!dice_.OneIn(3)) conflict.set_valid_to(FormatDate(last));
    did_ = absl::StrCat("declare ", conflict.ShortDebugString());
    const bool is_over = !conflict.valid_to().empty() && last < Today();
    const bool refused = is_over || (of_partner && Reference::IsOfService(conflict.kind()));
    const std::string who = AnyCoordinator();
    const auto answer = bench_.Do(CreateConflict(conflict, ""), who);
    EXPECT_EQ(ReasonOf(answer.status()), refused ? "INVALID_FIELD" : "")
        << did_ << ": " << answer.status();
    ++counts_[absl::StrCat("declare ", v1::ConflictKind_Name(conflict.kind()),
                           of_partner ? " of a partner " : " ", ReasonOf(answer.status()))];
    if (!answer.ok()) return;
    const std::string& name = static_cast<const v1::Conflict&>(*answer->message).name();
    absl::StrAppend(&did_, " as ", name);
    Declared& declared = reference_.conflicts[name];
    if (!of_partner) declared.person = reference_.PersonOf(expert);
    declared.partner = conflict.partner();
    declared.agency = conflict.agency();
    declared.kind = conflict.kind();
    if (!conflict.valid_to().empty()) declared.last = last;
    declared.declared_by = who;
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
    delivery.set_date(FormatDate(Today()));
    delivery.set_completes_slot(dice_.OneIn(2));
    did_ = absl::StrCat("deliver ", engagement.name(), " ", delivery.slot());
    const absl::Status status =
        bench_.Do(RecordDelivery(engagement.name(), "", delivery, bench_.Basis())).status();
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
    reference_.Reduce(request, slot);
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
    center_.policy.set_recent_agency_years(dice_.Between(2, 3));
    reference_.program_capacity = center_.policy.capacity_open();
    reference_.recent_agency_years = center_.policy.recent_agency_years();
    v1::PolicySet set;
    *set.mutable_policy() = center_.policy;
    did_ = absl::StrCat("the policy becomes ", center_.policy.ShortDebugString());
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
    EXPECT_EQ(engagement.state(), v1::ENGAGEMENT_STATE_DELIVERED) << did_ << ": " << request;
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

  // What is on record of places.
  struct OnRecord {
    std::vector<v1::Offer> open_offers;
    std::map<std::string, int> used;  // by name of the capacity
  };

  // All in one look: looks at the database are most of what a history costs.
  OnRecord Look() {
    OnRecord now;
    const std::vector<journal::Selection> selections = {
        {"offers", {"state = :p1", {int64_t{v1::OFFER_STATE_OPEN}}}}, {"capacities"}};
    const auto position = bench_.journal->ReadSelected(
        selections, false,
        [&](const std::string& collection, const google::protobuf::Message& state) {
          if (collection == "offers") {
            now.open_offers.push_back(static_cast<const v1::Offer&>(state));
          } else {
            const auto& use = static_cast<const v1::CapacityUse&>(state);
            now.used[use.name()] = use.used();
          }
        });
    EXPECT_TRUE(position.ok()) << position.status();
    return now;
  }

  // Offers that are new, each of which every gate must let pass, whoever chose it.
  void LearnOffers(const std::vector<v1::Offer>& open_offers) {
    std::map<std::string, Place> added;
    for (const v1::Offer& offer : open_offers) {
      const std::string& name = offer.name();
      if (reference_.places.contains(name)) continue;
      const v1::Assignment& one = offer.assignment();
      const Place place = {offer.request(), one.slot(),   one.expert(),
                           one.partner(),   one.period(), offer.answer_by()};
      Note(absl::StrCat("  ", name, ": ", place.request, " ", place.slot, "=", place.expert, " ",
                        place.period, ", answer by ", place.answer_by));
      // Offers made together are each held against what was there before.
      EXPECT_THAT(reference_.PeriodsToAskFor(place, Today()), Contains(place.period))
          << did_ << ": " << name << " is of " << one.ShortDebugString();
      added[name] = place;
    }
    reference_.places.merge(added);
  }

  // `used` is by the capacity's name; what is not on record is 0.
  void ExpectSameCapacity(std::map<std::string, int> used) {
    std::set<std::string> periods = {"2026Q4", "2027Q1", "2027Q2", "2027Q3"};
    for (const auto& [offer, place] : reference_.places) periods.insert(place.period);
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

  // Nobody has two places in a slot, and no slot has more people than it asks for.
  void ExpectNobodyTwice() {
    std::map<std::vector<std::string>, int> places;
    std::map<std::pair<std::string, std::string>, int> people;
    for (const auto& [offer, place] : reference_.places) {
      if (!place.open && !place.accepted) continue;
      const int count = ++places[{place.request, place.slot, reference_.PersonOf(place.expert)}];
      EXPECT_EQ(count, 1) << did_ << ": " << offer;
      ++people[{place.request, place.slot}];
    }
    for (const auto& [slot, count] : people) {
      EXPECT_LE(count, reference_.asked.at(slot).people)
          << did_ << ": " << slot.first << " " << slot.second;
    }
  }

  // ---- Plans

  // The pool is as the reference has it, and the plan what it claims to be.
  void ExpectCheapestPlan() {
    const auto view = bench_.pools->Read();
    ASSERT_TRUE(view.ok()) << did_ << ": " << view.status();
    const Pool& pool = *(*view)->pool;
    ExpectSamePool(pool);
    ExpectPoolAsReadInFull(*bench_.pools);
    const auto solved = (*view)->Solve(bench_.clock);
    ASSERT_TRUE(solved.ok()) << did_ << ": " << solved.status();
    const Plan& plan = (*solved)->plan;
    ExpectWithinLimits(pool, plan);
    EXPECT_LE(plan.bound, plan.objective) << did_;
    // Only there limits of three kinds overlap.
    if (!HasPartnerLimits()) EXPECT_TRUE(plan.optimal()) << did_;
    if (CountPlans(pool) > kMostPlans) return;
    const int64_t cheapest = EveryPlan(pool).cost();
    EXPECT_LE(plan.bound, cheapest) << did_;
    EXPECT_GE(plan.objective, cheapest) << did_;
    if (plan.proved()) EXPECT_EQ(plan.objective, cheapest) << did_;
    ++counts_[plan.optimal()               ? "compare a plan"
              : plan.proved()              ? "compare a plan that is proved by cases"
              : plan.objective == cheapest ? "compare a plan that is the cheapest, not proved"
                                           : "compare a plan that is not the cheapest"];
  }

  bool HasPartnerLimits() const {
    return std::any_of(reference_.partners.begin(), reference_.partners.end(),
                       [](const auto& one) { return one.second.capacity_per_period() > 0; });
  }

  // Who could start where, when, and what room there is: as the reference has it.
  void ExpectSamePool(const Pool& pool) {
    for (int s = 0; s < static_cast<int>(pool.slots().size()); ++s) {
      const SlotRow& slot = pool.slots()[s];
      const size_t there = reference_.PeopleIn(slot.request, slot.id).size();
      EXPECT_EQ(slot.missing,
                reference_.asked.at({slot.request, slot.id}).people - static_cast<int>(there))
          << did_ << ": " << slot.request << " " << slot.id;
      for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
        const ExpertRow& expert = pool.experts()[e];
        const std::vector<std::string> periods =
            pool.PeriodNames(slot, CheckGates(pool, s, e).periods);
        EXPECT_EQ(std::set<std::string>(periods.begin(), periods.end()),
                  reference_.PeriodsToAskFor(
                      {slot.request, slot.id, expert.name, expert.partner_name, "", ""}, Today()))
            << did_ << ": " << expert.name << " in " << slot.request << " " << slot.id;
      }
    }
    const auto room = [](int capacity, int taken) { return std::max(0, capacity - taken); };
    const int32_t now = PeriodOf(v1::PERIOD_QUARTER, DayNumber(Today())).number;
    for (int32_t number = now; number <= now + 2; ++number) {
      const std::string period = PeriodName({v1::PERIOD_QUARTER, number});
      for (const ExpertRow& row : pool.experts()) {
        const v1::Expert& expert = reference_.experts.at(row.name);
        EXPECT_EQ(row.RoomOpen(), room(expert.capacity_open(), reference_.TakenOpen(row.name)))
            << did_ << ": " << row.name;
        EXPECT_EQ(row.RoomIn(number),
                  room(expert.capacity_per_period(), reference_.TakenIn(row.name, period)))
            << did_ << ": " << row.name << " " << period;
      }
      for (const PartnerRow& row : pool.partners()) {
        const int capacity = reference_.partners.at(row.name).capacity_per_period();
        EXPECT_EQ(row.RoomIn(number),
                  capacity == 0 ? kNoLimit : room(capacity, reference_.TakenIn(row.name, period)))
            << did_ << ": " << row.name << " " << period;
      }
    }
    EXPECT_EQ(pool.program_room(),
              reference_.program_capacity == 0
                  ? kNoLimit
                  : room(reference_.program_capacity, reference_.TakenOpen("")))
        << did_;
  }

  // Everyone of a plan could be asked, each beside those before.
  void ExpectWithinLimits(const Pool& pool, const Plan& plan) {
    Reference with = reference_;
    for (const PlanUnit& unit : plan.units) {
      const SlotRow& slot = pool.slots()[unit.slot];
      const ExpertRow& expert = pool.experts()[unit.expert];
      const Place place = {slot.request,
                           slot.id,
                           expert.name,
                           expert.partner_name,
                           PeriodName({v1::PERIOD_QUARTER, unit.period}),
                           ""};
      EXPECT_THAT(with.PeriodsToAskFor(place, Today()), Contains(place.period))
          << did_ << ": the plan has " << expert.name << " in " << slot.request << " " << slot.id;
      with.places[absl::StrCat("unit ", with.places.size())] = place;
      EXPECT_LE(static_cast<int>(with.PeopleIn(slot.request, slot.id).size()),
                with.asked.at({slot.request, slot.id}).people)
          << did_ << ": the plan in " << slot.request << " " << slot.id;
    }
  }

  // How many plans there are at most, counted as far as kMostPlans: each slot takes no more of its experts
  // than it misses people, each in any of the periods.
  static int64_t CountPlans(const Pool& pool) {
    int64_t plans = 1;
    const int slots = static_cast<int>(pool.slots().size());
    for (int s = 0; s < slots && plans <= kMostPlans; ++s) {
      // Ways to have so many people in the slot.
      std::vector<int64_t> ways(pool.slots()[s].missing + 1, 0);
      ways[0] = 1;
      for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
        const auto periods = static_cast<int64_t>(
            pool.PeriodNames(pool.slots()[s], CheckGates(pool, s, e).periods).size());
        for (size_t n = ways.size() - 1; n > 0; --n) ways[n] += ways[n - 1] * periods;
      }
      int64_t all = 0;
      for (const int64_t some : ways) all += some;
      plans *= all;
    }
    return plans;
  }

  // ---- What there is

  void Note(std::string line) { told_.push_back(std::move(line)); }

  absl::CivilDay Today() { return DayOf(bench_.clock.Now()); }
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
  // The step in hand, and all so far, for messages.
  std::string did_;
  std::vector<std::string> told_;
  Counts& counts_;
};

TEST(Histories, KeepEveryPromiseWhateverPeopleDo) {
  int count = 1000;
  if (const char* wanted = std::getenv("CRITAC_HISTORIES")) {
    ASSERT_TRUE(absl::SimpleAtoi(wanted, &count)) << wanted;
  }
  uint32_t first = kSeed;
  if (const char* wanted = std::getenv("CRITAC_TEST_SEED")) {
    ASSERT_TRUE(absl::SimpleAtoi(wanted, &first)) << wanted;
  }
  std::cout << "seeds " << first << " to " << first + count - 1 << "\n";
  Counts counts;
  for (int i = 0; i < count && !HasFailure(); ++i) {
    const std::string seed = absl::StrCat("CRITAC_TEST_SEED=", first + i, " CRITAC_HISTORIES=1");
    SCOPED_TRACE(seed);
    History history(first + i, counts);
    history.Run(40);
    if (HasFailure()) std::cout << "what happened; " << seed << "\n" << history.Told() << "\n";
  }
  for (const auto& [what, times] : counts) std::cout << times << " " << what << "\n";
}

}  // namespace
}  // namespace critac::matching
