// Intake on PostgreSQL against peers in the same run, on one server that waits for its disk:
//   submissions  as shipped, through gRPC, 64 in flight, against pgbench, which inserts the rows of a
//                submission one transaction each from 32 clients
//   replicas     two over one database, with as many in flight, against one
//   journal      the same events by themselves, in this process, against the same pgbench
//   get          a request by its name, through gRPC, against a bare gRPC server that has it in memory: of a thousand
//                in turn, which intake remembers, and each once, which it has to read
// At the end it says what a replica takes, on SQLite and on PostgreSQL: for who plans a cluster.
//
// The rows of a submission are those that one left behind: its events, the texts it brought to the vault,
// its answer, the request. pgbench gets their texts as parameters of prepared statements, in tables made
// by the same migrations; what moves in the rows of others (the journal's head, the counter of names) it
// is spared. It sends a statement a table, as a program does that has no journal, and for comparison the
// same without waiting in between (a pipeline).
//
// Every round measures all of them, one after the other, so that a machine that slows down slows all;
// ratios are medians over the rounds.
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/journal/json_text.h"
#include "common/journal/vault.h"
#include "common/server/run.h"
#include "common/store/database.h"
#include "critac/intake/v1/events.pb.h"
#include "services/intake/intake_store.h"
#include "tests/bench/findings.h"
#include "tests/bench/measure.h"
#include "tests/bench/submissions.h"
#include "tests/bench/taken.h"
#include "tests/support/postgresql_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::bench {
namespace {

using intake::v1::CreateRequestRequest;
using intake::v1::GetRequestRequest;
using intake::v1::Request;
using store::Row;
using testing::PostgresqlServer;

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";
constexpr int kPgbenchClients = 32;
// Commands that wait for the journal: while some are written, a transaction's worth is there.
constexpr int kCommandsInFlight = 2000;
// Requests that are asked for in turn, and those of which each is asked for once before the first comes again: more
// than a replica remembers.
constexpr int kRequestsRead = 1000;
constexpr int kRequestsReadOnce = 20'000;

// ---- The server ---------------------------------------------------------------------------------

void CheckPrograms() {
  for (const char* name : {"initdb", "postgres", "createdb", "psql", "pgbench"}) {
    const std::string path = absl::StrCat(kPrograms, name);
    if (access(path.c_str(), X_OK) != 0) {
      Fail(absl::StrCat("nothing is measured: ", path,
                        " is not there; Debian's postgresql brings it (deploy/local/install)"));
    }
  }
}

// A commit to memory waits for nothing.
void CheckOnDisk(const std::string& folder) {
  struct statfs system = {};
  if (statfs(folder.c_str(), &system) != 0) Fail("nothing is known of the disk of " + folder);
  if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC) {
    Fail(absl::StrCat("nothing is measured: ", folder,
                      " is in memory; TMPDIR names a folder on a disk"));
  }
}

// Nothing that the server does now and then falls on one measure and not on another: no checkpoint
// does, and PostgresqlServer has no autovacuum.
std::vector<std::string> ServerSettings() { return {"checkpoint_timeout=1h", "max_wal_size=8GB"}; }

void CheckDurable(PostgresqlServer& server) {
  if (!server.is_up()) Fail("PostgreSQL did not start in " + server.folder());
  for (const char* setting : {"fsync", "synchronous_commit", "full_page_writes"}) {
    const std::string is = server.Ask(absl::StrCat("SHOW ", setting));
    if (is != "on") Fail(absl::StrCat("PostgreSQL has ", setting, " = ", is, "; on is wanted"));
  }
}

std::string NewDatabase(PostgresqlServer& server, const std::string& name) {
  std::string url = server.MakeDatabase(name);
  if (url.empty()) Fail("no database " + name);
  return url;
}

std::unique_ptr<store::Database> OpenDatabase(const std::string& url) {
  auto database = store::Database::Open({.url = url});
  Check(database.status(), "open a database");
  return *std::move(database);
}

