#ifndef TESTS_PROCESS_CENTER_H_
#define TESTS_PROCESS_CENTER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/ids.h"
#include "common/rpc/channel.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/running_program.h"

namespace critac::testing {

// `critac up` as shipped, on a folder of a test's, called over TCP as another system would.
class Center {
 public:
  explicit Center(std::string data) : data_(std::move(data)) { Start(); }

  // Starts the program and waits until it is ready.
  void Start() {
    program_.reset();
    program_ = std::make_unique<RunningProgram>(CRITAC_PROGRAM, Arguments());
    const std::string line = program_->OutLine();
    const std::string start = "critac ready on ";
    ASSERT_THAT(line, ::testing::StartsWith(start)) << program_->RestOfError();
    channel_ = rpc::MakeChannel(
        {.target = line.substr(start.size()), .attempts = 1, .check_health = false});
  }

  std::vector<std::string> Arguments() const {
    return {"up",  "--data",      data_,  "--listen", "127.0.0.1:0", "--admin-listen",
            "off", "--log-level", "error"};
  }

  // As `kill -9` does, whatever the program is at.
  void Kill() { program_->Kill(); }
  // Asks it to stop; returns its exit status.
  int Stop() {
    program_->Signal(SIGTERM);
    return program_->Wait();
  }
  RunningProgram& program() { return *program_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Calls a method as `role` `subject`.
  template <typename Service, typename Method, typename Request>
  auto Call(Method method, const Request& request, type::v1::Role role,
            const std::string& subject) {
    const auto stub = Service::NewStub(channel_);
    return rpc::Invoke(*stub, method, request,
                       {.principal = {role, subject}, .timeout = absl::Seconds(30)});
  }
  template <typename Service, typename Method, typename Request>
  auto AsCoordinator(Method method, const Request& request) {
    return Call<Service>(method, request, type::v1::ROLE_COORDINATOR, "dana");
  }

  // Waits for an event of a journal, of `type`, from `from_sequence` on; nothing after half a minute.
  absl::StatusOr<journal::v1::Event> AwaitEvent(const std::string& journal, const std::string& type,
                                                int64_t from_sequence = 1) {
    const auto stub = journal::v1::JournalService::NewStub(channel_);
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
      const auto verified = Call<journal::v1::JournalService>(
          &journal::v1::JournalService::Stub::VerifyChain, request, type::v1::ROLE_AUDITOR, "ines");
      ASSERT_TRUE(verified.ok()) << verified.status();
      EXPECT_TRUE(verified->intact()) << name << ": " << verified->problem();
    }
  }

 private:
  const std::string data_;
  std::unique_ptr<RunningProgram> program_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_CENTER_H_
