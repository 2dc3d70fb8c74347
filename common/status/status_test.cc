#include "common/status/error.h"
#include "common/status/grpc_status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Error, EveryDetailReachesTheOtherEndOfTheWire) {
  const absl::Status sent =
      Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "too many calls wait")
          .Field("request.title", "is empty")
          .Precondition("STATE", "requests/fy27-000001", "is closed")
          .Resource("critac.intake.v1.Request", "requests/fy27-000001")
          .RetryAfter(absl::Milliseconds(1500))
          .Fact("limit", "4096")
          .ToStatus();

  const absl::Status received = FromGrpcStatus(ToGrpcStatus(sent, "critac.intake.v1", "i-1"));

  EXPECT_EQ(received.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(received.message(), "too many calls wait");
  EXPECT_EQ(ReasonOf(received), "QUEUE_FULL");
  EXPECT_EQ(ErrorInfoOf(received).domain(), "critac.intake.v1");
  EXPECT_EQ(ErrorInfoOf(received).metadata().at("limit"), "4096");
  EXPECT_EQ(BadRequestOf(received).field_violations(0).field(), "request.title");
  EXPECT_EQ(PreconditionFailureOf(received).violations(0).description(), "is closed");
  EXPECT_EQ(ResourceInfoOf(received).resource_name(), "requests/fy27-000001");
  EXPECT_EQ(RetryInfoOf(received).retry_delay().seconds(), 1);
  EXPECT_EQ(RetryInfoOf(received).retry_delay().nanos(), 500'000'000);
}

TEST(Error, AnErrorWithoutDetailsStillGetsItsErrorInfo) {
  const absl::Status received =
      FromGrpcStatus(ToGrpcStatus(absl::NotFoundError("gone"), "critac.intake.v1", "i-1"));
  EXPECT_EQ(ReasonOf(received), "NOT_FOUND");
  EXPECT_EQ(ErrorInfoOf(received).domain(), "critac.intake.v1");
}

TEST(Error, NothingInternalReachesTheCaller) {
  for (const auto code :
       {absl::StatusCode::kInternal, absl::StatusCode::kUnknown, absl::StatusCode::kDataLoss}) {
    absl::Status inner(code, "SELECT secret FROM vault");
    inner.SetPayload("type.googleapis.com/x", absl::Cord("secret"));
    const grpc::Status sent = ToGrpcStatus(inner, "critac.intake.v1", "i-42");
    EXPECT_THAT(sent.error_message(), Not(HasSubstr("SELECT")));
    EXPECT_THAT(sent.error_details(), Not(HasSubstr("secret")));
    EXPECT_THAT(sent.error_message(), HasSubstr("i-42"));
  }
}

TEST(Error, InternalAreTheCodesThatSpeakOfTheInside) {
  for (int code = 0; code <= 16; ++code) {
    const bool internal = code == static_cast<int>(absl::StatusCode::kInternal) ||
                          code == static_cast<int>(absl::StatusCode::kUnknown) ||
                          code == static_cast<int>(absl::StatusCode::kDataLoss);
    EXPECT_EQ(IsInternal(static_cast<absl::StatusCode>(code)), internal) << code;
  }
}

TEST(Error, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus(), "d", "i").ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
}

TEST(Error, ContextIsAddedAndCodeAndDetailsAreKept) {
  const absl::Status annotated = Annotate(InvalidField("a.b", "is empty"), "row 7");
  EXPECT_EQ(annotated.message(), "row 7: a.b: is empty");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BadRequestOf(annotated).field_violations(0).field(), "a.b");
}

TEST(Error, TheShorthandsCarryTheirDetails) {
  const absl::Status missing = ResourceNotFound("critac.intake.v1.Agency", "agencies/x");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ResourceInfoOf(missing).resource_type(), "critac.intake.v1.Agency");
  const absl::Status failed = FailedPrecondition("WRONG_STATE", "requests/1", "is closed");
  EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(PreconditionFailureOf(failed).violations(0).type(), "WRONG_STATE");
}

}  // namespace
}  // namespace critac
