#include "services/metrics/call_commands.h"

#include <utility>

#include "absl/status/statusor.h"

namespace critac::metrics {

void SubmitFor(journal::Journal& journal, const rpc::Call& call,
               const google::protobuf::Message& request, journal::Decide decide,
               google::protobuf::Message& response, rpc::Pipeline::Finish finish) {
  journal.Submit(
      rpc::Pipeline::MakeCommand(call, request, std::move(decide)),
      [&response, finish = std::move(finish)](absl::StatusOr<journal::Answer> answer) mutable {
        if (answer.ok() && answer->message != nullptr) {
          response.CopyFrom(*answer->message);
        }
        finish(answer.status());
      });
}

}  // namespace critac::metrics