std::unique_ptr<journal::Journal> OpenJournal(const std::string& url, IdSource& ids) {
  auto opened = journal::Journal::Open(intake::IntakeJournal(), OpenDatabase(url),
                                       SystemClock::Instance(), ids);
  Check(opened.status(), "open a journal");
  return *std::move(opened);
}

// ---- Intake as shipped --------------------------------------------------------------------------

// A process of it.
class Replica {
 public:
  Replica(const std::string& database, const std::string& queue, const std::string& data)
      : program_(CRITAC_PROGRAMS "/critac-intake",
                 {"--database", database, "--queue", queue, "--data", data, "--listen",
                  "127.0.0.1:0", "--admin-listen", "off", "--log-level", "error"}) {
    const std::string ready = "critac ready on ";
    const std::string line = program_.OutLine();
    if (!absl::StartsWith(line, ready)) {
      Fail("critac-intake did not start: " + program_.RestOfError());
    }
    program_.StopReading();
    address_ = line.substr(ready.size());
    stub_ = StubTo(address_);
  }

  const std::string& address() const { return address_; }
  RequestService::Stub& stub() { return *stub_; }
  Taken taken() const { return TakenBy(program_.pid()); }

 private:
  testing::RunningProgram program_;
  std::string address_;
  std::unique_ptr<RequestService::Stub> stub_;
};

// Replicas over one database, and what submissions need in it.
class Intake {
 public:
  Intake(std::string database, int replicas, const std::string& queue, const std::string& data)
      : database_(std::move(database)) {
    for (int i = 0; i < replicas; ++i) {
      replicas_.push_back(std::make_unique<Replica>(database_, queue, data));
    }
    agencies_ = FillIntake(replicas_.front()->address());
  }

  const std::string& database() const { return database_; }
  // Of the first replica.
  Taken taken() const { return replicas_.front()->taken(); }

  Speed Submit(int count) {
    std::vector<CreateRequestRequest> calls;
    for (int i = 0; i < count; ++i) calls.push_back(NextSubmission());
    return MakeCalls(Stubs(), &RequestMethods::CreateRequest, std::move(calls));
  }
  Request SubmitOne() {
    auto submitted = rpc::Invoke(replicas_.front()->stub(), &RequestService::Stub::CreateRequest,
                                 NextSubmission(), AsCoordinator());
    Check(submitted.status(), "submit a request");
    return *std::move(submitted);
  }

  Speed Get(const std::vector<std::string>& names, int count) {
    return GetFrom(Stubs(), names, count);
  }
  Request GetOne(const std::string& name) {
    GetRequestRequest call;
    call.set_name(name);
    auto got = rpc::Invoke(replicas_.front()->stub(), &RequestService::Stub::GetRequest, call,
                           AsCoordinator());
    Check(got.status(), "get a request");
    return *std::move(got);
  }

  static Speed GetFrom(const std::vector<RequestService::Stub*>& stubs,
                       const std::vector<std::string>& names, int count) {
    std::vector<GetRequestRequest> calls(static_cast<size_t>(count));
    for (size_t i = 0; i < calls.size(); ++i) calls[i].set_name(names[i % names.size()]);
    return MakeCalls(stubs, &RequestMethods::GetRequest, std::move(calls));
  }

 private:
  std::vector<RequestService::Stub*> Stubs() {
    std::vector<RequestService::Stub*> stubs;
    for (const auto& replica : replicas_) stubs.push_back(&replica->stub());
    return stubs;
  }
  CreateRequestRequest NextSubmission() {
    ++submitted_;
    return Submission(submitted_, agencies_[static_cast<size_t>(submitted_) % agencies_.size()]);
  }

  const std::string database_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<std::string> agencies_;
  int submitted_ = 0;
};

// ---- What a submission writes -------------------------------------------------------------------

