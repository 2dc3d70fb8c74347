#include "common/server/process.h"

#include <grpc/grpc.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "common/queue/memory/memory_work_queue.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/rpc/channel.h"
#include "common/rpc/method_index.h"
#include "common/server/http_poster.h"
#include "common/server/listen.h"
#include "common/server/otlp.h"
#include "common/server/readiness_page.h"
#include "common/server/span.h"
#include "common/status/error.h"
#include "common/store/postgresql_database.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace critac::server {
namespace {

// How long the last bytes of finished calls may take to leave before what is still open (watches of
// health, reflection) is cut.
constexpr absl::Duration kFlush = absl::Milliseconds(250);

// gRPC has these for all servers of a process or for none.
void EnableHealthAndReflection() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

// Of the machine, in Kubernetes of the pod.
std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? name : "";
}

// A name in Linux's abstract namespace of Unix sockets: nothing is left on disk, whatever becomes
// of the process, and no other process takes it by accident.
std::string NewOwnTarget(IdSource& ids) {
  return absl::StrCat("unix-abstract:critac-", ids.NewUuid());
}

}  // namespace

Process::Process(const ServerConfig& config, const Clock& clock, IdSource& ids, Log& log)
    : config_(config),
      clock_(clock),
      log_(log),
      own_target_(NewOwnTarget(ids)),
      steps_(config.otlp_endpoint.empty()
                 ? nullptr
                 : std::make_unique<TraceSource>(ids, config.otlp_sample_ratio)),
      exporter_(MakeExporter(ids)),
      metrics_(clock),
      pipeline_(
          clock, ids,
          [this](const rpc::CallRecord& record) {
            metrics_.CountCall(record);
            log_.WriteCall(record);
            if (exporter_ != nullptr && IsSampled(record.call.trace)) {
              exporter_->Take(SpanOf(record));
            }
          },
          steps_.get()),
      queues_([this, &ids](const std::string& name) { return OpenQueue(name, ids); }),
      environment_{
          clock,
          ids,
          pipeline_,
          [this](const std::string& service) { return OpenDatabase(service); },
          [this](const std::string& name) { return queues_.Get(name); },
          [this](const std::string& service) { return ChannelTo(service); },
          config.reconcile_interval,
          config.job_lease,
          [this](const queue::JobRecord& record) {
            metrics_.CountJob(record);
            log_.WriteJob(record);
            if (exporter_ == nullptr || !IsSampled(record.job.trace())) return;
            if (std::optional<Span> span = SpanOf(record); span.has_value()) {
              exporter_->Take(*std::move(span));
            }
          },
          steps_.get(),
          [this](const queue::SendRecord& record) {
            if (exporter_ != nullptr && IsSampled(record.trace)) {
              exporter_->Take(SpanOf(record));
            }
          },
          config.drain_timeout,
          [this](const std::string& service, const std::string& line) { TellWait(service, line); },
          [this](const journal::DerivationRecord& record) { log_.WriteDerivation(record); }},
      address_(config.listen) {}

Process::~Process() { Stop(); }

absl::StatusOr<std::unique_ptr<Process>> Process::Start(
    const ServerConfig& config, const std::vector<Bind>& binds, const Clock& clock, IdSource& ids,
    Log& log, const std::function<void()>& before_serving) {
  std::unique_ptr<Process> process(new Process(config, clock, ids, log));
  // Looked at first, so that a second process gives up before it touches any data.
  RETURN_IF_ERROR(CheckCanListen(config.listen));
  RETURN_IF_ERROR(process->BindServices(binds));
  process->ExpectWork();
  if (before_serving != nullptr) before_serving();
  RETURN_IF_ERROR(process->StartServer());
  RETURN_IF_ERROR(process->StartHealth());
  RETURN_IF_ERROR(process->StartAdmin());
  process->BeginWork();
  return process;
}

// ---- What services get --------------------------------------------------------------------------

absl::StatusOr<store::DataFolder*> Process::OpenDataFolder() {
  absl::MutexLock lock(&mutex_);
  if (data_folder_ == nullptr) {
    ASSIGN_OR_RETURN(data_folder_, store::DataFolder::Open(config_.data));
  }
  return data_folder_.get();
}

absl::StatusOr<std::unique_ptr<queue::WorkQueue>> Process::OpenQueue(const std::string& name,
                                                                     IdSource& ids) const {
  if (config_.queue == "memory:") {
    return std::make_unique<queue::MemoryWorkQueue>(name, queue::RetryPolicy(), clock_, ids);
  }
  ASSIGN_OR_RETURN(const queue::redis::Target target, queue::redis::ParseUrl(config_.queue));
  return std::make_unique<queue::RedisWorkQueue>(name, target, queue::RetryPolicy(), clock_, ids);
}

