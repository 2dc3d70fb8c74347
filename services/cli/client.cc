#include "services/cli/client.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "common/rpc/channel.h"
#include "common/rpc/method_index.h"
#include "common/rpc/principal.h"
#include "common/status/error.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

namespace critac::cli {
namespace {

// How long a connection may take to be made. A center that is just starting on a busy machine takes
// its time to answer.
constexpr absl::Duration kConnect = absl::Seconds(5);

std::shared_ptr<grpc::Channel> OpenChannel(const ClientOptions& options,
                                           const std::string& address) {
  rpc::ChannelOptions channel;
  channel.target = address;
  channel.attempts = 1;          // the client itself makes calls again, and says so
  channel.check_health = false;  // a center that is stopping says so better in its answer
  grpc::ChannelArguments arguments = rpc::MakeChannelArguments(channel);
  // A center that is just starting is found at the next try, not when gRPC feels like it.
  const int backoff = static_cast<int>(absl::ToInt64Milliseconds(options.first_backoff));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, backoff);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, backoff);
  // Not a wait, as its name says: how long gRPC lets an attempt to connect last.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(kConnect)));
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// How long to wait before the next try; nothing where another try is of no use.
std::optional<absl::Duration> WaitBeforeRetry(const absl::Status& status, absl::Duration backoff) {
  if (status.code() == absl::StatusCode::kUnavailable) return backoff;
  if (status.code() != absl::StatusCode::kResourceExhausted) return std::nullopt;
  const auto retry = RetryInfoOf(status);
  if (!retry.has_retry_delay()) return std::nullopt;
  return std::max(backoff, absl::Seconds(retry.retry_delay().seconds()) +
                               absl::Nanoseconds(retry.retry_delay().nanos()));
}

// Whether the method that takes this request may be called twice in place of once.
bool IsRepeatable(const google::protobuf::Descriptor& request) {
  const rpc::Method* const method = rpc::FindMethod(request);
  return method != nullptr && method->IsRepeatable();
}

}  // namespace

Client::Client(ClientOptions options, std::function<void(absl::Duration)> sleep)
    : options_(std::move(options)), sleep_(std::move(sleep)) {
  for (const std::string& address : options_.servers.All()) {
    channels_[address] = OpenChannel(options_, address);
  }
}

void Client::Prepare(grpc::ClientContext& context, absl::Duration deadline) const {
  if (!options_.principal.empty()) context.AddMetadata(rpc::kPrincipalKey, options_.principal);
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(deadline));
}

absl::Status Client::WithRetries(const google::protobuf::Descriptor& request,
                                 const IsAnswer& is_answer,
                                 const std::function<absl::Status()>& call) const {
  absl::Duration backoff = options_.first_backoff;
  // Whether the center has said, in any answer, when to come back.
  bool told = false;
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = call();
    const std::optional<absl::Duration> wait = WaitBeforeRetry(status, backoff);
    if (!wait.has_value()) return status;
    if (is_answer != nullptr && is_answer(status)) return status;
    if (absl::IsUnavailable(status) && !IsRepeatable(request)) {
      return Annotate(status, "not tried again, as it may have been done");
    }
    told = told || RetryInfoOf(status).has_retry_delay();
    if (attempt >= (told ? options_.attempts_when_told : options_.attempts)) {
      return Annotate(status, absl::StrCat("gave up after ", attempt, " attempts"));
    }
    sleep_(std::min(*wait, options_.longest_backoff));
    backoff *= 2;
  }
}

}  // namespace critac::cli
