#include "services/matching/bind.h"

#include <string>
#include <utility>
#include <vector>

#include "common/base/task_pool.h"
#include "common/queue/reconciler.h"
#include "common/queue/sender.h"
#include "common/queue/worker.h"
#include "common/status/error.h"
#include "services/matching/engagement_service.h"
#include "services/matching/identity_service.h"
#include "services/matching/intake_client.h"
#include "services/matching/intake_sync.h"
#include "services/matching/match_service.h"
#include "services/matching/match_worker.h"
#include "services/matching/matching_states.h"
#include "services/matching/meeting_service.h"
#include "services/matching/offer_jobs.h"
#include "services/matching/partner_service.h"
#include "services/matching/policy_commands.h"
#include "services/matching/pool_reader.h"
#include "services/matching/rating_follower.h"
#include "services/matching/recusal_reader.h"
#include "services/matching/recusal_sync.h"
#include "services/matching/solve_lease.h"

namespace critac::matching {
namespace {

// Calls that ask intake, and rankings: a few at a time, since each may take a core for a while.
constexpr int kTaskThreads = 2;
constexpr int kWaitingTasks = 256;
// Calls that wait for a turn to solve, of which one has it: each until its own deadline.
constexpr int kSolveThreads = 4;
constexpr int kWaitingSolves = 64;

class BoundMatching final : public server::BoundService {
 public:
  BoundMatching(std::unique_ptr<journal::Journal> journal, queue::WorkQueue& match_queue,
                queue::WorkQueue& sync_queue, queue::WorkQueue& offer_queue,
                server::Environment& environment)
      : journal_(std::move(journal)),
        match_queue_(match_queue),
        sync_queue_(sync_queue),
        offer_queue_(offer_queue),
        intake_(environment.channel("intake"), environment.clock),
        pools_(*journal_, intake_, environment.clock),
        recusals_(*journal_, environment.clock),
        solve_lease_(journal_->database(), environment.clock),
        tasks_("matching-task", kTaskThreads, kWaitingTasks),
        solve_tasks_("matching-solve", kSolveThreads, kWaitingSolves),
        partner_service_(environment.pipeline, *journal_, recusals_),
        identity_service_(environment.pipeline, *journal_, tasks_),
        match_service_(environment.pipeline, *journal_, pools_, recusals_, solve_lease_, tasks_,
                       solve_tasks_, environment.clock),
        meeting_service_(environment.pipeline, *journal_, pools_, intake_, recusals_, tasks_,
                         environment.clock),
        engagement_service_(environment.pipeline, *journal_, pools_, intake_, recusals_, tasks_),
        match_jobs_(*journal_, intake_, pools_, solve_lease_, environment.clock),
        sync_jobs_(*journal_, intake_),
        recusal_sync_(*journal_, intake_, environment.clock),
        offer_jobs_(*journal_, pools_, environment.clock),
        ratings_(
            *journal_, [channel = environment.channel] { return channel("metrics"); },
            environment.clock),
        // One thread: requests that wait are followed first, then solved at once.
        match_worker_(
            match_queue, [this](const queue::Job& job) { return match_jobs_.Handle(job); },
            environment.WorkerOptionsFor("match"), environment.clock, environment.ids),
        sync_worker_(
            sync_queue, [this](const queue::Job& job) { return Sync(job); },
            environment.WorkerOptionsFor("sync"), environment.clock, environment.ids),
        offer_worker_(
            offer_queue, [this](const queue::Job& job) { return offer_jobs_.Handle(job); },
            environment.WorkerOptionsFor("offers"), environment.clock, environment.ids),
        match_reconciler_(
            match_queue, [this] { return match_jobs_.Due(); },
            {.name = "match-due", .interval = environment.reconcile_interval}, environment.clock,
            environment.ids),
        sync_reconciler_(
            sync_queue, [this] { return SyncJobs(); },
            {.name = "sync-due", .interval = environment.reconcile_interval}, environment.clock,
            environment.ids),
        offer_reconciler_(
            offer_queue, [this] { return offer_jobs_.Due(); },
            {.name = "offers-due", .interval = environment.reconcile_interval}, environment.clock,
            environment.ids),
        match_sender_(
            "matching-solve", match_queue, [this] { match_reconciler_.Nudge(); },
            environment.StepsOfSenders()),
        sync_sender_(
            "matching-sync", sync_queue, [this] { sync_reconciler_.Nudge(); },
            environment.StepsOfSenders()) {
    journal_->AddListener(
        [this](absl::Span<const journal::CommittedEvent> events) { Notice(events); });
  }

  ~BoundMatching() override {
    Stop();
    tasks_.Stop();
    solve_tasks_.Stop();
    journal_->Stop();
  }

  // A journal, by which requests are known too, is not for those from whom recusals hide one.
  absl::Status CheckMayFollow(const rpc::Call& call) override {
    return recusals_.CheckMayFollow(call);
  }

