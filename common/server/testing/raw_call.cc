#include "common/server/testing/raw_call.h"

#include <chrono>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace critac::server::testing {

RawCall::RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method)
    : stub_(channel) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  stream_ = stub_.PrepareCall(&context_, method, &queue_);
  stream_->StartCall(nullptr);
  Next();
}

RawCall::~RawCall() {
  context_.TryCancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool RawCall::Next() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

bool RawCall::Send(absl::string_view message) {
  const grpc::Slice slice(message.data(), message.size());
  stream_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  return Next();
}

std::string RawCall::Receive() {
  grpc::ByteBuffer buffer;
  stream_->Read(&buffer, nullptr);
  std::string message;
  if (!Next()) return message;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return message;
  for (const grpc::Slice& slice : slices) {
    message.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message;
}

absl::Status RawCall::Finish() {
  grpc::Status status;
  stream_->Finish(&status, nullptr);
  Next();
  return FromGrpcStatus(status);
}

std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, absl::string_view service) {
  RawCall call(channel, "/grpc.health.v1.Health/Check");
  // HealthCheckRequest{service = 1}; HealthCheckResponse{status = 1}: 1 serving, 2 not.
  call.Send(absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service));
  const std::string answer = call.Receive();
  if (answer == "\x08\x01") return "SERVING";
  if (answer == "\x08\x02") return "NOT_SERVING";
  return absl::StatusCodeToString(call.Finish().code());
}

}  // namespace critac::server::testing
