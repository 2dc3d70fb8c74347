#include "services/cli/set_field.h"

#include "common/status/error.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/metrics/v1/survey.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ProblemOf(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(SetField, TakesEveryKindOfScalar) {
  intake::v1::Request request;
  EXPECT_TRUE(SetField(request, "title", "De-escalation").ok());
  EXPECT_TRUE(SetField(request, "audience_size", "40").ok());
  EXPECT_TRUE(SetField(request, "authority_confirmed", "yes").ok());
  EXPECT_TRUE(SetField(request, "urgency", "critical").ok());
  EXPECT_EQ(request.title(), "De-escalation");
  EXPECT_EQ(request.audience_size(), 40);
  EXPECT_TRUE(request.authority_confirmed());
  EXPECT_EQ(request.urgency(), intake::v1::URGENCY_CRITICAL);
  matching::v1::Policy policy;
  EXPECT_TRUE(SetField(policy, "weights.topic_fit", "400000").ok());
  EXPECT_EQ(policy.weights().topic_fit(), 400000);
}

TEST(SetField, AnEnumIsNamedInAnyOfItsForms) {
  intake::v1::Agency agency;
  for (const char* text :
       {"state-police", "state police", "STATE_POLICE", "AGENCY_TYPE_STATE_POLICE"}) {
    agency.clear_type();
    EXPECT_TRUE(SetField(agency, "type", text).ok()) << text;
    EXPECT_EQ(agency.type(), type::v1::AGENCY_TYPE_STATE_POLICE) << text;
  }
  EXPECT_TRUE(SetField(agency, "size_band", "1000+").ok());
  EXPECT_EQ(agency.size_band(), type::v1::SIZE_BAND_1000_PLUS);
  EXPECT_TRUE(SetField(agency, "size_band", "10-24").ok());
  EXPECT_EQ(agency.size_band(), type::v1::SIZE_BAND_10_24);
}

TEST(SetField, AnEnumThatThereIsNotListsThoseThereAre) {
  intake::v1::Request request;
  EXPECT_EQ(ProblemOf(SetField(request, "urgency", "asap")),
            "urgency: \"asap\" is none of: routine, elevated, critical");
  EXPECT_THAT(ProblemOf(SetField(request, "urgency", "unspecified")), HasSubstr("none of"));
}

TEST(SetField, ATimeIsATimeOrADate) {
  intake::v1::Request request;
  EXPECT_TRUE(SetField(request, "create_time", "2026-11-24T09:30:00.5Z").ok());
  EXPECT_EQ(request.create_time().seconds(), 1795512600);
  EXPECT_EQ(request.create_time().nanos(), 500000000);
  EXPECT_TRUE(SetField(request, "create_time", "2026-11-24").ok());
  EXPECT_EQ(request.create_time().seconds(), 1795478400);
  EXPECT_THAT(ProblemOf(SetField(request, "create_time", "24.11.2026")),
              HasSubstr("2026-10-01T14:30:00Z"));
}

TEST(SetField, AListTakesItsEntriesBetweenSemicolonsInPlaceOfThoseItHad) {
  intake::v1::Request request;
  request.add_topics("topics/old");
  EXPECT_TRUE(SetField(request, "topics", "topics/a; topics/b").ok());
  EXPECT_THAT(request.topics(), ElementsAre("topics/a", "topics/b"));
}

TEST(SetField, AResourceMayComeWithoutItsCollection) {
  intake::v1::Request request;
  EXPECT_TRUE(SetField(request, "topics", "de-escalation;topics/school-safety").ok());
  EXPECT_THAT(request.topics(), ElementsAre("topics/de-escalation", "topics/school-safety"));
  EXPECT_TRUE(SetField(request, "agency", "ag-1").ok());
  EXPECT_EQ(request.agency(), "agencies/ag-1");
}

TEST(SetField, MessagesAndListsOfThemAreJson) {
  matching::v1::Expert expert;
  EXPECT_TRUE(
      SetField(expert, "topics", R"([{"topic": "topics/a", "level": "LEVEL_EXPERT"}])").ok());
  ASSERT_EQ(expert.topics_size(), 1);
  EXPECT_EQ(expert.topics(0).level(), intake::v1::LEVEL_EXPERT);
  EXPECT_TRUE(SetField(expert, "home", R"({"latitudeE6": 1, "longitudeE6": 2})").ok());
  EXPECT_EQ(expert.home().longitude_e6(), 2);
  EXPECT_THAT(ProblemOf(SetField(expert, "home", "north")),
              HasSubstr("not the JSON of Coordinates"));
}

TEST(SetField, TheJsonOfOneFieldCannotSetAnother) {
  matching::v1::Expert expert;
  EXPECT_TRUE(SetField(expert, "topics", R"([], "fullName": "someone else")").ok());
  EXPECT_EQ(expert.full_name(), "");
}

TEST(SetField, EmptyTextClears) {
  intake::v1::Request request;
  request.set_title("x");
  request.add_topics("topics/a");
  EXPECT_TRUE(SetField(request, "title", "").ok());
  EXPECT_TRUE(SetField(request, "topics", "").ok());
  EXPECT_TRUE(SetField(request, "scope.date", "").ok());
  EXPECT_EQ(request.title(), "");
  EXPECT_EQ(request.topics_size(), 0);
  EXPECT_FALSE(request.has_scope()) << "clearing makes no message on the way";
}

TEST(SetField, AnOptionalNumberKeepsZero) {
  metrics::v1::SurveyResponse response;
  EXPECT_TRUE(SetField(response, "knowledge_percent", "0").ok());
  EXPECT_TRUE(response.has_knowledge_percent());
}

TEST(SetField, AFieldThatThereIsNotListsThoseThereAre) {
  matching::v1::Partner partner;
  const std::string problem = ProblemOf(SetField(partner, "title", "x"));
  EXPECT_THAT(problem, HasSubstr("there is no such field in Partner"));
  EXPECT_THAT(problem, HasSubstr("display_name"));
}

TEST(SetField, NumbersAndBooleansMustBeSuch) {
  intake::v1::Request request;
  EXPECT_EQ(ProblemOf(SetField(request, "audience_size", "many")),
            "audience_size: \"many\" is not a whole number");
  EXPECT_THAT(ProblemOf(SetField(request, "audience_size", "2147483648")),
              HasSubstr("whole number"));
  EXPECT_TRUE(SetField(request, "audience_size", "2147483647").ok());
  EXPECT_THAT(ProblemOf(SetField(request, "authority_confirmed", "maybe")),
              HasSubstr("neither true nor false"));
}

TEST(SetField, AScalarHasNoFieldsOfItsOwn) {
  intake::v1::Request request;
  EXPECT_THAT(ProblemOf(SetField(request, "title.length", "3")), HasSubstr("no fields of its own"));
}

TEST(SetFields, ReadsPairsAndWordsAlone) {
  intake::v1::Slot slot;
  EXPECT_TRUE(SetFields(slot, "--slot", "topic=de-escalation, people=2,hours=16,on-site").ok());
  EXPECT_EQ(slot.topic(), "topics/de-escalation");
  EXPECT_EQ(slot.people(), 2);
  EXPECT_TRUE(slot.on_site());
}

TEST(SetFields, SaysWhichFlagAndField) {
  intake::v1::Slot slot;
  EXPECT_EQ(ProblemOf(SetFields(slot, "--slot", "hours=a lot")),
            "--slot: hours: \"a lot\" is not a whole number");
}

}  // namespace
}  // namespace critac::cli
