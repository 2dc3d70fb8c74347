#ifndef TESTS_BENCH_SERVED_CENTER_H_
#define TESTS_BENCH_SERVED_CENTER_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "critac/matching/v1/events.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "services/matching/match_commands.h"
#include "services/matching/matching_states.h"
#include "services/matching/service_testing.h"
#include "services/matching/testing_center.h"
#include "tests/bench/measure.h"

namespace critac::bench {

// Matching as it is in production, with the records of a center in a SQLite file, called through gRPC over
// loopback. Its workers are not started: nothing happens but what is called for.
class ServedCenter {
 public:
  explicit ServedCenter(const matching::Center& center) {
    world_.intake.catalog = center.catalog;
    environment_ = std::unique_ptr<server::Environment>(new server::Environment{
        world_.clock, world_.ids, pipeline_,
        [this](const std::string& service) { return world_.databases.Open(service); },
        [this](const std::string& name) -> absl::StatusOr<queue::WorkQueue*> {
          if (name == "match") return &world_.match_queue;
          if (name == "offers") return &world_.offer_queue;
          return &world_.sync_queue;
        },
        [this](const std::string&) { return world_.intake_server->InProcessChannel({}); }});
    auto bound = matching::BindMatching(*environment_);
    Check(bound.status(), "matching");
    bound_ = *std::move(bound);
    Serve();
    Fill(center);
  }

  ~ServedCenter() {
    bound_->Stop();
    server_->Shutdown();
    bound_.reset();
  }

  // Makes a call as a coordinator.
  template <typename In, typename Out>
  Out Call(grpc::Status (matching::v1::MatchService::Stub::*method)(grpc::ClientContext*, const In&,
                                                                    Out*),
           const In& in) {
    auto out = rpc::Invoke(
        *matches_, method, in,
        {.principal = {type::v1::ROLE_COORDINATOR, "bench"}, .timeout = absl::Minutes(1)});
    Check(out.status(), "a call");
    return *std::move(out);
  }

  // Changes an expert.
  void Set(const matching::v1::Expert& expert) {
    Execute([&](journal::Draft& draft) {
      EmitExpert(draft, expert);
      return absl::OkStatus();
    });
  }

  std::string NewId() { return world_.ids.NewUuid(); }

 private:
  void Serve() {
    grpc::ServerBuilder builder;
    pipeline_.Configure(builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    for (grpc::Service* service : bound_->grpc_services()) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) Fail("the gRPC server does not start");
    matches_ = matching::v1::MatchService::NewStub(
        rpc::MakeChannel({.target = absl::StrCat("127.0.0.1:", port), .check_health = false}));
  }

  void Fill(const matching::Center& center) {
    Execute([&](journal::Draft& draft) {
      matching::v1::PolicySet policy;
      *policy.mutable_policy() = center.policy;
      draft.Emit(matching::kCurrentPolicy, policy);
      for (const matching::v1::Partner& partner : center.partners) {
        matching::v1::PartnerSet set;
        *set.mutable_partner() = partner;
        draft.Emit(partner.name(), set);
      }
      return absl::OkStatus();
    });
    constexpr size_t kTogether = 500;
    for (size_t begin = 0; begin < center.experts.size(); begin += kTogether) {
      const size_t end = std::min(center.experts.size(), begin + kTogether);
      Execute([&](journal::Draft& draft) {
        for (size_t i = begin; i < end; ++i) EmitExpert(draft, center.experts[i]);
        return absl::OkStatus();
      });
    }
    for (const matching::v1::Demand& demand : center.demands) {
      Execute(matching::FollowRequest(RequestOf(demand)));
    }
  }

  static void EmitExpert(journal::Draft& draft, const matching::v1::Expert& expert) {
    matching::v1::ExpertSet set;
    *set.mutable_expert() = expert;
    draft.Emit(expert.name(), set);
  }

  // The request, ready, of which matching makes the demand.
  static intake::v1::Request RequestOf(const matching::v1::Demand& demand) {
    intake::v1::Request request;
    request.set_name(demand.request());
    request.set_state(intake::v1::REQUEST_STATE_READY);
    *request.mutable_agency_profile() = demand.agency();
    *request.mutable_scope()->mutable_slots() = demand.slots();
    request.set_urgency(demand.urgency());
    *request.mutable_ready_time() = demand.ready_time();
    return request;
  }

  void Execute(journal::Decide decide) {
    journal::Command command;
    command.actor = "service:matching";
    command.decide = std::move(decide);
    Check(bound_->journal().Execute(std::move(command)).status(), "a command");
  }

  matching::testing::ServerWorld world_{store::Backend::kSqlite};
  rpc::Pipeline pipeline_{world_.clock, world_.ids, nullptr};
  std::unique_ptr<server::Environment> environment_;
  std::unique_ptr<server::BoundService> bound_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<matching::v1::MatchService::Stub> matches_;
};

}  // namespace critac::bench

#endif  // TESTS_BENCH_SERVED_CENTER_H_
