// What the shapes of two versions say of each other.
#include "common/journal/projections.h"

#include <string>
#include <vector>

#include "common/journal/testing_older.h"
#include "critac/intake/v1/request.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace critac::journal {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Projections Keeping(const google::protobuf::Message& prototype,
                    const std::vector<std::string>& columns = {}) {
  Projection projection{"requests", "request", &prototype, {}};
  for (const std::string& column : columns) projection.columns.push_back({column, nullptr});
  return Projections(std::vector<Projection>{projection});
}

TEST(Projections, AShapeNamesColumnsAndTheFieldsOfAllMessagesInARow) {
  const Projections projections = Keeping(intake::v1::Request::default_instance(), {"a", "b"});
  EXPECT_THAT(projections.shape(), StartsWith("requests request: a b\n"));
  EXPECT_THAT(projections.shape(), EndsWith("\ngoogle.protobuf.Timestamp: nanos seconds\n"));
  EXPECT_THAT(projections.shape(),
              HasSubstr("\ncritac.intake.v1.Consent: granted time\n"
                        "critac.intake.v1.Contact: email fullName phone role title\n"));
  EXPECT_THAT(projections.shape(), HasSubstr("\ncritac.type.v1.SizeBand: SIZE_BAND_"));
}

TEST(Projections, AMessageWithinItselfIsNamedOnce) {
  EXPECT_EQ(Keeping(google::protobuf::ListValue::default_instance()).shape(),
            "requests request:\n"
            "google.protobuf.ListValue: values\n"
            "google.protobuf.NullValue: NULL_VALUE\n"
            "google.protobuf.Struct: fields\n"
            "google.protobuf.Struct.FieldsEntry: key value\n"
            "google.protobuf.Value: boolValue listValue nullValue numberValue stringValue "
            "structValue\n");
}

TEST(Projections, OfTwoVersionsTheOlderHasFewerFieldsOrValuesOfEnums) {
  const google::protobuf::Message& request = intake::v1::Request::default_instance();
  struct Case {
    const char* owner;
    const char* member;
  };
  for (const auto& [owner, member] : {Case{"critac.intake.v1.Request", "audience_size"},
                                      {"critac.intake.v1.Request", "scope"},
                                      {"critac.intake.v1.Slot", "served_in_same_size_band"},
                                      {"critac.type.v1.SizeBand", "SIZE_BAND_2_9"}}) {
    SCOPED_TRACE(member);
    const OlderType before(*request.GetDescriptor(), owner, member);
    const Projections older = Keeping(before.prototype());
    const Projections newer = Keeping(request);
    EXPECT_NE(older.shape(), newer.shape());
    EXPECT_TRUE(older.HaveFewerFieldsThan(newer.shape()));
    EXPECT_FALSE(newer.HaveFewerFieldsThan(older.shape()));
    EXPECT_TRUE(newer.Cover(older.shape()));
    EXPECT_FALSE(older.Cover(newer.shape()));
  }
}

TEST(Projections, WhereOnlyColumnsDifferNeitherHasFewerFields) {
  const google::protobuf::Message& request = intake::v1::Request::default_instance();
  const Projections fewer = Keeping(request, {"a"});
  const Projections more = Keeping(request, {"a", "b"});
  EXPECT_FALSE(fewer.HaveFewerFieldsThan(more.shape()));
  EXPECT_FALSE(more.HaveFewerFieldsThan(fewer.shape()));
  EXPECT_TRUE(more.Cover(fewer.shape()));
  EXPECT_FALSE(fewer.Cover(more.shape()));
}

TEST(Projections, AShapeOfColumnsAloneIsCovered) {
  const Projections projections = Keeping(intake::v1::Request::default_instance(), {"a"});
  for (const char* shape : {"", "requests request:\n", "requests request: a\n"}) {
    EXPECT_TRUE(projections.Cover(shape)) << shape;
    EXPECT_FALSE(projections.HaveFewerFieldsThan(shape)) << shape;
  }
  EXPECT_FALSE(projections.Cover("requests request: a b\n"));
}

}  // namespace
}  // namespace critac::journal
