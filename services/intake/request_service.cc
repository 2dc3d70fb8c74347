#include "services/intake/request_service.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "common/status/error.h"
#include "services/intake/agency_rules.h"
#include "services/intake/import_commands.h"
#include "services/intake/intake_store.h"
#include "services/intake/request_lifecycle.h"

namespace critac::intake {
namespace {

using rpc::Call;
using Profiles = absl::flat_hash_map<std::string, type::v1::AgencyProfile>;

// Puts the last hand to a request for this caller: what it can do now, and the agency as it is now.
// Profiles that were read are kept in `profiles`.
absl::Status Polish(const rpc::Principal& who, journal::Journal& journal, Profiles& profiles,
                    v1::Request& request) {
  for (const v1::RequestAction action : AvailableActions(request, ActorOf(who))) {
    request.add_available_actions(action);
  }
  auto found = profiles.find(request.agency());
  if (found == profiles.end()) {
    ASSIGN_OR_RETURN(const v1::Agency agency, journal.Get<v1::Agency>(request.agency()));
    found = profiles.emplace(request.agency(), ProfileOf(agency)).first;
  }
  *request.mutable_agency_profile() = found->second;
  return absl::OkStatus();
}

// What a partner is answered when it completes a delivery: that it did. What an agency wrote is for
// those who may read requests.
void WithholdFromPartner(v1::Request& request) {
  v1::Request shown;
  shown.set_name(request.name());
  shown.set_state(request.state());
  shown.set_follow_up_date(request.follow_up_date());
  shown.set_etag(request.etag());
  shown.mutable_available_actions()->CopyFrom(request.available_actions());
  request = std::move(shown);
}

}  // namespace

template <typename In>
grpc::ServerUnaryReactor* RequestService::Change(grpc::CallbackServerContext* context,
                                                 const In* request, v1::Request* response,
                                                 Command<In> command) {
  auto seen = std::make_shared<SeenAgency>();
  return pipeline_.Write<In, v1::Request>(
      context, request, response, journal_,
      [this, seen, command](const Call& call, const In& in) -> journal::Decide {
        return [this, seen, command, &in, &call](journal::Draft& draft) {
          return command(draft, call.principal, in, catalogs_, *seen);
        };
      },
      [this, seen](const Call& call, v1::Request& out) {
        Profiles profiles;
        if (seen->has_value()) profiles.emplace((*seen)->agency(), **seen);
        absl::Status status = Polish(call.principal, journal_, profiles, out);
        if (call.principal.role == type::v1::ROLE_PARTNER) WithholdFromPartner(out);
        return status;
      });
}

grpc::ServerUnaryReactor* RequestService::CreateRequest(grpc::CallbackServerContext* context,
                                                        const v1::CreateRequestRequest* request,
                                                        v1::Request* response) {
  return Change(context, request, response, &intake::CreateRequest);
}

grpc::ServerUnaryReactor* RequestService::UpdateRequest(grpc::CallbackServerContext* context,
                                                        const v1::UpdateRequestRequest* request,
                                                        v1::Request* response) {
  return Change(context, request, response, &intake::UpdateRequest);
}

grpc::ServerUnaryReactor* RequestService::ActOnRequest(grpc::CallbackServerContext* context,
                                                       const v1::ActOnRequestRequest* request,
                                                       v1::Request* response) {
  return Change(context, request, response, &intake::ActOnRequest);
}

grpc::ServerUnaryReactor* RequestService::GetRequest(grpc::CallbackServerContext* context,
                                                     const v1::GetRequestRequest* request,
                                                     v1::Request* response) {
  return pipeline_.Read<v1::GetRequestRequest, v1::Request>(
      context, request, response,
      [this](const Call& call, const auto& in, v1::Request& out) -> absl::Status {
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        if (!MaySee(call.principal, out)) {
          return ResourceNotFound(v1::Request::descriptor()->full_name(), in.name());
        }
        Profiles profiles;
        return Polish(call.principal, journal_, profiles, out);
      });
}

grpc::ServerUnaryReactor* RequestService::ListRequests(grpc::CallbackServerContext* context,
                                                       const v1::ListRequestsRequest* request,
                                                       v1::ListRequestsResponse* response) {
  return pipeline_.Read<v1::ListRequestsRequest, v1::ListRequestsResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) { return List(call, in, out); });
}

absl::Status RequestService::List(const Call& call, const v1::ListRequestsRequest& in,
                                  v1::ListRequestsResponse& out) {
  journal::ListQuery query;
  query.collection = "requests";
  query.filter = in.filter();
  query.filter_fields = &RequestFilterFields();
  if (call.principal.role == type::v1::ROLE_AGENCY) {
    query.condition = RequestIsOf(call.principal.resource());
  }
  query.page_size = in.page_size();
  query.page_token = in.page_token();
  query.descending = true;
  RETURN_IF_ERROR(journal_.ListInto(
      query, [&out]() -> google::protobuf::Message& { return *out.add_requests(); },
      *out.mutable_next_page_token()));
  Profiles profiles;
  for (v1::Request& request : *out.mutable_requests()) {
    RETURN_IF_ERROR(Polish(call.principal, journal_, profiles, request));
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RequestService::GetLifecycle(grpc::CallbackServerContext* context,
                                                       const v1::GetLifecycleRequest* request,
                                                       v1::Lifecycle* response) {
  return pipeline_.Read<v1::GetLifecycleRequest, v1::Lifecycle>(
      context, request, response, [](const Call&, const auto&, v1::Lifecycle& out) {
        out = LifecycleTable();
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* RequestService::ImportRequests(grpc::CallbackServerContext* context,
                                                         const v1::ImportRequestsRequest* request,
                                                         v1::ImportRequestsResponse* response) {
  return pipeline_.Write<v1::ImportRequestsRequest, v1::ImportRequestsResponse>(
      context, request, response, journal_, [this](const Call&, const auto& in) -> journal::Decide {
        return [this, in](journal::Draft& draft) {
          return intake::ImportRequests(draft, in, catalogs_);
        };
      });
}

}  // namespace critac::intake
