#include "services/matching/match_service.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/limits.h"
#include "common/rpc/tasks.h"
#include "common/status/error.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/callers.h"
#include "services/matching/certificate_methods.h"
#include "services/matching/explain.h"
#include "services/matching/match_commands.h"
#include "services/matching/matching_states.h"
#include "services/matching/offer_commands.h"
#include "services/matching/open_slot.h"
#include "services/matching/policy_commands.h"
#include "services/matching/policy_decisions.h"
#include "services/matching/pool_methods.h"
#include "services/matching/proposal_decisions.h"
#include "services/matching/rank.h"
#include "services/matching/remedy.h"
#include "services/matching/run_certificate.h"
#include "services/matching/seen_by.h"
#include "services/matching/simulated_changes.h"
#include "services/matching/simulation_methods.h"
#include "services/matching/solve.h"
#include "services/matching/solve_methods.h"
#include "services/matching/suspected_conflict_reader.h"

namespace critac::matching {
namespace {

using rpc::Call;
using store::FilterType;

const Filters& ProposalFilters() {
  static const auto& filters = *new Filters{
      {"request", {FilterType::kText, "request", {}}},
      {"state", {FilterType::kEnum, "state", EnumValues(*v1::ProposalState_descriptor())}}};
  return filters;
}

const Filters& DemandFilters() {
  static const auto& filters = *new Filters{
      {"request", {FilterType::kText, "request", {}}},
      {"state", {FilterType::kEnum, "state", EnumValues(*v1::DemandState_descriptor())}},
      {"escalated", {FilterType::kBool, "escalated", {}}}};
  return filters;
}

// The slot meant by a call. NOT_FOUND: the request is not open for matching. INVALID_ARGUMENT: it has
// no such slot.
absl::StatusOr<int> SlotMeant(const PoolView& view, const std::string& request,
                              const std::string& slot) {
  const v1::Demand* demand = view.FindDemand(request);
  if (demand == nullptr) {
    return Error(absl::StatusCode::kNotFound, "NOT_OPEN_FOR_MATCHING",
                 absl::StrCat(request,
                              " is not open for matching; a request is from READY until "
                              "every slot is accepted"))
        .Resource(kRequestType, request)
        .ToStatus();
  }
  const auto row = view.pool->FindSlot(request, slot);
  if (row.has_value()) return *row;
  return NoSuchSlot(*demand, slot, "slot");
}

// The name as it is now, not as a view that is kept would have it: one that was purged is not shown.
absl::Status NameCandidate(journal::Records& records, v1::Candidate& candidate) {
  const auto expert = records.Get<v1::Expert>(candidate.expert());
  if (absl::IsNotFound(expert.status())) return absl::OkStatus();
  RETURN_IF_ERROR(expert.status());
  candidate.set_full_name(expert->full_name());
  return absl::OkStatus();
}

absl::Status Rank(journal::Journal& journal, const PoolView& view,
                  const v1::RankCandidatesRequest& in, v1::RankCandidatesResponse& out) {
  ASSIGN_OR_RETURN(const int slot, SlotMeant(view, in.request(), in.slot()));
  RankOptions options;
  options.top = in.top() == 0 ? 10 : std::min(in.top(), 1000);
  options.list_excluded = !in.omit_excluded();
  out = matching::RankCandidates(*view.pool, slot, options);
  journal::Records records(journal);
  std::vector<std::string> experts;
  for (const v1::Candidate& candidate : out.candidates()) experts.push_back(candidate.expert());
  RETURN_IF_ERROR(records.ReadAhead(experts));
  for (v1::Candidate& candidate : *out.mutable_candidates()) {
    RETURN_IF_ERROR(NameCandidate(records, candidate));
  }
  return AddSuspectedConflicts(journal, view, slot, out);
}

absl::Status Explain(journal::Journal& journal, const PoolView& view, const Clock& clock,
                     absl::Span<const std::string> hidden, const v1::ExplainMatchRequest& in,
                     v1::ExplainMatchResponse& out) {
  ASSIGN_OR_RETURN(const int slot, SlotMeant(view, in.request(), in.slot()));
  const auto expert = view.pool->FindExpert(in.expert());
  if (!expert.has_value()) return ResourceNotFound("critac.matching.v1.Expert", in.expert());
  ASSIGN_OR_RETURN(const std::shared_ptr<const Solved> solved, view.Solve(clock));
  out = matching::ExplainMatch(*view.pool, &solved->plan, slot, *expert, hidden);
  if (!out.has_candidate()) return absl::OkStatus();
  const SlotExpert pair(slot, *expert);
  ASSIGN_OR_RETURN(const SuspectedConflicts suspected,
                   ReadSuspectedConflicts(journal, view, absl::MakeConstSpan(&pair, 1)));
  if (const auto found = suspected.find(pair); found != suspected.end()) {
    SetSuspectedConflicts(found->second, out);
  }
  journal::Records records(journal);
  return NameCandidate(records, *out.mutable_candidate());
}

absl::Status ExplainOpen(const PoolView& view, const Clock& clock,
                         absl::Span<const std::string> hidden,
                         const v1::ExplainOpenSlotsRequest& in, journal::IsWanted is_wanted,
                         v1::ExplainOpenSlotsResponse& out) {
  ASSIGN_OR_RETURN(const int meant, SlotMeant(view, in.request(), in.slot()));
  ASSIGN_OR_RETURN(const std::shared_ptr<const Solved> solved, view.Solve(clock));
  const Pool& pool = *view.pool;
  out.set_policy_version(view.policy.version());
  RemedyFinder finder(pool, solved->plan, is_wanted);
  int open_count = 0;
  const std::vector<int>& slots = pool.demands()[pool.slots()[meant].demand].slots;
  for (const int slot : slots) {
    if (solved->plan.open[slot] == 0) continue;
    ++open_count;
    if (!in.slot().empty() && slot != meant) continue;
    *out.add_slots() = ExplainOpenSlot(pool, solved->plan, slot, finder, hidden);
  }
  out.set_summary(absl::StrCat("The plan leaves ", open_count, " of ", slots.size(),
                               slots.size() == 1 ? " slot" : " slots", " of ", in.request(),
                               " open."));
  return absl::OkStatus();
}

// Until when a call may wait: as long as it wants to, and so that its caller hears why it got no further before it
// gives up.
absl::Time EndOfWait(const Call& call, int wait_seconds, const Clock& clock) {
  const absl::Time now = clock.Now();
  const absl::Time latest = call.deadline - std::min((call.deadline - now) / 10, absl::Seconds(1));
  return wait_seconds == 0 ? latest : std::min(latest, now + absl::Seconds(wait_seconds));
}

// Leaves of an answer what recusals do not hide from the caller.
template <typename T>
absl::Status ShowUnhidden(const Call& call, RecusalReader& recusals, T& answer) {
  ASSIGN_OR_RETURN(const Hidden hidden, recusals.HiddenWithProposals(call));
  answer = SeenBy(std::move(answer), hidden);
  return absl::OkStatus();
}

// Leaves the certificates of plans out of an answer where a recusal of the caller holds.
absl::Status WithholdCertificates(const Call& call, RecusalReader& recusals,
                                  absl::Span<v1::SolveRun* const> runs) {
  const absl::Status may_follow = recusals.CheckMayFollow(call);
  if (may_follow.ok()) return absl::OkStatus();
  if (ReasonOf(may_follow) != "RECUSED") return may_follow;
  for (v1::SolveRun* const run : runs) {
    run->clear_certificate();
    run->set_no_certificate(v1::NO_CERTIFICATE_RECUSED);
  }
  return absl::OkStatus();
}

// The plans that were made for a trial.
std::vector<v1::SolveRun*> PlansOf(v1::TryPolicyResponse& response) {
  v1::SimulateResponse& present = *response.mutable_present();
  std::vector<v1::SolveRun*> plans = {present.mutable_before(), present.mutable_after()};
  for (v1::PastTrial& trial : *response.mutable_past()) {
    plans.push_back(trial.mutable_before());
    plans.push_back(trial.mutable_after());
  }
  return plans;
}

// A version of the policy; without a name the one in force.
absl::Status FindPolicy(journal::Journal& journal, const Call& call, const std::string& name,
                        v1::Policy& out) {
  RETURN_IF_ERROR(journal.GetInto(name.empty() ? kCurrentPolicy : name, out));
  if (PartnerOf(call).empty()) return absl::OkStatus();
  // What the program office considers among itself is none of a partner's business.
  if (out.state() == v1::POLICY_STATE_DRAFT || out.state() == v1::POLICY_STATE_REJECTED) {
    out.Clear();
    return ResourceNotFound("critac.matching.v1.Policy", name);
  }
  out.clear_reason();
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* MatchService::GetPolicy(grpc::CallbackServerContext* context,
                                                  const v1::GetPolicyRequest* request,
                                                  v1::Policy* response) {
  return pipeline_.Read<v1::GetPolicyRequest, v1::Policy>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        return FindPolicy(journal_, call, in.name(), out);
      });
}

grpc::ServerUnaryReactor* MatchService::ListPolicies(grpc::CallbackServerContext* context,
                                                     const v1::ListPoliciesRequest* request,
                                                     v1::ListPoliciesResponse* response) {
  return pipeline_.Read<v1::ListPoliciesRequest, v1::ListPoliciesResponse>(
      context, request, response, [this](const Call&, const auto& in, auto& out) {
        return journal_.ListInto({.collection = "policies",
                                  .condition = {"name <> :p1", {std::string(kCurrentPolicy)}},
                                  .page_size = in.page_size(),
                                  .page_token = in.page_token(),
                                  .descending = true},
                                 AddTo(*out.mutable_policies()), *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* MatchService::ProposePolicy(grpc::CallbackServerContext* context,
                                                      const v1::ProposePolicyRequest* request,
                                                      v1::Policy* response) {
  return pipeline_.Write<v1::ProposePolicyRequest, v1::Policy>(
      context, request, response, journal_, [](const Call&, const auto& in) {
        return matching::ProposePolicy(in.policy(), in.base_version(), in.reason());
      });
}

grpc::ServerUnaryReactor* MatchService::TryPolicy(grpc::CallbackServerContext* context,
                                                  const v1::TryPolicyRequest* request,
                                                  v1::TryPolicyResponse* response) {
  return rpc::InTasks<v1::TryPolicyRequest>(
      pipeline_, tasks_, context, request, response,
      [this, context, response](const Call& call, const auto& in) -> absl::Status {
        RETURN_IF_ERROR(pipeline_.DoWhileWanted(*context, call, [&](journal::IsWanted is_wanted) {
          return matching::TryPolicy(journal_, pools_, clock_, in, is_wanted, *response);
        }));
        if (!in.omit_certificates()) {
          RETURN_IF_ERROR(WithholdCertificates(call, recusals_, PlansOf(*response)));
        }
        RETURN_IF_ERROR(ShowUnhidden(call, recusals_, *response));
        const v1::Policy& tried = response->policy();
        if (tried.state() != v1::POLICY_STATE_DRAFT || tried.has_try_time()) {
          return absl::OkStatus();
        }
        response->set_not_counted(WhyNotCounted(response->past(), call.principal.role));
        if (!response->not_counted().empty()) return absl::OkStatus();
        RETURN_IF_ERROR(
            journal_.Execute(rpc::Pipeline::MakeCommand(call, in, NoteTrial(in.name()))).status());
        return journal_.GetInto(in.name(), *response->mutable_policy());
      });
}

grpc::ServerUnaryReactor* MatchService::ApprovePolicy(grpc::CallbackServerContext* context,
                                                      const v1::ApprovePolicyRequest* request,
                                                      v1::Policy* response) {
  return pipeline_.Write<v1::ApprovePolicyRequest, v1::Policy>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in) -> journal::Decide {
        auto known = recusals_.WhoIs(call);
        if (!known.ok()) return [error = known.status()](journal::Draft&) { return error; };
        return matching::ApprovePolicy(in.name(), *std::move(known));
      },
      nullptr, rpc::Deciding::kReads);
}

grpc::ServerUnaryReactor* MatchService::RejectPolicy(grpc::CallbackServerContext* context,
                                                     const v1::RejectPolicyRequest* request,
                                                     v1::Policy* response) {
  return pipeline_.Write<v1::RejectPolicyRequest, v1::Policy>(
      context, request, response, journal_,
      [](const Call&, const auto& in) { return matching::RejectPolicy(in.name(), in.reason()); });
}

grpc::ServerUnaryReactor* MatchService::Simulate(grpc::CallbackServerContext* context,
                                                 const v1::SimulateRequest* request,
                                                 v1::SimulateResponse* response) {
  return rpc::InTasks<v1::SimulateRequest>(
      pipeline_, tasks_, context, request, response,
      [this, context, response](const Call& call, const auto& in) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<std::string> hidden, recusals_.HiddenFrom(call));
        RETURN_IF_ERROR(CheckChangesSeen(in.changes(), hidden));
        RETURN_IF_ERROR(pipeline_.DoWhileWanted(*context, call, [&](journal::IsWanted is_wanted) {
          return SimulateChanges(journal_, pools_, clock_, in, is_wanted, *response);
        }));
        if (!in.omit_certificates()) {
          RETURN_IF_ERROR(WithholdCertificates(
              call, recusals_, {response->mutable_before(), response->mutable_after()}));
        }
        return ShowUnhidden(call, recusals_, *response);
      });
}

grpc::ServerUnaryReactor* MatchService::RankCandidates(grpc::CallbackServerContext* context,
                                                       const v1::RankCandidatesRequest* request,
                                                       v1::RankCandidatesResponse* response) {
  return rpc::InTasks<v1::RankCandidatesRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        RETURN_IF_ERROR(recusals_.CheckSeen(call, in.request(), kRequestType, in.request()));
        ASSIGN_OR_RETURN(const auto view, pools_.Read());
        return Rank(journal_, *view, in, *response);
      });
}

