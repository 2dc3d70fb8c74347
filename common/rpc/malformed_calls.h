#ifndef COMMON_RPC_MALFORMED_CALLS_H_
#define COMMON_RPC_MALFORMED_CALLS_H_

#include <functional>
#include <memory>
#include <optional>

#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_interceptor.h"

namespace critac::rpc {

// Decides what a call gets whose bytes are no message of its method. `path` is the method's, as the
// wire has it: `/critac.intake.v1.RequestService/GetRequest`. Nothing: what gRPC gives it.
using RefuseMalformed = std::function<std::optional<grpc::Status>(
    absl::string_view path, const grpc::ServerContextBase& context)>;

// gRPC answers a call whose request it cannot parse by itself, with UNIMPLEMENTED and no word, before
// any handler is asked. The interceptors that this factory makes put the answer of `refuse` in its
// place. They watch methods that take one request: of a stream of requests, the end looks the same.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeMalformedCallInterceptors(RefuseMalformed refuse);

}  // namespace critac::rpc

#endif  // COMMON_RPC_MALFORMED_CALLS_H_
