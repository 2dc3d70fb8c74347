#include "common/rpc/channel.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "common/base/trace.h"
#include "common/rpc/method_index.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

namespace critac::rpc {
namespace {

// A ping finds a dead connection within 40 seconds, also while no call is on its way, so that a
// follower of a journal notices a machine that is gone.
constexpr int kPingEveryMilliseconds = 30'000;
constexpr int kPingTimeoutMilliseconds = 10'000;
// What a server takes from clients before it sends them away: more than they send.
constexpr int kPingsNoCloserThanMilliseconds = 10'000;

// After how long a peer that was away is tried again: gRPC's own bound of two minutes would leave a
// process waiting long after its peer is back. gRPC calls the time for one attempt its least backoff.
constexpr int kFirstReconnectMilliseconds = 200;
constexpr int kMostReconnectMilliseconds = 5'000;
constexpr int kConnectTimeoutMilliseconds = 5'000;

// gRPC itself takes five attempts at most.
constexpr int kMostAttempts = 5;

// Whether gRPC knows the target's scheme; `host:7401` looks like one of scheme `host`, so only
// those that gRPC has are looked for.
bool HasScheme(absl::string_view target) {
  for (const absl::string_view scheme :
       {"dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:"}) {
    if (absl::StartsWith(target, scheme)) return true;
  }
  return false;
}

// `{"service":"critac.intake.v1.RequestService","method":"GetRequest"}`, for each method that may
// be repeated.
std::string RepeatableMethods() {
  std::vector<std::string> names;
  for (const Method& method : AllMethods()) {
    if (!method.IsRepeatable()) continue;
    names.push_back(absl::Substitute(R"({"service":"$0","method":"$1"})",
                                     method.descriptor->service()->full_name(),
                                     method.descriptor->name()));
  }
  return absl::StrJoin(names, ",");
}

}  // namespace

std::string MakeServiceConfig(const ChannelOptions& options) {
  std::string config = R"({"loadBalancingConfig":[{"round_robin":{}}])";
  if (options.check_health) {
    // The empty name asks for the health of the server as a whole.
    absl::StrAppend(&config, R"(,"healthCheckConfig":{"serviceName":""})");
  }
  const int attempts = std::min(options.attempts, kMostAttempts);
  const std::string methods = RepeatableMethods();
  if (attempts > 1 && !methods.empty()) {
    // One failure costs a token, one success gives a tenth: once half are gone, calls are not tried
    // again, so that a server in trouble is not given several times its load.
    absl::StrAppend(&config, R"(,"retryThrottling":{"maxTokens":100,"tokenRatio":0.1})",
                    R"(,"methodConfig":[{"name":[)", methods, R"(],"retryPolicy":{"maxAttempts":)",
                    attempts, R"(,"initialBackoff":"0.1s","maxBackoff":"2s","backoffMultiplier":3)",
                    R"(,"retryableStatusCodes":["UNAVAILABLE"]}}])");
  }
  return absl::StrCat(config, "}");
}

grpc::ChannelArguments MakeChannelArguments(const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(MakeServiceConfig(options));
  arguments.SetMaxReceiveMessageSize(limits::kAnswerBytes);
  arguments.SetMaxSendMessageSize(limits::kMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMostReconnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A policy comes from here alone, not from a TXT record that somebody put into DNS.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return arguments;
}

std::shared_ptr<grpc::Channel> MakeChannel(const ChannelOptions& options,
                                           std::optional<ClientCallSteps> steps) {
  const std::string target =
      HasScheme(options.target) ? options.target : absl::StrCat("dns:///", options.target);
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> creators;
  if (steps.has_value()) creators.push_back(MakeClientCallInterceptors(*std::move(steps)));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      target, grpc::InsecureChannelCredentials(), MakeChannelArguments(options),
      std::move(creators));
}

void ConfigureServer(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits::kMessageBytes);
  builder.SetMaxSendMessageSize(limits::kAnswerBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingsNoCloserThanMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

void Prepare(grpc::ClientContext& context, const CallSettings& settings) {
  context.AddMetadata(kPrincipalKey, settings.principal.ToString());
  if (!settings.trace.empty()) {
    context.AddMetadata(kTraceKey, std::string(TraceParentOf(settings.trace)));
    const absl::string_view state = TraceStateOf(settings.trace);
    if (!state.empty()) context.AddMetadata(kTraceStateKey, std::string(state));
  }
  if (settings.timeout != absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMicroseconds(settings.timeout));
  }
  context.set_wait_for_ready(settings.wait_for_ready);
}

}  // namespace critac::rpc
