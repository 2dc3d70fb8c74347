#include "services/metrics/bind.h"

#include <string>
#include <utility>
#include <vector>

#include "common/queue/reconciler.h"
#include "common/queue/sender.h"
#include "common/queue/worker.h"
#include "common/status/error.h"
#include "services/metrics/callers.h"
#include "services/metrics/follower.h"
#include "services/metrics/measure_service.h"
#include "services/metrics/metrics_states.h"
#include "services/metrics/report_service.h"
#include "services/metrics/report_store.h"
#include "services/metrics/report_worker.h"
#include "services/metrics/survey_service.h"

namespace critac::metrics {
namespace {

class BoundMetrics final : public server::BoundService {
 public:
  BoundMetrics(std::unique_ptr<journal::Journal> journal, queue::WorkQueue& report_queue,
               server::Environment& environment)
      : journal_(std::move(journal)),
        report_queue_(report_queue),
        follower_(environment.channel, journal_->database(), environment.clock),
        store_(journal_->database()),
        report_jobs_(environment.channel, *journal_, store_),
        report_worker_(
            report_queue, [this](const queue::Job& job) { return report_jobs_.Handle(job); },
            environment.WorkerOptionsFor("report"), environment.clock, environment.ids),
        report_reconciler_(
            report_queue, [this] { return report_jobs_.Due(); },
            {.name = "report-due", .interval = environment.reconcile_interval}, environment.clock,
            environment.ids),
        report_sender_(
            "metrics-report", report_queue, [this] { report_reconciler_.Nudge(); },
            environment.StepsOfSenders()),
        survey_service_(environment.pipeline, *journal_, follower_),
        measure_service_(environment.pipeline, follower_),
        report_service_(environment.pipeline, *journal_, follower_, store_,
                        [this] { report_reconciler_.Nudge(); }) {
    journal_->AddListener([this](absl::Span<const journal::CommittedEvent> events) {
      report_sender_.Send(ReportJobsOf(events));
    });
  }

  ~BoundMetrics() override {
    Stop();
    journal_->Stop();
  }

  const std::string& name() const override { return journal_->name(); }
  std::vector<grpc::Service*> grpc_services() override {
    return {&survey_service_, &measure_service_, &report_service_};
  }
  journal::Journal& journal() override { return *journal_; }

  absl::Status CheckMayFollow(const rpc::Call& call) override {
    return CheckCannotBeRecused(call.principal, "journal");
  }

  absl::Status Ready() override {
    RETURN_IF_ERROR(Annotate(journal_->database().CheckWritable(), "metrics' database"));
    RETURN_IF_ERROR(Annotate(report_queue_.CheckWritable(), "the queue report"));
    return follower_.Health();
  }

  std::vector<std::pair<std::string, absl::Status>> FollowedJournals() override {
    return follower_.Followed();
  }

  void Start() override {
    follower_.Start();
    report_worker_.Start();
    report_sender_.Start();
    report_reconciler_.Start();
  }

  void Stop() override {
    report_reconciler_.Stop();
    report_sender_.Stop();
    // A report that is not done is made after the next start: the reconciler finds it.
    report_worker_.Stop().IgnoreError();
    follower_.Stop();
  }

 private:
  const std::unique_ptr<journal::Journal> journal_;
  queue::WorkQueue& report_queue_;
  Follower follower_;
  ReportStore store_;
  ReportWorker report_jobs_;
  queue::Worker report_worker_;
  queue::Reconciler report_reconciler_;
  queue::Sender report_sender_;
  SurveyService survey_service_;
  MeasureService measure_service_;
  ReportService report_service_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<server::BoundService>> BindMetrics(
    server::Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal,
                   environment.OpenJournal(MetricsJournal()));
  ASSIGN_OR_RETURN(queue::WorkQueue * report_queue, environment.queue("report"));
  return std::make_unique<BoundMetrics>(std::move(journal), *report_queue, environment);
}

}  // namespace critac::metrics
