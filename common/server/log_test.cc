#include "common/server/log.h"

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace critac::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogTest : public ::testing::Test {
 protected:
  // The lines written so far, each read as JSON, which fails the test where it is none.
  std::vector<nlohmann::json> Lines() {
    std::vector<nlohmann::json> lines;
    for (absl::string_view line : absl::StrSplit(out_.str(), '\n', absl::SkipEmpty())) {
      lines.push_back(nlohmann::json::parse(std::string(line)));
    }
    return lines;
  }

  rpc::Call CallBy(const std::string& subject) const {
    rpc::Call call;
    call.method = "critac.intake.v1.RequestService.CreateRequest";
    call.domain = "critac.intake.v1";
    call.principal.role = type::v1::ROLE_COORDINATOR;
    call.principal.subject = subject;
    call.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    return call;
  }

  ManualClock clock_{absl::FromUnixMicros(1'800'000'000'000'042)};
  std::ostringstream out_;
  Log log_{LogLevel::kInfo, clock_, out_};
};

TEST_F(LogTest, ALineHasTimeLevelMessageAndFacts) {
  log_.Write(LogLevel::kInfo, "serving",
             {{"address", "127.0.0.1:7400"}, {"port", int64_t{7400}}, {"tls", false}});
  EXPECT_EQ(out_.str(),
            R"({"time":"2027-01-15T08:00:00.000042Z","level":"info","message":"serving",)"
            R"("address":"127.0.0.1:7400","port":7400,"tls":false})"
            "\n");
}

TEST_F(LogTest, EventsBelowTheLevelAreDropped) {
  log_.Write(LogLevel::kDebug, "quiet");
  log_.Write(LogLevel::kInfo, "heard");
  log_.Write(LogLevel::kError, "loud");
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["message"], "heard");
  EXPECT_EQ(lines[1]["level"], "error");
}

TEST_F(LogTest, AHostileFactStaysAFact) {
  const std::string hostile = "x\"}\n{\"level\":\"error\",\"message\":\"forged\"}\r\xFF\x1b[31m";
  log_.Write(LogLevel::kInfo, "call", {{"principal", hostile}});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_THAT(lines[0]["principal"].get<std::string>(), HasSubstr("forged"));
}

TEST_F(LogTest, ADerivationIsToldWithItsCountsAndItsTime) {
  journal::DerivationRecord record;
  record.journal = "intake";
  record.all_events = 900;
  log_.WriteDerivation(record);
  record.stage = journal::DerivationRecord::Stage::kGoesOn;
  record.events = 512;
  record.elapsed = absl::Seconds(10);
  log_.WriteDerivation(record);
  record.stage = journal::DerivationRecord::Stage::kEnded;
  record.events = 900;
  record.elapsed = absl::Seconds(12);
  log_.WriteDerivation(record);
  record.status = absl::DataLossError("event 7 is damaged");
  log_.WriteDerivation(record);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["message"], "deriving records");
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["journal"], "intake");
  EXPECT_EQ(lines[0]["events"], 0);
  EXPECT_EQ(lines[0]["of_events"], 900);
  EXPECT_EQ(lines[1]["message"], "still deriving records");
  EXPECT_EQ(lines[1]["events"], 512);
  EXPECT_EQ(lines[1]["duration_us"], 10'000'000);
  EXPECT_EQ(lines[2]["message"], "records derived");
  EXPECT_EQ(lines[2]["duration_us"], 12'000'000);
  EXPECT_FALSE(lines[2].contains("error"));
  EXPECT_EQ(lines[3]["message"], "records not derived");
  EXPECT_EQ(lines[3]["level"], "warning");
  EXPECT_EQ(lines[3]["error"], "event 7 is damaged");
}

