#include "common/server/otlp.h"

#include <string>
#include <vector>

#include "common/base/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace critac::server {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Step = OtlpDecision::Step;

const absl::Time kNow = absl::FromUnixSeconds(1'795'183'200);  // Fri, 20 Nov 2026 14:00:00 GMT

TEST(Otlp, TracesGoToTheirPathBelowTheEndpoint) {
  EXPECT_EQ(OtlpTracesUrl("http://otel:4318"), "http://otel:4318/v1/traces");
  EXPECT_EQ(OtlpTracesUrl("http://otel:4318/"), "http://otel:4318/v1/traces");
  EXPECT_EQ(OtlpTracesUrl("https://otel/in"), "https://otel/in/v1/traces");
}

// Goal: the body is what the protocol asks for, where proto3 JSON leaves a choice as well: ids in
// hexadecimal, numbers of 64 bits as text, enums as numbers. Method: the whole of a body with two
// spans is compared.
TEST(Otlp, SpansAreWrittenAsTheProtocolHasThem) {
  Span call;
  call.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 a=1,b=2";
  call.parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01 a=1,b=2";
  call.kind = Span::Kind::kServer;
  call.name = "critac.intake.v1.RequestService/GetRequest";
  call.start = kNow;
  call.end = kNow + absl::Nanoseconds(1'500'000'001);
  call.attributes = {{"rpc.system", "grpc"}, {"rpc.grpc.status_code", int64_t{14}}};
  call.failure = "UNAVAILABLE";
  Span job;
  job.trace = "00-0000000000000000000000000000000a-000000000000000b-01";
  job.kind = Span::Kind::kConsumer;
  job.name = "process match";
  job.start = kNow;
  job.end = kNow;
  const json expected = json::parse(R"({"resourceSpans": [{
    "resource": {"attributes": [
      {"key": "service.namespace", "value": {"stringValue": "critac"}},
      {"key": "service.name", "value": {"stringValue": "critac-intake"}},
      {"key": "service.instance.id", "value": {"stringValue": "one"}},
      {"key": "service.version", "value": {"stringValue": "0.1.0"}},
      {"key": "host.name", "value": {"stringValue": "pod-1"}}]},
    "scopeSpans": [{
      "scope": {"name": "critac", "version": "0.1.0"},
      "spans": [
        {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7",
         "traceState": "a=1,b=2", "parentSpanId": "1111111111111111", "kind": 2,
         "name": "critac.intake.v1.RequestService/GetRequest",
         "startTimeUnixNano": "1795183200000000000", "endTimeUnixNano": "1795183201500000001",
         "attributes": [{"key": "rpc.system", "value": {"stringValue": "grpc"}},
                        {"key": "rpc.grpc.status_code", "value": {"intValue": "14"}}],
         "status": {"code": 2, "message": "UNAVAILABLE"}},
        {"traceId": "0000000000000000000000000000000a", "spanId": "000000000000000b",
         "kind": 5, "name": "process match",
         "startTimeUnixNano": "1795183200000000000", "endTimeUnixNano": "1795183200000000000",
         "attributes": []}]}]}]})");
  EXPECT_EQ(json::parse(OtlpTraces({"critac-intake", "one", "0.1.0", "pod-1"}, {call, job})),
            expected);
}

TEST(Otlp, WhatIsNotUtf8StaysWellFormed) {
  Span span;
  span.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  span.name = "a\xff";
  EXPECT_TRUE(json::accept(OtlpTraces({}, {span})));
}

