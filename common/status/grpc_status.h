#ifndef COMMON_STATUS_GRPC_STATUS_H_
#define COMMON_STATUS_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace critac {

// Whether a code says that something is wrong inside: INTERNAL, UNKNOWN, DATA_LOSS.
bool IsInternal(absl::StatusCode code);

// The one conversion of an error to the wire. Details travel as a serialized `google.rpc.Status`;
// `domain`, the proto package of the service, is put into the ErrorInfo, which every error gets.
// INTERNAL, UNKNOWN and DATA_LOSS lose their message and details (they speak of SQL and files); the
// caller gets `incident` to quote instead, and the log has both.
grpc::Status ToGrpcStatus(const absl::Status& status, absl::string_view domain,
                          absl::string_view incident);

// The other direction, for clients: code, message and details.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace critac

#endif  // COMMON_STATUS_GRPC_STATUS_H_
