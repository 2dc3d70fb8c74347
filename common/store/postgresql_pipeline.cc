#include "common/store/postgresql_pipeline.h"

#include <cstring>
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
      Statement made{absl::StrCat("critac_", ++last_name_),
                     static_cast<size_t>(text.parameter_count)};
      if (PQsendPrepare(server_, made.name.c_str(), text.sql.c_str(), 0, nullptr) == 0) {
        return Lost();
      }
      unsynced_bytes_ += text.sql.size();
      statement = statements_.emplace(key, std::move(made)).first;
      new_.emplace_back(key);
    }
    const auto& [name, parameter_count] = statement->second;
    if (values.size() != parameter_count) {
      return WrongCount("parameters", parameter_count, values.size());
    }
    std::vector<ParameterText> texts(values.size());
    std::vector<const char*> parameters(values.size());
    unsynced_bytes_ += kStatementBytes;
    for (size_t i = 0; i < values.size(); ++i) {
      parameters[i] = std::visit(texts[i], *values[i]);
      unsynced_bytes_ += kValueBytes + (parameters[i] == nullptr ? 0 : std::strlen(parameters[i]));
    }
    if (PQsendQueryPrepared(server_, name.c_str(), static_cast<int>(values.size()),
                            parameters.data(), nullptr, nullptr, 0) == 0) {
      return Lost();
    }
    return unsynced_bytes_ < kSyncedBytes ? absl::OkStatus() : Sync();
  }

  absl::Status Await() override {
    if (!open_) return absl::OkStatus();
    open_ = false;
    absl::Status outcome = Sync();
    if (outcome.ok()) outcome = ReadToLastSync();
    if (PQexitPipelineMode(server_) == 0) {
      is_broken_ = true;
      if (outcome.ok()) outcome = Lost();
    }
    syncs_ = 0;
    unsynced_bytes_ = 0;
    if (!outcome.ok()) {
      // Whether these were prepared is not known.
      for (const std::string& key : new_) statements_.erase(key);
    }
    new_.clear();
    return outcome;
  }

  bool is_broken() const override { return is_broken_; }

 private:
  struct Statement {
    std::string name;
    size_t parameter_count = 0;
  };

  // Where libpq has this much, it sends by itself. A server that has got statements without a sync waits for more for
  // ever: only after a sync is the transaction one that its process has left alone (longest_pause). So a sync follows
  // at once.
  static constexpr size_t kSyncedBytes = 8192;
  // What a statement, and each of its values, takes beside their bytes; rather too much.
  static constexpr size_t kStatementBytes = 100;
  static constexpr size_t kValueBytes = 8;

  // In a row: nothing is to come any more, whatever libpq thinks.
  static constexpr int kMostNulls = 3;

  absl::Status Sync() {
    unsynced_bytes_ = 0;
    if (PQpipelineSync(server_) == 0) return Lost();
    ++syncs_;
    return absl::OkStatus();
  }

  // Reads one answer after the other up to the last sync; a null stands after each statement's. What follows the first
  // failure fails for its sake.
  absl::Status ReadToLastSync() {
    absl::Status first;
    int nulls = 0;
    while (syncs_ > 0) {
      const ResultPtr result(PQgetResult(server_), &PQclear);
      if (result == nullptr) {
        if (++nulls < kMostNulls && PQstatus(server_) == CONNECTION_OK) continue;
        is_broken_ = true;
        return first.ok() ? Lost() : first;
      }
      nulls = 0;
      switch (PQresultStatus(result.get())) {
        case PGRES_PIPELINE_SYNC:
          --syncs_;
          break;
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
    return first;
  }

  absl::Status Lost() const { return PostgresqlStatus("", PQerrorMessage(server_), database_); }

  PGconn* const server_;
  const std::string database_;
  bool open_ = false;
  bool is_broken_ = false;
  // Syncs whose answer is to come, and what was sent since the last.
  int syncs_ = 0;
  size_t unsynced_bytes_ = 0;
  // What is prepared, by key: as many as a program has statements.
  absl::flat_hash_map<std::string, Statement> statements_;
  int64_t last_name_ = 0;
  // Keys of those that were sent to be prepared since the last Await.
  std::vector<std::string> new_;
};

}  // namespace

std::unique_ptr<StatementPipeline> MakePostgresqlPipeline(PGconn* server, std::string database) {
  return std::make_unique<PostgresqlPipeline>(server, std::move(database));
}

}  // namespace critac::store
