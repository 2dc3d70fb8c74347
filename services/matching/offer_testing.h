#ifndef SERVICES_MATCHING_OFFER_TESTING_H_
#define SERVICES_MATCHING_OFFER_TESTING_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/event_time.h"
#include "common/journal/journal.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "common/store/database.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "services/matching/engagement_commands.h"
#include "services/matching/intake_client.h"
#include "services/matching/intake_sync.h"
#include "services/matching/match_commands.h"
#include "services/matching/match_worker.h"
#include "services/matching/matching_states.h"
#include "services/matching/offer_commands.h"
#include "services/matching/offer_jobs.h"
#include "services/matching/pool_methods.h"
#include "services/matching/pool_reader.h"
#include "services/matching/recusal_sync.h"
#include "services/matching/recusal_testing.h"
#include "services/matching/solve_lease.h"
#include "services/matching/suspected_conflict_reader.h"
#include "services/matching/testing_center.h"
#include "tests/support/journal_tables.h"
#include "tests/support/test_databases.h"

// Matching's commands and jobs over a real journal, with a clock that stands still.
namespace critac::matching {

// As much of intake as matching asks for: a catalog, and requests that take its actions.
class FakeIntake {
 public:
  explicit FakeIntake(const Clock& clock) : clock_(clock), requests_(*this), catalogs_(*this) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&requests_);
    builder.RegisterService(&catalogs_);
    builder.RegisterService(&recusals);
    server_ = builder.BuildAndStart();
  }

  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel({}); }

  // Between what a test does with the members below and what a call does with them: gRPC orders the two,
  // where the thread sanitizer does not see it.
  void Meet() { absl::MutexLock lock(&mutex_); }

  intake::v1::Catalog catalog;
  std::map<std::string, intake::v1::Request> requests;
  // Actions taken, with their reasons: `REMATCH an expert …`.
  std::vector<std::string> actions;
  // What it is told of recusals.
  FakeRecusals recusals;

 private:
  struct Requests final : intake::v1::RequestService::Service {
    explicit Requests(FakeIntake& of) : intake(of) {}
    grpc::Status GetRequest(grpc::ServerContext*, const intake::v1::GetRequestRequest* ask,
                            intake::v1::Request* answer) override {
      absl::MutexLock lock(&intake.mutex_);
      *answer = intake.requests[ask->name()];
      return grpc::Status::OK;
    }
    grpc::Status ActOnRequest(grpc::ServerContext*, const intake::v1::ActOnRequestRequest* ask,
                              intake::v1::Request* answer) override {
      absl::MutexLock lock(&intake.mutex_);
      if (intake.taken_.insert({ask->request_id(), true}).second) intake.Act(*ask);
      *answer = intake.requests[ask->name()];
      return grpc::Status::OK;
    }
    FakeIntake& intake;
  };
  struct Catalogs final : intake::v1::CatalogService::Service {
    explicit Catalogs(FakeIntake& of) : intake(of) {}
    grpc::Status GetCatalog(grpc::ServerContext*, const intake::v1::GetCatalogRequest*,
                            intake::v1::Catalog* answer) override {
      absl::MutexLock lock(&intake.mutex_);
      *answer = intake.catalog;
      return grpc::Status::OK;
    }
    FakeIntake& intake;
  };

  void Act(const intake::v1::ActOnRequestRequest& ask) {
    using namespace intake::v1;  // NOLINT(google-build-using-namespace): states of the lifecycle
    Request& request = requests[ask.name()];
    switch (ask.action()) {
      case REQUEST_ACTION_RECORD_MATCH:
        request.set_state(REQUEST_STATE_MATCHED);
        break;
      case REQUEST_ACTION_RECORD_PLAN:
        request.set_plan_version(ask.details().plan_version());
        break;
      case REQUEST_ACTION_REMATCH:
        request.set_state(REQUEST_STATE_READY);
        request.clear_plan_version();
        *request.mutable_ready_time() = journal::ToTimestamp(clock_.Now());
        break;
      case REQUEST_ACTION_START_DELIVERY:
        request.set_state(REQUEST_STATE_IN_DELIVERY);
        break;
      case REQUEST_ACTION_COMPLETE_DELIVERY:
        request.set_state(REQUEST_STATE_DELIVERED);
        break;
      default:
        ADD_FAILURE() << "unexpected: " << ask.ShortDebugString();
    }
    actions.push_back(absl::StrCat(RequestAction_Name(ask.action()), " ", ask.details().reason()));
    request.set_etag(absl::StrCat(actions.size()));
  }

  const Clock& clock_;
  absl::Mutex mutex_;
  Requests requests_;
  Catalogs catalogs_;
  std::map<std::string, bool> taken_;
  std::unique_ptr<grpc::Server> server_;
};

// What replicas of matching share: time, intake, a database. It is 2026-11-20, a Friday, 14:00.
struct MatchingWorld {
  explicit MatchingWorld(store::Backend backend = critac::testing::TestDatabases::Wanted())
      : databases(backend) {
    critac::testing::BeginWithTables(databases, MatchingJournal());
  }

