#ifndef COMMON_BASE_TRACE_H_
#define COMMON_BASE_TRACE_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/ids.h"

namespace critac {

// Metadata key of a call's trace (W3C Trace Context).
inline constexpr char kTraceKey[] = "traceparent";

// Reads a traceparent, `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; nothing where it
// is not valid. What a later version puts behind these parts is left off, and the version made 00.
std::optional<std::string> ParseTrace(absl::string_view text);

// Parts of a traceparent that ParseTrace gave: the trace's id, 32 hexadecimal digits; that of the
// step in it, 16; whether those who see it are to keep what they did.
absl::string_view TraceIdOf(absl::string_view trace);
absl::string_view SpanIdOf(absl::string_view trace);
bool IsSampled(absl::string_view trace);

// Whether a trace belongs to the sample of `ratio` of all. Its id alone decides, so that all
// processes say the same, and one of a smaller sample is in every larger one.
bool IsInSample(absl::string_view trace_id, double ratio);

// Makes new traces, and steps of them. They need not be hard to guess, only different, and every
// call may need one: two random seeds and a counter make them. Thread-safe.
class TraceSource {
 public:
  // Of the traces begun here `ratio` is sampled: 0 none, 1 all, as logs want it.
  explicit TraceSource(IdSource& ids, double ratio = 1);

  // A new traceparent.
  std::string NewTrace();

  // The traceparent of a step that `parent` caused: the same trace with an id of its own. One that
  // is not sampled stays as it is. Where `parent` is not valid, or empty, it begins a trace.
  std::string NewStep(absl::string_view parent);

 private:
  const double ratio_;
  const uint64_t high_seed_;
  const uint64_t low_seed_;
  std::atomic<uint64_t> counter_{0};
};

}  // namespace critac

#endif  // COMMON_BASE_TRACE_H_
