#ifndef SERVICES_METRICS_SERVICE_TESTING_H_
#define SERVICES_METRICS_SERVICE_TESTING_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/queue/memory/memory_work_queue.h"
#include "common/rpc/channel.h"
#include "common/rpc/pipeline.h"
#include "common/server/binding.h"
#include "common/server/journal_service.h"
#include "common/store/database.h"
#include "critac/metrics/v1/measure.grpc.pb.h"
#include "critac/metrics/v1/report.grpc.pb.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "services/metrics/bind.h"
#include "services/metrics/follower.h"
#include "services/metrics/metrics_states.h"
#include "services/metrics/testing/sample_events.h"
#include "tests/support/journal_tables.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_databases.h"

namespace critac::metrics::testing {

constexpr char kDana[] = "coordinator:dana";
constexpr char kMorgan[] = "program-manager:morgan";
constexpr char kAlex[] = "auditor:alex";

// A clock that runs like the machine's, but began at noon of 2026-11-05. The streams between the
// services wait on it, so it must run.
class TestClock final : public Clock {
 public:
  absl::Time Now() const override { return SystemClock::Instance().Now() + ahead_; }
  bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                  absl::Time deadline) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return SystemClock::Instance().AwaitUntil(mutex, condition, deadline - ahead_);
  }

 private:
  const absl::Duration ahead_ = At(2026, 11, 5) - SystemClock::Instance().Now();
};

// The journal of a service that is not here: real, with whatever events a test writes.
inline std::unique_ptr<journal::Journal> OpenPeerJournal(const std::string& name,
                                                         critac::testing::TestDatabases& databases,
                                                         const Clock& clock, IdSource& ids) {
  journal::JournalOptions options;
  options.name = name;
  options.apply = [](journal::MutableStates&, const journal::Event&,
                     const google::protobuf::Message&) {};
  critac::testing::BeginWithTables(databases, options);
  auto database = databases.Open(name);
  EXPECT_TRUE(database.ok()) << database.status();
  auto journal = journal::Journal::Open(std::move(options), *std::move(database), clock, ids);
  EXPECT_TRUE(journal.ok()) << journal.status();
  return *std::move(journal);
}

// Writes the events of a log, from the `first`-th on (counted from 0), into a journal.
inline void Record(journal::Journal& journal, const EventLog& log, size_t first = 0) {
  journal::Command command;
  command.actor = kDana;
  command.decide = [&log, first](journal::Draft& draft) {
    for (size_t i = first; i < log.events().size(); ++i) {
      const journal::v1::Event& event = log.events()[i];
      std::shared_ptr<google::protobuf::Message> payload(PayloadOfInterest(event.type())->New());
      const auto read = google::protobuf::util::JsonStringToMessage(event.payload(), payload.get());
      if (!read.ok()) return absl::InternalError(read.ToString());
      draft.EmitMessage(event.subject(), std::move(payload));
    }
    return absl::OkStatus();
  };
  const auto answer = journal.Execute(std::move(command));
  ASSERT_TRUE(answer.ok()) << answer.status();
}

// Metrics as it is in production, bound by BindMetrics over a database of its own and called
// through gRPC, beside the journals of intake and matching, into which tests write. Only clock and
// ids are the test's.
class MetricsServer {
 public:
  MetricsServer() {
    intake = OpenPeerJournal("intake", databases, clock, ids);
    matching = OpenPeerJournal("matching", databases, clock, ids);
    critac::testing::BeginWithTables(databases, MetricsJournal());
    Open();
  }
  ~MetricsServer() { Close(); }

  // Ends the process, so to speak, and starts it anew on the same folder. The queue forgets all.
  void Restart() {
    Close();
    Open();
  }

  void Close() {
    if (server_ == nullptr) return;
    bound_->Stop();
    pipeline_->StopStreams();
    journal_service_->Stop();
    server_->Shutdown();
    server_.reset();
    journal_service_.reset();
    bound_.reset();
    pipeline_.reset();
  }

