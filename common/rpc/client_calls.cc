#include "common/rpc/client_calls.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/strip.h"
#include "common/status/grpc_status.h"

namespace critac::rpc {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// `/critac.intake.v1.RequestService/GetRequest`, as gRPC has it, with a dot as logs have it.
std::string MethodName(absl::string_view path) {
  std::string name(absl::StripPrefix(path, "/"));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

// Watches one call. It goes with the call's context.
class ClientCallInterceptor final : public Interceptor {
 public:
  ClientCallInterceptor(const char* path, const ClientCallSteps& steps) : steps_(steps) {
    record_.method = MethodName(path);
  }
  ~ClientCallInterceptor() override {
    if (begun_) End(absl::CancelledError("nobody waited for its end"));
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      Begin(*methods->GetSendInitialMetadata());
    }
    if (begun_ && methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      const grpc::Status* status = methods->GetRecvStatus();
      End(status == nullptr ? absl::OkStatus() : FromGrpcStatus(*status));
    }
    methods->Proceed();
  }

 private:
  void Begin(std::multimap<std::string, std::string>& metadata) {
    const auto parent = metadata.find(kTraceKey);
    const auto state = metadata.find(kTraceStateKey);
    if (parent != metadata.end()) {
      record_.parent = JoinTrace(parent->second, state == metadata.end() ? "" : state->second);
    }
    record_.trace = steps_.steps.NewStep(record_.parent);
    metadata.erase(kTraceKey);
    metadata.erase(kTraceStateKey);
    metadata.insert({kTraceKey, std::string(TraceParentOf(record_.trace))});
    const absl::string_view handed_on = TraceStateOf(record_.trace);
    if (!handed_on.empty()) metadata.insert({kTraceStateKey, std::string(handed_on)});
    record_.start = steps_.clock.Now();
    begun_ = true;
  }
  void End(absl::Status status) {
    begun_ = false;
    record_.duration = steps_.clock.Now() - record_.start;
    record_.status = std::move(status);
    steps_.observer(record_);
  }

  const ClientCallSteps& steps_;
  bool begun_ = false;
  ClientCallRecord record_;
};

class ClientCallInterceptors final : public ClientInterceptorFactoryInterface {
 public:
  explicit ClientCallInterceptors(ClientCallSteps steps) : steps_(std::move(steps)) {}

  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    return new ClientCallInterceptor(info->method(), steps_);
  }

 private:
  const ClientCallSteps steps_;
};

}  // namespace

std::unique_ptr<ClientInterceptorFactoryInterface> MakeClientCallInterceptors(
    ClientCallSteps steps) {
  return std::make_unique<ClientCallInterceptors>(std::move(steps));
}

}  // namespace critac::rpc
