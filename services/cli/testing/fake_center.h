#ifndef SERVICES_CLI_TESTING_FAKE_CENTER_H_
#define SERVICES_CLI_TESTING_FAKE_CENTER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/message.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/server.h"

namespace critac::cli {

// A gRPC server in this process, on a port of its own, that answers methods as a test says. Methods
// nobody spoke of are UNIMPLEMENTED. It keeps what it was sent.
class FakeCenter : private grpc::CallbackGenericService {
 public:
  // One call that came.
  struct Call {
    std::string method;     // `critac.intake.v1.AgencyService/GetAgency`
    std::string principal;  // of its metadata
    std::string request;    // as bytes
  };

  FakeCenter();
  ~FakeCenter() override;

  // `127.0.0.1:PORT`.
  const std::string& address() const { return address_; }

  // Answers a unary method.
  template <typename Request, typename Response>
  void On(const std::string& method,
          std::function<absl::Status(const Request&, Response&)> answer) {
    OnStream<Request, Response>(
        method,
        [answer = std::move(answer)](const Request& request, std::vector<Response>& responses) {
          return answer(request, responses.emplace_back());
        });
  }

  // Answers a method that streams: with every response, then the status.
  template <typename Request, typename Response>
  void OnStream(const std::string& method,
                std::function<absl::Status(const Request&, std::vector<Response>&)> answer) {
    absl::MutexLock lock(&mutex_);
    answers_[method] = [answer = std::move(answer)](const std::string& bytes,
                                                    std::vector<std::string>& responses) {
      Request request;
      if (!request.ParseFromString(bytes)) return absl::InternalError("not the request expected");
      std::vector<Response> messages;
      absl::Status status = answer(request, messages);
      if (status.ok()) {
        for (const Response& message : messages) responses.push_back(message.SerializeAsString());
      }
      return status;
    };
  }

  // Calls of a method so far.
  std::vector<Call> CallsOf(const std::string& method) const;
  // Their requests.
  template <typename Request>
  std::vector<Request> RequestsOf(const std::string& method) const {
    std::vector<Request> requests;
    for (const Call& call : CallsOf(method)) requests.emplace_back().ParseFromString(call.request);
    return requests;
  }

  // Answers a call; for the reactor.
  absl::Status Answer(const Call& call, std::vector<std::string>& responses);

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  mutable absl::Mutex mutex_;
  std::map<std::string,
           std::function<absl::Status(const std::string& request, std::vector<std::string>&)>>
      answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<Call> calls_ ABSL_GUARDED_BY(mutex_);
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_TESTING_FAKE_CENTER_H_
