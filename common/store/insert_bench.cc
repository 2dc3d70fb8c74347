// Measures Connection::InsertRows against its peer: the SQLite C API, one prepared single-row
// insert, reused, in one transaction of the same durability. Prints rows a second of both and their
// ratio, as the median of alternating rounds, by CPU time and by the clock on the wall.
//
// Usage: store_insert_bench [ROWS [ROUNDS]]

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/store/database.h"

namespace critac::store {
namespace {

using Rows = std::vector<std::vector<Value>>;

struct Table {
  const char* name;
  std::vector<std::string> columns;
  std::string create;
  Rows (*rows)(int count);
};

// A journal's event: the table written most.
Rows EventRows(int count) {
  Rows rows;
  for (int64_t i = 1; i <= count; ++i) {
    rows.push_back({i, i * 1000, std::string("coordinator:robin"),
                    absl::StrCat("requests/fy27-", i), std::string("critac.intake.v1.Submitted"),
                    std::string(300, 'x'), absl::StrCat("3f0e8a52-0000-4000-8000-", i),
                    std::string(64, 'a')});
  }
  return rows;
}

// A projection: by a text key in no order, with an index, some columns empty.
Rows ProjectionRows(int count) {
  Rows rows;
  for (int64_t i = 0; i < count; ++i) {
    rows.push_back({absl::StrCat("agencies/", (i * 7919) % count), std::string(500, 'x'),
                    absl::StrCat("S", i % 50), i % 7, nullptr, i});
  }
  return rows;
}

Rows NarrowRows(int count) {
  Rows rows;
  for (int64_t i = 1; i <= count; ++i) rows.push_back({i, absl::StrCat("t", i), nullptr, i});
  return rows;
}

std::vector<Table> Tables() {
  return {
      {"event, 8 columns",
       {"sequence", "record_time", "actor", "subject", "type", "payload", "request_id", "hash"},
       "CREATE TABLE t (sequence INTEGER PRIMARY KEY, record_time BIGINT, actor TEXT, subject "
       "TEXT, type TEXT, payload TEXT, request_id TEXT, hash TEXT); CREATE INDEX s ON t (subject, "
       "sequence)",
       EventRows},
      {"projection, 6 columns",
       {"name", "body", "state", "kind", "parent", "size"},
       "CREATE TABLE t (name TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT, kind BIGINT, parent "
       "TEXT, size BIGINT); CREATE INDEX s ON t (state, name)",
       ProjectionRows},
      {"narrow, 4 columns",
       {"id", "a", "b", "c"},
       "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c BIGINT)",
       NarrowRows},
  };
}

struct Cost {
  double cpu_seconds = 0;
  double wall_seconds = 0;
};

double Seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <typename Work>
Cost Measure(const Work& work) {
  const double cpu = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double wall = Seconds(CLOCK_MONOTONIC);
  work();
  return {Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, Seconds(CLOCK_MONOTONIC) - wall};
}

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "store_insert_bench: %s\n", what);
  std::exit(1);
}

std::string NewFile(const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder + "/bench.db";
}

Cost MeasureStore(const std::string& folder, const Table& table, const Rows& rows) {
  auto database = Database::Open({.url = "sqlite:" + NewFile(folder)});
  Require(database.ok(), "the database cannot be opened");
  Require((*database)->Migrate({{{1, "bench", table.create}}}).ok(), "no table");
  return Measure([&] {
    const absl::Status status = (*database)->Write(
        [&](Connection& connection) { return connection.InsertRows("t", table.columns, rows); });
    Require(status.ok(), "an insert failed");
  });
}

void BindPeer(sqlite3_stmt* statement, int position, const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, position, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, position, text->data(), static_cast<int>(text->size()),
                      SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, position);
  }
}

Cost MeasurePeer(const std::string& folder, const Table& table, const Rows& rows) {
  sqlite3* database = nullptr;
  sqlite3_open(NewFile(folder).c_str(), &database);
  const auto run = [&](const std::string& sql) {
    Require(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
            sql.c_str());
  };
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384");
  run(table.create);
  const Cost cost = Measure([&] {
    run("BEGIN IMMEDIATE");
    const std::string sql =
        absl::StrCat("INSERT INTO t (", absl::StrJoin(table.columns, ", "), ") VALUES (",
                     absl::StrJoin(std::vector<std::string>(table.columns.size(), "?"), ", "), ")");
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr);
    for (const std::vector<Value>& row : rows) {
      int position = 0;
      for (const Value& value : row) BindPeer(statement, ++position, value);
      Require(sqlite3_step(statement) == SQLITE_DONE, "the peer's insert failed");
      sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    run("COMMIT");
  });
  sqlite3_close(database);
  return cost;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Compare(const std::string& folder, const Table& table, int count, int rounds) {
  const Rows rows = table.rows(count);
  std::vector<double> cpu;
  std::vector<double> wall;
  std::vector<double> store_cpu;
  std::vector<double> peer_cpu;
  for (int round = 0; round < rounds; ++round) {
    const Cost store = MeasureStore(folder, table, rows);
    const Cost peer = MeasurePeer(folder, table, rows);
    cpu.push_back(peer.cpu_seconds / store.cpu_seconds);
    wall.push_back(peer.wall_seconds / store.wall_seconds);
    store_cpu.push_back(count / store.cpu_seconds);
    peer_cpu.push_back(count / peer.cpu_seconds);
  }
  std::printf("%-24s %9.0f %9.0f %7.2f %7.2f\n", table.name, Median(store_cpu), Median(peer_cpu),
              Median(cpu), Median(wall));
}

int Main(int argc, char** argv) {
  int count = 5000;
  int rounds = 15;
  if (argc > 1) Require(absl::SimpleAtoi(argv[1], &count) && count > 0, "ROWS: a number");
  if (argc > 2) Require(absl::SimpleAtoi(argv[2], &rounds) && rounds > 0, "ROUNDS: a number");
  std::string folder = std::filesystem::temp_directory_path() / "critac-bench-XXXXXX";
  Require(mkdtemp(folder.data()) != nullptr, "no temporary folder");
  std::printf("%d rows in a transaction, median of %d rounds; rows a CPU second\n", count, rounds);
  std::printf("%-24s %9s %9s %7s %7s\n", "", "store", "C API", "ratio", "(wall)");
  for (const Table& table : Tables()) Compare(folder, table, count, rounds);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace critac::store

int main(int argc, char** argv) { return critac::store::Main(argc, argv); }
