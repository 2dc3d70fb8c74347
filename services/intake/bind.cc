#include "services/intake/bind.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/journal/journal.h"
#include "common/queue/reconciler.h"
#include "common/queue/sender.h"
#include "common/status/error.h"
#include "services/intake/agency_service.h"
#include "services/intake/catalog_service.h"
#include "services/intake/intake_store.h"
#include "services/intake/match_jobs.h"
#include "services/intake/recusal_reader.h"
#include "services/intake/recusal_service.h"
#include "services/intake/request_service.h"

namespace critac::intake {
namespace {

class BoundIntake final : public server::BoundService {
 public:
  BoundIntake(server::Environment& environment, std::unique_ptr<journal::Journal> journal,
              queue::WorkQueue& queue)
      : journal_(std::move(journal)),
        queue_(queue),
        agencies_(environment.pipeline, *journal_, environment.clock),
        catalog_(environment.pipeline, *journal_),
        requests_(environment.pipeline, *journal_, recusals_, environment.clock),
        recusal_service_(environment.pipeline, *journal_),
        clock_(environment.clock),
        due_(journal_->database()),
        reconciler_(
            queue, [this] { return due_.NextRound(); },
            {.name = "intake-due", .interval = environment.reconcile_interval}, environment.clock,
            environment.ids),
        sender_(
            "intake-match", queue, [this] { reconciler_.Nudge(); }, environment.StepsOfSenders()) {
    journal_->AddListener([this](absl::Span<const journal::CommittedEvent> events) {
      sender_.Send(MatchJobsOf(events));
    });
  }
  // The journal calls the listener until it is stopped.
  ~BoundIntake() override {
    Stop();
    journal_->Stop();
  }

  const std::string& name() const override { return journal_->name(); }
  std::vector<grpc::Service*> grpc_services() override {
    return {&agencies_, &catalog_, &requests_, &recusal_service_};
  }
  journal::Journal& journal() override { return *journal_; }

  absl::Status Ready() override {
    RETURN_IF_ERROR(Annotate(journal_->database().CheckWritable(), "intake's database"));
    return Annotate(queue_.CheckWritable(), "the queue match");
  }

  absl::Status CheckMayFollow(const rpc::Call& call) override {
    journal::Records records(*journal_);
    ASSIGN_OR_RETURN(const std::vector<std::string> agencies,
                     recusals_.HiddenFrom(call.principal, records, DayOf(clock_.Now())));
    if (agencies.empty()) return absl::OkStatus();
    return Error(absl::StatusCode::kPermissionDenied, "RECUSED",
                 absl::StrCat(
                     call.principal.ToString(),
                     " is recused from an agency, and journals and jobs are not shown in part"))
        .ToStatus();
  }

  void Start() override {
    sender_.Start();
    reconciler_.Start();
  }

  void Stop() override {
    reconciler_.Stop();
    sender_.Stop();
  }

 private:
  const std::unique_ptr<journal::Journal> journal_;
  queue::WorkQueue& queue_;
  RecusalReader recusals_;
  AgencyService agencies_;
  CatalogService catalog_;
  RequestService requests_;
  RecusalService recusal_service_;
  const Clock& clock_;
  DueMatchJobs due_;
  queue::Reconciler reconciler_;
  queue::Sender sender_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<server::BoundService>> BindIntake(server::Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal,
                   environment.OpenJournal(IntakeJournal()));
  ASSIGN_OR_RETURN(queue::WorkQueue * queue, environment.queue("match"));
  return std::make_unique<BoundIntake>(environment, std::move(journal), *queue);
}

}  // namespace critac::intake
