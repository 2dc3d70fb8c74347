#include "common/server/operational_metrics.h"

#include <string>
#include <thread>
#include <vector>

#include "common/server/testing/fake_journal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using testing::FakeJournal;
using ::testing::HasSubstr;
using ::testing::Not;

// A queue of which only the figures matter.
class StatsQueue final : public queue::WorkQueue {
 public:
  StatsQueue(std::string name, absl::StatusOr<queue::QueueStats> stats)
      : name_(std::move(name)), stats_(std::move(stats)) {}

  absl::string_view name() const override { return name_; }
  absl::StatusOr<queue::QueueStats> Stats() override { return stats_; }

  absl::StatusOr<int64_t> Enqueue(absl::Span<const queue::NewJob>) override { return 0; }
  absl::StatusOr<std::vector<queue::Lease>> Reserve(int, absl::Duration, absl::Duration,
                                                    const std::stop_token&) override {
    return std::vector<queue::Lease>();
  }
  std::vector<absl::StatusOr<queue::Lease>> ExtendEach(absl::Span<const queue::Lease> leases,
                                                       absl::Duration) override {
    return {leases.begin(), leases.end()};
  }
  std::vector<absl::Status> CompleteEach(absl::Span<const queue::Lease> leases) override {
    return std::vector<absl::Status>(leases.size());
  }
  absl::Status Fail(const queue::Lease&, absl::string_view, bool) override {
    return absl::OkStatus();
  }
  absl::Status Release(const queue::Lease&) override { return absl::OkStatus(); }
  absl::Status Pause() override { return absl::OkStatus(); }
  absl::Status LimitRate(int64_t) override { return absl::OkStatus(); }
  absl::Status Resume() override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<queue::JobInfo>> Peek(std::optional<queue::JobState>, int) override {
    return std::vector<queue::JobInfo>();
  }
  absl::Status Redrive(absl::string_view, absl::string_view) override { return absl::OkStatus(); }
  absl::StatusOr<int64_t> RedriveAll(absl::string_view) override { return 0; }
  absl::StatusOr<int64_t> PurgeDead() override { return 0; }
  absl::Status CheckWritable() override { return absl::OkStatus(); }
  void Shutdown() override {}

 private:
  const std::string name_;
  const absl::StatusOr<queue::QueueStats> stats_;
};

class OperationalMetricsTest : public ::testing::Test {
 protected:
  void Count(const std::string& method, absl::StatusCode code, absl::Duration duration) {
    rpc::Call call;
    call.method = method;
    metrics_.CountCall({call, "", absl::Status(code, ""), "", duration});
  }

  ManualClock clock_{absl::FromUnixMillis(1'800'000'000'250)};
  OperationalMetrics metrics_{clock_};
};

