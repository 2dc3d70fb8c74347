// Invented agencies: 280 that ask for help, sized like those of the published program, and 40 that
// are only on record.

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/sample/dice.h"
#include "services/cli/sample/names.h"
#include "services/cli/sample/sample_parts.h"
#include "services/cli/usps.h"

namespace critac::cli {
namespace {

using intake::v1::Agency;
using type::v1::AgencyType;

// Agencies of one range of sworn officers, among those that ask and among the others.
struct SizeShare {
  int least;
  int most;
  int asking;
  int others;
};

// 145 of the 277 that know their strength have fewer than 50: 52 %, also of all 280.
constexpr SizeShare kShares[] = {
    {1, 1, 2, 1},    {2, 9, 30, 5},     {10, 24, 62, 8},   {25, 49, 51, 7},
    {50, 99, 46, 8}, {100, 249, 42, 6}, {250, 999, 28, 4},
};
// The largest, whose officers make up what the others lack to the total.
constexpr int kLargestAsking = 16;
constexpr int kLargestLeast = 1000;
constexpr int kUnknownAsking = 3;

// "More than 125,000 officers".
constexpr int kTotalLeast = 125100;
constexpr int kTotalMost = 125900;

struct TypeShare {
  AgencyType type;
  int small;  // how often among agencies of fewer than 50 sworn, next to the others
  int large;
};
constexpr TypeShare kTypes[] = {
    {type::v1::AGENCY_TYPE_MUNICIPAL, 56, 56},
    {type::v1::AGENCY_TYPE_SHERIFF, 15, 26},
    {type::v1::AGENCY_TYPE_STATE_POLICE, 0, 6},
    {type::v1::AGENCY_TYPE_OTHER_STATE, 1, 3},
    {type::v1::AGENCY_TYPE_CAMPUS, 12, 4},
    {type::v1::AGENCY_TYPE_TRIBAL, 8, 2},
    {type::v1::AGENCY_TYPE_SCHOOL_DISTRICT, 4, 2},
    {type::v1::AGENCY_TYPE_SPECIAL_JURISDICTION, 2, 3},
    {type::v1::AGENCY_TYPE_CONSTABLE, 2, 0},
};

// States by how many agencies they have in the sample, next to the others; those not named count 2.
int WeightOf(absl::string_view state) {
  for (const absl::string_view large :
       {"CA", "TX", "FL", "NY", "PA", "OH", "IL", "GA", "NC", "MI"}) {
    if (state == large) return 6;
  }
  for (const absl::string_view territory : {"AS", "GU", "MP", "PR", "VI"}) {
    if (state == territory) return 1;
  }
  return 2;
}

constexpr absl::string_view kTribalStates[] = {"AZ", "ID", "MN", "MT", "ND",
                                               "NM", "OK", "SD", "WA", "WI"};

const UspsState& PickState(AgencyType type, Dice& dice) {
  if (type == type::v1::AGENCY_TYPE_TRIBAL) return *FindUspsState(dice.Pick(kTribalStates));
  std::vector<int> weights;
  for (const UspsState& state : UspsStates()) weights.push_back(WeightOf(state.code));
  return UspsStates()[dice.Weighted(weights)];
}

std::string NameOf(AgencyType type, const std::string& place, Dice& dice) {
  switch (type) {
    case type::v1::AGENCY_TYPE_SHERIFF:
      return absl::StrCat(place, " County Sheriff's Office");
    case type::v1::AGENCY_TYPE_STATE_POLICE:
      return absl::StrCat(place, " District State Patrol");
    case type::v1::AGENCY_TYPE_OTHER_STATE:
      return absl::StrCat(place, " Wildlife Enforcement Division");
    case type::v1::AGENCY_TYPE_CAMPUS:
      return absl::StrCat(place, dice.Chance(60) ? " University" : " Community College",
                          " Police Department");
    case type::v1::AGENCY_TYPE_TRIBAL:
      return absl::StrCat(place, " Tribal Police Department");
    case type::v1::AGENCY_TYPE_SCHOOL_DISTRICT:
      return absl::StrCat(place, " School District Police");
    case type::v1::AGENCY_TYPE_SPECIAL_JURISDICTION:
      return absl::StrCat(place, dice.Chance(50) ? " Transit" : " Airport", " Police");
    case type::v1::AGENCY_TYPE_CONSTABLE:
      return absl::StrCat(place, " Constable's Office");
    case type::v1::AGENCY_TYPE_FEDERAL:
      return absl::StrCat(place, " Federal Protective Detail");
    default:
      return absl::StrCat(place, " Police Department");
  }
}

AgencyType PickType(int sworn, Dice& dice) {
  std::vector<int> weights;
  for (const TypeShare& share : kTypes) weights.push_back(sworn < 50 ? share.small : share.large);
  return kTypes[dice.Weighted(weights)].type;
}

void SetStrength(int count, intake::v1::Strength& strength, int year) {
  strength.set_count(count);
  strength.set_source("Fictional: sample program");
  strength.set_year(year);
}

void SetStrengths(int sworn, int year, Dice& dice, Agency& agency) {
  if (sworn < 0) return;
  const int part_time = sworn < 50 && dice.Chance(35) ? dice.Between(0, sworn / 3) : 0;
  SetStrength(sworn - part_time, *agency.mutable_sworn_full_time(), year);
  SetStrength(part_time, *agency.mutable_sworn_part_time(), year);
  if (dice.Chance(85)) {
    SetStrength(sworn * dice.Between(10, 45) / 100, *agency.mutable_civilian(), year);
  }
}

// Most have an ORI, of a form that real ones do not use; the others are known by the sample's own
// identifier alone, as new, tribal and campus agencies are.
std::string SetAlias(const UspsState& state, int number, bool has_ori, Agency& agency) {
  auto& alias = *agency.add_aliases();
  alias.set_type(has_ori ? intake::v1::ALIAS_TYPE_ORI9 : intake::v1::ALIAS_TYPE_OTHER);
  alias.set_value(has_ori ? absl::StrFormat("%sZZ%03d00", state.ori_prefix, number)
                          : absl::StrFormat("%s:A-%03d", kSampleSystem, number));
  return alias.value();
}

void SetPlace(const UspsState& state, Dice& dice, Agency& agency) {
  if (dice.Chance(5)) return;  // not known, as happens
  agency.mutable_coordinates()->set_latitude_e6((state.latitude_e3 + dice.Between(-500, 500)) *
                                                1000);
  agency.mutable_coordinates()->set_longitude_e6((state.longitude_e3 + dice.Between(-500, 500)) *
                                                 1000);
}

SampleAgency MakeAgency(int number, const std::string& place, int sworn, AgencyType type, int year,
                        Dice& dice) {
  SampleAgency made;
  made.place = place;
  made.sworn = sworn;
  const UspsState& state = PickState(type, dice);
  made.agency.set_display_name(NameOf(type, place, dice));
  made.agency.set_type(type);
  made.agency.set_state(std::string(state.code));
  if (!dice.Chance(6)) made.agency.set_county(absl::StrCat(place, " County"));
  const bool often_without = type == type::v1::AGENCY_TYPE_TRIBAL ||
                             type == type::v1::AGENCY_TYPE_CAMPUS ||
                             type == type::v1::AGENCY_TYPE_SCHOOL_DISTRICT;
  made.alias = SetAlias(state, number, !dice.Chance(often_without ? 30 : 2), made.agency);
  SetPlace(state, dice, made.agency);
  SetStrengths(sworn, year, dice, made.agency);
  return made;
}

std::vector<int> AskingSizes(Dice& dice) {
  std::vector<int> sizes;
  for (const SizeShare& share : kShares) {
    for (int i = 0; i < share.asking; ++i) sizes.push_back(dice.Between(share.least, share.most));
  }
  // The largest share what is left to the total, the k-th a k-th part of the first.
  int left = dice.Between(kTotalLeast, kTotalMost) -
             std::accumulate(sizes.begin(), sizes.end(), 0) - kLargestAsking * kLargestLeast;
  double harmonic = 0;
  for (int k = 1; k <= kLargestAsking; ++k) harmonic += 1.0 / k;
  const int first_part = static_cast<int>(left / harmonic);
  for (int k = kLargestAsking; k > 1; --k) {
    sizes.push_back(kLargestLeast + first_part / k);
    left -= first_part / k;
  }
  sizes.push_back(kLargestLeast + left);
  sizes.insert(sizes.end(), kUnknownAsking, -1);
  dice.Shuffle(sizes);
  return sizes;
}

std::vector<int> OtherSizes(Dice& dice) {
  std::vector<int> sizes;
  for (const SizeShare& share : kShares) {
    for (int i = 0; i < share.others; ++i) sizes.push_back(dice.Between(share.least, share.most));
  }
  dice.Shuffle(sizes);
  return sizes;
}

}  // namespace

std::vector<SampleAgency> MakeAgencies(const SampleOptions& options) {
  Dice dice(options.seed, "agencies");
  const std::vector<std::string> places = InventedPlaces(dice);
  const int year = options.first_fiscal_year;
  std::vector<SampleAgency> agencies;
  const auto add = [&](int sworn, AgencyType type, bool asks) {
    const int number = static_cast<int>(agencies.size()) + 1;
    agencies.push_back(MakeAgency(number, places[number - 1], sworn, type, year, dice));
    agencies.back().asks = asks;
  };
  for (const int sworn : AskingSizes(dice)) add(sworn, PickType(sworn, dice), true);
  for (const int sworn : OtherSizes(dice)) add(sworn, PickType(sworn, dice), false);
  // Kept on record, not eligible to ask.
  add(120, type::v1::AGENCY_TYPE_FEDERAL, false);
  return agencies;
}

}  // namespace critac::cli
