#include "services/intake/request_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/intake/agency_rules.h"
#include "services/intake/import_commands.h"
#include "services/intake/intake_store.h"
#include "services/intake/recusals.h"
#include "services/intake/request_lifecycle.h"

namespace critac::intake {
namespace {

using rpc::Call;

absl::Status RequestNotFound(absl::string_view name) {
  return ResourceNotFound(v1::Request::descriptor()->full_name(), name);
}

// Whether a request is there for who reads; `hidden` are the agencies from which they are recused.
bool IsShown(const rpc::Principal& who, const v1::Request& request,
             absl::Span<const std::string> hidden) {
  return MaySee(who, request) && !IsOfAny(request, hidden);
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

absl::StatusOr<std::vector<std::string>> RequestService::HiddenFrom(const Call& call,
                                                                    journal::Records& records) {
  return caches_.recusals.HiddenFrom(call.principal, records, DayOf(clock_.Now()));
}

absl::Status RequestService::Polish(const Call& call, absl::Span<const std::string> hidden,
                                    journal::Records& records, Profiles& profiles,
                                    v1::Request& request) {
  for (const v1::RequestAction action : AvailableActions(request, ActorOf(call.principal))) {
    request.add_available_actions(action);
  }
  if (!hidden.empty() && !request.duplicate_of().empty()) {
    ASSIGN_OR_RETURN(const auto original, records.Get<v1::Request>(request.duplicate_of()));
    if (IsOfAny(original, hidden)) request.clear_duplicate_of();
  }
  auto found = profiles.find(request.agency());
  if (found == profiles.end()) {
    ASSIGN_OR_RETURN(const v1::Agency agency, records.Get<v1::Agency>(request.agency()));
    found = profiles.emplace(request.agency(), ProfileOf(agency)).first;
  }
  *request.mutable_agency_profile() = found->second;
  return absl::OkStatus();
}

template <typename In>
grpc::ServerUnaryReactor* RequestService::Change(grpc::CallbackServerContext* context,
                                                 const In* request, v1::Request* response,
                                                 Command<In> command) {
  // What the command has come to know; nothing where its answer is one of before.
  struct Seen {
    SeenAgency agency;
    std::optional<std::vector<std::string>> hidden;
  };
  auto seen = std::make_shared<Seen>();
  return pipeline_.Write<In, v1::Request>(
      context, request, response, journal_,
      [this, seen, command](const Call& call, const In& in) -> journal::Decide {
        return [this, seen, command, &in, &call](journal::Draft& draft) {
          seen->hidden = caches_.recusals.HiddenFrom(call.principal, draft);
          return command(draft, call.principal, in, caches_, seen->agency);
        };
      },
      [this, seen](const Call& call, v1::Request& out) -> absl::Status {
        journal::Records records(journal_);
        // Nor is an answer of before for who has been recused since.
        if (!seen->hidden.has_value()) {
          ASSIGN_OR_RETURN(seen->hidden, HiddenFrom(call, records));
        }
        if (IsOfAny(out, *seen->hidden)) return RequestNotFound(out.name());
        Profiles profiles;
        if (seen->agency.has_value()) profiles.emplace(seen->agency->agency(), *seen->agency);
        absl::Status status = Polish(call, *seen->hidden, records, profiles, out);
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
  return pipeline_.Get<v1::GetRequestRequest, v1::Request>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in, journal::Records& records, v1::Request& out) {
        return Get(call, in, records, out);
      });
}

absl::Status RequestService::Get(const Call& call, const v1::GetRequestRequest& in,
                                 journal::Records& records, v1::Request& out) {
  ASSIGN_OR_RETURN(const std::vector<std::string> hidden, HiddenFrom(call, records));
  RETURN_IF_ERROR(records.GetInto(in.name(), out));
  if (!IsShown(call.principal, out, hidden)) return RequestNotFound(in.name());
  Profiles profiles;
  return Polish(call, hidden, records, profiles, out);
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
  journal::Records records(journal_);
  ASSIGN_OR_RETURN(const std::vector<std::string> hidden, HiddenFrom(call, records));
  journal::ListQuery query;
  query.collection = "requests";
  query.filter = in.filter();
  query.filter_fields = &RequestFilterFields();
  if (call.principal.role == type::v1::ROLE_AGENCY) {
    query.condition = RequestIsOf(call.principal.resource());
  }
  // Nothing is hidden from an agency, so one of the two is there.
  query.visible = RequestIsOfNone(hidden);
  query.page_size = in.page_size();
  query.page_token = in.page_token();
  query.descending = true;
  RETURN_IF_ERROR(journal_.ListInto(
      query, [&out]() -> google::protobuf::Message& { return *out.add_requests(); },
      *out.mutable_next_page_token()));
  // While a version that knows other columns goes on writing, the columns may lack what a body says, and
  // a page may be less than full.
  auto& listed = *out.mutable_requests();
  listed.erase(std::remove_if(listed.begin(), listed.end(),
                              [&](const v1::Request& request) {
                                return !IsShown(call.principal, request, hidden);
                              }),
               listed.end());
  // Agencies are not to be older than the requests that were listed.
  journal::Records later(journal_);
  Profiles profiles;
  for (v1::Request& request : listed) {
    RETURN_IF_ERROR(Polish(call, hidden, later, profiles, request));
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
  struct Taken {
    const v1::ImportRequestsRequest* in = nullptr;
    bool is_decided = false;
  };
  auto taken = std::make_shared<Taken>();
  return pipeline_.Write<v1::ImportRequestsRequest, v1::ImportRequestsResponse>(
      context, request, response, journal_,
      [this, taken](const Call& call, const auto& in) -> journal::Decide {
        taken->in = &in;
        return [this, taken, &call](journal::Draft& draft) {
          taken->is_decided = true;
          return intake::ImportRequests(draft, call.principal, *taken->in, caches_);
        };
      },
      [this, taken](const Call& call, v1::ImportRequestsResponse& out) -> absl::Status {
        // What was decided just now says nothing of what is hidden; an answer of before, given again, may.
        if (taken->is_decided) return absl::OkStatus();
        journal::Records records(journal_);
        ASSIGN_OR_RETURN(const std::vector<std::string> hidden, HiddenFrom(call, records));
        if (hidden.empty()) return absl::OkStatus();
        return WithholdHidden(*taken->in, hidden, clock_.Now(), journal_, out);
      });
}

}  // namespace critac::intake
