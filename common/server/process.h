#ifndef COMMON_SERVER_PROCESS_H_
#define COMMON_SERVER_PROCESS_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/trace.h"
#include "common/rpc/client_calls.h"
#include "common/rpc/pipeline.h"
#include "common/server/address.h"
#include "common/server/admin_server.h"
#include "common/server/binding.h"
#include "common/server/config.h"
#include "common/server/journal_service.h"
#include "common/server/log.h"
#include "common/server/operational_metrics.h"
#include "common/server/queue_service.h"
#include "common/server/queues.h"
#include "common/server/readiness.h"
#include "common/server/span_exporter.h"
#include "common/store/data_folder.h"
#include "grpcpp/server.h"

namespace critac::server {

// The name under which gRPC's health service says that the process runs, whatever becomes of its
// databases and queues, and until it has stopped: what a liveness probe asks for.
inline constexpr char kLiveName[] = "live";

// Makes a service in a process: `BindIntake`, `BindMatching`, `BindMetrics`.
using Bind = std::function<absl::StatusOr<std::unique_ptr<BoundService>>(Environment&)>;

// One serving process: some services, and around them what every process has: database and queue,
// journal and queue services, gRPC health (by service name, the empty name for all, and kLiveName)
// and reflection, admin pages, readiness, metrics, logs, and spans where a collector is named.
// `critac up`, every service's binary and the tests make one.
class Process {
 public:
  // Binds the services in order and serves; `before_serving`, where there is one, is called between
  // the two, when nothing is waited for any more. `clock`, `ids`, `log` must outlive the process.
  // When it returns OK, calls are answered, the services have begun their own work, and each was
  // asked whether it is ready. A PostgreSQL server that is away is waited for, limits::kDatabaseWait
  // for each service, and the log says so. The error says in one sentence what does not let it start:
  // an address in use, a data folder that another process has or that cannot be written to, a bad
  // URL, or what a service said.
  static absl::StatusOr<std::unique_ptr<Process>> Start(
      const ServerConfig& config, const std::vector<Bind>& binds, const Clock& clock, IdSource& ids,
      Log& log, const std::function<void()>& before_serving = nullptr);
  // Stops.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Where it serves, with the ports that were chosen.
  const Address& address() const { return address_; }
  std::optional<Address> admin_address() const;
  std::optional<Address> health_address() const { return health_address_; }

  // A channel to a service: of another process where the configuration has its address, otherwise
  // of this one. Those of this process reach it whatever it listens on, and keep doing so until the
  // calls in hand have ended at a stop. It can be had before the process serves; then calls fail
  // with UNAVAILABLE, or wait where they say so. The process keeps it and gives the same each time;
  // whoever holds it longer than the process must make no call through it then, and have none under
  // way, since calls become steps and spans of the process.
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& service);

  // Stops in order: not ready; after the drain delay, no more jobs are taken and those in hand end;
  // followed streams end; no more calls are taken and those in hand end, or are cut when the drain
  // timeout is over. Streams of health and reflection do not hold it up. Safe to call again.
  void Stop();

 private:
  Process(const ServerConfig& config, const Clock& clock, IdSource& ids, Log& log);

  Environment MakeEnvironment();
  OperationalMetrics::Sources MakeMetricsSources();
  AdminPages MakeAdminPages();

  absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const std::string& service);
  absl::StatusOr<std::unique_ptr<queue::WorkQueue>> OpenQueue(const std::string& name,
                                                              IdSource& ids) const;
  absl::StatusOr<store::DataFolder*> OpenDataFolder();

  // The steps of Start.
  absl::StatusOr<std::unique_ptr<BoundService>> BindPatiently(const Bind& bind);
  absl::Status BindServices(const std::vector<Bind>& binds);
  // Lets figures of calls and jobs be there before the first.
  void ExpectWork();
  absl::Status StartServer();
  absl::Status StartHealth();
  absl::Status StartAdmin();
  void BeginWork();

  // How the calls to a service become steps of their traces. Nothing: they do not.
  std::optional<rpc::ClientCallSteps> CallSteps();
  std::unique_ptr<SpanExporter> MakeExporter(IdSource& ids);

  // Tells those who ask for the health of `name`, wherever they do.
  void TellHealth(const std::string& name, bool serves);
  // Logs what the start of a service waits for.
  void TellWait(const std::string& service, const std::string& line);
  void SetHealth(const std::string& service, const absl::Status& status);
  // Logs what has changed since `told` of the journals that a service follows: by journal, what is wrong.
  void TellFeeds(BoundService& service, std::map<std::string, std::string>& told);
  bool AllReady() const;
  void ShutDownServer();
  void StopExporter();

  const ServerConfig config_;
  const Clock& clock_;
  Log& log_;
  // Where the process reaches itself.
  const std::string own_target_;

  // Null both: no spans are made. They outlive whatever makes some.
  const std::unique_ptr<TraceSource> steps_;
  const std::unique_ptr<SpanExporter> exporter_;
  OperationalMetrics metrics_;
  rpc::Pipeline pipeline_;
  Queues queues_;
  absl::Mutex mutex_;
  // Null: no service keeps anything there.
  std::unique_ptr<store::DataFolder> data_folder_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
  Environment environment_;

  std::vector<std::unique_ptr<BoundService>> services_;
  std::unique_ptr<JournalService> journal_service_;
  std::unique_ptr<QueueService> queue_service_;
  std::unique_ptr<Readiness> readiness_;
  Address address_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<Address> health_address_;
  // Null: health is asked for at the server alone.
  std::unique_ptr<grpc::Server> health_server_;
  std::unique_ptr<AdminServer> admin_;
  bool stopped_ = false;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_PROCESS_H_
