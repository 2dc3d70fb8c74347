#include "services/matching/region.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"

namespace critac::matching {
namespace {

enum Division {
  kNewEngland,
  kMiddleAtlantic,
  kEastNorthCentral,
  kWestNorthCentral,
  kSouthAtlantic,
  kEastSouthCentral,
  kWestSouthCentral,
  kMountain,
  kPacific,
  kCaribbeanIslands,
  kPacificIslands,
};

enum Region { kNortheast, kMidwest, kSouth, kWest, kIslands };

constexpr std::array<Region, 11> kRegionOfDivision = {kNortheast, kNortheast, kMidwest, kMidwest,
                                                      kSouth,     kSouth,     kSouth,   kWest,
                                                      kWest,      kIslands,   kIslands};

struct State {
  absl::string_view code;
  Division division;
};

// By code.
constexpr std::array<State, 56> kStates = {{
    {"AK", kPacific},          {"AL", kEastSouthCentral}, {"AR", kWestSouthCentral},
    {"AS", kPacificIslands},   {"AZ", kMountain},         {"CA", kPacific},
    {"CO", kMountain},         {"CT", kNewEngland},       {"DC", kSouthAtlantic},
    {"DE", kSouthAtlantic},    {"FL", kSouthAtlantic},    {"GA", kSouthAtlantic},
    {"GU", kPacificIslands},   {"HI", kPacific},          {"IA", kWestNorthCentral},
    {"ID", kMountain},         {"IL", kEastNorthCentral}, {"IN", kEastNorthCentral},
    {"KS", kWestNorthCentral}, {"KY", kEastSouthCentral}, {"LA", kWestSouthCentral},
    {"MA", kNewEngland},       {"MD", kSouthAtlantic},    {"ME", kNewEngland},
    {"MI", kEastNorthCentral}, {"MN", kWestNorthCentral}, {"MO", kWestNorthCentral},
    {"MP", kPacificIslands},   {"MS", kEastSouthCentral}, {"MT", kMountain},
    {"NC", kSouthAtlantic},    {"ND", kWestNorthCentral}, {"NE", kWestNorthCentral},
    {"NH", kNewEngland},       {"NJ", kMiddleAtlantic},   {"NM", kMountain},
    {"NV", kMountain},         {"NY", kMiddleAtlantic},   {"OH", kEastNorthCentral},
    {"OK", kWestSouthCentral}, {"OR", kPacific},          {"PA", kMiddleAtlantic},
    {"PR", kCaribbeanIslands}, {"RI", kNewEngland},       {"SC", kSouthAtlantic},
    {"SD", kWestNorthCentral}, {"TN", kEastSouthCentral}, {"TX", kWestSouthCentral},
    {"UT", kMountain},         {"VA", kSouthAtlantic},    {"VI", kCaribbeanIslands},
    {"VT", kNewEngland},       {"WA", kPacific},          {"WI", kEastNorthCentral},
    {"WV", kSouthAtlantic},    {"WY", kMountain},
}};

}  // namespace

int FindState(absl::string_view code) {
  const std::string upper = absl::AsciiStrToUpper(code);
  const auto found = std::lower_bound(
      kStates.begin(), kStates.end(), upper,
      [](const State& state, const std::string& wanted) { return state.code < wanted; });
  if (found == kStates.end() || found->code != upper) return kUnknownState;
  return static_cast<int>(found - kStates.begin());
}

absl::string_view StateCode(int state) {
  return state == kUnknownState ? absl::string_view("unknown") : kStates[state].code;
}

int DivisionOf(int state) { return kStates[state].division; }

int RegionOf(int state) { return kRegionOfDivision[kStates[state].division]; }

}  // namespace critac::matching
