#include "services/matching/meeting_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "common/base/calendar.h"
#include "common/rpc/tasks.h"
#include "common/status/error.h"
#include "services/matching/callers.h"
#include "services/matching/meeting_commands.h"
#include "services/matching/meeting_name_reader.h"
#include "services/matching/meetings.h"
#include "services/matching/pool_methods.h"
#include "services/matching/seen_by.h"
#include "services/matching/suspected_conflict_reader.h"

namespace critac::matching {
namespace {

using rpc::Call;
using store::FilterType;

// Alternates of a slot where the call does not say.
constexpr int kAlternates = 3;

const Filters& MeetingFilters() {
  static const auto& filters = *new Filters{
      {"state", {FilterType::kEnum, "state", EnumValues(*v1::MeetingState_descriptor())}},
      {"date", {FilterType::kDate, "date", {}}}};
  return filters;
}

}  // namespace

absl::Status MeetingService::CheckCaller(const Call& call) {
  const std::string partner = PartnerOf(call);
  if (partner.empty()) return absl::OkStatus();
  const auto record = journal_.Get<v1::Partner>(partner);
  if (!record.ok() && !absl::IsNotFound(record.status())) return record.status();
  return CheckMember(record.ok() ? &*record : nullptr, partner, DayOf(clock_.Now()));
}

absl::Status MeetingService::Show(const Call& call, v1::Meeting& meeting) {
  RETURN_IF_ERROR(
      MeetingNameReader(journal_, intake_.CatalogInHand(), PartnerOf(call)).Name(meeting));
  ASSIGN_OR_RETURN(const std::vector<std::string> hidden, recusals_.HiddenFrom(call));
  meeting = SeenBy(std::move(meeting), PartnerOf(call), hidden);
  return absl::OkStatus();
}

absl::Status MeetingService::Show(const Call& call, v1::MeetingItem& item) {
  RETURN_IF_ERROR(MeetingNameReader(journal_, intake_.CatalogInHand(), PartnerOf(call)).Name(item));
  item = SeenBy(std::move(item), PartnerOf(call));
  return absl::OkStatus();
}

absl::Status MeetingService::ExecuteOnItem(const Call& call, const google::protobuf::Message& in,
                                           const std::string& request, journal::Decide decide,
                                           v1::MeetingItem& response) {
  RETURN_IF_ERROR(recusals_.CheckSeen(call, request, kRequestType, request));
  ASSIGN_OR_RETURN(const journal::Answer answer,
                   journal_.Execute(rpc::Pipeline::MakeCommand(call, in, std::move(decide))));
  const auto* item = dynamic_cast<const v1::MeetingItem*>(answer.message.get());
  if (item == nullptr) return absl::InternalError("the command answered with something else");
  response = *item;
  return Show(call, response);
}

grpc::ServerUnaryReactor* MeetingService::CallMeeting(grpc::CallbackServerContext* context,
                                                      const v1::CallMeetingRequest* request,
                                                      v1::Meeting* response) {
  return rpc::InTasks<v1::CallMeetingRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        const std::vector<std::string> requests(in.requests().begin(), in.requests().end());
        ASSIGN_OR_RETURN(const std::vector<std::string> hidden, recusals_.HiddenFrom(call));
        for (const std::string& one : requests) {
          if (absl::c_binary_search(hidden, one)) return ResourceNotFound(kRequestType, one);
        }
        ASSIGN_OR_RETURN(const std::shared_ptr<const PoolView> view, pools_.Read());
        ASSIGN_OR_RETURN(const auto solved, view->Solve(clock_));
        auto items = ItemsOf(*view->pool, solved->plan, *view->demands, requests,
                             in.alternates() == 0 ? kAlternates : in.alternates());
        if (items.ok()) {
          RETURN_IF_ERROR(AddSuspectedConflicts(journal_, *view, *items));
          const absl::Status length = CheckLength(*items);
          if (!length.ok()) items = length;
        }
        ASSIGN_OR_RETURN(const journal::Answer answer,
                         journal_.Execute(rpc::Pipeline::MakeCommand(
                             call, in,
                             matching::CallMeeting(std::move(items), view->policy.version(),
                                                   in.title(), in.date()))));
        response->CopyFrom(*answer.message);
        return Show(call, *response);
      });
}

