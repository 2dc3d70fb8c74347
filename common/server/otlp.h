#ifndef COMMON_SERVER_OTLP_H_
#define COMMON_SERVER_OTLP_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/server/span.h"

namespace critac::server {

// OpenTelemetry's protocol over HTTP, as JSON, as far as one needs it to hand in spans: functions
// without state, which span_exporter.h puts together.

// Who hands spans in.
struct OtlpResource {
  // As the process is called: `critac-intake`.
  std::string service;
  // Another at each start.
  std::string instance;
  std::string version;
  // Machine or pod.
  std::string host;
};

// Where a collector at `endpoint` takes spans.
std::string OtlpTracesUrl(absl::string_view endpoint);

// The body of a request that hands in `spans`.
std::string OtlpTraces(const OtlpResource& resource, absl::Span<const Span> spans);

// What a collector said to it.
struct OtlpAnswer {
  // Of HTTP; 0: no answer came, `problem` says why.
  int status = 0;
  // Header field Retry-After. Empty: there was none.
  std::string retry_after;
  std::string body;
  std::string problem;
};

// What is to be done then.
struct OtlpDecision {
  enum class Step {
    kDone,   // the spans are taken, but for `rejected_count`
    kAgain,  // hand them in again, after `pause`
    kDrop,   // they will never be taken
  };
  Step step = Step::kDone;
  absl::Duration pause;
  int64_t rejected_count = 0;
  // For the log. Empty: all is well.
  std::string problem;
};

// Pauses between tries, where the collector does not say how long: doubled after each failure.
inline constexpr absl::Duration kFirstOtlpPause = absl::Seconds(1);
inline constexpr absl::Duration kMostOtlpPause = absl::Seconds(30);
// Longest pause that a collector may ask for.
inline constexpr absl::Duration kMostOtlpRetryAfter = absl::Minutes(5);
// How often spans are handed in before they are given up.
inline constexpr int kOtlpTries = 6;

// Decides what comes after an answer, the `tries`-th to the same spans (from 1). `now` is what a
// date in Retry-After is measured by, `bits` are 64 random bits.
OtlpDecision DecideAfter(const OtlpAnswer& answer, int tries, absl::Time now, uint64_t bits);

// Longest that a span waits for others to be handed in together.
inline constexpr absl::Duration kOtlpDelay = absl::Seconds(2);

// When the spans that wait are to be handed in, the first of which came at `oldest`: at once where
// there are enough for a request. In no time where there are none.
absl::Time OtlpDue(size_t waiting_count, absl::Time oldest);

}  // namespace critac::server

#endif  // COMMON_SERVER_OTLP_H_
