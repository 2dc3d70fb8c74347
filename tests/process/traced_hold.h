#ifndef TESTS_PROCESS_TRACED_HOLD_H_
#define TESTS_PROCESS_TRACED_HOLD_H_

#include <string>
#include <vector>

#include "common/base/trace.h"
#include "tests/process/road.h"
#include "tests/support/collector.h"
#include "tests/support/eventually.h"

namespace critac::testing {

// Puts a request that matching knows on hold by a call with a trace, whose spans go to `collector`,
// and expects them to hang together: the call at intake caused the job that intake put in, that what
// matching did with it, that the call back to intake, and that what intake served; all with the
// tracestate of the call. Returns who handed each of the five in.
inline std::vector<std::string> HoldInOneTrace(AnyCenter& center, Collector& collector) {
  constexpr char kTrace[] =
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 tenant@vendor=of a kind";
  constexpr char kService[] = "critac.intake.v1.RequestService/";
  const std::string id(TraceIdOf(kTrace));
  Road road(center);
  const std::string request = road.Ready(1);
  road.AwaitProposal(request);

  intake::v1::ActOnRequestRequest hold;
  hold.set_name(request);
  hold.set_action(intake::v1::REQUEST_ACTION_HOLD);
  hold.set_request_id(UuidFromName("hold"));
  hold.mutable_details()->set_reason("The chief is away.");
  const auto stub = Road::RequestService::NewStub(center.ChannelTo("intake"));
  const auto held =
      rpc::Invoke(*stub, &Road::RequestService::Stub::ActOnRequest, hold,
                  {.principal = {type::v1::ROLE_COORDINATOR, "dana"}, .trace = kTrace});
  EXPECT_TRUE(held.ok()) << held.status();

  // The services hand in their spans each in its own time, in any order.
  std::vector<std::string> services;
  const auto complete = [&] {
    services.clear();
    std::string parent(SpanIdOf(kTrace));
    const auto step = [&](int kind, const std::string& name, const std::string& key) {
      for (const auto& [service, span] : collector.SpansOf(id)) {
        if (span["kind"] != kind || span["name"] != name) continue;
        if (span.value("parentSpanId", "") != parent) continue;
        if (span.value("traceState", "") != TraceStateOf(kTrace)) continue;
        if (Collector::TextOf(span, "messaging.message.id") != key) continue;
        parent = span["spanId"].get<std::string>();
        services.push_back(service);
        return true;
      }
      return false;
    };
    constexpr int kServer = 2;
    constexpr int kClient = 3;
    constexpr int kProducer = 4;
    constexpr int kConsumer = 5;
    return step(kServer, absl::StrCat(kService, "ActOnRequest"), "") &&
           step(kProducer, "send match", request) && step(kConsumer, "process match", request) &&
           step(kClient, absl::StrCat(kService, "GetRequest"), "") &&
           step(kServer, absl::StrCat(kService, "GetRequest"), "");
  };
  EXPECT_TRUE(Eventually(complete)) << "spans of the trace: " << collector.SpansOf(id).size();
  return services;
}

}  // namespace critac::testing

#endif  // TESTS_PROCESS_TRACED_HOLD_H_
