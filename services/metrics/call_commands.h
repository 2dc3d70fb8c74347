#ifndef SERVICES_METRICS_CALL_COMMANDS_H_
#define SERVICES_METRICS_CALL_COMMANDS_H_

#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "google/protobuf/message.h"

namespace critac::metrics {

// Gives a call's command to the journal and ends the call with its answer, for methods that wait for
// something else first. `call`, `request` and `response` must live until `finish` is called.
void SubmitFor(journal::Journal& journal, const rpc::Call& call,
               const google::protobuf::Message& request, journal::Decide decide,
               google::protobuf::Message& response, rpc::Pipeline::Finish finish);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_CALL_COMMANDS_H_