absl::StatusOr<std::unique_ptr<store::Database>> Process::OpenDatabase(const std::string& service) {
  store::DatabaseOptions options;
  if (const auto url = config_.databases.find(service); url != config_.databases.end()) {
    options.url = url->second;
  } else {
    ASSIGN_OR_RETURN(store::DataFolder * folder, OpenDataFolder());
    options.url = absl::StrCat("sqlite:", folder->File(absl::StrCat(service, ".db")));
  }
  options.migration_wait.tell = [this, service](const std::string& line) {
    TellWait(service, line);
  };
  ASSIGN_OR_RETURN(std::unique_ptr<store::Database> database, store::Database::Open(options));
  if (database->backend() == store::Backend::kPostgresql) pipeline_.ReadAside();
  return database;
}

std::shared_ptr<grpc::Channel> Process::ChannelTo(const std::string& service) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<grpc::Channel>& channel = channels_[service];
  if (channel == nullptr) {
    rpc::ChannelOptions options;
    const auto peer = config_.peers.find(service);
    options.target = peer == config_.peers.end() ? own_target_ : peer->second.ToString();
    // While it drains, the process is not healthy, and its jobs in hand still need its services.
    options.check_health = peer != config_.peers.end();
    channel = rpc::MakeChannel(options, CallSteps());
  }
  return channel;
}

std::optional<rpc::ClientCallSteps> Process::CallSteps() {
  if (exporter_ == nullptr) return std::nullopt;
  return rpc::ClientCallSteps{*steps_, clock_, [this](const rpc::ClientCallRecord& record) {
                                if (IsSampled(record.trace)) exporter_->Take(SpanOf(record));
                              }};
}

std::unique_ptr<SpanExporter> Process::MakeExporter(IdSource& ids) {
  if (config_.otlp_endpoint.empty()) return nullptr;
  OtlpResource resource;
  resource.service = absl::StrReplaceAll(config_.name, {{" ", "-"}});
  resource.instance = ids.NewUuid();
  resource.version = CRITAC_VERSION;
  resource.host = HostName();
  return std::make_unique<SpanExporter>(
      std::move(resource), std::make_unique<HttpPoster>(OtlpTracesUrl(config_.otlp_endpoint)),
      clock_, ids, [this](absl::string_view problem) {
        if (problem.empty()) {
          log_.Write(LogLevel::kInfo, "spans are taken again",
                     {{"collector", config_.otlp_endpoint}});
        } else {
          log_.Write(LogLevel::kWarning, "spans are not taken",
                     {{"collector", config_.otlp_endpoint}, {"problem", problem}});
        }
      });
}

// ---- Start --------------------------------------------------------------------------------------

// In a cluster whatever a process needs may come up after it, or be on its way from one machine to
// another. One that gave up at once would be started again too seldom.
absl::StatusOr<std::unique_ptr<BoundService>> Process::BindPatiently(const Bind& bind) {
  const bool may_wait =
      std::any_of(config_.databases.begin(), config_.databases.end(),
                  [](const auto& database) { return store::IsPostgresqlUrl(database.second); });
  const absl::Time give_up = clock_.Now() + limits::kDatabaseWait;
  for (bool told = false;; told = true) {
    absl::StatusOr<std::unique_ptr<BoundService>> service = bind(environment_);
    if (service.ok() || !may_wait || !absl::IsUnavailable(service.status())) return service;
    const absl::Time next = clock_.Now() + limits::kDatabaseWaitPause;
    if (next > give_up) return service;
    if (!told) {
      log_.Write(LogLevel::kWarning, "waiting for the database",
                 {{"at_most", absl::FormatDuration(limits::kDatabaseWait)},
                  {"error", service.status().message()}});
    }
    clock_.WaitUntil(next);
  }
}

absl::Status Process::BindServices(const std::vector<Bind>& binds) {
  std::vector<journal::Journal*> journals;
  std::vector<Readiness::Service> ready_services;
  for (const Bind& bind : binds) {
    ASSIGN_OR_RETURN(std::unique_ptr<BoundService> service, BindPatiently(bind));
    journals.push_back(&service->journal());
    ready_services.push_back(
        {service->name(),
         [this, raw = service.get(), told = std::map<std::string, std::string>()]() mutable {
           TellFeeds(*raw, told);
           return raw->Ready();
         }});
    services_.push_back(std::move(service));
  }
  journal_service_ = std::make_unique<JournalService>(
      pipeline_, std::move(journals), clock_,
      [this](const rpc::Call& call, const journal::Journal& journal) -> absl::Status {
        for (const auto& service : services_) {
          if (&service->journal() == &journal) return service->CheckMayFollow(call);
        }
        return absl::OkStatus();
      });
  // Jobs of one service name what is another's to hide.
  queue_service_ = std::make_unique<QueueService>(
      pipeline_, queues_, [this](const rpc::Call& call) -> absl::Status {
        for (const auto& service : services_) RETURN_IF_ERROR(service->CheckMayFollow(call));
        return absl::OkStatus();
      });
  readiness_ =
      std::make_unique<Readiness>(std::move(ready_services), clock_,
                                  [this](const std::string& service, const absl::Status& status) {
                                    SetHealth(service, status);
                                  });
  return absl::OkStatus();
}

