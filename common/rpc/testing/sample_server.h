#ifndef COMMON_RPC_TESTING_SAMPLE_SERVER_H_
#define COMMON_RPC_TESTING_SAMPLE_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/base/task_pool.h"
#include "common/rpc/channel.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/tasks.h"
#include "common/rpc/testing/fake_journal.h"
#include "critac/rpc/testing/v1/sample.grpc.pb.h"
#include "grpcpp/server.h"

namespace critac::rpc::testing {

// A CallRecord that can be kept.
struct KeptRecord {
  Call call;
  std::string request_id;
  absl::Status status;
  std::string incident;
  absl::Duration duration;
};

// Keeps what the pipeline tells. Thread-safe.
class RecordKeeper {
 public:
  CallObserver observer();
  std::vector<KeptRecord> records() const;
  // Returns the records once there are `count`.
  std::vector<KeptRecord> Await(size_t count) const;

 private:
  mutable absl::Mutex mutex_;
  std::vector<KeptRecord> records_ ABSL_GUARDED_BY(mutex_);
};

// The sample service, laid out as the suite's services are, with handlers that a test sets before
// the first call.
class SampleService final : public v1::SampleService::CallbackService {
 public:
  SampleService(Pipeline& pipeline, journal::Journal& journal)
      : pipeline_(pipeline), journal_(journal) {}

  std::function<absl::Status(const Call&, const v1::ReadSampleRequest&, v1::Sample&)> read =
      [](const Call&, const v1::ReadSampleRequest& request, v1::Sample& response) {
        response.set_name(request.name());
        return absl::OkStatus();
      };
  // Set: ReadSample reads single records, by Get.
  std::function<absl::Status(const Call&, const v1::ReadSampleRequest&, journal::Records&,
                             v1::Sample&)>
      get;
  // Set: ReadSample runs there.
  TaskPool* tasks = nullptr;
  // Set: what it does there while it is wanted.
  std::function<absl::Status(journal::IsWanted)> work;
  std::function<journal::Decide(const Call&, const v1::WriteSampleRequest&)> write =
      [](const Call&, const v1::WriteSampleRequest& request) -> journal::Decide {
    return [leaf = request.leaf()](journal::Draft& draft) {
      v1::Sample state;
      state.set_name("samples/" + leaf.id());
      draft.Emit(state.name(), state);
      draft.AnswerWith(state.name());
      return absl::OkStatus();
    };
  };
  std::function<absl::Status(const Call&, v1::Sample&)> polish;
  std::function<void(const Call&, const v1::TouchSampleRequest&, v1::Sample&, Pipeline::Finish)>
      touch = [](const Call&, const v1::TouchSampleRequest&, v1::Sample&, Pipeline::Finish finish) {
        finish(absl::OkStatus());
      };
  std::function<absl::Status(const Call&, const v1::WatchSampleRequest&,
                             absl::FunctionRef<bool(const v1::Sample&)>)>
      watch = [](const Call&, const v1::WatchSampleRequest& request,
                 absl::FunctionRef<bool(const v1::Sample&)> write_message) {
        for (int i = 0; i < request.count(); ++i) {
          v1::Sample message;
          message.set_count(i);
          if (!write_message(message)) break;
        }
        return absl::OkStatus();
      };

  grpc::ServerUnaryReactor* ReadSample(grpc::CallbackServerContext* context,
                                       const v1::ReadSampleRequest* request,
                                       v1::Sample* response) override {
    if (get != nullptr) {
      return pipeline_.Get<v1::ReadSampleRequest, v1::Sample>(context, request, response, journal_,
                                                              get);
    }
    if (tasks != nullptr) {
      return InTasks<v1::ReadSampleRequest>(
          pipeline_, *tasks, context, request, response,
          [this, context, response](const Call& call, const v1::ReadSampleRequest& in) {
            return work == nullptr ? read(call, in, *response)
                                   : pipeline_.DoWhileWanted(*context, call, work);
          });
    }
    return pipeline_.Read<v1::ReadSampleRequest, v1::Sample>(context, request, response, read);
  }
  grpc::ServerUnaryReactor* WriteSample(grpc::CallbackServerContext* context,
                                        const v1::WriteSampleRequest* request,
                                        v1::Sample* response) override {
    absl::AnyInvocable<absl::Status(const Call&, v1::Sample&)> last_hand = nullptr;
    if (polish != nullptr) last_hand = polish;
    return pipeline_.Write<v1::WriteSampleRequest, v1::Sample>(context, request, response, journal_,
                                                               write, std::move(last_hand));
  }
  grpc::ServerUnaryReactor* TouchSample(grpc::CallbackServerContext* context,
                                        const v1::TouchSampleRequest* request,
                                        v1::Sample* response) override {
    return pipeline_.Unary(
        context, *request, *response,
        [this, response](const Call& call, const google::protobuf::Message& checked,
                         Pipeline::Finish finish) {
          touch(call, static_cast<const v1::TouchSampleRequest&>(checked), *response,
                std::move(finish));
        });
  }
  grpc::ServerWriteReactor<v1::Sample>* WatchSample(
      grpc::CallbackServerContext* context, const v1::WatchSampleRequest* request) override {
    return pipeline_.Stream<v1::WatchSampleRequest, v1::Sample>(context, request, watch);
  }
  grpc::ServerUnaryReactor* ClosedSample(grpc::CallbackServerContext* context,
                                         const v1::ClosedSampleRequest* request,
                                         v1::Sample* response) override {
    return pipeline_.Read<v1::ClosedSampleRequest, v1::Sample>(
        context, request, response,
        [](const Call&, const auto&, auto&) { return absl::OkStatus(); });
  }

 private:
  Pipeline& pipeline_;
  journal::Journal& journal_;
};

// Serves the sample service on a port of its own, with everything it needs.
class SampleServer {
 public:
  explicit SampleServer(const Clock& clock = SystemClock::Instance());
  ~SampleServer();

  // Listens at `address`, and serves.
  void Start(const std::string& address = "127.0.0.1:0");

  // `127.0.0.1:PORT`.
  std::string address() const;
  // A plain channel, without the suite's policies.
  std::shared_ptr<grpc::Channel> plain_channel() const;
  std::unique_ptr<v1::SampleService::Stub> stub() const;

  RecordKeeper records;
  SeededIdSource ids{17};
  FakeJournal journal;
  Pipeline pipeline;
  SampleService service;
  std::unique_ptr<grpc::Server> server;

 private:
  int port_ = 0;
};

// Settings of a call by a coordinator, which may call everything but ClosedSample.
CallSettings AsCoordinator();

// Well-formed requests.
v1::ReadSampleRequest ReadRequest();
v1::WriteSampleRequest WriteRequest();

}  // namespace critac::rpc::testing

#endif  // COMMON_RPC_TESTING_SAMPLE_SERVER_H_