struct WrittenRows {
  std::string table;
  std::vector<std::string> columns;
  // Which of the table's rows are a submission's: `:p1` is the first of its events, `:p2` the last.
  std::string condition;
  std::vector<Row> rows;
};

// What is in the database of one submission.
struct Written {
  std::string name;
  int64_t first_event = 0;
  std::vector<WrittenRows> tables;
  // Its events, with their texts.
  intake::v1::RequestCreated created;
  intake::v1::RequestTransitioned submitted;
};

std::vector<WrittenRows> TablesOfSubmission() {
  const std::string of_events = "sequence BETWEEN :p1 AND :p2";
  return {{"journal_event",
           {"sequence", "record_time", "actor", "subject", "type", "payload", "request_id", "hash"},
           of_events,
           {}},
          {"journal_vault", {"sequence", "place", "field", "salt", "content"}, of_events, {}},
          {"journal_answer",
           {"request_id", "fingerprint", "sequence", "type", "answer", "request_key"},
           of_events,
           {}},
          {"intake_request",
           {"name", "body", "state", "agency", "primary_topic", "coordinator", "urgency",
            "needed_by", "create_time", "external_id", "matching"},
           "name = (SELECT subject FROM journal_event WHERE sequence = :p1 AND sequence <= :p2)",
           {}}};
}

// Reads what the submission of `name` wrote.
Written ReadWritten(store::Database& database, const std::string& name) {
  Written written;
  written.name = name;
  const auto read = [&](store::Connection& connection) -> absl::Status {
    auto events = connection.QueryAll(
        "SELECT sequence, payload FROM journal_event WHERE subject = :p1 ORDER BY sequence",
        {name});
    if (!events.ok()) return events.status();
    if (events->size() != 2) Fail(absl::StrCat(name, " has ", events->size(), " events, not 2"));
    written.first_event = events->front().Int(0);
    const int64_t last_event = events->back().Int(0);
    for (WrittenRows table : TablesOfSubmission()) {
      auto rows = connection.QueryAll(
          absl::StrCat("SELECT ", absl::StrJoin(table.columns, ", "), " FROM ", table.table,
                       " WHERE ", table.condition, " ORDER BY 1, 2"),
          {written.first_event, last_event});
      if (!rows.ok()) return rows.status();
      if (rows->empty()) Fail("a submission left nothing in " + table.table);
      table.rows = *std::move(rows);
      written.tables.push_back(std::move(table));
    }
    Check(journal::FromJsonText(events->front().Text(1), written.created), "read an event");
    Check(journal::FromJsonText(events->back().Text(1), written.submitted), "read an event");
    google::protobuf::Message* const messages[] = {&written.created, &written.submitted};
    return journal::JoinVault(connection, messages);
  };
  Check(database.Read(read), "read what a submission wrote");
  return written;
}

std::vector<std::string> ReadNames(store::Database& database, int count) {
  std::vector<std::string> names;
  const auto read = [&](store::Connection& connection) {
    names.clear();
    return connection.Query("SELECT name FROM intake_request ORDER BY name LIMIT :p1",
                            {int64_t{count}}, [&](const Row& row) {
                              names.push_back(row.Text(0));
                              return absl::OkStatus();
                            });
  };
  Check(database.Read(read), "read names");
  return names;
}

// ---- The peer -----------------------------------------------------------------------------------

// A script of pgbench that inserts rows like those of one submission, and its variables. Each time their
// keys are others: `first` is the first event, `key` the number in names.
class PeerScript {
 public:
  explicit PeerScript(const Written& written) : written_(written) {
    for (const WrittenRows& table : written.tables) Insert(table);
  }

