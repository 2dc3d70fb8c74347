#include "services/cli/message_text.h"

#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "critac/metrics/v1/report.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string SizeText(type::v1::SizeBand band) {
  return EnumText(*type::v1::SizeBand_descriptor()->FindValueByNumber(band), TextStyle::kShort);
}

intake::v1::Request ReviewedRequest() {
  intake::v1::Request request;
  request.set_name("requests/fy27-000001");
  request.set_state(intake::v1::REQUEST_STATE_IN_REVIEW);
  request.add_topics("topics/de-escalation");
  request.add_topics("topics/school-safety");
  request.mutable_create_time()->set_seconds(1795851790);  // 2026-11-28
  request.set_authority_confirmed(true);
  return request;
}

TEST(EnumText, DropsTheNameOfTheEnum) {
  const auto& state =
      *intake::v1::RequestState_descriptor()->FindValueByName("REQUEST_STATE_IN_REVIEW");
  EXPECT_EQ(EnumText(state, TextStyle::kShort), "in review");
  EXPECT_EQ(EnumText(state, TextStyle::kFull), "IN_REVIEW");
}

TEST(EnumText, SizeBandsReadAsRanges) {
  EXPECT_EQ(SizeText(type::v1::SIZE_BAND_0_1), "0-1");
  EXPECT_EQ(SizeText(type::v1::SIZE_BAND_10_24), "10-24");
  EXPECT_EQ(SizeText(type::v1::SIZE_BAND_1000_PLUS), "1000+");
  EXPECT_EQ(SizeText(type::v1::SIZE_BAND_UNKNOWN), "unknown");
}

TEST(EnumText, AcronymsStayAsTheyAre) {
  EXPECT_EQ(EnumText(*intake::v1::AliasType_descriptor()->FindValueByName("ALIAS_TYPE_ORI9"),
                     TextStyle::kShort),
            "ORI9");
}

TEST(EnumText, UnspecifiedIsNothing) {
  const auto& none = *intake::v1::Urgency_descriptor()->FindValueByNumber(0);
  EXPECT_EQ(EnumText(none, TextStyle::kShort), "-");
  EXPECT_EQ(EnumText(none, TextStyle::kFull), "");
}

TEST(FieldText, EachStyleForItsReader) {
  const auto request = ReviewedRequest();
  EXPECT_EQ(FieldText(request, "topics", TextStyle::kShort),
            "topics/de-escalation, topics/school-safety");
  EXPECT_EQ(FieldText(request, "topics", TextStyle::kFull),
            "topics/de-escalation;topics/school-safety");
  EXPECT_EQ(FieldText(request, "create_time", TextStyle::kShort), "2026-11-28 07:43");
  EXPECT_EQ(FieldText(request, "create_time", TextStyle::kFull), "2026-11-28T07:43:10Z");
  EXPECT_EQ(FieldText(request, "authority_confirmed", TextStyle::kShort), "yes");
  EXPECT_EQ(FieldText(request, "authority_confirmed", TextStyle::kFull), "true");
}

TEST(FieldText, NothingIsADashForPeopleAndEmptyForPrograms) {
  const intake::v1::Request request;
  for (const char* path : {"title", "topics", "create_time", "scope.date", "urgency"}) {
    EXPECT_EQ(FieldText(request, path, TextStyle::kShort), "-") << path;
    EXPECT_EQ(FieldText(request, path, TextStyle::kFull), "") << path;
  }
}

TEST(FieldText, ZeroOfficersAndUnknownDiffer) {
  intake::v1::Agency agency;
  EXPECT_EQ(FieldText(agency, "sworn_full_time", TextStyle::kShort), "-");
  agency.mutable_sworn_full_time()->set_count(0);
  EXPECT_EQ(FieldText(agency, "sworn_full_time", TextStyle::kShort), "0");
}

TEST(FieldText, MillionthsReadAsFractions) {
  matching::v1::Candidate candidate;
  candidate.set_score_e6(834512);
  EXPECT_EQ(FieldText(candidate, "score_e6", TextStyle::kShort), "0.835");
  EXPECT_EQ(FieldText(candidate, "score_e6", TextStyle::kFull), "0.834512");
  matching::v1::Policy policy;
  policy.set_rating_prior_mean_e3(4200);
  EXPECT_EQ(FieldText(policy, "rating_prior_mean_e3", TextStyle::kShort), "4.200");
}

