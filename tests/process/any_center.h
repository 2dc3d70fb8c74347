#ifndef TESTS_PROCESS_ANY_CENTER_H_
#define TESTS_PROCESS_ANY_CENTER_H_

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "common/rpc/channel.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::testing {

// A center as shipped, called as another system would, in however many processes it is.
class AnyCenter {
 public:
  virtual ~AnyCenter() = default;

  // To the process that has `intake`, `matching`, `metrics`.
  virtual const std::shared_ptr<grpc::Channel>& ChannelTo(const std::string& service) = 0;

  // Calls a method as `role` `subject`.
  template <typename Service, typename Method, typename Request>
  auto Call(Method method, const Request& request, type::v1::Role role,
            const std::string& subject) {
    const auto stub = Service::NewStub(ChannelTo(ServiceOf<Service>(request)));
    const auto call = [&] {
      return rpc::Invoke(*stub, method, request,
                         {.principal = {role, subject}, .timeout = absl::Seconds(30)});
    };
    auto answer = call();
    if (patience_ == absl::ZeroDuration() || !absl::IsUnavailable(answer.status())) return answer;
    Eventually(
        [&] {
          answer = call();
          return !absl::IsUnavailable(answer.status());
        },
        patience_);
    return answer;
  }
  template <typename Service, typename Method, typename Request>
  auto AsCoordinator(Method method, const Request& request) {
    return Call<Service>(method, request, type::v1::ROLE_COORDINATOR, "dana");
  }

  // Waits for an event of a journal, of `type`, from `from_sequence` on; nothing after two minutes,
  // which a job takes whose worker was killed twice.
  absl::StatusOr<journal::v1::Event> AwaitEvent(const std::string& journal, const std::string& type,
                                                int64_t from_sequence = 1) {
    const auto stub = journal::v1::JournalService::NewStub(ChannelTo(journal));
    grpc::ClientContext context;
    rpc::Prepare(context,
                 {.principal = {type::v1::ROLE_AUDITOR, "ines"}, .timeout = absl::Minutes(2)});
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

  // All events of a journal from one on.
  absl::StatusOr<std::vector<journal::v1::Event>> ReadEvents(const std::string& journal,
                                                             int64_t from_sequence = 1) {
    const auto stub = journal::v1::JournalService::NewStub(ChannelTo(journal));
    grpc::ClientContext context;
    rpc::Prepare(context,
                 {.principal = {type::v1::ROLE_AUDITOR, "ines"}, .timeout = absl::Seconds(30)});
    journal::v1::ReadEventsRequest request;
    request.set_journal(journal);
    request.set_from_sequence(from_sequence);
    const auto stream = stub->ReadEvents(&context, request);
    std::vector<journal::v1::Event> events;
    journal::v1::ReadEventsResponse batch;
    while (stream->Read(&batch)) {
      events.insert(events.end(), batch.events().begin(), batch.events().end());
    }
    const absl::Status status = FromGrpcStatus(stream->Finish());
    if (!status.ok()) return status;
    return events;
  }

  // Expects the chain of every journal to be whole.
  void ExpectWholeJournals() {
    for (const std::string name : {"intake", "matching", "metrics"}) {
      journal::v1::VerifyChainRequest request;
      request.set_journal(name);
      const auto verified = Call<journal::v1::JournalService>(
          &journal::v1::JournalService::Stub::VerifyChain, request, type::v1::ROLE_AUDITOR, "ines");
      ASSERT_TRUE(verified.ok()) << verified.status();
      EXPECT_TRUE(verified->intact()) << name << ": " << verified->problem();
    }
  }

 protected:
  // `patience`: how long a call that meets UNAVAILABLE is made again, as by one who knows that
  // processes come and go.
  explicit AnyCenter(absl::Duration patience) : patience_(patience) {}

  // A channel that makes no call again by itself.
  static std::shared_ptr<grpc::Channel> PlainChannel(const std::string& address) {
    return rpc::MakeChannel({.target = address, .attempts = 1, .check_health = false});
  }

 private:
  // Who answers a call: `intake` of `critac.intake.v1.RequestService`, for a journal its writer.
  template <typename Service, typename Request>
  static std::string ServiceOf(const Request& request) {
    if constexpr (std::is_same_v<Service, journal::v1::JournalService>) {
      return request.journal();
    } else {
      const std::vector<std::string> parts = absl::StrSplit(Service::service_full_name(), '.');
      return parts[1];
    }
  }

  const absl::Duration patience_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_ANY_CENTER_H_
