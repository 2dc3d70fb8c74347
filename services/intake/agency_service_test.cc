// AgencyService over gRPC, with production wiring and SQLite.
#include "common/base/limits.h"
#include "services/intake/service_testing.h"

namespace critac::intake {
namespace {

using testing::AgencyCalled;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::kAlex;
using testing::kLakeChief;
using testing::Ori9;
using testing::Succeeds;

class AgencyServiceTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::Agency> Lookup(const std::string& alias, const std::string& display_name = "",
                                    const std::string& state = "") {
    v1::LookupAgencyRequest request;
    request.set_alias(alias);
    request.set_display_name(display_name);
    request.set_state(state);
    return intake_.Call(intake_.agencies, &v1::AgencyService::Stub::LookupAgency, request, kAlex);
  }

  absl::StatusOr<v1::ListAgenciesResponse> List(const std::string& filter, int page_size = 0,
                                                const std::string& page_token = "",
                                                const std::string& who = kAlex) {
    v1::ListAgenciesRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return intake_.Call(intake_.agencies, &v1::AgencyService::Stub::ListAgencies, request, who);
  }

  std::vector<std::string> NamesOf(const absl::StatusOr<v1::ListAgenciesResponse>& page) {
    std::vector<std::string> names;
    EXPECT_THAT(page, Succeeds());
    if (page.ok()) {
      for (const v1::Agency& agency : page->agencies()) names.push_back(agency.name());
    }
    return names;
  }

  testing::IntakeServer intake_;
};

TEST_F(AgencyServiceTest, AnAgencyIsAddedAndReadBack) {
  v1::Agency wanted = AgencyCalled(" Lake  Police ", {Ori9("ut0180100")});
  wanted.set_county("Salt Lake");
  wanted.mutable_coordinates()->set_latitude_e6(40'760'000);
  wanted.mutable_coordinates()->set_longitude_e6(-111'890'000);
  wanted.mutable_sworn_full_time()->set_count(49);
  wanted.mutable_sworn_full_time()->set_source("FBI Police Employee Data");
  wanted.mutable_sworn_full_time()->set_year(2024);
  const auto created = intake_.CreateAgency(wanted);
  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->name(), "agencies/ag-000001");
  EXPECT_EQ(created->display_name(), "Lake Police");
  EXPECT_EQ(created->aliases(0).value(), "UT0180100");
  EXPECT_EQ(created->size_band(), type::v1::SIZE_BAND_25_49);
  EXPECT_NE(created->etag(), "");
  EXPECT_TRUE(created->has_create_time());
  EXPECT_EQ(intake_.GetAgency("agencies/ag-000001")->SerializeAsString(),
            created->SerializeAsString());
}

TEST_F(AgencyServiceTest, WhatACallerSendsInTheServersFieldsIsDropped) {
  v1::Agency wanted = AgencyCalled("Lake");
  wanted.set_name("agencies/ag-000777");
  wanted.set_etag("mine");
  wanted.set_size_band(type::v1::SIZE_BAND_1000_PLUS);
  const auto created = intake_.CreateAgency(wanted);
  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->name(), "agencies/ag-000001");
  EXPECT_EQ(created->size_band(), type::v1::SIZE_BAND_UNKNOWN);
}

