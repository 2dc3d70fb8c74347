#ifndef SERVICES_MATCHING_MATCH_SERVICE_H_
#define SERVICES_MATCHING_MATCH_SERVICE_H_

#include "common/base/task_pool.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "services/matching/certificate_line.h"
#include "services/matching/pool_reader.h"
#include "services/matching/recusal_reader.h"
#include "services/matching/solve_lease.h"

namespace critac::matching {

// critac.matching.v1.MatchService over the pipeline. What rests on a pool runs in `tasks`, since
// reading one may wait for intake; what waits for a turn of the lease in `solve_tasks`, so that the others do not
// wait with it.
class MatchService final : public v1::MatchService::CallbackService {
 public:
  MatchService(rpc::Pipeline& pipeline, journal::Journal& journal, PoolReader& pools,
               RecusalReader& recusals, SolveLease& lease, TaskPool& tasks, TaskPool& solve_tasks,
               const Clock& clock)
      : pipeline_(pipeline),
        journal_(journal),
        pools_(pools),
        recusals_(recusals),
        lease_(lease),
        tasks_(tasks),
        solve_tasks_(solve_tasks),
        clock_(clock) {}

  grpc::ServerUnaryReactor* GetPolicy(grpc::CallbackServerContext* context,
                                      const v1::GetPolicyRequest* request,
                                      v1::Policy* response) override;
  grpc::ServerUnaryReactor* ListPolicies(grpc::CallbackServerContext* context,
                                         const v1::ListPoliciesRequest* request,
                                         v1::ListPoliciesResponse* response) override;
  grpc::ServerUnaryReactor* ProposePolicy(grpc::CallbackServerContext* context,
                                          const v1::ProposePolicyRequest* request,
                                          v1::Policy* response) override;
  grpc::ServerUnaryReactor* TryPolicy(grpc::CallbackServerContext* context,
                                      const v1::TryPolicyRequest* request,
                                      v1::TryPolicyResponse* response) override;
  grpc::ServerUnaryReactor* ApprovePolicy(grpc::CallbackServerContext* context,
                                          const v1::ApprovePolicyRequest* request,
                                          v1::Policy* response) override;
  grpc::ServerUnaryReactor* RejectPolicy(grpc::CallbackServerContext* context,
                                         const v1::RejectPolicyRequest* request,
                                         v1::Policy* response) override;
  grpc::ServerUnaryReactor* Simulate(grpc::CallbackServerContext* context,
                                     const v1::SimulateRequest* request,
                                     v1::SimulateResponse* response) override;
  grpc::ServerUnaryReactor* RankCandidates(grpc::CallbackServerContext* context,
                                           const v1::RankCandidatesRequest* request,
                                           v1::RankCandidatesResponse* response) override;
  grpc::ServerUnaryReactor* ExplainMatch(grpc::CallbackServerContext* context,
                                         const v1::ExplainMatchRequest* request,
                                         v1::ExplainMatchResponse* response) override;
  grpc::ServerUnaryReactor* ExplainOpenSlots(grpc::CallbackServerContext* context,
                                             const v1::ExplainOpenSlotsRequest* request,
                                             v1::ExplainOpenSlotsResponse* response) override;
  grpc::ServerUnaryReactor* SolveMatches(grpc::CallbackServerContext* context,
                                         const v1::SolveMatchesRequest* request,
                                         v1::SolveRun* response) override;
  grpc::ServerUnaryReactor* GetRun(grpc::CallbackServerContext* context,
                                   const v1::GetRunRequest* request,
                                   v1::SolveRun* response) override;
  grpc::ServerWriteReactor<v1::GetCertificateResponse>* GetCertificate(
      grpc::CallbackServerContext* context, const v1::GetCertificateRequest* request) override;
  grpc::ServerUnaryReactor* ListRuns(grpc::CallbackServerContext* context,
                                     const v1::ListRunsRequest* request,
                                     v1::ListRunsResponse* response) override;
  grpc::ServerUnaryReactor* GetProposal(grpc::CallbackServerContext* context,
                                        const v1::GetProposalRequest* request,
                                        v1::Proposal* response) override;
  grpc::ServerUnaryReactor* ListProposals(grpc::CallbackServerContext* context,
                                          const v1::ListProposalsRequest* request,
                                          v1::ListProposalsResponse* response) override;
  grpc::ServerUnaryReactor* ApproveProposal(grpc::CallbackServerContext* context,
                                            const v1::ApproveProposalRequest* request,
                                            v1::Proposal* response) override;
  grpc::ServerUnaryReactor* OverrideProposal(grpc::CallbackServerContext* context,
                                             const v1::OverrideProposalRequest* request,
                                             v1::Proposal* response) override;
  grpc::ServerUnaryReactor* GetDemand(grpc::CallbackServerContext* context,
                                      const v1::GetDemandRequest* request,
                                      v1::Demand* response) override;
  grpc::ServerUnaryReactor* ListDemands(grpc::CallbackServerContext* context,
                                        const v1::ListDemandsRequest* request,
                                        v1::ListDemandsResponse* response) override;
  grpc::ServerUnaryReactor* ReduceSlot(grpc::CallbackServerContext* context,
                                       const v1::ReduceSlotRequest* request,
                                       v1::Demand* response) override;

 private:
  // Solves when it is the caller's turn and records the run, which goes to `response`; or gives again what the call was
  // answered before. CANCELLED: the caller was gone when its turn came.
  absl::Status SolveInTurn(const grpc::CallbackServerContext& context, const rpc::Call& call,
                           v1::SolveMatchesRequest in, v1::SolveRun& response);

  rpc::Pipeline& pipeline_;
  journal::Journal& journal_;
  PoolReader& pools_;
  RecusalReader& recusals_;
  SolveLease& lease_;
  TaskPool& tasks_;
  TaskPool& solve_tasks_;
  const Clock& clock_;
  CertificateLine certificates_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MATCH_SERVICE_H_
