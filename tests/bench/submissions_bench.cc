// Durable submissions a second through gRPC at 64 in flight on SQLite, against two peers in the same
// run, with the same message:
//   bare   a gRPC server whose handler returns an empty answer at once
//   sqlite one row a transaction through SQLite's C API, at the same durability
//
// Every round measures all three, one after the other, so that a machine that slows down slows all
// of them; ratios are medians over the rounds.
//
// Usage: submissions_bench [CALLS-A-ROUND [ROUNDS]]
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/json_text.h"
#include "common/server/process.h"
#include "common/server/run.h"
#include "services/intake/bind.h"
#include "tests/bench/findings.h"
#include "tests/bench/measure.h"
#include "tests/bench/submissions.h"
#include "tests/support/temp_folder.h"

namespace critac::bench {
namespace {

// ---- The peer -----------------------------------------------------------------------------------

// Writes rows, one a transaction, of what the service keeps of a request.
Speed WriteRows(const std::string& path, int rows) {
  sqlite3* database = nullptr;
  const auto run = [&](const char* sql) {
    char* problem = nullptr;
    if (sqlite3_exec(database, sql, nullptr, nullptr, &problem) != SQLITE_OK) Fail(problem);
  };
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) Fail("SQLite does not open " + path);
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = FULL");
  run("CREATE TABLE IF NOT EXISTS request (name TEXT PRIMARY KEY, body TEXT NOT NULL)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO request VALUES (?, ?)", -1, &insert, nullptr);
  const std::string body = journal::ToJsonText(Submission(0, "agencies/ut-000001").request());
  static int number = 0;
  const Stopwatch stopwatch;
  for (int i = 0; i < rows; ++i) {
    const std::string name = absl::StrFormat("requests/fy27-%08d", ++number);
    sqlite3_bind_text(insert, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) Fail(sqlite3_errmsg(database));
    sqlite3_reset(insert);
  }
  const Speed speed = stopwatch.Stop(rows);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return speed;
}

// ---- Ours ---------------------------------------------------------------------------------------

class Center {
 public:
  explicit Center(const std::string& folder)
      : log_(server::LogLevel::kWarning, SystemClock::Instance()) {
    server::ServerConfig config;
    config.name = "submissions_bench";
    config.listen = {.host = "127.0.0.1", .port = 0};
    config.data = folder;
    config.log_level = server::LogLevel::kWarning;
    config.drain_timeout = absl::Seconds(5);
    auto process =
        server::Process::Start(config, {intake::BindIntake}, SystemClock::Instance(), ids_, log_);
    Check(process.status(), "start");
    process_ = *std::move(process);
    stub_ = StubTo(process_->address().ToString());
    agencies_ = FillIntake(process_->address().ToString());
  }
  RequestService::Stub& stub() { return *stub_; }
  const std::string& agency(int i) const {
    return agencies_[static_cast<size_t>(i) % agencies_.size()];
  }

 private:
  RandomIdSource ids_;
  server::Log log_;
  std::unique_ptr<server::Process> process_;
  std::unique_ptr<RequestService::Stub> stub_;
  std::vector<std::string> agencies_;
};

int Main(int calls, int rounds) {
  server::SkipDeadlockDetection();  // as the shipped programs do
  const testing::TempFolder folder;
  Center center(folder.file("center"));
  BareServer bare;
  int number = 0;
  const auto make_calls = [&](RequestService::Stub& stub, int count) {
    std::vector<intake::v1::CreateRequestRequest> submissions;
    for (int i = 0; i < count; ++i) {
      ++number;
      submissions.push_back(Submission(number, center.agency(number)));
    }
    return MakeCalls({&stub}, &RequestMethods::CreateRequest, std::move(submissions));
  };
  // Once unmeasured: connections, caches, first pages.
  make_calls(center.stub(), 500);
  make_calls(bare.stub(), 500);
  std::vector<double> against_bare, against_rows, ours;
  std::printf("%-6s %20s %20s %20s\n", "", "ours", "bare gRPC", "SQLite rows");
  std::printf("%-6s", "round");
  for (int i = 0; i < 3; ++i) std::printf(" %10s %9s", "a second", "CPU us");
  std::printf("\n");
  for (int round = 1; round <= rounds; ++round) {
    const Speed empty = make_calls(bare.stub(), calls);
    const Speed durable = make_calls(center.stub(), calls);
    const Speed rows = WriteRows(folder.file("peer.sqlite"), calls / 4);
    std::printf("%-6d", round);
    for (const Speed& speed : {durable, empty, rows}) {
      std::printf(" %10.0f %9.0f", speed.a_second, speed.cpu_micros);
    }
    std::printf("\n");
    ours.push_back(durable.a_second);
    against_bare.push_back(durable.a_second / empty.a_second);
    against_rows.push_back(durable.a_second / rows.a_second);
  }
  std::printf("\ndurable submissions, %d in flight: %.0f a second\n", kInFlight, Median(ours));
  std::printf("ratio to bare gRPC unary calls:        %.2f  (at least 0.35)\n",
              Median(against_bare));
  std::printf("ratio to one-row SQLite transactions:  %.2f  (at least 1.50)\n",
              Median(against_rows));
  Findings findings;
  findings.AtLeast("submissions to bare gRPC unary calls", Median(against_bare), 0.35);
  findings.AtLeast("submissions to one-row SQLite transactions", Median(against_rows), 1.5);
  return findings.Conclude();
}

}  // namespace
}  // namespace critac::bench

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (calls < 100 || rounds < 1) {
    std::fprintf(stderr, "usage: submissions_bench [CALLS-A-ROUND [ROUNDS]]\n");
    return 2;
  }
  return critac::bench::Main(calls, rounds);
}
