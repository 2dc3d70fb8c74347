#ifndef COMMON_SERVER_LOG_H_
#define COMMON_SERVER_LOG_H_

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/queue/worker.h"
#include "common/rpc/pipeline.h"

namespace critac::server {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A fact of an event. `key` is a constant of the program, lower_snake_case; the value may be
// anything, also hostile.
struct LogField {
  LogField(absl::string_view k, absl::string_view v) : key(k), value(v) {}
  LogField(absl::string_view k, const std::string& v) : key(k), value(absl::string_view(v)) {}
  LogField(absl::string_view k, const char* v) : key(k), value(absl::string_view(v)) {}
  LogField(absl::string_view k, int64_t v) : key(k), value(v) {}
  LogField(absl::string_view k, bool v) : key(k), value(v) {}

  absl::string_view key;
  std::variant<absl::string_view, int64_t, bool> value;
};

// The log: one line of JSON an event, `{"time":…,"level":…,"message":…, facts…}`, with the time in
// UTC, RFC 3339, microseconds. Whatever stands in a fact, a line stays one line and valid JSON, and
// a long fact is cut. Thread-safe.
class Log {
 public:
  // Writes to stderr; events below `least` are dropped. `clock` must outlive the log.
  Log(LogLevel least, const Clock& clock);
  // Writes to `out`, which must outlive the log.
  Log(LogLevel least, const Clock& clock, std::ostream& out);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool Enabled(LogLevel level) const { return level >= least_; }

  // `message` is a constant of the program.
  void Write(LogLevel level, absl::string_view message, absl::Span<const LogField> fields = {});
  void Write(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) {
    Write(level, message, absl::MakeConstSpan(fields.begin(), fields.size()));
  }

  // A call that ended: debug when it went well, info when the caller was refused, warning when the
  // server could not, error when something is broken (it has an incident). Never a body; the error
  // text stands only where the server is at fault, because a refusal may quote what the caller
  // sent.
  void WriteCall(const rpc::CallRecord& record);

  // A job that left a worker's hands: debug when it is done, info when it was given back, warning
  // with the error when it failed, was given up or was lost. A job's key is the name of a record.
  void WriteJob(const queue::JobRecord& record);

  // How the records of a journal are derived anew: info, warning with the error when they were not.
  void WriteDerivation(const journal::DerivationRecord& record);

 private:
  struct Sink;
  const LogLevel least_;
  const Clock& clock_;
  const std::unique_ptr<Sink> sink_;
};

// What `level` is called in logs and in configuration: debug, info, warning, error.
absl::string_view LogLevelName(LogLevel level);

}  // namespace critac::server

#endif  // COMMON_SERVER_LOG_H_
