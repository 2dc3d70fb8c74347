#ifndef SERVICES_CLI_CLIENT_H_
#define SERVICES_CLI_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/status/grpc_status.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace critac::cli {

// How a client reaches a center.
struct ClientOptions {
  // HOST:PORT.
  std::string server;
  // `role:subject`, sent with every call.
  std::string principal;
  // Tries in all of a call that meets UNAVAILABLE, or RESOURCE_EXHAUSTED with a time to come back.
  int attempts = 5;
  // Wait before the second try; doubled for each further one.
  absl::Duration first_backoff = absl::Milliseconds(100);
  // Longest wait, also where the center asks for a longer one.
  absl::Duration longest_backoff = absl::Seconds(2);
};

// Calls a center. Every call carries the principal and a deadline. A call may be tried again
// because every change carries a `request_id`: the center takes the same one twice as one.
// Thread-safe.
class Client {
 public:
  // `sleep` waits.
  Client(ClientOptions options, std::function<void(absl::Duration)> sleep);

  // Calls a unary method: `client.Call(&AgencyService::Stub::GetAgency, request, deadline)`. Each
  // try may take as long as `deadline`.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration deadline) {
    Response response;
    const absl::Status status = WithRetries([&] {
      Stub stub(channel_);
      grpc::ClientContext context;
      Prepare(context, deadline);
      response.Clear();
      return FromGrpcStatus((stub.*method)(&context, request, &response));
    });
    if (!status.ok()) return status;
    return response;
  }

  // Calls a method that streams its answer and hands each message to `take` until the stream ends
  // or `take` returns false. Not tried again: the caller knows how far it came.
  template <typename Stub, typename Request, typename Response, typename Take>
  absl::Status Stream(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(
                          grpc::ClientContext*, const Request&),
                      const Request& request, absl::Duration deadline, Take take) {
    Stub stub(channel_);
    grpc::ClientContext context;
    Prepare(context, deadline);
    const std::unique_ptr<grpc::ClientReader<Response>> reader = (stub.*method)(&context, request);
    Response response;
    while (reader->Read(&response)) {
      if (take(std::as_const(response))) continue;
      context.TryCancel();
      reader->Finish();
      return absl::OkStatus();
    }
    return FromGrpcStatus(reader->Finish());
  }

  const ClientOptions& options() const { return options_; }

 private:
  void Prepare(grpc::ClientContext& context, absl::Duration deadline) const;
  absl::Status WithRetries(const std::function<absl::Status()>& call) const;

  const ClientOptions options_;
  const std::function<void(absl::Duration)> sleep_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_CLIENT_H_
