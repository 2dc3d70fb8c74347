#include "common/server/process.h"

#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "common/journal/testing_ledger.h"
#include "common/rpc/channel.h"
#include "common/rpc/testing/sample_server.h"
#include "common/server/testing/http_client.h"
#include "common/server/testing/raw_call.h"
#include "common/server/testing/sample_service.h"
#include "common/status/error.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "critac/queue/v1/queue.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/collector.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_folder.h"

namespace critac::server {
namespace {

using ::critac::rpc::testing::AsCoordinator;
using ::critac::rpc::testing::v1::ReadSampleRequest;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::TouchSampleRequest;
using critac::testing::Collector;
using ::testing::AllOf;
using testing::AskHttp;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HealthOf;
using testing::HttpAnswer;
using ::testing::Not;
using testing::RawCall;
using testing::SampleBoundService;
using SampleStub = ::critac::rpc::testing::v1::SampleService;
using JournalStub = ::critac::journal::v1::JournalService;
using QueueStub = ::critac::queue::v1::QueueService;

// A log that can be read while it is written to.
class LockedStream final : public std::stringbuf {
 public:
  std::string text() {
    absl::MutexLock lock(&mutex_);
    return text_;
  }

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    absl::MutexLock lock(&mutex_);
    text_.append(text, static_cast<size_t>(size));
    return size;
  }
  int overflow(int c) override {
    absl::MutexLock lock(&mutex_);
    text_ += static_cast<char>(c);
    return c;
  }

 private:
  absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
};

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    config_.name = "critac-sample";
    config_.listen = *ParseAddress("127.0.0.1:0");
    config_.admin_listen = *ParseAddress("127.0.0.1:0");
    config_.data = folder_.path();
    config_.drain_timeout = absl::Seconds(20);
  }

  // A bind of a sample service; `prepare` sets it up before the process serves.
  Bind BindSample(const std::string& name,
                  std::function<void(SampleBoundService&, Environment&)> prepare = nullptr) {
    return [this, name,
            prepare](Environment& environment) -> absl::StatusOr<std::unique_ptr<BoundService>> {
      auto service = std::make_unique<SampleBoundService>(
          name, environment, [this](const std::string& event) { Note(event); });
      // gRPC takes a service once; of several, the first is reached.
      if (!services_.empty()) service->WithoutSample();
      services_[name] = service.get();
      if (prepare) prepare(*service, environment);
      Note(name + " bound");
      return service;
    };
  }

  // Starts a process that has to start.
  void Start(const std::vector<Bind>& binds) {
    absl::StatusOr<std::unique_ptr<Process>> process =
        Process::Start(config_, binds, SystemClock::Instance(), ids_, log_);
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
  }
  absl::Status Refusal(const ServerConfig& config, const std::vector<Bind>& binds) {
    return Process::Start(config, binds, SystemClock::Instance(), ids_, log_).status();
  }

  // A channel as a client of another process has it.
  std::shared_ptr<grpc::Channel> Channel() {
    return rpc::MakeChannel({.target = process_->address().ToString(), .check_health = false});
  }
  absl::StatusOr<Sample> Read(const std::shared_ptr<grpc::Channel>& channel) {
    return rpc::Invoke(*SampleStub::NewStub(channel), &SampleStub::Stub::ReadSample,
                       rpc::testing::ReadRequest(), AsCoordinator());
  }
  HttpAnswer Ask(const std::string& path) {
    return AskHttp(*process_->admin_address(), "GET", path);
  }

  void Note(const std::string& event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(event);
  }
  std::vector<std::string> Events() {
    absl::MutexLock lock(&mutex_);
    return events_;
  }

  critac::testing::TempFolder folder_;
  ServerConfig config_;
  SeededIdSource ids_{11};
  LockedStream log_text_;
  std::ostream log_stream_{&log_text_};
  Log log_{LogLevel::kInfo, SystemClock::Instance(), log_stream_};
  std::map<std::string, SampleBoundService*> services_;
  absl::Mutex mutex_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Process> process_;
};

// ---- Serving ------------------------------------------------------------------------------------

TEST_F(ProcessTest, ServesItsServicesOverTheNetworkAndWithinItself) {
  Start({BindSample("intake")});
  EXPECT_NE(process_->address().port, 0);
  EXPECT_EQ(Read(Channel())->name(), "samples/a");
  EXPECT_EQ(Read(process_->ChannelTo("intake"))->name(), "samples/a");
}