TEST(Otlp, WhatIsDoneAfterEachAnswer) {
  const struct {
    int status;
    Step step;
  } cases[] = {
      {0, Step::kAgain},  {200, Step::kDone},  {202, Step::kDone},  {204, Step::kDone},
      {299, Step::kDone}, {300, Step::kDrop},  {301, Step::kDrop},  {400, Step::kDrop},
      {401, Step::kDrop}, {404, Step::kDrop},  {408, Step::kDrop},  {413, Step::kDrop},
      {428, Step::kDrop}, {429, Step::kAgain}, {430, Step::kDrop},  {500, Step::kDrop},
      {501, Step::kDrop}, {502, Step::kAgain}, {503, Step::kAgain}, {504, Step::kAgain},
      {505, Step::kDrop}, {101, Step::kDrop},
  };
  for (const auto& c : cases) {
    const OtlpDecision decision =
        DecideAfter({.status = c.status, .problem = "Couldn't connect"}, 1, kNow, 0);
    EXPECT_EQ(decision.step, c.step) << c.status;
    EXPECT_EQ(decision.problem.empty(), c.step == Step::kDone) << c.status;
  }
  EXPECT_EQ(DecideAfter({.problem = "Couldn't connect"}, 1, kNow, 0).problem, "Couldn't connect");
  EXPECT_THAT(DecideAfter({.status = 503}, 1, kNow, 0).problem, HasSubstr("503"));
}

TEST(Otlp, PausesGrowAndEndWithTheLastTry) {
  EXPECT_EQ(DecideAfter({.status = 503}, 1, kNow, 0).pause, absl::Seconds(1));
  EXPECT_EQ(DecideAfter({.status = 503}, 2, kNow, 0).pause, absl::Seconds(2));
  EXPECT_EQ(DecideAfter({.status = 503}, 5, kNow, 0).pause, absl::Seconds(16));
  EXPECT_EQ(DecideAfter({.status = 503}, kOtlpTries - 1, kNow, 0).step, Step::kAgain);
  EXPECT_EQ(DecideAfter({.status = 503}, kOtlpTries, kNow, 0).step, Step::kDrop);
}

TEST(Otlp, APauseThatTheCollectorAsksForIsKept) {
  const struct {
    const char* text;
    absl::Duration pause;
  } cases[] = {
      {"0", absl::ZeroDuration()},
      {"7", absl::Seconds(7)},
      {"300", absl::Minutes(5)},
      {"301", absl::Minutes(5)},
      {"Fri, 20 Nov 2026 14:00:09 GMT", absl::Seconds(9)},
      {"Fri, 20 Nov 2026 13:59:00 GMT", absl::ZeroDuration()},
      // Not readable, so that the pause is our own.
      {"", absl::Seconds(1)},
      {"-1", absl::Seconds(1)},
      {"soon", absl::Seconds(1)},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(DecideAfter({.status = 429, .retry_after = c.text}, 1, kNow, 0).pause, c.pause)
        << c.text;
  }
}

TEST(Otlp, WhatACollectorTookInPartIsCounted) {
  const struct {
    const char* body;
    int64_t rejected_count;
  } cases[] = {
      {R"({})", 0},
      {R"({"partialSuccess":{}})", 0},
      {R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})", 3},
      {R"({"partialSuccess":{"rejectedSpans":3}})", 3},
      {R"({"partialSuccess":{"rejectedSpans":"-3"}})", 0},
      {R"({"partialSuccess":{"rejectedSpans":"many"}})", 0},
      {R"({"partialSuccess":7})", 0},
      {"", 0},
      {"<html>", 0},
      {"[]", 0},
  };
  for (const auto& c : cases) {
    const OtlpDecision decision = DecideAfter({.status = 200, .body = c.body}, 1, kNow, 0);
    EXPECT_EQ(decision.step, Step::kDone) << c.body;
    EXPECT_EQ(decision.rejected_count, c.rejected_count) << c.body;
    EXPECT_EQ(decision.problem.empty(), c.rejected_count == 0) << c.body;
  }
}

TEST(Otlp, SpansAreDueWhenThereAreEnoughOrTheFirstHasWaited) {
  EXPECT_EQ(OtlpDue(0, kNow), absl::InfiniteFuture());
  EXPECT_EQ(OtlpDue(1, kNow), kNow + kOtlpDelay);
  EXPECT_EQ(OtlpDue(limits::kSpansPerExport - 1, kNow), kNow + kOtlpDelay);
  EXPECT_EQ(OtlpDue(limits::kSpansPerExport, kNow), absl::InfinitePast());
}

}  // namespace
}  // namespace critac::server
