#include "common/server/otlp.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/limits.h"
#include "common/base/trace.h"
#include "common/queue/backoff.h"
#include "nlohmann/json.hpp"

namespace critac::server {
namespace {

using nlohmann::json;

// Numbers of 64 bits are text in the JSON of protobuf.
json TextAttribute(const std::string& key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

json NumberAttribute(const std::string& key, int64_t value) {
  return {{"key", key}, {"value", {{"intValue", absl::StrCat(value)}}}};
}

json AttributesOf(const Span& span) {
  json attributes = json::array();
  for (const auto& [key, value] : span.attributes) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      attributes.push_back(TextAttribute(key, *text));
    } else {
      attributes.push_back(NumberAttribute(key, std::get<int64_t>(value)));
    }
  }
  return attributes;
}

json SpanToJson(const Span& span) {
  json result = {
      {"traceId", std::string(TraceIdOf(span.trace))},
      {"spanId", std::string(SpanIdOf(span.trace))},
      {"name", span.name},
      {"kind", static_cast<int>(span.kind)},
      {"startTimeUnixNano", absl::StrCat(absl::ToUnixNanos(span.start))},
      {"endTimeUnixNano", absl::StrCat(absl::ToUnixNanos(span.end))},
      {"attributes", AttributesOf(span)},
  };
  if (const absl::string_view state = TraceStateOf(span.trace); !state.empty()) {
    result["traceState"] = std::string(state);
  }
  if (const auto parent = ParseTrace(TraceParentOf(span.parent)); parent.has_value()) {
    result["parentSpanId"] = std::string(SpanIdOf(*parent));
  }
  constexpr int kError = 2;
  if (span.failure.has_value()) {
    result["status"] = {{"code", kError}, {"message", *span.failure}};
  }
  return result;
}

json ResourceToJson(const OtlpResource& resource) {
  json attributes = json::array();
  attributes.push_back(TextAttribute("service.namespace", "critac"));
  attributes.push_back(TextAttribute("service.name", resource.service));
  attributes.push_back(TextAttribute("service.instance.id", resource.instance));
  attributes.push_back(TextAttribute("service.version", resource.version));
  if (!resource.host.empty()) attributes.push_back(TextAttribute("host.name", resource.host));
  return {{"attributes", std::move(attributes)}};
}

// Seconds, or the date of RFC 9110.
std::optional<absl::Duration> ReadRetryAfter(const std::string& text, absl::Time now) {
  int64_t seconds = 0;
  absl::Time date;
  absl::Duration pause;
  if (absl::SimpleAtoi(text, &seconds)) {
    if (seconds < 0) return std::nullopt;
    pause = absl::Seconds(seconds);
  } else if (absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", text, &date, nullptr)) {
    pause = date - now;
  } else {
    return std::nullopt;
  }
  return std::clamp(pause, absl::ZeroDuration(), kMostOtlpRetryAfter);
}

// What a collector says that took some and refused others.
int64_t RejectedCount(const std::string& body) {
  const json answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) return 0;
  const auto partial = answer.find("partialSuccess");
  if (partial == answer.end() || !partial->is_object()) return 0;
  const auto rejected = partial->find("rejectedSpans");
  if (rejected == partial->end()) return 0;
  int64_t count = 0;
  if (rejected->is_number_integer()) {
    count = rejected->get<int64_t>();
  } else if (!rejected->is_string() || !absl::SimpleAtoi(rejected->get<std::string>(), &count)) {
    return 0;
  }
  return std::max<int64_t>(count, 0);
}

bool MayPass(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

std::string OtlpTracesUrl(absl::string_view endpoint) {
  return absl::StrCat(absl::StripSuffix(endpoint, "/"), "/v1/traces");
}

std::string OtlpTraces(const OtlpResource& resource, absl::Span<const Span> spans) {
  json list = json::array();
  for (const Span& span : spans) list.push_back(SpanToJson(span));
  json scope = {{"scope", {{"name", "critac"}, {"version", resource.version}}},
                {"spans", std::move(list)}};
  json all = {{"resource", ResourceToJson(resource)},
              {"scopeSpans", json::array({std::move(scope)})}};
  const json traces = {{"resourceSpans", json::array({std::move(all)})}};
  return traces.dump(-1, ' ', false, json::error_handler_t::replace);
}

OtlpDecision DecideAfter(const OtlpAnswer& answer, int tries, absl::Time now, uint64_t bits) {
  OtlpDecision decision;
  if (answer.status >= 200 && answer.status < 300) {
    decision.rejected_count = RejectedCount(answer.body);
    if (decision.rejected_count > 0) decision.problem = "the collector refuses some spans";
    return decision;
  }
  decision.problem = answer.status == 0
                         ? answer.problem
                         : absl::StrCat("the collector answers with status ", answer.status);
  if (!MayPass(answer.status) || tries >= kOtlpTries) {
    decision.step = OtlpDecision::Step::kDrop;
    return decision;
  }
  decision.step = OtlpDecision::Step::kAgain;
  decision.pause = queue::Backoff(kFirstOtlpPause, kMostOtlpPause, tries, bits);
  if (const auto asked = ReadRetryAfter(answer.retry_after, now); asked.has_value()) {
    decision.pause = *asked;
  }
  return decision;
}

absl::Time OtlpDue(size_t waiting_count, absl::Time oldest) {
  if (waiting_count == 0) return absl::InfiniteFuture();
  if (waiting_count >= limits::kSpansPerExport) return absl::InfinitePast();
  return oldest + kOtlpDelay;
}

}  // namespace critac::server
