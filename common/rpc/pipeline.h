#ifndef COMMON_RPC_PIPELINE_H_
#define COMMON_RPC_PIPELINE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/base/task_pool.h"
#include "common/base/trace.h"
#include "common/journal/journal.h"
#include "common/rpc/principal.h"
#include "common/rpc/record_readers.h"
#include "common/rpc/stream.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"

namespace critac::rpc {

struct Method;

// A call on its way through the pipeline.
struct Call {
  // Full name of the method, `critac.intake.v1.RequestService.CreateRequest`.
  std::string method;
  // Proto package of its service.
  std::string domain;
  Principal principal;
  // W3C trace of the caller, as ParseTrace gives it, or a new one; with an id of its own where calls
  // are steps.
  std::string trace;
  // The caller's trace. Empty: it sent none that is valid.
  std::string parent;
  absl::Time start;
  // The caller's deadline, and no later than the method allows.
  absl::Time deadline;
  // Of a stream: see HasEnded. Null: not a stream.
  std::shared_ptr<const std::atomic<bool>> ended;

  // Whether a stream is over (its caller gone, its deadline past at the last write, the pipeline
  // stopping): a body that waits for something looks here now and then, so that it ends in time.
  bool HasEnded() const { return ended != nullptr && ended->load(std::memory_order_acquire); }
};

// What the pipeline tells of every call when it ends: for logs and operational metrics. Never a
// body.
struct CallRecord {
  const Call& call;
  // The request's `request_id`. Empty: it has none, or not a UUID.
  std::string request_id;
  absl::Status status;
  // Set where `status` is internal: also in the error the caller got.
  std::string incident;
  absl::Duration duration;
};
// Called once a call, before the caller has its answer, on the thread that ends it. Must not block.
using CallObserver = std::function<void(const CallRecord&)>;

// Where a command's Decide is made: on gRPC's thread, or, since making it reads a database, where reads run.
enum class Deciding { kAtOnce, kReads };

// The one road of a call: deadline → who → may they → is it well-formed → handler → one conversion
// of the status. Thread-safe. A service's methods are a line or two each:
//
//   grpc::ServerUnaryReactor* GetRequest(grpc::CallbackServerContext* context,
//                                        const GetRequestRequest* request,
//                                        Request* response) override {
//     return pipeline_.Read<GetRequestRequest, Request>(
//         context, request, response,
//         [this](const Call& call, const auto& in, auto& out) { … });
//   }
//
// The method is known by its request message, which no two methods of the suite share. What a step
// refuses goes no further:
// - DEADLINE_EXCEEDED, reason DEADLINE_PAST: it was past on arrival. A call without a deadline, or
//   with a later one, gets the method's `max_seconds` (limits::kDefaultCall where it sets none).
// - UNAUTHENTICATED, reason PRINCIPAL_MISSING or PRINCIPAL_INVALID: kPrincipalKey is not in the
//   metadata exactly once, or not readable.
// - PERMISSION_DENIED, reason ROLE_NOT_ALLOWED, naming the roles that are; METHOD_CLOSED for a
// method
//   without rules.
// - INVALID_ARGUMENT, reason INVALID_FIELDS: see CheckFields. What a caller sends in output-only
//   fields does not reach the handler.
class Pipeline {
 public:
  // `clock`, `ids` must outlive the pipeline, and `steps` as well. `observer` may be null. With
  // `steps` each call becomes a step of its trace, with an id that it hands on; null: the caller's
  // is handed on.
  Pipeline(const Clock& clock, IdSource& ids, CallObserver observer, TraceSource* steps = nullptr);
  // Stops the streams. No unary call may be on its way.
  ~Pipeline();

  // Readies a server for services that go through this pipeline: the limits and pings of
  // ConfigureServer, and INVALID_ARGUMENT, reason MALFORMED_MESSAGE, for calls whose bytes are no
  // message of their method, which gRPC does not let as far as a service; the observer is told of
  // them too. The pipeline must outlive the server.
  void Configure(grpc::ServerBuilder& builder);

  // Has reads run on threads of their own, for databases that are waited for: gRPC has few threads.
  // One whose caller is gone, or whose deadline is past, when its turn comes is not begun: CANCELLED, or
  // DEADLINE_EXCEEDED, reason DEADLINE_PAST. Too many wait: TooManyTasks (tasks.h). To be called before the server
  // starts.
  void ReadAside(int threads = limits::kReadThreads, int most_waiting = limits::kWaitingReads);