// All that a program links, though it may serve or do only some: figures that stay at 0 cost little.
void Process::ExpectWork() {
  for (const rpc::Method& method : rpc::AllMethods()) metrics_.ExpectCalls(method.name);
  for (const queue::WorkQueue* queue : queues_.All()) metrics_.ExpectJobs(queue->name());
}

absl::Status Process::StartServer() {
  EnableHealthAndReflection();
  grpc::ServerBuilder builder;
  pipeline_.Configure(builder);
  // Otherwise a second process could listen at the same port and take half the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             static_cast<int>(absl::ToInt64Milliseconds(config_.connection_age)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             static_cast<int>(absl::ToInt64Milliseconds(config_.connection_grace)));
  // Only reflection is served by gRPC's own threads.
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
  int port = 0;
  builder.AddListeningPort(address_.ToString(), grpc::InsecureServerCredentials(), &port);
  builder.AddListeningPort(own_target_, grpc::InsecureServerCredentials());
  for (const std::unique_ptr<BoundService>& service : services_) {
    for (grpc::Service* each : service->grpc_services()) builder.RegisterService(each);
  }
  builder.RegisterService(journal_service_.get());
  builder.RegisterService(queue_service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("the gRPC server on ", address_.ToString(), " does not start"));
  }
  if (address_.unix_path.empty()) address_.port = static_cast<uint16_t>(port);
  return absl::OkStatus();
}

// A server without a service of ours: health and reflection come with every one.
absl::Status Process::StartHealth() {
  if (config_.health_listen.has_value()) {
    RETURN_IF_ERROR(CheckCanListen(*config_.health_listen));
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
    int port = 0;
    builder.AddListeningPort(config_.health_listen->ToString(), grpc::InsecureServerCredentials(),
                             &port);
    health_server_ = builder.BuildAndStart();
    if (health_server_ == nullptr) {
      return absl::UnavailableError(absl::StrCat(
          "the health server on ", config_.health_listen->ToString(), " does not start"));
    }
    health_address_ = config_.health_listen;
    health_address_->port = static_cast<uint16_t>(port);
  }
  TellHealth(kLiveName, true);
  return absl::OkStatus();
}

