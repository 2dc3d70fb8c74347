#ifndef SERVICES_CLI_CLIENT_H_
#define SERVICES_CLI_CLIENT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/status/grpc_status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "services/cli/servers.h"

namespace critac::cli {

// How a client reaches a center.
struct ClientOptions {
  // Where its services are.
  Servers servers;
  // `role:subject`, sent with every call.
  std::string principal;
  // Tries in all of a call that is made again.
  int attempts = 5;
  // The same once the center has said when to come back: over half a minute at the longest waits, longer than a
  // database takes to fail over.
  int attempts_when_told = 20;
  // Wait before the second try; doubled for each further one.
  absl::Duration first_backoff = absl::Milliseconds(100);
  // Longest wait, also where the center asks for a longer one.
  absl::Duration longest_backoff = absl::Seconds(2);
};

// Whether an error is what the caller wanted to know, so that the call is not made again.
using IsAnswer = std::function<bool(const absl::Status&)>;

// Calls a center. Every call carries the principal and a deadline. One that the center was too busy
// for is made again, as nothing came of it, where the center said when. One that met UNAVAILABLE may
// have been carried out all the same: it is made again where that does no harm
// (rpc::Method::IsRepeatable), as for reads and all that carries a `request_id`. Errors remember the
// address that was called (ServerOf). Thread-safe.
class Client {
 public:
  // `sleep` waits.
  Client(ClientOptions options, std::function<void(absl::Duration)> sleep);

  // Calls a unary method of the service that the request is for:
  // `client.Call(&AgencyService::Stub::GetAgency, request, deadline)`. Each try may take as long as
  // `deadline`. An error that `is_answer` says is one ends the tries: the caller does something else about it.
  // UsageError: the servers given do not have that service.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration deadline,
                                const IsAnswer& is_answer = nullptr) {
    ASSIGN_OR_RETURN(const std::string address, options_.servers.AddressFor(request));
    return CallAt(address, method, request, deadline, is_answer);
  }

  // The same at one of the servers' addresses, whatever is there.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> CallAt(const std::string& address,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                                  const Request& request, absl::Duration deadline,
                                  const IsAnswer& is_answer = nullptr) {
    Response response;
    const absl::Status status = WithRetries(*Request::descriptor(), is_answer, [&] {
      Stub stub(channels_.at(address));
      grpc::ClientContext context;
      Prepare(context, deadline);
      response.Clear();
      return FromGrpcStatus((stub.*method)(&context, request, &response));
    });
    if (!status.ok()) return FromServer(status, address);
    return response;
  }

  // Calls a method that streams its answer and hands each message to `take` until the stream ends
  // or `take` returns false. Not tried again: the caller knows how far it came.
  template <typename Stub, typename Request, typename Response, typename Take>
  absl::Status Stream(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(
                          grpc::ClientContext*, const Request&),
                      const Request& request, absl::Duration deadline, Take take) {
    ASSIGN_OR_RETURN(const std::string address, options_.servers.AddressFor(request));
    Stub stub(channels_.at(address));
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
    return FromServer(FromGrpcStatus(reader->Finish()), address);
  }

  const ClientOptions& options() const { return options_; }

 private:
  void Prepare(grpc::ClientContext& context, absl::Duration deadline) const;
  absl::Status WithRetries(const google::protobuf::Descriptor& request, const IsAnswer& is_answer,
                           const std::function<absl::Status()>& call) const;

  const ClientOptions options_;
  const std::function<void(absl::Duration)> sleep_;
  // Address → channel.
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_CLIENT_H_
