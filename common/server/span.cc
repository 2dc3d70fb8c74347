#include "common/server/span.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"

namespace critac::server {
namespace {

// Codes that are no fault of the caller.
bool IsServersFault(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

std::string FailureOf(const absl::Status& status) {
  std::string reason = ReasonOf(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

// `critac.intake.v1.RequestService.GetRequest`: service and method. An unknown one has no dot.
std::pair<std::string, std::string> ServiceAndMethod(absl::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, dot)), std::string(name.substr(dot + 1))};
}

Span NewCallSpan(absl::string_view name, Span::Kind kind, const absl::Status& status) {
  Span span;
  const auto [service, method] = ServiceAndMethod(name);
  span.kind = kind;
  span.name = absl::StrCat(service, "/", method);
  span.attributes = {{"rpc.system", "grpc"},
                     {"rpc.service", service},
                     {"rpc.method", method},
                     {"rpc.grpc.status_code", static_cast<int64_t>(status.code())}};
  const bool failed = kind == Span::Kind::kServer ? IsServersFault(status.code()) : !status.ok();
  if (failed) span.failure = FailureOf(status);
  return span;
}

// What is done with a job: `send`, `process`.
Span NewJobSpan(absl::string_view queue, absl::string_view key, Span::Kind kind,
                const std::string& operation) {
  Span span;
  span.kind = kind;
  span.name = absl::StrCat(operation, " ", queue);
  span.attributes = {{"messaging.system", "critac"},
                     {"messaging.operation.type", operation},
                     {"messaging.operation.name", operation},
                     {"messaging.destination.name", std::string(queue)},
                     {"messaging.message.id", std::string(key)}};
  return span;
}

}  // namespace

Span SpanOf(const rpc::CallRecord& record) {
  Span span = NewCallSpan(record.call.method, Span::Kind::kServer, record.status);
  span.trace = record.call.trace;
  span.parent = record.call.parent;
  span.start = record.call.start;
  span.end = record.call.start + record.duration;
  if (!record.request_id.empty()) {
    span.attributes.emplace_back("critac.request_id", record.request_id);
  }
  if (!record.incident.empty()) span.attributes.emplace_back("critac.incident", record.incident);
  return span;
}

Span SpanOf(const rpc::ClientCallRecord& record) {
  Span span = NewCallSpan(record.method, Span::Kind::kClient, record.status);
  span.trace = record.trace;
  span.parent = record.parent;
  span.start = record.start;
  span.end = record.start + record.duration;
  return span;
}

Span SpanOf(const queue::SendRecord& record) {
  Span span = NewJobSpan(record.queue, record.key, Span::Kind::kProducer, "send");
  span.trace = std::string(record.trace);
  span.parent = std::string(record.parent);
  span.start = record.start;
  span.end = record.start + record.duration;
  if (!record.status.ok()) span.failure = FailureOf(record.status);
  return span;
}

std::optional<Span> SpanOf(const queue::JobRecord& record) {
  if (!record.begun.has_value()) return std::nullopt;
  Span span = NewJobSpan(record.queue, record.job.key(), Span::Kind::kConsumer, "process");
  span.trace = record.job.trace();
  span.parent = std::string(record.parent);
  span.start = *record.begun;
  span.end = *record.begun + record.ran;
  span.attributes.emplace_back("critac.job.attempt", int64_t{record.job.attempt()});
  span.attributes.emplace_back("critac.job.outcome",
                               std::string(queue::JobOutcomeName(record.outcome)));
  span.attributes.emplace_back("critac.job.waited_us", absl::ToInt64Microseconds(record.waited));
  const bool ended_well =
      record.outcome == queue::JobOutcome::kDone || record.outcome == queue::JobOutcome::kReleased;
  if (!ended_well) {
    span.failure = record.status.ok() ? std::string(queue::JobOutcomeName(record.outcome))
                                      : FailureOf(record.status);
  }
  return span;
}

}  // namespace critac::server