absl::Status Process::StartAdmin() {
  if (!config_.admin_listen.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(admin_, AdminServer::Start(*config_.admin_listen, MakeAdminPages()));
  return absl::OkStatus();
}

void Process::BeginWork() {
  readiness_->Start();
  for (const std::unique_ptr<BoundService>& service : services_) service->Start();
  const std::string names = absl::StrJoin(
      services_, ",", [](std::string* out, const std::unique_ptr<BoundService>& service) {
        absl::StrAppend(out, service->name());
      });
  log_.Write(LogLevel::kInfo, "serving",
             {{"process", config_.name},
              {"services", names},
              {"address", address_.ToString()},
              {"admin_address", admin_ == nullptr ? "off" : admin_->address().ToString()}});
}

std::optional<Address> Process::admin_address() const {
  if (admin_ == nullptr) return std::nullopt;
  return admin_->address();
}

// ---- What is told about the process -------------------------------------------------------------

AdminPages Process::MakeAdminPages() {
  AdminPages pages;
  pages["/livez"] = [] { return AdminPage{200, "text/plain; charset=utf-8", "ok\n"}; };
  pages["/readyz"] = [this] { return ReadinessPage(readiness_->Answers()); };
  pages["/metrics"] = [this, sources = MakeMetricsSources()] {
    return AdminPage{200, "text/plain; version=0.0.4; charset=utf-8", metrics_.ToText(sources)};
  };
  return pages;
}

OperationalMetrics::Sources Process::MakeMetricsSources() {
  OperationalMetrics::Sources sources;
  sources.calls_in_flight = [this] { return pipeline_.calls_in_flight(); };
  sources.queues = [this] { return queues_.All(); };
  sources.journals = [this] {
    std::vector<journal::Journal*> journals;
    for (const auto& service : services_) journals.push_back(&service->journal());
    return journals;
  };
  sources.services = [this] {
    std::vector<std::pair<std::string, bool>> services;
    for (const Readiness::Answer& answer : readiness_->Answers()) {
      services.emplace_back(answer.service, answer.status.ok());
    }
    return services;
  };
  if (exporter_ != nullptr) sources.spans = [this] { return exporter_->figures(); };
  sources.feeds = [this] {
    std::vector<OperationalMetrics::Sources::Feed> feeds;
    for (const auto& service : services_) {
      for (const auto& [journal, status] : service->FollowedJournals()) {
        feeds.push_back({service->name(), journal, status.ok()});
      }
    }
    return feeds;
  };
  return sources;
}

bool Process::AllReady() const {
  const std::vector<Readiness::Answer> answers = readiness_->Answers();
  return std::all_of(answers.begin(), answers.end(),
                     [](const Readiness::Answer& answer) { return answer.status.ok(); });
}

void Process::TellFeeds(BoundService& service, std::map<std::string, std::string>& told) {
  for (const auto& [journal, status] : service.FollowedJournals()) {
    std::string& known = told[journal];
    std::string problem(status.message());
    if (problem == known) continue;
    known = std::move(problem);
    if (known.empty()) {
      log_.Write(LogLevel::kInfo, "journal followed again",
                 {{"service", service.name()}, {"journal", journal}});
    } else {
      log_.Write(LogLevel::kWarning, "journal not followed",
                 {{"service", service.name()}, {"journal", journal}, {"problem", known}});
    }
  }
}

void Process::TellHealth(const std::string& name, bool serves) {
  for (grpc::Server* server : {server_.get(), health_server_.get()}) {
    if (server != nullptr) server->GetHealthCheckService()->SetServingStatus(name, serves);
  }
}

void Process::TellWait(const std::string& service, const std::string& line) {
  log_.Write(LogLevel::kWarning, "waiting for others", {{"service", service}, {"what", line}});
}

void Process::SetHealth(const std::string& service, const absl::Status& status) {
  TellHealth(service, status.ok());
  TellHealth("", AllReady());
  if (status.ok()) {
    log_.Write(LogLevel::kInfo, "ready", {{"service", service}});
  } else {
    log_.Write(LogLevel::kWarning, "not ready",
               {{"service", service},
                {"code", absl::StatusCodeToString(status.code())},
                {"error", status.message()}});
  }
}

// ---- Stop ---------------------------------------------------------------------------------------

void Process::Stop() {
  if (stopped_) return;
  stopped_ = true;
  if (server_ != nullptr) {
    log_.Write(LogLevel::kInfo, "stopping", {{"process", config_.name}});
    readiness_->Drain();
    // Alive it is until the end.
    for (const std::unique_ptr<BoundService>& service : services_) {
      TellHealth(service->name(), false);
    }
    TellHealth("", false);
    clock_.WaitUntil(clock_.Now() + config_.drain_delay);
  }
  // The last bound calls the others, so it goes first.
  for (auto service = services_.rbegin(); service != services_.rend(); ++service) {
    (*service)->Stop();
  }
  if (journal_service_ != nullptr) journal_service_->Stop();
  pipeline_.StopStreams();
  if (server_ != nullptr) ShutDownServer();
  queues_.Shutdown();
  StopExporter();
  if (health_server_ != nullptr) health_server_->Shutdown(std::chrono::system_clock::now());
  admin_.reset();
  readiness_.reset();
  if (server_ != nullptr) {
    log_.Write(LogLevel::kInfo, "stopped", {{"process", config_.name}});
  }
}

void Process::StopExporter() {
  if (exporter_ == nullptr) return;
  const int64_t dropped = exporter_->Stop(limits::kSpanFlush);
  if (dropped == 0) return;
  log_.Write(LogLevel::kInfo, "spans dropped at the stop",
             {{"collector", config_.otlp_endpoint}, {"count", dropped}});
}

void Process::ShutDownServer() {
  absl::Notification done;
  const auto deadline =
      std::chrono::system_clock::now() + absl::ToChronoMilliseconds(config_.drain_timeout);
  // Takes no more calls, waits for those in hand, cuts them at the deadline.
  std::thread shutdown([this, deadline, &done] {
    server_->Shutdown(deadline);
    done.Notify();
  });
  while (!done.WaitForNotificationWithTimeout(kFlush)) {
    // gRPC would also wait for the watches that clients keep on the health service.
    if (pipeline_.calls_in_flight() == 0) grpc_server_cancel_all_calls(server_->c_server());
  }
  shutdown.join();
}

}  // namespace critac::server
