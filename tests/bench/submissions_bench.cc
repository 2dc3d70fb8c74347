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
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/json_text.h"
#include "common/rpc/channel.h"
#include "common/server/process.h"
#include "common/server/run.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "services/intake/bind.h"
#include "tests/support/temp_folder.h"

namespace critac {
namespace {

using intake::v1::CreateRequestRequest;
using intake::v1::Request;
using intake::v1::RequestService;

constexpr int kInFlight = 64;
constexpr int kAgencies = 200;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "submissions_bench: %s\n", what.c_str());
  std::exit(1);
}

void Check(const absl::Status& status, const char* what) {
  if (!status.ok()) Fail(absl::StrCat(what, ": ", status.ToString()));
}

// A request as an agency would send it: about 1 KiB.
CreateRequestRequest Submission(int i) {
  CreateRequestRequest call;
  call.set_submit(true);
  Request& request = *call.mutable_request();
  request.set_title("Help with crisis intervention and de-escalation");
  request.set_problem(
      "Officers meet people in crisis several times a week. Few of them had training, and two "
      "calls this year ended badly. The town council asked for a plan.");
  request.set_desired_outcome(
      "Every patrol officer trained, and a policy that fits a small agency.");
  request.set_prior_efforts("One officer attended a course in the county seat in 2024.");
  request.add_topics("topics/crisis-intervention");
  request.add_topics("topics/de-escalation");
  request.add_delivery_types("deliveryTypes/in-person-training");
  request.set_urgency(intake::v1::URGENCY_ROUTINE);
  request.set_audience("Patrol officers");
  request.set_audience_size(24);
  request.set_channel(intake::v1::CHANNEL_WEB);
  request.set_authority_confirmed(true);
  for (const auto role :
       {intake::v1::CONTACT_ROLE_CHIEF_EXECUTIVE, intake::v1::CONTACT_ROLE_POINT_OF_CONTACT}) {
    auto& contact = *request.add_contacts();
    contact.set_role(role);
    contact.set_full_name("Robin Vale");
    contact.set_title("Chief of Police");
    contact.set_email("robin.vale@example.org");
    contact.set_phone("+1 555 0100");
  }
  call.set_request_id(UuidFromName(absl::StrCat("bench ", i)));
  return call;
}

// How fast something went, and what it took of both processors, in user and system.
struct Speed {
  double a_second = 0;
  double cpu_micros = 0;  // each
};

class Stopwatch {
 public:
  Speed Stop(int count) const {
    return {count / absl::ToDoubleSeconds(absl::Now() - begin_), 1e6 * (Cpu() - cpu_) / count};
  }

 private:
  static double Cpu() {
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }

  absl::Time begin_ = absl::Now();
  double cpu_ = Cpu();
};

// Makes `calls` calls, kInFlight at a time.
Speed MakeCalls(RequestService::Stub& stub, int calls,
                const std::function<CreateRequestRequest(int)>& make) {
  struct Flight {
    grpc::ClientContext context;
    CreateRequestRequest request;
    Request response;
  };
  std::vector<CreateRequestRequest> requests;
  for (int i = 0; i < calls; ++i) requests.push_back(make(i));
  std::atomic<int> next = 0;
  absl::Mutex mutex;
  int ended = 0;
  std::function<void()> start = [&] {
    const int i = next++;
    if (i >= calls) return;
    auto flight = std::make_shared<Flight>();
    flight->request = std::move(requests[static_cast<size_t>(i)]);
    rpc::Prepare(flight->context, {.principal = {type::v1::ROLE_COORDINATOR, "bench"}});
    stub.async()->CreateRequest(&flight->context, &flight->request, &flight->response,
                                [&, flight](const grpc::Status& status) {
                                  if (!status.ok()) {
                                    Fail("a call failed: " + status.error_message());
                                  }
                                  // The count comes last: with it, all that is captured may end.
                                  start();
                                  absl::MutexLock lock(&mutex);
                                  ++ended;
                                });
  };
  const Stopwatch stopwatch;
  for (int i = 0; i < kInFlight; ++i) start();
  absl::MutexLock lock(&mutex);
  const auto all = [&] { return ended == calls; };
  mutex.Await(absl::Condition(&all));
  return stopwatch.Stop(calls);
}

std::unique_ptr<RequestService::Stub> StubTo(const std::string& target) {
  return RequestService::NewStub(rpc::MakeChannel({.target = target, .check_health = false}));
}

