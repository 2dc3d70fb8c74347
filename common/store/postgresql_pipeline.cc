#include "common/store/postgresql_pipeline.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/store/back_end.h"
#include "common/store/postgresql_error.h"
#include "common/store/sql_text.h"

namespace critac::store {
namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

// A value as the server reads it: text, or null.
class ParameterText {
 public:
  const char* operator()(const std::nullptr_t&) { return nullptr; }
  const char* operator()(const int64_t& value) { return Keep(absl::StrCat(value)); }
  const char* operator()(const double& value) { return Keep(absl::StrFormat("%.17g", value)); }
  const char* operator()(const std::string& value) { return value.c_str(); }
  const char* operator()(const std::string* value) { return value->c_str(); }

 private:
  const char* Keep(std::string text) {
    text_ = std::move(text);
    return text_.c_str();
  }
  std::string text_;
};

class PostgresqlPipeline final : public StatementPipeline {
 public:
  PostgresqlPipeline(PGconn* server, std::string database)
      : server_(server), database_(std::move(database)) {}

  absl::Status Send(absl::string_view key, absl::FunctionRef<std::string()> sql,
                    absl::Span<const Value* const> values) override {
    RETURN_IF_ERROR(CheckTexts(values));
    if (!open_ && PQenterPipelineMode(server_) == 0) return Lost();
    open_ = true;
    auto statement = statements_.find(key);
    if (statement == statements_.end()) {
      ASSIGN_OR_RETURN(const StatementText text, ReadStatement(sql(), "$"));
      std::string name = absl::StrCat("critac_", ++last_name_);
      if (PQsendPrepare(server_, name.c_str(), text.sql.c_str(), 0, nullptr) == 0) return Lost();
      statement = statements_.emplace(key, std::move(name)).first;
      new_.emplace_back(key);
    }
    std::vector<ParameterText> texts(values.size());
    std::vector<const char*> parameters(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      parameters[i] = std::visit(texts[i], *values[i]);
    }
    const int sent =
        PQsendQueryPrepared(server_, statement->second.c_str(), static_cast<int>(values.size()),
                            parameters.data(), nullptr, nullptr, 0);
    return sent == 0 ? Lost() : absl::OkStatus();
  }

  absl::Status Await() override {
    if (!open_) return absl::OkStatus();
    open_ = false;
    absl::Status outcome = PQpipelineSync(server_) == 0 ? Lost() : ReadToSync();
    if (PQexitPipelineMode(server_) == 0 && outcome.ok()) outcome = Lost();
    if (!outcome.ok()) {
      // Whether these were prepared is not known.
      for (const std::string& key : new_) statements_.erase(key);
    }
    new_.clear();
    return outcome;
  }

 private:
  // Reads one answer after the other up to the end of what was sent; a null stands after each statement's.
  absl::Status ReadToSync() {
    absl::Status first;
    while (true) {
      const ResultPtr result(PQgetResult(server_), &PQclear);
      if (result == nullptr) {
        if (PQstatus(server_) == CONNECTION_OK) continue;
        return first.ok() ? Lost() : first;
      }
      switch (PQresultStatus(result.get())) {
        case PGRES_PIPELINE_SYNC:
          return first;
        case PGRES_FATAL_ERROR: {
          const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
          const char* said = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
          if (first.ok()) {
            first = PostgresqlStatus(sqlstate == nullptr ? "" : sqlstate,
                                     said == nullptr ? PQresultErrorMessage(result.get()) : said,
                                     database_);
          }
          break;
        }
        default:
          break;
      }
    }
  }

  absl::Status Lost() const { return PostgresqlStatus("", PQerrorMessage(server_), database_); }

  PGconn* const server_;
  const std::string database_;
  bool open_ = false;
  // Names of what is prepared, by key: as many as a program has statements.
  absl::flat_hash_map<std::string, std::string> statements_;
  int64_t last_name_ = 0;
  // Keys of those that were sent to be prepared since the last Await.
  std::vector<std::string> new_;
};

}  // namespace

std::unique_ptr<StatementPipeline> MakePostgresqlPipeline(PGconn* server, std::string database) {
  return std::make_unique<PostgresqlPipeline>(server, std::move(database));
}

}  // namespace critac::store