grpc::ServerUnaryReactor* MatchService::ExplainMatch(grpc::CallbackServerContext* context,
                                                     const v1::ExplainMatchRequest* request,
                                                     v1::ExplainMatchResponse* response) {
  return rpc::InTasks<v1::ExplainMatchRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) -> absl::Status {
        RETURN_IF_ERROR(recusals_.CheckSeen(call, in.request(), kRequestType, in.request()));
        ASSIGN_OR_RETURN(const std::vector<std::string> hidden, recusals_.HiddenFrom(call));
        ASSIGN_OR_RETURN(const auto view, pools_.Read());
        return Explain(journal_, *view, clock_, hidden, in, *response);
      });
}

grpc::ServerUnaryReactor* MatchService::ExplainOpenSlots(grpc::CallbackServerContext* context,
                                                         const v1::ExplainOpenSlotsRequest* request,
                                                         v1::ExplainOpenSlotsResponse* response) {
  return rpc::InTasks<v1::ExplainOpenSlotsRequest>(
      pipeline_, tasks_, context, request, response,
      [this, context, response](const Call& call, const auto& in) -> absl::Status {
        RETURN_IF_ERROR(recusals_.CheckSeen(call, in.request(), kRequestType, in.request()));
        ASSIGN_OR_RETURN(const std::vector<std::string> hidden, recusals_.HiddenFrom(call));
        ASSIGN_OR_RETURN(const auto view, pools_.Read());
        return pipeline_.DoWhileWanted(*context, call, [&](journal::IsWanted is_wanted) {
          return ExplainOpen(*view, clock_, hidden, in, is_wanted, *response);
        });
      });
}

