#ifndef COMMON_RPC_CHANNEL_H_
#define COMMON_RPC_CHANNEL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/limits.h"
#include "common/rpc/client_calls.h"
#include "common/rpc/principal.h"
#include "common/status/grpc_status.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/channel_arguments.h"

namespace critac::rpc {

// The client's side of a call between processes of the suite, and from `critac` to them.

struct ChannelOptions {
  // Where the service is: `HOST:PORT`, looked up in DNS, with calls going to all its addresses in
  // turn; or any target of gRPC (`dns:///…`, `ipv4:…`, `unix:…`).
  std::string target;
  // Attempts at a call that may be repeated, the first included; 1: none is made again, 5: the
  // most.
  int attempts = 4;
  // Send no calls to an address whose health service says that it does not serve. An address
  // without a health service gets calls.
  bool check_health = true;
};

// A channel with the policies below. It connects when first used, and never through an HTTP proxy:
// the suite's processes reach each other directly. With `steps` its calls become steps of their
// traces.
// It keeps a copy of `options` and `steps`, so neither need live longer than the call; what `steps`
// refers to must outlive the channel. A channel lives until its last holder lets go of it: a stub is
// one, and so is a call under way.
std::shared_ptr<grpc::Channel> MakeChannel(const ChannelOptions& options,
                                           std::optional<ClientCallSteps> steps = std::nullopt);

// The same policies for a channel made in another way. gRPC applies no retry policy and no health
// check to a server's InProcessChannel.
grpc::ChannelArguments MakeChannelArguments(const ChannelOptions& options);

// gRPC's service configuration, JSON: round robin over a name's addresses, and for every method
// that may be repeated without harm (Method::IsRepeatable) another attempt after UNAVAILABLE, with
// growing pauses, until `attempts` were made or the deadline is past; fewer while most calls fail.
// Other methods and other codes are never tried again.
std::string MakeServiceConfig(const ChannelOptions& options);

// The server's side of the same policies: the largest messages, and the pings with which clients
// learn of a dead connection.
void ConfigureServer(grpc::ServerBuilder& builder);

// What goes with one call.
struct CallSettings {
  // Who makes it.
  Principal principal;
  // W3C trace it belongs to, as ParseTrace gives it. Empty: the server begins one.
  std::string trace;
  // How long to wait for the answer; infinite: as long as the server lets the call last.
  absl::Duration timeout = limits::kDefaultCall;
  // Wait, within the timeout, for a server that cannot be reached yet, rather than fail at once.
  bool wait_for_ready = false;
};

// Puts the settings on the context of a call.
void Prepare(grpc::ClientContext& context, const CallSettings& settings);

// Makes one call and waits for its answer; errors come with the details that the server gave them.
//
//   ASSIGN_OR_RETURN(Request request, Invoke(*stub, &RequestService::Stub::GetRequest, ask,
//   settings));
template <typename Stub, typename Base, typename Request, typename Response>
absl::StatusOr<Response> Invoke(Stub& stub,
                                grpc::Status (Base::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const CallSettings& settings) {
  grpc::ClientContext context;
  Prepare(context, settings);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpcStatus(status);
  return response;
}

}  // namespace critac::rpc

#endif  // COMMON_RPC_CHANNEL_H_
