#ifndef SERVICES_METRICS_BIND_H_
#define SERVICES_METRICS_BIND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/server/binding.h"

namespace critac::metrics {

// Binds metrics into a process: SurveyService, MeasureService, ReportService; the follower of the
// journals; the worker of the queue "report" with its reconciler.
absl::StatusOr<std::unique_ptr<server::BoundService>> BindMetrics(server::Environment& environment);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_BIND_H_
