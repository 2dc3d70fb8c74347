#include "services/matching/engagement_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/rpc/field_rules.h"
#include "common/rpc/tasks.h"
#include "common/status/error.h"
#include "services/matching/callers.h"
#include "services/matching/engagement_commands.h"
#include "services/matching/engagement_plan.h"
#include "services/matching/offer_commands.h"
#include "services/matching/offer_decisions.h"
#include "services/matching/pool_methods.h"
#include "services/matching/seen_by.h"

namespace critac::matching {
namespace {

using rpc::Call;
using store::FilterType;

constexpr char kEngagementType[] = "critac.matching.v1.Engagement";

const Filters& OfferFilters() {
  static const auto& filters = *new Filters{
      {"request", {FilterType::kText, "request", {}}},
      {"state", {FilterType::kEnum, "state", EnumValues(*v1::OfferState_descriptor())}},
      {"partner", {FilterType::kText, "partner", {}}},
      {"expert", {FilterType::kText, "expert", {}}},
      {"slot", {FilterType::kText, "slot", {}}},
      {"answer_by", {FilterType::kDate, "answer_by", {}}},
      {"reminder_count", {FilterType::kInt, "reminder_count", {}}}};
  return filters;
}

const Filters& EngagementFilters() {
  static const auto& filters = *new Filters{
      {"request", {FilterType::kText, "request", {}}},
      {"state", {FilterType::kEnum, "state", EnumValues(*v1::EngagementState_descriptor())}},
      {"lead_partner", {FilterType::kText, "lead_partner", {}}},
      {"partners", {FilterType::kText, "partners", {}}},
      {"incomplete", {FilterType::kBool, "incomplete", {}}}};
  return filters;
}

// Adds what is worked out for an answer and kept nowhere.
void Complete(v1::Offer& offer) { offer.set_next_reminder_date(NextReminder(offer)); }
void Complete(v1::Engagement&) {}

// Completes an answer, and leaves of it what the caller sees.
template <typename T>
absl::Status Show(const Call& call, T& answer) {
  Complete(answer);
  answer = SeenBy(std::move(answer), PartnerOf(call));
  return absl::OkStatus();
}

// Whether the request of an engagement is at the point where deliveries take place.
absl::Status CheckPlanApproved(const intake::v1::Request& request) {
  if (request.state() == intake::v1::REQUEST_STATE_PLANNED ||
      request.state() == intake::v1::REQUEST_STATE_IN_DELIVERY) {
    return absl::OkStatus();
  }
  return FailedPrecondition(
      "PLAN_NOT_APPROVED", request.name(),
      absl::StrCat("is ", intake::v1::RequestState_Name(request.state()),
                   "; deliveries are recorded once agency and program office have approved the "
                   "plan, and until the last slot is delivered"));
}

}  // namespace

grpc::ServerUnaryReactor* EngagementService::GetOffer(grpc::CallbackServerContext* context,
                                                      const v1::GetOfferRequest* request,
                                                      v1::Offer* response) {
  return pipeline_.Read<v1::GetOfferRequest, v1::Offer>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        RETURN_IF_ERROR(
            CheckOwn(call, out.assignment().partner(), "critac.matching.v1.Offer", in.name()));
        RETURN_IF_ERROR(
            recusals_.CheckSeen(call, out.request(), "critac.matching.v1.Offer", in.name()));
        return Show(call, out);
      });
}

grpc::ServerUnaryReactor* EngagementService::ListOffers(grpc::CallbackServerContext* context,
                                                        const v1::ListOffersRequest* request,
                                                        v1::ListOffersResponse* response) {
  return pipeline_.Read<v1::ListOffersRequest, v1::ListOffersResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        ASSIGN_OR_RETURN(store::Condition seen, recusals_.SeenRows(call, OwnRows(call, "partner")));
        RETURN_IF_ERROR(journal_.ListInto({.collection = "offers",
                                           .filter = in.filter(),
                                           .filter_fields = &OfferFilters(),
                                           .condition = std::move(seen),
                                           .page_size = in.page_size(),
                                           .page_token = in.page_token(),
                                           .descending = true},
                                          AddTo(*out.mutable_offers()),
                                          *out.mutable_next_page_token()));
        for (v1::Offer& offer : *out.mutable_offers()) RETURN_IF_ERROR(Show(call, offer));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* EngagementService::AcceptOffer(grpc::CallbackServerContext* context,
                                                         const v1::AcceptOfferRequest* request,
                                                         v1::Offer* response) {
  return rpc::InTasks<v1::AcceptOfferRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        RETURN_IF_ERROR(ExecuteOnPool(
            journal_, pools_, call, in, *response,
            [&](std::shared_ptr<const PoolView> view) {
              return recusals_.Guard<v1::Offer>(
                  call, in.name(),
                  matching::AcceptOffer(std::move(view), in.name(), PartnerOf(call)));
            },
            &PoolReader::ReadGates));
        return Show(call, *response);
      });
}

