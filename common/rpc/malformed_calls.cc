#include "common/rpc/malformed_calls.h"

#include <utility>

namespace critac::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

// Watches one call: gRPC shows it the request, or null where it could not read one, and later the
// status.
class MalformedCallInterceptor final : public Interceptor {
 public:
  MalformedCallInterceptor(ServerRpcInfo& info, const RefuseMalformed& refuse)
      : info_(info), refuse_(refuse) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (!read_) {
      if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) {
        read_ = true;
        malformed_ = methods->GetRecvMessage() == nullptr;
      }
    } else if (malformed_ &&
               methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const std::optional<grpc::Status> refusal = refuse_(info_.method(), *info_.server_context());
      if (refusal.has_value()) methods->ModifySendStatus(*refusal);
    }
    methods->Proceed();
  }

 private:
  ServerRpcInfo& info_;
  const RefuseMalformed& refuse_;
  bool read_ = false;
  bool malformed_ = false;
};

class MalformedCallInterceptors final : public ServerInterceptorFactoryInterface {
 public:
  explicit MalformedCallInterceptors(RefuseMalformed refuse) : refuse_(std::move(refuse)) {}

  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    const bool one_request = info->type() == ServerRpcInfo::Type::UNARY ||
                             info->type() == ServerRpcInfo::Type::SERVER_STREAMING;
    return one_request ? new MalformedCallInterceptor(*info, refuse_) : nullptr;
  }

 private:
  const RefuseMalformed refuse_;
};

}  // namespace

std::unique_ptr<ServerInterceptorFactoryInterface> MakeMalformedCallInterceptors(
    RefuseMalformed refuse) {
  return std::make_unique<MalformedCallInterceptors>(std::move(refuse));
}

}  // namespace critac::rpc
