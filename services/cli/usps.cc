#include "services/cli/usps.h"

#include <algorithm>

namespace critac::cli {
namespace {

constexpr UspsState kStates[] = {
    {"AK", 64200, -152500, "AK"},  {"AL", 32800, -86800, "AL"},  {"AR", 34800, -92400, "AR"},
    {"AS", -14300, -170700, "AS"}, {"AZ", 34300, -111700, "AZ"}, {"CA", 37200, -119500, "CA"},
    {"CO", 39000, -105500, "CO"},  {"CT", 41600, -72700, "CT"},  {"DC", 38900, -77000, "DC"},
    {"DE", 39000, -75500, "DE"},   {"FL", 28600, -82400, "FL"},  {"GA", 32700, -83400, "GA"},
    {"GU", 13450, 144780, "GM"},   {"HI", 20800, -156400, "HI"}, {"IA", 42100, -93500, "IA"},
    {"ID", 44400, -114600, "ID"},  {"IL", 40000, -89200, "IL"},  {"IN", 39900, -86300, "IN"},
    {"KS", 38500, -98400, "KS"},   {"KY", 37500, -85300, "KY"},  {"LA", 31000, -92000, "LA"},
    {"MA", 42300, -71800, "MA"},   {"MD", 39000, -76800, "MD"},  {"ME", 45400, -69200, "ME"},
    {"MI", 44300, -85400, "MI"},   {"MN", 46300, -94300, "MN"},  {"MO", 38400, -92500, "MO"},
    {"MP", 15200, 145750, "MP"},   {"MS", 32700, -89700, "MS"},  {"MT", 47000, -109600, "MT"},
    {"NC", 35600, -79400, "NC"},   {"ND", 47400, -100500, "ND"}, {"NE", 41500, -99800, "NB"},
    {"NH", 43700, -71600, "NH"},   {"NJ", 40200, -74700, "NJ"},  {"NM", 34400, -106100, "NM"},
    {"NV", 39300, -116600, "NV"},  {"NY", 42900, -75500, "NY"},  {"OH", 40300, -82800, "OH"},
    {"OK", 35600, -97500, "OK"},   {"OR", 43900, -120600, "OR"}, {"PA", 40900, -77800, "PA"},
    {"PR", 18200, -66400, "PR"},   {"RI", 41700, -71600, "RI"},  {"SC", 33900, -80900, "SC"},
    {"SD", 44400, -100200, "SD"},  {"TN", 35900, -86400, "TN"},  {"TX", 31500, -99300, "TX"},
    {"UT", 39300, -111700, "UT"},  {"VA", 37500, -78900, "VA"},  {"VI", 17740, -64740, "VI"},
    {"VT", 44100, -72700, "VT"},   {"WA", 47400, -120400, "WA"}, {"WI", 44600, -89900, "WI"},
    {"WV", 38600, -80600, "WV"},   {"WY", 43000, -107600, "WY"},
};

}  // namespace

absl::Span<const UspsState> UspsStates() { return kStates; }

const UspsState* FindUspsState(absl::string_view code) {
  const auto* found =
      std::lower_bound(std::begin(kStates), std::end(kStates), code,
                       [](const UspsState& state, absl::string_view c) { return state.code < c; });
  return found != std::end(kStates) && found->code == code ? found : nullptr;
}

}  // namespace critac::cli