  // `pipelined`: no statement waits for the one before.
  std::string Text(bool pipelined) const {
    return absl::StrCat(
        "\\set n :n + 1\n"
        "\\set key :client_id * 1000000000 + :before + :n\n"
        "\\set first :key * 2\n"
        "\\set request_key random(1, 1000000000000000000)\n",
        pipelined ? "\\startpipeline\n" : "", "BEGIN;\n", inserts_, "COMMIT;\n",
        pipelined ? "\\endpipeline\n" : "");
  }
  // `name=value`.
  const std::vector<std::string>& variables() const { return variables_; }

 private:
  void Insert(const WrittenRows& table) {
    absl::StrAppend(&inserts_, "INSERT INTO ", table.table, " (",
                    absl::StrJoin(table.columns, ", "), ") VALUES ");
    for (size_t i = 0; i < table.rows.size(); ++i) {
      std::vector<std::string> values;
      for (size_t column = 0; column < table.columns.size(); ++column) {
        values.push_back(ValueOf(table.columns[column], table.rows[i], column));
      }
      absl::StrAppend(&inserts_, i == 0 ? "(" : ", (", absl::StrJoin(values, ", "), ")");
    }
    absl::StrAppend(&inserts_, ";\n");
  }

  std::string ValueOf(const std::string& column, const Row& row, size_t i) {
    if (column == "sequence") {
      return absl::StrCat("CAST(:first AS BIGINT) + ", row.Int(i) - written_.first_event);
    }
    if (column == "request_key") return "CAST(:request_key AS BIGINT)";
    if (column == "subject" || column == "name") return "'requests/peer-' || CAST(:key AS TEXT)";
    if (row.IsNull(i)) return "NULL";
    if (row.Text(i).empty()) return "''";  // pgbench takes no variable without a value
    const std::string name = absl::StrCat("value", variables_.size());
    variables_.push_back(absl::StrCat(name, "=", row.Text(i)));
    return ":" + name;
  }

  const Written& written_;
  std::string inserts_;
  std::vector<std::string> variables_;
};

class Peer {
 public:
  // `folder` is where the scripts are put.
  Peer(PostgresqlServer& server, std::string database, const Written& written, std::string folder)
      : server_(server),
        database_(std::move(database)),
        script_(written),
        folder_(std::move(folder)) {}

  // Transactions a second.
  double Run(bool pipelined, int seconds) {
    const std::string file = absl::StrCat(folder_, "/", pipelined ? "pipelined" : "plain", ".sql");
    std::ofstream(file) << script_.Text(pipelined);
    std::vector<std::string> arguments = {"--host=" + server_.folder(),
                                          "--username=critac",
                                          "-n",
                                          "-M",
                                          "prepared",
                                          "-f",
                                          file,
                                          "-c",
                                          absl::StrCat(kPgbenchClients),
                                          "-j",
                                          "2",
                                          "-T",
                                          absl::StrCat(seconds),
                                          "-D",
                                          "n=0",
                                          "-D",
                                          absl::StrCat("before=", 1'000'000 * ++runs_)};
    for (const std::string& variable : script_.variables()) {
      arguments.insert(arguments.end(), {"-D", variable});
    }
    arguments.push_back(database_);
    testing::RunningProgram program(absl::StrCat(kPrograms, "pgbench"), arguments);
    const std::string said = program.RestOfOut();
    const std::string problems = program.RestOfError();
    if (program.Wait() != 0) Fail("pgbench failed: " + problems);
    return TransactionsASecond(said);
  }

 private:
  static double TransactionsASecond(const std::string& said) {
    const std::string before = "tps = ";
    const size_t at = said.find(before);
    double number = 0;
    if (at != said.npos) {
      const std::string rest = said.substr(at + before.size());
      if (absl::SimpleAtod(rest.substr(0, rest.find(' ')), &number)) return number;
    }
    Fail("pgbench does not say how many transactions it made: " + said);
  }

  PostgresqlServer& server_;
  const std::string database_;
  const PeerScript script_;
  const std::string folder_;
  int runs_ = 0;
};

// ---- The journal by itself ----------------------------------------------------------------------

