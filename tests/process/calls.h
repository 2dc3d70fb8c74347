#ifndef TESTS_PROCESS_CALLS_H_
#define TESTS_PROCESS_CALLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::testing {

// How a test calls a center, whichever processes hold its services.
class Calls {
 public:
  virtual ~Calls() = default;

  // To who serves `intake`, `matching`, `metrics`.
  virtual const std::shared_ptr<grpc::Channel>& channel(const std::string& service) const = 0;

  // Calls a method as `role` `subject`, at the service that has it.
  template <typename Service, typename Method, typename Request>
  auto Call(Method method, const Request& request, type::v1::Role role,
            const std::string& subject) {
    // `critac.intake.v1.RequestService` is intake's.
    const std::vector<std::string> words = absl::StrSplit(Service::service_full_name(), '.');
    return CallAt<Service>(words[1], method, request, role, subject);
  }
  template <typename Service, typename Method, typename Request>
  auto AsCoordinator(Method method, const Request& request) {
    return Call<Service>(method, request, type::v1::ROLE_COORDINATOR, "dana");
  }
  // The same at the service named: those that every process has are meant by it.
  template <typename Service, typename Method, typename Request>
  auto CallAt(const std::string& service, Method method, const Request& request,
              type::v1::Role role, const std::string& subject) {
    const auto stub = Service::NewStub(channel(service));
    return rpc::Invoke(*stub, method, request,
                       {.principal = {role, subject}, .timeout = absl::Seconds(30)});
  }

  // Waits for an event of a journal, of `type`, from `from_sequence` on; nothing after half a minute.
  absl::StatusOr<journal::v1::Event> AwaitEvent(const std::string& journal, const std::string& type,
                                                int64_t from_sequence = 1) {
    const auto stub = journal::v1::JournalService::NewStub(channel(journal));
    grpc::ClientContext context;
    rpc::Prepare(context,
                 {.principal = {type::v1::ROLE_AUDITOR, "ines"}, .timeout = absl::Seconds(30)});
    journal::v1::ReadEventsRequest request;
    request.set_journal(journal);
    request.set_from_sequence(from_sequence);
    request.add_types(type);
    request.set_follow(true);
    const auto stream = stub->ReadEvents(&context, request);
    journal::v1::ReadEventsResponse batch;
    while (stream->Read(&batch)) {
      if (batch.events_size() == 0) continue;
      context.TryCancel();
      return batch.events(0);
    }
    return FromGrpcStatus(stream->Finish());
  }

  // Expects the chain of every journal to be whole.
  void ExpectWholeJournals() {
    for (const std::string name : {"intake", "matching", "metrics"}) {
      journal::v1::VerifyChainRequest request;
      request.set_journal(name);
      const auto verified =
          CallAt<journal::v1::JournalService>(name, &journal::v1::JournalService::Stub::VerifyChain,
                                              request, type::v1::ROLE_AUDITOR, "ines");
      ASSERT_TRUE(verified.ok()) << verified.status();
      EXPECT_TRUE(verified->intact()) << name << ": " << verified->problem();
    }
  }
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_CALLS_H_
