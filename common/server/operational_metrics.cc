#include "common/server/operational_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace critac::server {
namespace {

// Codes of gRPC, 0 to 16.
constexpr size_t kCodes = 17;

// Codes whose figures are there, at 0, before the first call that ends with them: those that alerts call faults of
// ours, and OK, of which they take the share. The first failure of a figure that begins with it would be none to
// Prometheus, which sees what a figure grows by.
constexpr absl::StatusCode kCodesFromTheStart[] = {
    absl::StatusCode::kOk,          absl::StatusCode::kInternal,
    absl::StatusCode::kUnknown,     absl::StatusCode::kDataLoss,
    absl::StatusCode::kUnavailable, absl::StatusCode::kDeadlineExceeded,
};

constexpr queue::JobOutcome kOutcomes[] = {
    queue::JobOutcome::kDone,     queue::JobOutcome::kFailed, queue::JobOutcome::kGivenUp,
    queue::JobOutcome::kReleased, queue::JobOutcome::kLost,
};

// Upper bounds, seconds: a durable write takes milliseconds, a solve or a report seconds.
prometheus::Histogram::BucketBoundaries DurationBuckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

// Upper bounds, seconds: a job is taken within a millisecond, or waits for its next attempt or for a
// peer that is away.
prometheus::Histogram::BucketBoundaries WaitBuckets() {
  return {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 3600};
}

using Labels = std::vector<prometheus::ClientMetric::Label>;

prometheus::MetricFamily NewFamily(const char* name, const char* help,
                                   prometheus::MetricType type = prometheus::MetricType::Gauge) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void AddValue(prometheus::MetricFamily& family, Labels labels, double value) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

void AppendQueues(const std::vector<queue::WorkQueue*>& queues,
                  std::vector<prometheus::MetricFamily>& families) {
  auto jobs = NewFamily("critac_queue_jobs", "Jobs of a queue by state");
  auto oldest = NewFamily("critac_queue_oldest_ready_seconds", "Age of the oldest ready job");
  auto completed = NewFamily("critac_queue_completed_total", "Jobs done since the process started",
                             prometheus::MetricType::Counter);
  auto paused = NewFamily("critac_queue_paused", "1 while no job is handed out");
  for (queue::WorkQueue* queue : queues) {
    const absl::StatusOr<queue::QueueStats> stats = queue->Stats();
    if (!stats.ok()) continue;
    const std::string name(queue->name());
    const auto add_jobs = [&](const char* state, int64_t count) {
      AddValue(jobs, {{"queue", name}, {"state", state}}, static_cast<double>(count));
    };
    add_jobs("ready", stats->ready);
    add_jobs("delayed", stats->delayed);
    add_jobs("leased", stats->leased);
    add_jobs("dead", stats->dead);
    AddValue(oldest, {{"queue", name}}, absl::ToDoubleSeconds(stats->oldest_ready));
    AddValue(completed, {{"queue", name}}, static_cast<double>(stats->completed));
    AddValue(paused, {{"queue", name}}, stats->paused ? 1 : 0);
  }
  for (auto* family : {&jobs, &oldest, &completed, &paused}) families.push_back(std::move(*family));
}

void AppendJournals(const std::vector<journal::Journal*>& journals,
                    std::vector<prometheus::MetricFamily>& families) {
  auto head = NewFamily("critac_journal_head_sequence", "Last event of a journal");
  for (journal::Journal* journal : journals) {
    const absl::StatusOr<journal::Position> position = journal->Head();
    if (!position.ok()) continue;
    AddValue(head, {{"journal", journal->name()}}, static_cast<double>(position->sequence));
  }
  families.push_back(std::move(head));
}

void AppendServices(const std::vector<std::pair<std::string, bool>>& services,
                    std::vector<prometheus::MetricFamily>& families) {
  auto ready = NewFamily("critac_service_ready", "1 while a service takes writes");
  for (const auto& [name, is_ready] : services) {
    AddValue(ready, {{"service", name}}, is_ready ? 1 : 0);
  }
  families.push_back(std::move(ready));
}

void AppendFeeds(const std::vector<OperationalMetrics::Sources::Feed>& feeds,
                 std::vector<prometheus::MetricFamily>& families) {
  auto followed = NewFamily("critac_journal_followed",
                            "0 while a service cannot follow the journal of another");
  for (const OperationalMetrics::Sources::Feed& feed : feeds) {
    AddValue(followed, {{"service", feed.service}, {"journal", feed.journal}},
             feed.is_followed ? 1 : 0);
  }
  families.push_back(std::move(followed));
}

void AppendSpans(const SpanExporter::Figures& figures,
                 std::vector<prometheus::MetricFamily>& families) {
  auto exported = NewFamily("critac_spans_exported_total", "Spans that a collector took",
                            prometheus::MetricType::Counter);
  AddValue(exported, {}, static_cast<double>(figures.exported_count));
  families.push_back(std::move(exported));
  auto dropped = NewFamily("critac_spans_dropped_total", "Spans that no collector took",
                           prometheus::MetricType::Counter);
  AddValue(dropped, {}, static_cast<double>(figures.dropped_count));
  families.push_back(std::move(dropped));
}

std::optional<double> ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return std::nullopt;
  return static_cast<double>(resident_pages * sysconf(_SC_PAGESIZE));
}

