#include "services/cli/import/registry.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/import/byte_source.h"
#include "services/cli/import/json_reader.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kPlain[] =
    R"({"agency_name":"Santa Clara  Police Department ","agency_type_name":"City",)"
    R"("icpsr_lat":37.262531,"icpsr_lng":-113.4878,"months_reported":0,"primary_county":"Washington"})";

absl::StatusOr<intake::v1::Agency> Take(const std::string& state, const std::string& ori,
                                        const std::string& json) {
  Row row;
  row.keys = {state, ori};
  row.json = json;
  intake::v1::Agency agency;
  const absl::Status status = AgencyFromRegistry(row, agency);
  if (!status.ok()) return status;
  return agency;
}

std::string WithType(const std::string& type) {
  return R"({"agency_name":"A","agency_type_name":)" + type + "}";
}

std::string WithPlace(const std::string& latitude, const std::string& longitude) {
  return R"({"agency_name":"A","agency_type_name":"City","icpsr_lat":)" + latitude +
         R"(,"icpsr_lng":)" + longitude + "}";
}

std::string RefusalOf(const std::string& state, const std::string& ori, const std::string& json) {
  const auto agency = Take(state, ori, json);
  EXPECT_EQ(agency.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(agency.status().message());
}

TEST(Registry, ARowBecomesAnAgencyKnownByItsOri) {
  const auto agency = Take("UT", "UT0270400", kPlain);
  ASSERT_TRUE(agency.ok()) << agency.status();
  EXPECT_EQ(agency->display_name(), "Santa Clara Police Department") << "runs of spaces are one";
  EXPECT_EQ(agency->type(), type::v1::AGENCY_TYPE_MUNICIPAL);
  EXPECT_EQ(agency->state(), "UT");
  EXPECT_EQ(agency->county(), "Washington");
  ASSERT_EQ(agency->aliases_size(), 1);
  EXPECT_EQ(agency->aliases(0).type(), intake::v1::ALIAS_TYPE_ORI9);
  EXPECT_EQ(agency->aliases(0).value(), "UT0270400");
  EXPECT_EQ(agency->coordinates().latitude_e6(), 37262531);
  EXPECT_EQ(agency->coordinates().longitude_e6(), -113487800);
  EXPECT_FALSE(agency->has_sworn_full_time()) << "the registry does not say, which is not zero";
}

TEST(Registry, EveryTypeHasItsOwn) {
  const std::map<std::string, type::v1::AgencyType> types = {
      {"City", type::v1::AGENCY_TYPE_MUNICIPAL},
      {"County", type::v1::AGENCY_TYPE_SHERIFF},
      {"State Police", type::v1::AGENCY_TYPE_STATE_POLICE},
      {"Other State Agency", type::v1::AGENCY_TYPE_OTHER_STATE},
      {"University or College", type::v1::AGENCY_TYPE_CAMPUS},
      {"Tribal", type::v1::AGENCY_TYPE_TRIBAL},
      {"Federal", type::v1::AGENCY_TYPE_FEDERAL},
      {"Other", type::v1::AGENCY_TYPE_OTHER},
      {"Unknown", type::v1::AGENCY_TYPE_UNKNOWN},
  };
  for (const auto& [name, type] : types) {
    const auto agency = Take("UT", "UT0270400", WithType("\"" + name + "\""));
    ASSERT_TRUE(agency.ok()) << name;
    EXPECT_EQ(agency->type(), type) << name;
  }
}

TEST(Registry, ATypeThatIsMissingOrNewIsRefused) {
  EXPECT_EQ(RefusalOf("UT", "UT0270400", WithType("null")), "agency_type_name: is missing");
  EXPECT_THAT(RefusalOf("UT", "UT0270400", WithType("\"Port\"")), HasSubstr("\"Port\" is no type"));
}

TEST(Registry, TheOuterKeyIsTheStateNotTheFirstLettersOfTheOri) {
  EXPECT_EQ(Take("NE", "NB0010000", kPlain)->state(), "NE");
  EXPECT_EQ(Take("GU", "GMTGM0000", kPlain)->state(), "GU");
  EXPECT_EQ(Take("WA", "WADI01200", kPlain)->state(), "WA");
  EXPECT_EQ(Take("NB", "NB0010000", kPlain)->state(), "NE") << "where the key is such a prefix";
}

TEST(Registry, TheCanalZoneAndWhatIsNoStateAreRefused) {
  EXPECT_EQ(RefusalOf("CZ", "CZ0000500", kPlain),
            "state: CZ is the former Canal Zone, no state or territory");
  EXPECT_THAT(RefusalOf("XX", "XX0000500", kPlain), HasSubstr("is not the USPS code"));
}

TEST(Registry, TestAgenciesAreRefused) {
  EXPECT_EQ(RefusalOf("AL", "TSOFENC02", kPlain),
            "ori: TSOFENC02 is a test agency of the registry, not a real one");
}

TEST(Registry, AnOriThatHasNotTheFormOfOneIsRefused) {
  EXPECT_THAT(RefusalOf("CO", "C0034019E", kPlain),
              HasSubstr("it has a zero where a letter must be"));
  EXPECT_THAT(RefusalOf("UT", "UT027040", kPlain), HasSubstr("two capital letters and seven"));
  EXPECT_THAT(RefusalOf("UT", "UT02704000", kPlain), HasSubstr("two capital letters and seven"));
  EXPECT_THAT(RefusalOf("UT", "ut0270400", kPlain), HasSubstr("two capital letters and seven"));
  EXPECT_THAT(RefusalOf("UT", "UT027-400", kPlain), HasSubstr("two capital letters and seven"));
  EXPECT_THAT(RefusalOf("UT", "", kPlain), HasSubstr("two capital letters and seven"));
}

TEST(Registry, ANameThatIsMissingIsRefused) {
  for (const char* name : {"null", "\"\"", "\"   \"", "7"}) {
    EXPECT_THAT(
        RefusalOf("MA", "MA014669E",
                  std::string(R"({"agency_name":)") + name + R"(,"agency_type_name":"City"})"),
        HasSubstr("agency_name: is missing"))
        << name;
  }
}

TEST(Registry, APlaceThatIsNotKnownIsAbsent) {
  for (const auto& [latitude, longitude] : {std::pair("null", "null"),
                                            {"37.5", "null"},
                                            {"null", "-113.4"},
                                            {"-9", "-9"},
                                            {"0", "0"},
                                            {"90.5", "10"},
                                            {"10", "180.5"},
                                            {"\"37\"", "\"-113\""}}) {
    const auto agency = Take("UT", "UT0270400", WithPlace(latitude, longitude));
    ASSERT_TRUE(agency.ok());
    EXPECT_FALSE(agency->has_coordinates()) << latitude << " " << longitude;
  }
}

TEST(Registry, APlaceAtTheEdgeOfTheGlobeIsOne) {
  const auto agency = Take("AK", "AK0015000", WithPlace("-90", "180"));
  ASSERT_TRUE(agency.ok());
  EXPECT_EQ(agency->coordinates().latitude_e6(), -90000000);
  EXPECT_EQ(agency->coordinates().longitude_e6(), 180000000);
}

// The whole registry, where it is there: what it is known to hold comes out, and nothing else is
// refused.
TEST(Registry, TheRealOneIsTakenButForItsOddities) {
  auto source = ByteSource::Open("../shared/data/us-agencies-by-state.json.gz");
  if (!source.ok()) source = ByteSource::Open("../../../shared/data/us-agencies-by-state.json.gz");
  if (!source.ok()) GTEST_SKIP() << "../shared/data/us-agencies-by-state.json.gz is not here";
  ASSERT_EQ(ShapeOf((*source)->Peek()), JsonShape::kRegistry);
  int taken = 0;
  std::map<std::string, std::string> refused;
  const absl::Status read = ReadJsonRows(**source, JsonShape::kRegistry, [&](Row row) {
    intake::v1::Agency agency;
    const absl::Status status = AgencyFromRegistry(row, agency);
    if (status.ok()) {
      ++taken;
    } else {
      refused[row.keys[1]] = std::string(status.message());
    }
    return true;
  });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_EQ(taken, 23238);
  EXPECT_THAT(refused, ::testing::UnorderedElementsAre(
                           ::testing::Pair("C0034019E", HasSubstr("zero")),
                           ::testing::Pair("TSOFENC02", HasSubstr("test agency")),
                           ::testing::Pair("TSARRES06", HasSubstr("test agency")),
                           ::testing::Pair("CZ0000500", HasSubstr("Canal Zone")),
                           ::testing::Pair("MA014669E", HasSubstr("agency_name"))));
}

}  // namespace
}  // namespace critac::cli
