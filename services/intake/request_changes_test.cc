#include "services/intake/request_changes.h"

#include "services/intake/intake_testing.h"
#include "services/intake/proto_time.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using testing::AgencyCalled;
using testing::At;
using testing::CompleteDraft;
using testing::FailsWith;
using testing::FakeRecords;
using ::testing::HasSubstr;
using testing::RequestIn;
using testing::SmallCatalog;
using testing::Succeeds;

class RequestChanges : public ::testing::Test {
 protected:
  RequestChanges() {
    v1::Agency lake = AgencyCalled("Lake");
    lake.mutable_sworn_full_time()->set_count(40);
    known_.Put(lake);
    known_.Put(AgencyCalled("Summit"));
    v1::Agency federal = AgencyCalled("Bureau");
    federal.set_type(type::v1::AGENCY_TYPE_FEDERAL);
    known_.Put(federal);
  }

  absl::StatusOr<v1::RequestCreated> Create(const v1::Request& wanted,
                                            const std::string& time = "2026-10-05") {
    return DecideCreation(wanted, At(time), known_.records(), SmallCatalog());
  }

  absl::StatusOr<v1::RequestUpdated> Update(const v1::Request& request, const v1::Request& wanted,
                                            const std::vector<std::string>& paths) {
    google::protobuf::FieldMask mask;
    for (const std::string& path : paths) mask.add_paths(path);
    return DecideUpdate(request, wanted, mask, At("2026-10-06"), known_.records(), SmallCatalog());
  }

  FakeRecords known_;
};

TEST_F(RequestChanges, ADraftMayBeIncomplete) {
  v1::Request wanted;
  wanted.set_agency("agencies/ag-000001");
  wanted.set_title("Fewer injuries");
  const auto created = Create(wanted);
  ASSERT_THAT(created, Succeeds());
  const v1::Request request = ApplyCreation(*created);
  EXPECT_EQ(request.name(), "requests/fy27-000001");
  EXPECT_EQ(request.state(), v1::REQUEST_STATE_DRAFT);
  EXPECT_EQ(request.program(), "programs/cri-tac");
  EXPECT_EQ(FromProto(request.create_time()), At("2026-10-05"));
  EXPECT_EQ(created->agency_profile().sworn_officers(), 40);
}

TEST_F(RequestChanges, NumbersFollowEachOtherWithinAFiscalYear) {
  known_.Put(ApplyCreation(*Create(CompleteDraft(), "2026-09-30")));
  known_.Put(ApplyCreation(*Create(CompleteDraft(), "2026-10-01")));
  EXPECT_EQ(Create(CompleteDraft(), "2026-09-30")->request().name(), "requests/fy26-000002");
  EXPECT_EQ(Create(CompleteDraft(), "2026-10-01")->request().name(), "requests/fy27-000002");
}

TEST_F(RequestChanges, TheAgencyMustBeOnRecordAndEligible) {
  v1::Request wanted = CompleteDraft();
  wanted.set_agency("agencies/ag-000999");
  const auto missing = Create(wanted);
  ASSERT_THAT(missing, FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_EQ(ResourceInfoOf(missing.status()).resource_name(), "agencies/ag-000999");
  wanted.set_agency("agencies/ag-000003");
  EXPECT_THAT(Create(wanted),
              FailsWith(absl::StatusCode::kFailedPrecondition, "AGENCY_NOT_ELIGIBLE"));
}

TEST_F(RequestChanges, SoMustTheCoServedOnes) {
  v1::Request wanted = CompleteDraft();
  wanted.add_co_served_agencies("agencies/ag-000002");
  EXPECT_THAT(Create(wanted), Succeeds());
  wanted.add_co_served_agencies("agencies/ag-000003");
  const auto federal = Create(wanted);
  ASSERT_THAT(federal, FailsWith(absl::StatusCode::kFailedPrecondition, "AGENCY_NOT_ELIGIBLE"));
  EXPECT_THAT(federal.status().message(), HasSubstr("request.co_served_agencies[1]"));
}

TEST_F(RequestChanges, TopicsMustBeValidOnTheDay) {
  v1::Request wanted = CompleteDraft();
  wanted.add_topics("topics/pandemic");
  EXPECT_THAT(Create(wanted),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
  EXPECT_THAT(Create(wanted, "2023-03-01"), Succeeds());
}

TEST_F(RequestChanges, AnUpdateChangesWhatItNamesAndNothingOfTheServers) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING);
  v1::Request wanted;
  wanted.set_problem("Another problem");
  const auto updated = Update(request, wanted, {"problem"});
  ASSERT_THAT(updated, Succeeds());
  EXPECT_EQ(updated->request().clocks_size(), 0) << "the event holds what was asked for only";
  v1::Request after = request;
  ApplyUpdate(*updated, after);
  v1::Request expected = request;
  expected.set_problem("Another problem");
  EXPECT_EQ(after.SerializeAsString(), expected.SerializeAsString());
}

