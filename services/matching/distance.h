#ifndef SERVICES_MATCHING_DISTANCE_H_
#define SERVICES_MATCHING_DISTANCE_H_

#include <cstdint>

namespace critac::matching {

// A place on the globe as a vector from the earth's center, in units of 2^-30 of its radius.
struct SpherePoint {
  int64_t x = 0;
  int64_t y = 0;
  int64_t z = 0;
};

// The point at a latitude and longitude in millionths of a degree. Out of range: the nearest
// latitude in range; longitudes wrap.
SpherePoint PointAt(int64_t latitude_e6, int64_t longitude_e6);

// Great-circle distance (haversine) on a sphere of 6,371,009 m, the earth's mean radius, in
// kilometers rounded to the nearest; 0 to 20,015. It is computed in integers throughout, with an
// error below one meter before rounding, so it is the same on every machine; and it never decreases
// where the chord grows.
int32_t DistanceKm(const SpherePoint& a, const SpherePoint& b);

// Whether DistanceKm is at most `km`; quicker.
bool IsWithinKm(const SpherePoint& a, const SpherePoint& b, int32_t km);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_DISTANCE_H_
