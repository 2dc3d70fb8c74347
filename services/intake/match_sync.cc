#include "services/intake/match_sync.h"

#include <pthread.h>

#include <utility>

#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "services/intake/intake_store.h"
#include "services/intake/match_notice.h"

namespace critac::intake {
namespace {

// Names read at once.
constexpr int kPage = 1000;

template <typename T>
bool Concerns(const google::protobuf::Message& payload) {
  const T* const known = google::protobuf::DynamicCastToGenerated<T>(&payload);
  return known != nullptr && ConcernsMatching(*known);
}

std::vector<queue::NewJob> JobsFor(const std::vector<std::string>& names) {
  std::vector<queue::NewJob> jobs;
  jobs.reserve(names.size());
  for (const std::string& name : names) jobs.push_back({.key = name});
  return jobs;
}

}  // namespace

MatchSync::MatchSync(store::Database& database, queue::WorkQueue& queue)
    : database_(database), queue_(queue) {}

MatchSync::~MatchSync() { Stop(); }

void MatchSync::Notice(absl::Span<const journal::CommittedEvent> events) {
  std::vector<std::string> names;
  for (const auto& [event, payload] : events) {
    if (Concerns<v1::RequestTransitioned>(*payload) || Concerns<v1::RequestUpdated>(*payload)) {
      names.push_back(event.subject());
    }
  }
  if (names.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (std::string& name : names) {
    if (waiting_.size() < kWaiting) waiting_.insert(std::move(name));
  }
}

absl::StatusOr<std::vector<queue::NewJob>> MatchSync::Due() {
  std::vector<std::string> due;
  std::string after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<std::string> page,
                     RequestsForMatching(database_, MatchingNeed::kReady, after, kPage));
    due.insert(due.end(), page.begin(), page.end());
    if (page.size() < kPage) break;
    after = page.back();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> left,
                   RequestsForMatching(database_, MatchingNeed::kLeft, left_after_, kLeftPerRound));
  left_after_ = left.size() < kLeftPerRound ? "" : left.back();
  due.insert(due.end(), left.begin(), left.end());
  return JobsFor(due);
}

void MatchSync::Start(std::function<void()> on_failure) {
  on_failure_ = std::move(on_failure);
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "intake-match");
}

void MatchSync::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void MatchSync::AwaitIdle() {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.empty() && !sending_;
  };
  mutex_.Await(absl::Condition(&idle));
}

void MatchSync::Run() {
  while (true) {
    const std::vector<std::string> names = TakeWaiting();
    if (names.empty()) return;
    const absl::Status status = Enqueue(names);
    if (!status.ok() && on_failure_ != nullptr) on_failure_();
  }
}

std::vector<std::string> MatchSync::TakeWaiting() {
  absl::MutexLock lock(&mutex_);
  sending_ = false;
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !waiting_.empty() || stopping_;
  };
  mutex_.Await(absl::Condition(&something));
  if (stopping_) return {};
  const std::vector<std::string> names(waiting_.begin(), waiting_.end());
  waiting_.clear();
  sending_ = true;
  return names;
}

absl::Status MatchSync::Enqueue(const std::vector<std::string>& names) {
  const std::vector<queue::NewJob> jobs = JobsFor(names);
  for (size_t i = 0; i < jobs.size(); i += limits::kEnqueueJobs) {
    const auto some = absl::MakeConstSpan(jobs).subspan(i, limits::kEnqueueJobs);
    RETURN_IF_ERROR(queue_.Enqueue(some).status());
  }
  return absl::OkStatus();
}

}  // namespace critac::intake
