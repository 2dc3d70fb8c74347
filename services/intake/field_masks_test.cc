#include "services/intake/field_masks.h"

#include "services/intake/intake_testing.h"

namespace critac::intake {
namespace {

using testing::FailsWith;
using testing::Succeeds;

google::protobuf::FieldMask Mask(const std::vector<std::string>& paths) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return mask;
}

v1::Request Stored() {
  v1::Request request = testing::RequestIn(v1::REQUEST_STATE_IN_REVIEW);
  request.mutable_identity_consent()->set_granted(true);
  request.set_etag("7");
  return request;
}

TEST(UpdateFields, ChangesOnlyWhatTheMaskNames) {
  v1::Request record = Stored();
  v1::Request wanted;
  wanted.set_title("Another title");
  wanted.set_problem("Another problem");
  ASSERT_THAT(UpdateFields(Mask({"title"}), wanted, record), Succeeds());
  v1::Request expected = Stored();
  expected.set_title("Another title");
  EXPECT_EQ(record.SerializeAsString(), expected.SerializeAsString());
}

TEST(UpdateFields, AnEmptyValueEmptiesAField) {
  v1::Request record = Stored();
  ASSERT_THAT(UpdateFields(Mask({"problem", "contacts", "identity_consent", "urgency",
                                 "authority_confirmed"}),
                           v1::Request(), record),
              Succeeds());
  EXPECT_EQ(record.problem(), "");
  EXPECT_EQ(record.contacts_size(), 0);
  EXPECT_FALSE(record.has_identity_consent());
  EXPECT_EQ(record.urgency(), v1::URGENCY_UNSPECIFIED);
  EXPECT_FALSE(record.authority_confirmed());
}

TEST(UpdateFields, ListsAreReplacedWhole) {
  v1::Request record = Stored();
  v1::Request wanted;
  wanted.add_topics("topics/officer-safety");
  ASSERT_THAT(UpdateFields(Mask({"topics"}), wanted, record), Succeeds());
  EXPECT_THAT(record.topics(), ::testing::ElementsAre("topics/officer-safety"));
}

TEST(UpdateFields, AnEmptyMaskStandsForAllThatACallerCanSet) {
  v1::Request record = Stored();
  v1::Request wanted;
  wanted.set_title("Another title");
  wanted.set_state(v1::REQUEST_STATE_CLOSED);
  ASSERT_THAT(UpdateFields({}, wanted, record), Succeeds());
  EXPECT_EQ(record.title(), "Another title");
  EXPECT_EQ(record.problem(), "");
  EXPECT_EQ(record.topics_size(), 0);
  EXPECT_EQ(record.state(), v1::REQUEST_STATE_IN_REVIEW);
  EXPECT_EQ(record.etag(), "7");
  EXPECT_EQ(record.clocks_size(), Stored().clocks_size());
}

TEST(UpdateFields, RefusesAPathThatNamesNoFieldOrAServersOwn) {
  for (const char* path : {"titel", "state", "etag", "name", "title.x", "", "scope.slots", "*"}) {
    v1::Request record = Stored();
    EXPECT_THAT(UpdateFields(Mask({"title", path}), v1::Request(), record),
                FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"))
        << path;
    EXPECT_EQ(record.SerializeAsString(), Stored().SerializeAsString()) << path;
  }
}

}  // namespace
}  // namespace critac::intake