TEST(FieldText, APlaceReadsAsTwoNumbersOfDegrees) {
  intake::v1::Agency agency;
  agency.mutable_coordinates()->set_latitude_e6(37262531);
  agency.mutable_coordinates()->set_longitude_e6(-113487800);
  EXPECT_EQ(FieldText(agency, "coordinates", TextStyle::kShort), "37.262531 -113.487800");
}

TEST(FieldText, AnAbsentFigureIsNotZero) {
  metrics::v1::MeasureValue value;
  EXPECT_EQ(FieldText(value, "value", TextStyle::kShort), "-");
  value.set_value(0);
  EXPECT_EQ(FieldText(value, "value", TextStyle::kShort), "0.0");
}

TEST(FieldText, AFigureKeepsItsDigitsForPrograms) {
  metrics::v1::MeasureValue value;
  value.set_value(1234567.25);
  EXPECT_EQ(FieldText(value, "value", TextStyle::kFull), "1234567.25");
  value.set_value(200.0 / 3);
  EXPECT_EQ(FieldText(value, "value", TextStyle::kFull), "66.6666666666667");
}

TEST(Describe, ShowsEveryFieldThatIsSetAlignedAndListsAsTables) {
  intake::v1::Agency agency;
  agency.set_name("agencies/ag-1");
  agency.set_display_name("Umberholt Police Department");
  agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  auto& alias = *agency.add_aliases();
  alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
  alias.set_value("UTZZ00100");
  EXPECT_EQ(Describe(agency, 0),
            "name          agencies/ag-1\n"
            "display name  Umberholt Police Department\n"
            "type          municipal\n"
            "aliases       ORI9 UTZZ00100\n");
}

TEST(Describe, MessagesWithinAreIndentedAndListsOfThemAreTables) {
  intake::v1::Request request;
  request.set_name("requests/fy27-000001");
  request.mutable_scope()->set_date("2026-11-24");
  auto& slot = *request.mutable_scope()->add_slots();
  slot.set_id("s1");
  slot.set_topic("topics/de-escalation");
  slot.set_hours(16);
  EXPECT_EQ(Describe(request, 0),
            "name  requests/fy27-000001\n"
            "scope\n"
            "  date  2026-11-24\n"
            "  slots\n"
            "    id  topic                 hours\n"
            "    s1  topics/de-escalation     16\n");
}

TEST(Describe, LongTextIsBrokenAtWords) {
  intake::v1::Request request;
  request.set_problem("Officers meet people in crisis more often than before");
  EXPECT_EQ(Describe(request, 40),
            "problem  Officers meet people in crisis\n"
            "         more often than before\n");
}

TEST(WrapText, BreaksAtWordsAndOnlyWhereThereIsAWidth) {
  EXPECT_EQ(WrapText("Sworn officers over distinct agencies.", 20),
            "Sworn officers over\ndistinct agencies.\n");
  EXPECT_EQ(WrapText("Sworn officers over distinct agencies.", 0),
            "Sworn officers over distinct agencies.\n");
  EXPECT_EQ(WrapText("a-word-longer-than-the-line it", 5), "a-word-longer-than-the-line\nit\n");
}

TEST(Describe, AMapIsSortedByKey) {
  metrics::v1::Report report;
  (*report.mutable_document_hashes())["json"] = "bb";
  (*report.mutable_document_hashes())["csv"] = "aa";
  EXPECT_EQ(Describe(report, 0), "document hashes  csv aa, json bb\n");
}

TEST(Describe, AListWithinARowIsLeftOutOfTheTable) {
  matching::v1::Proposal proposal;
  auto& assignment = *proposal.add_assignments();
  assignment.set_slot("s1");
  assignment.set_expert("experts/e001");
  assignment.add_parts()->set_explanation("holds the topic as expert");
  const std::string text = Describe(proposal, 0);
  EXPECT_THAT(text, HasSubstr("experts/e001"));
  EXPECT_THAT(text, Not(HasSubstr("holds the topic")));
}

}  // namespace
}  // namespace critac::cli
