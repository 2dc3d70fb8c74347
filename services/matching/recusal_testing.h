#ifndef SERVICES_MATCHING_RECUSAL_TESTING_H_
#define SERVICES_MATCHING_RECUSAL_TESTING_H_

#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "critac/intake/v1/recusal.grpc.pb.h"

namespace critac::matching {

// What intake is told of recusals, and how it takes it: by whoever saw what was told last.
class FakeRecusals final : public intake::v1::RecusalService::Service {
 public:
  grpc::Status GetRecusals(grpc::ServerContext*, const intake::v1::GetRecusalsRequest*,
                           intake::v1::Recusals* answer) override {
    absl::MutexLock lock(&mutex_);
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    *answer = told_;
    answer->set_etag(absl::StrCat(version_));
    if (std::function<void()> then = std::exchange(after_get_, nullptr)) then();
    return grpc::Status::OK;
  }
  grpc::Status SetRecusals(grpc::ServerContext*, const intake::v1::SetRecusalsRequest* ask,
                           intake::v1::Recusals* answer) override {
    absl::MutexLock lock(&mutex_);
    if (away_) return {grpc::StatusCode::UNAVAILABLE, "away"};
    if (ask->etag() != absl::StrCat(version_)) return {grpc::StatusCode::ABORTED, "told since"};
    *told_.mutable_recusals() = ask->recusals();
    ++version_;
    *answer = told_;
    return grpc::Status::OK;
  }

  // Recusals as they were told last, and how often they were.
  std::vector<intake::v1::Recusal> told() {
    absl::MutexLock lock(&mutex_);
    return {told_.recusals().begin(), told_.recusals().end()};
  }
  int version() {
    absl::MutexLock lock(&mutex_);
    return version_;
  }

  void SetAway(bool away) {
    absl::MutexLock lock(&mutex_);
    away_ = away;
  }
  // Has something else been told, as by another replica.
  void TellOther() {
    absl::MutexLock lock(&mutex_);
    TellOtherLocked();
  }
  // The same right after the next read.
  void TellOtherAfterGet() {
    absl::MutexLock lock(&mutex_);
    after_get_ = [this] { TellOtherLocked(); };
  }

 private:
  void TellOtherLocked() {
    told_.clear_recusals();
    ++version_;
  }

  absl::Mutex mutex_;
  intake::v1::Recusals told_;
  int version_ = 0;
  bool away_ = false;
  std::function<void()> after_get_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RECUSAL_TESTING_H_
