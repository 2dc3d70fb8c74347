#include <memory>

#include "tests/conformance/database_conformance.h"
#include "tests/support/temp_folder.h"

namespace critac::store {
namespace {

class SqlitePlace final : public DatabasePlace {
 public:
  DatabaseOptions Options() const override {
    return {.url = "sqlite:" + folder_.file("center.db")};
  }

 private:
  testing::TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseConformance,
                         ::testing::Values(DatabaseKind{
                             "File", [] { return std::make_unique<SqlitePlace>(); }}),
                         NameOfKind);

}  // namespace
}  // namespace critac::store
