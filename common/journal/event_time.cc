#include "common/journal/event_time.h"

namespace critac::journal {

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  // Rounds down, also before 1970, so that the parts fit together.
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    --seconds;
    rest += 1'000'000;
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(rest * 1000));
  return timestamp;
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Microseconds(timestamp.nanos() / 1000);
}

int64_t RecordMicros(const v1::Event& event) {
  return event.record_time().seconds() * 1'000'000 + event.record_time().nanos() / 1000;
}

}  // namespace critac::journal