absl::Status MatchService::SolveInTurn(const grpc::CallbackServerContext& context, const Call& call,
                                       v1::SolveMatchesRequest in, v1::SolveRun& response) {
  // How long it waits is no part of what it asks for: a repeat may wait longer. Nor is what is not recorded.
  const int wait_seconds = in.wait_seconds();
  in.clear_wait_seconds();
  in.clear_omit_certificate();
  // A repeat of a call that was answered waits for nobody.
  ASSIGN_OR_RETURN(const bool is_known, AnswerAgain(journal_, call, in, response));
  if (is_known) return absl::OkStatus();
  const auto turn = lease_.Take(call.principal.ToString(), EndOfWait(call, wait_seconds, clock_));
  if (!turn.ok() && ReasonOf(turn.status()) != "SOLVE_UNDER_WAY") return turn.status();
  // It may have waited for the very call that it repeats.
  ASSIGN_OR_RETURN(const bool is_known_now, AnswerAgain(journal_, call, in, response));
  if (is_known_now) return absl::OkStatus();
  RETURN_IF_ERROR(turn.status());
  if (context.IsCancelled()) return absl::CancelledError("the caller is gone");
  return SolveAndRecord(journal_, clock_, true,
                        [&](const MakeDecide& make, Work work) {
                          return ExecuteOnPool(journal_, pools_, call, in, response, make,
                                               &PoolReader::Read, (*turn)->guard(), work);
                        })
      .status();
}

