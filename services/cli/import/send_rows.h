#ifndef SERVICES_CLI_IMPORT_SEND_ROWS_H_
#define SERVICES_CLI_IMPORT_SEND_ROWS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/intake/v1/agency.pb.h"
#include "google/protobuf/message.h"

namespace critac::cli {

// Makes the import call for these rows under that request_id.
using ImportCall = std::function<absl::StatusOr<std::vector<intake::v1::ImportResult>>(
    absl::Span<const google::protobuf::Message* const> rows, const std::string& request_id)>;

// The `request_id` of a call: it follows from the run and from what the rows say, so a call that is
// made again because its answer was lost is the same call, and another run's is not.
std::string BatchRequestId(absl::string_view run,
                           absl::Span<const google::protobuf::Message* const> rows);

// Sends rows and gives each its result, in order. A call refused as a whole for what some of its
// rows say (INVALID_ARGUMENT with violations at `list_field[i]`) is made again without those, which
// get the violations as their problem: a row that is refused does not stop the others.
//
// The call's error, where it is about the call and not about rows. INTERNAL: the answer does not
// fit the rows sent.
absl::StatusOr<std::vector<intake::v1::ImportResult>> SendRows(
    const ImportCall& call, absl::string_view list_field, absl::string_view run,
    absl::Span<const google::protobuf::Message* const> rows);

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_SEND_ROWS_H_
