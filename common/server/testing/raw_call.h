#ifndef COMMON_SERVER_TESTING_RAW_CALL_H_
#define COMMON_SERVER_TESTING_RAW_CALL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"

namespace critac::server::testing {

// One call of a method whose messages the suite has no code for (health, reflection): bytes out,
// bytes in. Used by one thread.
class RawCall {
 public:
  // Opens `/package.Service/Method`; it ends after 20 seconds at the latest.
  RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method);
  // Cancels it.
  ~RawCall();

  // Sends a message. Whether it was sent.
  bool Send(absl::string_view message);
  // Waits for a message and returns it; nothing where the call ended.
  std::string Receive();
  // Waits for the end.
  absl::Status Finish();

 private:
  bool Next();

  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

// What `grpc.health.v1.Health/Check` says of a service: `SERVING`, `NOT_SERVING`, or the code of
// the error.
std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, absl::string_view service);

}  // namespace critac::server::testing

#endif  // COMMON_SERVER_TESTING_RAW_CALL_H_
