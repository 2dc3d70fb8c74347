#include "services/cli/import/send_rows.h"

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;
using intake::v1::ImportResult;
using ::testing::ElementsAre;

std::vector<intake::v1::Agency> Named(const std::vector<std::string>& names) {
  std::vector<intake::v1::Agency> agencies;
  for (const std::string& name : names) agencies.emplace_back().set_display_name(name);
  return agencies;
}

std::vector<const Message*> Pointers(const std::vector<intake::v1::Agency>& agencies) {
  std::vector<const Message*> rows;
  for (const auto& agency : agencies) rows.push_back(&agency);
  return rows;
}

// Answers CREATED for every row, with its name.
absl::StatusOr<std::vector<ImportResult>> CreateAll(absl::Span<const Message* const> rows) {
  std::vector<ImportResult> results;
  for (const Message* row : rows) {
    ImportResult& result = results.emplace_back();
    result.set_outcome(intake::v1::IMPORT_OUTCOME_CREATED);
    result.set_name(static_cast<const intake::v1::Agency*>(row)->display_name());
  }
  return results;
}

TEST(BatchRequestId, IsTheSameForTheSameRunAndRows) {
  const auto a = Named({"x", "y"});
  const auto b = Named({"x", "z"});
  EXPECT_TRUE(IsUuid(BatchRequestId("run", Pointers(a))));
  EXPECT_EQ(BatchRequestId("run", Pointers(a)), BatchRequestId("run", Pointers(a)));
  EXPECT_NE(BatchRequestId("run", Pointers(a)), BatchRequestId("run", Pointers(b)));
  EXPECT_NE(BatchRequestId("run", Pointers(a)), BatchRequestId("another", Pointers(a)))
      << "a later run of the same file is to look again, not to get the old answer";
}

TEST(SendRows, GivesEachRowItsResult) {
  const auto agencies = Named({"a", "b"});
  const auto results = SendRows([](auto rows, const std::string&) { return CreateAll(rows); },
                                "agencies", "run", Pointers(agencies));
  ASSERT_TRUE(results.ok());
  EXPECT_EQ((*results)[0].name(), "a");
  EXPECT_EQ((*results)[1].name(), "b");
}

TEST(SendRows, ARowThatSpoilsTheCallDoesNotStopTheOthers) {
  const auto agencies = Named({"a", "bad", "c", "worse", "e"});
  std::vector<std::string> ids;
  const ImportCall call = [&](absl::Span<const Message* const> rows,
                              const std::string& id) -> absl::StatusOr<std::vector<ImportResult>> {
    ids.push_back(id);
    Error error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "not as they must be");
    bool wrong = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& name = static_cast<const intake::v1::Agency*>(rows[i])->display_name();
      // As a center that lists one violation at a time would.
      if ((name == "bad" || name == "worse") && !wrong) {
        wrong = true;
        error.Field(absl::StrCat("agencies[", i, "].state"), name + " has no state");
        error.Field(absl::StrCat("agencies[", i, "].type"), "must be given");
      }
    }
    if (wrong) return error.ToStatus();
    return CreateAll(rows);
  };
  const auto results = SendRows(call, "agencies", "run", Pointers(agencies));
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ((*results)[0].name(), "a");
  EXPECT_EQ((*results)[1].outcome(), intake::v1::IMPORT_OUTCOME_REFUSED);
  EXPECT_EQ((*results)[1].problem(), "state: bad has no state; type: must be given");
  EXPECT_EQ((*results)[2].name(), "c");
  EXPECT_EQ((*results)[3].problem(), "state: worse has no state; type: must be given");
  EXPECT_EQ((*results)[4].name(), "e");
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_NE(ids[0], ids[1]) << "other rows are another call";
}

TEST(SendRows, AnErrorThatIsNotAboutRowsIsTheCallsError) {
  const auto agencies = Named({"a"});
  for (const absl::Status& error :
       {absl::UnavailableError("down"), InvalidField("request_id", "is not a UUID"),
        InvalidField("agencies[7].state", "is not one of these rows"),
        InvalidField("partners[0].name", "is of another list"),
        InvalidField("agencies[x]", "is no row"), absl::PermissionDeniedError("not yours")}) {
    const auto results = SendRows([&](auto, const std::string&) { return error; }, "agencies",
                                  "run", Pointers(agencies));
    EXPECT_EQ(results.status(), error);
  }
}

TEST(SendRows, AnAnswerThatDoesNotFitIsAnError) {
  const auto agencies = Named({"a", "b"});
  const auto results =
      SendRows([](auto rows, const std::string&) { return CreateAll(rows.subspan(1)); }, "agencies",
               "run", Pointers(agencies));
  EXPECT_EQ(results.status().code(), absl::StatusCode::kInternal);
}

TEST(SendRows, WithoutRowsNothingIsCalled) {
  const auto results = SendRows(
      [](auto, const std::string&) -> absl::StatusOr<std::vector<ImportResult>> {
        return absl::InternalError("called");
      },
      "agencies", "run", {});
  ASSERT_TRUE(results.ok());
  EXPECT_THAT(*results, ElementsAre());
}

}  // namespace
}  // namespace critac::cli
