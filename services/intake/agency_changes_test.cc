#include "services/intake/agency_changes.h"

#include "services/intake/agency_lookup.h"
#include "services/intake/intake_testing.h"

namespace critac::intake {
namespace {

using testing::AgencyCalled;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::FakeRecords;
using ::testing::HasSubstr;
using testing::NoRecords;
using ::testing::Not;
using testing::Ori9;
using testing::Succeeds;

const absl::CivilDay kToday(2026, 10, 5);

TEST(AgencyCreation, GivesTheNextNumber) {
  FakeRecords known;
  known.Put(AgencyCalled("Lake", {Ori9("UT0180100")}));
  const auto created = DecideAgencyCreation(AgencyCalled("Summit"), known.records());
  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->agency().name(), "agencies/ag-000002");
  EXPECT_EQ(created->agency().size_band(), type::v1::SIZE_BAND_UNKNOWN);
}

TEST(AgencyCreation, RefusesAnIdentifierOfAnotherAgencyAndNamesIt) {
  FakeRecords known;
  known.Put(AgencyCalled("Lake", {Ori9("UT0180100", "", "2019-12-31")}));
  const auto taken =
      DecideAgencyCreation(AgencyCalled("Summit", {Ori9("ut0180100")}), known.records());
  ASSERT_THAT(taken, FailsWith(absl::StatusCode::kAlreadyExists, "ALIAS_TAKEN"));
  EXPECT_THAT(taken.status().message(),
              AllOf(HasSubstr("agency.aliases[0]"), HasSubstr("UT0180100"),
                    HasSubstr("agencies/ag-000001")));
  EXPECT_THAT(DecideAgencyCreation(AgencyCalled("Summit", {Ori9("UT0180100", "2020-01-01")}),
                                   known.records()),
              Succeeds());
}

TEST(AgencyCreation, RefusesWhatIsNotWellFormed) {
  EXPECT_THAT(DecideAgencyCreation(AgencyCalled("  "), NoRecords()),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
}

TEST(AgencyUpdate, SaysWhichIdentifiersItLost) {
  FakeRecords known;
  known.Put(AgencyCalled("Lake", {Ori9("UT0180100"), Ori9("UT0180200")}));
  google::protobuf::FieldMask mask;
  mask.add_paths("aliases");
  const auto updated = DecideAgencyUpdate(*known.records().FindAgency("agencies/ag-000001"),
                                          AgencyCalled("", {Ori9("UT0180200"), Ori9("UT0180300")}),
                                          mask, known.records());
  ASSERT_THAT(updated, Succeeds());
  EXPECT_EQ(updated->agency().display_name(), "Lake");
  EXPECT_EQ(updated->agency().name(), "agencies/ag-000001");
  ASSERT_EQ(updated->removed_aliases_size(), 1);
  EXPECT_EQ(updated->removed_aliases(0).value(), "UT0180100");
}

TEST(AgencyUpdate, CannotEmptyWhatAnAgencyMustHave) {
  FakeRecords known;
  known.Put(AgencyCalled("Lake"));
  for (const char* path : {"display_name", "type", "state"}) {
    google::protobuf::FieldMask mask;
    mask.add_paths(path);
    EXPECT_THAT(DecideAgencyUpdate(*known.records().FindAgency("agencies/ag-000001"), v1::Agency(),
                                   mask, known.records()),
                FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"))
        << path;
  }
}

// ---- Import

AgencyImport Plan(const std::vector<v1::Agency>& rows, const Records& records,
                  std::vector<std::string> problems = {}) {
  problems.resize(rows.size());
  return PlanAgencyImport({rows.begin(), rows.end()}, problems, kToday, records);
}

std::vector<v1::ImportOutcome> OutcomesOf(const AgencyImport& plan) {
  std::vector<v1::ImportOutcome> outcomes;
  for (const v1::ImportResult& result : plan.results) outcomes.push_back(result.outcome());
  return outcomes;
}

TEST(AgencyImport, AddsWhatIsNotKnown) {
  const AgencyImport plan =
      Plan({AgencyCalled("Lake", {Ori9("ut0180100")}), AgencyCalled("Summit", {Ori9("UT0220000")})},
           NoRecords());
  EXPECT_THAT(OutcomesOf(plan),
              ElementsAre(v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_CREATED));
  EXPECT_EQ(plan.results[1].index(), 1);
  EXPECT_EQ(plan.results[1].name(), "agencies/ag-000002");
  ASSERT_EQ(plan.changes.size(), 2u);
  EXPECT_EQ(plan.changes[0].agency.aliases(0).value(), "UT0180100");
}

TEST(AgencyImport, TheSameRowsAgainChangeNothing) {
  FakeRecords known;
  known.Put(AgencyCalled("Lake", {Ori9("UT0180100")}));
  const AgencyImport plan = Plan({AgencyCalled(" Lake ", {Ori9("ut0180100")})}, known.records());
  EXPECT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_UNCHANGED));
  EXPECT_EQ(plan.results[0].name(), "agencies/ag-000001");
  EXPECT_TRUE(plan.changes.empty());
}

TEST(AgencyImport, AddsToAKnownAgencyAndTakesNothingAway) {
  FakeRecords known;
  v1::Agency lake = AgencyCalled("Lake", {Ori9("UT0180100"), Ori9("UT0180200")});
  lake.set_county("Summit");
  lake.mutable_civilian()->set_count(4);
  known.Put(lake);
  v1::Agency row = AgencyCalled("Lake City", {Ori9("UT0180100")});
  row.mutable_sworn_full_time()->set_count(30);
  const AgencyImport plan = Plan({row}, known.records());
  ASSERT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_UPDATED));
  const v1::Agency& after = plan.changes[0].agency;
  EXPECT_EQ(after.display_name(), "Lake City");
  EXPECT_EQ(after.county(), "Summit");
  EXPECT_EQ(after.civilian().count(), 4);
  EXPECT_EQ(after.size_band(), type::v1::SIZE_BAND_25_49);
  EXPECT_EQ(after.aliases_size(), 2);
}

