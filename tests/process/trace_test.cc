// A trace goes with what a call causes, through the queue and back: one who looks for it in the logs
// finds the whole of it.
#include <string>
#include <vector>

#include "tests/process/center.h"
#include "tests/process/road.h"
#include "tests/process/traced_hold.h"
#include "tests/support/collector.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// Goal: what a call at intake has matching do bears the trace of the call. Method: a request that
// matching knows is put on hold by a call with a trace; the log is read up to the job that follows.
TEST(Trace, IsThatOfTheCallInTheJobItCausesAndInWhatTheJobCalls) {
  const TempFolder folder;
  Center center(folder.file("data"), "debug");
  Road road(center);
  const std::string request = road.Ready(1);
  road.AwaitProposal(request);

  intake::v1::ActOnRequestRequest hold;
  hold.set_name(request);
  hold.set_action(intake::v1::REQUEST_ACTION_HOLD);
  hold.set_request_id(UuidFromName("hold"));
  hold.mutable_details()->set_reason("The chief is away.");
  const auto stub = RequestService::NewStub(center.ChannelTo("intake"));
  const auto held =
      rpc::Invoke(*stub, &RequestService::Stub::ActOnRequest, hold,
                  {.principal = {type::v1::ROLE_COORDINATOR, "dana"}, .trace = kTrace});
  ASSERT_TRUE(held.ok()) << held.status();

  std::vector<std::string> lines;
  do {
    lines.push_back(center.program().ErrorLineWith(kTrace));
    ASSERT_FALSE(lines.back().empty()) << "the log ended";
  } while (lines.back().find("\"message\":\"job\"") == std::string::npos);
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("\"queue\":\"match\""), HasSubstr(request),
                                  HasSubstr("\"outcome\":\"done\"")));
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("RequestService.GetRequest"),
                                    HasSubstr("\"principal\":\"service:matching\""))));
}

// Goal: where a collector is named, it sees what caused what. Method: see HoldInOneTrace.
TEST(Trace, HangsTogetherInACollector) {
  const TempFolder folder;
  Collector collector;
  Center center(folder.file("data"), "error", {"--otlp-endpoint", collector.endpoint()});
  const std::string up = "critac-up";
  EXPECT_THAT(HoldInOneTrace(center, collector), ElementsAre(up, up, up, up, up));
}

// What was done just before a stop is handed in by it.
TEST(Trace, IsHandedInByAStop) {
  const TempFolder folder;
  Collector collector;
  Center center(folder.file("data"), "error", {"--otlp-endpoint", collector.endpoint()});
  journal::v1::GetHeadRequest head;
  head.set_journal("intake");
  const auto stub = journal::v1::JournalService::NewStub(center.ChannelTo("intake"));
  ASSERT_TRUE(rpc::Invoke(*stub, &journal::v1::JournalService::Stub::GetHead, head,
                          {.principal = {type::v1::ROLE_AUDITOR, "ines"}, .trace = kTrace})
                  .ok());
  EXPECT_EQ(center.Stop(), 0);
  const auto spans = collector.SpansOf("4bf92f3577b34da6a3ce929d0e0e4736");
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].span["name"], "critac.journal.v1.JournalService/GetHead");
  EXPECT_EQ(spans[0].span["parentSpanId"], "00f067aa0ba902b7");
}

}  // namespace
}  // namespace critac::testing