grpc::ServerUnaryReactor* MeetingService::GetMeeting(grpc::CallbackServerContext* context,
                                                     const v1::GetMeetingRequest* request,
                                                     v1::Meeting* response) {
  return pipeline_.Read<v1::GetMeetingRequest, v1::Meeting>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        RETURN_IF_ERROR(CheckCaller(call));
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        return Show(call, out);
      });
}

grpc::ServerUnaryReactor* MeetingService::ListMeetings(grpc::CallbackServerContext* context,
                                                       const v1::ListMeetingsRequest* request,
                                                       v1::ListMeetingsResponse* response) {
  return pipeline_.Read<v1::ListMeetingsRequest, v1::ListMeetingsResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        RETURN_IF_ERROR(CheckCaller(call));
        RETURN_IF_ERROR(journal_.ListInto({.collection = "meetings",
                                           .filter = in.filter(),
                                           .filter_fields = &MeetingFilters(),
                                           .page_size = in.page_size(),
                                           .page_token = in.page_token(),
                                           .descending = true},
                                          AddTo(*out.mutable_meetings()),
                                          *out.mutable_next_page_token()));
        ASSIGN_OR_RETURN(const std::vector<std::string> hidden, recusals_.HiddenFrom(call));
        for (v1::Meeting& meeting : *out.mutable_meetings()) {
          meeting = SeenBy(std::move(meeting), PartnerOf(call), hidden);
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* MeetingService::AddNote(grpc::CallbackServerContext* context,
                                                  const v1::AddNoteRequest* request,
                                                  v1::MeetingItem* response) {
  return rpc::InTasks<v1::AddNoteRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnItem(call, in, in.request(),
                             matching::AddNote(in.name(), in.request(), in.text(), PartnerOf(call)),
                             *response);
      });
}

grpc::ServerUnaryReactor* MeetingService::CastVote(grpc::CallbackServerContext* context,
                                                   const v1::CastVoteRequest* request,
                                                   v1::MeetingItem* response) {
  return rpc::InTasks<v1::CastVoteRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        v1::Vote vote;
        vote.set_choice(in.choice());
        vote.set_reason(in.reason());
        return ExecuteOnItem(call, in, in.request(),
                             matching::CastVote(in.name(), in.request(), in.slot(), in.expert(),
                                                PartnerOf(call), std::move(vote)),
                             *response);
      });
}

grpc::ServerUnaryReactor* MeetingService::DecideItem(grpc::CallbackServerContext* context,
                                                     const v1::DecideItemRequest* request,
                                                     v1::MeetingItem* response) {
  return rpc::InTasks<v1::DecideItemRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        RETURN_IF_ERROR(recusals_.CheckSeen(call, in.request(), kRequestType, in.request()));
        RETURN_IF_ERROR(ExecuteOnPool(
            journal_, pools_, call, in, *response,
            [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
              const v1::Demand* demand = view->FindDemand(in.request());
              const std::vector<v1::Assignment> wanted(in.assignments().begin(),
                                                       in.assignments().end());
              ASSIGN_OR_RETURN(
                  SuspectedConflicts suspected,
                  ReadSuspectedConflicts(journal_, *view,
                                         demand == nullptr ? "" : demand->proposal(), wanted));
              return matching::DecideItem(std::move(view), in, std::move(suspected));
            }));
        return Show(call, *response);
      });
}

grpc::ServerUnaryReactor* MeetingService::CloseMeeting(grpc::CallbackServerContext* context,
                                                       const v1::CloseMeetingRequest* request,
                                                       v1::Meeting* response) {
  return rpc::InTasks<v1::CloseMeetingRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        ASSIGN_OR_RETURN(const journal::Answer answer,
                         journal_.Execute(rpc::Pipeline::MakeCommand(
                             call, in, matching::CloseMeeting(in.name()))));
        response->CopyFrom(*answer.message);
        return Show(call, *response);
      });
}

}  // namespace critac::matching
