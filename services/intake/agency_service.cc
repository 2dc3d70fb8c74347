#include "services/intake/agency_service.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "services/intake/agency_commands.h"
#include "services/intake/agency_lookup.h"
#include "services/intake/import_commands.h"
#include "services/intake/intake_store.h"

namespace critac::intake {

using rpc::Call;

namespace {

// What a query finds on all of its pages: one agency among others must not pass for the only one because a page ends.
template <typename T>
absl::StatusOr<std::vector<T>> ListAll(journal::Journal& journal, journal::ListQuery query) {
  query.page_size = limits::kMaxPageSize;
  std::vector<T> all;
  do {
    ASSIGN_OR_RETURN(auto page, journal.List<T>(query));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(all));
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  return all;
}

}  // namespace

grpc::ServerUnaryReactor* AgencyService::CreateAgency(grpc::CallbackServerContext* context,
                                                      const v1::CreateAgencyRequest* request,
                                                      v1::Agency* response) {
  return pipeline_.Write<v1::CreateAgencyRequest, v1::Agency>(
      context, request, response, journal_, [](const Call&, const auto& in) -> journal::Decide {
        return [in](journal::Draft& draft) { return intake::CreateAgency(draft, in); };
      });
}

grpc::ServerUnaryReactor* AgencyService::GetAgency(grpc::CallbackServerContext* context,
                                                   const v1::GetAgencyRequest* request,
                                                   v1::Agency* response) {
  return pipeline_.Get<v1::GetAgencyRequest, v1::Agency>(
      context, request, response, journal_,
      [](const Call& call, const auto& in, journal::Records& records,
         v1::Agency& out) -> absl::Status {
        if (call.principal.role == type::v1::ROLE_AGENCY &&
            call.principal.resource() != in.name()) {
          return ResourceNotFound(v1::Agency::descriptor()->full_name(), in.name());
        }
        return records.GetInto(in.name(), out);
      });
}

grpc::ServerUnaryReactor* AgencyService::ListAgencies(grpc::CallbackServerContext* context,
                                                      const v1::ListAgenciesRequest* request,
                                                      v1::ListAgenciesResponse* response) {
  return pipeline_.Read<v1::ListAgenciesRequest, v1::ListAgenciesResponse>(
      context, request, response, [this](const Call&, const auto& in, auto& out) {
        journal::ListQuery query;
        query.collection = "agencies";
        query.filter = in.filter();
        query.filter_fields = &AgencyFilterFields();
        query.page_size = in.page_size();
        query.page_token = in.page_token();
        return journal_.ListInto(
            query, [&out]() -> google::protobuf::Message& { return *out.add_agencies(); },
            *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* AgencyService::UpdateAgency(grpc::CallbackServerContext* context,
                                                      const v1::UpdateAgencyRequest* request,
                                                      v1::Agency* response) {
  return pipeline_.Write<v1::UpdateAgencyRequest, v1::Agency>(
      context, request, response, journal_, [](const Call&, const auto& in) -> journal::Decide {
        return [in](journal::Draft& draft) { return intake::UpdateAgency(draft, in); };
      });
}

grpc::ServerUnaryReactor* AgencyService::LookupAgency(grpc::CallbackServerContext* context,
                                                      const v1::LookupAgencyRequest* request,
                                                      v1::Agency* response) {
  return pipeline_.Read<v1::LookupAgencyRequest, v1::Agency>(
      context, request, response,
      [this](const Call&, const auto& in, v1::Agency& out) { return Lookup(in, out); });
}

grpc::ServerUnaryReactor* AgencyService::ImportAgencies(grpc::CallbackServerContext* context,
                                                        const v1::ImportAgenciesRequest* request,
                                                        v1::ImportAgenciesResponse* response) {
  return pipeline_.Write<v1::ImportAgenciesRequest, v1::ImportAgenciesResponse>(
      context, request, response, journal_, [](const Call&, const auto& in) -> journal::Decide {
        return [in](journal::Draft& draft) { return intake::ImportAgencies(draft, in); };
      });
}

absl::Status AgencyService::Lookup(const v1::LookupAgencyRequest& in, v1::Agency& out) {
  RETURN_IF_ERROR(CheckLookup(in));
  ASSIGN_OR_RETURN(
      const std::vector<v1::Agency> candidates,
      in.alias().empty() ? ByName(in.display_name(), in.state()) : ByAlias(in.alias()));
  ASSIGN_OR_RETURN(out, TheOne(in, candidates));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Agency>> AgencyService::ByAlias(const std::string& alias) {
  journal::ListQuery query;
  query.collection = "aliases";
  query.condition = AliasValueIs(alias);
  ASSIGN_OR_RETURN(const auto records, ListAll<v1::AliasRecord>(journal_, std::move(query)));
  std::vector<v1::Agency> agencies;
  for (const std::string& name : HoldersOn(records, DayOf(clock_.Now()))) {
    ASSIGN_OR_RETURN(agencies.emplace_back(), journal_.Get<v1::Agency>(name));
  }
  return agencies;
}

absl::StatusOr<std::vector<v1::Agency>> AgencyService::ByName(const std::string& display_name,
                                                              const std::string& state) {
  journal::ListQuery query;
  query.collection = "agencies";
  query.condition = AgencyIsCalled(display_name, state);
  return ListAll<v1::Agency>(journal_, std::move(query));
}

}  // namespace critac::intake