grpc::ServerUnaryReactor* EngagementService::DeclineOffer(grpc::CallbackServerContext* context,
                                                          const v1::DeclineOfferRequest* request,
                                                          v1::Offer* response) {
  return pipeline_.Write<v1::DeclineOfferRequest, v1::Offer>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in) {
        return recusals_.Guard<v1::Offer>(
            call, in.name(),
            matching::DeclineOffer(in.name(), PartnerOf(call), in.code(), in.reason()));
      },
      &Show<v1::Offer>, rpc::Deciding::kReads);
}

grpc::ServerUnaryReactor* EngagementService::GetEngagement(grpc::CallbackServerContext* context,
                                                           const v1::GetEngagementRequest* request,
                                                           v1::Engagement* response) {
  return pipeline_.Read<v1::GetEngagementRequest, v1::Engagement>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        if (!IsPartOf(call, out)) return ResourceNotFound(kEngagementType, in.name());
        RETURN_IF_ERROR(recusals_.CheckSeen(call, out.request(), kEngagementType, in.name()));
        return Show(call, out);
      });
}

grpc::ServerUnaryReactor* EngagementService::ListEngagements(
    grpc::CallbackServerContext* context, const v1::ListEngagementsRequest* request,
    v1::ListEngagementsResponse* response) {
  return pipeline_.Read<v1::ListEngagementsRequest, v1::ListEngagementsResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        ASSIGN_OR_RETURN(store::Condition seen, recusals_.SeenRows(call, EngagementsOf(call)));
        RETURN_IF_ERROR(journal_.ListInto({.collection = "engagements",
                                           .filter = in.filter(),
                                           .filter_fields = &EngagementFilters(),
                                           .condition = std::move(seen),
                                           .page_size = in.page_size(),
                                           .page_token = in.page_token(),
                                           .descending = true},
                                          AddTo(*out.mutable_engagements()),
                                          *out.mutable_next_page_token()));
        for (v1::Engagement& one : *out.mutable_engagements()) RETURN_IF_ERROR(Show(call, one));
        return absl::OkStatus();
      });
}

absl::Status EngagementService::ExecuteOnRequest(
    const Call& call, const google::protobuf::Message& in, const std::string& name,
    v1::Engagement& response,
    absl::FunctionRef<absl::StatusOr<journal::Decide>(const v1::Engagement& engagement,
                                                      const intake::v1::Request& request)>
        make) {
  const auto engagement = journal_.Get<v1::Engagement>(name);
  RETURN_IF_ERROR(engagement.status());
  if (!IsPartOf(call, *engagement)) return ResourceNotFound(kEngagementType, name);
  RETURN_IF_ERROR(recusals_.CheckSeen(call, engagement->request(), kEngagementType, name));
  ASSIGN_OR_RETURN(const intake::v1::Request request,
                   intake_.GetRequest(engagement->request(), call.trace));
  // What is refused is refused by a command as well: a repeated call is answered by its request id,
  // whatever the request has become.
  absl::StatusOr<journal::Decide> decide = make(*engagement, request);
  if (!decide.ok()) {
    decide = [refusal = decide.status()](journal::Draft&) { return refusal; };
  }
  ASSIGN_OR_RETURN(const journal::Answer answer,
                   journal_.Execute(rpc::Pipeline::MakeCommand(call, in, *std::move(decide))));
  response.CopyFrom(*answer.message);
  return Show(call, response);
}

absl::StatusOr<DeliveryBasis> EngagementService::ReadBasis(const Call& call) {
  DeliveryBasis basis;
  ASSIGN_OR_RETURN(basis.catalog, intake_.GetCatalog());
  ASSIGN_OR_RETURN(basis.view, pools_.ReadGates());
  ASSIGN_OR_RETURN(basis.hidden, recusals_.HiddenFrom(call));
  return basis;
}

grpc::ServerUnaryReactor* EngagementService::RecordDelivery(
    grpc::CallbackServerContext* context, const v1::RecordDeliveryRequest* request,
    v1::Engagement* response) {
  return rpc::InTasks<v1::RecordDeliveryRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnRequest(
            call, in, in.name(), *response,
            [&](const v1::Engagement&,
                const intake::v1::Request& of) -> absl::StatusOr<journal::Decide> {
              RETURN_IF_ERROR(CheckPlanApproved(of));
              ASSIGN_OR_RETURN(DeliveryBasis basis, ReadBasis(call));
              return matching::RecordDelivery(in.name(), PartnerOf(call), in.delivery(),
                                              std::move(basis));
            });
      });
}

