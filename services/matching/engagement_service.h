#ifndef SERVICES_MATCHING_ENGAGEMENT_SERVICE_H_
#define SERVICES_MATCHING_ENGAGEMENT_SERVICE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "common/journal/command.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "services/matching/engagement_commands.h"
#include "services/matching/intake_client.h"
#include "services/matching/pool_reader.h"
#include "services/matching/recusal_reader.h"

namespace critac::matching {

// critac.matching.v1.EngagementService over the pipeline. All it answers is as SeenBy says. What may ask
// intake runs in `tasks`.
class EngagementService final : public v1::EngagementService::CallbackService {
 public:
  EngagementService(rpc::Pipeline& pipeline, journal::Journal& journal, PoolReader& pools,
                    IntakeClient& intake, RecusalReader& recusals, TaskPool& tasks)
      : pipeline_(pipeline),
        journal_(journal),
        pools_(pools),
        intake_(intake),
        recusals_(recusals),
        tasks_(tasks) {}

  grpc::ServerUnaryReactor* GetOffer(grpc::CallbackServerContext* context,
                                     const v1::GetOfferRequest* request,
                                     v1::Offer* response) override;
  grpc::ServerUnaryReactor* ListOffers(grpc::CallbackServerContext* context,
                                       const v1::ListOffersRequest* request,
                                       v1::ListOffersResponse* response) override;
  grpc::ServerUnaryReactor* AcceptOffer(grpc::CallbackServerContext* context,
                                        const v1::AcceptOfferRequest* request,
                                        v1::Offer* response) override;
  grpc::ServerUnaryReactor* DeclineOffer(grpc::CallbackServerContext* context,
                                         const v1::DeclineOfferRequest* request,
                                         v1::Offer* response) override;
  grpc::ServerUnaryReactor* GetEngagement(grpc::CallbackServerContext* context,
                                          const v1::GetEngagementRequest* request,
                                          v1::Engagement* response) override;
  grpc::ServerUnaryReactor* ListEngagements(grpc::CallbackServerContext* context,
                                            const v1::ListEngagementsRequest* request,
                                            v1::ListEngagementsResponse* response) override;
  grpc::ServerUnaryReactor* RecordDelivery(grpc::CallbackServerContext* context,
                                           const v1::RecordDeliveryRequest* request,
                                           v1::Engagement* response) override;
  grpc::ServerUnaryReactor* AmendDelivery(grpc::CallbackServerContext* context,
                                          const v1::AmendDeliveryRequest* request,
                                          v1::Engagement* response) override;
  grpc::ServerUnaryReactor* DrawUpPlan(grpc::CallbackServerContext* context,
                                       const v1::DrawUpPlanRequest* request,
                                       v1::Engagement* response) override;
  grpc::ServerUnaryReactor* ReachMilestone(grpc::CallbackServerContext* context,
                                           const v1::ReachMilestoneRequest* request,
                                           v1::Engagement* response) override;
  grpc::ServerUnaryReactor* WaiveSlot(grpc::CallbackServerContext* context,
                                      const v1::WaiveSlotRequest* request,
                                      v1::Engagement* response) override;
  grpc::ServerUnaryReactor* ReleaseExpert(grpc::CallbackServerContext* context,
                                          const v1::ReleaseExpertRequest* request,
                                          v1::Engagement* response) override;
  grpc::ServerUnaryReactor* ImportEngagements(grpc::CallbackServerContext* context,
                                              const v1::ImportEngagementsRequest* request,
                                              v1::ImportEngagementsResponse* response) override;

 private:
  // Gives a command on an engagement that rests on where its request stands at intake.
  absl::Status ExecuteOnRequest(
      const rpc::Call& call, const google::protobuf::Message& in, const std::string& name,
      v1::Engagement& response,
      absl::FunctionRef<absl::StatusOr<journal::Decide>(const v1::Engagement& engagement,
                                                        const intake::v1::Request& request)>
          make);

  // What a delivery is held against now.
  absl::StatusOr<DeliveryBasis> ReadBasis(const rpc::Call& call);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  PoolReader& pools_;
  IntakeClient& intake_;
  RecusalReader& recusals_;
  TaskPool& tasks_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ENGAGEMENT_SERVICE_H_
