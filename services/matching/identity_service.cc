#include "services/matching/identity_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/tasks.h"
#include "common/status/error.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/callers.h"
#include "services/matching/identity.h"
#include "services/matching/identity_commands.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;
using rpc::Call;
using store::FilterType;

constexpr size_t kPairsUnlessSaid = 50;
constexpr size_t kMostPairs = 1000;

const Filters& IdentityFilters() {
  static const auto& filters = *new Filters{
      {"first", {FilterType::kText, "first", {}}},
      {"second", {FilterType::kText, "second", {}}},
      {"state", {FilterType::kEnum, "state", EnumValues(*v1::IdentityState_descriptor())}}};
  return filters;
}

absl::Status Find(journal::Journal& journal, size_t top, v1::FindSuspectedIdentitiesResponse& out) {
  std::vector<v1::Expert> experts;
  std::vector<v1::Identity> decided;
  RETURN_IF_ERROR(journal
                      .ReadAll({"experts", "identities"}, true,
                               [&](const std::string& collection, const Message& state) {
                                 if (collection == "experts") {
                                   experts.push_back(static_cast<const v1::Expert&>(state));
                                 } else {
                                   decided.push_back(static_cast<const v1::Identity&>(state));
                                 }
                               })
                      .status());
  std::vector<v1::Identity> suspected = SuspectedIdentities(experts, decided);
  out.set_count(static_cast<int32_t>(suspected.size()));
  if (suspected.size() > top) suspected.resize(top);
  for (v1::Identity& identity : suspected) *out.add_identities() = std::move(identity);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* IdentityService::FindSuspectedIdentities(
    grpc::CallbackServerContext* context, const v1::FindSuspectedIdentitiesRequest* request,
    v1::FindSuspectedIdentitiesResponse* response) {
  return rpc::InTasks<v1::FindSuspectedIdentitiesRequest>(
      pipeline_, tasks_, context, request, response, [this, response](const Call&, const auto& in) {
        const size_t top = in.top() == 0 ? kPairsUnlessSaid : static_cast<size_t>(in.top());
        return Find(journal_, std::min(top, kMostPairs), *response);
      });
}

grpc::ServerUnaryReactor* IdentityService::DecideIdentity(grpc::CallbackServerContext* context,
                                                          const v1::DecideIdentityRequest* request,
                                                          v1::Identity* response) {
  return pipeline_.Write<v1::DecideIdentityRequest, v1::Identity>(
      context, request, response, journal_, [](const Call&, const auto& in) {
        return matching::DecideIdentity(in.first(), in.second(), in.same(), in.reason());
      });
}

grpc::ServerUnaryReactor* IdentityService::ListIdentities(grpc::CallbackServerContext* context,
                                                          const v1::ListIdentitiesRequest* request,
                                                          v1::ListIdentitiesResponse* response) {
  return pipeline_.Read<v1::ListIdentitiesRequest, v1::ListIdentitiesResponse>(
      context, request, response, [this](const Call&, const auto& in, auto& out) {
        return journal_.ListInto({.collection = "identities",
                                  .filter = in.filter(),
                                  .filter_fields = &IdentityFilters(),
                                  .page_size = in.page_size(),
                                  .page_token = in.page_token()},
                                 AddTo(*out.mutable_identities()), *out.mutable_next_page_token());
      });
}

}  // namespace critac::matching
