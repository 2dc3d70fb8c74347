#ifndef COMMON_BASE_TRACE_H_
#define COMMON_BASE_TRACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/ids.h"

namespace critac {

// Metadata keys of a call's trace (W3C Trace Context): where in it the call is, and what others who
// take part in it want handed on.
inline constexpr char kTraceKey[] = "traceparent";
inline constexpr char kTraceStateKey[] = "tracestate";

// A trace goes through the suite as one text: the traceparent and, where there is a tracestate, a
// space and that. Nothing of ours is added to a tracestate, and a trace begun here has none.

// Reads a traceparent, `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`, and the tracestate
// that came with it, and makes a trace of them; nothing where the traceparent is not valid. What a
// later version puts behind its parts is left off, and the version made 00. For a tracestate see
// ParseTraceState.
std::optional<std::string> ParseTrace(absl::string_view parent, absl::string_view state = {});

// Reads a tracestate, `vendor=value,tenant@vendor=value`; several that came with a call are one,
// joined by commas. Empty where it is not valid or has more than 32 members. Spaces around members
// and empty members are left off, of members with the same key the first, which is the latest, is
// kept, and of more than limits::kTraceStateBytes as much as FitTraceState leaves.
std::string ParseTraceState(absl::string_view text);

// Leaves members of a valid tracestate off until it has no more than `bytes`, as W3C asks for: first
// those of more than 128 bytes, then others, from the end.
std::string FitTraceState(absl::string_view state, size_t bytes);

// The trace of a traceparent and a tracestate as they are. An empty `state`: it has none.
std::string JoinTrace(absl::string_view parent, absl::string_view state);

// The traceparent of a trace, and its tracestate; empty: it has none.
absl::string_view TraceParentOf(absl::string_view trace);
absl::string_view TraceStateOf(absl::string_view trace);

// Parts of the traceparent of a trace that ParseTrace gave: the trace's id, 32 hexadecimal digits;
// that of the step in it, 16; whether those who see it are to keep what they did.
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

  // A new trace.
  std::string NewTrace();

  // The trace of a step that `parent` caused: the same with an id of its own and the tracestate of
  // its parent. One that is not sampled stays as it is. Where the traceparent of `parent` is not
  // valid, or empty, it begins a trace.
  std::string NewStep(absl::string_view parent);

 private:
  const double ratio_;
  const uint64_t high_seed_;
  const uint64_t low_seed_;
  std::atomic<uint64_t> counter_{0};
};

}  // namespace critac

#endif  // COMMON_BASE_TRACE_H_
