// The Redis queue against BullMQ and bee-queue: same jobs, same Redis, same machine, one run.
//
// 100,000 no-op jobs with 200 bytes of payload (ours: the key, since a job carries a name) and
// leases kept, at each setting of the server's persistence. All take turns, three times; a figure is
// the median. Prints ratios; a peer that npm has not installed is left out, and that is said; one that
// fails ends the run with an error.
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/queue/worker.h"
#include "common/server/run.h"
#include "nlohmann/json.hpp"
#include "tests/bench/findings.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace critac::queue {
namespace {

constexpr size_t kPayloadBytes = 200;
constexpr int kBatch = 1000;
// One is built while Redis works on the other; the peers have as many.
constexpr int kBatchesInFlight = 2;
constexpr int kCallers = 16;
constexpr int kRate = 1000;
constexpr int kProducers = 8;
constexpr const char* kPeers[] = {"bullmq", "bee-queue"};
// Exit statuses of queue_peers.mjs where npm has not installed the peer, and of the shell where there
// is no node, and so no npm.
constexpr int kNotInstalled = 3;
constexpr int kNoSuchProgram = 127;

struct Options {
  int jobs = 100'000;
  int latency_seconds = 5;
  int rounds = 3;
  // Without the peers, which takes a fraction of the time.
  bool alone = false;
  std::vector<std::string> persistence = {"off", "everysec", "always"};
};

// What one side came to; a time of jobs, or another figure.
struct Figures {
  double enqueue_batch_s = 0;
  double enqueue_one_s = 0;
  std::map<int, double> process_s;
  double latency_p50_us = 0;
  double latency_p99_us = 0;
  double bytes_per_job = 0;
};

double SecondsOf(const std::function<void()>& work) {
  const absl::Time start = absl::Now();
  work();
  return absl::ToDoubleSeconds(absl::Now() - start);
}

std::vector<std::string> ServerSettings(const std::string& persistence) {
  if (persistence == "off") return {};
  return {"--appendonly", "yes", "--appendfsync", persistence};
}

std::string Key(int number) {
  std::string key = absl::StrFormat("requests/fy27-%07d/", number);
  key.resize(kPayloadBytes, 'x');
  return key;
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  absl::FPrintF(stderr, "queue_bench: %s\n", status.ToString());
  std::exit(1);
}

void InThreads(int count, const std::function<void(int thread)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

// Each measure begins with nothing on the server.
void Empty(const testing::RedisServer& server) {
  Check(testing::AskRedis(server.port(), {"FLUSHALL"}).status());
}

// ---- Ours -----------------------------------------------------------------------------------------

class Ours {
 public:
  Ours(const testing::RedisServer& server, const Options& options)
      : server_(server), options_(options), target_(*redis::ParseUrl(server.url())) {}

  Figures Run() {
    Figures figures;
    figures.enqueue_batch_s = Timed([this](WorkQueue& queue) { Fill(queue, options_.jobs); });
    figures.enqueue_one_s = Timed([this](WorkQueue& queue) { FillOneByOne(queue); });
    for (const int concurrency : {10, 100}) {
      figures.process_s[concurrency] = Process(concurrency);
    }
    MeasureLatency(figures);
    figures.bytes_per_job = BytesPerJob();
    return figures;
  }

 private:
  std::unique_ptr<RedisWorkQueue> Open() {
    Empty(server_);
    auto queue = std::make_unique<RedisWorkQueue>("bench", target_, RetryPolicy(),
                                                  SystemClock::Instance(), ids_);
    Check(queue->CheckWritable());
    return queue;
  }

  double Timed(const std::function<void(WorkQueue&)>& work) {
    const std::unique_ptr<RedisWorkQueue> queue = Open();
    return SecondsOf([&] { work(*queue); });
  }

  void Fill(WorkQueue& queue, int count) {
    InThreads(kBatchesInFlight, [&](int thread) {
      for (int first = thread * kBatch; first < count; first += kBatchesInFlight * kBatch) {
        std::vector<NewJob> jobs;
        const int end = std::min(count, first + kBatch);
        for (int i = first; i < end; ++i) jobs.push_back({.key = Key(i)});
        Check(queue.Enqueue(jobs).status());
      }
    });
  }

  void FillOneByOne(WorkQueue& queue) {
    InThreads(kCallers, [&](int caller) {
      for (int i = caller; i < options_.jobs; i += kCallers) {
        const NewJob job = {.key = Key(i)};
        Check(queue.Enqueue(absl::MakeConstSpan(&job, 1)).status());
      }
    });
  }

  double Process(int concurrency) {
    const std::unique_ptr<RedisWorkQueue> queue = Open();
    Fill(*queue, options_.jobs);
    absl::Mutex mutex;
    int left = options_.jobs;
    Worker worker(
        *queue, [](const Job&) { return absl::OkStatus(); },
        {.threads = concurrency,
         .ahead = limits::kReserveJobs,
         .observer =
             [&](const JobRecord& record) {
               Check(record.status);
               absl::MutexLock lock(&mutex);
               --left;
             }},
        SystemClock::Instance(), ids_);
    const double seconds = SecondsOf([&] {
      worker.Start();
      const auto none_left = [&] { return left == 0; };
      absl::MutexLock lock(&mutex);
      mutex.Await(absl::Condition(&none_left));
    });
    Check(worker.Stop());
    const absl::StatusOr<QueueStats> stats = queue->Stats();
    Check(stats.status());
    if (stats->ready + stats->leased + stats->dead + stats->delayed != 0) {
      Check(absl::InternalError("jobs are left"));
    }
    return seconds;
  }

  // A job each millisecond, each at its own time: producers take turns, so that a slow call delays no
  // job but its own unless all of them are in one.
  void MeasureLatency(Figures& figures) {
    const std::unique_ptr<RedisWorkQueue> queue = Open();
    const int count = kRate * (1 + options_.latency_seconds);
    std::vector<absl::Time> put_in(static_cast<size_t>(count));
    std::vector<double> latencies_us;
    absl::Mutex mutex;
    int done = 0;
    Worker worker(
        *queue,
        [&](const Job& job) {
          const absl::Time now = absl::Now();
          int number = 0;
          if (std::sscanf(std::string(job.key()).c_str(), "requests/fy27-%d/", &number) != 1) {
            return absl::InternalError("a key that nobody put in");
          }
          absl::MutexLock lock(&mutex);
          if (number >= kRate) {
            latencies_us.push_back(
                absl::ToDoubleMicroseconds(now - put_in[static_cast<size_t>(number)]));
          }
          ++done;
          return absl::OkStatus();
        },
        {.threads = 10}, SystemClock::Instance(), ids_);
    worker.Start();
    std::atomic<int> next = 0;
    const absl::Time start = absl::Now();
    InThreads(kProducers, [&](int /*producer*/) {
      for (int i = next++; i < count; i = next++) {
        const NewJob job = {.key = Key(i)};
        SystemClock::Instance().WaitUntil(start + i * absl::Seconds(1) / kRate);
        {
          absl::MutexLock lock(&mutex);
          put_in[static_cast<size_t>(i)] = absl::Now();
        }
        Check(queue->Enqueue(absl::MakeConstSpan(&job, 1)).status());
      }
    });
    {
      const auto all_done = [&] { return done == count; };
      absl::MutexLock lock(&mutex);
      mutex.Await(absl::Condition(&all_done));
    }
    Check(worker.Stop());
    std::sort(latencies_us.begin(), latencies_us.end());
    figures.latency_p50_us = latencies_us[latencies_us.size() / 2];
    figures.latency_p99_us = latencies_us[latencies_us.size() * 99 / 100];
  }

  double UsedMemory() {
    const std::string info = testing::TextOfRedis(server_.port(), {"INFO", "memory"});
    return std::stod(info.substr(info.find("used_memory:") + 12));
  }

  double BytesPerJob() {
    const std::unique_ptr<RedisWorkQueue> queue = Open();
    const double before = UsedMemory();
    Fill(*queue, options_.jobs);
    return (UsedMemory() - before) / options_.jobs;
  }

  const testing::RedisServer& server_;
  const Options options_;
  const redis::Target target_;
  RandomIdSource ids_;
};

// ---- Peers ----------------------------------------------------------------------------------------

// What a program printed, and its exit status; -1 where it has none.
struct Ended {
  int status = -1;
  std::string output;
};

Ended RunProgram(const std::string& command) {
  Ended ended;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return ended;
  char buffer[4096];
  for (size_t got = 0; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    ended.output.append(buffer, got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  return ended;
}

class Peer {
 public:
  Peer(std::string name, const testing::RedisServer& server, const Options& options)
      : name_(std::move(name)), server_(server), options_(options) {}

  // Nothing where it is not installed.
  std::optional<Figures> Run() {
    Figures figures;
    const auto batch =
        Ask(absl::StrFormat("enqueue-batch --jobs %d --batch %d", options_.jobs, kBatch));
    if (!batch.has_value()) return std::nullopt;
    figures.enqueue_batch_s = (*batch)["seconds"];
    figures.enqueue_one_s =
        Asked("enqueue-one --jobs %d --callers %d", options_.jobs, kCallers)["seconds"];
    for (const int concurrency : {10, 100}) {
      figures.process_s[concurrency] =
          Asked("process --jobs %d --concurrency %d", options_.jobs, concurrency)["seconds"];
    }
    const nlohmann::json latency =
        Asked("latency --rate %d --concurrency 10 --seconds %d", kRate, options_.latency_seconds);
    figures.latency_p50_us = latency["p50_us"];
    figures.latency_p99_us = latency["p99_us"];
    figures.bytes_per_job =
        Asked("memory --jobs %d --batch %d", options_.jobs, kBatch)["bytes_per_job"];
    return figures;
  }

 private:
  // Nothing where it is not installed.
  std::optional<nlohmann::json> Ask(const std::string& measure) {
    Empty(server_);
    const std::vector<std::string> words = absl::StrSplit(measure, absl::MaxSplits(' ', 1));
    const Ended ended =
        RunProgram(absl::StrCat("node ", CRITAC_SOURCE_DIR, "/tests/bench/queue_peers.mjs ", name_,
                                " ", words[0], " ", server_.port(), " ", words[1]));
    if (ended.status == kNotInstalled || ended.status == kNoSuchProgram) return std::nullopt;
    if (ended.status != 0) {
      Check(absl::InternalError(
          absl::StrCat(name_, " failed at ", measure, ", with exit status ", ended.status)));
    }
    return nlohmann::json::parse(ended.output);
  }
  template <typename... Args>
  nlohmann::json Asked(const absl::FormatSpec<Args...>& format, const Args&... args) {
    const std::string measure = absl::StrFormat(format, args...);
    const std::optional<nlohmann::json> answer = Ask(measure);
    if (!answer.has_value()) {
      Check(absl::InternalError(absl::StrCat(name_, " is gone before ", measure)));
    }
    return *answer;
  }

  const std::string name_;
  const testing::RedisServer& server_;
  const Options options_;
};

// ---- The limit ------------------------------------------------------------------------------------

// Seconds that the server takes for what a job costs it at the least (a record, a line and a lease
// come and go), each command by itself, pipelined a hundred at a time by redis-benchmark.
std::optional<double> LimitSeconds(const testing::RedisServer& server, int jobs) {
  const std::vector<std::string> commands = {"LPOP line",
                                             "HGET jobs __rand_int__",
                                             "HSET state __rand_int__ token",
                                             "ZADD leased 1 __rand_int__",
                                             "HGET state __rand_int__",
                                             "ZREM leased __rand_int__",
                                             "HDEL jobs __rand_int__",
                                             "HDEL state __rand_int__"};
  double seconds = 0;
  for (const std::string& command : commands) {
    const Ended ended = RunProgram(
        absl::StrFormat("redis-benchmark -p %d -n %d -P 100 -c 1 -r %d --csv %s 2>/dev/null",
                        server.port(), jobs, jobs, command));
    if (ended.status != 0) return std::nullopt;
    const size_t line = ended.output.find('\n');
    const std::vector<std::string> cells = absl::StrSplit(ended.output.substr(line + 1), "\",\"");
    if (cells.size() < 2) return std::nullopt;
    seconds += jobs / std::stod(cells[1]);
  }
  return seconds;
}

// ---- Telling --------------------------------------------------------------------------------------

// Of each side, what it came to round by round.
using Rounds = std::map<std::string, std::vector<Figures>>;
constexpr const char* kOurs = "ours";

class Report {
 public:
  // `persistence` is that of the rounds.
  Report(const Rounds& rounds, std::string persistence, bench::Findings& findings)
      : rounds_(rounds), persistence_(std::move(persistence)), findings_(findings) {}

  // `of` reads a figure of which less is better; `amount` / figure is shown where it is a time. Ours is wanted
  // so many times as good as the better peer's.
  void Line(const std::string& what, double amount, const std::function<double(const Figures&)>& of,
            const char* unit, double wanted) {
    const auto shown = [&](double figure) { return amount > 0 ? amount / figure : figure; };
    const double ours = MedianOf(kOurs, of);
    std::string line = absl::StrFormat("  %-34s %10.0f %-8s", what, shown(ours), unit);
    double best = 0;
    for (const auto& [name, rounds] : rounds_) {
      if (name == kOurs) continue;
      const double median = MedianOf(name, of);
      absl::StrAppendFormat(&line, "  %s %8.0f", name, shown(median));
      if (best == 0 || median < best) best = median;
    }
    if (best > 0) {
      absl::StrAppendFormat(&line, "   %6.2f times the better (wanted %g)", best / ours, wanted);
      findings_.AtLeast(absl::StrCat("persistence ", persistence_, ": ", what), best / ours,
                        wanted);
    }
    absl::PrintF("%s\n", line);
  }

  double MedianOf(const std::string& side, const std::function<double(const Figures&)>& of) {
    std::vector<double> figures;
    for (const Figures& round : rounds_.at(side)) figures.push_back(of(round));
    std::sort(figures.begin(), figures.end());
    return figures[figures.size() / 2];
  }

 private:
  const Rounds& rounds_;
  const std::string persistence_;
  bench::Findings& findings_;
};

Rounds RunRounds(const testing::RedisServer& server, const Options& options) {
  Rounds rounds;
  for (int round = 0; round < options.rounds; ++round) {
    rounds[kOurs].push_back(Ours(server, options).Run());
    for (const char* name : kPeers) {
      if (options.alone) continue;
      const std::optional<Figures> figures = Peer(name, server, options).Run();
      if (figures.has_value()) {
        rounds[name].push_back(*figures);
      } else if (round == 0) {
        absl::PrintF("  %s is not measured: npm has not installed it\n", name);
      }
    }
  }
  return rounds;
}

int RunBench(const Options& options) {
  bench::Findings findings;
  for (const std::string& persistence : options.persistence) {
    testing::RedisServer server(ServerSettings(persistence));
    if (!server.is_up()) Check(absl::UnavailableError("redis-server did not start"));
    absl::PrintF("persistence %s\n", persistence);
    std::fflush(stdout);
    const Rounds rounds = RunRounds(server, options);
    Report report(rounds, persistence, findings);
    report.Line(
        "enqueue, 1000 a call", options.jobs, [](const Figures& f) { return f.enqueue_batch_s; },
        "jobs/s", 3);
    report.Line(
        "enqueue, one by one, 16 callers", options.jobs,
        [](const Figures& f) { return f.enqueue_one_s; }, "jobs/s", 1);
    for (const int concurrency : {10, 100}) {
      report.Line(
          absl::StrFormat("process, %d at once", concurrency), options.jobs,
          [concurrency](const Figures& f) { return f.process_s.at(concurrency); }, "jobs/s", 4);
    }
    report.Line(
        "latency at 1000 jobs/s, median", 0, [](const Figures& f) { return f.latency_p50_us; },
        "us", 1);
    report.Line(
        "latency at 1000 jobs/s, p99", 0, [](const Figures& f) { return f.latency_p99_us; }, "us",
        1);
    report.Line(
        "memory of a waiting job", 0, [](const Figures& f) { return f.bytes_per_job; }, "bytes", 1);
    const std::optional<double> limit = LimitSeconds(server, options.jobs);
    if (limit.has_value()) {
      absl::PrintF("  the same commands by redis-benchmark   %.0f jobs/s: ours %.2f of it\n",
                   options.jobs / *limit, *limit / report.MedianOf(kOurs, [](const Figures& f) {
                     return f.process_s.at(100);
                   }));
    }
  }
  return findings.Conclude();
}

}  // namespace
}  // namespace critac::queue

int main(int argc, char** argv) {
  critac::queue::Options options;
  const std::string argument = argc > 1 ? argv[1] : "";
  if (argc > 2 || (argc == 2 && argument != "alone")) {
    std::fprintf(stderr, "usage: queue_bench [alone]\n");
    return 2;
  }
  options.alone = argc == 2;
  critac::server::SkipDeadlockDetection();  // as the shipped programs do
  try {
    return critac::queue::RunBench(options);
  } catch (const std::exception& error) {  // a peer's figures were not in the form agreed
    std::fprintf(stderr, "queue_bench: %s\n", error.what());
    return 1;
  }
}
