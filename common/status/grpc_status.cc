#include "common/status/grpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace critac {
namespace {

absl::Status WithoutInternals(const absl::Status& status, absl::string_view incident) {
  return Error(status.code(), "INTERNAL",
               absl::StrCat("an internal error, recorded as incident ", incident,
                            "; quote it to the operators"))
      .Fact("incident", incident)
      .ToStatus();
}

}  // namespace

bool IsInternal(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

grpc::Status ToGrpcStatus(const absl::Status& status, absl::string_view domain,
                          absl::string_view incident) {
  if (status.ok()) return grpc::Status::OK;
  const absl::Status shown =
      IsInternal(status.code()) ? WithoutInternals(status, incident) : status;

  google::rpc::Status details;
  details.set_code(static_cast<int>(shown.code()));
  details.set_message(std::string(shown.message()));
  google::rpc::ErrorInfo info = ErrorInfoOf(shown);
  if (info.reason().empty()) info.set_reason(absl::StatusCodeToString(shown.code()));
  info.set_domain(std::string(domain));
  details.add_details()->PackFrom(info);
  const std::string info_url = details.details(0).type_url();
  shown.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    if (type_url == info_url) return;
    auto* detail = details.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(shown.code()), std::string(shown.message()),
                      details.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const auto& detail : details.details()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace critac