grpc::ServerUnaryReactor* MatchService::SolveMatches(grpc::CallbackServerContext* context,
                                                     const v1::SolveMatchesRequest* request,
                                                     v1::SolveRun* response) {
  return rpc::InTasks<v1::SolveMatchesRequest>(
      pipeline_, request->validate_only() ? tasks_ : solve_tasks_, context, request, response,
      [this, context, response](const Call& call, const auto& in) -> absl::Status {
        if (in.validate_only()) {
          ASSIGN_OR_RETURN(const auto view, pools_.Read());
          ASSIGN_OR_RETURN(const std::shared_ptr<const Solved> solved, view->Solve(clock_));
          *response = solved->run;
          if (!in.omit_certificate()) {
            AddCertificate(*view->pool, solved->plan, limits::kAnswerCertificateBytes, *response);
            RETURN_IF_ERROR(WithholdCertificates(call, recusals_, {response}));
          }
          return ShowUnhidden(call, recusals_, *response);
        }
        RETURN_IF_ERROR(SolveInTurn(*context, call, in, *response));
        return ShowUnhidden(call, recusals_, *response);
      });
}

grpc::ServerUnaryReactor* MatchService::GetRun(grpc::CallbackServerContext* context,
                                               const v1::GetRunRequest* request,
                                               v1::SolveRun* response) {
  return pipeline_.Read<v1::GetRunRequest, v1::SolveRun>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        return ShowUnhidden(call, recusals_, out);
      });
}

