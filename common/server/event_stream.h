#ifndef COMMON_SERVER_EVENT_STREAM_H_
#define COMMON_SERVER_EVENT_STREAM_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "critac/journal/v1/journal.pb.h"

namespace critac::server {

// Reads a journal as `request` asks and hands batch after batch to `write` until it returns false,
// `stopping` returns true, or the request is fulfilled. OUT_OF_RANGE: `from_sequence` lies beyond
// the head by more than one.
absl::Status StreamEvents(journal::Journal& journal, const journal::v1::ReadEventsRequest& request,
                          const Clock& clock, absl::FunctionRef<bool()> stopping,
                          absl::FunctionRef<bool(const journal::v1::ReadEventsResponse&)> write);

}  // namespace critac::server

#endif  // COMMON_SERVER_EVENT_STREAM_H_