// Appends the events of submissions, which are decided already.
class Appender {
 public:
  Appender(const std::string& url, const Written& written)
      : written_(written), journal_(OpenJournal(url, ids_)) {}
  ~Appender() { journal_->Stop(); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  Speed Append(int count) {
    commands_.clear();
    for (int i = 0; i < count; ++i) commands_.push_back(NextCommand());
    next_ = 0;
    {
      absl::MutexLock lock(&mutex_);
      left_ = count;
    }
    const Stopwatch stopwatch;
    for (int i = 0; i < kCommandsInFlight; ++i) Start();
    {
      const auto none_left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return left_ == 0; };
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&none_left));
    }
    const Speed speed = stopwatch.Stop(static_cast<size_t>(count));
    CheckHead();
    return speed;
  }

 private:
  void Start() {
    const size_t i = next_++;
    if (i >= commands_.size()) return;
    journal_->Submit(std::move(commands_[i]),
                     [this](const absl::StatusOr<journal::Answer>& answer) {
                       Check(answer.status(), "append");
                       // The count comes last: with it, Append may return.
                       Start();
                       absl::MutexLock lock(&mutex_);
                       --left_;
                     });
  }

  journal::Command NextCommand() {
    ++appended_;
    const std::string name = absl::StrFormat("requests/fy27-%06d", appended_);
    journal::Command command;
    command.request_id = UuidFromName(name);
    command.fingerprint = std::string(64, 'f');  // as long as a SHA-256
    command.actor = "coordinator:bench";
    command.decide = [this, name](journal::Draft& draft) {
      intake::v1::RequestCreated created = written_.created;
      created.mutable_request()->set_name(name);
      draft.Emit(name, std::move(created));
      draft.Emit(name, written_.submitted);
      draft.AnswerWith(name);
      return absl::OkStatus();
    };
    return command;
  }

  // Of each command both events are there.
  void CheckHead() {
    const auto head = journal_->Head();
    Check(head.status(), "read the head");
    if (head->sequence != 2 * int64_t{appended_}) {
      Fail(absl::StrCat(appended_, " commands came to ", head->sequence, " events"));
    }
  }

  const Written& written_;
  RandomIdSource ids_;
  const std::unique_ptr<journal::Journal> journal_;
  int appended_ = 0;
  std::vector<journal::Command> commands_;
  std::atomic<size_t> next_ = 0;
  absl::Mutex mutex_;
  int left_ ABSL_GUARDED_BY(mutex_) = 0;
};

// ---- Telling ------------------------------------------------------------------------------------

// What one measure came to, round by round.
class Series {
 public:
  // `run` measures, about `count` of what is measured, and returns how many a second there were.
  Series(std::string name, int seconds, std::function<double(int count)> run)
      : name_(std::move(name)), seconds_(seconds), run_(std::move(run)), last_(run_(kUnmeasured)) {}

  // Measures again: as many as take `seconds`, at the speed of the last time.
  void Measure() {
    last_ = run_(std::max(kUnmeasured, static_cast<int>(last_ * seconds_)));
    rates_.push_back(last_);
  }

  const std::string& name() const { return name_; }
  double last() const { return last_; }
  const std::vector<double>& rates() const { return rates_; }

 private:
  // Once before the rounds: connections, caches, first pages.
  static constexpr int kUnmeasured = 1000;

  const std::string name_;
  const int seconds_;
  const std::function<double(int)> run_;
  double last_;
  std::vector<double> rates_;
};

void PrintHead() {
  std::printf("\n%-36s %-20s %8s %8s %7s %7s  %s\n", "what, a second", "peer", "ours", "peer",
              "ratio", "wanted", "spread of ratio");
}

