#include "services/intake/request_import.h"

#include "absl/strings/str_replace.h"
#include "services/intake/intake_testing.h"
#include "services/intake/proto_time.h"

namespace critac::intake {
namespace {

using testing::AgencyCalled;
using ::testing::AllOf;
using testing::At;
using testing::CompleteDraft;
using testing::DetailsFor;
using ::testing::ElementsAre;
using testing::FakeRecords;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Ori9;
using testing::SmallCatalog;

// Stands for the parser of principals: knows who the tests let act.
absl::StatusOr<Actor> ParseActor(const std::string& principal) {
  const std::pair<const char*, type::v1::Role> roles[] = {
      {"agency:", type::v1::ROLE_AGENCY},
      {"coordinator:", type::v1::ROLE_COORDINATOR},
      {"program-manager:", type::v1::ROLE_PROGRAM_MANAGER},
      {"service:", type::v1::ROLE_SERVICE}};
  for (const auto& [prefix, role] : roles) {
    if (principal.rfind(prefix, 0) == 0) return Actor{role, principal};
  }
  return absl::UnauthenticatedError(absl::StrCat(principal, " is nobody"));
}

void Add(v1::PastRequest& row, v1::RequestAction action, const std::string& time,
         const std::string& actor) {
  v1::PastAction& past = *row.add_actions();
  past.set_action(action);
  *past.mutable_time() = ToProto(At(time));
  past.set_actor(actor);
  *past.mutable_details() = DetailsFor(action, "2023-11-13");
  for (v1::Slot& slot : *past.mutable_details()->mutable_scope()->mutable_slots()) {
    slot.set_window_start("2023-12-01");
    slot.set_window_end("2024-06-30");
  }
  if (action != v1::REQUEST_ACTION_COMPLETE_SCOPING) past.mutable_details()->clear_scope();
}

v1::PastRequest PastDraft(const std::string& external_id) {
  v1::PastRequest row;
  row.set_external_id(external_id);
  *row.mutable_request() = CompleteDraft();
  row.mutable_request()->clear_name();
  row.mutable_request()->clear_state();
  *row.mutable_create_time() = ToProto(At("2023-11-01"));
  return row;
}

v1::PastRequest PastLife(const std::string& external_id) {
  v1::PastRequest row = PastDraft(external_id);
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-11-01", "agency:agencies/-#chief");
  Add(row, v1::REQUEST_ACTION_ACKNOWLEDGE, "2023-11-02", "coordinator:dana");
  Add(row, v1::REQUEST_ACTION_ACCEPT, "2023-11-03", "coordinator:dana");
  Add(row, v1::REQUEST_ACTION_COMPLETE_SCOPING, "2023-11-14", "coordinator:dana");
  Add(row, v1::REQUEST_ACTION_RECORD_MATCH, "2023-11-28", "service:matching");
  Add(row, v1::REQUEST_ACTION_APPROVE_PLAN, "2023-12-04", "program-manager:morgan");
  Add(row, v1::REQUEST_ACTION_APPROVE_PLAN, "2023-12-05", "agency:agencies/-#chief");
  Add(row, v1::REQUEST_ACTION_START_DELIVERY, "2024-01-10", "service:matching");
  Add(row, v1::REQUEST_ACTION_COMPLETE_DELIVERY, "2024-03-10", "service:matching");
  Add(row, v1::REQUEST_ACTION_CLOSE, "2024-07-01", "coordinator:dana");
  row.mutable_actions(9)->clear_details();
  return row;
}

class RequestImportTest : public ::testing::Test {
 protected:
  RequestImportTest() { known_.Put(AgencyCalled("Lake", {Ori9("UT0180100")})); }

  RequestImport Plan(const std::vector<v1::PastRequest>& rows,
                     std::vector<std::string> problems = {}) {
    problems.resize(rows.size());
    return PlanRequestImport({rows.begin(), rows.end()}, problems, At("2026-10-05"),
                             known_.records(), SmallCatalog(), ParseActor);
  }

