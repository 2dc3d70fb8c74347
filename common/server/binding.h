#ifndef COMMON_SERVER_BINDING_H_
#define COMMON_SERVER_BINDING_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/base/trace.h"
#include "common/journal/journal.h"
#include "common/queue/sender.h"
#include "common/queue/work_queue.h"
#include "common/queue/worker.h"
#include "common/rpc/pipeline.h"
#include "common/store/database.h"
#include "grpcpp/channel.h"
#include "grpcpp/impl/service_type.h"

namespace critac::server {

// What a process offers to the services bound into it. The same for `critac up`, a service's own
// binary, and tests: only what stands behind the functions differs.
struct Environment {
  const Clock& clock;
  IdSource& ids;
  rpc::Pipeline& pipeline;
  // Opens the database of a service: `intake`, `matching`, `metrics`.
  std::function<absl::StatusOr<std::unique_ptr<store::Database>>(const std::string& service)>
      open_database;
  // The queue of a name: `match`, `offers`, `report`, `sync`. The process owns it.
  std::function<absl::StatusOr<queue::WorkQueue*>(const std::string& name)> queue;
  // A channel to a service. Calls fail with UNAVAILABLE until it serves; it may be this very
  // process.
  std::function<std::shared_ptr<grpc::Channel>(const std::string& service)> channel;
  // Of the reconcilers and the workers that services start: ServerConfig says what they are.
  absl::Duration reconcile_interval = absl::Minutes(1);
  absl::Duration job_lease = absl::Seconds(30);
  // Told of every job that leaves the hands of a worker (queue::WorkerOptions::observer).
  std::function<void(const queue::JobRecord&)> job_observer = nullptr;
  // Makes jobs, and that they are put in, steps of their traces (queue::WorkerOptions::steps,
  // queue::SenderSteps). Null: they are none.
  TraceSource* job_steps = nullptr;
  std::function<void(const queue::SendRecord&)> send_observer = nullptr;
  // How long the jobs in hand of one queue may take to end at a stop.
  absl::Duration drain_timeout = limits::kDrain;
  // Told what the opening of a service's journal waits for, in a line (store::WaitOptions::tell). Null: nobody is.
  std::function<void(const std::string& service, const std::string& line)> wait_observer = nullptr;
  // Told how the records of a journal are derived (journal::JournalOptions::derivation_observer).
  journal::DerivationObserver derivation_observer = nullptr;

  // Opens the journal of a service, which has its name, in that service's database.
  absl::StatusOr<std::unique_ptr<journal::Journal>> OpenJournal(
      journal::JournalOptions options) const {
    absl::StatusOr<std::unique_ptr<store::Database>> database = open_database(options.name);
    if (!database.ok()) return database.status();
    if (wait_observer != nullptr) {
      options.opening_wait.tell = [tell = wait_observer, service = options.name](
                                      const std::string& line) { tell(service, line); };
    }
    options.derivation_observer = derivation_observer;
    return journal::Journal::Open(std::move(options), *std::move(database), clock, ids);
  }

  // How a worker of this process is run; `name` is that of its queue.
  queue::WorkerOptions WorkerOptionsFor(const std::string& name) const {
    return {.name = name,
            .lease = job_lease,
            .drain = drain_timeout,
            .observer = job_observer,
            .steps = job_steps};
  }
  queue::SenderSteps StepsOfSenders() const {
    if (job_steps == nullptr) return {};
    return {.steps = job_steps, .clock = &clock, .observer = send_observer};
  }
};

// A service bound into a process. `BindIntake`, `BindMatching`, `BindMetrics` (each in
// `services/*/bind.h`) make one.
class BoundService {
 public:
  virtual ~BoundService() = default;

  // `intake`, `matching`, `metrics`.
  virtual const std::string& name() const = 0;
  // gRPC services to register. They stay owned by this object, and live as long as it.
  virtual std::vector<grpc::Service*> grpc_services() = 0;
  // The journal, which the process serves as critac.journal.v1.JournalService.
  virtual journal::Journal& journal() = 0;
  // Whether a caller may read the journal's events: a journal, whose chain is only checked as a whole, is
  // shown whole or not at all. Asked before every batch of a stream. PERMISSION_DENIED: it may not, nor see
  // the jobs in the queues of the process, whose keys and errors name the same resources.
  virtual absl::Status CheckMayFollow(const rpc::Call& call) { return absl::OkStatus(); }
  // Whether it can serve: its database and its queues take writes. OK, or why not.
  virtual absl::Status Ready() = 0;
  // Journals of other services that it follows, and whether each can be followed: OK, or what is wrong with it. Those
  // that Ready answers for as well, and those without which it serves all the same.
  virtual std::vector<std::pair<std::string, absl::Status>> FollowedJournals() { return {}; }
  // Begins the work that goes on by itself: workers, reconcilers, followers. Called once the
  // process serves.
  virtual void Start() = 0;
  // Takes no more jobs, ends those in hand, joins its threads. Called before the server shuts down;
  // Start may not have been called.
  virtual void Stop() = 0;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_BINDING_H_
