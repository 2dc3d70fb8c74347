#ifndef COMMON_JOURNAL_EVENT_TIME_H_
#define COMMON_JOURNAL_EVENT_TIME_H_

#include <cstdint>

#include "absl/time/time.h"
#include "critac/journal/v1/journal.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace critac::journal {

// A time in a message, and back. Parts below a microsecond are dropped, as the journal keeps none.
google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

// The time an event was recorded, in microseconds since 1970, as the journal's table and the hash
// hold it.
int64_t RecordMicros(const v1::Event& event);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_EVENT_TIME_H_
