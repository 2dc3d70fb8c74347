#include "services/matching/partner_service.h"

#include "common/status/error.h"
#include "services/matching/callers.h"
#include "services/matching/partner_commands.h"

namespace critac::matching {
namespace {

using rpc::Call;
using store::FilterType;

const Filters& ExpertFilters() {
  static const auto& filters = *new Filters{{"partner", {FilterType::kText, "partner", {}}},
                                            {"active", {FilterType::kBool, "active", {}}},
                                            {"home_state", {FilterType::kText, "home_state", {}}}};
  return filters;
}

const Filters& ConflictFilters() {
  static const auto& filters = *new Filters{{"expert", {FilterType::kText, "expert", {}}},
                                            {"partner", {FilterType::kText, "partner", {}}},
                                            {"agency", {FilterType::kText, "agency", {}}}};
  return filters;
}

}  // namespace

grpc::ServerUnaryReactor* PartnerService::GetPartner(grpc::CallbackServerContext* context,
                                                     const v1::GetPartnerRequest* request,
                                                     v1::Partner* response) {
  return pipeline_.Get<v1::GetPartnerRequest, v1::Partner>(
      context, request, response, journal_,
      [](const Call&, const auto& in, journal::Records& records, v1::Partner& out) {
        return records.GetInto(in.name(), out);
      });
}

grpc::ServerUnaryReactor* PartnerService::ListPartners(grpc::CallbackServerContext* context,
                                                       const v1::ListPartnersRequest* request,
                                                       v1::ListPartnersResponse* response) {
  return pipeline_.Read<v1::ListPartnersRequest, v1::ListPartnersResponse>(
      context, request, response, [this](const Call&, const auto& in, auto& out) {
        return journal_.ListInto(
            {.collection = "partners", .page_size = in.page_size(), .page_token = in.page_token()},
            AddTo(*out.mutable_partners()), *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* PartnerService::ImportPartners(grpc::CallbackServerContext* context,
                                                         const v1::ImportPartnersRequest* request,
                                                         v1::ImportPartnersResponse* response) {
  return pipeline_.Write<v1::ImportPartnersRequest, v1::ImportPartnersResponse>(
      context, request, response, journal_, [](const Call&, const auto& in) {
        return matching::ImportPartners({in.partners().begin(), in.partners().end()},
                                        in.validate_only());
      });
}

grpc::ServerUnaryReactor* PartnerService::GetExpert(grpc::CallbackServerContext* context,
                                                    const v1::GetExpertRequest* request,
                                                    v1::Expert* response) {
  return pipeline_.Get<v1::GetExpertRequest, v1::Expert>(
      context, request, response, journal_,
      [](const Call& call, const auto& in, journal::Records& records, v1::Expert& out) {
        RETURN_IF_ERROR(records.GetInto(in.name(), out));
        return CheckOwn(call, out.partner(), "critac.matching.v1.Expert", in.name());
      });
}

grpc::ServerUnaryReactor* PartnerService::ListExperts(grpc::CallbackServerContext* context,
                                                      const v1::ListExpertsRequest* request,
                                                      v1::ListExpertsResponse* response) {
  return pipeline_.Read<v1::ListExpertsRequest, v1::ListExpertsResponse>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        return journal_.ListInto({.collection = "experts",
                                  .filter = in.filter(),
                                  .filter_fields = &ExpertFilters(),
                                  .condition = OwnRows(call, "partner"),
                                  .page_size = in.page_size(),
                                  .page_token = in.page_token()},
                                 AddTo(*out.mutable_experts()), *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* PartnerService::ImportExperts(grpc::CallbackServerContext* context,
                                                        const v1::ImportExpertsRequest* request,
                                                        v1::ImportExpertsResponse* response) {
  return pipeline_.Write<v1::ImportExpertsRequest, v1::ImportExpertsResponse>(
      context, request, response, journal_, [](const Call& call, const auto& in) {
        return matching::ImportExperts({in.experts().begin(), in.experts().end()}, PartnerOf(call),
                                       in.validate_only());
      });
}

grpc::ServerUnaryReactor* PartnerService::CreateConflict(grpc::CallbackServerContext* context,
                                                         const v1::CreateConflictRequest* request,
                                                         v1::Conflict* response) {
  return pipeline_.Write<v1::CreateConflictRequest, v1::Conflict>(
      context, request, response, journal_, [](const Call& call, const auto& in) {
        return matching::CreateConflict(in.conflict(), PartnerOf(call));
      });
}

grpc::ServerUnaryReactor* PartnerService::ListConflicts(grpc::CallbackServerContext* context,
                                                        const v1::ListConflictsRequest* request,
                                                        v1::ListConflictsResponse* response) {
  return pipeline_.Read<v1::ListConflictsRequest, v1::ListConflictsResponse>(
      context, request, response, [this](const Call&, const auto& in, auto& out) {
        return journal_.ListInto({.collection = "conflicts",
                                  .filter = in.filter(),
                                  .filter_fields = &ConflictFilters(),
                                  .page_size = in.page_size(),
                                  .page_token = in.page_token()},
                                 AddTo(*out.mutable_conflicts()), *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* PartnerService::AskConflictOverride(
    grpc::CallbackServerContext* context, const v1::AskConflictOverrideRequest* request,
    v1::Conflict* response) {
  return pipeline_.Write<v1::AskConflictOverrideRequest, v1::Conflict>(
      context, request, response, journal_, [](const Call& call, const auto& in) {
        return matching::AskConflictOverride(in.name(), in.reason(), PartnerOf(call));
      });
}

grpc::ServerUnaryReactor* PartnerService::OverrideConflict(
    grpc::CallbackServerContext* context, const v1::OverrideConflictRequest* request,
    v1::Conflict* response) {
  return pipeline_.Write<v1::OverrideConflictRequest, v1::Conflict>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in) -> journal::Decide {
        auto known = recusals_.WhoIs(call);
        if (!known.ok()) return [error = known.status()](journal::Draft&) { return error; };
        return matching::OverrideConflict(in.name(), in.reason(), *std::move(known));
      },
      nullptr, rpc::Deciding::kReads);
}

}  // namespace critac::matching