TEST(AgencyImport, AStrengthIsReplacedWhole) {
  FakeRecords known;
  v1::Agency lake = AgencyCalled("Lake", {Ori9("UT0180100")});
  lake.mutable_sworn_full_time()->set_count(30);
  lake.mutable_sworn_full_time()->set_year(2019);
  known.Put(lake);
  v1::Agency row = AgencyCalled("Lake", {Ori9("UT0180100")});
  row.mutable_sworn_full_time()->set_count(0);
  const AgencyImport plan = Plan({row}, known.records());
  ASSERT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_UPDATED));
  EXPECT_EQ(plan.changes[0].agency.sworn_full_time().count(), 0);
  EXPECT_EQ(plan.changes[0].agency.sworn_full_time().year(), 0);
  EXPECT_EQ(plan.changes[0].agency.size_band(), type::v1::SIZE_BAND_0_1);
}

TEST(AgencyImport, LaterRowsSeeEarlierOnes) {
  v1::Agency again = AgencyCalled("Lake City", {Ori9("UT0180100"), Ori9("UT0180200")});
  const AgencyImport plan =
      Plan({AgencyCalled("Lake", {Ori9("UT0180100")}), AgencyCalled("Lake", {Ori9("UT0180100")}),
            again, AgencyCalled("Lake City", {Ori9("UT0180200")})},
           NoRecords());
  EXPECT_THAT(OutcomesOf(plan),
              ElementsAre(v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_UNCHANGED,
                          v1::IMPORT_OUTCOME_UPDATED, v1::IMPORT_OUTCOME_UNCHANGED));
  for (const v1::ImportResult& result : plan.results)
    EXPECT_EQ(result.name(), "agencies/ag-000001");
  EXPECT_EQ(plan.changes.size(), 2u);
}