  ManualClock clock{absl::FromCivil(absl::CivilHour(2026, 11, 20, 14), absl::UTCTimeZone())};
  FakeIntake intake{clock};
  critac::testing::TestDatabases databases;
};

// Two partners, elm and oak, with three experts each. An offer can be answered for five business days; a reminder comes
// after each two.
inline Center TwoPartnersOfThree() {
  Center center;
  center.policy.set_offer_business_days(5);
  center.policy.set_reminder_business_days(2);
  for (const char* partner : {"elm", "oak"}) {
    center.AddPartner(partner);
    for (int i = 1; i <= 3; ++i) center.AddExpert(absl::StrCat(partner, i), partner);
  }
  return center;
}

class MatchingBench {
  const std::shared_ptr<MatchingWorld> world_;

 public:
  // Partners, experts and policy of `center`.
  explicit MatchingBench(const Center& center,
                         std::shared_ptr<MatchingWorld> world = std::make_shared<MatchingWorld>())
      : world_(std::move(world)) {
    intake.catalog = center.catalog;
    Open();
    EXPECT_TRUE(Do([&](journal::Draft& draft) {
                  v1::PolicySet set;
                  *set.mutable_policy() = center.policy;
                  draft.Emit(kCurrentPolicy, set);
                  for (const v1::Partner& partner : center.partners) {
                    v1::PartnerSet one;
                    *one.mutable_partner() = partner;
                    draft.Emit(partner.name(), one);
                  }
                  return absl::OkStatus();
                }).ok());
    for (const v1::Expert& expert : center.experts) Set(expert);
  }

  // A replica of the one that `center` was put into, so to speak: another process in the same world.
  MatchingBench(std::shared_ptr<MatchingWorld> world, uint64_t seed)
      : world_(std::move(world)), ids(seed) {
    Open();
  }

  // Ends the process, so to speak, and starts it anew.
  void Restart() {
    journal->Stop();
    Open();
  }

  absl::StatusOr<journal::Answer> Do(journal::Decide decide,
                                     const std::string& actor = "coordinator:dana",
                                     const std::string& request_id = "") {
    journal::Command command;
    command.request_id = request_id.empty() ? ids.NewUuid() : request_id;
    command.fingerprint = "same";
    command.actor = actor;
    command.decide = std::move(decide);
    return journal->Execute(std::move(command));
  }

  void Set(const v1::Expert& expert) {
    v1::ExpertSet set;
    *set.mutable_expert() = expert;
    EXPECT_TRUE(Do([set](journal::Draft& draft) {
                  draft.Emit(set.expert().name(), set);
                  return absl::OkStatus();
                }).ok());
  }
  void Set(const v1::Partner& partner) {
    v1::PartnerSet set;
    *set.mutable_partner() = partner;
    EXPECT_TRUE(Do([set](journal::Draft& draft) {
                  draft.Emit(set.partner().name(), set);
                  return absl::OkStatus();
                }).ok());
  }

  // A request with these slots becomes ready, and matching takes it up.
  std::string Ready(const v1::Demand& demand) {
    MakeReady(demand);
    Follow(demand.request());
    return demand.request();
  }
  // The same at intake alone.
  void MakeReady(const v1::Demand& demand) {
    intake::v1::Request& request = intake.requests[demand.request()];
    request.set_name(demand.request());
    request.set_state(intake::v1::REQUEST_STATE_READY);
    *request.mutable_agency_profile() = demand.agency();
    *request.mutable_scope()->mutable_slots() = demand.slots();
    request.set_urgency(demand.urgency());
    *request.mutable_ready_time() = journal::ToTimestamp(clock.Now());
  }

  // As the jobs of the queue "match" do: first that of the request, then the one that this causes.
  void Follow(const std::string& request) {
    FollowOnly(request);
    Solve();
  }
  void FollowOnly(const std::string& request) {
    intake.Meet();
    const absl::Status status = worker->Handle(JobOf(request));
    ASSERT_TRUE(status.ok()) << status;
    intake.Meet();
  }
  void Solve() { FollowOnly(kSolveJob); }

  // Does what is due for offers, and returns how many jobs that were.
  int CareForOffers() {
    const std::vector<queue::NewJob> jobs = DueForOffers();
    CareFor(jobs);
    return static_cast<int>(jobs.size());
  }
  // The jobs of the queue "offers" that are due.
  std::vector<queue::NewJob> DueForOffers() {
    const auto jobs = care->Due();
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    return jobs.ok() ? *jobs : std::vector<queue::NewJob>();
  }
  // Does these jobs, whether they still are or not.
  void CareFor(const std::vector<queue::NewJob>& jobs) {
    for (const queue::NewJob& job : jobs) {
      const absl::Status status = care->Handle(JobOf(job.key));
      EXPECT_TRUE(status.ok()) << status;
    }
  }