  // Runs a method that changes nothing. `handler` fills the response, on gRPC's thread where reads
  // do not run aside; it may read a database, but must not wait for another call.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Read(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      absl::AnyInvocable<absl::Status(const Call&, const Request&, Response&)> handler) {
    if (readers_ == nullptr) {
      return RunAtOnce(*context, *request,
                       [&](const Call& call, const google::protobuf::Message& checked) {
                         return handler(call, static_cast<const Request&>(checked), *response);
                       });
    }
    return Unary(
        context, *request, *response,
        [this, context, response, handler = std::move(handler)](
            const Call& call, const google::protobuf::Message& checked, Finish finish) mutable {
          RunAside(
              *context, call,
              [&call, &checked, response, handler = std::move(handler)](Finish end) mutable {
                end(handler(call, static_cast<const Request&>(checked), *response));
              },
              std::move(finish));
        });
  }

  // Runs a method that changes nothing and reads no more than single records, each by `records`. Where reads run aside,
  // it is tried from memory first, and what `handler` has made there is forgotten where that is not enough.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Get(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      journal::Journal& journal,
      absl::AnyInvocable<absl::Status(const Call&, const Request&, journal::Records& records,
                                      Response&)>
          handler) {
    auto run = [response, handler = std::move(handler)](const Call& call,
                                                        const google::protobuf::Message& checked,
                                                        journal::Records& records) mutable {
      return handler(call, static_cast<const Request&>(checked), records, *response);
    };
    if (readers_ == nullptr) {
      return RunAtOnce(*context, *request,
                       [&](const Call& call, const google::protobuf::Message& checked) {
                         journal::Records records(journal);
                         return run(call, checked, records);
                       });
    }
    return Unary(
        context, *request, *response,
        [this, context, response, &journal, run = std::move(run)](
            const Call& call, const google::protobuf::Message& checked, Finish finish) mutable {
          GetAside(*context, call, checked, *response, journal, std::move(run), std::move(finish));
        });
  }

  // Runs a method that gives one command to `journal`. `make_decide` is called with the call and
  // the checked request; the Decide it makes may keep references to both: they live until the
  // command is answered. The request's `request_id`
  // makes the command repeatable; the answer becomes the response (empty where the command gave
  // none). `polish` (may be null) puts the last hand to the response for this caller, for example
  // the actions it can take; it runs on the journal's thread. With kReads
  // `make_decide` runs where reads do.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Write(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      journal::Journal& journal,
      absl::AnyInvocable<journal::Decide(const Call&, const Request&)> make_decide,
      absl::AnyInvocable<absl::Status(const Call&, Response&)> polish = nullptr,
      Deciding deciding = Deciding::kAtOnce) {
    return Unary(
        context, *request, *response,
        [this, context, response, &journal, deciding, make_decide = std::move(make_decide),
         polish = std::move(polish)](const Call& call, const google::protobuf::Message& checked,
                                     Finish finish) mutable {
          auto submit = [&call, &checked, response, &journal, make_decide = std::move(make_decide),
                         polish = std::move(polish)](Finish end) mutable {
            absl::AnyInvocable<absl::Status()> last_hand = nullptr;
            if (polish != nullptr) {
              last_hand = [&call, response, polish = std::move(polish)]() mutable {
                return polish(call, *response);
              };
            }
            SubmitCommand(
                journal, call, checked, make_decide(call, static_cast<const Request&>(checked)),
                *response,
                [](google::protobuf::Message& answer, google::protobuf::Message& taken) {
                  static_cast<Response&>(taken).Swap(static_cast<Response*>(&answer));
                },
                std::move(last_hand), std::move(end));
          };
          if (deciding == Deciding::kAtOnce || readers_ == nullptr)
            return submit(std::move(finish));
          RunAside(*context, call, std::move(submit), std::move(finish));
        });
  }

  // Runs a method whose handler ends later, on another thread. `finish` must be called exactly
  // once, when the response is filled; `call` and `request` live until then. A `finish` that is
  // dropped without a call ends the call as INTERNAL; a second call does nothing.
  using Finish = absl::AnyInvocable<void(absl::Status)>;
  using Handler = absl::AnyInvocable<void(const Call& call,
                                          const google::protobuf::Message& request, Finish finish)>;
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response, Handler handler);

  // Why a call that waited is not begun: CANCELLED, its caller is gone, or DEADLINE_EXCEEDED, reason DEADLINE_PAST. OK:
  // it is.
  absl::Status CheckStillWanted(const grpc::CallbackServerContext& context, const Call& call) const;

  // Does what takes long and changes nothing, off gRPC's threads. `work` asks now and then whether it is still wanted,
  // and may stop where not. What came too late is for nobody: then the call ends as above, whatever `work` returned.
  absl::Status DoWhileWanted(const grpc::CallbackServerContext& context, const Call& call,
                             absl::FunctionRef<absl::Status(journal::IsWanted)> work) const;

  // The command that a call gives: repeatable by the request's `request_id`, in the name of its
  // principal. For methods that wait for something else before or after it; others use Write.
  static journal::Command MakeCommand(const Call& call, const google::protobuf::Message& request,
                                      journal::Decide decide);

  // Runs a method that streams its answer. `body` runs on a thread of its own and hands each
  // message to `write`, which blocks until it was sent and returns false when the caller is gone,
  // the deadline is past or the pipeline stops; the call then ends with CANCELLED,
  // DEADLINE_EXCEEDED or UNAVAILABLE, whatever `body` returns. At most limits::kFollowers at once:
  // RESOURCE_EXHAUSTED, reason TOO_MANY_STREAMS, past it.
  template <typename Request, typename Response>
  grpc::ServerWriteReactor<Response>* Stream(
      grpc::CallbackServerContext* context, const Request* request,
      absl::AnyInvocable<absl::Status(const Call&, const Request&,
                                      absl::FunctionRef<bool(const Response&)> write)>
          body) {
    auto* reactor = new StreamReactor<Response>;
    RunStream(*context, *request, *reactor,
              [reactor, body = std::move(body)](const Call& call,
                                                const google::protobuf::Message& checked,
                                                StreamState& state) mutable {
                return body(call, static_cast<const Request&>(checked),
                            [reactor, &state](const Response& message) {
                              return state.Write([&] { reactor->StartWrite(&message); });
                            });
              });
    return reactor;
  }

  // Ends all streams and returns when their bodies have; new ones are refused with UNAVAILABLE,
  // reason STOPPING. A write under way gets limits::kLastWrite to end; past it the caller sees
  // CANCELLED. Called before the server shuts down.
  void StopStreams();

  // Calls that have come and not ended, streams included.
  int64_t calls_in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  class UnaryEnd;

  // A call that is on its way.
  struct Passage {
    explicit Passage(std::atomic<int64_t>& in_flight) : counted_in(in_flight) { ++counted_in; }
    ~Passage() { --counted_in; }
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;

    std::atomic<int64_t>& counted_in;
    Call call;
    std::string request_id;
    // The request as the handler sees it: the caller's, or `copy`, without output-only fields.
    const google::protobuf::Message* request = nullptr;
    std::unique_ptr<google::protobuf::Message> copy;
  };

  // Takes the steps that need no request: time, trace.
  void Begin(const grpc::CallbackServerContext& context, const Method* method, Call& call);
  // Takes the steps up to the handler.
  absl::Status Admit(const grpc::CallbackServerContext& context,
                     const google::protobuf::Message& request, Passage& passage);
  // Takes the steps after it: tells the observer, and returns what the caller gets.
  grpc::Status Conclude(const Passage& passage, const absl::Status& status);

  // The same for a call whose bytes are no message; nothing for methods that are not the suite's.
  std::optional<grpc::Status> ConcludeMalformed(absl::string_view path,
                                                const grpc::ServerContextBase& context);

  grpc::ServerUnaryReactor* RunAtOnce(
      grpc::CallbackServerContext& context, const google::protobuf::Message& request,
      absl::FunctionRef<absl::Status(const Call&, const google::protobuf::Message&)> handler);
  void RunAside(grpc::CallbackServerContext& context, const Call& call,
                absl::AnyInvocable<void(Finish)> body, Finish finish);
  using RunGet = absl::AnyInvocable<absl::Status(
      const Call&, const google::protobuf::Message& request, journal::Records& records)>;
  void GetAside(grpc::CallbackServerContext& context, const Call& call,
                const google::protobuf::Message& request, google::protobuf::Message& response,
                journal::Journal& journal, RunGet run, Finish finish);
  absl::Status CheckWanted(const grpc::CallbackServerContext& context, const Call& call,
                           absl::string_view when) const;
  void RunStream(
      grpc::CallbackServerContext& context, const google::protobuf::Message& request,
      StreamEnd& end,
      absl::AnyInvocable<absl::Status(const Call&, const google::protobuf::Message&, StreamState&)>
          body);
  static void SubmitCommand(journal::Journal& journal, const Call& call,
                            const google::protobuf::Message& request, journal::Decide decide,
                            google::protobuf::Message& response,
                            void (*take)(google::protobuf::Message& answer,
                                         google::protobuf::Message& response),
                            absl::AnyInvocable<absl::Status()> last_hand, Finish finish);

  const Clock& clock_;
  IdSource& ids_;
  const CallObserver observer_;
  TraceSource traces_;
  TraceSource* const steps_;
  std::atomic<int64_t> in_flight_ = 0;
  StreamThreads streams_;
  // Null: reads run at once.
  std::unique_ptr<TaskPool> readers_;
  // They hand on to those.
  std::unique_ptr<RecordReaders> record_readers_;
};

}  // namespace critac::rpc

#endif  // COMMON_RPC_PIPELINE_H_
