#ifndef COMMON_SERVER_TESTING_SAMPLE_SERVICE_H_
#define COMMON_SERVER_TESTING_SAMPLE_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/testing/sample_server.h"
#include "common/server/binding.h"
#include "common/server/process.h"
#include "common/server/testing/fake_journal.h"

namespace critac::server::testing {

// A bound service for tests: the sample service of common/rpc and a journal in memory. What happens
// to it goes to `on_event`: `NAME start`, `NAME stop`, `NAME gone`. Thread-safe.
class SampleBoundService final : public BoundService {
 public:
  using OnEvent = std::function<void(const std::string& event)>;

  SampleBoundService(std::string name, Environment& environment, OnEvent on_event = nullptr)
      : name_(std::move(name)),
        on_event_(std::move(on_event)),
        journal_(name_),
        sample_(environment.pipeline, journal_) {}
  ~SampleBoundService() override { Tell("gone"); }

  // Its gRPC service, whose handlers are set before the process serves. Several services of one
  // process cannot all register it; those without it have their journal alone.
  rpc::testing::SampleService& sample() { return sample_; }
  void WithoutSample() { with_sample_ = false; }
  FakeJournal& fake_journal() { return journal_; }
  void SetReady(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    ready_ = std::move(status);
  }
  void SetFollowed(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    followed_ = std::move(status);
  }
  void SetMayFollow(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    may_follow_ = std::move(status);
  }
  // Called in Stop.
  std::function<void()> on_stop;

  const std::string& name() const override { return name_; }
  std::vector<grpc::Service*> grpc_services() override {
    return with_sample_ ? std::vector<grpc::Service*>{&sample_} : std::vector<grpc::Service*>();
  }
  journal::Journal& journal() override { return journal_; }
  absl::Status CheckMayFollow(const rpc::Call&) override {
    absl::MutexLock lock(&mutex_);
    return may_follow_;
  }
  absl::Status Ready() override {
    absl::MutexLock lock(&mutex_);
    return ready_;
  }
  std::vector<std::pair<std::string, absl::Status>> FollowedJournals() override {
    absl::MutexLock lock(&mutex_);
    return {{"another", followed_}};
  }
  void Start() override { Tell("start"); }
  void Stop() override {
    Tell("stop");
    if (on_stop) on_stop();
  }

 private:
  void Tell(const char* what) const {
    if (on_event_) on_event_(name_ + " " + what);
  }

  const std::string name_;
  const OnEvent on_event_;
  FakeJournal journal_;
  rpc::testing::SampleService sample_;
  bool with_sample_ = true;
  absl::Mutex mutex_;
  absl::Status ready_ ABSL_GUARDED_BY(mutex_);
  absl::Status followed_ ABSL_GUARDED_BY(mutex_);
  absl::Status may_follow_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::server::testing

#endif  // COMMON_SERVER_TESTING_SAMPLE_SERVICE_H_