std::optional<double> OpenDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  // One of them is the iterator's own.
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

double ProcessorSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void AppendProcess(absl::Time start, std::vector<prometheus::MetricFamily>& families) {
  const auto add = [&families](const char* name, const char* help, prometheus::MetricType type,
                               std::optional<double> value) {
    if (!value.has_value()) return;
    families.push_back(NewFamily(name, help, type));
    AddValue(families.back(), {}, *value);
  };
  constexpr auto kGauge = prometheus::MetricType::Gauge;
  add("process_resident_memory_bytes", "Resident memory size in bytes", kGauge, ResidentBytes());
  add("process_open_fds", "Number of open file descriptors", kGauge, OpenDescriptors());
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add("process_max_fds", "Maximum number of open file descriptors", kGauge,
        static_cast<double>(limit.rlim_cur));
  }
  add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds",
      prometheus::MetricType::Counter, ProcessorSeconds());
  add("process_start_time_seconds", "Start time of the process since unix epoch in seconds", kGauge,
      static_cast<double>(absl::ToUnixMicros(start)) / 1e6);
}

}  // namespace

// The figures of calls, found without a lookup by label.
class OperationalMetrics::Calls {
 public:
  void Count(absl::string_view name, absl::StatusCode code, absl::Duration duration) {
    Method& method = Find(name);
    method.duration->Observe(absl::ToDoubleSeconds(duration));
    // A code past those of gRPC does not exist; it would be UNKNOWN on the wire.
    size_t index = static_cast<size_t>(code);
    if (index >= kCodes) index = static_cast<size_t>(absl::StatusCode::kUnknown);
    CounterOf(method, name, index).Increment();
  }

  void Expect(const std::string& name) {
    for (const absl::StatusCode code : kCodesFromTheStart) AddCounter(name, code);
  }

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  struct Method {
    prometheus::Histogram* duration = nullptr;
    std::array<std::atomic<prometheus::Counter*>, kCodes> by_code = {};
  };

  Method& Find(absl::string_view name) {
    {
      absl::ReaderMutexLock lock(&mutex_);
      if (const auto found = methods_.find(name); found != methods_.end()) return *found->second;
    }
    absl::MutexLock lock(&mutex_);
    std::unique_ptr<Method>& method = methods_[std::string(name)];
    if (method == nullptr) {
      method = std::make_unique<Method>();
      method->duration = &durations_.Add({{"method", std::string(name)}}, DurationBuckets());
    }
    return *method;
  }

