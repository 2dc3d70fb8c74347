// A trace goes with what a call causes, through the queue and back: one who looks for it in the logs
// finds the whole of it.
#include <string>
#include <vector>

#include "tests/process/center.h"
#include "tests/process/road.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace critac::testing