TEST(AgencyImport, RefusesARowWhoseIdentifiersMeanTwoAgenciesAndNamesBoth) {
  FakeRecords known;
  known.Put(AgencyCalled("Lake", {Ori9("UT0180100")}));
  known.Put(AgencyCalled("Summit", {Ori9("UT0220000")}));
  const AgencyImport plan = Plan({AgencyCalled("Both", {Ori9("UT0180100"), Ori9("UT0220000")}),
                                  AgencyCalled("Summit", {Ori9("UT0220000")})},
                                 known.records());
  EXPECT_THAT(OutcomesOf(plan),
              ElementsAre(v1::IMPORT_OUTCOME_REFUSED, v1::IMPORT_OUTCOME_UNCHANGED));
  EXPECT_THAT(plan.results[0].problem(), AllOf(HasSubstr("ORI9 UT0180100 is agencies/ag-000001"),
                                               HasSubstr("ORI9 UT0220000 is agencies/ag-000002")));
  EXPECT_EQ(plan.results[0].name(), "");
}

TEST(AgencyImport, RefusesBadRowsAndGoesOn) {
  v1::Agency no_type = AgencyCalled("Lake", {Ori9("UT0180100")});
  no_type.clear_type();
  const AgencyImport plan =
      Plan({no_type, AgencyCalled("Keyless"), AgencyCalled("Odd", {Ori9("C0034019E")}),
            AgencyCalled("Long", {Ori9("UT0180300")}), AgencyCalled("Fine", {Ori9("UT0180400")})},
           NoRecords(), {"", "", "", "display_name: has 201 characters"});
  EXPECT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_REFUSED, v1::IMPORT_OUTCOME_REFUSED,
                                            v1::IMPORT_OUTCOME_REFUSED, v1::IMPORT_OUTCOME_REFUSED,
                                            v1::IMPORT_OUTCOME_CREATED));
  EXPECT_THAT(plan.results[0].problem(), HasSubstr("type: is missing"));
  EXPECT_THAT(plan.results[1].problem(), HasSubstr("aliases: is missing"));
  EXPECT_THAT(plan.results[2].problem(), HasSubstr("aliases[0].value: `C0034019E`"));
  EXPECT_EQ(plan.results[3].problem(), "display_name: has 201 characters");
  EXPECT_EQ(plan.results[4].name(), "agencies/ag-000001");
}

TEST(AgencyImport, AnUndatedIdentifierMeansWhoHoldsItToday) {
  FakeRecords known;
  known.Put(AgencyCalled("Old", {Ori9("UT0180100", "", "2019-12-31")}));
  known.Put(AgencyCalled("New", {Ori9("UT0180100", "2020-01-01")}));
  const AgencyImport plan = Plan({AgencyCalled("New", {Ori9("UT0180100")})}, known.records());
  EXPECT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_UNCHANGED));
  EXPECT_EQ(plan.results[0].name(), "agencies/ag-000002");
}

TEST(AgencyImport, ADatedIdentifierMeansWhoHeldItThen) {
  FakeRecords known;
  known.Put(AgencyCalled("Old", {Ori9("UT0180100", "", "2019-12-31")}));
  known.Put(AgencyCalled("New", {Ori9("UT0180100", "2020-01-01")}));
  const AgencyImport plan =
      Plan({AgencyCalled("Both", {Ori9("UT0180100", "2019-01-01", "2020-12-31")}),
            AgencyCalled("Older", {Ori9("UT0180100", "", "2018-12-31")})},
           known.records());
  EXPECT_THAT(OutcomesOf(plan),
              ElementsAre(v1::IMPORT_OUTCOME_REFUSED, v1::IMPORT_OUTCOME_UPDATED));
  EXPECT_EQ(plan.results[1].name(), "agencies/ag-000001");
  ASSERT_EQ(plan.changes[0].agency.aliases_size(), 1);
  EXPECT_EQ(plan.changes[0].agency.aliases(0).valid_to(), "2018-12-31");
}

