#ifndef COMMON_RPC_PIPELINE_H_
#define COMMON_RPC_PIPELINE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/rpc/principal.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"

namespace critac::rpc {

// A call on its way through the pipeline.
struct Call {
  // Full name of the method, `critac.intake.v1.RequestService.CreateRequest`.
  std::string method;
  // Proto package of its service.
  std::string domain;
  Principal principal;
  // W3C traceparent of the caller, or a new one.
  std::string trace;
  absl::Time start;
  absl::Time deadline;
};

// What the pipeline tells of every call when it ends: for logs and operational metrics. Never a
// body.
struct CallRecord {
  const Call& call;
  // The request's `request_id`. Empty: it has none.
  std::string request_id;
  absl::Status status;
  // Set where `status` is internal: also in the error the caller got.
  std::string incident;
  absl::Duration duration;
};
using CallObserver = std::function<void(const CallRecord&)>;

// The one road of a call: deadline → who → may they → is it well-formed → handler → one conversion
// of the status. Thread-safe. A service's methods are a line or two each:
//
//   grpc::ServerUnaryReactor* GetRequest(grpc::CallbackServerContext* context, const
//   GetRequestRequest* request,
//                                        Request* response) override {
//     return pipeline_.Read(context, request, response, [this](const Call& call, const auto& in,
//     auto& out) { … });
//   }
//
// The method is known by its request message, which no two methods of the suite share.
class Pipeline {
 public:
  // `clock`, `ids` must outlive the pipeline.
  Pipeline(const Clock& clock, IdSource& ids, CallObserver observer);
  ~Pipeline();

  // Runs a method that changes nothing. `handler` runs on gRPC's thread and fills the response.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Read(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      absl::AnyInvocable<absl::Status(const Call&, const Request&, Response&)> handler) {
    return Unary(
        context, *request, *response,
        [handler = std::move(handler), response](
            const Call& call, const google::protobuf::Message& checked, Finish finish) mutable {
          finish(handler(call, static_cast<const Request&>(checked), *response));
        });
  }

  // Runs a method that gives one command to `journal`. `decide` is made from the call and the
  // checked request, and must copy what it keeps. The request's `request_id` makes the command
  // repeatable; the answer becomes the response. `polish` (may be null) puts the last hand to the
  // response for this caller, for example the actions it can take.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Write(
      grpc::CallbackServerContext* context, const Request* request, Response* response,
      journal::Journal& journal,
      absl::AnyInvocable<journal::Decide(const Call&, const Request&)> make_decide,
      absl::AnyInvocable<absl::Status(const Call&, Response&)> polish = nullptr);

  // Runs a method whose handler ends later, on another thread. `finish` must be called exactly
  // once.
  using Finish = absl::AnyInvocable<void(absl::Status)>;
  using Handler = absl::AnyInvocable<void(const Call& call,
                                          const google::protobuf::Message& request, Finish finish)>;
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response, Handler handler);

  // Runs a method that streams its answer. `body` runs on a thread of its own and hands each
  // message to `write`, which blocks until it was sent and returns false when the caller is gone,
  // the deadline is past or the pipeline stops. At most limits::kFollowers at once:
  // RESOURCE_EXHAUSTED past it.
  template <typename Request, typename Response>
  grpc::ServerWriteReactor<Response>* Stream(
      grpc::CallbackServerContext* context, const Request* request,
      absl::AnyInvocable<absl::Status(const Call&, const Request&,
                                      absl::FunctionRef<bool(const Response&)> write)>
          body);

  // Ends all streams; new ones are refused with UNAVAILABLE. Called before the server shuts down.
  void StopStreams();
};

}  // namespace critac::rpc

#endif  // COMMON_RPC_PIPELINE_H_
