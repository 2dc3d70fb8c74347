#include "common/server/span_exporter.h"

#include <pthread.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "common/base/limits.h"
#include "common/base/trace.h"

namespace critac::server {

SpanExporter::SpanExporter(OtlpResource resource, std::unique_ptr<Poster> poster,
                           const Clock& clock, IdSource& ids, OnProblem on_problem)
    : resource_(std::move(resource)),
      poster_(std::move(poster)),
      clock_(clock),
      ids_(ids),
      on_problem_(std::move(on_problem)) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "span-export");
    Run();
  });
}

SpanExporter::~SpanExporter() { Stop(absl::ZeroDuration()); }

void SpanExporter::Take(Span span) {
  if (!IsSampled(span.trace)) return;
  absl::MutexLock lock(&mutex_);
  if (stopping_ || waiting_.size() >= limits::kWaitingSpans) {
    ++figures_.dropped_count;
    return;
  }
  if (waiting_.empty()) oldest_ = clock_.Now();
  waiting_.push_back(std::move(span));
}

int64_t SpanExporter::Stop(absl::Duration patience) {
  int64_t dropped_before = 0;
  {
    absl::MutexLock lock(&mutex_);
    dropped_before = figures_.dropped_count;
    stopping_ = true;
    if (!clock_.AwaitUntil(mutex_, absl::Condition(&ended_), clock_.Now() + patience)) {
      cancelled_ = true;
    }
  }
  // One whose thread has ended has nothing to cancel.
  poster_->Cancel();
  if (thread_.joinable()) thread_.join();
  return figures().dropped_count - dropped_before;
}

SpanExporter::Figures SpanExporter::figures() const {
  absl::MutexLock lock(&mutex_);
  return figures_;
}

void SpanExporter::Run() {
  for (std::vector<Span> spans = AwaitSpans(); !spans.empty(); spans = AwaitSpans()) {
    Export(spans);
  }
  absl::MutexLock lock(&mutex_);
  ended_ = true;
}

std::vector<Span> SpanExporter::AwaitSpans() {
  absl::MutexLock lock(&mutex_);
  const auto some = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !waiting_.empty();
  };
  mutex_.Await(absl::Condition(&some));
  const auto enough = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || waiting_.size() >= limits::kSpansPerExport;
  };
  clock_.AwaitUntil(mutex_, absl::Condition(&enough), OtlpDue(waiting_.size(), oldest_));
  if (cancelled_) {
    figures_.dropped_count += static_cast<int64_t>(waiting_.size());
    waiting_.clear();
  }
  const auto end = waiting_.begin() +
                   static_cast<std::ptrdiff_t>(std::min(waiting_.size(), limits::kSpansPerExport));
  std::vector<Span> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  // What is left came since; that it waits a little longer does no harm.
  oldest_ = clock_.Now();
  return taken;
}

void SpanExporter::Export(const std::vector<Span>& spans) {
  const std::string body = OtlpTraces(resource_, spans);
  const auto count = static_cast<int64_t>(spans.size());
  bool is_last = false;
  for (int tries = 1;; ++tries) {
    const OtlpAnswer answer = poster_->Post(body);
    // A stop ended it, which is no trouble of the collector's.
    if (answer.status == 0 && IsCancelled()) return Count(0, count);
    const OtlpDecision decision = DecideAfter(answer, tries, clock_.Now(), ids_.NextBits());
    Tell(decision.problem);
    if (decision.step == OtlpDecision::Step::kDone) {
      const int64_t rejected_count = std::min(decision.rejected_count, count);
      return Count(count - rejected_count, rejected_count);
    }
    if (decision.step == OtlpDecision::Step::kDrop || is_last) return Count(0, count);
    is_last = AwaitLastTry(decision.pause);
  }
}

bool SpanExporter::AwaitLastTry(absl::Duration pause) {
  absl::MutexLock lock(&mutex_);
  return clock_.AwaitUntil(mutex_, absl::Condition(&stopping_), clock_.Now() + pause);
}

bool SpanExporter::IsCancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

void SpanExporter::Count(int64_t exported_count, int64_t dropped_count) {
  absl::MutexLock lock(&mutex_);
  figures_.exported_count += exported_count;
  figures_.dropped_count += dropped_count;
}

void SpanExporter::Tell(const std::string& problem) {
  if (problem == told_) return;
  told_ = problem;
  if (on_problem_ != nullptr) on_problem_(problem);
}

}  // namespace critac::server
