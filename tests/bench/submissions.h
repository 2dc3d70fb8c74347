#ifndef TESTS_BENCH_SUBMISSIONS_H_
#define TESTS_BENCH_SUBMISSIONS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "common/base/ids.h"
#include "common/rpc/channel.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tests/bench/measure.h"

// Submissions to intake, and a bare gRPC server that is called as intake is.
namespace critac::bench {

using intake::v1::RequestService;

inline constexpr int kInFlight = 64;
inline constexpr int kAgencies = 200;

inline rpc::CallSettings AsCoordinator() {
  return {.principal = {type::v1::ROLE_COORDINATOR, "bench"}};
}

// A request as an agency would send it: about 1 KiB.
inline intake::v1::CreateRequestRequest Submission(int i, const std::string& agency) {
  intake::v1::CreateRequestRequest call;
  call.set_submit(true);
  intake::v1::Request& request = *call.mutable_request();
  request.set_agency(agency);
  request.set_title("Help with crisis intervention and de-escalation");
  request.set_problem(
      "Officers meet people in crisis several times a week. Few of them had training, and two "
      "calls this year ended badly. The town council asked for a plan.");
  request.set_desired_outcome(
      "Every patrol officer trained, and a policy that fits a small agency.");
  request.set_prior_efforts("One officer attended a course in the county seat in 2024.");
  request.add_topics("topics/crisis-intervention");
  request.add_topics("topics/de-escalation");
  request.add_delivery_types("deliveryTypes/in-person-training");
  request.set_urgency(intake::v1::URGENCY_ROUTINE);
  request.set_audience("Patrol officers");
  request.set_audience_size(24);
  request.set_channel(intake::v1::CHANNEL_WEB);
  request.set_authority_confirmed(true);
  for (const auto role :
       {intake::v1::CONTACT_ROLE_CHIEF_EXECUTIVE, intake::v1::CONTACT_ROLE_POINT_OF_CONTACT}) {
    auto& contact = *request.add_contacts();
    contact.set_role(role);
    contact.set_full_name("Robin Vale");
    contact.set_title("Chief of Police");
    contact.set_email("robin.vale@example.org");
    contact.set_phone("+1 555 0100");
  }
  call.set_request_id(UuidFromName(absl::StrCat("bench ", i)));
  return call;
}

// Gives an intake what submissions name; returns its agencies.
inline std::vector<std::string> FillIntake(const std::string& target) {
  auto channel = rpc::MakeChannel({.target = target, .check_health = false});
  intake::v1::ImportCatalogRequest catalog;
  for (const char* topic : {"topics/crisis-intervention", "topics/de-escalation"}) {
    auto& entry = *catalog.add_entries();
    entry.set_name(topic);
    entry.mutable_topic()->set_title(topic);
    entry.mutable_topic()->set_group(intake::v1::TOPIC_GROUP_GENERAL);
  }
  auto& type = *catalog.add_entries();
  type.set_name("deliveryTypes/in-person-training");
  type.mutable_delivery_type()->set_title("In-person training");
  type.mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_ON_SITE);
  auto& program = *catalog.add_entries();
  program.set_name("programs/main");
  program.mutable_program()->set_title("Main");
  catalog.set_request_id(UuidFromName("bench catalog"));
  auto catalogs = intake::v1::CatalogService::NewStub(channel);
  Check(rpc::Invoke(*catalogs, &intake::v1::CatalogService::Stub::ImportCatalog, catalog,
                    AsCoordinator())
            .status(),
        "catalog");
  intake::v1::ImportAgenciesRequest import;
  for (int i = 0; i < kAgencies; ++i) {
    auto& agency = *import.add_agencies();
    agency.set_display_name(absl::StrCat("Agency ", i));
    agency.set_state("UT");
    agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
    auto& alias = *agency.add_aliases();
    alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
    alias.set_value(absl::StrFormat("UT%07d", i));
  }
  import.set_request_id(UuidFromName("bench agencies"));
  auto agencies = intake::v1::AgencyService::NewStub(channel);
  auto imported = rpc::Invoke(*agencies, &intake::v1::AgencyService::Stub::ImportAgencies, import,
                              AsCoordinator());
  Check(imported.status(), "agencies");
  std::vector<std::string> names;
  for (const auto& result : imported->results()) names.push_back(result.name());
  return names;
}

inline std::unique_ptr<RequestService::Stub> StubTo(const std::string& target) {
  return RequestService::NewStub(rpc::MakeChannel({.target = target, .check_health = false}));
}

// A method of requests, called without waiting for its answer.
using RequestMethods = RequestService::StubInterface::async_interface;
template <typename In>
using RequestMethod = void (RequestMethods::*)(grpc::ClientContext*, const In*,
                                               intake::v1::Request*,
                                               std::function<void(grpc::Status)>);

// Makes calls, kInFlight at a time, of which every stub has as many.
template <typename In>
Speed MakeCalls(const std::vector<RequestService::Stub*>& stubs, RequestMethod<In> method,
                std::vector<In> requests) {
  struct Flight {
    grpc::ClientContext context;
    In request;
    intake::v1::Request response;
  };
  const size_t calls = requests.size();
  std::atomic<size_t> next = 0;
  absl::Mutex mutex;
  size_t ended = 0;
  std::function<void(RequestService::Stub*)> start = [&](RequestService::Stub* stub) {
    const size_t i = next++;
    if (i >= calls) return;
    auto flight = std::make_shared<Flight>();
    flight->request = std::move(requests[i]);
    rpc::Prepare(flight->context, AsCoordinator());
    (stub->async()->*method)(&flight->context, &flight->request, &flight->response,
                             [&, stub, flight](const grpc::Status& status) {
                               if (!status.ok()) Fail("a call failed: " + status.error_message());
                               // The count comes last: with it, all that is captured may end.
                               start(stub);
                               absl::MutexLock lock(&mutex);
                               ++ended;
                             });
  };
  const Stopwatch stopwatch;
  for (size_t i = 0; i < kInFlight; ++i) start(stubs[i % stubs.size()]);
  absl::MutexLock lock(&mutex);
  const auto all = [&] { return ended == calls; };
  mutex.Await(absl::Condition(&all));
  return stopwatch.Stop(calls);
}

// A gRPC server whose handlers do nothing: a submission is answered with nothing, whatever is asked for
// with one request from memory.
class BareServer {
 public:
  explicit BareServer(intake::v1::Request answer = {}) : service_(std::move(answer)) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) Fail("the bare server does not start");
    stub_ = StubTo(absl::StrCat("127.0.0.1:", port));
  }
  RequestService::Stub& stub() { return *stub_; }

 private:
  class Service final : public RequestService::CallbackService {
   public:
    explicit Service(intake::v1::Request answer) : answer_(std::move(answer)) {}

   private:
    grpc::ServerUnaryReactor* CreateRequest(grpc::CallbackServerContext* context,
                                            const intake::v1::CreateRequestRequest*,
                                            intake::v1::Request*) override {
      return Finished(*context);
    }
    grpc::ServerUnaryReactor* GetRequest(grpc::CallbackServerContext* context,
                                         const intake::v1::GetRequestRequest*,
                                         intake::v1::Request* response) override {
      *response = answer_;
      return Finished(*context);
    }

    static grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext& context) {
      grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }

    const intake::v1::Request answer_;
  };

  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<RequestService::Stub> stub_;
};

}  // namespace critac::bench

#endif  // TESTS_BENCH_SUBMISSIONS_H_
