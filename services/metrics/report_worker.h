#ifndef SERVICES_METRICS_REPORT_WORKER_H_
#define SERVICES_METRICS_REPORT_WORKER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "grpcpp/channel.h"
#include "services/metrics/report_store.h"

namespace critac::metrics {

// Does the jobs of the queue "report": a job's key is the name of a report to be made. A report is
// made from its own snapshot, read from the journals up to exactly those positions, never from the
// facts at hand: so it is the same whenever it is made. A job done twice changes nothing the second
// time. Thread-safe.
class ReportWorker {
 public:
  using Channels = std::function<std::shared_ptr<grpc::Channel>(const std::string& service)>;

  // Both must outlive it.
  ReportWorker(Channels channels, journal::Journal& journal, ReportStore& store)
      : channels_(std::move(channels)), journal_(journal), store_(store) {}

  // Makes the report, or the documents of one that lost them; these must have the SHA-256 on record,
  // DATA_LOSS where not. What will fail however often it is tried (a snapshot that the journals no
  // longer have) makes a report FAILED; anything else is returned, to be tried again.
  absl::Status Handle(const queue::Job& job);

  // What should be queued by what is on record: level.
  absl::StatusOr<std::vector<queue::NewJob>> Due();

 private:
  absl::Status Make(const std::string& name, const std::string& trace);

  const Channels channels_;
  journal::Journal& journal_;
  ReportStore& store_;
};

// What should be queued after these events: edge.
std::vector<queue::NewJob> ReportJobsOf(absl::Span<const journal::CommittedEvent> events);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_WORKER_H_