TEST_F(AgencyServiceTest, ARepeatedCallGetsTheFirstAnswer) {
  const std::string id = intake_.NewId();
  const auto first = intake_.CreateAgency(AgencyCalled("Lake"), id);
  ASSERT_THAT(first, Succeeds());
  ASSERT_THAT(intake_.UpdateAgency(first->name(), AgencyCalled("Lake City"), {"display_name"}),
              Succeeds());
  intake_.Restart();
  const auto again = intake_.CreateAgency(AgencyCalled("Lake"), id);
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_THAT(intake_.CreateAgency(AgencyCalled("Summit"), id),
              FailsWith(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  EXPECT_EQ(NamesOf(List("")).size(), 1u);
}

TEST_F(AgencyServiceTest, AnIdentifierOfAnotherAgencyIsRefusedAndItsHolderNamed) {
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake", {Ori9("UT0180100")})), Succeeds());
  const auto taken = intake_.CreateAgency(AgencyCalled("Summit", {Ori9("UT0180100")}));
  ASSERT_THAT(taken, FailsWith(absl::StatusCode::kAlreadyExists, "ALIAS_TAKEN"));
  EXPECT_EQ(ResourceInfoOf(taken.status()).resource_name(), "agencies/ag-000001");
}

TEST_F(AgencyServiceTest, AnUpdateChangesTheNamedFieldsAndFreesRemovedIdentifiers) {
  const auto lake =
      intake_.CreateAgency(AgencyCalled("Lake", {Ori9("UT0180100"), Ori9("UT0180200")}));
  ASSERT_THAT(lake, Succeeds());
  intake_.clock.Advance(absl::Hours(1));
  v1::Agency wanted;
  *wanted.add_aliases() = Ori9("UT0180200");
  const auto updated = intake_.UpdateAgency(lake->name(), wanted, {"aliases"});
  ASSERT_THAT(updated, Succeeds());
  EXPECT_EQ(updated->display_name(), "Lake");
  EXPECT_EQ(updated->aliases_size(), 1);
  EXPECT_NE(updated->etag(), lake->etag());
  EXPECT_EQ(updated->create_time().seconds(), lake->create_time().seconds());
  EXPECT_GT(updated->update_time().seconds(), lake->update_time().seconds());
  EXPECT_THAT(intake_.CreateAgency(AgencyCalled("Summit", {Ori9("UT0180100")})), Succeeds());
}

TEST_F(AgencyServiceTest, AnUpdateBasedOnAnOlderVersionIsAborted) {
  const auto lake = intake_.CreateAgency(AgencyCalled("Lake"));
  ASSERT_THAT(lake, Succeeds());
  ASSERT_THAT(
      intake_.UpdateAgency(lake->name(), AgencyCalled("Lake City"), {"display_name"}, lake->etag()),
      Succeeds());
  EXPECT_THAT(
      intake_.UpdateAgency(lake->name(), AgencyCalled("Lake Town"), {"display_name"}, lake->etag()),
      FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_EQ(intake_.GetAgency(lake->name())->display_name(), "Lake City");
}

TEST_F(AgencyServiceTest, AnUpdateOfNobodyOrOfTheServersFieldsIsRefused) {
  EXPECT_THAT(intake_.UpdateAgency("agencies/ag-000009", AgencyCalled("Lake"), {"display_name"}),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake")), Succeeds());
  EXPECT_THAT(intake_.UpdateAgency("agencies/ag-000001", AgencyCalled("Lake"), {"size_band"}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
}

TEST_F(AgencyServiceTest, AnAgencySeesItselfOnly) {
  intake_.MakeWorld();
  EXPECT_THAT(intake_.GetAgency("agencies/ag-000001", kLakeChief), Succeeds());
  for (const char* name : {"agencies/ag-000002", "agencies/ag-000999"}) {
    const auto hidden = intake_.GetAgency(name, kLakeChief);
    ASSERT_THAT(hidden, FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND")) << name;
    EXPECT_EQ(hidden.status().message(), absl::StrCat("there is no ", name));
  }
  EXPECT_THAT(List("", 0, "", kLakeChief),
              FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

TEST_F(AgencyServiceTest, IsFoundByAnIdentifierOfAnyKindInAnyCase) {
  v1::Alias other;
  other.set_type(v1::ALIAS_TYPE_OTHER);
  other.set_value("crm:Lake-7");
  v1::Alias uei;
  uei.set_type(v1::ALIAS_TYPE_UEI);
  uei.set_value("ABC123DEF456");
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake", {Ori9("UT0180100"), other, uei})),
              Succeeds());
  for (const char* alias :
       {"UT0180100", "ut0180100", " UT0180100 ", "crm:Lake-7", "abc123def456"}) {
    const auto found = Lookup(alias);
    ASSERT_THAT(found, Succeeds()) << alias;
    EXPECT_EQ(found->name(), "agencies/ag-000001");
  }
  EXPECT_THAT(Lookup("UT9999999"), FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST_F(AgencyServiceTest, AnIdentifierThatPassedOnMeansItsHolderOfToday) {
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Old", {Ori9("UT0180100", "", "2026-10-05")})),
              Succeeds());
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("New", {Ori9("UT0180100", "2026-10-06")})),
              Succeeds());
  EXPECT_EQ(Lookup("UT0180100")->display_name(), "Old");
  intake_.clock.Advance(absl::Hours(10));
  EXPECT_EQ(Lookup("UT0180100")->display_name(), "New");
}

TEST_F(AgencyServiceTest, AnIdentifierOfSeveralAgenciesInDifferentKindsIsAmbiguous) {
  v1::Alias seven;
  seven.set_type(v1::ALIAS_TYPE_ORI7);
  seven.set_value("ABC1234");
  v1::Alias other = seven;
  other.set_type(v1::ALIAS_TYPE_OTHER);
  other.set_value("sys:ABC1234");
  v1::Alias uei;
  uei.set_type(v1::ALIAS_TYPE_UEI);
  uei.set_value("UT0180100ABC");
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake", {seven, uei})), Succeeds());
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Summit", {other})), Succeeds());
  EXPECT_EQ(Lookup("ABC1234")->display_name(), "Lake") << "the value alone, not what ends in it";
  EXPECT_EQ(Lookup("sys:ABC1234")->display_name(), "Summit");
}

TEST_F(AgencyServiceTest, AnAmbiguousNameListsTheCandidates) {
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake Police", {Ori9("UT0180100")})), Succeeds());
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("LAKE  POLICE", {Ori9("UT0220000")})), Succeeds());
  v1::Agency elsewhere = AgencyCalled("Lake Police");
  elsewhere.set_state("NV");
  ASSERT_THAT(intake_.CreateAgency(elsewhere), Succeeds());
  const auto ambiguous = Lookup("", "lake police", "UT");
  ASSERT_THAT(ambiguous, FailsWith(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_AGENCY"));
  EXPECT_THAT(ambiguous.status().message(),
              AllOf(HasSubstr("agencies/ag-000001"), HasSubstr("agencies/ag-000002"),
                    HasSubstr("ORI9 UT0220000")));
  EXPECT_EQ(PreconditionFailureOf(ambiguous.status()).violations_size(), 2);
  EXPECT_EQ(Lookup("", "Lake  police", "NV")->name(), "agencies/ag-000003");
  EXPECT_THAT(Lookup("", "Lake", "NV"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST_F(AgencyServiceTest, AnAmbiguousNameOfMoreThanAPageIsThatOfAllOfThem) {
  std::vector<v1::Agency> rows;
  for (int i = 0; i < limits::kMaxPageSize; ++i) {
    rows.push_back(AgencyCalled("Lake Police", {Ori9(absl::StrCat("UT", 1'000'000 + i))}));
  }
  ASSERT_THAT(intake_.ImportAgencies(rows), Succeeds());
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake Police", {Ori9("UT0180100")})), Succeeds());
  const auto ambiguous = Lookup("", "lake police", "UT");
  ASSERT_THAT(ambiguous, FailsWith(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_AGENCY"));
  EXPECT_THAT(ambiguous.status().message(),
              AllOf(HasSubstr("means 1001 agencies"), HasSubstr("; and 981 more")));
}

TEST_F(AgencyServiceTest, ALookupNeedsOneWayToLook) {
  EXPECT_THAT(Lookup(""), FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_THAT(Lookup("UT0180100", "Lake", "UT"),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_THAT(Lookup("", "Lake", "XX"),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELDS"));
}

TEST_F(AgencyServiceTest, PagesGoThroughAllThatFit) {
  std::vector<v1::Agency> rows;
  for (int i = 0; i < 25; ++i) {
    rows.push_back(
        AgencyCalled(absl::StrCat("Agency ", i), {Ori9(absl::StrCat("UT01801", 10 + i))}));
    if (i % 5 == 0) rows.back().set_state("NV");
  }
  ASSERT_THAT(intake_.ImportAgencies(rows), Succeeds());
  std::vector<std::string> seen;
  std::string token;
  do {
    const auto page = List("state = \"UT\"", 7, token);
    ASSERT_THAT(page, Succeeds());
    for (const v1::Agency& agency : page->agencies()) seen.push_back(agency.name());
    token = page->next_page_token();
  } while (!token.empty());
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  const std::string other = List("state = \"UT\"", 7)->next_page_token();
  EXPECT_FALSE(List("state = \"NV\"", 7, other).ok()) << "a token of another list";
}

TEST_F(AgencyServiceTest, FiltersByTypeSizeAndName) {
  v1::Agency tribal = AgencyCalled("Ute Police");
  tribal.set_type(type::v1::AGENCY_TYPE_TRIBAL);
  tribal.mutable_sworn_full_time()->set_count(12);
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake Police")), Succeeds());
  ASSERT_THAT(intake_.CreateAgency(tribal), Succeeds());
  EXPECT_THAT(NamesOf(List("state = \"UT\" AND type = AGENCY_TYPE_TRIBAL")),
              ElementsAre("agencies/ag-000002"));
  EXPECT_THAT(NamesOf(List("size_band = SIZE_BAND_UNKNOWN")), ElementsAre("agencies/ag-000001"));
  EXPECT_THAT(NamesOf(List("display_name:police")),
              ElementsAre("agencies/ag-000001", "agencies/ag-000002"));
}

TEST_F(AgencyServiceTest, AHostileFilterIsData) {
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake")), Succeeds());
  EXPECT_THAT(NamesOf(List("display_name = \"'; DROP TABLE intake_agency; --\"")),
              ::testing::IsEmpty());
  for (const char* filter : {"name_key = \"lake\"", "state = ", "(((((", "type = AGENCY_TYPE_LOUD",
                             "1 = 1", "state = \"UT\" OR OR", "body:x"}) {
    EXPECT_EQ(List(filter).status().code(), absl::StatusCode::kInvalidArgument) << filter;
  }
  EXPECT_EQ(NamesOf(List("")).size(), 1u);
}

TEST_F(AgencyServiceTest, AnImportAnswersForEveryRow) {
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake", {Ori9("UT0180100")})), Succeeds());
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Summit", {Ori9("UT0220000")})), Succeeds());
  v1::Agency foreign = AgencyCalled("Canal Zone", {Ori9("CZ0000500")});
  foreign.set_state("CZ");
  v1::Agency nameless = AgencyCalled("", {Ori9("UT0990000")});
  const std::vector<v1::Agency> rows = {
      AgencyCalled("Lake", {Ori9("UT0180100")}),
      AgencyCalled("Summit City", {Ori9("UT0220000")}),
      AgencyCalled("New", {Ori9("UT0330000")}),
      foreign,
      nameless,
      AgencyCalled("Both", {Ori9("UT0180100"), Ori9("UT0220000")})};
  const auto imported = intake_.ImportAgencies(rows);
  ASSERT_THAT(imported, Succeeds());
  std::vector<v1::ImportOutcome> outcomes;
  for (const v1::ImportResult& result : imported->results()) outcomes.push_back(result.outcome());
  EXPECT_THAT(outcomes, ElementsAre(v1::IMPORT_OUTCOME_UNCHANGED, v1::IMPORT_OUTCOME_UPDATED,
                                    v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_REFUSED,
                                    v1::IMPORT_OUTCOME_REFUSED, v1::IMPORT_OUTCOME_REFUSED));
  EXPECT_EQ(imported->results(2).name(), "agencies/ag-000003");
  EXPECT_THAT(imported->results(3).problem(), HasSubstr("state: \"CZ\""));
  EXPECT_THAT(imported->results(4).problem(), HasSubstr("display_name"));
  EXPECT_EQ(intake_.GetAgency("agencies/ag-000002")->display_name(), "Summit City");

  const int64_t head = intake_.journal().Head()->sequence;
  const auto again = intake_.ImportAgencies(rows);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(again->results(i).outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  }
  EXPECT_EQ(intake_.journal().Head()->sequence, head) << "the same rows again say nothing new";
}

TEST_F(AgencyServiceTest, ACheckedImportChangesNothing) {
  ASSERT_THAT(intake_.CreateAgency(AgencyCalled("Lake", {Ori9("UT0180100")})), Succeeds());
  const auto before = intake_.Tables();
  const int64_t head = intake_.journal().Head()->sequence;
  const auto checked = intake_.ImportAgencies(
      {AgencyCalled("Lake City", {Ori9("UT0180100")}), AgencyCalled("New", {Ori9("UT0330000")}),
       AgencyCalled("New", {Ori9("UT0330000")}), AgencyCalled("Keyless")},
      true);
  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->results(0).outcome(), v1::IMPORT_OUTCOME_UPDATED);
  EXPECT_EQ(checked->results(1).outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(checked->results(1).name(), "") << "it has no name yet";
  EXPECT_EQ(checked->results(2).outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_EQ(checked->results(3).outcome(), v1::IMPORT_OUTCOME_REFUSED);
  EXPECT_EQ(intake_.Tables(), before);
  EXPECT_EQ(intake_.journal().Head()->sequence, head);
}

TEST_F(AgencyServiceTest, AnImportThatIsNoListIsRefusedWhole) {
  EXPECT_THAT(intake_.ImportAgencies({}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELDS"));
  EXPECT_THAT(intake_.ImportAgencies(std::vector<v1::Agency>(1001, AgencyCalled("Lake"))),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELDS"));
}

}  // namespace
}  // namespace critac::intake
