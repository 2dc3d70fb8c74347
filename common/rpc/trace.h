#ifndef COMMON_RPC_TRACE_H_
#define COMMON_RPC_TRACE_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/ids.h"

namespace critac::rpc {

// Metadata key of a call's trace (W3C Trace Context).
inline constexpr char kTraceKey[] = "traceparent";

// Reads a traceparent, `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; nothing where it
// is not valid. What a later version puts behind these parts is left off, and the version made 00.
std::optional<std::string> ParseTrace(absl::string_view text);

// Makes new traces. They need not be hard to guess, only different, and every call may need one:
// two random seeds and a counter make them. Thread-safe.
class TraceSource {
 public:
  explicit TraceSource(IdSource& ids);

  // A new traceparent, sampled: the logs have it.
  std::string NewTrace();

 private:
  const uint64_t high_seed_;
  const uint64_t low_seed_;
  std::atomic<uint64_t> counter_{0};
};

}  // namespace critac::rpc

#endif  // COMMON_RPC_TRACE_H_
