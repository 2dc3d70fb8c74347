// CatalogService over gRPC, with production wiring and SQLite.
#include "services/intake/service_testing.h"

namespace critac::intake {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::SmallCatalogEntries;
using testing::Succeeds;
using testing::TopicEntry;

class CatalogServiceTest : public ::testing::Test {
 protected:
  testing::IntakeServer intake_;
};

TEST_F(CatalogServiceTest, IsEmptyAtFirst) {
  const auto catalog = intake_.GetCatalog();
  ASSERT_THAT(catalog, Succeeds());
  EXPECT_EQ(catalog->entries_size(), 0);
}

TEST_F(CatalogServiceTest, IsReadWholeAndSorted) {
  ASSERT_THAT(intake_.ImportCatalog(SmallCatalogEntries()), Succeeds());
  const auto catalog = intake_.GetCatalog();
  ASSERT_THAT(catalog, Succeeds());
  ASSERT_EQ(catalog->entries_size(), static_cast<int>(SmallCatalogEntries().size()));
  for (int i = 1; i < catalog->entries_size(); ++i) {
    EXPECT_LT(catalog->entries(i - 1).name(), catalog->entries(i).name());
  }
  EXPECT_NE(catalog->etag(), "");
}

TEST_F(CatalogServiceTest, TheSameRowsAgainChangeNothing) {
  ASSERT_THAT(intake_.ImportCatalog(SmallCatalogEntries()), Succeeds());
  const std::string etag = intake_.GetCatalog()->etag();
  const auto again = intake_.ImportCatalog(SmallCatalogEntries());
  ASSERT_THAT(again, Succeeds());
  for (const v1::ImportResult& result : again->results()) {
    EXPECT_EQ(result.outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  }
  EXPECT_EQ(intake_.GetCatalog()->etag(), etag);
}

TEST_F(CatalogServiceTest, ARefusedRowDoesNotStopTheOthers) {
  v1::CatalogEntry bad_name = TopicEntry("topics/Not A Name");
  v1::CatalogEntry untitled = TopicEntry("topics/untitled");
  untitled.mutable_topic()->clear_title();
  const auto imported = intake_.ImportCatalog({bad_name, TopicEntry("topics/good"), untitled});
  ASSERT_THAT(imported, Succeeds());
  EXPECT_EQ(imported->results(0).outcome(), v1::IMPORT_OUTCOME_REFUSED);
  EXPECT_THAT(imported->results(0).problem(), HasSubstr("name:"));
  EXPECT_EQ(imported->results(1).outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(imported->results(2).outcome(), v1::IMPORT_OUTCOME_REFUSED);
  EXPECT_THAT(imported->results(2).problem(), HasSubstr("topic.title"));
  EXPECT_EQ(intake_.GetCatalog()->entries_size(), 1);
}

TEST_F(CatalogServiceTest, ACheckedImportChangesNothing) {
  const auto checked = intake_.ImportCatalog({TopicEntry("topics/a")}, true);
  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->results(0).outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(checked->results(0).name(), "topics/a");
  EXPECT_EQ(intake_.GetCatalog()->entries_size(), 0);
  EXPECT_EQ(intake_.journal().Head()->sequence, 0);
}

TEST_F(CatalogServiceTest, CommandsSeeAChangeAtOnce) {
  intake_.MakeWorld();
  v1::Request wanted = testing::IntakeServer::Wanted();
  wanted.add_topics("topics/new");
  EXPECT_THAT(intake_.CreateRequest(wanted, testing::kLakeChief),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  ASSERT_THAT(intake_.ImportCatalog({TopicEntry("topics/new")}), Succeeds());
  EXPECT_THAT(intake_.CreateRequest(wanted, testing::kLakeChief), Succeeds());
  ASSERT_THAT(intake_.ImportCatalog({TopicEntry("topics/new", "2026-10-04")}), Succeeds());
  EXPECT_THAT(intake_.CreateRequest(wanted, testing::kLakeChief),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
}

TEST_F(CatalogServiceTest, IsForTheCenterToChange) {
  v1::ImportCatalogRequest request;
  *request.add_entries() = TopicEntry("topics/a");
  request.set_request_id(intake_.NewId());
  EXPECT_THAT(intake_.Call(intake_.catalog, &v1::CatalogService::Stub::ImportCatalog, request,
                           testing::kLakeChief),
              FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

}  // namespace
}  // namespace critac::intake