  void Open() {
    pipeline_ = std::make_unique<rpc::Pipeline>(clock, ids, nullptr);
    queue_ = std::make_unique<queue::MemoryWorkQueue>("report", queue::RetryPolicy(), clock, ids);
    if (queue_paused) ASSERT_TRUE(queue_->Pause().ok());
    environment_ = std::unique_ptr<server::Environment>(new server::Environment{
        clock, ids, *pipeline_,
        [this](const std::string& service) { return databases.Open(service); },
        [this](const std::string&) -> absl::StatusOr<queue::WorkQueue*> { return queue_.get(); },
        [this](const std::string& service) { return ChannelTo(service); }});
    auto bound = BindMetrics(*environment_);
    ASSERT_TRUE(bound.ok()) << bound.status();
    bound_ = *std::move(bound);
    journal_service_ = std::make_unique<server::JournalService>(
        *pipeline_, std::vector<journal::Journal*>{intake.get(), matching.get(), &journal()},
        clock);
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder);
    builder.RegisterService(journal_service_.get());
    for (grpc::Service* service : bound_->grpc_services()) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel({});
    measures = v1::MeasureService::NewStub(channel_);
    reports = v1::ReportService::NewStub(channel_);
    surveys = v1::SurveyService::NewStub(channel_);
    bound_->Start();
  }

  server::BoundService& bound() { return *bound_; }
  journal::Journal& journal() { return bound_->journal(); }
  queue::WorkQueue& queue() { return *queue_; }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::string NewId() { return ids.NewUuid(); }

  // Where a service is reached; tests can put another journal's process in its place.
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& service) const {
    const auto other = elsewhere.find(service);
    return other == elsewhere.end() ? channel_ : other->second;
  }

  // Writes a program's events into the three journals.
  void Write(const Program& program) {
    Record(*intake, program.intake);
    Record(*matching, program.matching);
    Record(journal(), program.metrics);
  }

  // The heads of all journals, as positions to wait for.
  std::vector<Position> Heads() {
    std::vector<Position> heads;
    for (journal::Journal* each : {intake.get(), matching.get(), &journal()}) {
      const auto head = each->Head();
      EXPECT_TRUE(head.ok()) << head.status();
      Position& position = heads.emplace_back();
      position.set_journal(each->name());
      position.set_sequence(head->sequence);
      position.set_hash(head->hash);
    }
    return heads;
  }

  // Makes a call as someone.
  template <typename Stub, typename Base, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Base::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const std::string& who) {
    const auto principal = rpc::ParsePrincipal(who);
    EXPECT_TRUE(principal.ok()) << principal.status();
    return rpc::Invoke(*stub, method, request,
                       {.principal = *principal, .timeout = absl::Seconds(60)});
  }

  // ---- Measures

  absl::StatusOr<v1::Snapshot> GetSnapshot(const std::vector<Position>& at_least = {}) {
    v1::GetSnapshotRequest request;
    for (const Position& position : at_least) *request.add_at_least() = position;
    return Call(measures, &v1::MeasureService::Stub::GetSnapshot, request, kDana);
  }
  absl::StatusOr<v1::QueryMeasureResponse> Query(const std::string& measure,
                                                 std::vector<v1::Dimension> group_by = {},
                                                 const std::string& who = kDana) {
    v1::QueryMeasureRequest request;
    request.set_measure(measure);
    for (const v1::Dimension dimension : group_by) request.add_group_by(dimension);
    return Call(measures, &v1::MeasureService::Stub::QueryMeasure, request, who);
  }
  // The total of a measure once all that is recorded is in the facts.
  double Total(const std::string& measure) {
    EXPECT_TRUE(GetSnapshot(Heads()).ok());
    const auto answer = Query(measure);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->total().value() : -1;
  }

  // ---- Surveys

  absl::StatusOr<v1::SurveyResponse> RecordSurvey(const v1::SurveyResponse& response,
                                                  const std::string& who = kDana,
                                                  const std::string& request_id = "") {
    v1::RecordSurveyResponseRequest request;
    *request.mutable_response() = response;
    request.set_request_id(request_id.empty() ? NewId() : request_id);
    return Call(surveys, &v1::SurveyService::Stub::RecordSurveyResponse, request, who);
  }
  absl::StatusOr<v1::ImportSurveyResponsesResponse> ImportSurveys(
      const std::vector<v1::SurveyResponse>& rows, bool validate_only = false) {
    v1::ImportSurveyResponsesRequest request;
    for (const v1::SurveyResponse& row : rows) *request.add_responses() = row;
    request.set_validate_only(validate_only);
    request.set_request_id(NewId());
    return Call(surveys, &v1::SurveyService::Stub::ImportSurveyResponses, request, kDana);
  }

  // ---- Reports

  static v1::Report Wanted(v1::ReportKind kind = v1::REPORT_KIND_ANNUAL_REVIEW) {
    v1::Report report;
    report.set_kind(kind);
    report.set_start_date("2025-10-01");
    report.set_end_date("2026-09-30");
    return report;
  }
  absl::StatusOr<v1::Report> CreateReport(const v1::Report& report,
                                          const std::string& request_id = "",
                                          const std::string& who = kMorgan) {
    v1::CreateReportRequest request;
    *request.mutable_report() = report;
    request.set_request_id(request_id.empty() ? NewId() : request_id);
    return Call(reports, &v1::ReportService::Stub::CreateReport, request, who);
  }
  absl::StatusOr<v1::Report> GetReport(const std::string& name) {
    v1::GetReportRequest request;
    request.set_name(name);
    return Call(reports, &v1::ReportService::Stub::GetReport, request, kMorgan);
  }
  // The report once it is no longer being made.
  v1::Report Finished(const std::string& name) {
    for (;;) {
      const auto head = journal().Head();
      const auto report = GetReport(name);
      EXPECT_TRUE(head.ok() && report.ok()) << report.status();
      if (!report.ok() || report->state() != v1::REPORT_STATE_PENDING) {
        return report.ok() ? *report : v1::Report();
      }
      journal().AwaitBeyond(head->sequence, absl::Seconds(60));
    }
  }
  absl::StatusOr<v1::GetReportDocumentResponse> GetDocument(const std::string& name,
                                                            v1::ReportFormat format) {
    v1::GetReportDocumentRequest request;
    request.set_name(name);
    request.set_format(format);
    return Call(reports, &v1::ReportService::Stub::GetReportDocument, request, kMorgan);
  }

  // Runs SQL on metrics' database.
  void Sql(const std::string& sql) {
    const absl::Status status =
        journal().database().Write([&](store::Connection& connection) -> absl::Status {
          return connection.Execute(sql).status();
        });
    ASSERT_TRUE(status.ok()) << status;
  }

  TestClock clock;
  SeededIdSource ids{20261105};
  // The queue begins paused.
  bool queue_paused = false;
  std::map<std::string, std::shared_ptr<grpc::Channel>> elsewhere;
  critac::testing::TestDatabases databases;
  std::unique_ptr<journal::Journal> intake;
  std::unique_ptr<journal::Journal> matching;
  std::unique_ptr<v1::MeasureService::Stub> measures;
  std::unique_ptr<v1::ReportService::Stub> reports;
  std::unique_ptr<v1::SurveyService::Stub> surveys;

 private:
  critac::testing::TempFolder folder_;
  std::unique_ptr<rpc::Pipeline> pipeline_;
  std::unique_ptr<queue::MemoryWorkQueue> queue_;
  std::unique_ptr<server::Environment> environment_;
  std::unique_ptr<server::BoundService> bound_;
  std::unique_ptr<server::JournalService> journal_service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace critac::metrics::testing

#endif  // SERVICES_METRICS_SERVICE_TESTING_H_