  // Leads all requests as far as their engagements are.
  void Sync() {
    const auto jobs = DeriveSyncJobs(*journal);
    ASSERT_TRUE(jobs.ok()) << jobs.status();
    intake.Meet();
    for (const queue::NewJob& job : *jobs) {
      const absl::Status status = sync->Handle(JobOf(job.key));
      ASSERT_TRUE(status.ok()) << status;
    }
    intake.Meet();
  }

  v1::Demand DemandFor(const std::string& request) { return Get<v1::Demand>(DemandOf(request)); }
  v1::Engagement EngagementFor(const std::string& request) {
    return Get<v1::Engagement>(DemandFor(request).engagement());
  }
  v1::Offer OfferNamed(const std::string& name) { return Get<v1::Offer>(name); }
  int Used(const std::string& owner, const std::string& period) {
    const auto use = journal->Get<v1::CapacityUse>(CapacityName(owner, period));
    return use.ok() ? static_cast<int>(use->used()) : 0;
  }

  // Names of a request's offers in a state, in order.
  std::vector<std::string> Offers(const std::string& request,
                                  v1::OfferState state = v1::OFFER_STATE_OPEN) {
    const auto page = journal->List<v1::Offer>(
        {.collection = "offers",
         .condition = {"request = :p1 AND state = :p2", {request, int64_t{state}}},
         .page_size = 100});
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> names;
    for (const v1::Offer& offer : page->items) names.push_back(offer.name());
    return names;
  }

  // Approves the standing proposal of a request.
  absl::Status Approve(const std::string& request) { return Override(request, {}); }
  // Decides for these instead; empty: for those it names.
  absl::Status Override(const std::string& request, const std::vector<v1::Assignment>& wanted) {
    const std::string proposal = DemandFor(request).proposal();
    if (proposal.empty()) return absl::NotFoundError("no proposal of it stands");
    return ExecuteOnPool(
        *journal, *pools, "",
        [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
          auto suspected = ReadSuspectedConflicts(*journal, *view, proposal, wanted);
          if (!suspected.ok()) return suspected.status();
          return DecideProposal(std::move(view), proposal, "", wanted,
                                wanted.empty() ? "" : "asked for by the chief",
                                *std::move(suspected));
        });
  }
  // Approves, and returns the offers that are open then.
  std::vector<std::string> Offered(const std::string& request) {
    const absl::Status status = Approve(request);
    EXPECT_TRUE(status.ok()) << status;
    return Offers(request);
  }

  absl::Status Accept(const std::string& offer) { return AcceptAs(offer).status(); }
  // The same request id again gets the same answer.
  absl::StatusOr<journal::Answer> AcceptAs(const std::string& offer,
                                           const std::string& request_id = "") {
    const auto view = pools->ReadGates();
    if (!view.ok()) return view.status();
    return Do(AcceptOffer(*view, offer, ""), "coordinator:dana", request_id);
  }
  absl::Status Decline(const std::string& offer) {
    return Do(DeclineOffer(offer, "", v1::OFFER_DECLINE_CODE_WORKLOAD, "busy")).status();
  }

  // What a delivery is held against now.
  DeliveryBasis Basis() {
    const auto catalog = client->GetCatalog();
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    const auto view = pools->ReadGates();
    EXPECT_TRUE(view.ok()) << view.status();
    return {*catalog, *view, {}};
  }

  template <typename T>
  T Get(const std::string& name) {
    const auto state = journal->Get<T>(name);
    EXPECT_TRUE(state.ok()) << name << ": " << state.status();
    return state.ok() ? *state : T();
  }

  ManualClock& clock = world_->clock;
  SeededIdSource ids{20261120};
  FakeIntake& intake = world_->intake;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<IntakeClient> client;
  std::unique_ptr<PoolReader> pools;
  std::unique_ptr<SolveLease> lease;
  std::unique_ptr<MatchWorker> worker;
  std::unique_ptr<OfferJobs> care;
  std::unique_ptr<IntakeSync> sync;
  std::unique_ptr<RecusalSync> recusal_sync;

 private:
  static queue::Job JobOf(const std::string& key) {
    queue::Lease lease;
    lease.key = key;
    lease.attempt = 1;
    return queue::Job(lease);
  }

  void Open() {
    journal.reset();
    auto database = world_->databases.Open("matching");
    ASSERT_TRUE(database.ok()) << database.status();
    auto opened = journal::Journal::Open(MatchingJournal(), *std::move(database), clock, ids);
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal = *std::move(opened);
    client = std::make_unique<IntakeClient>(intake.channel(), clock);
    pools = std::make_unique<PoolReader>(*journal, *client, clock);
    lease = std::make_unique<SolveLease>(journal->database(), clock);
    worker = std::make_unique<MatchWorker>(*journal, *client, *pools, *lease, clock);
    care = std::make_unique<OfferJobs>(*journal, *pools, clock);
    sync = std::make_unique<IntakeSync>(*journal, *client);
    recusal_sync = std::make_unique<RecusalSync>(*journal, *client, clock);
  }
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OFFER_TESTING_H_
