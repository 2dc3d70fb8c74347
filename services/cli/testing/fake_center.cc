#include "services/cli/testing/fake_center.h"

#include "absl/strings/str_cat.h"
#include "common/rpc/principal.h"
#include "common/status/grpc_status.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/byte_buffer.h"

namespace critac::cli {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// `critac.intake.v1` of `critac.intake.v1.AgencyService/GetAgency`.
std::string DomainOf(const std::string& method) {
  return method.substr(0, method.rfind('.', method.find('/')));
}

// Reads the one request, answers it, and is gone.
class OneCall : public grpc::ServerGenericBidiReactor {
 public:
  OneCall(FakeCenter& center, FakeCenter::Call call) : center_(center), call_(std::move(call)) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request came"));
    call_.request = BytesOf(request_);
    status_ = center_.Answer(call_, responses_);
    WriteNext();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller is gone"));
    WriteNext();
  }

  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (next_ == responses_.size()) {
      return Finish(ToGrpcStatus(status_, DomainOf(call_.method), "incident"));
    }
    response_ = BufferOf(responses_[next_++]);
    StartWrite(&response_);
  }

  FakeCenter& center_;
  FakeCenter::Call call_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::vector<std::string> responses_;
  absl::Status status_;
  size_t next_ = 0;
};

}  // namespace

FakeCenter::FakeCenter() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeCenter::~FakeCenter() { server_->Shutdown(); }

std::vector<FakeCenter::Call> FakeCenter::CallsOf(const std::string& method) const {
  absl::MutexLock lock(&mutex_);
  std::vector<Call> calls;
  for (const Call& call : calls_) {
    if (call.method == method) calls.push_back(call);
  }
  return calls;
}

absl::Status FakeCenter::Answer(const Call& call, std::vector<std::string>& responses) {
  std::function<absl::Status(const std::string&, std::vector<std::string>&)> answer;
  {
    absl::MutexLock lock(&mutex_);
    calls_.push_back(call);
    const auto found = answers_.find(call.method);
    if (found != answers_.end()) answer = found->second;
  }
  if (!answer) return absl::UnimplementedError(absl::StrCat("nobody answers ", call.method));
  return answer(call.request, responses);
}

grpc::ServerGenericBidiReactor* FakeCenter::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  Call call;
  call.method = context->method().substr(1);  // without the leading /
  const auto principal = context->client_metadata().find(rpc::kPrincipalKey);
  if (principal != context->client_metadata().end()) {
    call.principal = std::string(principal->second.data(), principal->second.size());
  }
  return new OneCall(*this, std::move(call));
}

}  // namespace critac::cli