TEST_F(ProcessTest, CallsWithinTheProcessGoTheSameRoad) {
  Start({BindSample("intake")});
  const auto stub = SampleStub::NewStub(process_->ChannelTo("intake"));
  grpc::ClientContext nobody;
  Sample response;
  EXPECT_EQ(stub->ReadSample(&nobody, rpc::testing::ReadRequest(), &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(
      Ask("/metrics").body,
      HasSubstr("critac_calls_total{code=\"UNAUTHENTICATED\",method=\"critac.rpc.testing.v1."
                "SampleService.ReadSample\"} 1"));
}

TEST_F(ProcessTest, FiguresOfFailuresAreThereBeforeTheFirst) {
  Start({BindSample("intake", [](SampleBoundService&, Environment& environment) {
    EXPECT_TRUE(environment.queue("match").ok());
  })});
  const std::string text = Ask("/metrics").body;
  for (const char* line : {
           "critac_calls_total{code=\"INTERNAL\",method=\"critac.rpc.testing.v1.SampleService."
           "ReadSample\"} 0",
           "critac_calls_total{code=\"UNAVAILABLE\",method=\"critac.queue.v1.QueueService."
           "ListQueues\"} 0",
           "critac_job_duration_seconds_count{outcome=\"failed\",queue=\"match\"} 0",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(ProcessTest, AChannelCanBeHadBeforeTheProcessServes) {
  std::shared_ptr<grpc::Channel> channel;
  absl::Status before;
  Start({BindSample("intake", [&](SampleBoundService&, Environment& environment) {
    channel = environment.channel("intake");
    EXPECT_EQ(environment.channel("intake"), channel);
    const auto stub = SampleStub::NewStub(channel);
    before =
        rpc::Invoke(*stub, &SampleStub::Stub::TouchSample, TouchSampleRequest(), AsCoordinator())
            .status();
  })});
  EXPECT_EQ(before.code(), absl::StatusCode::kUnavailable);
  rpc::CallSettings patient = AsCoordinator();
  patient.wait_for_ready = true;
  EXPECT_TRUE(rpc::Invoke(*SampleStub::NewStub(channel), &SampleStub::Stub::ReadSample,
                          rpc::testing::ReadRequest(), patient)
                  .ok());
}

TEST_F(ProcessTest, AChannelToAPeerGoesToItsAddress) {
  Start({BindSample("matching")});
  const Address peer = process_->address();
  std::unique_ptr<Process> first = std::move(process_);
  config_.peers["matching"] = peer;
  services_.clear();
  Start({BindSample("intake", [](SampleBoundService& service, Environment&) {
    service.sample().read = [](const rpc::Call&, const ReadSampleRequest&, Sample&) {
      return absl::InternalError("the wrong process");
    };
  })});
  EXPECT_EQ(Read(process_->ChannelTo("matching"))->name(), "samples/a");
}

TEST_F(ProcessTest, ServesAtAUnixSocket) {
  config_.listen = *ParseAddress("unix:" + folder_.path() + "/s");
  Start({BindSample("intake")});
  EXPECT_EQ(process_->address().ToString(), "unix:" + folder_.path() + "/s");
  EXPECT_TRUE(Read(Channel()).ok());
}

TEST_F(ProcessTest, AServiceGetsItsDatabaseInTheDataFolderOrAtItsUrl) {
  const std::string elsewhere = folder_.path() + "/elsewhere.sqlite";
  config_.databases["matching"] = "sqlite:" + elsewhere;
  for (const char* name : {"intake", "matching"}) {
    Start({BindSample(name, [name](SampleBoundService&, Environment& environment) {
      const auto database = environment.open_database(name);
      ASSERT_TRUE(database.ok()) << database.status();
      EXPECT_TRUE((*database)->CheckWritable().ok());
    })});
    process_.reset();
  }
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/intake.db"));
  EXPECT_TRUE(std::filesystem::exists(elsewhere));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/matching.db"));
}

TEST_F(ProcessTest, AQueueOfANameIsAlwaysTheSame) {
  Start({BindSample("intake", [](SampleBoundService&, Environment& environment) {
    const auto match = environment.queue("match");
    ASSERT_TRUE(match.ok());
    EXPECT_EQ((*match)->name(), "match");
    EXPECT_EQ(*environment.queue("match"), *match);
    EXPECT_NE(*environment.queue("sync"), *match);
  })});
}

TEST_F(ProcessTest, ServicesBeginTheirWorkOnceItServes) {
  Start({BindSample("intake"), BindSample("matching")});
  EXPECT_THAT(Events(),
              ElementsAre("intake bound", "matching bound", "intake start", "matching start"));
}

TEST_F(ProcessTest, JournalsAndQueuesAreServed) {
  Start({BindSample(
             "intake",
             [](SampleBoundService& service, Environment& environment) {
               service.fake_journal().AppendMany(3);
               ASSERT_TRUE(
                   (*environment.queue("match"))->Enqueue({{.key = "requests/fy27-000001"}}).ok());
             }),
         BindSample("matching")});
  journal::v1::GetHeadRequest head;
  head.set_journal("intake");
  EXPECT_EQ(rpc::Invoke(*JournalStub::NewStub(Channel()), &JournalStub::Stub::GetHead, head,
                        AsCoordinator())
                ->sequence(),
            3);
  EXPECT_EQ(rpc::Invoke(*QueueStub::NewStub(Channel()), &QueueStub::Stub::ListQueues,
                        queue::v1::ListQueuesRequest(), AsCoordinator())
                ->queues(0)
                .ready(),
            1);
}

TEST_F(ProcessTest, WhoMayNotFollowOneOfItsJournalsSeesNoJobs) {
  Start({BindSample(
             "intake",
             [](SampleBoundService&, Environment& environment) {
               EXPECT_TRUE(
                   (*environment.queue("match"))->Enqueue({{.key = "requests/fy27-000001"}}).ok());
             }),
         BindSample("matching")});
  const auto stub = QueueStub::NewStub(Channel());
  const auto peek = [&] {
    queue::v1::PeekQueueRequest request;
    request.set_queue("match");
    return rpc::Invoke(*stub, &QueueStub::Stub::PeekQueue, request, AsCoordinator());
  };
  ASSERT_TRUE(peek().ok()) << peek().status();
  EXPECT_EQ(peek()->jobs(0).key(), "requests/fy27-000001");
  for (const char* name : {"intake", "matching"}) {
    services_[name]->SetMayFollow(absl::PermissionDeniedError("recused"));
    EXPECT_EQ(peek().status().code(), absl::StatusCode::kPermissionDenied) << name;
    EXPECT_TRUE(rpc::Invoke(*stub, &QueueStub::Stub::ListQueues, queue::v1::ListQueuesRequest(),
                            AsCoordinator())
                    .ok())
        << "figures name nothing";
    services_[name]->SetMayFollow(absl::OkStatus());
    EXPECT_TRUE(peek().ok()) << name;
  }
}

// Goal: clients are made to connect anew. Method: a stream that goes on, as the longest-lived thing a
// client has, is cut once its connection is past its age and the grace.
TEST_F(ProcessTest, AConnectionThatIsOldEnoughIsClosed) {
  config_.connection_age = absl::Milliseconds(300);
  config_.connection_grace = absl::Milliseconds(300);
  Start({BindSample("intake")});
  RawCall watch(Channel(), "/grpc.health.v1.Health/Watch");
  ASSERT_TRUE(watch.Send(std::string("\x0a\x06intake", 8)));
  while (!watch.Receive().empty()) {
  }
  EXPECT_EQ(watch.Finish().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ProcessTest, WorkersAreRunAsTheConfigurationSays) {
  config_.drain_timeout = absl::Seconds(7);
  config_.job_lease = absl::Seconds(8);
  Start({BindSample("intake", [](SampleBoundService&, Environment& environment) {
    const queue::WorkerOptions options = environment.WorkerOptionsFor("match");
    EXPECT_EQ(options.name, "match");
    EXPECT_EQ(options.drain, absl::Seconds(7));
    EXPECT_EQ(options.lease, absl::Seconds(8));
    EXPECT_NE(options.observer, nullptr);
    // Nobody collects spans.
    EXPECT_EQ(options.steps, nullptr);
  })});
}

// ---- Spans --------------------------------------------------------------------------------------

class ProcessSpanTest : public ProcessTest {
 protected:
  ProcessSpanTest() { config_.otlp_endpoint = collector_.endpoint(); }

  // The span of a name, of one trace.
  nlohmann::json SpanOf(const std::string& trace_id, const std::string& name, int kind) {
    for (const auto& [service, span] : collector_.SpansOf(trace_id)) {
      if (span["name"] == name && span["kind"] == kind) return span;
    }
    ADD_FAILURE() << "no span " << name << " of kind " << kind;
    return {};
  }

  Collector collector_;
};

constexpr char kSampledTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kReadName[] = "critac.rpc.testing.v1.SampleService/ReadSample";

// Goal: the spans of what one call causes hang together. Method: the handler of a call with a trace
// makes another to a service of the process; a stop has all spans handed in.
TEST_F(ProcessSpanTest, OfCallsServedAndMadeHangTogether) {
  std::shared_ptr<grpc::Channel> inner;
  std::string handed_on;
  Start({BindSample("intake", [&](SampleBoundService& service, Environment& environment) {
    inner = environment.channel("intake");
    service.sample().touch = [&](const rpc::Call& call, const TouchSampleRequest&, Sample&,
                                 rpc::Pipeline::Finish finish) {
      handed_on = call.trace;
      finish(absl::OkStatus());
    };
  })});
  rpc::CallSettings settings = AsCoordinator();
  settings.trace = std::string(kSampledTrace) + " a=1,b=2";
  ASSERT_TRUE(rpc::Invoke(*SampleStub::NewStub(Channel()), &SampleStub::Stub::TouchSample,
                          TouchSampleRequest(), settings)
                  .ok());
  settings.trace = handed_on;
  ASSERT_TRUE(rpc::Invoke(*SampleStub::NewStub(inner), &SampleStub::Stub::ReadSample,
                          rpc::testing::ReadRequest(), settings)
                  .ok());
  process_->Stop();

  const std::string id(TraceIdOf(kSampledTrace));
  EXPECT_EQ(collector_.SpansOf(id).size(), 3U);
  const auto touched = SpanOf(id, "critac.rpc.testing.v1.SampleService/TouchSample", 2);
  const auto made = SpanOf(id, kReadName, 3);
  const auto served = SpanOf(id, kReadName, 2);
  EXPECT_EQ(touched["parentSpanId"], std::string(SpanIdOf(kSampledTrace)));
  EXPECT_EQ(touched["spanId"], std::string(SpanIdOf(handed_on)));
  EXPECT_EQ(made["parentSpanId"], touched["spanId"]);
  EXPECT_EQ(served["parentSpanId"], made["spanId"]);
  for (const auto& span : {touched, made, served}) {
    EXPECT_EQ(span.value("traceState", ""), "a=1,b=2") << span;
  }
  EXPECT_EQ(collector_.SpansOf(id)[0].service, "critac-sample");
}

TEST_F(ProcessSpanTest, OfATraceThatIsNotSampledThereAreNone) {
  config_.otlp_sample_ratio = 0;
  Start({BindSample("intake")});
  rpc::CallSettings settings = AsCoordinator();
  settings.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  EXPECT_TRUE(rpc::Invoke(*SampleStub::NewStub(Channel()), &SampleStub::Stub::ReadSample,
                          rpc::testing::ReadRequest(), settings)
                  .ok());
  // One that is begun here is not in a sample of none.
  EXPECT_TRUE(Read(Channel()).ok());
  process_->Stop();
  EXPECT_THAT(collector_.Await(0), ::testing::IsEmpty());
}

TEST_F(ProcessSpanTest, ThatCannotBeHandedInAreCountedAndTold) {
  collector_.AnswerNext({{.status = 400}});
  Start({BindSample("intake")});
  EXPECT_TRUE(Read(Channel()).ok());
  collector_.Await(1);
  EXPECT_TRUE(critac::testing::Eventually(
      [&] { return absl::StrContains(Ask("/metrics").body, "critac_spans_dropped_total 1"); }));
  EXPECT_THAT(Ask("/metrics").body, HasSubstr("critac_spans_exported_total 0"));
  EXPECT_THAT(log_text_.text(), AllOf(HasSubstr("spans are not taken"), HasSubstr("status 400")));
}

TEST_F(ProcessSpanTest, ThatAStopDropsAreToldOfOnceAndAreNoTroubleOfTheCollectors) {
  collector_.AnswerNext({{.status = Collector::kSilence}});
  Start({BindSample("intake")});
  EXPECT_TRUE(Read(Channel()).ok());
  process_->Stop();
  EXPECT_THAT(log_text_.text(),
              AllOf(HasSubstr("spans dropped at the stop"), HasSubstr("\"count\":1"),
                    Not(HasSubstr("spans are not taken"))));
}

TEST_F(ProcessTest, WithoutACollectorNothingIsSaidOfSpans) {
  Start({BindSample("intake")});
  EXPECT_THAT(Ask("/metrics").body, Not(HasSubstr("critac_spans")));
}

TEST_F(ProcessTest, AMessagePastTheLimitIsRefused) {
  Start({BindSample("intake")});
  ReadSampleRequest request = rpc::testing::ReadRequest();
  request.set_name(std::string(limits::kMessageBytes + 1, 'x'));
  EXPECT_EQ(rpc::Invoke(*SampleStub::NewStub(Channel()), &SampleStub::Stub::ReadSample, request,
                        AsCoordinator())
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

// ---- What is told about it ----------------------------------------------------------------------

TEST_F(ProcessTest, HealthIsToldByServiceAndForAll) {
  Start(
      {BindSample("intake"), BindSample("matching", [](SampleBoundService& service, Environment&) {
         service.SetReady(absl::UnavailableError("the disk is full"));
       })});
  EXPECT_EQ(HealthOf(Channel(), "intake"), "SERVING");
  EXPECT_EQ(HealthOf(Channel(), "matching"), "NOT_SERVING");
  EXPECT_EQ(HealthOf(Channel(), ""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(Channel(), "nobody"), "NOT_FOUND");
}

TEST_F(ProcessTest, ItIsAliveWhateverBecomesOfItsServices) {
  Start({BindSample("intake", [&](SampleBoundService& service, Environment&) {
    service.SetReady(absl::UnavailableError("the database is away"));
    service.on_stop = [&] { EXPECT_EQ(HealthOf(Channel(), kLiveName), "SERVING"); };
  })});
  EXPECT_EQ(HealthOf(Channel(), kLiveName), "SERVING");
  EXPECT_EQ(HealthOf(Channel(), ""), "NOT_SERVING");
  process_->Stop();
}

TEST_F(ProcessTest, HealthIsServedAloneAtAPortOfItsOwnWhereAskedFor) {
  config_.health_listen = *ParseAddress("127.0.0.1:0");
  std::string before;
  std::string during;
  std::shared_ptr<grpc::Channel> health;
  Start({BindSample("intake", [&](SampleBoundService& service, Environment&) {
    service.on_stop = [&] {
      before = HealthOf(health, "intake");
      during = HealthOf(health, kLiveName);
    };
  })});
  health =
      rpc::MakeChannel({.target = process_->health_address()->ToString(), .check_health = false});
  EXPECT_EQ(HealthOf(health, "intake"), "SERVING");
  EXPECT_EQ(HealthOf(health, ""), "SERVING");
  EXPECT_EQ(HealthOf(health, kLiveName), "SERVING");
  EXPECT_EQ(Read(health).status().code(), absl::StatusCode::kUnimplemented);
  process_->Stop();
  EXPECT_EQ(before, "NOT_SERVING");
  EXPECT_EQ(during, "SERVING");
}

TEST_F(ProcessTest, WithoutAHealthAddressThereIsNone) {
  Start({BindSample("intake")});
  EXPECT_FALSE(process_->health_address().has_value());
}

TEST_F(ProcessTest, HealthFollowsReadiness) {
  Start({BindSample("intake", [](SampleBoundService& service, Environment&) {
    service.SetReady(absl::UnavailableError("the disk is full"));
  })});
  // Watches until the change comes.
  RawCall watch(Channel(), "/grpc.health.v1.Health/Watch");
  ASSERT_TRUE(watch.Send(std::string("\x0a\x06intake", 8)));
  EXPECT_EQ(watch.Receive(), "\x08\x02");
  RawCall watch_all(Channel(), "/grpc.health.v1.Health/Watch");
  ASSERT_TRUE(watch_all.Send(""));
  EXPECT_EQ(watch_all.Receive(), "\x08\x02");
  services_["intake"]->SetReady(absl::OkStatus());
  EXPECT_EQ(watch.Receive(), "\x08\x01");
  EXPECT_EQ(watch_all.Receive(), "\x08\x01");
}

TEST_F(ProcessTest, AJournalThatIsNotFollowedIsToldAndLeavesTheServiceReady) {
  Start({BindSample("intake", [](SampleBoundService& service, Environment&) {
    service.SetFollowed(absl::DataLossError("event 7 is another"));
  })});
  EXPECT_EQ(HealthOf(Channel(), "intake"), "SERVING");
  EXPECT_THAT(log_text_.text(),
              AllOf(HasSubstr("journal not followed"), HasSubstr("event 7 is another")));
  EXPECT_THAT(Ask("/metrics").body,
              HasSubstr("critac_journal_followed{service=\"intake\",journal=\"another\"} 0"));
}

TEST_F(ProcessTest, ReflectionNamesTheServices) {
  Start({BindSample("intake")});
  RawCall call(Channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  // ServerReflectionRequest{list_services = 7}.
  ASSERT_TRUE(call.Send(std::string("\x3a\x00", 2)));
  EXPECT_THAT(call.Receive(),
              AllOf(HasSubstr("critac.rpc.testing.v1.SampleService"),
                    HasSubstr("critac.journal.v1.JournalService"),
                    HasSubstr("critac.queue.v1.QueueService"), HasSubstr("grpc.health.v1.Health")));
}

TEST_F(ProcessTest, AdminPagesTellOfItsLifeAndReadiness) {
  Start(
      {BindSample("intake"), BindSample("matching", [](SampleBoundService& service, Environment&) {
         service.SetReady(absl::UnavailableError("the disk is \"full\""));
       })});
  EXPECT_EQ(Ask("/livez").status, 200);
  const HttpAnswer ready = Ask("/readyz");
  EXPECT_EQ(ready.status, 503);
  const auto json = nlohmann::json::parse(ready.body);
  EXPECT_EQ(json["ready"], false);
  EXPECT_EQ(json["services"][0], nlohmann::json({{"name", "intake"}, {"ready", true}}));
  EXPECT_EQ(json["services"][1]["name"], "matching");
  EXPECT_EQ(json["services"][1]["code"], "UNAVAILABLE");
  EXPECT_EQ(json["services"][1]["reason"], "the disk is \"full\"");
  EXPECT_THAT(Ask("/metrics").body,
              AllOf(HasSubstr("critac_service_ready{service=\"intake\"} 1"),
                    HasSubstr("critac_service_ready{service=\"matching\"} 0"),
                    HasSubstr("critac_journal_head_sequence{journal=\"intake\"} 0")));
  EXPECT_EQ(Ask("/").status, 404);
}

TEST_F(ProcessTest, WhereAllAreReadyThePageSaysSo) {
  Start({BindSample("intake")});
  EXPECT_EQ(Ask("/readyz").status, 200);
  EXPECT_EQ(Ask("/readyz").body,
            "{\"ready\":true,\"services\":[{\"name\":\"intake\",\"ready\":true}]}\n");
}

TEST_F(ProcessTest, WithoutAnAdminAddressThereIsNone) {
  config_.admin_listen.reset();
  Start({BindSample("intake")});
  EXPECT_FALSE(process_->admin_address().has_value());
}

TEST_F(ProcessTest, CallsInFlightAreCounted) {
  absl::Notification entered;
  absl::Notification release;
  Start({BindSample("intake", [&](SampleBoundService& service, Environment&) {
    service.sample().read = [&](const rpc::Call&, const ReadSampleRequest&, Sample&) {
      entered.Notify();
      release.WaitForNotification();
      return absl::OkStatus();
    };
  })});
  EXPECT_THAT(Ask("/metrics").body, HasSubstr("critac_calls_in_flight 0"));
  std::thread caller([this] { EXPECT_TRUE(Read(Channel()).ok()); });
  entered.WaitForNotification();
  EXPECT_THAT(Ask("/metrics").body, HasSubstr("critac_calls_in_flight 1"));
  release.Notify();
  caller.join();
}

TEST_F(ProcessTest, TheLogTellsOfTheStartOfRefusedCallsAndOfTheStop) {
  Start({BindSample("intake")});
  const auto stub = SampleStub::NewStub(Channel());
  EXPECT_FALSE(
      rpc::Invoke(*stub, &SampleStub::Stub::ReadSample, ReadSampleRequest(), AsCoordinator()).ok());
  process_->Stop();
  const std::string text = log_text_.text();
  for (const char* part : {"\"message\":\"serving\"", "\"services\":\"intake\"",
                           "\"message\":\"ready\"", "\"message\":\"call\"",
                           "\"code\":\"INVALID_ARGUMENT\"", "\"principal\":\"coordinator:dana\"",
                           "\"message\":\"stopping\"", "\"message\":\"stopped\""}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

// A program of before has written the journal; the one that starts keeps a field more in a column.
TEST_F(ProcessTest, TheLogTellsWhatTheOpeningOfAJournalWaitsForAndDerives) {
  Start({BindSample("intake", [](SampleBoundService&, Environment& environment) {
    environment.wait_observer("ledger", "waiting for other processes, at most 10m: why");
    for (const bool is_newer : {false, true}) {
      journal::JournalOptions options = journal::LedgerOptions();
      if (is_newer) {
        options.projections[0].columns.push_back(
            {"type", [](const google::protobuf::Message& m) -> store::Value {
               return int64_t{static_cast<const intake::v1::Agency&>(m).type()};
             }});
        options.migrations.push_back(
            {2, "ledger", "ALTER TABLE agency ADD COLUMN type BIGINT NOT NULL DEFAULT 0"});
      }
      const auto opened = environment.OpenJournal(std::move(options));
      ASSERT_TRUE(opened.ok()) << opened.status();
      if (is_newer) continue;
      const auto added = (*opened)->Execute(journal::AddAgency("a", "Alpha"));
      ASSERT_TRUE(added.ok()) << added.status();
    }
  })});
  const std::string text = log_text_.text();
  EXPECT_THAT(text, HasSubstr(R"("level":"warning","message":"waiting for others",)"
                              R"("service":"ledger","what":"waiting for other processes, )"
                              R"(at most 10m: why"})"));
  EXPECT_THAT(text, HasSubstr(R"("message":"deriving records","journal":"ledger","events":0,)"
                              R"("of_events":1,)"));
  EXPECT_THAT(text, HasSubstr(R"("message":"records derived","journal":"ledger","events":1,)"
                              R"("of_events":1,)"));
}

// ---- What does not start ------------------------------------------------------------------------

TEST_F(ProcessTest, APortInUseIsSaidBeforeAnythingIsBound) {
  Start({BindSample("intake")});
  ServerConfig second = config_;
  second.listen = process_->address();
  const absl::Status status = Refusal(second, {BindSample("matching")});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(second.listen.ToString()), HasSubstr("Address already in use")));
  EXPECT_THAT(Events(), Not(Contains("matching bound")));
  // The first goes on.
  EXPECT_TRUE(Read(Channel()).ok());
}

TEST_F(ProcessTest, AnAdminPortInUseUndoesTheStart) {
  Start({BindSample("intake")});
  ServerConfig second = config_;
  second.admin_listen = process_->admin_address();
  const absl::Status status = Refusal(second, {BindSample("matching")});
  EXPECT_THAT(std::string(status.message()), HasSubstr(process_->admin_address()->ToString()));
  EXPECT_THAT(Events(), AllOf(Contains("matching stop"), Contains("matching gone"),
                              Not(Contains("matching start"))));
}

TEST_F(ProcessTest, AHostThatIsNotThereIsSaid) {
  config_.listen = *ParseAddress("no-such-host.invalid:7400");
  EXPECT_THAT(std::string(Refusal(config_, {BindSample("intake")}).message()),
              HasSubstr("no-such-host.invalid:7400"));
}

TEST_F(ProcessTest, AServiceThatCannotBeBoundUndoesTheStart) {
  const absl::Status status = Refusal(
      config_,
      {BindSample("intake"), [](Environment&) -> absl::StatusOr<std::unique_ptr<BoundService>> {
         return absl::FailedPreconditionError("the database has a later step");
       }});
  EXPECT_EQ(status.message(), "the database has a later step");
  EXPECT_THAT(Events(), ElementsAre("intake bound", "intake stop", "intake gone"));
}

TEST_F(ProcessTest, ADataFolderOfAnotherProcessIsRefused) {
  const auto open = [](const std::string& name) {
    return [name](SampleBoundService&, Environment& environment) {
      EXPECT_TRUE(environment.open_database(name).ok());
    };
  };
  Start({BindSample("intake", open("intake"))});
  const absl::Status status = Refusal(
      config_, {[](Environment& environment) -> absl::StatusOr<std::unique_ptr<BoundService>> {
        return environment.open_database("matching").status();
      }});
  EXPECT_EQ(ReasonOf(status), "DATA_FOLDER_IN_USE");
  // Free again once the first is gone.
  process_.reset();
  services_.clear();
  Start({BindSample("intake", open("intake"))});
}

TEST_F(ProcessTest, ABadDatabaseUrlIsRefused) {
  config_.databases["intake"] = "sqlite:/nowhere/at/all/x.db";
  const absl::Status status = Refusal(
      config_, {[](Environment& environment) -> absl::StatusOr<std::unique_ptr<BoundService>> {
        return environment.open_database("intake").status();
      }});
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/at/all"));
}

// ---- Stop ---------------------------------------------------------------------------------------

TEST_F(ProcessTest, AStopLetsTheCallInHandEndAndTakesNoOther) {
  absl::Notification entered;
  absl::Notification stopping;
  Start({BindSample("intake", [&](SampleBoundService& service, Environment&) {
    service.sample().read = [&](const rpc::Call&, const ReadSampleRequest&, Sample& response) {
      entered.Notify();
      stopping.WaitForNotification();
      response.set_name("samples/done");
      return absl::OkStatus();
    };
    service.on_stop = [&] {
      // Not ready by now, and still there for whoever asks.
      EXPECT_EQ(Ask("/readyz").status, 503);
      EXPECT_EQ(Ask("/livez").status, 200);
      stopping.Notify();
    };
  })});
  const std::shared_ptr<grpc::Channel> channel = Channel();
  std::thread caller([&] { EXPECT_EQ(Read(channel)->name(), "samples/done"); });
  entered.WaitForNotification();
  process_->Stop();
  caller.join();
  EXPECT_EQ(Read(channel).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(AskHttp(config_.admin_listen.value(), "GET", "/livez").status, 0);
}

TEST_F(ProcessTest, JobsInHandStillReachTheServicesOfTheProcess) {
  absl::StatusOr<Sample> during;
  Start({BindSample("intake"),
         BindSample("matching", [&](SampleBoundService& service, Environment& environment) {
           const auto channel = environment.channel("intake");
           service.on_stop = [&, channel] { during = Read(channel); };
         })});
  process_->Stop();
  EXPECT_TRUE(during.ok()) << during.status();
}

TEST_F(ProcessTest, ServicesAreStoppedLastFirstAndOnce) {
  Start({BindSample("intake"), BindSample("matching")});
  process_->Stop();
  process_->Stop();
  process_.reset();
  EXPECT_THAT(Events(), ElementsAre("intake bound", "matching bound", "intake start",
                                    "matching start", "matching stop", "intake stop",
                                    ::testing::AnyOf("intake gone", "matching gone"),
                                    ::testing::AnyOf("intake gone", "matching gone")));
}

TEST_F(ProcessTest, ACallThatDoesNotEndIsCutWhenTheDrainTimeoutIsOver) {
  config_.drain_timeout = absl::Milliseconds(300);
  absl::Notification entered;
  absl::AnyInvocable<void(absl::Status)> finish;
  Start({BindSample("intake", [&](SampleBoundService& service, Environment&) {
    service.sample().touch = [&](const rpc::Call&, const TouchSampleRequest&, Sample&,
                                 rpc::Pipeline::Finish end) {
      finish = std::move(end);
      entered.Notify();
    };
  })});
  std::thread caller([&] {
    const absl::Status status =
        rpc::Invoke(*SampleStub::NewStub(Channel()), &SampleStub::Stub::TouchSample,
                    TouchSampleRequest(), AsCoordinator())
            .status();
    EXPECT_THAT(status.code(),
                ::testing::AnyOf(absl::StatusCode::kUnavailable, absl::StatusCode::kCancelled));
    // The handler itself ends only now; the stop waits for that.
    finish(absl::OkStatus());
  });
  entered.WaitForNotification();
  process_->Stop();
  caller.join();
}

TEST_F(ProcessTest, AWatchOfHealthDoesNotHoldUpTheStop) {
  Start({BindSample("intake")});
  RawCall watch(Channel(), "/grpc.health.v1.Health/Watch");
  ASSERT_TRUE(watch.Send(std::string("\x0a\x06intake", 8)));
  EXPECT_EQ(watch.Receive(), "\x08\x01");
  const absl::Time before = absl::Now();
  process_->Stop();
  EXPECT_LT(absl::Now() - before, config_.drain_timeout / 2);
  // It was told before it was cut.
  EXPECT_EQ(watch.Receive(), "\x08\x02");
}

TEST_F(ProcessTest, AFollowedJournalDoesNotHoldUpTheStop) {
  Start({BindSample("intake", [](SampleBoundService& service, Environment&) {
    service.fake_journal().AppendMany(1);
  })});
  const auto stub = JournalStub::NewStub(Channel());
  grpc::ClientContext context;
  rpc::CallSettings settings = AsCoordinator();
  settings.principal.role = type::v1::ROLE_AUDITOR;
  rpc::Prepare(context, settings);
  journal::v1::ReadEventsRequest request;
  request.set_follow(true);
  const auto stream = stub->ReadEvents(&context, request);
  journal::v1::ReadEventsResponse batch;
  ASSERT_TRUE(stream->Read(&batch));
  const absl::Time before = absl::Now();
  process_->Stop();
  EXPECT_LT(absl::Now() - before, config_.drain_timeout / 2);
  EXPECT_FALSE(stream->Read(&batch));
  // CANCELLED where the stop came before gRPC had told that the last batch was sent.
  EXPECT_THAT(stream->Finish().error_code(),
              ::testing::AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED));
}

TEST_F(ProcessTest, AfterAStopAnotherProcessTakesItsPlace) {
  Start({BindSample("intake")});
  config_.listen = process_->address();
  config_.admin_listen = process_->admin_address();
  process_->Stop();
  services_.clear();
  Start({BindSample("intake")});
  EXPECT_TRUE(Read(Channel()).ok());
}

}  // namespace
}  // namespace critac::server
