#ifndef SERVICES_METRICS_PUBLISHED_CUTS_H_
#define SERVICES_METRICS_PUBLISHED_CUTS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/metrics/disclosure.h"
#include "services/metrics/measures.h"

namespace critac::metrics {

// Which groups of a published table are withheld, by their values.
struct PublishedCut {
  std::map<std::vector<std::string>, Disposition> groups;
  // The total, where it can be withheld too.
  Disposition total = Disposition::kShown;
  // False: the table must be left out.
  bool safe = true;

  Disposition Of(const std::vector<std::string>& group) const;
  bool Shows(const std::vector<std::string>& group) const {
    return Of(group) == Disposition::kShown;
  }
};

// Counts of requests by state and by region, which share sums. The total of the program is shown
// whatever it is.
struct PlaceCuts {
  PublishedCut by_state;
  // By region's name.
  PublishedCut by_region;
};
// Requests of each region, from those of its states.
std::map<std::string, Figure> RegionFigures(const MeasureAnswer& by_state);
absl::StatusOr<PlaceCuts> ProtectPlaces(const MeasureAnswer& by_state);

// Counts of requests by agency type, by size band, by fewer than 50 sworn officers or more, and by
// type and that: four tables that share sums and are protected as one.
struct AgencyProfileCuts {
  PublishedCut by_type;
  PublishedCut by_band;
  PublishedCut by_under_50;
  PublishedCut by_type_and_under_50;
};
struct AgencyProfileAnswers {
  MeasureAnswer by_type;
  MeasureAnswer by_band;
  MeasureAnswer by_under_50;
  MeasureAnswer by_type_and_under_50;
  // By type, band and fewer than 50: published nowhere.
  MeasureAnswer by_all;
};
absl::StatusOr<AgencyProfileCuts> ProtectAgencyProfile(const AgencyProfileAnswers& answers);

// Numbers of people by each of one or two dimensions, which share their total; the total itself is
// withheld where it is small. A cut whose groups overlap adds up to more than the total, gives
// nothing away by subtraction, and is protected cell by cell.
absl::StatusOr<std::vector<PublishedCut>> ProtectPeople(
    const std::vector<const MeasureAnswer*>& cuts);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_PUBLISHED_CUTS_H_