  const std::string& name() const override { return journal_->name(); }
  std::vector<grpc::Service*> grpc_services() override {
    return {&partner_service_, &identity_service_, &match_service_, &meeting_service_,
            &engagement_service_};
  }
  journal::Journal& journal() override { return *journal_; }

  absl::Status Ready() override {
    RETURN_IF_ERROR(Annotate(journal_->database().CheckWritable(), "matching's database"));
    RETURN_IF_ERROR(Annotate(match_queue_.CheckWritable(), "the queue match"));
    RETURN_IF_ERROR(Annotate(sync_queue_.CheckWritable(), "the queue sync"));
    return Annotate(offer_queue_.CheckWritable(), "the queue offers");
  }

  // Not part of Ready: without new ratings all else goes on.
  std::vector<std::pair<std::string, absl::Status>> FollowedJournals() override {
    return {{"metrics", ratings_.Health()}};
  }

  void Start() override {
    match_worker_.Start();
    sync_worker_.Start();
    offer_worker_.Start();
    match_sender_.Start();
    sync_sender_.Start();
    match_reconciler_.Start();
    sync_reconciler_.Start();
    offer_reconciler_.Start();
    ratings_.Start();
  }

  void Stop() override {
    // Before the lease ends its wait, so that the job is given back and no attempt of it used.
    match_worker_.BeginStop();
    solve_lease_.Stop();
    ratings_.Stop();
    match_reconciler_.Stop();
    sync_reconciler_.Stop();
    offer_reconciler_.Stop();
    match_sender_.Stop();
    sync_sender_.Stop();
    // What they could not end is done after the next start: the reconcilers find it.
    match_worker_.Stop().IgnoreError();
    sync_worker_.Stop().IgnoreError();
    offer_worker_.Stop().IgnoreError();
  }

 private:
  void Notice(absl::Span<const journal::CommittedEvent> events) {
    match_sender_.Send(SolveJobOf(events));
    if (ConcernsOffers(events)) offer_reconciler_.Nudge();
    sync_sender_.Send(SyncJobsOf(events));
    sync_sender_.Send(TellJobsOf(events));
  }

  absl::Status Sync(const queue::Job& job) {
    return job.key() == kTellRecusals ? recusal_sync_.Tell(job.trace()) : sync_jobs_.Handle(job);
  }
  absl::StatusOr<std::vector<queue::NewJob>> SyncJobs() {
    ASSIGN_OR_RETURN(std::vector<queue::NewJob> jobs, DeriveSyncJobs(*journal_));
    // Not as derived: given up while intake was away, or by a replica of an older version, it comes back with
    // the next pass. One that cannot put it in fails, and rests, as where it cannot put in the others.
    RETURN_IF_ERROR(sync_queue_.Enqueue({TellJob()}).status());
    return jobs;
  }

  const std::unique_ptr<journal::Journal> journal_;
  queue::WorkQueue& match_queue_;
  queue::WorkQueue& sync_queue_;
  queue::WorkQueue& offer_queue_;
  IntakeClient intake_;
  PoolReader pools_;
  RecusalReader recusals_;
  SolveLease solve_lease_;
  TaskPool tasks_;
  TaskPool solve_tasks_;
  PartnerService partner_service_;
  IdentityService identity_service_;
  MatchService match_service_;
  MeetingService meeting_service_;
  EngagementService engagement_service_;
  MatchWorker match_jobs_;
  IntakeSync sync_jobs_;
  RecusalSync recusal_sync_;
  OfferJobs offer_jobs_;
  RatingFollower ratings_;
  queue::Worker match_worker_;
  queue::Worker sync_worker_;
  queue::Worker offer_worker_;
  queue::Reconciler match_reconciler_;
  queue::Reconciler sync_reconciler_;
  queue::Reconciler offer_reconciler_;
  queue::Sender match_sender_;
  queue::Sender sync_sender_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<server::BoundService>> BindMatching(
    server::Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<journal::Journal> journal,
                   environment.OpenJournal(MatchingJournal()));
  if (journal->database().backend() == store::Backend::kSqlite) {
    // Only one process has it, so whoever had the lease is gone.
    RETURN_IF_ERROR(SolveLease(journal->database(), environment.clock).Forget());
  }
  journal::Command begin;
  begin.actor = "service:matching";
  begin.decide = BeginPolicy();
  RETURN_IF_ERROR(journal->Execute(std::move(begin)).status());
  ASSIGN_OR_RETURN(queue::WorkQueue * match_queue, environment.queue("match"));
  ASSIGN_OR_RETURN(queue::WorkQueue * sync_queue, environment.queue("sync"));
  ASSIGN_OR_RETURN(queue::WorkQueue * offer_queue, environment.queue("offers"));
  return std::make_unique<BoundMatching>(std::move(journal), *match_queue, *sync_queue,
                                         *offer_queue, environment);
}

}  // namespace critac::matching
