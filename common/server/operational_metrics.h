#ifndef COMMON_SERVER_OPERATIONAL_METRICS_H_
#define COMMON_SERVER_OPERATIONAL_METRICS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/queue/work_queue.h"
#include "common/queue/worker.h"
#include "common/rpc/pipeline.h"
#include "common/server/span_exporter.h"

namespace critac::server {

// How the process itself does, for Prometheus: calls, queues, journals, memory. Not the measures of
// the program, which are the metrics service's. Thread-safe.
//
// | name | what |
// |---|---|
// | critac_calls_total{method,code} | calls that ended |
// | critac_call_duration_seconds{method} | how long they took, streams too |
// | critac_calls_in_flight | calls that have not ended |
// | critac_job_duration_seconds{queue,outcome} | how long handlers ran: done, failed, given_up, released, lost |
// | critac_job_wait_seconds{queue} | lag: from when a job was put in until it was begun |
// | critac_queue_jobs{queue,state} | jobs: ready, delayed, leased, dead |
// | critac_queue_oldest_ready_seconds{queue} | age of the oldest ready job |
// | critac_queue_completed_total{queue} | jobs done since the process started |
// | critac_queue_paused{queue} | 1 while no job is handed out |
// | critac_journal_head_sequence{journal} | last event |
// | critac_service_ready{service} | 1 while it takes writes |
// | critac_journal_followed{service,journal} | 0 while a service cannot follow another's journal |
// | critac_spans_exported_total | spans that a collector took |
// | critac_spans_dropped_total | spans that were made and that none took |
// | process_… | memory, descriptors, processor time, start: as Prometheus clients call them |
class OperationalMetrics {
 public:
  // What is looked at only when someone asks. A queue or journal that cannot be read is left out
  // then. All may be null.
  struct Sources {
    std::function<int64_t()> calls_in_flight;
    std::function<std::vector<queue::WorkQueue*>()> queues;
    std::function<std::vector<journal::Journal*>()> journals;
    // Services and whether each is ready.
    std::function<std::vector<std::pair<std::string, bool>>()> services;
    // Journals that services follow.
    struct Feed {
      std::string service;
      std::string journal;
      bool is_followed = false;
    };
    std::function<std::vector<Feed>()> feeds;
    // Null where no spans are made.
    std::function<SpanExporter::Figures()> spans;
  };

  // The process counts as started now.
  explicit OperationalMetrics(const Clock& clock);
  ~OperationalMetrics();

  // Shows figures of a method, `critac.intake.v1.RequestService.GetRequest`, before its first call: at 0 the calls that
  // ended well and those that failed by a fault of ours (OK, INTERNAL, UNKNOWN, DATA_LOSS, UNAVAILABLE,
  // DEADLINE_EXCEEDED), so that the first failure is seen as one. Those of other codes begin with the first such call.
  void ExpectCalls(absl::string_view method);

  // The same of the jobs of a queue, by each outcome.
  void ExpectJobs(absl::string_view queue);

  // Counts a call that ended. Cheap: a shared lock, a few atomic additions.
  void CountCall(const rpc::CallRecord& record);

  // Counts a job that left a worker's hands.
  void CountJob(const queue::JobRecord& record);

  // All figures, in Prometheus' text format 0.0.4.
  std::string ToText(const Sources& sources) const;

 private:
  class Calls;
  class Jobs;
  const absl::Time start_;
  const std::unique_ptr<Calls> calls_;
  const std::unique_ptr<Jobs> jobs_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_OPERATIONAL_METRICS_H_