TEST_F(RequestChanges, AnUpdateSaysInWhichStateItFoundTheRequest) {
  v1::Request wanted;
  wanted.set_urgency(v1::URGENCY_CRITICAL);
  const auto updated = Update(RequestIn(v1::REQUEST_STATE_READY), wanted, {"urgency"});
  ASSERT_THAT(updated, Succeeds());
  EXPECT_EQ(updated->request().state(), v1::REQUEST_STATE_READY);
}

TEST_F(RequestChanges, NothingIsChangedOnceAMatchIsRecorded) {
  v1::Request wanted;
  wanted.set_problem("Another problem");
  for (const v1::RequestState state : AllStates()) {
    const v1::Request request = RequestIn(state);
    if (CanBeChanged(request)) {
      EXPECT_THAT(Update(request, wanted, {"problem"}), Succeeds()) << StateText(state);
    } else {
      EXPECT_THAT(Update(request, wanted, {"problem"}),
                  FailsWith(absl::StatusCode::kFailedPrecondition, "REQUEST_NOT_CHANGEABLE"))
          << StateText(state);
    }
  }
}

TEST_F(RequestChanges, TheAgencyStays) {
  v1::Request wanted = CompleteDraft();
  wanted.set_agency("agencies/ag-000002");
  EXPECT_THAT(Update(CompleteDraft(), wanted, {"agency"}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_THAT(Update(CompleteDraft(), CompleteDraft(), {"agency"}), Succeeds());
}

TEST_F(RequestChanges, WhatWasSubmittedStaysComplete) {
  EXPECT_THAT(Update(CompleteDraft(), v1::Request(), {"topics", "problem"}), Succeeds());
  const auto refused =
      Update(RequestIn(v1::REQUEST_STATE_SUBMITTED), v1::Request(), {"topics", "problem"});
  ASSERT_THAT(refused, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_EQ(BadRequestOf(refused.status()).field_violations_size(), 2);
}

TEST_F(RequestChanges, ANeededByThatHasPassedSinceDoesNotStandInTheWay) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_IN_REVIEW);
  request.set_needed_by("2026-10-05");
  v1::Request wanted;
  wanted.set_problem("Another problem");
  EXPECT_THAT(Update(request, wanted, {"problem"}), Succeeds());
  wanted.set_needed_by("2026-10-04");
  EXPECT_THAT(Update(request, wanted, {"needed_by"}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
}

TEST_F(RequestChanges, ARetiredTopicStaysOnTheRequestsThatHaveIt) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_IN_REVIEW);
  request.add_topics("topics/pandemic");
  v1::Request wanted;
  wanted.set_problem("Another problem");
  EXPECT_THAT(Update(request, wanted, {"problem"}), Succeeds());
  wanted.add_topics("topics/pandemic");
  EXPECT_THAT(Update(RequestIn(v1::REQUEST_STATE_IN_REVIEW), wanted, {"topics"}),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
}

TEST_F(RequestChanges, AMaskThatNamesNoFieldIsRefused) {
  EXPECT_THAT(Update(CompleteDraft(), CompleteDraft(), {"problm"}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
}

}  // namespace
}  // namespace critac::intake
