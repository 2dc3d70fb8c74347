#ifndef COMMON_RPC_CLIENT_CALLS_H_
#define COMMON_RPC_CLIENT_CALLS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/trace.h"
#include "grpcpp/support/client_interceptor.h"

namespace critac::rpc {

// What a channel tells of a call that was made through it. Never a body.
struct ClientCallRecord {
  // Full name of the method, `critac.intake.v1.RequestService.GetRequest`.
  std::string method;
  // The trace that the other side got, and the one that the caller gave. Empty: none.
  std::string trace;
  std::string parent;
  absl::Time start;
  absl::Duration duration;
  // How it ended. CANCELLED also where its caller did not wait for that.
  absl::Status status;
};
// Called once a call, on the thread that ends it. Must not block.
using ClientCallObserver = std::function<void(const ClientCallRecord&)>;

// How the calls of a channel become steps of their traces. `steps` and `clock` must outlive the
// channel.
struct ClientCallSteps {
  TraceSource& steps;
  const Clock& clock;
  ClientCallObserver observer;
};

// Gives each call of a channel an id of its own in its trace, and tells of it when it ends. What is
// tried again by the channel is one call.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> MakeClientCallInterceptors(
    ClientCallSteps steps);

}  // namespace critac::rpc

#endif  // COMMON_RPC_CLIENT_CALLS_H_
