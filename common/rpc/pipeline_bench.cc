// Measures what the pipeline costs: calls with an empty handler through it, against the same calls to
// a bare gRPC service with an empty handler, in one process and one run. Prints the ratio of the
// processor time of a call, both sides of the wire together, and of its latency. Also prints what a
// check of a full request costs.

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/rpc/channel.h"
#include "common/rpc/field_rules.h"
#include "common/rpc/pipeline.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace critac::rpc {
namespace {

using intake::v1::Agency;
using intake::v1::AgencyService;
using intake::v1::CreateAgencyRequest;
using intake::v1::CreateRequestRequest;

class BareService final : public AgencyService::CallbackService {
 public:
  grpc::ServerUnaryReactor* CreateAgency(grpc::CallbackServerContext* context,
                                         const CreateAgencyRequest*, Agency*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class PipelineService final : public AgencyService::CallbackService {
 public:
  explicit PipelineService(Pipeline& pipeline) : pipeline_(pipeline) {}
  grpc::ServerUnaryReactor* CreateAgency(grpc::CallbackServerContext* context,
                                         const CreateAgencyRequest* request,
                                         Agency* response) override {
    return pipeline_.Read<CreateAgencyRequest, Agency>(
        context, request, response,
        [](const Call&, const CreateAgencyRequest&, Agency&) { return absl::OkStatus(); });
  }

 private:
  Pipeline& pipeline_;
};

// A server with one service, and a client of it.
struct Side {
  Side(grpc::Service& service, const std::function<void(grpc::ServerBuilder&)>& configure) {
    grpc::ServerBuilder builder;
    configure(builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    stub = AgencyService::NewStub(MakeChannel({.target = absl::StrCat("127.0.0.1:", port)}));
  }
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<AgencyService::Stub> stub;
};

CreateAgencyRequest FullAgency() {
  CreateAgencyRequest request;
  request.set_request_id("3f2b8c1e-9d47-4a6b-8e05-7c1f2a3b4d5e");
  Agency& agency = *request.mutable_agency();
  agency.set_display_name("Cedar Hollow Police Department");
  agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  agency.set_state("UT");
  agency.set_county("Cedar");
  agency.mutable_coordinates()->set_latitude_e6(40'000'000);
  intake::v1::Alias& alias = *agency.add_aliases();
  alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
  alias.set_value("UT0270400");
  agency.mutable_sworn_full_time()->set_count(42);
  return request;
}

CreateRequestRequest FullRequest() {
  CreateRequestRequest request;
  request.set_request_id("3f2b8c1e-9d47-4a6b-8e05-7c1f2a3b4d5e");
  intake::v1::Request& body = *request.mutable_request();
  body.set_agency("agencies/ag-000001");
  body.add_topics("topics/de-escalation");
  body.set_title("Training in de-escalation for patrol officers");
  body.set_problem(std::string(500, 'p'));
  body.set_desired_outcome(std::string(200, 'd'));
  body.add_delivery_types("deliveryTypes/in-person-training");
  body.set_urgency(intake::v1::URGENCY_ROUTINE);
  body.set_needed_by("2027-03-01");
  body.set_audience_size(40);
  intake::v1::Contact& contact = *body.add_contacts();
  contact.set_role(intake::v1::CONTACT_ROLE_CHIEF_EXECUTIVE);
  contact.set_full_name("Robin Hale");
  contact.set_email("robin.hale@cedarhollow.gov");
  return request;
}

absl::Duration ProcessorTime() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

// What one call costs, in microseconds.
struct Cost {
  double processor;
  double latency;
};

Cost MeasureCalls(AgencyService::Stub& stub, const CreateAgencyRequest& request, int calls) {
  const CallSettings settings{.principal = {type::v1::ROLE_COORDINATOR, "dana"},
                              .trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  const absl::Duration processor = ProcessorTime();
  const absl::Time start = absl::Now();
  for (int i = 0; i < calls; ++i) {
    const auto response = Invoke(stub, &AgencyService::Stub::CreateAgency, request, settings);
    if (!response.ok()) {
      std::fprintf(stderr, "a call failed: %s\n", response.status().ToString().c_str());
      std::exit(1);
    }
  }
  return {absl::ToDoubleMicroseconds(ProcessorTime() - processor) / calls,
          absl::ToDoubleMicroseconds(absl::Now() - start) / calls};
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Calls both sides in turn, so that what else the machine does falls on both, and prints the medians.
void ComparePipelineWithBareGrpc() {
  RandomIdSource ids;
  Pipeline pipeline(SystemClock::Instance(), ids, [](const CallRecord&) {});
  PipelineService pipeline_service(pipeline);
  BareService bare_service;
  Side through(pipeline_service,
               [&](grpc::ServerBuilder& builder) { pipeline.Configure(builder); });
  Side bare(bare_service, [](grpc::ServerBuilder&) {});
  const CreateAgencyRequest request = FullAgency();

  constexpr int kRounds = 41;
  constexpr int kCalls = 500;
  std::vector<double> processor_ratios;
  std::vector<double> latency_ratios;
  std::vector<double> bare_processor;
  std::vector<double> through_processor;
  for (int round = -2; round < kRounds; ++round) {
    const Cost peer = MeasureCalls(*bare.stub, request, kCalls);
    const Cost ours = MeasureCalls(*through.stub, request, kCalls);
    if (round < 0) continue;
    processor_ratios.push_back(ours.processor / peer.processor);
    latency_ratios.push_back(ours.latency / peer.latency);
    bare_processor.push_back(peer.processor);
    through_processor.push_back(ours.processor);
  }
  std::printf("processor time of a call, pipeline / bare gRPC: %.3f (%.1f / %.1f microseconds)\n",
              Median(processor_ratios), Median(through_processor), Median(bare_processor));
  std::printf("latency of a call, pipeline / bare gRPC: %.3f\n", Median(latency_ratios));
}

// What `run` takes, in nanoseconds: the least of several rounds.
double Nanoseconds(const std::function<void()>& run) {
  constexpr int kRuns = 20'000;
  double least = 1e18;
  for (int round = 0; round < 15; ++round) {
    const absl::Time start = absl::Now();
    for (int i = 0; i < kRuns; ++i) run();
    least = std::min(least, absl::ToDoubleNanoseconds(absl::Now() - start) / kRuns);
  }
  return least;
}

void CompareCheckWithParse() {
  const CreateRequestRequest request = FullRequest();
  const std::string bytes = request.SerializeAsString();
  bool good = true;
  const double check = Nanoseconds([&] { good = good && CheckFields(request).ok(); });
  const double output_only = Nanoseconds([&] { good = good && !HasOutputOnly(request); });
  CreateRequestRequest parsed;
  const double parse = Nanoseconds([&] { good = good && parsed.ParseFromString(bytes); });
  std::printf("check of a request for help / its parsing: %.2f (%.0f / %.0f nanoseconds)%s\n",
              check / parse, check, parse, good ? "" : " BUT IT FAILED");
  std::printf("search for output-only fields / parsing: %.2f (%.0f nanoseconds)\n",
              output_only / parse, output_only);
}

}  // namespace
}  // namespace critac::rpc

int main() {
  critac::rpc::CompareCheckWithParse();
  critac::rpc::ComparePipelineWithBareGrpc();
}
