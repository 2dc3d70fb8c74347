#include "services/matching/intake_client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

using intake::v1::CatalogService;
using intake::v1::RecusalService;
using intake::v1::RequestService;

constexpr absl::Duration kCatalogAge = absl::Minutes(1);
// How long a call waits for an intake that is away, before what needs it fails and is tried again
// later: less than a process that is to stop waits for its jobs.
constexpr absl::Duration kPatience = absl::Seconds(10);
// Comparisons in one filter; a filter takes 50.
constexpr size_t kIdsPerFilter = 20;

rpc::CallSettings Settings(const std::string& trace = "") {
  return {.principal = {type::v1::ROLE_SERVICE, "matching"},
          .trace = trace,
          .timeout = kPatience,
          .wait_for_ready = true};
}

}  // namespace

IntakeClient::IntakeClient(std::shared_ptr<grpc::Channel> channel, const Clock& clock)
    : clock_(clock),
      requests_(RequestService::NewStub(channel)),
      catalogs_(CatalogService::NewStub(channel)),
      recusals_(RecusalService::NewStub(channel)) {}

absl::StatusOr<intake::v1::Request> IntakeClient::GetRequest(const std::string& name,
                                                             const std::string& trace) {
  intake::v1::GetRequestRequest ask;
  ask.set_name(name);
  return rpc::Invoke(*requests_, &RequestService::Stub::GetRequest, ask, Settings(trace));
}

absl::Status IntakeClient::Act(const std::string& request, intake::v1::RequestAction action,
                               const std::string& cause, const std::string& reason,
                               const std::string& trace) {
  intake::v1::ActOnRequestRequest ask;
  ask.set_name(request);
  ask.set_action(action);
  if (!reason.empty()) ask.mutable_details()->set_reason(reason);
  ask.set_request_id(UuidFromName(
      absl::StrCat("matching ", request, " ", intake::v1::RequestAction_Name(action), " ", cause)));
  return rpc::Invoke(*requests_, &RequestService::Stub::ActOnRequest, ask, Settings(trace))
      .status();
}

absl::Status IntakeClient::RecordPlan(const intake::v1::Request& request, int version,
                                      const std::string& trace) {
  intake::v1::ActOnRequestRequest ask;
  ask.set_name(request.name());
  ask.set_action(intake::v1::REQUEST_ACTION_RECORD_PLAN);
  ask.mutable_details()->set_plan_version(version);
  ask.set_etag(request.etag());
  // With the etag: after a rematch the same version is told again.
  ask.set_request_id(UuidFromName(
      absl::StrCat("matching ", request.name(), " plan ", version, " ", request.etag())));
  return rpc::Invoke(*requests_, &RequestService::Stub::ActOnRequest, ask, Settings(trace))
      .status();
}

absl::StatusOr<absl::flat_hash_map<std::string, intake::v1::Request>> IntakeClient::FindPast(
    absl::Span<const std::string> external_ids, const std::string& trace) {
  absl::flat_hash_map<std::string, intake::v1::Request> found;
  for (size_t begin = 0; begin < external_ids.size(); begin += kIdsPerFilter) {
    const size_t end = std::min(external_ids.size(), begin + kIdsPerFilter);
    intake::v1::ListRequestsRequest ask;
    ask.set_page_size(static_cast<int32_t>(kIdsPerFilter));
    for (size_t i = begin; i < end; ++i) {
      absl::StrAppend(ask.mutable_filter(), i == begin ? "" : " OR ", "external_id = \"",
                      external_ids[i], "\"");
    }
    ASSIGN_OR_RETURN(
        intake::v1::ListRequestsResponse page,
        rpc::Invoke(*requests_, &RequestService::Stub::ListRequests, ask, Settings(trace)));
    for (intake::v1::Request& request : *page.mutable_requests()) {
      const std::string id = request.external_id();
      found[id] = std::move(request);
    }
  }
  return found;
}

absl::StatusOr<intake::v1::Recusals> IntakeClient::GetRecusals(const std::string& trace) {
  return rpc::Invoke(*recusals_, &RecusalService::Stub::GetRecusals,
                     intake::v1::GetRecusalsRequest(), Settings(trace));
}

absl::Status IntakeClient::SetRecusals(absl::Span<const intake::v1::Recusal> recusals,
                                       const std::string& etag, const std::string& trace) {
  intake::v1::SetRecusalsRequest ask;
  for (const intake::v1::Recusal& recusal : recusals) *ask.add_recusals() = recusal;
  ask.set_etag(etag);
  // With the content: another replica may have seen the same etag, and newer records.
  ask.set_request_id(UuidFromName(absl::StrCat("matching recusals ", ask.SerializeAsString())));
  return rpc::Invoke(*recusals_, &RecusalService::Stub::SetRecusals, ask, Settings(trace)).status();
}

absl::StatusOr<std::shared_ptr<const intake::v1::Catalog>> IntakeClient::GetCatalog() {
  {
    absl::MutexLock lock(&mutex_);
    if (catalog_ != nullptr && clock_.Now() - catalog_time_ < kCatalogAge) return catalog_;
  }
  auto answer = rpc::Invoke(*catalogs_, &CatalogService::Stub::GetCatalog,
                            intake::v1::GetCatalogRequest(), Settings());
  absl::MutexLock lock(&mutex_);
  if (!answer.ok()) {
    if (catalog_ != nullptr) return catalog_;
    return Annotate(answer.status(), "intake's catalog");
  }
  catalog_ = std::make_shared<const intake::v1::Catalog>(*std::move(answer));
  catalog_time_ = clock_.Now();
  return catalog_;
}

std::shared_ptr<const intake::v1::Catalog> IntakeClient::CatalogInHand() {
  absl::MutexLock lock(&mutex_);
  return catalog_;
}

}  // namespace critac::matching
