#ifndef SERVICES_MATCHING_REGION_H_
#define SERVICES_MATCHING_REGION_H_

#include "absl/strings/string_view.h"

namespace critac::matching {

inline constexpr int kUnknownState = -1;

// The number of a state, the District of Columbia or a territory by its USPS code, in either case;
// kUnknownState for any other text.
int FindState(absl::string_view code);

// The USPS code of a number that FindState returns; `unknown` for kUnknownState.
absl::string_view StateCode(int state);

// Region and division of the US Census Bureau. It has none for the territories: here they are a
// region of two divisions, the Caribbean and the Pacific.
int RegionOf(int state);
int DivisionOf(int state);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_REGION_H_
