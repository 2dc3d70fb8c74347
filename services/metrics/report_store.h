#ifndef SERVICES_METRICS_REPORT_STORE_H_
#define SERVICES_METRICS_REPORT_STORE_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/store/database.h"
#include "services/metrics/document.h"

namespace critac::metrics {

// Documents of reports, and the log of what was withheld in them. Both can be made anew from the
// report's snapshot, so nothing is lost when they are. Thread-safe.
class ReportStore {
 public:
  // `database` must outlive it.
  explicit ReportStore(store::Database& database) : database_(database) {}

  // Keeps a report's documents, by format's name, and its log, in one transaction; what was kept of
  // it before is replaced.
  absl::Status Save(const std::string& report, const std::map<std::string, std::string>& documents,
                    const std::vector<WithheldCell>& withheld);

  // Nothing: it is not there.
  absl::StatusOr<std::optional<std::string>> Read(const std::string& report,
                                                  absl::string_view format);

  // What was withheld in a report, in its order.
  absl::StatusOr<std::vector<WithheldCell>> Withheld(const std::string& report);

  // Names of reports that are to be made: those asked for and not made, and those made whose
  // documents are not all there; some of them, where there are many.
  absl::StatusOr<std::vector<std::string>> Due();

 private:
  store::Database& database_;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_STORE_H_
