// The ten partners of 2020 with the dates of their membership, and invented experts.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "services/cli/sample/dice.h"
#include "services/cli/sample/names.h"
#include "services/cli/sample/sample_parts.h"
#include "services/cli/usps.h"

namespace critac::cli {
namespace {

using matching::v1::Expert;
using matching::v1::Partner;

// Published are the years: eight partners in 2017, NOBLE in 2018, NSA by 2020, MCCA gone by 2022.
// The days within them, the capacities and the numbers of experts are invented.
struct PartnerFacts {
  const char* id;
  const char* title;
  const char* member_from;
  const char* member_to;
  int capacity;
  int experts;
  type::v1::AgencyType home_type;
  // Topics its experts hold more often than others.
  std::vector<absl::string_view> topics;
};

const std::vector<PartnerFacts>& Facts() {
  using type::v1::AGENCY_TYPE_CAMPUS;
  using type::v1::AGENCY_TYPE_MUNICIPAL;
  using type::v1::AGENCY_TYPE_SHERIFF;
  using type::v1::AGENCY_TYPE_STATE_POLICE;
  static const auto* const facts = new std::vector<PartnerFacts>{
      {"iacp",
       "International Association of Chiefs of Police",
       "2017-01-01",
       "",
       60,
       14,
       AGENCY_TYPE_MUNICIPAL,
       {"community-engagement", "de-escalation", "officer-safety-and-wellness", "crime-analysis",
        "tribal-assistance"}},
      {"fbinaa",
       "FBI National Academy Associates",
       "2017-01-01",
       "",
       40,
       9,
       AGENCY_TYPE_STATE_POLICE,
       {"officer-safety-and-wellness", "intelligence-and-information-sharing",
        "active-shooter-response"}},
      {"fop",
       "Fraternal Order of Police",
       "2017-01-01",
       "",
       35,
       8,
       AGENCY_TYPE_MUNICIPAL,
       {"officer-safety-and-wellness", "de-escalation", "pandemic-response"}},
      {"iaclea",
       "International Association of Campus Law Enforcement Administrators",
       "2017-01-01",
       "",
       35,
       8,
       AGENCY_TYPE_CAMPUS,
       {"school-safety", "active-shooter-response", "community-engagement"}},
      {"iadlest",
       "International Association of Directors of Law Enforcement Standards and Training",
       "2017-01-01",
       "",
       35,
       8,
       AGENCY_TYPE_STATE_POLICE,
       {"de-escalation", "crisis-intervention", "hate-crimes", "tribal-assistance"}},
      {"mcca",
       "Major Cities Chiefs Association",
       "2017-01-01",
       "2021-12-31",
       30,
       7,
       AGENCY_TYPE_MUNICIPAL,
       {"gun-violence-reduction", "protest-and-demonstration-preparation", "crime-analysis"}},
      {"nawlee",
       "National Association of Women Law Enforcement Executives",
       "2017-01-01",
       "",
       30,
       7,
       AGENCY_TYPE_MUNICIPAL,
       {"coordination-and-partnerships", "crisis-intervention", "community-engagement"}},
      {"noble",
       "National Organization of Black Law Enforcement Executives",
       "2018-01-01",
       "",
       30,
       7,
       AGENCY_TYPE_MUNICIPAL,
       {"community-engagement", "hate-crimes", "gun-violence-reduction", "de-escalation"}},
      {"nsa",
       "National Sheriffs' Association",
       "2020-01-01",
       "",
       30,
       7,
       AGENCY_TYPE_SHERIFF,
       {"border-sheriff-training", "crisis-intervention", "tribal-assistance",
        "pandemic-response"}},
      {"ntoa",
       "National Tactical Officers Association",
       "2017-01-01",
       "",
       25,
       5,
       AGENCY_TYPE_SHERIFF,
       {"active-shooter-response", "protest-and-demonstration-preparation",
        "border-sheriff-training"}},
  };
  return *facts;
}

void AddTopics(const PartnerFacts& partner, Dice& dice, Expert& expert) {
  std::vector<std::string> topics;
  for (const absl::string_view topic : partner.topics) {
    if (dice.Chance(70)) topics.emplace_back(topic);
  }
  const int others = dice.Between(2, 4);
  for (int i = 0; i < others; ++i) topics.emplace_back(dice.Pick(Subjects()).id);
  for (size_t i = 0; i < topics.size(); ++i) {
    bool known = false;
    for (size_t k = 0; k < i; ++k) known |= topics[k] == topics[i];
    if (known) continue;
    auto& held = *expert.add_topics();
    held.set_topic(absl::StrCat("topics/", topics[i]));
    const int level = dice.Weighted({15, 35, 50});
    held.set_level(static_cast<intake::v1::Level>(intake::v1::LEVEL_AWARENESS + level));
  }
}

void AddServices(const PartnerFacts& partner, const std::string& home_state, Dice& dice,
                 Expert& expert) {
  const int count = dice.Between(1, 3);
  for (int i = 0; i < count; ++i) {
    auto& service = *expert.add_services();
    service.set_type(
        i == 0 ? partner.home_type
               : static_cast<type::v1::AgencyType>(dice.Between(
                     type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::AGENCY_TYPE_SPECIAL_JURISDICTION)));
    service.set_size_band(static_cast<type::v1::SizeBand>(
        dice.Between(type::v1::SIZE_BAND_10_24, type::v1::SIZE_BAND_1000_PLUS)));
    service.set_state(i == 0 ? home_state : std::string(dice.Pick(UspsStates()).code));
    const bool serves_now = i == 0 && dice.Chance(40);
    if (!serves_now)
      service.set_end(absl::StrFormat("%d-%02d-15", dice.Between(2005, 2018), dice.Between(1, 12)));
  }
}

void AddCredentials(Dice& dice, Expert& expert) {
  static constexpr const char* kTitles[] = {"ICAT instructor", "CIT coordinator",
                                            "Certified crime analyst", "ALERRT instructor",
                                            "Peer support specialist"};
  if (!dice.Chance(45)) return;
  auto& credential = *expert.add_credentials();
  credential.set_title(dice.Pick(kTitles));
  if (dice.Chance(60)) {
    credential.set_valid_to(absl::StrFormat("%d-12-31", dice.Between(2019, 2032)));
  }
}

void AddAvailability(const SampleDays& days, Dice& dice, Expert& expert) {
  expert.set_capacity_per_period(dice.Between(3, 6));
  expert.set_capacity_open(dice.Between(4, 8));
  const int absences = dice.Between(0, 2);
  for (int i = 0; i < absences; ++i) {
    const absl::CivilDay start =
        days.first + dice.Between(0, static_cast<int>(days.last - days.first));
    auto& range = *expert.add_unavailable();
    range.set_start(FormatDate(start));
    range.set_end(FormatDate(start + dice.Between(5, 40)));
  }
}

void AddHome(Dice& dice, Expert& expert) {
  // The territories are home to agencies of the sample, but not to its experts.
  const UspsState* state = &dice.Pick(UspsStates());
  while (state->longitude_e3 > 0 || state->latitude_e3 < 18500) state = &dice.Pick(UspsStates());
  expert.set_home_state(std::string(state->code));
  expert.mutable_home()->set_latitude_e6(state->latitude_e3 * 1000 +
                                         dice.Between(-400, 400) * 1000);
  expert.mutable_home()->set_longitude_e6(state->longitude_e3 * 1000 +
                                          dice.Between(-400, 400) * 1000);
  if (dice.Chance(45)) {
    expert.set_travels_anywhere(true);
  } else {
    expert.set_travel_radius_km(dice.Between(2, 20) * 100);
  }
}

Expert MakeExpert(int number, const PartnerFacts& partner, const SampleDays& days, Dice& dice) {
  Expert expert;
  expert.set_name(absl::StrFormat("experts/e%03d", number));
  expert.set_partner(absl::StrCat("partners/", partner.id));
  const Person person = InventedPerson(dice);
  expert.set_full_name(person.full_name());
  expert.add_emails(absl::StrCat(person.Handle(), "@", partner.id, ".example"));
  expert.set_active(!dice.Chance(4));
  AddTopics(partner, dice, expert);
  AddHome(dice, expert);
  AddServices(partner, expert.home_state(), dice, expert);
  AddCredentials(dice, expert);
  if (dice.Chance(15)) expert.add_modes(type::v1::DELIVERY_MODE_VIRTUAL);
  if (dice.Chance(25)) expert.add_languages(dice.Chance(70) ? "es" : "nv");
  AddAvailability(days, dice, expert);
  const int ratings = dice.Between(0, 24);
  expert.set_rating_count(ratings);
  for (int i = 0; i < ratings; ++i) {
    expert.set_rating_sum(expert.rating_sum() + 3 + dice.Weighted({12, 38, 50}));
  }
  return expert;
}

}  // namespace

std::vector<Partner> MakePartners() {
  std::vector<Partner> partners;
  for (const PartnerFacts& facts : Facts()) {
    Partner& partner = partners.emplace_back();
    partner.set_name(absl::StrCat("partners/", facts.id));
    partner.set_display_name(facts.title);
    auto& membership = *partner.add_memberships();
    membership.set_start(facts.member_from);
    membership.set_end(facts.member_to);
    partner.set_capacity_per_period(facts.capacity);
  }
  return partners;
}

std::vector<Expert> MakeExperts(const SampleOptions& options) {
  Dice dice(options.seed, "experts");
  const SampleDays days(options);
  std::vector<Expert> experts;
  for (const PartnerFacts& facts : Facts()) {
    for (int i = 0; i < facts.experts; ++i) {
      experts.push_back(MakeExpert(static_cast<int>(experts.size()) + 1, facts, days, dice));
    }
  }
  return experts;
}

}  // namespace critac::cli
