#ifndef SERVICES_MATCHING_MEETING_SERVICE_H_
#define SERVICES_MATCHING_MEETING_SERVICE_H_

#include "common/base/clock.h"
#include "common/base/task_pool.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/matching/v1/meeting.grpc.pb.h"
#include "services/matching/intake_client.h"
#include "services/matching/pool_reader.h"
#include "services/matching/recusal_reader.h"

namespace critac::matching {

// critac.matching.v1.MeetingService over the pipeline. All it answers has names, which are read for the answer
// and are part of no record (MeetingNameReader), and is as SeenBy says. What changes a meeting runs in `tasks`.
class MeetingService final : public v1::MeetingService::CallbackService {
 public:
  MeetingService(rpc::Pipeline& pipeline, journal::Journal& journal, PoolReader& pools,
                 IntakeClient& intake, RecusalReader& recusals, TaskPool& tasks, const Clock& clock)
      : pipeline_(pipeline),
        journal_(journal),
        pools_(pools),
        intake_(intake),
        recusals_(recusals),
        tasks_(tasks),
        clock_(clock) {}

  grpc::ServerUnaryReactor* CallMeeting(grpc::CallbackServerContext* context,
                                        const v1::CallMeetingRequest* request,
                                        v1::Meeting* response) override;
  grpc::ServerUnaryReactor* GetMeeting(grpc::CallbackServerContext* context,
                                       const v1::GetMeetingRequest* request,
                                       v1::Meeting* response) override;
  grpc::ServerUnaryReactor* ListMeetings(grpc::CallbackServerContext* context,
                                         const v1::ListMeetingsRequest* request,
                                         v1::ListMeetingsResponse* response) override;
  grpc::ServerUnaryReactor* AddNote(grpc::CallbackServerContext* context,
                                    const v1::AddNoteRequest* request,
                                    v1::MeetingItem* response) override;
  grpc::ServerUnaryReactor* CastVote(grpc::CallbackServerContext* context,
                                     const v1::CastVoteRequest* request,
                                     v1::MeetingItem* response) override;
  grpc::ServerUnaryReactor* DecideItem(grpc::CallbackServerContext* context,
                                       const v1::DecideItemRequest* request,
                                       v1::MeetingItem* response) override;
  grpc::ServerUnaryReactor* CloseMeeting(grpc::CallbackServerContext* context,
                                         const v1::CloseMeetingRequest* request,
                                         v1::Meeting* response) override;

 private:
  // Whether the caller, where it is a partner, is a member of the coalition.
  absl::Status CheckCaller(const rpc::Call& call);
  // Adds names to a meeting or to one of its requests, and leaves of it what the caller may see.
  absl::Status Show(const rpc::Call& call, v1::Meeting& meeting);
  absl::Status Show(const rpc::Call& call, v1::MeetingItem& item);
  // A command about a request of a meeting, of whoever may see the request.
  absl::Status ExecuteOnItem(const rpc::Call& call, const google::protobuf::Message& in,
                             const std::string& request, journal::Decide decide,
                             v1::MeetingItem& response);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  PoolReader& pools_;
  IntakeClient& intake_;
  RecusalReader& recusals_;
  TaskPool& tasks_;
  const Clock& clock_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MEETING_SERVICE_H_
