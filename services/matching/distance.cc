#include "services/matching/distance.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace critac::matching {
namespace {

// Angles are integers in units of 2^-30 radian, sines and cosines in units of 2^-30.
constexpr int kBits = 30;
constexpr int64_t kOne = int64_t{1} << kBits;
constexpr int64_t kHalfPi = 1686629713;

constexpr int64_t kEarthRadiusM = 6371009;
// Half the circumference.
constexpr int32_t kFarthestKm = 20015;

// A product of two such numbers, rounded to the nearest.
int64_t Multiply(int64_t a, int64_t b) { return (a * b + (kOne >> 1)) >> kBits; }

// The sine of an angle from 0 to a right angle, by its power series.
int64_t Sine(int64_t angle) {
  const int64_t square = Multiply(angle, angle);
  int64_t term = angle;
  int64_t sum = angle;
  for (int64_t n = 2; term != 0 && n < 40; n += 2) {
    term = -Multiply(term, square) / (n * (n + 1));
    sum += term;
  }
  return std::clamp<int64_t>(sum, 0, kOne);
}

// The angle of some millionths of a degree, from 0 to a right angle.
int64_t AngleOf(int64_t degrees_e6) {
  // One millionth of a degree, in units of 2^-62 radian.
  constexpr int64_t kUnit = 80489105090;
  return (degrees_e6 * kUnit + (int64_t{1} << 31)) >> 32;
}

struct SineCosine {
  int64_t sine = 0;
  int64_t cosine = 0;
};

// Of any angle in millionths of a degree: by quadrants, so that symmetric places get symmetric
// vectors.
SineCosine SineCosineOf(int64_t degrees_e6) {
  constexpr int64_t kRight = 90000000;
  const int64_t turned = ((degrees_e6 % (4 * kRight)) + 4 * kRight) % (4 * kRight);
  const int64_t within = turned % kRight;
  const int64_t sine = Sine(AngleOf(within));
  const int64_t cosine = Sine(AngleOf(kRight - within));
  switch (turned / kRight) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

// For each number of kilometers the square of the chord from which on it is rounded up to the next.
// Looking a chord up in it is exact and monotone, which an arc sine in integers would not be.
std::vector<uint64_t> MakeThresholds() {
  std::vector<uint64_t> thresholds;
  thresholds.reserve(kFarthestKm);
  for (int64_t km = 0; km < kFarthestKm; ++km) {
    // Half the angle under which the chord is seen: (km + 1/2) / (2 × radius).
    const int64_t half_angle = (2 * km + 1) * 250 * kOne / kEarthRadiusM;
    const uint64_t chord = 2 * static_cast<uint64_t>(Sine(std::min(half_angle, kHalfPi)));
    thresholds.push_back(chord * chord);
  }
  return thresholds;
}

const std::vector<uint64_t>& Thresholds() {
  static const std::vector<uint64_t>& thresholds = *new std::vector<uint64_t>(MakeThresholds());
  return thresholds;
}

uint64_t SquaredChord(const SpherePoint& a, const SpherePoint& b) {
  const auto square = [](int64_t d) { return static_cast<uint64_t>(d * d); };
  return square(a.x - b.x) + square(a.y - b.y) + square(a.z - b.z);
}

}  // namespace

SpherePoint PointAt(int64_t latitude_e6, int64_t longitude_e6) {
  const SineCosine latitude = SineCosineOf(std::clamp<int64_t>(latitude_e6, -90000000, 90000000));
  const SineCosine longitude = SineCosineOf(longitude_e6);
  return {Multiply(latitude.cosine, longitude.cosine), Multiply(latitude.cosine, longitude.sine),
          latitude.sine};
}

int32_t DistanceKm(const SpherePoint& a, const SpherePoint& b) {
  const std::vector<uint64_t>& thresholds = Thresholds();
  const uint64_t chord = SquaredChord(a, b);
  // The floating-point guess only says where to begin to look; the table decides.
  const double sine = std::sqrt(static_cast<double>(chord)) / (2.0 * kOne);
  const double guess = 2e-3 * kEarthRadiusM * std::asin(std::min(1.0, sine));
  int32_t km = std::clamp(static_cast<int32_t>(guess), 0, kFarthestKm);
  while (km > 0 && chord < thresholds[km - 1]) --km;
  while (km < kFarthestKm && chord >= thresholds[km]) ++km;
  return km;
}

bool IsWithinKm(const SpherePoint& a, const SpherePoint& b, int32_t km) {
  if (km < 0) return false;
  return km >= kFarthestKm || SquaredChord(a, b) < Thresholds()[km];
}

}  // namespace critac::matching
