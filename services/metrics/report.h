#ifndef SERVICES_METRICS_REPORT_H_
#define SERVICES_METRICS_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "critac/metrics/v1/report.pb.h"
#include "services/metrics/document.h"
#include "services/metrics/facts.h"

namespace critac::metrics {

// What a report is to be about.
struct ReportScope {
  v1::ReportKind kind = v1::REPORT_KIND_ANNUAL_REVIEW;
  // Both included.
  absl::CivilDay start;
  absl::CivilDay end;
  // Empty: one that follows from kind and dates.
  std::string title;
  // What `facts` were computed from.
  v1::Snapshot snapshot;
};

// Writes a report from facts: a function of its arguments alone, so the same snapshot gives the
// same document. It names no agency and no person, and what small numbers would give away is
// withheld (`disclosure.h`). INVALID_ARGUMENT: a kind that is not known, an end before the start.
absl::StatusOr<Document> MakeReport(const Facts& facts, const ReportScope& scope);

// What a report without a title of its own is called: `Annual review, fiscal year 2026`.
std::string DefaultTitle(v1::ReportKind kind, absl::CivilDay start, absl::CivilDay end);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_H_
