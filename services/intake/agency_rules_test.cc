#include "services/intake/agency_rules.h"

#include "services/intake/intake_testing.h"

namespace critac::intake {
namespace {

using testing::AgencyCalled;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Ori9;

struct FormCase {
  v1::AliasType type;
  const char* value;
  bool accepted;
};

TEST(Alias, IsValidatedByTheFormOfItsKind) {
  const FormCase cases[] = {
      {v1::ALIAS_TYPE_ORI9, "UT0180100", true},
      {v1::ALIAS_TYPE_ORI9, "NB0280000", true},
      {v1::ALIAS_TYPE_ORI9, "AKDI00100", true},
      {v1::ALIAS_TYPE_ORI9, "UTABCDEFG", true},
      {v1::ALIAS_TYPE_ORI9, "UT018010", false},
      {v1::ALIAS_TYPE_ORI9, "UT01801000", false},
      {v1::ALIAS_TYPE_ORI9, "U10180100", false},
      {v1::ALIAS_TYPE_ORI9, "UT018-100", false},
      {v1::ALIAS_TYPE_ORI9, "", false},
      {v1::ALIAS_TYPE_ORI7, "UT01801", true},
      {v1::ALIAS_TYPE_ORI7, "UT018010", false},
      {v1::ALIAS_TYPE_ORI7, "UT0180", false},
      {v1::ALIAS_TYPE_ORI7, "1T01801", false},
      {v1::ALIAS_TYPE_UEI, "ABC123DEF456", true},
      {v1::ALIAS_TYPE_UEI, "ABC123DEF45", false},
      {v1::ALIAS_TYPE_UEI, "ABC123DEF4567", false},
      {v1::ALIAS_TYPE_UEI, "ABC123DEF45-", false},
      {v1::ALIAS_TYPE_OTHER, "crm:42", true},
      {v1::ALIAS_TYPE_OTHER, "crm:a:b", true},
      {v1::ALIAS_TYPE_OTHER, "crm", false},
      {v1::ALIAS_TYPE_OTHER, ":42", false},
      {v1::ALIAS_TYPE_OTHER, "crm:", false},
      {v1::ALIAS_TYPE_OTHER, "crm:4 2", false},
      {v1::ALIAS_TYPE_OTHER, "crm:4/2", false},
      {v1::ALIAS_TYPE_UNSPECIFIED, "UT0180100", false},
  };
  for (const FormCase& c : cases) {
    v1::Alias alias;
    alias.set_type(c.type);
    alias.set_value(c.value);
    EXPECT_EQ(!AliasProblem(alias).has_value(), c.accepted)
        << v1::AliasType_Name(c.type) << " " << c.value;
  }
}

TEST(Alias, AZeroForALetterIsPointedOut) {
  EXPECT_THAT(AliasProblem(Ori9("C0034019E")).value_or(""), HasSubstr("a zero stands where"));
  EXPECT_THAT(AliasProblem(Ori9("C0034")).value_or(""), Not(HasSubstr("a zero")));
}

TEST(Alias, IsKeptInCapitalsWithoutSpacesAround) {
  v1::Alias alias = Ori9("  ut0180100\t");
  NormalizeAlias(alias);
  EXPECT_EQ(alias.value(), "UT0180100");
  EXPECT_EQ(AliasRecordName(alias), "aliases/ORI9:UT0180100");
  EXPECT_EQ(AliasText(alias), "ORI9 UT0180100");
}

TEST(Alias, OfAnotherSystemKeepsItsCase) {
  v1::Alias alias;
  alias.set_type(v1::ALIAS_TYPE_OTHER);
  alias.set_value(" crm:aB ");
  NormalizeAlias(alias);
  EXPECT_EQ(alias.value(), "crm:aB");
}

TEST(Dates, OverlapWhereTheyShareADay) {
  EXPECT_TRUE(DatesOverlap("", "", "", ""));
  EXPECT_TRUE(DatesOverlap("2020-01-01", "2020-06-30", "2020-06-30", ""));
  EXPECT_FALSE(DatesOverlap("2020-01-01", "2020-06-30", "2020-07-01", ""));
  EXPECT_FALSE(DatesOverlap("2020-07-01", "", "", "2020-06-30"));
  EXPECT_TRUE(DatesOverlap("2020-06-30", "", "", "2020-06-30"));
}

v1::AliasRecord RecordOf(const std::vector<v1::Alias>& first,
                         const std::vector<v1::Alias>& second) {
  v1::AliasRecord record;
  record.set_name("aliases/ORI9:UT0180100");
  SetHolder(record, "agencies/ag-000001", {first.begin(), first.end()});
  SetHolder(record, "agencies/ag-000002", {second.begin(), second.end()});
  return record;
}

TEST(Holder, IsTheOneOfTheDayElseTheLastBefore) {
  const v1::AliasRecord record = RecordOf({Ori9("UT0180100", "2010-01-01", "2019-12-31")},
                                          {Ori9("UT0180100", "2021-01-01", "2022-12-31")});
  EXPECT_EQ(HolderOn(record, absl::CivilDay(2009, 12, 31)), "");
  EXPECT_EQ(HolderOn(record, absl::CivilDay(2010, 1, 1)), "agencies/ag-000001");
  EXPECT_EQ(HolderOn(record, absl::CivilDay(2019, 12, 31)), "agencies/ag-000001");
  EXPECT_EQ(HolderOn(record, absl::CivilDay(2020, 12, 31)), "agencies/ag-000001");
  EXPECT_EQ(HolderOn(record, absl::CivilDay(2021, 1, 1)), "agencies/ag-000002");
  EXPECT_EQ(HolderOn(record, absl::CivilDay(2030, 1, 1)), "agencies/ag-000002");
}

TEST(Holder, ConflictsOnlyWhereDatesOverlap) {
  const v1::AliasRecord record = RecordOf({Ori9("UT0180100", "", "2019-12-31")}, {});
  EXPECT_EQ(OtherHolder(record, Ori9("UT0180100", "2020-01-01"), "agencies/ag-000002"), nullptr);
  ASSERT_NE(OtherHolder(record, Ori9("UT0180100", "2019-12-31"), "agencies/ag-000002"), nullptr);
  ASSERT_NE(OtherHolder(record, Ori9("UT0180100"), "agencies/ag-000002"), nullptr);
  EXPECT_EQ(OtherHolder(record, Ori9("UT0180100"), "agencies/ag-000001"), nullptr);
}

TEST(Holder, IsSetToWhatTheAgencySaysNow) {
  v1::AliasRecord record = RecordOf({Ori9("UT0180100")}, {});
  SetHolder(record, "agencies/ag-000001",
            v1::Agency(AgencyCalled("Lake", {Ori9("UT9999999"), Ori9("UT0180100", "2020-01-01")}))
                .aliases());
  ASSERT_EQ(record.holders_size(), 1);
  EXPECT_EQ(record.holders(0).valid_from(), "2020-01-01");
  SetHolder(record, "agencies/ag-000001", {});
  EXPECT_EQ(record.holders_size(), 0);
}

TEST(Name, IsComparedWithoutCaseAndRunsOfSpaces) {
  EXPECT_EQ(NameKey("  Salt  Lake\tPOLICE "), "salt lake police");
  EXPECT_NE(NameKey("Salt Lake"), NameKey("SaltLake"));
  EXPECT_EQ(NameKey("Cañon"), "cañon");
}

TEST(SizeBand, HasBothSidesOfEveryBoundary) {
  const std::pair<int, type::v1::SizeBand> cases[] = {
      {0, type::v1::SIZE_BAND_0_1},         {1, type::v1::SIZE_BAND_0_1},
      {2, type::v1::SIZE_BAND_2_9},         {9, type::v1::SIZE_BAND_2_9},
      {10, type::v1::SIZE_BAND_10_24},      {24, type::v1::SIZE_BAND_10_24},
      {25, type::v1::SIZE_BAND_25_49},      {49, type::v1::SIZE_BAND_25_49},
      {50, type::v1::SIZE_BAND_50_99},      {99, type::v1::SIZE_BAND_50_99},
      {100, type::v1::SIZE_BAND_100_249},   {249, type::v1::SIZE_BAND_100_249},
      {250, type::v1::SIZE_BAND_250_999},   {999, type::v1::SIZE_BAND_250_999},
      {1000, type::v1::SIZE_BAND_1000_PLUS}};
  for (const auto& [sworn, band] : cases) EXPECT_EQ(SizeBandOf(sworn), band) << sworn;
}

TEST(SizeBand, UnknownStrengthIsNotZero) {
  v1::Agency agency = AgencyCalled("Lake");
  EXPECT_EQ(SwornOfficers(agency), std::nullopt);
  EXPECT_EQ(SizeBandOf(SwornOfficers(agency)), type::v1::SIZE_BAND_UNKNOWN);
  EXPECT_FALSE(ProfileOf(agency).has_sworn_officers());
  agency.mutable_sworn_full_time()->set_count(0);
  EXPECT_EQ(SizeBandOf(SwornOfficers(agency)), type::v1::SIZE_BAND_0_1);
  EXPECT_TRUE(ProfileOf(agency).has_sworn_officers());
}

TEST(SizeBand, CountsPartTimeOfficersOnlyBesideKnownFullTimeOnes) {
  v1::Agency agency = AgencyCalled("Lake");
  agency.mutable_sworn_part_time()->set_count(5);
  EXPECT_EQ(SwornOfficers(agency), std::nullopt);
  agency.mutable_sworn_full_time()->set_count(46);
  EXPECT_EQ(SwornOfficers(agency), 51);
  EXPECT_EQ(ProfileOf(agency).size_band(), type::v1::SIZE_BAND_50_99);
}

TEST(Agency, IsPutIntoTheFormItIsKeptIn) {
  v1::Agency agency = AgencyCalled("  Salt   Lake ", {Ori9(" ut0180100 ")});
  agency.mutable_sworn_full_time()->set_count(12);
  EXPECT_TRUE(NormalizeAgency(agency).empty());
  EXPECT_EQ(agency.display_name(), "Salt Lake");
  EXPECT_EQ(agency.aliases(0).value(), "UT0180100");
  EXPECT_EQ(agency.size_band(), type::v1::SIZE_BAND_10_24);
}

TEST(Agency, EverythingWrongIsSaidAtOnce) {
  v1::Agency agency;
  *agency.add_aliases() = Ori9("nonsense");
  *agency.add_aliases() = Ori9("UT0180100", "2020-01-02", "2020-01-01");
  const FieldProblems problems = NormalizeAgency(agency);
  std::vector<std::string> paths;
  for (const auto& problem : problems.problems()) paths.push_back(problem.path);
  EXPECT_THAT(paths, ::testing::ElementsAre("display_name", "type", "state", "aliases[0].value",
                                            "aliases[1].valid_to"));
}

TEST(Agency, HoldsAnIdentifierOnceAtATime) {
  v1::Agency agency =
      AgencyCalled("Lake", {Ori9("UT0180100", "", "2019-12-31"), Ori9("UT0180100", "2020-01-01")});
  EXPECT_TRUE(NormalizeAgency(agency).empty());
  agency.mutable_aliases(1)->set_valid_from("2019-12-31");
  EXPECT_THAT(NormalizeAgency(agency).ToText(), HasSubstr("aliases[1]: ORI9 UT0180100 stands in"));
}

TEST(Agency, AllButFederalOnesMayAsk) {
  for (int type = type::v1::AGENCY_TYPE_MUNICIPAL; type <= type::v1::AGENCY_TYPE_UNKNOWN; ++type) {
    EXPECT_TRUE(CheckEligible("agencies/ag-000001", static_cast<type::v1::AgencyType>(type)).ok());
  }
  EXPECT_THAT(CheckEligible("agencies/ag-000001", type::v1::AGENCY_TYPE_FEDERAL),
              FailsWith(absl::StatusCode::kFailedPrecondition, "AGENCY_NOT_ELIGIBLE"));
}

}  // namespace
}  // namespace critac::intake
