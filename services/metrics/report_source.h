#ifndef SERVICES_METRICS_REPORT_SOURCE_H_
#define SERVICES_METRICS_REPORT_SOURCE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "services/metrics/document.h"
#include "services/metrics/facts.h"
#include "services/metrics/measures.h"
#include "services/metrics/published_cuts.h"

namespace critac::metrics {

// Where the sections of a report get their figures: measures of one period, protected for
// publication. It remembers the first error, which ends the report, so that sections read as what
// they say.
class ReportSource {
 public:
  ReportSource(const Facts& facts, absl::CivilDay start, absl::CivilDay end);

  const Facts& facts() const { return facts_; }
  absl::CivilDay start() const { return start_; }
  absl::CivilDay end() const { return end_; }
  const absl::Status& status() const { return status_; }

  // A measure of the period.
  MeasureAnswer Ask(absl::string_view measure, std::vector<v1::Dimension> group_by = {});
  // Its total in the period a year before.
  Figure YearBefore(absl::string_view measure);

  // The tables of agencies' attributes, protected once and the same wherever they are shown.
  const AgencyProfileCuts& profile_cuts();
  const PlaceCuts& place_cuts();
  // Participants by delivery type and by mode.
  const PublishedCut& participants_by_type();
  const PublishedCut& participants_by_mode();
  // Responses with points, by partner.
  const PublishedCut& responses_by_partner();

  // How many responses gave 1 to 5 points, by points less one.
  std::vector<int64_t> SatisfactionCounts();

  // The cell for a value of a group; a withheld one is written to the log.
  TableCell Published(const PublishedCut& cut, const std::vector<std::string>& group,
                      const TableCell& cell, absl::string_view figure, absl::string_view column);
  // A number of people that stands for itself.
  TableCell PublishedPeople(double people, const TableCell& cell, absl::string_view figure,
                            absl::string_view row);

  std::vector<WithheldCell> TakeLog() { return std::move(log_); }

 private:
  template <typename T>
  T Kept(absl::StatusOr<T> result) {
    if (result.ok()) return *std::move(result);
    status_.Update(result.status());
    return T();
  }

  const Facts& facts_;
  const absl::CivilDay start_;
  const absl::CivilDay end_;
  absl::Status status_;
  std::optional<AgencyProfileCuts> profile_cuts_;
  std::optional<PlaceCuts> place_cuts_;
  std::optional<std::vector<PublishedCut>> participant_cuts_;
  std::optional<PublishedCut> responses_by_partner_;
  std::vector<WithheldCell> log_;
};

// The figure's value as a cell: kNothing where there is none.
TableCell CellOf(const Figure& figure, v1::Unit unit);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_SOURCE_H_
