#include "common/store/database.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/store/postgresql_database.h"
#include "common/store/sqlite_database.h"

namespace critac::store {
namespace {

constexpr int kMaxReaders = 64;

absl::StatusOr<std::string> SqlitePath(absl::string_view url) {
  absl::string_view path = url;
  if (!absl::ConsumePrefix(&path, "sqlite:")) {
    return InvalidField("database",
                        "is no database URL: sqlite:PATH and postgresql://HOST/NAME are accepted");
  }
  if (path.empty() || absl::StartsWith(path, ":")) {
    return InvalidField("database", "sqlite: needs the path of a file after it");
  }
  if (absl::StrContains(path, '\0')) return InvalidField("database", "the path holds a NUL byte");
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::string(path), error);
  if (error) return InvalidField("database", absl::StrCat("the path: ", error.message()));
  return absolute.string();
}

}  // namespace

int64_t Row::Int(size_t column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(Text(column), &value) ? value : 0;
}

double Row::Real(size_t column) const {
  double value = 0;
  return absl::SimpleAtod(Text(column), &value) ? value : 0;
}

absl::StatusOr<std::vector<Row>> Connection::QueryAll(absl::string_view sql,
                                                      absl::Span<const Value> parameters) {
  std::vector<Row> rows;
  RETURN_IF_ERROR(Query(sql, parameters, [&](const Row& row) {
    rows.push_back(row);
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  if (options.readers < 1 || options.readers > kMaxReaders) {
    return InvalidField("readers", absl::StrCat(options.readers, " is not in 1..", kMaxReaders));
  }
  if (options.busy_timeout < absl::ZeroDuration() || options.busy_timeout > absl::Minutes(10)) {
    return InvalidField("busy_timeout", absl::StrCat(absl::FormatDuration(options.busy_timeout),
                                                     " is not in 0..10m"));
  }
  if (IsPostgresqlUrl(options.url)) return OpenPostgresql(options);
  ASSIGN_OR_RETURN(const std::string path, SqlitePath(options.url));
  return OpenSqlite(path, options);
}

}  // namespace critac::store
