#ifndef SERVICES_METRICS_REPORT_COMMANDS_H_
#define SERVICES_METRICS_REPORT_COMMANDS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "common/journal/command.h"
#include "critac/metrics/v1/report.pb.h"

namespace critac::metrics {

// Whether a report can be asked for: its days are in order. INVALID_ARGUMENT where not.
absl::Status CheckReport(const v1::Report& report);

// Asks for a report from a snapshot. It is PENDING, and gets a name that sorts by time and a title
// where it has none. INVALID_ARGUMENT: as CheckReport says.
journal::Decide RequestReport(v1::Report report, v1::Snapshot snapshot);

// Says that a report was made, with the SHA-256 of each document by format's name. A report that is
// not PENDING stays as it is. NOT_FOUND: no such report.
journal::Decide FinishReport(std::string name, std::map<std::string, std::string> hashes);

// Says that a report could not be made, and why. The rest as above.
journal::Decide FailReport(std::string name, std::string problem);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_COMMANDS_H_
