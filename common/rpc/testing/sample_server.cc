#include "common/rpc/testing/sample_server.h"

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace critac::rpc::testing {

CallObserver RecordKeeper::observer() {
  return [this](const CallRecord& record) {
    absl::MutexLock lock(&mutex_);
    records_.push_back(
        {record.call, record.request_id, record.status, record.incident, record.duration});
  };
}

std::vector<KeptRecord> RecordKeeper::records() const {
  absl::MutexLock lock(&mutex_);
  return records_;
}

std::vector<KeptRecord> RecordKeeper::Await(size_t count) const {
  absl::MutexLock lock(&mutex_);
  const auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return records_.size() >= count; };
  mutex_.Await(absl::Condition(&enough));
  return records_;
}

SampleServer::SampleServer(const Clock& clock)
    : journal(clock, ids), pipeline(clock, ids, records.observer()), service(pipeline, journal) {}

SampleServer::~SampleServer() {
  pipeline.StopStreams();
  if (server != nullptr) server->Shutdown();
}

void SampleServer::Start(const std::string& address) {
  grpc::ServerBuilder builder;
  pipeline.Configure(builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&service);
  server = builder.BuildAndStart();
}

std::string SampleServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::shared_ptr<grpc::Channel> SampleServer::plain_channel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Each channel has connections of its own, so that a test can close one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(absl::StrCat("ipv4:", address()),
                                   grpc::InsecureChannelCredentials(), arguments);
}

std::unique_ptr<v1::SampleService::Stub> SampleServer::stub() const {
  return v1::SampleService::NewStub(plain_channel());
}

CallSettings AsCoordinator() {
  return {.principal = {type::v1::ROLE_COORDINATOR, "dana"}, .timeout = absl::Seconds(20)};
}

v1::ReadSampleRequest ReadRequest() {
  v1::ReadSampleRequest request;
  request.set_name("samples/a");
  return request;
}

v1::WriteSampleRequest WriteRequest() {
  v1::WriteSampleRequest request;
  request.mutable_leaf()->set_id("a");
  request.set_request_id("3f2b8c1e-9d47-4a6b-8e05-7c1f2a3b4d5e");
  return request;
}

}  // namespace critac::rpc::testing