grpc::ServerUnaryReactor* EngagementService::AmendDelivery(grpc::CallbackServerContext* context,
                                                           const v1::AmendDeliveryRequest* request,
                                                           v1::Engagement* response) {
  return rpc::InTasks<v1::AmendDeliveryRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnRequest(call, in, in.name(), *response,
                                [&](const v1::Engagement&,
                                    const intake::v1::Request&) -> absl::StatusOr<journal::Decide> {
                                  ASSIGN_OR_RETURN(DeliveryBasis basis, ReadBasis(call));
                                  return matching::AmendDelivery(
                                      in.name(), PartnerOf(call), in.delivery_id(), in.delivery(),
                                      in.reason(), in.etag(), std::move(basis));
                                });
      });
}

grpc::ServerUnaryReactor* EngagementService::DrawUpPlan(grpc::CallbackServerContext* context,
                                                        const v1::DrawUpPlanRequest* request,
                                                        v1::Engagement* response) {
  return rpc::InTasks<v1::DrawUpPlanRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnRequest(
            call, in, in.name(), *response,
            [&](const v1::Engagement&,
                const intake::v1::Request& of) -> absl::StatusOr<journal::Decide> {
              RETURN_IF_ERROR(CheckPlanOpen(of));
              return matching::DrawUpPlan(in.name(), PartnerOf(call), in.etag(), in.plan());
            });
      });
}

grpc::ServerUnaryReactor* EngagementService::ReachMilestone(
    grpc::CallbackServerContext* context, const v1::ReachMilestoneRequest* request,
    v1::Engagement* response) {
  return rpc::InTasks<v1::ReachMilestoneRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnRequest(
            call, in, in.name(), *response,
            [&](const v1::Engagement& engagement,
                const intake::v1::Request& of) -> absl::StatusOr<journal::Decide> {
              ASSIGN_OR_RETURN(const int version, PlanInForce(engagement, of));
              return matching::ReachMilestone(in.name(), PartnerOf(call), version, in.milestone(),
                                              ParseDate(in.date()));
            });
      });
}

grpc::ServerUnaryReactor* EngagementService::WaiveSlot(grpc::CallbackServerContext* context,
                                                       const v1::WaiveSlotRequest* request,
                                                       v1::Engagement* response) {
  return pipeline_.Write<v1::WaiveSlotRequest, v1::Engagement>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in) {
        return recusals_.Guard<v1::Engagement>(
            call, in.name(),
            matching::WaiveSlot(in.name(), PartnerOf(call), in.slot(), in.reason()));
      },
      &Show<v1::Engagement>, rpc::Deciding::kReads);
}

grpc::ServerUnaryReactor* EngagementService::ReleaseExpert(grpc::CallbackServerContext* context,
                                                           const v1::ReleaseExpertRequest* request,
                                                           v1::Engagement* response) {
  return pipeline_.Write<v1::ReleaseExpertRequest, v1::Engagement>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in) {
        return recusals_.Guard<v1::Engagement>(
            call, in.name(),
            matching::ReleaseExpert(in.name(), PartnerOf(call), in.slot(), in.expert(), in.code(),
                                    in.reason()));
      },
      &Show<v1::Engagement>, rpc::Deciding::kReads);
}

grpc::ServerUnaryReactor* EngagementService::ImportEngagements(
    grpc::CallbackServerContext* context, const v1::ImportEngagementsRequest* request,
    v1::ImportEngagementsResponse* response) {
  return rpc::InTasks<v1::ImportEngagementsRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        std::vector<std::string> ids;
        for (const v1::PastEngagement& row : in.engagements()) {
          // A row that does not keep the rules is refused by the command; it asks intake nothing.
          if (rpc::CheckFields(row).ok()) ids.push_back(row.request_external_id());
        }
        ASSIGN_OR_RETURN(auto requests, intake_.FindPast(ids, call.trace));
        ASSIGN_OR_RETURN(
            const journal::Answer answer,
            journal_.Execute(rpc::Pipeline::MakeCommand(
                call, in,
                matching::ImportEngagements({in.engagements().begin(), in.engagements().end()},
                                            std::move(requests), in.validate_only()))));
        response->CopyFrom(*answer.message);
        return absl::OkStatus();
      });
}

}  // namespace critac::matching