TEST_F(OperationalMetricsTest, CallsAreCountedByMethodAndCode) {
  Count("a.S.Get", absl::StatusCode::kOk, absl::Milliseconds(3));
  Count("a.S.Get", absl::StatusCode::kOk, absl::Milliseconds(30));
  Count("a.S.Get", absl::StatusCode::kNotFound, absl::Microseconds(100));
  Count("a.S.List", absl::StatusCode::kUnauthenticated, absl::Seconds(60));
  const std::string text = metrics_.ToText({});
  for (const char* line : {
           "# TYPE critac_calls_total counter",
           "critac_calls_total{code=\"OK\",method=\"a.S.Get\"} 2",
           "critac_calls_total{code=\"NOT_FOUND\",method=\"a.S.Get\"} 1",
           "critac_calls_total{code=\"UNAUTHENTICATED\",method=\"a.S.List\"} 1",
           "# TYPE critac_call_duration_seconds histogram",
           "critac_call_duration_seconds_count{method=\"a.S.Get\"} 3",
           "critac_call_duration_seconds_bucket{method=\"a.S.Get\",le=\"0.0005\"} 1",
           "critac_call_duration_seconds_bucket{method=\"a.S.Get\",le=\"0.005\"} 2",
           "critac_call_duration_seconds_bucket{method=\"a.S.Get\",le=\"0.05\"} 3",
           "critac_call_duration_seconds_bucket{method=\"a.S.List\",le=\"30\"} 0",
           "critac_call_duration_seconds_bucket{method=\"a.S.List\",le=\"+Inf\"} 1",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(OperationalMetricsTest, WhatIsExpectedIsThereBeforeItsFirstFailure) {
  metrics_.ExpectCalls("a.S.Get");
  metrics_.ExpectJobs("match");
  std::string text = metrics_.ToText({});
  for (const char* code :
       {"OK", "INTERNAL", "UNKNOWN", "DATA_LOSS", "UNAVAILABLE", "DEADLINE_EXCEEDED"}) {
    EXPECT_THAT(text, HasSubstr(std::string("critac_calls_total{code=\"") + code +
                                "\",method=\"a.S.Get\"} 0"));
  }
  EXPECT_THAT(text, Not(HasSubstr("NOT_FOUND")));
  for (const char* outcome : {"done", "failed", "given_up", "released", "lost"}) {
    EXPECT_THAT(text, HasSubstr(std::string("critac_job_duration_seconds_count{outcome=\"") +
                                outcome + "\",queue=\"match\"} 0"));
  }
  Count("a.S.Get", absl::StatusCode::kInternal, absl::Milliseconds(3));
  metrics_.ExpectCalls("a.S.Get");
  const queue::Job job({.key = "requests/fy27-000001"});
  metrics_.CountJob({"match", job, queue::JobOutcome::kLost, absl::OkStatus(), absl::ZeroDuration(),
                     absl::ZeroDuration()});
  text = metrics_.ToText({});
  for (const char* line : {
           "critac_calls_total{code=\"INTERNAL\",method=\"a.S.Get\"} 1",
           "critac_calls_total{code=\"OK\",method=\"a.S.Get\"} 0",
           "critac_job_duration_seconds_count{outcome=\"lost\",queue=\"match\"} 1",
           "critac_job_duration_seconds_count{outcome=\"done\",queue=\"match\"} 0",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(OperationalMetricsTest, ACodeThatDoesNotExistCountsAsUnknown) {
  Count("a.S.Get", static_cast<absl::StatusCode>(99), absl::Milliseconds(1));
  EXPECT_THAT(metrics_.ToText({}),
              HasSubstr("critac_calls_total{code=\"UNKNOWN\",method=\"a.S.Get\"} 1"));
}

TEST_F(OperationalMetricsTest, NoCallIsLostAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kEach; ++i) {
        Count(i % 2 == 0 ? "a.S.Even" : "a.S.Odd", absl::StatusCode::kOk, absl::Milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics_.ToText({}),
              HasSubstr("critac_calls_total{code=\"OK\",method=\"a.S.Even\"} 4000"));
  EXPECT_THAT(metrics_.ToText({}),
              HasSubstr("critac_calls_total{code=\"OK\",method=\"a.S.Odd\"} 4000"));
}

TEST_F(OperationalMetricsTest, JobsAreCountedByQueueAndOutcome) {
  const auto count = [this](queue::JobOutcome outcome, absl::Duration waited, absl::Duration ran) {
    const queue::Job job({.key = "requests/fy27-000001"});
    metrics_.CountJob({"match", job, outcome, absl::OkStatus(), waited, ran});
  };
  count(queue::JobOutcome::kDone, absl::Milliseconds(2), absl::Milliseconds(30));
  count(queue::JobOutcome::kDone, absl::Seconds(2), absl::Milliseconds(300));
  count(queue::JobOutcome::kFailed, absl::Hours(2), absl::Seconds(60));
  count(queue::JobOutcome::kReleased, absl::ZeroDuration(), absl::ZeroDuration());
  const std::string text = metrics_.ToText({});
  for (const char* line : {
           "# TYPE critac_job_duration_seconds histogram",
           "critac_job_duration_seconds_count{outcome=\"done\",queue=\"match\"} 2",
           "critac_job_duration_seconds_bucket{outcome=\"done\",queue=\"match\",le=\"0.05\"} 1",
           "critac_job_duration_seconds_bucket{outcome=\"failed\",queue=\"match\",le=\"30\"} 0",
           "critac_job_duration_seconds_count{outcome=\"released\",queue=\"match\"} 1",
           "critac_job_wait_seconds_bucket{queue=\"match\",le=\"0.005\"} 1",
           "critac_job_wait_seconds_bucket{queue=\"match\",le=\"5\"} 2",
           "critac_job_wait_seconds_count{queue=\"match\"} 3",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(OperationalMetricsTest, QueuesAndJournalsAreLookedAtWhenAsked) {
  queue::QueueStats stats;
  stats.ready = 5;
  stats.delayed = 4;
  stats.leased = 3;
  stats.dead = 2;
  stats.oldest_ready = absl::Milliseconds(1500);
  stats.completed = 77;
  stats.paused = true;
  StatsQueue match("match", stats);
  StatsQueue broken("broken", absl::UnavailableError("gone"));
  FakeJournal intake("intake");
  FakeJournal unreadable("unreadable");
  unreadable.Fail(absl::UnavailableError("gone"));
  intake.AppendMany(7);
  OperationalMetrics::Sources sources;
  sources.calls_in_flight = [] { return 9; };
  sources.queues = [&] { return std::vector<queue::WorkQueue*>{&match, &broken}; };
  sources.journals = [&] { return std::vector<journal::Journal*>{&intake, &unreadable}; };
  sources.services = [] {
    return std::vector<std::pair<std::string, bool>>{{"intake", true}, {"matching", false}};
  };
  sources.feeds = [] {
    return std::vector<OperationalMetrics::Sources::Feed>{{"metrics", "intake", true},
                                                          {"matching", "metrics", false}};
  };
  sources.spans = [] { return SpanExporter::Figures{11, 4}; };
  std::string text = metrics_.ToText(sources);
  for (const char* line : {
           "critac_spans_exported_total 11",
           "critac_spans_dropped_total 4",
           "critac_journal_followed{service=\"metrics\",journal=\"intake\"} 1",
           "critac_journal_followed{service=\"matching\",journal=\"metrics\"} 0",
           "critac_calls_in_flight 9",
           "critac_queue_jobs{queue=\"match\",state=\"ready\"} 5",
           "critac_queue_jobs{queue=\"match\",state=\"delayed\"} 4",
           "critac_queue_jobs{queue=\"match\",state=\"leased\"} 3",
           "critac_queue_jobs{queue=\"match\",state=\"dead\"} 2",
           "critac_queue_oldest_ready_seconds{queue=\"match\"} 1.5",
           "critac_queue_completed_total{queue=\"match\"} 77",
           "critac_queue_paused{queue=\"match\"} 1",
           "critac_journal_head_sequence{journal=\"intake\"} 7",
           "critac_service_ready{service=\"intake\"} 1",
           "critac_service_ready{service=\"matching\"} 0",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("broken")));
  EXPECT_THAT(text, Not(HasSubstr("unreadable")));
  intake.AppendMany(1);
  EXPECT_THAT(metrics_.ToText(sources),
              HasSubstr("critac_journal_head_sequence{journal=\"intake\"} 8"));
}

TEST_F(OperationalMetricsTest, TheProcessItselfIsThere) {
  const std::string text = metrics_.ToText({});
  EXPECT_THAT(text, HasSubstr("process_start_time_seconds 1800000000.25"));
  for (const char* name : {"process_resident_memory_bytes ", "process_open_fds ",
                           "process_max_fds ", "process_cpu_seconds_total "}) {
    const size_t at = text.find(std::string("\n") + name);
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GT(std::stod(text.substr(at + 1 + std::string(name).size())), 0) << name;
  }
}

}  // namespace
}  // namespace critac::server
