#include "services/metrics/report_store.h"

#include <iterator>
#include <utility>

#include "common/status/error.h"
#include "critac/metrics/v1/report.pb.h"
#include "services/metrics/render.h"

namespace critac::metrics {
namespace {

// Reports named by one call of Due; the next call names what is left then.
constexpr int64_t kMostDue = 100;

}  // namespace

absl::Status ReportStore::Save(const std::string& report,
                               const std::map<std::string, std::string>& documents,
                               const std::vector<WithheldCell>& withheld) {
  std::vector<std::vector<store::Value>> contents;
  for (const auto& [format, content] : documents) contents.push_back({report, format, content});
  std::vector<std::vector<store::Value>> log;
  for (const WithheldCell& cell : withheld) {
    log.push_back({report, static_cast<int64_t>(log.size()), cell.figure, cell.row, cell.column,
                   cell.value, int64_t{cell.primary}});
  }
  return database_.Write([&](store::Connection& connection) -> absl::Status {
    for (const char* sql : {"DELETE FROM metrics_report_document WHERE report = :p1",
                            "DELETE FROM metrics_report_withheld WHERE report = :p1"}) {
      RETURN_IF_ERROR(connection.Execute(sql, {report}).status());
    }
    RETURN_IF_ERROR(connection.InsertRows("metrics_report_document",
                                          {"report", "format", "content"}, contents));
    if (log.empty()) return absl::OkStatus();
    return connection.InsertRows(
        "metrics_report_withheld",
        {"report", "number", "figure", "row_name", "column_name", "value", "is_primary"}, log);
  });
}

absl::StatusOr<std::optional<std::string>> ReportStore::Read(const std::string& report,
                                                             absl::string_view format) {
  std::optional<std::string> content;
  RETURN_IF_ERROR(database_.Read([&](store::Connection& connection) {
    return connection.Query(
        "SELECT content FROM metrics_report_document WHERE report = :p1 AND format = :p2",
        {report, std::string(format)}, [&](const store::Row& row) {
          content = row.Text(0);
          return absl::OkStatus();
        });
  }));
  return content;
}

absl::StatusOr<std::vector<WithheldCell>> ReportStore::Withheld(const std::string& report) {
  std::vector<WithheldCell> withheld;
  RETURN_IF_ERROR(database_.Read([&](store::Connection& connection) {
    return connection.Query(
        "SELECT figure, row_name, column_name, value, is_primary FROM metrics_report_withheld "
        "WHERE report = :p1 ORDER BY number",
        {report}, [&](const store::Row& row) {
          withheld.push_back({row.Text(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4) != 0});
          return absl::OkStatus();
        });
  }));
  return withheld;
}

absl::StatusOr<std::vector<std::string>> ReportStore::Due() {
  std::vector<std::string> due;
  RETURN_IF_ERROR(database_.Read([&](store::Connection& connection) {
    return connection.Query(
        "SELECT name FROM metrics_report WHERE state = :p1 OR (state = :p2 AND "
        "(SELECT COUNT(*) FROM metrics_report_document WHERE report = name) < :p3) "
        "ORDER BY name LIMIT :p4",
        {int64_t{v1::REPORT_STATE_PENDING}, int64_t{v1::REPORT_STATE_DONE},
         static_cast<int64_t>(std::size(kFormats)), kMostDue},
        [&](const store::Row& row) {
          due.push_back(row.Text(0));
          return absl::OkStatus();
        });
  }));
  return due;
}

}  // namespace critac::metrics