// `wanted` 0: nothing, it is for comparison.
void PrintLine(Findings& findings, const char* what, const Series& ours, const Series& peer,
               double wanted) {
  std::vector<double> ratios;
  for (size_t i = 0; i < ours.rates().size(); ++i) {
    ratios.push_back(ours.rates()[i] / peer.rates()[i]);
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  const std::string bound = wanted > 0 ? absl::StrFormat("%.2f", wanted) : "-";
  std::printf("%-36s %-20s %8.0f %8.0f %7.2f %7s  %.2f to %.2f\n", what, peer.name().c_str(),
              Median(ours.rates()), Median(peer.rates()), Median(ratios), bound.c_str(), *least,
              *most);
  if (wanted > 0) {
    findings.AtLeast(absl::StrCat(what, ", to ", peer.name()), Median(ratios), wanted);
  }
}

// ---- Capacity -----------------------------------------------------------------------------------

// What a replica takes that does nothing but take submissions, and what they leave.
struct Capacity {
  double rest_mib = 0;
  double load_mib = 0;
  double a_second = 0;
  // Of it alone, the server's not counted.
  double processors = 0;
  int submitted = 0;
};

Capacity MeasureCapacity(Intake& intake, int seconds) {
  constexpr int kFirst = 1000;
  Capacity capacity;
  capacity.rest_mib = intake.taken().memory_mib;
  const double speed = intake.Submit(kFirst).a_second;
  const int count = static_cast<int>(speed * seconds);
  const absl::Time begin = absl::Now();
  const double cpu_seconds = intake.taken().cpu_seconds;
  capacity.a_second = intake.Submit(count).a_second;
  const Taken end = intake.taken();
  capacity.load_mib = end.memory_mib;
  capacity.processors =
      (end.cpu_seconds - cpu_seconds) / absl::ToDoubleSeconds(absl::Now() - begin);
  capacity.submitted = kFirst + count;
  return capacity;
}

double SizeMib(const std::string& url, const char* sql) {
  double bytes = 0;
  const auto read = [&](store::Connection& connection) {
    return connection.Query(sql, {}, [&](const Row& row) {
      bytes = row.Real(0);
      return absl::OkStatus();
    });
  };
  Check(OpenDatabase(url)->Read(read), "read the size of a database");
  return bytes / (1 << 20);
}

void PrintCapacity(const char* database, const Capacity& capacity, double mib) {
  std::printf("%-12s %10.0f %12.0f %12.0f %22.2f %22.1f\n", database, capacity.rest_mib,
              capacity.load_mib, capacity.a_second, 1000 * capacity.processors / capacity.a_second,
              1000 * mib / capacity.submitted);
}

// Of one replica by itself on each database; the databases are not those of the rounds.
void MeasureCapacities(PostgresqlServer& server, const std::string& queue,
                       const testing::TempFolder& folder, int seconds) {
  std::printf("\n%-12s %10s %12s %12s %22s %22s\n", "one replica", "rest, MiB", "load, MiB",
              "submissions", "processors for 1,000", "MiB of 1,000 requests");
  {
    const std::string url = absl::StrCat("sqlite:", folder.file("capacity.db"));
    Capacity capacity;
    {
      Intake intake(url, 1, queue, folder.file("sqlite"));
      capacity = MeasureCapacity(intake, seconds);
    }
    PrintCapacity("SQLite", capacity,
                  SizeMib(url,
                          "SELECT page_count * page_size FROM pragma_page_count(), "
                          "pragma_page_size()"));
  }
  const std::string url = NewDatabase(server, "capacity");
  Intake intake(url, 1, queue, folder.file("capacity"));
  constexpr char kSize[] = "SELECT pg_database_size(current_database())";
  const double empty = SizeMib(url, kSize);
  const Capacity capacity = MeasureCapacity(intake, seconds);
  PrintCapacity("PostgreSQL", capacity, SizeMib(url, kSize) - empty);
}

int Main(int seconds, int rounds) {
  server::SkipDeadlockDetection();  // as the shipped programs do
  const testing::TempFolder folder;
  CheckPrograms();
  CheckOnDisk(folder.path());
  PostgresqlServer server(ServerSettings(), /*durable=*/true);
  CheckDurable(server);
  const testing::RedisServer redis;
  if (!redis.is_up()) Fail("redis-server did not start; critac-intake keeps its queue there");

  Intake one_replica(NewDatabase(server, "one"), 1, redis.url(), folder.file("one"));
  Intake two_replicas(NewDatabase(server, "two"), 2, redis.url(), folder.file("two"));
  const std::unique_ptr<store::Database> database = OpenDatabase(one_replica.database());
  const Written written = ReadWritten(*database, one_replica.SubmitOne().name());
  RandomIdSource ids;
  OpenJournal(NewDatabase(server, "peer"), ids)->Stop();  // makes its tables
  Peer peer(server, "peer", written, folder.path());
  Appender appender(NewDatabase(server, "append"), written);
  BareServer bare(one_replica.GetOne(written.name));

  Series plain("pgbench", seconds, [&](int) { return peer.Run(false, seconds); });
  Series pipelined("pgbench, pipelined", seconds, [&](int) { return peer.Run(true, seconds); });
  Series one("one replica", seconds, [&](int n) { return one_replica.Submit(n).a_second; });
  Series two("two replicas", seconds, [&](int n) { return two_replicas.Submit(n).a_second; });
  Series append("journal", seconds, [&](int n) { return appender.Append(n).a_second; });
  const std::vector<std::string> names = ReadNames(*database, kRequestsRead);
  Series get("get", seconds, [&](int n) { return one_replica.Get(names, n).a_second; });
  one_replica.Submit(kRequestsReadOnce);
  std::vector<std::string> all_names = ReadNames(*database, kRequestsReadOnce);
  Series get_once("get, each once", seconds, [&](int n) {
    n = std::min(n, kRequestsReadOnce);
    const double speed = one_replica.Get(all_names, n).a_second;
    std::rotate(all_names.begin(), all_names.begin() + n % kRequestsReadOnce, all_names.end());
    return speed;
  });
  Series bare_get("bare gRPC", seconds,
                  [&](int n) { return Intake::GetFrom({&bare.stub()}, names, n).a_second; });

  std::vector<Series*> all = {&plain, &one, &two, &append, &pipelined, &get, &get_once, &bare_get};
  std::printf("%s, each for about %d s, a second:\n%-6s",
              server.Ask("SELECT 'PostgreSQL ' || current_setting('server_version')").c_str(),
              seconds, "round");
  for (const Series* series : all) std::printf(" %18s", series->name().c_str());
  std::printf("\n");
  for (int round = 1; round <= rounds; ++round) {
    std::printf("%-6d", round);
    for (Series* series : all) {
      series->Measure();
      std::printf(" %18.0f", series->last());
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  PrintHead();
  Findings findings;
  PrintLine(findings, "durable submissions, 64 in flight", one, plain, 1.2);
  PrintLine(findings, "", one, pipelined, 0);
  PrintLine(findings, "the same over two replicas", two, one, 1);
  PrintLine(findings, "the journal by itself", append, plain, 4);
  PrintLine(findings, "", append, pipelined, 0);
  PrintLine(findings, "a request by its name", get, bare_get, 0.5);
  PrintLine(findings, "each once", get_once, bare_get, 0);
  MeasureCapacities(server, redis.url(), folder, seconds);
  return findings.Conclude();
}

}  // namespace
}  // namespace critac::bench

int main(int argc, char** argv) {
  constexpr char kUsage[] =
      "usage: store_bench [SECONDS-A-MEASURE [ROUNDS]]    (default: 5 5; about four minutes)\n";
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h") {
    std::printf("%s", kUsage);
    return 0;
  }
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (argc > 3 || seconds < 1 || rounds < 1) {
    std::fprintf(stderr, "%s", kUsage);
    return 2;
  }
  return critac::bench::Main(seconds, rounds);
}
