#include "services/cli/import/row_mapper.h"

#include <algorithm>

#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;

const ImportKind& Kind(const std::string& name) {
  return *std::find_if(ImportKinds().begin(), ImportKinds().end(),
                       [&](const ImportKind& kind) { return kind.name == name; });
}

template <typename Message>
absl::StatusOr<Message> Map(const std::string& kind, const std::vector<std::string>& header,
                            const std::vector<std::string>& cells) {
  auto mapper = CsvMapper::Create(Kind(kind), header);
  if (!mapper.ok()) return mapper.status();
  Row row;
  row.cells = cells;
  Message message;
  const absl::Status status = mapper->Map(row, message);
  if (!status.ok()) return status;
  return message;
}

absl::StatusOr<intake::v1::Agency> MapAgency(const std::vector<std::string>& header,
                                             const std::vector<std::string>& cells) {
  return Map<intake::v1::Agency>("agencies", header, cells);
}

TEST(ImportKinds, EachRefersOnlyToThoseBeforeIt) {
  std::vector<std::string> names;
  for (const ImportKind& kind : ImportKinds()) names.push_back(kind.name);
  EXPECT_THAT(names, ::testing::ElementsAre("catalog", "partners", "experts", "agencies",
                                            "requests", "engagements", "surveys"));
}

TEST(CsvMapper, ShorthandsAndFieldsStandSideBySide) {
  const auto agency = MapAgency(
      {"ori9", " Display_Name ", "type", "state", "latitude", "longitude", "strength_source",
       "sworn_full_time", "sworn_part_time", "civilian", "strength_year", "other_id"},
      {"UTZZ00100", "Umberholt Police", "municipal", "UT", "37.2625", "-113.48785", "roster", "42",
       "0", "", "2026", "HR:17"});
  ASSERT_TRUE(agency.ok()) << agency.status();
  EXPECT_EQ(agency->display_name(), "Umberholt Police");
  EXPECT_EQ(agency->type(), type::v1::AGENCY_TYPE_MUNICIPAL);
  ASSERT_EQ(agency->aliases_size(), 2);
  EXPECT_EQ(agency->aliases(0).value(), "UTZZ00100");
  EXPECT_EQ(agency->aliases(1).type(), intake::v1::ALIAS_TYPE_OTHER);
  EXPECT_EQ(agency->coordinates().longitude_e6(), -113487850);
  EXPECT_EQ(agency->sworn_full_time().count(), 42);
  EXPECT_EQ(agency->sworn_full_time().source(), "roster");
  EXPECT_EQ(agency->sworn_full_time().year(), 2026);
  EXPECT_TRUE(agency->has_sworn_part_time()) << "zero is known";
  EXPECT_FALSE(agency->has_civilian()) << "empty is unknown";
}

TEST(CsvMapper, DegreesAreBoundedOnBothSides) {
  EXPECT_TRUE(MapAgency({"latitude"}, {"-90"}).ok());
  EXPECT_FALSE(MapAgency({"latitude"}, {"-90.1"}).ok());
  EXPECT_TRUE(MapAgency({"longitude"}, {"180"}).ok());
  EXPECT_FALSE(MapAgency({"longitude"}, {"180.1"}).ok());
  EXPECT_FALSE(MapAgency({"longitude"}, {"nan"}).ok());
  EXPECT_FALSE(MapAgency({"longitude"}, {"west"}).ok());
}

TEST(CsvMapper, OtherKindsAreMappedByTheirFields) {
  const auto partner = Map<matching::v1::Partner>(
      "partners", {"name", "display_name", "memberships", "capacity_per_period"},
      {"iacp", "Chiefs", R"([{"start":"2017-01-01"}])", "40"});
  ASSERT_TRUE(partner.ok()) << partner.status();
  EXPECT_EQ(partner->name(), "partners/iacp");
  EXPECT_EQ(partner->memberships(0).start(), "2017-01-01");
  const auto request = Map<intake::v1::PastRequest>(
      "requests", {"external_id", "request.title", "request.topics", "create_time"},
      {"OLD:1", "De-escalation", "de-escalation;school-safety", "2019-11-04"});
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->request().topics(1), "topics/school-safety");
}

