#include "services/intake/recusal_service.h"

#include <memory>
#include <optional>

#include "common/status/error.h"
#include "services/intake/recusal_reader.h"

namespace critac::intake {
namespace {

using rpc::Call;

// Before matching told of any there are none, which is not to say that they are missing.
v1::Recusals NoneTold() {
  v1::Recusals none;
  none.set_name(kRecusalsName);
  none.set_etag(kNothingTold);
  return none;
}

absl::Status Set(journal::Draft& draft, const v1::SetRecusalsRequest& in) {
  const v1::Recusals* found = draft.Find<v1::Recusals>(kRecusalsName);
  v1::Recusals known = found == nullptr ? NoneTold() : *found;
  draft.ReadTexts(known);
  ASSIGN_OR_RETURN(std::optional<v1::RecusalsChanged> changed,
                   DecideRecusals(known, in.recusals(), in.etag()));
  const bool is_on_record = found != nullptr || changed.has_value();
  if (changed.has_value()) draft.Emit(kRecusalsName, *std::move(changed));
  if (is_on_record) {
    draft.AnswerWith(kRecusalsName);
  } else {
    draft.AnswerWith(std::make_unique<v1::Recusals>(NoneTold()));
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RecusalService::GetRecusals(grpc::CallbackServerContext* context,
                                                      const v1::GetRecusalsRequest* request,
                                                      v1::Recusals* response) {
  return pipeline_.Get<v1::GetRecusalsRequest, v1::Recusals>(
      context, request, response, journal_,
      [](const Call&, const auto&, journal::Records& records, v1::Recusals& out) {
        const absl::Status status = records.GetInto(kRecusalsName, out);
        if (!absl::IsNotFound(status)) return status;
        out = NoneTold();
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* RecusalService::SetRecusals(grpc::CallbackServerContext* context,
                                                      const v1::SetRecusalsRequest* request,
                                                      v1::Recusals* response) {
  return pipeline_.Write<v1::SetRecusalsRequest, v1::Recusals>(
      context, request, response, journal_, [](const Call&, const auto& in) -> journal::Decide {
        return [&in](journal::Draft& draft) { return Set(draft, in); };
      });
}

}  // namespace critac::intake
