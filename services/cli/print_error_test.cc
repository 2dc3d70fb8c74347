#include "services/cli/print_error.h"

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kServer[] = "127.0.0.1:7400";

TEST(FormatError, ListsEveryViolationOnItsLine) {
  const absl::Status status =
      Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "2 fields are not as they must be")
          .Field("request.title", "must be present")
          .Field("request.slots[1].hours", "0 is not in 1..2000")
          .ToStatus();
  EXPECT_EQ(FormatError(status, kServer),
            "error: 2 fields are not as they must be\n"
            "  request.title: must be present\n"
            "  request.slots[1].hours: 0 is not in 1..2000\n"
            "  reason: INVALID_FIELD\n"
            "  hint: mend the fields named above and give the command again\n");
}

TEST(FormatError, DoesNotSayTheSameTwice) {
  EXPECT_EQ(FormatError(InvalidField("title", "must be present"), kServer),
            "error: title: must be present\n"
            "  reason: INVALID_FIELD\n"
            "  hint: mend the fields named above and give the command again\n");
}

TEST(FormatError, ListsTheRecordsThatANameCouldMean) {
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_AGENCY",
            "Perry means 2 agencies: agencies/ag-1 (Greene); agencies/ag-2 (Fayette)")
          .Fact("agencies/ag-2", "agencies/ag-2 (Fayette)")
          .Fact("agencies/ag-1", "agencies/ag-1 (Greene)")
          .Fact("agencies/ag-3", "merged")
          .ToStatus();
  const std::string text = FormatError(status, kServer);
  EXPECT_THAT(text, HasSubstr("\n  agencies/ag-1 (Greene)\n  agencies/ag-2 (Fayette)\n"
                              "  agencies/ag-3: merged\n"));
  EXPECT_THAT(text, HasSubstr("hint: name one of the agencies above"));
}

TEST(FormatError, ShowsFactsThatTheMessageDoesNotSpeakOf) {
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
            "ACCEPT does not start from DRAFT")
          .Precondition("WRONG_STATE", "requests/fy27-000001", "ACCEPT does not start from DRAFT")
          .Fact("state", "DRAFT")
          .Fact("limit", "20")
          .ToStatus();
  EXPECT_EQ(FormatError(status, kServer),
            "error: ACCEPT does not start from DRAFT\n"
            "  limit: 20\n"
            "  reason: WRONG_STATE\n"
            "  hint: change the state of the record first; `critac request get fy27-000001` shows "
            "it\n");
}

TEST(FormatError, AStateIsLookedUpWithTheCommandOfItsKind) {
  const auto hint = [](const char* subject) {
    const std::string text = FormatError(FailedPrecondition("STATE", subject, "is over"), kServer);
    return text.substr(text.find("hint: ") + 6);
  };
  EXPECT_EQ(hint("engagements/e00000012"),
            "change the state of the record first; `critac engagement get e00000012` shows it\n");
  EXPECT_EQ(hint("capacities/x"), "change the state of the record first\n");
}

TEST(FormatError, OfAMeetingSaysWhatElseToDo) {
  const struct {
    const char* reason;
    const char* hint;
  } table[] = {{"SHORTLIST_OLD", "overridden --assign SLOT=EXPERT"},
               {"ITEM_DECIDED", "it stands"},
               {"MEETING_OVER", "critac meeting call"},
               {"MEETING_TOO_LARGE", "--alternates"},
               {"NOTHING_OPEN", "critac demand list"},
               {"NOT_A_MEMBER", "critac partner get"}};
  for (const auto& row : table) {
    const std::string text =
        FormatError(FailedPrecondition(row.reason, "meetings/m1", "is as it is"), kServer);
    EXPECT_THAT(text.substr(text.find("hint: ")), HasSubstr(row.hint)) << row.reason;
  }
}

TEST(FormatError, APreconditionThatTheMessageStatesWithItsSubjectIsNotSaidTwice) {
  const absl::Status status =
      FailedPrecondition("WRONG_STATE", "requests/fy27-000001", "is withdrawn");
  const std::string text = FormatError(status, kServer);
  EXPECT_EQ(text.find("is withdrawn"), text.rfind("is withdrawn")) << text;
}

TEST(FormatError, ShowsUnmetPreconditionsAndTheResource) {
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, "NOT_ALLOWED_NOW", "cannot close yet")
          .Precondition("FOLLOW_UP", "requests/fy27-000001", "the follow-up date is 2027-01-04")
          .Resource("critac.intake.v1.Request", "requests/fy27-000001")
          .ToStatus();
  const std::string text = FormatError(status, kServer);
  EXPECT_THAT(text, HasSubstr("  requests/fy27-000001: the follow-up date is 2027-01-04\n"));
  EXPECT_THAT(text, HasSubstr("  resource: requests/fy27-000001\n"));
}

TEST(FormatError, SaysWhenToTryAgain) {
  const absl::Status status =
      Error(absl::StatusCode::kResourceExhausted, "TOO_BUSY", "the queue is full")
          .RetryAfter(absl::Seconds(2))
          .ToStatus();
  EXPECT_THAT(FormatError(status, kServer), HasSubstr("try again after: 2s"));
}

TEST(FormatError, NamesTheServerThatDidNotAnswer) {
  EXPECT_THAT(
      FormatError(absl::UnavailableError("connection refused"), kServer),
      HasSubstr("hint: nothing answers at 127.0.0.1:7400; start a center with `critac up`"));
}

TEST(FormatError, AnErrorWithoutAWordIsCalledByItsCode) {
  EXPECT_THAT(FormatError(absl::UnimplementedError(""), kServer),
              HasSubstr("error: UNIMPLEMENTED\n"));
}

TEST(FormatError, TextFromElsewhereCannotRepaintTheTerminal) {
  const std::string text = FormatError(absl::InternalError("bad \x1b[2J\nline"), kServer);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("[2J line"));
}

TEST(FormatError, AnErrorWithoutReasonShowsItsCode) {
  EXPECT_THAT(FormatError(absl::AbortedError("changed"), kServer), HasSubstr("reason: ABORTED"));
}

TEST(ExitStatus, FollowsFromWhatTheCallerCanDo) {
  EXPECT_EQ(ExitStatusOf(absl::OkStatus()), kDone);
  EXPECT_EQ(ExitStatusOf(UsageError("no such flag")), kUsage);
  EXPECT_EQ(ExitStatusOf(InvalidField("urgency", "is none of these")), kUsage)
      << "a field that the command line filled, before anything was called";
  EXPECT_EQ(ExitStatusOf(absl::UnavailableError("down")), kUnreachable);
  EXPECT_EQ(ExitStatusOf(absl::DeadlineExceededError("slow")), kUnreachable);
  EXPECT_EQ(ExitStatusOf(absl::NotFoundError("none")), kRefused);
  EXPECT_EQ(ExitStatusOf(AlreadyTold()), kRefused);
}

TEST(ExitStatus, AFieldThatTheCenterRefusedIsARefusal) {
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELD");
  info.set_domain("critac.intake.v1");
  absl::Status status = InvalidField("title", "must be present");
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo",
                    absl::Cord(info.SerializeAsString()));
  ASSERT_EQ(ErrorInfoOf(status).domain(), "critac.intake.v1");
  EXPECT_EQ(ExitStatusOf(status), kRefused);
}

}  // namespace
}  // namespace critac::cli
