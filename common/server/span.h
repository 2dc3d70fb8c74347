#ifndef COMMON_SERVER_SPAN_H_
#define COMMON_SERVER_SPAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "common/queue/sender.h"
#include "common/queue/worker.h"
#include "common/rpc/client_calls.h"
#include "common/rpc/pipeline.h"

namespace critac::server {

// A step of a trace that is over: a call served, a call made, a job put in, a job done. For those who look at how
// a request went through the processes of a center. It holds names and codes, and in its trace the caller's
// tracestate; never a body, a message of an error or who called: these are in the log, which is found by the
// traceparent.
struct Span {
  // The numbers are OTLP's.
  enum class Kind { kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

  // Its own trace, and that of what caused it. Empty: nothing did.
  std::string trace;
  std::string parent;
  Kind kind = Kind::kServer;
  std::string name;
  absl::Time start;
  absl::Time end;
  // Names are those of OpenTelemetry's conventions, where they have one.
  std::vector<std::pair<std::string, std::variant<std::string, int64_t>>> attributes;
  // Set where it failed: the reason, or the code.
  std::optional<std::string> failure;
};

// Of a call served: it failed where that is the fault of the server.
Span SpanOf(const rpc::CallRecord& record);
// Of a call made: it failed where it got an error.
Span SpanOf(const rpc::ClientCallRecord& record);
// Of a job put in, from the commit that caused it until the queue had it: it failed where the queue
// did not take it.
Span SpanOf(const queue::SendRecord& record);
// Of a job: it failed unless it was done, or given back. Nothing: it was not begun.
std::optional<Span> SpanOf(const queue::JobRecord& record);

}  // namespace critac::server

#endif  // COMMON_SERVER_SPAN_H_