// ---- The peers ----------------------------------------------------------------------------------

class EmptyHandler final : public RequestService::CallbackService {
  grpc::ServerUnaryReactor* CreateRequest(grpc::CallbackServerContext* context,
                                          const CreateRequestRequest*, Request*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class BareServer {
 public:
  BareServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) Fail("the bare server does not start");
    stub_ = StubTo(absl::StrCat("127.0.0.1:", port_));
  }
  RequestService::Stub& stub() { return *stub_; }

 private:
  EmptyHandler service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<RequestService::Stub> stub_;
};

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
  const std::string body = journal::ToJsonText(Submission(0).request());
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
    Fill();
  }
  RequestService::Stub& stub() { return *stub_; }
  const std::string& agency(int i) const {
    return agencies_[static_cast<size_t>(i) % agencies_.size()];
  }

 private:
  void Fill() {
    auto channel =
        rpc::MakeChannel({.target = process_->address().ToString(), .check_health = false});
    const rpc::CallSettings settings = {.principal = {type::v1::ROLE_COORDINATOR, "bench"}};
    intake::v1::ImportCatalogRequest catalog;
    for (const char* topic : {"topics/crisis-intervention", "topics/de-escalation"}) {
      auto& entry = *catalog.add_entries();
      entry.set_name(topic);
      entry.mutable_topic()->set_title(topic);
      entry.mutable_topic()->set_group(intake::v1::TOPIC_GROUP_GENERAL);
    }
    auto& type = *catalog.add_entries();
    type.set_name("deliveryTypes/in-person-training");
    type.mutable_delivery_type()->set_title("In-person training");
    type.mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_ON_SITE);
    auto& program = *catalog.add_entries();
    program.set_name("programs/main");
    program.mutable_program()->set_title("Main");
    catalog.set_request_id(UuidFromName("bench catalog"));
    auto catalogs = intake::v1::CatalogService::NewStub(channel);
    Check(
        rpc::Invoke(*catalogs, &intake::v1::CatalogService::Stub::ImportCatalog, catalog, settings)
            .status(),
        "catalog");
    intake::v1::ImportAgenciesRequest import;
    for (int i = 0; i < kAgencies; ++i) {
      auto& agency = *import.add_agencies();
      agency.set_display_name(absl::StrCat("Agency ", i));
      agency.set_state("UT");
      agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
      auto& alias = *agency.add_aliases();
      alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
      alias.set_value(absl::StrFormat("UT%07d", i));
    }
    import.set_request_id(UuidFromName("bench agencies"));
    auto agencies = intake::v1::AgencyService::NewStub(channel);
    auto imported =
        rpc::Invoke(*agencies, &intake::v1::AgencyService::Stub::ImportAgencies, import, settings);
    Check(imported.status(), "agencies");
    for (const auto& result : imported->results()) agencies_.push_back(result.name());
  }

  RandomIdSource ids_;
  server::Log log_;
  std::unique_ptr<server::Process> process_;
  std::unique_ptr<RequestService::Stub> stub_;
  std::vector<std::string> agencies_;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(int calls, int rounds) {
  server::SkipDeadlockDetection();  // as the shipped programs do
  const testing::TempFolder folder;
  Center center(folder.file("center"));
  BareServer bare;
  int number = 0;
  const auto submission = [&](int) {
    CreateRequestRequest call = Submission(++number);
    call.mutable_request()->set_agency(center.agency(number));
    return call;
  };
  // Once unmeasured: connections, caches, first pages.
  MakeCalls(center.stub(), 500, submission);
  MakeCalls(bare.stub(), 500, submission);
  std::vector<double> against_bare, against_rows, ours;
  std::printf("%-6s %20s %20s %20s\n", "", "ours", "bare gRPC", "SQLite rows");
  std::printf("%-6s", "round");
  for (int i = 0; i < 3; ++i) std::printf(" %10s %9s", "a second", "CPU us");
  std::printf("\n");
  for (int round = 1; round <= rounds; ++round) {
    const Speed empty = MakeCalls(bare.stub(), calls, submission);
    const Speed durable = MakeCalls(center.stub(), calls, submission);
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
  return 0;
}

}  // namespace
}  // namespace critac

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (calls < 100 || rounds < 1) {
    std::fprintf(stderr, "usage: submissions_bench [CALLS-A-ROUND [ROUNDS]]\n");
    return 2;
  }
  return critac::Main(calls, rounds);
}
