#ifndef SERVICES_MATCHING_SERVICE_TESTING_H_
#define SERVICES_MATCHING_SERVICE_TESTING_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/queue/memory/memory_work_queue.h"
#include "common/rpc/channel.h"
#include "common/rpc/pipeline.h"
#include "common/server/binding.h"
#include "common/store/database.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "critac/matching/v1/meeting.grpc.pb.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "services/matching/bind.h"
#include "services/matching/matching_states.h"
#include "services/matching/recusal_testing.h"
#include "tests/support/faulty_queue.h"
#include "tests/support/journal_tables.h"
#include "tests/support/test_databases.h"

namespace critac::matching::testing {

constexpr char kDana[] = "coordinator:dana";
constexpr char kOkafor[] = "program-manager:okafor";
constexpr char kLindqvist[] = "program-manager:lindqvist";
constexpr char kNsa[] = "partner:partners/nsa";
constexpr char kIacp[] = "partner:partners/iacp";

// What matching needs of intake to read a pool.
class FakeCatalog final : public intake::v1::CatalogService::Service {
 public:
  grpc::Status GetCatalog(grpc::ServerContext*, const intake::v1::GetCatalogRequest*,
                          intake::v1::Catalog* response) override {
    if (on_get != nullptr) on_get();
    *response = catalog;
    return grpc::Status::OK;
  }

  intake::v1::Catalog catalog;
  // Called before it is answered.
  std::function<void()> on_get;
};

// What it needs of intake to know where the request of an engagement stands.
class FakeRequests final : public intake::v1::RequestService::Service {
 public:
  grpc::Status GetRequest(grpc::ServerContext*, const intake::v1::GetRequestRequest* request,
                          intake::v1::Request* response) override {
    const auto found = requests.find(request->name());
    if (found == requests.end()) return {grpc::StatusCode::NOT_FOUND, "no such request"};
    *response = found->second;
    return grpc::Status::OK;
  }

  std::map<std::string, intake::v1::Request> requests;
};

// What replicas of matching share: time, ids, intake, databases, queues.
struct ServerWorld {
  explicit ServerWorld(store::Backend backend = ::critac::testing::TestDatabases::Wanted())
      : databases(backend) {
    ::critac::testing::BeginWithTables(databases, MatchingJournal());
    grpc::ServerBuilder builder;
    builder.RegisterService(&intake);
    builder.RegisterService(&intake_requests);
    builder.RegisterService(&intake_recusals);
    intake_server = builder.BuildAndStart();
  }
  ~ServerWorld() { intake_server->Shutdown(); }

  // 2026-11-20, 14:00.
  ManualClock clock{absl::FromUnixSeconds(1795183200)};
  SeededIdSource ids{20261120};
  FakeCatalog intake;
  FakeRequests intake_requests;
  FakeRecusals intake_recusals;
  ::critac::testing::TestDatabases databases;
  queue::MemoryWorkQueue match_queue{"match", queue::RetryPolicy(), clock, ids};
  queue::MemoryWorkQueue sync_queue{"sync", queue::RetryPolicy(), clock, ids};
  queue::MemoryWorkQueue offer_queue{"offers", queue::RetryPolicy(), clock, ids};
  std::unique_ptr<grpc::Server> intake_server;
};

// Matching as it is in production, bound by BindMatching over a database of its own, or as a replica in
// the world of another, called through gRPC; clock, ids, and what intake has, are the test's. Its workers
// are not started unless a test does so: nothing happens but what it calls for.
class MatchingServer {
  const std::shared_ptr<ServerWorld> world_;

 public:
  explicit MatchingServer(std::shared_ptr<ServerWorld> world = std::make_shared<ServerWorld>())
      : world_(std::move(world)) {
    environment_ = std::unique_ptr<server::Environment>(new server::Environment{
        clock, ids, pipeline_,
        [this](const std::string& service) { return world_->databases.Open(service); },
        [this](const std::string& name) -> absl::StatusOr<queue::WorkQueue*> {
          if (name == "match") return &match_queue;
          if (name == "offers") return &world_->offer_queue;
          return &world_->sync_queue;
        },
        [this](const std::string&) { return world_->intake_server->InProcessChannel({}); }});
    auto bound = BindMatching(*environment_);
    EXPECT_TRUE(bound.ok()) << bound.status();
    bound_ = *std::move(bound);
    grpc::ServerBuilder builder;
    pipeline_.Configure(builder);
    for (grpc::Service* service : bound_->grpc_services()) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    const auto channel = server_->InProcessChannel({});
    matches = v1::MatchService::NewStub(channel);
    partners = v1::PartnerService::NewStub(channel);
    meetings = v1::MeetingService::NewStub(channel);
    engagements = v1::EngagementService::NewStub(channel);
  }

  ~MatchingServer() {
    bound_->Stop();
    server_->Shutdown();
    bound_.reset();
  }

  // Begins the work that goes on by itself.
  void Start() { bound_->Start(); }

  server::BoundService& bound() { return *bound_; }
  journal::Journal& journal() { return bound_->journal(); }
  std::string NewId() { return ids.NewUuid(); }

  // Makes a call as someone.
  template <typename Stub, typename Base, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Base::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const std::string& who) {
    const auto principal = rpc::ParsePrincipal(who);
    EXPECT_TRUE(principal.ok()) << principal.status();
    return rpc::Invoke(*stub, method, request,
                       {.principal = *principal, .timeout = absl::Seconds(60)});
  }

  // Gives a command of the service's own.
  void Execute(journal::Decide decide) {
    journal::Command command;
    command.actor = "service:matching";
    command.decide = std::move(decide);
    const auto answer = journal().Execute(std::move(command));
    ASSERT_TRUE(answer.ok()) << answer.status();
  }

  ManualClock& clock = world_->clock;
  SeededIdSource& ids = world_->ids;
  FakeCatalog& intake = world_->intake;
  FakeRequests& intake_requests = world_->intake_requests;
  FakeRecusals& intake_recusals = world_->intake_recusals;
  // This replica's way to the queue.
  queue::FaultyQueue match_queue{world_->match_queue, clock};
  std::unique_ptr<v1::MatchService::Stub> matches;
  std::unique_ptr<v1::PartnerService::Stub> partners;
  std::unique_ptr<v1::MeetingService::Stub> meetings;
  std::unique_ptr<v1::EngagementService::Stub> engagements;

 private:
  rpc::Pipeline pipeline_{clock, ids, nullptr};
  std::unique_ptr<server::Environment> environment_;
  std::unique_ptr<server::BoundService> bound_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace critac::matching::testing

#endif  // SERVICES_MATCHING_SERVICE_TESTING_H_