  std::string OneProblem(const v1::PastRequest& row) {
    const RequestImport plan = Plan({row});
    EXPECT_EQ(plan.results[0].outcome(), v1::IMPORT_OUTCOME_REFUSED) << row.external_id();
    EXPECT_TRUE(plan.changes.empty());
    return plan.results[0].problem();
  }

  // Makes what was planned known.
  void Happen(const RequestImport& plan) {
    for (size_t i = 0; i < plan.changes.size(); ++i) {
      const RequestImport::Change& change = plan.changes[i];
      v1::ExternalRecord external;
      external.set_name("externalRecords/" + change.created.request().external_id());
      external.set_request(change.created.request().name());
      external.set_row_digest(change.created.row_digest());
      known_.Put(external);
      v1::Request request = change.created.request();
      for (const auto& step : change.steps) ApplyAction(step, request);
      known_.Put(request);
    }
  }

  FakeRecords known_;
};

TEST_F(RequestImportTest, ReplaysAWholeLifeWithItsTimes) {
  const RequestImport plan = Plan({PastLife("legacy:1")});
  ASSERT_EQ(plan.results[0].problem(), "");
  EXPECT_EQ(plan.results[0].outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(plan.results[0].name(), "requests/fy24-000001");
  ASSERT_EQ(plan.changes.size(), 1u);
  const RequestImport::Change& change = plan.changes[0];
  EXPECT_EQ(change.created.request().external_id(), "legacy:1");
  EXPECT_EQ(FromProto(change.created.occur_time()), At("2023-11-01"));
  ASSERT_EQ(change.steps.size(), 10u);
  EXPECT_EQ(change.steps[0].actor(), "agency:agencies/ag-000001#chief");
  EXPECT_EQ(FromProto(change.steps[9].occur_time()), At("2024-07-01"));
  EXPECT_EQ(change.steps[9].to(), v1::REQUEST_STATE_CLOSED);
  EXPECT_EQ(change.steps[9].clocks_size(), 7);
}

// A life whose plan is on file: told on the day after the match.
v1::PastRequest PlannedLife(const std::string& external_id) {
  v1::PastRequest row = PastLife(external_id);
  Add(row, v1::REQUEST_ACTION_RECORD_PLAN, "2023-11-29", "service:matching");
  for (int i = row.actions_size() - 1; i > 5; --i) row.mutable_actions()->SwapElements(i, i - 1);
  return row;
}

TEST_F(RequestImportTest, ApprovalsAreOfThePlanThatThePastNames) {
  const struct {
    v1::PastRequest row;
    int version;
  } table[] = {{PastLife("legacy:1"), 0}, {PlannedLife("legacy:2"), 1}};
  for (const auto& [row, version] : table) {
    const RequestImport plan = Plan({row});
    ASSERT_EQ(plan.results[0].problem(), "") << row.external_id();
    v1::Request request = plan.changes[0].created.request();
    for (const auto& step : plan.changes[0].steps) ApplyAction(step, request);
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_CLOSED);
    EXPECT_EQ(request.plan_version(), version);
    EXPECT_EQ(request.agency_approval().plan_version(), version);
    EXPECT_EQ(request.program_approval().plan_version(), version);
  }
}

TEST_F(RequestImportTest, AnApprovalOfAnotherVersionThanThePastNamesIsRefused) {
  v1::PastRequest row = PlannedLife("legacy:1");
  row.mutable_actions(6)->mutable_details()->set_plan_version(2);
  EXPECT_THAT(OneProblem(row), AllOf(HasSubstr("actions[6], APPROVE_PLAN"),
                                     HasSubstr("version 2 of the plan cannot be approved")));
}

TEST_F(RequestImportTest, FindsTheAgencyByAnAlias) {
  v1::PastRequest row = PastLife("legacy:1");
  row.mutable_request()->clear_agency();
  row.set_agency_alias("ut0180100");
  const RequestImport plan = Plan({row});
  ASSERT_EQ(plan.results[0].problem(), "");
  EXPECT_EQ(plan.changes[0].created.request().agency(), "agencies/ag-000001");

  row.set_agency_alias("UT9999999");
  EXPECT_THAT(OneProblem(row), HasSubstr("no agency is known by UT9999999"));
  row.clear_agency_alias();
  EXPECT_THAT(OneProblem(row), HasSubstr("either it or agency_alias"));
  row = PastLife("legacy:1");
  row.set_agency_alias("UT0180100");
  EXPECT_THAT(OneProblem(row), HasSubstr("either it or agency_alias"));
}

TEST_F(RequestImportTest, AnAliasOfTwoAgenciesInTwoKindsIsRefused) {
  v1::Alias seven;
  seven.set_type(v1::ALIAS_TYPE_OTHER);
  seven.set_value("crm:7");
  known_.Put(AgencyCalled("Summit", {seven}));
  v1::PastRequest row = PastDraft("legacy:1");
  row.mutable_request()->clear_agency();
  row.set_agency_alias("crm:7");
  EXPECT_EQ(Plan({row}).changes[0].created.request().agency(), "agencies/ag-000002");
}

TEST_F(RequestImportTest, TheSameRowAgainChangesNothing) {
  const RequestImport first = Plan({PastLife("legacy:1")});
  Happen(first);
  v1::PastRequest reworded = PastLife("legacy:1");
  reworded.mutable_request()->set_problem("Said in other words");
  const RequestImport again = Plan({PastLife("legacy:1"), reworded});
  for (const v1::ImportResult& result : again.results) {
    EXPECT_EQ(result.outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
    EXPECT_EQ(result.name(), "requests/fy24-000001");
  }
  EXPECT_TRUE(again.changes.empty());
}

TEST_F(RequestImportTest, TheSameRowTwiceInACallIsAddedOnce) {
  const RequestImport plan = Plan({PastLife("legacy:1"), PastLife("legacy:1")});
  EXPECT_EQ(plan.results[0].outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(plan.results[1].outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_EQ(plan.changes.size(), 1u);
}

TEST_F(RequestImportTest, AKnownRecordThatSaysOtherwiseIsRefused) {
  Happen(Plan({PastLife("legacy:1")}));
  v1::PastRequest row = PastLife("legacy:1");
  row.mutable_request()->set_urgency(v1::URGENCY_CRITICAL);
  EXPECT_THAT(OneProblem(row), AllOf(HasSubstr("external_id"), HasSubstr("requests/fy24-000001")));
}

TEST_F(RequestImportTest, ABrokenStepIsNamedWithItsReason) {
  v1::PastRequest row = PastDraft("legacy:1");
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-11-01", "agency:agencies/-#chief");
  Add(row, v1::REQUEST_ACTION_ACCEPT, "2023-11-02", "coordinator:dana");
  EXPECT_THAT(OneProblem(row), AllOf(HasSubstr("actions[1], ACCEPT at 2023-11-02T00:00:00Z"),
                                     HasSubstr("does not start from SUBMITTED")));
}

TEST_F(RequestImportTest, TheRolesOfTheTableHoldInThePastToo) {
  v1::PastRequest row = PastDraft("legacy:1");
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-11-01", "service:matching");
  EXPECT_THAT(OneProblem(row), HasSubstr("SUBMIT is not for SERVICE"));
  row.mutable_actions(0)->set_actor("somebody");
  EXPECT_THAT(OneProblem(row), HasSubstr("somebody is nobody"));
  row.mutable_actions(0)->set_actor("agency:agencies/ag-000002#chief");
  EXPECT_THAT(OneProblem(row), HasSubstr("does not act for agencies/ag-000001"));
  row.mutable_actions(0)->set_actor("agency:agencies/-x#chief");
  EXPECT_THAT(OneProblem(row), HasSubstr("does not act for agencies/ag-000001"));
  row.mutable_actions(0)->set_actor("agency:agencies/ag-0000010#chief");
  EXPECT_THAT(OneProblem(row), HasSubstr("does not act for agencies/ag-000001"));
  row.mutable_actions(0)->set_actor("agency:agencies/-");
  EXPECT_EQ(Plan({row}).results[0].problem(), "");
}

TEST_F(RequestImportTest, StepsAreInOrderAndNotInTheFuture) {
  v1::PastRequest row = PastDraft("legacy:1");
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-10-31", "agency:agencies/-#chief");
  EXPECT_THAT(OneProblem(row), HasSubstr("is before the step before it, 2023-11-01"));
  *row.mutable_actions(0)->mutable_time() = ToProto(At("2026-10-05") + absl::Seconds(1));
  EXPECT_THAT(OneProblem(row), HasSubstr("lies in the future"));
  *row.mutable_actions(0)->mutable_time() = ToProto(At("2026-10-05"));
  EXPECT_EQ(Plan({row}).results[0].problem(), "");
  *row.mutable_create_time() = ToProto(At("2026-10-06"));
  EXPECT_THAT(OneProblem(row), HasSubstr("create_time: lies in the future"));
}

TEST_F(RequestImportTest, TheCatalogOfTheDayHolds) {
  v1::PastRequest row = PastDraft("legacy:1");
  row.mutable_request()->add_topics("topics/pandemic");
  EXPECT_EQ(Plan({row}).results[0].problem(), "") << "it was valid in 2023";
  *row.mutable_create_time() = ToProto(At("2025-01-01"));
  EXPECT_THAT(OneProblem(row), HasSubstr("topics/pandemic"));
}

TEST_F(RequestImportTest, AnIncompleteRequestWasNeverSubmitted) {
  v1::PastRequest row = PastDraft("legacy:1");
  row.mutable_request()->clear_problem();
  EXPECT_EQ(Plan({row}).results[0].problem(), "") << "a draft may be incomplete";
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-11-01", "agency:agencies/-#chief");
  EXPECT_THAT(OneProblem(row),
              AllOf(HasSubstr("actions[0], SUBMIT"), HasSubstr("problem: is missing")));
}

TEST_F(RequestImportTest, ADuplicateNamesItsOriginalByItsPastRecord) {
  v1::PastRequest row = PastDraft("legacy:2");
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-11-01", "agency:agencies/-#chief");
  Add(row, v1::REQUEST_ACTION_MARK_DUPLICATE, "2023-11-02", "coordinator:dana");
  row.mutable_actions(1)->clear_details();
  row.mutable_actions(1)->set_duplicate_of_external_id("legacy:1");
  EXPECT_THAT(OneProblem(row), HasSubstr("no past record legacy:1"));
  const RequestImport plan = Plan({PastLife("legacy:1"), row});
  ASSERT_EQ(plan.results[1].problem(), "");
  EXPECT_EQ(plan.changes[1].steps[1].details().duplicate_of(), "requests/fy24-000001");
}

// A past request of Summit that was marked, on the day after, as a duplicate of `original`.
v1::PastRequest DuplicateOf(const std::string& external_id, const std::string& original) {
  v1::PastRequest row = PastDraft(external_id);
  row.mutable_request()->set_agency("agencies/ag-000002");
  Add(row, v1::REQUEST_ACTION_SUBMIT, "2023-11-01", "agency:agencies/-#chief");
  Add(row, v1::REQUEST_ACTION_MARK_DUPLICATE, "2023-11-02", "coordinator:dana");
  row.mutable_actions(1)->mutable_details()->set_duplicate_of(original);
  return row;
}

// What is said of a row that names `name` is said of one that names `absent`.
class HiddenOriginalTest : public RequestImportTest {
 protected:
  HiddenOriginalTest() {
    known_.Put(AgencyCalled("Summit", {Ori9("UT0220000")}));
    Happen(Plan({PastLife("legacy:1")}));
  }

  v1::ImportResult ResultFor(const v1::PastRequest& row) {
    const RequestImport plan =
        PlanRequestImport(RowsOf(row), std::vector<std::string>(1), At("2026-10-05"),
                          known_.records(), SmallCatalog(), ParseActor, hidden_);
    return plan.results[0];
  }
  static google::protobuf::RepeatedPtrField<v1::PastRequest> RowsOf(const v1::PastRequest& row) {
    google::protobuf::RepeatedPtrField<v1::PastRequest> rows;
    *rows.Add() = row;
    return rows;
  }
  void ExpectSameWords(const v1::PastRequest& hidden, const std::string& name,
                       const v1::PastRequest& missing, const std::string& absent) {
    const v1::ImportResult of_hidden = ResultFor(hidden);
    const v1::ImportResult of_missing = ResultFor(missing);
    EXPECT_EQ(of_hidden.outcome(), v1::IMPORT_OUTCOME_REFUSED);
    EXPECT_EQ(of_missing.outcome(), v1::IMPORT_OUTCOME_REFUSED);
    EXPECT_EQ(of_hidden.name(), "");
    EXPECT_EQ(absl::StrReplaceAll(of_hidden.problem(), {{name, "R"}}),
              absl::StrReplaceAll(of_missing.problem(), {{absent, "R"}}));
  }

  const std::vector<std::string> hidden_{"agencies/ag-000001"};
};

constexpr char kLakesPast[] = "requests/fy24-000001";
constexpr char kNoPast[] = "requests/fy24-000999";

TEST_F(HiddenOriginalTest, IsRefusedInTheWordsOfOneThatIsNotThere) {
  ExpectSameWords(DuplicateOf("legacy:2", kLakesPast), kLakesPast, DuplicateOf("legacy:2", kNoPast),
                  kNoPast);
  v1::PastRequest by_record = DuplicateOf("legacy:2", "");
  by_record.mutable_actions(1)->set_duplicate_of_external_id("legacy:1");
  v1::PastRequest by_none = by_record;
  by_none.mutable_actions(1)->set_duplicate_of_external_id("legacy:999");
  ExpectSameWords(by_record, "legacy:1", by_none, "legacy:999");
}

TEST_F(HiddenOriginalTest, IsNotConfirmedByARowThatIsOnRecord) {
  Happen(Plan({DuplicateOf("legacy:2", kLakesPast)}));
  EXPECT_EQ(Plan({DuplicateOf("legacy:2", kLakesPast)}).results[0].outcome(),
            v1::IMPORT_OUTCOME_UNCHANGED);
  ExpectSameWords(DuplicateOf("legacy:2", kLakesPast), kLakesPast, DuplicateOf("legacy:2", kNoPast),
                  kNoPast);
}

TEST_F(HiddenOriginalTest, IsNotNamedAsThatOfTheOriginal) {
  Happen(Plan({DuplicateOf("legacy:2", kLakesPast)}));
  const std::string summits = "requests/fy24-000002";
  EXPECT_THAT(OneProblem(DuplicateOf("legacy:3", summits)), HasSubstr(kLakesPast));
  const v1::ImportResult result = ResultFor(DuplicateOf("legacy:3", summits));
  EXPECT_EQ(result.outcome(), v1::IMPORT_OUTCOME_REFUSED);
  EXPECT_THAT(result.problem(), HasSubstr("is itself a duplicate"));
  EXPECT_THAT(result.problem(), Not(HasSubstr(kLakesPast)));
}

TEST_F(RequestImportTest, RefusedRowsDoNotStopTheOthersNorTakeNumbers) {
  v1::PastRequest bad = PastLife("legacy:2");
  bad.mutable_actions(3)->set_actor("agency:agencies/-#chief");
  const RequestImport plan =
      Plan({PastLife("legacy:1"), bad, PastLife("legacy:3"), PastLife("legacy:4")},
           {"", "", "request.title: is required", ""});
  std::vector<std::string> names;
  for (const v1::ImportResult& result : plan.results) names.push_back(result.name());
  EXPECT_THAT(names, ElementsAre("requests/fy24-000001", "", "", "requests/fy24-000002"));
  EXPECT_EQ(plan.results[2].problem(), "request.title: is required");
}

TEST_F(RequestImportTest, TheDigestLeavesOutWhatIsPersonal) {
  const v1::PastRequest row = PastLife("legacy:1");
  v1::PastRequest other = row;
  other.mutable_request()->set_title("Another title");
  other.mutable_request()->mutable_contacts(0)->set_email("else@lake.example.gov");
  other.mutable_actions(3)->mutable_details()->mutable_scope()->set_risks("None");
  EXPECT_EQ(RowDigest(other), RowDigest(row));
  other.mutable_actions(3)->mutable_details()->mutable_scope()->mutable_slots(0)->set_hours(17);
  EXPECT_NE(RowDigest(other), RowDigest(row));
}

}  // namespace
}  // namespace critac::intake
