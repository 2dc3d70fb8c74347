#include "common/server/log.h"

#include <ostream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/trace.h"
#include "common/server/json.h"
#include "common/status/error.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace critac::server {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Whose fault the end of a call is decides how loud it is.
LogLevel LevelOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return LogLevel::kDebug;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return LogLevel::kError;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
      return LogLevel::kWarning;
    default:
      return LogLevel::kInfo;
  }
}

LogLevel LevelOf(queue::JobOutcome outcome) {
  switch (outcome) {
    case queue::JobOutcome::kDone:
      return LogLevel::kDebug;
    case queue::JobOutcome::kReleased:
      return LogLevel::kInfo;
    default:
      return LogLevel::kWarning;
  }
}

void AppendField(std::string& line, const LogField& field) {
  line += ',';
  AppendJsonString(line, field.key);
  line += ':';
  if (const auto* text = std::get_if<absl::string_view>(&field.value)) {
    AppendJsonString(line, *text);
  } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
    absl::StrAppend(&line, *number);
  } else {
    absl::StrAppend(&line, std::get<bool>(field.value) ? "true" : "false");
  }
}

}  // namespace

struct Log::Sink {
  explicit Sink(spdlog::sink_ptr to) : logger("critac", std::move(to)) {
    // The line is made here, JSON and all; spdlog carries it out whole and in turn.
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
  }
  spdlog::logger logger;
};

Log::Log(LogLevel least, const Clock& clock)
    : least_(least),
      clock_(clock),
      sink_(std::make_unique<Sink>(std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(LogLevel least, const Clock& clock, std::ostream& out)
    : least_(least),
      clock_(clock),
      sink_(std::make_unique<Sink>(std::make_shared<spdlog::sinks::ostream_sink_mt>(out))) {}

Log::~Log() = default;

void Log::Write(LogLevel level, absl::string_view message, absl::Span<const LogField> fields) {
  if (!Enabled(level)) return;
  std::string line = absl::StrCat(
      R"({"time":")", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", clock_.Now(), absl::UTCTimeZone()),
      R"(","level":")", LogLevelName(level), R"(","message":)");
  AppendJsonString(line, message);
  for (const LogField& field : fields) AppendField(line, field);
  line += '}';
  sink_->logger.log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

void Log::WriteCall(const rpc::CallRecord& record) {
  const LogLevel level = LevelOf(record.status);
  if (!Enabled(level)) return;
  const std::string code = absl::StatusCodeToString(record.status.code());
  const std::string principal = record.call.principal.role == type::v1::ROLE_UNSPECIFIED
                                    ? std::string()
                                    : record.call.principal.ToString();
  const std::string reason = ReasonOf(record.status);
  std::vector<LogField> fields = {
      {"method", record.call.method},
      {"code", code},
      {"duration_us", absl::ToInt64Microseconds(record.duration)},
      {"trace", TraceParentOf(record.call.trace)},
  };
  const auto add = [&fields](absl::string_view key, absl::string_view value) {
    if (!value.empty()) fields.emplace_back(key, value);
  };
  add("principal", principal);
  add("request_id", record.request_id);
  add("reason", reason);
  add("incident", record.incident);
  if (level >= LogLevel::kWarning) add("error", record.status.message());
  Write(level, "call", fields);
}

void Log::WriteJob(const queue::JobRecord& record) {
  const LogLevel level = LevelOf(record.outcome);
  if (!Enabled(level)) return;
  const std::string error = record.status.ok() ? "" : record.status.ToString();
  std::vector<LogField> fields = {
      {"queue", record.queue},
      {"key", record.job.key()},
      {"outcome", queue::JobOutcomeName(record.outcome)},
      {"attempt", int64_t{record.job.attempt()}},
      {"waited_us", absl::ToInt64Microseconds(record.waited)},
      {"duration_us", absl::ToInt64Microseconds(record.ran)},
  };
  if (!record.job.trace().empty()) {
    fields.emplace_back("trace", TraceParentOf(record.job.trace()));
  }
  if (level >= LogLevel::kWarning && !error.empty()) fields.emplace_back("error", error);
  Write(level, "job", fields);
}

void Log::WriteDerivation(const journal::DerivationRecord& record) {
  using Stage = journal::DerivationRecord::Stage;
  const LogLevel level = record.status.ok() ? LogLevel::kInfo : LogLevel::kWarning;
  absl::string_view message = "deriving records";
  if (record.stage == Stage::kGoesOn) message = "still deriving records";
  if (record.stage == Stage::kEnded) message = "records derived";
  if (!record.status.ok()) message = "records not derived";
  std::vector<LogField> fields = {
      {"journal", record.journal},
      {"events", record.events},
      {"of_events", record.all_events},
      {"duration_us", absl::ToInt64Microseconds(record.elapsed)},
  };
  if (!record.status.ok()) fields.emplace_back("error", record.status.message());
  Write(level, message, fields);
}

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

}  // namespace critac::server