TEST(CsvMapper, AColumnThatThereIsNotListsThoseThereAre) {
  const auto agency = MapAgency({"ori9", "colour"}, {"UTZZ00100", "blue"});
  EXPECT_EQ(ExitStatusOf(agency.status()), kUsage);
  EXPECT_THAT(std::string(agency.status().message()),
              HasSubstr("\"colour\" is no column of agencies; there are: ori9, ori7"));
  EXPECT_EQ(ExitStatusOf(MapAgency({"coordinates.height"}, {"1"}).status()), kUsage);
  EXPECT_EQ(ExitStatusOf(MapAgency({"display_name.x"}, {"1"}).status()), kUsage);
}

TEST(CsvMapper, AColumnTwiceOrWithoutNameIsAUsageError) {
  EXPECT_THAT(std::string(MapAgency({"ori9", "ORI9"}, {"a", "b"}).status().message()),
              HasSubstr("\"ori9\" stands there twice"));
  EXPECT_THAT(std::string(MapAgency({"ori9", " "}, {"a", "b"}).status().message()),
              HasSubstr("column 2 has no name"));
}

TEST(CsvMapper, ARowMustHaveAsManyCellsAsTheHeader) {
  EXPECT_EQ(MapAgency({"ori9", "state"}, {"UTZZ00100"}).status().message(),
            "the row has 1 fields, the header 2");
  EXPECT_FALSE(MapAgency({"ori9"}, {"UTZZ00100", "UT"}).ok());
}

TEST(CsvMapper, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(std::string(MapAgency({"display_name"}, {"N\xfa\xf1"
                                                       "ez"})
                              .status()
                              .message()),
              HasSubstr("display_name: the text is not UTF-8"));
}

TEST(CsvMapper, ACellThatItsFieldDoesNotTakeNamesTheField) {
  EXPECT_THAT(std::string(MapAgency({"sworn_full_time"}, {"many"}).status().message()),
              HasSubstr("sworn_full_time.count: \"many\" is not a whole number"));
}

TEST(CsvMapper, ApplyLeavesWhatTheRowDoesNotSpeakOf) {
  auto mapper = CsvMapper::Create(Kind("agencies"), {"ori9", "sworn_full_time"});
  ASSERT_TRUE(mapper.ok());
  intake::v1::Agency agency;
  agency.set_display_name("Umberholt Police");
  agency.mutable_sworn_full_time()->set_source("roster");
  auto& alias = *agency.add_aliases();
  alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
  alias.set_value("UTZZ00100");
  Row row;
  row.cells = {"UTZZ00100", "43"};
  ASSERT_TRUE(mapper->Apply(row, agency).ok());
  EXPECT_EQ(agency.display_name(), "Umberholt Police");
  EXPECT_EQ(agency.sworn_full_time().count(), 43);
  EXPECT_EQ(agency.sworn_full_time().source(), "roster");
  EXPECT_EQ(agency.aliases_size(), 1) << "an identifier that it has is not added twice";
}

TEST(MessageFromJson, TakesProto3JsonWithEitherNames) {
  Row row;
  row.json = R"({"displayName":"A","sworn_full_time":{"count":3},"type":"AGENCY_TYPE_TRIBAL"})";
  intake::v1::Agency agency;
  EXPECT_TRUE(MessageFromJson(row, agency).ok());
  EXPECT_EQ(agency.sworn_full_time().count(), 3);
}

TEST(MessageFromJson, SaysWhatIsWrong) {
  intake::v1::Agency agency;
  Row row;
  row.json = R"({"displayname":"A"})";
  EXPECT_THAT(std::string(MessageFromJson(row, agency).message()), HasSubstr("displayname"));
  row.json = R"({"displayName":)";
  EXPECT_EQ(MessageFromJson(row, agency).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace critac::cli
