#ifndef COMMON_SERVER_SPAN_EXPORTER_H_
#define COMMON_SERVER_SPAN_EXPORTER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/server/http_poster.h"
#include "common/server/otlp.h"
#include "common/server/span.h"

namespace critac::server {

// Hands spans to a collector, many at once, on a thread of its own: who makes a span does not wait.
// What comes while limits::kWaitingSpans wait, what a collector refuses, and what it has not taken
// after kOtlpTries is dropped, and counted. Thread-safe.
class SpanExporter {
 public:
  // Told when it becomes known that spans cannot be handed in, when the reason becomes another, and,
  // with nothing, when they are taken again. Not of what a stop ends. On the exporter's thread.
  using OnProblem = std::function<void(absl::string_view problem)>;

  // Begins. `clock` and `ids` must outlive it.
  SpanExporter(OtlpResource resource, std::unique_ptr<Poster> poster, const Clock& clock,
               IdSource& ids, OnProblem on_problem);
  // Stops, and waits for nothing.
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // Takes a span, unless its trace is not sampled. Does not block.
  void Take(Span span);

  // Hands in what waits, for `patience` at the most and trying once more at the most, drops what is
  // left, and joins the thread; returns how many it dropped meanwhile. What is taken later is
  // dropped. Stopping again does nothing.
  int64_t Stop(absl::Duration patience);

  // Since the start.
  struct Figures {
    int64_t exported_count = 0;
    int64_t dropped_count = 0;
  };
  Figures figures() const;

 private:
  void Run();
  // Waits until spans are due; takes them. None: it is to end.
  std::vector<Span> AwaitSpans();
  void Export(const std::vector<Span>& spans);
  // Waits before the next try; whether it is the last, since a stop came.
  bool AwaitLastTry(absl::Duration pause);
  // Whether a stop has lost patience.
  bool IsCancelled() const;
  void Count(int64_t exported_count, int64_t dropped_count);
  void Tell(const std::string& problem);

  const OtlpResource resource_;
  const std::unique_ptr<Poster> poster_;
  const Clock& clock_;
  IdSource& ids_;
  const OnProblem on_problem_;

  mutable absl::Mutex mutex_;
  std::deque<Span> waiting_ ABSL_GUARDED_BY(mutex_);
  // When the first of them came.
  absl::Time oldest_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  // What was told last. Used by the thread alone.
  std::string told_;
  std::thread thread_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_SPAN_EXPORTER_H_