TEST(AgencyImport, RefusesMoreIdentifiersThanAnAgencyMayHave) {
  FakeRecords known;
  v1::Agency lake = AgencyCalled("Lake");
  for (int i = 0; i < 20; ++i) *lake.add_aliases() = Ori9(absl::StrCat("UT01801", 10 + i));
  known.Put(lake);
  const AgencyImport plan =
      Plan({AgencyCalled("Lake", {Ori9("UT0180110"), Ori9("UT0189999")})}, known.records());
  EXPECT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_REFUSED));
  EXPECT_THAT(plan.results[0].problem(), HasSubstr("20 at most"));
}

TEST(AgencyImport, IsSafeWhateverACallerClaimsOfServersFields) {
  v1::Agency row = AgencyCalled("Lake", {Ori9("UT0180100")});
  row.set_name("agencies/ag-000777");
  row.set_etag("9");
  const AgencyImport plan = Plan({row}, NoRecords());
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].agency.name(), "agencies/ag-000001");
  EXPECT_EQ(plan.changes[0].agency.etag(), "");
}

// ---- Lookup

v1::LookupAgencyRequest Lookup(const std::string& alias, const std::string& display_name,
                               const std::string& state) {
  v1::LookupAgencyRequest lookup;
  lookup.set_alias(alias);
  lookup.set_display_name(display_name);
  lookup.set_state(state);
  return lookup;
}

TEST(AgencyLookup, IsByAnIdentifierOrByNameAndState) {
  EXPECT_THAT(CheckLookup(Lookup("UT0180100", "", "")), Succeeds());
  EXPECT_THAT(CheckLookup(Lookup("", "Lake", "UT")), Succeeds());
  for (const auto& wrong : {Lookup("", "", ""), Lookup("", "Lake", ""), Lookup("", "", "UT"),
                            Lookup("UT0180100", "Lake", "UT"), Lookup("UT0180100", "", "UT")}) {
    EXPECT_THAT(CheckLookup(wrong), FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  }
}

TEST(AgencyLookup, NobodyIsNotFound) {
  EXPECT_THAT(TheOne(Lookup("UT0180100", "", ""), {}),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST(AgencyLookup, AnAmbiguousNameListsEveryCandidate) {
  v1::Agency first = AgencyCalled("Lake", {Ori9("UT0180100")});
  first.set_name("agencies/ag-000001");
  v1::Agency second = AgencyCalled("Lake", {Ori9("UT0220000")});
  second.set_name("agencies/ag-000002");
  second.set_county("Summit");
  const auto lookup = Lookup("", "lake", "UT");
  const auto ambiguous = TheOne(lookup, {first, second});
  ASSERT_THAT(ambiguous, FailsWith(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_AGENCY"));
  const auto listed = PreconditionFailureOf(ambiguous.status());
  ASSERT_EQ(listed.violations_size(), 2);
  EXPECT_EQ(listed.violations(1).subject(), "agencies/ag-000002");
  EXPECT_THAT(listed.violations(1).description(), HasSubstr("Summit county, ORI9 UT0220000"));
  EXPECT_EQ(TheOne(lookup, {second})->name(), "agencies/ag-000002");
}

TEST(AgencyLookup, OfManyCandidatesTheFirstAreListedAndAllCounted) {
  std::vector<v1::Agency> candidates(kMostCandidates, AgencyCalled("Lake"));
  absl::Status status = TheOne(Lookup("", "lake", "UT"), candidates).status();
  EXPECT_EQ(PreconditionFailureOf(status).violations_size(), 20);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("means 20 agencies"), Not(HasSubstr("more"))));
  candidates.resize(kMostCandidates + 2, AgencyCalled("Lake"));
  status = TheOne(Lookup("", "lake", "UT"), candidates).status();
  EXPECT_EQ(PreconditionFailureOf(status).violations_size(), 20);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("means 22 agencies"), HasSubstr("; and 2 more")));
}

}  // namespace
}  // namespace critac::intake