  prometheus::Counter& CounterOf(Method& method, absl::string_view name, size_t index) {
    std::atomic<prometheus::Counter*>& slot = method.by_code[index];
    prometheus::Counter* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &AddCounter(std::string(name), static_cast<absl::StatusCode>(index));
      slot.store(counter, std::memory_order_release);
    }
    return *counter;
  }

  // Whoever asks again, also at once, gets the same: the family keeps one a label set.
  prometheus::Counter& AddCounter(const std::string& name, absl::StatusCode code) {
    return counts_.Add({{"method", name}, {"code", absl::StatusCodeToString(code)}});
  }

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& counts_ = prometheus::BuildCounter()
                                                         .Name("critac_calls_total")
                                                         .Help("Calls that ended")
                                                         .Register(registry_);
  prometheus::Family<prometheus::Histogram>& durations_ = prometheus::BuildHistogram()
                                                              .Name("critac_call_duration_seconds")
                                                              .Help("How long calls took")
                                                              .Register(registry_);
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<Method>> methods_ ABSL_GUARDED_BY(mutex_);
};

// The figures of jobs.
class OperationalMetrics::Jobs {
 public:
  void Count(const queue::JobRecord& record) {
    const std::string queue(record.queue);
    DurationsOf(queue, record.outcome).Observe(absl::ToDoubleSeconds(record.ran));
    if (record.outcome == queue::JobOutcome::kReleased) return;
    waits_.Add({{"queue", queue}}, WaitBuckets()).Observe(absl::ToDoubleSeconds(record.waited));
  }

  void Expect(const std::string& queue) {
    for (const queue::JobOutcome outcome : kOutcomes) DurationsOf(queue, outcome);
  }

  void CollectInto(std::vector<prometheus::MetricFamily>& families) const {
    std::vector<prometheus::MetricFamily> own = registry_.Collect();
    std::move(own.begin(), own.end(), std::back_inserter(families));
  }

 private:
  // A family keeps one figure a label set.
  prometheus::Histogram& DurationsOf(const std::string& queue, queue::JobOutcome outcome) {
    return durations_.Add(
        {{"queue", queue}, {"outcome", std::string(queue::JobOutcomeName(outcome))}},
        DurationBuckets());
  }

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& durations_ = prometheus::BuildHistogram()
                                                              .Name("critac_job_duration_seconds")
                                                              .Help("How long handlers of jobs ran")
                                                              .Register(registry_);
  prometheus::Family<prometheus::Histogram>& waits_ =
      prometheus::BuildHistogram()
          .Name("critac_job_wait_seconds")
          .Help("From when jobs were put in until they were begun")
          .Register(registry_);
};

OperationalMetrics::OperationalMetrics(const Clock& clock)
    : start_(clock.Now()), calls_(std::make_unique<Calls>()), jobs_(std::make_unique<Jobs>()) {}

OperationalMetrics::~OperationalMetrics() = default;

void OperationalMetrics::ExpectCalls(absl::string_view method) {
  calls_->Expect(std::string(method));
}

void OperationalMetrics::ExpectJobs(absl::string_view queue) { jobs_->Expect(std::string(queue)); }

void OperationalMetrics::CountCall(const rpc::CallRecord& record) {
  calls_->Count(record.call.method, record.status.code(), record.duration);
}

void OperationalMetrics::CountJob(const queue::JobRecord& record) { jobs_->Count(record); }

std::string OperationalMetrics::ToText(const Sources& sources) const {
  std::vector<prometheus::MetricFamily> families = calls_->Collect();
  jobs_->CollectInto(families);
  if (sources.calls_in_flight) {
    families.push_back(NewFamily("critac_calls_in_flight", "Calls that have not ended"));
    AddValue(families.back(), {}, static_cast<double>(sources.calls_in_flight()));
  }
  if (sources.queues) AppendQueues(sources.queues(), families);
  if (sources.journals) AppendJournals(sources.journals(), families);
  if (sources.services) AppendServices(sources.services(), families);
  if (sources.feeds) AppendFeeds(sources.feeds(), families);
  if (sources.spans) AppendSpans(sources.spans(), families);
  AppendProcess(start_, families);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return text.str();
}

}  // namespace critac::server
