#include "common/server/span.h"

#include <string>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;
using Value = std::variant<std::string, int64_t>;

constexpr char kOwn[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kCause[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01";
const absl::Time kBegin = absl::FromUnixSeconds(1'795'183'200);

Span OfCall(const absl::Status& status, const std::string& incident = "") {
  rpc::Call call;
  call.method = "critac.intake.v1.RequestService.GetRequest";
  call.trace = kOwn;
  call.parent = kCause;
  call.start = kBegin;
  return SpanOf(rpc::CallRecord{call, "7d444840-9dc0-11d1-b245-5ffdce74fad2", status, incident,
                                absl::Milliseconds(3)});
}

TEST(Span, OfACallServedHasItsMethodAndCode) {
  const Span span = OfCall(absl::OkStatus());
  EXPECT_EQ(span.kind, Span::Kind::kServer);
  EXPECT_EQ(span.name, "critac.intake.v1.RequestService/GetRequest");
  EXPECT_EQ(span.trace, kOwn);
  EXPECT_EQ(span.parent, kCause);
  EXPECT_EQ(span.start, kBegin);
  EXPECT_EQ(span.end, kBegin + absl::Milliseconds(3));
  EXPECT_THAT(span.attributes, Contains(Pair("rpc.system", Value("grpc"))));
  EXPECT_THAT(span.attributes,
              Contains(Pair("rpc.service", Value("critac.intake.v1.RequestService"))));
  EXPECT_THAT(span.attributes, Contains(Pair("rpc.method", Value("GetRequest"))));
  EXPECT_THAT(span.attributes, Contains(Pair("rpc.grpc.status_code", Value(int64_t{0}))));
  EXPECT_THAT(span.attributes,
              Contains(Pair("critac.request_id", Value("7d444840-9dc0-11d1-b245-5ffdce74fad2"))));
  EXPECT_THAT(span.attributes, Not(Contains(Pair("critac.incident", ::testing::_))));
  EXPECT_EQ(span.failure, std::nullopt);
}

TEST(Span, OfACallServedFailedWhereThatIsNotTheCallersFault) {
  const struct {
    absl::StatusCode code;
    bool failed;
  } cases[] = {
      {absl::StatusCode::kOk, false},
      {absl::StatusCode::kCancelled, false},
      {absl::StatusCode::kUnknown, true},
      {absl::StatusCode::kInvalidArgument, false},
      {absl::StatusCode::kDeadlineExceeded, true},
      {absl::StatusCode::kNotFound, false},
      {absl::StatusCode::kAlreadyExists, false},
      {absl::StatusCode::kPermissionDenied, false},
      {absl::StatusCode::kResourceExhausted, false},
      {absl::StatusCode::kFailedPrecondition, false},
      {absl::StatusCode::kAborted, false},
      {absl::StatusCode::kOutOfRange, false},
      {absl::StatusCode::kUnimplemented, true},
      {absl::StatusCode::kInternal, true},
      {absl::StatusCode::kUnavailable, true},
      {absl::StatusCode::kDataLoss, true},
      {absl::StatusCode::kUnauthenticated, false},
  };
  for (const auto& c : cases) {
    const Span span = OfCall(absl::Status(c.code, "why"));
    EXPECT_EQ(span.failure.has_value(), c.failed) << absl::StatusCodeToString(c.code);
    EXPECT_THAT(span.attributes,
                Contains(Pair("rpc.grpc.status_code", Value(static_cast<int64_t>(c.code)))));
  }
}

TEST(Span, OfAFailureHasTheReasonOrTheCodeAndNeverTheMessage) {
  EXPECT_EQ(OfCall(absl::UnavailableError("the disk of 10.0.0.7 is full")).failure, "UNAVAILABLE");
  EXPECT_EQ(
      OfCall(Error(absl::StatusCode::kUnavailable, "STOPPING", "metrics stops").ToStatus()).failure,
      "STOPPING");
  EXPECT_THAT(OfCall(absl::InternalError("x"), "abc123").attributes,
              Contains(Pair("critac.incident", Value("abc123"))));
}

TEST(Span, OfACallMadeFailedWithEveryError) {
  rpc::ClientCallRecord record = {.method = "critac.intake.v1.RequestService.GetRequest",
                                  .trace = kOwn,
                                  .parent = kCause,
                                  .start = kBegin,
                                  .duration = absl::Milliseconds(4),
                                  .status = absl::NotFoundError("none")};
  const Span failed = SpanOf(record);
  EXPECT_EQ(failed.kind, Span::Kind::kClient);
  EXPECT_EQ(failed.name, "critac.intake.v1.RequestService/GetRequest");
  EXPECT_EQ(failed.trace, kOwn);
  EXPECT_EQ(failed.parent, kCause);
  EXPECT_EQ(failed.end, kBegin + absl::Milliseconds(4));
  EXPECT_EQ(failed.failure, "NOT_FOUND");
  record.status = absl::OkStatus();
  EXPECT_EQ(SpanOf(record).failure, std::nullopt);
}

TEST(Span, OfAJobPutInHasItsQueueAndKey) {
  queue::SendRecord record = {.queue = "match",
                              .key = "requests/fy27-000123",
                              .trace = kOwn,
                              .parent = kCause,
                              .start = kBegin,
                              .duration = absl::Milliseconds(2),
                              .status = absl::OkStatus()};
  const Span span = SpanOf(record);
  EXPECT_EQ(span.kind, Span::Kind::kProducer);
  EXPECT_EQ(span.name, "send match");
  EXPECT_EQ(span.trace, kOwn);
  EXPECT_EQ(span.parent, kCause);
  EXPECT_EQ(span.end, kBegin + absl::Milliseconds(2));
  EXPECT_THAT(span.attributes, Contains(Pair("messaging.operation.type", Value("send"))));
  EXPECT_THAT(span.attributes,
              Contains(Pair("messaging.message.id", Value("requests/fy27-000123"))));
  EXPECT_EQ(span.failure, std::nullopt);
  record.status = absl::UnavailableError("Redis is away");
  EXPECT_EQ(SpanOf(record).failure, "UNAVAILABLE");
}

std::optional<Span> OfJob(queue::JobOutcome outcome, const absl::Status& status,
                          std::optional<absl::Time> begun = kBegin) {
  const queue::Lease lease = {
      .key = "requests/fy27-000123", .attempt = 2, .enqueued = kBegin - absl::Seconds(1)};
  const queue::Job job(lease, nullptr, kOwn);
  return SpanOf(queue::JobRecord{.queue = "match",
                                 .job = job,
                                 .outcome = outcome,
                                 .status = status,
                                 .waited = absl::Seconds(1),
                                 .ran = absl::Milliseconds(5),
                                 .begun = begun,
                                 .parent = kCause});
}

TEST(Span, OfAJobHasItsQueueKeyAttemptAndOutcome) {
  const std::optional<Span> span = OfJob(queue::JobOutcome::kDone, absl::OkStatus());
  ASSERT_TRUE(span.has_value());
  EXPECT_EQ(span->kind, Span::Kind::kConsumer);
  EXPECT_EQ(span->name, "process match");
  EXPECT_EQ(span->trace, kOwn);
  EXPECT_EQ(span->parent, kCause);
  EXPECT_EQ(span->start, kBegin);
  EXPECT_EQ(span->end, kBegin + absl::Milliseconds(5));
  EXPECT_THAT(span->attributes, Contains(Pair("messaging.destination.name", Value("match"))));
  EXPECT_THAT(span->attributes,
              Contains(Pair("messaging.message.id", Value("requests/fy27-000123"))));
  EXPECT_THAT(span->attributes, Contains(Pair("critac.job.attempt", Value(int64_t{2}))));
  EXPECT_THAT(span->attributes, Contains(Pair("critac.job.outcome", Value("done"))));
  EXPECT_THAT(span->attributes, Contains(Pair("critac.job.waited_us", Value(int64_t{1000000}))));
}

TEST(Span, OfAJobFailedUnlessItWasDoneOrGivenBack) {
  EXPECT_EQ(OfJob(queue::JobOutcome::kDone, absl::OkStatus())->failure, std::nullopt);
  EXPECT_EQ(OfJob(queue::JobOutcome::kReleased, absl::CancelledError("half"))->failure,
            std::nullopt);
  EXPECT_EQ(OfJob(queue::JobOutcome::kFailed, absl::UnavailableError("away"))->failure,
            "UNAVAILABLE");
  EXPECT_EQ(OfJob(queue::JobOutcome::kGivenUp, absl::NotFoundError("none"))->failure, "NOT_FOUND");
  EXPECT_EQ(OfJob(queue::JobOutcome::kLost, absl::OkStatus())->failure, "lost");
}

TEST(Span, OfAJobThatWasNotBegunThereIsNone) {
  EXPECT_EQ(OfJob(queue::JobOutcome::kReleased, absl::CancelledError("stop"), std::nullopt),
            std::nullopt);
}

}  // namespace
}  // namespace critac::server