grpc::ServerWriteReactor<v1::GetCertificateResponse>* MatchService::GetCertificate(
    grpc::CallbackServerContext* context, const v1::GetCertificateRequest* request) {
  return pipeline_.Stream<v1::GetCertificateRequest, v1::GetCertificateResponse>(
      context, request,
      [this](const Call& call, const auto& in,
             absl::FunctionRef<bool(const v1::GetCertificateResponse&)> write) -> absl::Status {
        RETURN_IF_ERROR(recusals_.CheckMayFollow(call));
        const auto is_wanted = [&] { return !call.HasEnded() && clock_.Now() < call.deadline; };
        std::optional<CertifiedRun> certified;
        const absl::Status read = certificates_.Run(is_wanted, [&]() -> absl::Status {
          ASSIGN_OR_RETURN(certified, ReadCertifiedRun(journal_, pools_, in.name(), is_wanted));
          return absl::OkStatus();
        });
        // Nothing is sent any more: the stream finds its deadline past, and says so.
        if (!read.ok() && !is_wanted()) write(v1::GetCertificateResponse());
        RETURN_IF_ERROR(read);
        WriteCertificate(certified->pool, certified->plan, certified->run, write);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* MatchService::ListRuns(grpc::CallbackServerContext* context,
                                                 const v1::ListRunsRequest* request,
                                                 v1::ListRunsResponse* response) {
  return pipeline_.Read<v1::ListRunsRequest, v1::ListRunsResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        RETURN_IF_ERROR(journal_.ListInto({.collection = "runs",
                                           .page_size = in.page_size(),
                                           .page_token = in.page_token(),
                                           .descending = true},
                                          AddTo(*out.mutable_runs()),
                                          *out.mutable_next_page_token()));
        ASSIGN_OR_RETURN(const Hidden hidden, recusals_.HiddenWithProposals(call));
        for (v1::SolveRun& run : *out.mutable_runs()) run = SeenBy(std::move(run), hidden);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* MatchService::GetProposal(grpc::CallbackServerContext* context,
                                                    const v1::GetProposalRequest* request,
                                                    v1::Proposal* response) {
  return pipeline_.Read<v1::GetProposalRequest, v1::Proposal>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        return recusals_.CheckSeen(call, out.request(), "critac.matching.v1.Proposal", in.name());
      });
}

grpc::ServerUnaryReactor* MatchService::ListProposals(grpc::CallbackServerContext* context,
                                                      const v1::ListProposalsRequest* request,
                                                      v1::ListProposalsResponse* response) {
  return pipeline_.Read<v1::ListProposalsRequest, v1::ListProposalsResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        ASSIGN_OR_RETURN(store::Condition seen, recusals_.SeenRows(call, {}));
        return journal_.ListInto({.collection = "proposals",
                                  .filter = in.filter(),
                                  .filter_fields = &ProposalFilters(),
                                  .condition = std::move(seen),
                                  .page_size = in.page_size(),
                                  .page_token = in.page_token(),
                                  .descending = true},
                                 AddTo(*out.mutable_proposals()), *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* MatchService::ApproveProposal(grpc::CallbackServerContext* context,
                                                        const v1::ApproveProposalRequest* request,
                                                        v1::Proposal* response) {
  return rpc::InTasks<v1::ApproveProposalRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnPool(
            journal_, pools_, call, in, *response,
            [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
              ASSIGN_OR_RETURN(SuspectedConflicts suspected,
                               ReadSuspectedConflicts(journal_, *view, in.name(), {}));
              return recusals_.Guard<v1::Proposal>(
                  call, in.name(),
                  DecideProposal(std::move(view), in.name(), in.etag(), {}, "",
                                 std::move(suspected)));
            });
      });
}

grpc::ServerUnaryReactor* MatchService::OverrideProposal(grpc::CallbackServerContext* context,
                                                         const v1::OverrideProposalRequest* request,
                                                         v1::Proposal* response) {
  return rpc::InTasks<v1::OverrideProposalRequest>(
      pipeline_, tasks_, context, request, response,
      [this, response](const Call& call, const auto& in) {
        return ExecuteOnPool(
            journal_, pools_, call, in, *response,
            [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
              const std::vector<v1::Assignment> wanted(in.assignments().begin(),
                                                       in.assignments().end());
              ASSIGN_OR_RETURN(SuspectedConflicts suspected,
                               ReadSuspectedConflicts(journal_, *view, in.name(), wanted));
              return recusals_.Guard<v1::Proposal>(
                  call, in.name(),
                  DecideProposal(std::move(view), in.name(), in.etag(), wanted, in.reason(),
                                 std::move(suspected)));
            });
      });
}

grpc::ServerUnaryReactor* MatchService::GetDemand(grpc::CallbackServerContext* context,
                                                  const v1::GetDemandRequest* request,
                                                  v1::Demand* response) {
  return pipeline_.Read<v1::GetDemandRequest, v1::Demand>(
      context, request, response, [this](const Call& call, const auto& in, auto& out) {
        RETURN_IF_ERROR(journal_.GetInto(in.name(), out));
        return recusals_.CheckSeen(call, out.request(), "critac.matching.v1.Demand", in.name());
      });
}

grpc::ServerUnaryReactor* MatchService::ListDemands(grpc::CallbackServerContext* context,
                                                    const v1::ListDemandsRequest* request,
                                                    v1::ListDemandsResponse* response) {
  return pipeline_.Read<v1::ListDemandsRequest, v1::ListDemandsResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        ASSIGN_OR_RETURN(store::Condition seen, recusals_.SeenRows(call, {}));
        return journal_.ListInto({.collection = "demands",
                                  .filter = in.filter(),
                                  .filter_fields = &DemandFilters(),
                                  .condition = std::move(seen),
                                  .page_size = in.page_size(),
                                  .page_token = in.page_token(),
                                  .descending = true},
                                 AddTo(*out.mutable_demands()), *out.mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* MatchService::ReduceSlot(grpc::CallbackServerContext* context,
                                                   const v1::ReduceSlotRequest* request,
                                                   v1::Demand* response) {
  return pipeline_.Write<v1::ReduceSlotRequest, v1::Demand>(
      context, request, response, journal_,
      [this](const Call& call, const auto& in) {
        return recusals_.Guard<v1::Demand>(call, in.name(),
                                           matching::ReduceSlot(in.name(), in.slot(), in.reason()));
      },
      nullptr, rpc::Deciding::kReads);
}

}  // namespace critac::matching