TEST_F(LogTest, ALongFactIsCut) {
  log_.Write(LogLevel::kInfo, "call", {{"principal", std::string(100'000, 'x')}});
  EXPECT_LT(out_.str().size(), 3000u);
  EXPECT_EQ(Lines().size(), 1u);
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kEach = 250;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kEach; ++i)
        log_.Write(LogLevel::kInfo, "event", {{"text", std::string(200, 'y')}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Lines().size(), static_cast<size_t>(kThreads * kEach));
}

TEST_F(LogTest, ACallIsToldByWhomWhatAndHowItEnded) {
  const rpc::Call call = CallBy("dana");
  log_.WriteCall({call, "0d5f2c1e-0000-4000-8000-000000000001",
                  FailedPrecondition("WRONG_STATE", "requests/fy27-000001", "is closed"), "",
                  absl::Microseconds(1234)});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["message"], "call");
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["method"], "critac.intake.v1.RequestService.CreateRequest");
  EXPECT_EQ(lines[0]["code"], "FAILED_PRECONDITION");
  EXPECT_EQ(lines[0]["reason"], "WRONG_STATE");
  EXPECT_EQ(lines[0]["principal"], "coordinator:dana");
  EXPECT_EQ(lines[0]["trace"], call.trace);
  EXPECT_EQ(lines[0]["request_id"], "0d5f2c1e-0000-4000-8000-000000000001");
  EXPECT_EQ(lines[0]["duration_us"], 1234);
  EXPECT_FALSE(lines[0].contains("incident"));
}

TEST_F(LogTest, ARefusalDoesNotQuoteWhatTheCallerSent) {
  const rpc::Call call = CallBy("dana");
  log_.WriteCall({call, "", InvalidField("email", "`chief@example.org` is not an address"), "",
                  absl::Milliseconds(1)});
  EXPECT_THAT(out_.str(), Not(HasSubstr("chief@example.org")));
  EXPECT_THAT(out_.str(), HasSubstr("INVALID_FIELD"));
}

TEST_F(LogTest, AnInternalErrorIsToldInFullWithItsIncident) {
  const rpc::Call call = CallBy("dana");
  log_.WriteCall(
      {call, "", absl::InternalError("no such table: events"), "inc-7k3m", absl::Milliseconds(1)});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["level"], "error");
  EXPECT_EQ(lines[0]["incident"], "inc-7k3m");
  EXPECT_EQ(lines[0]["error"], "no such table: events");
}

TEST_F(LogTest, WhoIsAtFaultDecidesTheLevel) {
  const rpc::Call call = CallBy("dana");
  const struct {
    absl::StatusCode code;
    const char* level;  // null: not written at `info`
  } cases[] = {
      {absl::StatusCode::kOk, nullptr},
      {absl::StatusCode::kInvalidArgument, "info"},
      {absl::StatusCode::kNotFound, "info"},
      {absl::StatusCode::kPermissionDenied, "info"},
      {absl::StatusCode::kUnauthenticated, "info"},
      {absl::StatusCode::kAborted, "info"},
      {absl::StatusCode::kCancelled, "info"},
      {absl::StatusCode::kUnavailable, "warning"},
      {absl::StatusCode::kResourceExhausted, "warning"},
      {absl::StatusCode::kDeadlineExceeded, "warning"},
      {absl::StatusCode::kInternal, "error"},
      {absl::StatusCode::kUnknown, "error"},
      {absl::StatusCode::kDataLoss, "error"},
  };
  for (const auto& c : cases) {
    out_.str("");
    log_.WriteCall({call, "", absl::Status(c.code, "because"), "", absl::Milliseconds(1)});
    const auto lines = Lines();
    ASSERT_EQ(lines.size(), c.level == nullptr ? 0u : 1u) << static_cast<int>(c.code);
    if (c.level != nullptr) {
      EXPECT_EQ(lines[0]["level"], c.level);
    }
  }
}

TEST_F(LogTest, ACallThatWentWellIsSeenAtDebug) {
  Log debug(LogLevel::kDebug, clock_, out_);
  const rpc::Call call = CallBy("dana");
  debug.WriteCall({call, "", absl::OkStatus(), "", absl::Milliseconds(1)});
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_EQ(Lines()[0]["code"], "OK");
}

TEST_F(LogTest, AJobIsToldByItsKeyItsTraceAndHowItEnded) {
  const queue::Job job({.key = "requests/fy27-000001", .attempt = 2, .trace = "00-4bf9-01"});
  log_.WriteJob({"match", job, queue::JobOutcome::kFailed, absl::UnavailableError("intake is away"),
                 absl::Milliseconds(5), absl::Microseconds(1234)});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["message"], "job");
  EXPECT_EQ(lines[0]["level"], "warning");
  EXPECT_EQ(lines[0]["queue"], "match");
  EXPECT_EQ(lines[0]["key"], "requests/fy27-000001");
  EXPECT_EQ(lines[0]["outcome"], "failed");
  EXPECT_EQ(lines[0]["attempt"], 2);
  EXPECT_EQ(lines[0]["trace"], "00-4bf9-01");
  EXPECT_EQ(lines[0]["waited_us"], 5000);
  EXPECT_EQ(lines[0]["duration_us"], 1234);
  EXPECT_EQ(lines[0]["error"], "UNAVAILABLE: intake is away");
}

// A line is found by the trace of its span, and what others put into a tracestate is not for the log.
TEST_F(LogTest, OfATraceTheTraceparentAloneIsTold) {
  rpc::Call call = CallBy("dana");
  const std::string parent = call.trace;
  call.trace += " vendor=1";
  log_.WriteCall({call, "", absl::UnavailableError("away"), "", absl::Milliseconds(1)});
  const queue::Job job({.key = "requests/fy27-000001", .trace = call.trace});
  log_.WriteJob({"match", job, queue::JobOutcome::kFailed, absl::UnavailableError("away"),
                 absl::Milliseconds(1), absl::Milliseconds(1)});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["trace"], parent);
  EXPECT_EQ(lines[1]["trace"], parent);
}

TEST_F(LogTest, TheOutcomeOfAJobDecidesTheLevel) {
  const queue::Job job({.key = "requests/fy27-000001"});
  const struct {
    queue::JobOutcome outcome;
    const char* level;  // null: not written at `info`
  } cases[] = {
      {queue::JobOutcome::kDone, nullptr},      {queue::JobOutcome::kReleased, "info"},
      {queue::JobOutcome::kFailed, "warning"},  {queue::JobOutcome::kLost, "warning"},
      {queue::JobOutcome::kGivenUp, "warning"},
  };
  for (const auto& c : cases) {
    out_.str("");
    log_.WriteJob({"match", job, c.outcome, absl::OkStatus(), {}, {}});
    const auto lines = Lines();
    ASSERT_EQ(lines.size(), c.level == nullptr ? 0u : 1u) << queue::JobOutcomeName(c.outcome);
    if (c.level != nullptr) {
      EXPECT_EQ(lines[0]["level"], c.level);
    }
  }
}

TEST_F(LogTest, ACallWithoutAPrincipalNamesNone) {
  rpc::Call call = CallBy("dana");
  call.principal = {};
  log_.WriteCall({call, "", absl::UnauthenticatedError("no principal"), "", absl::Milliseconds(1)});
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_FALSE(Lines()[0].contains("principal"));
}

}  // namespace
}  // namespace critac::server
