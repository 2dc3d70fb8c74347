#include "services/matching/simulation_methods.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/limits.h"
#include "common/journal/replay.h"
#include "common/rpc/field_rules.h"
#include "common/status/error.h"
#include "services/matching/run_reader.h"
#include "services/matching/simulated_changes.h"
#include "services/matching/simulation.h"

namespace critac::matching {
namespace {

constexpr int kPastRuns = 10;

// Puts the policies in place of the versions that name them.
absl::Status ResolveVersions(journal::Journal& journal, std::vector<v1::SimulatedChange>& changes) {
  for (size_t i = 0; i < changes.size(); ++i) {
    v1::SimulatedChange& change = changes[i];
    const bool by_name = change.target_case() == v1::SimulatedChange::kPolicyVersion ||
                         change.target_case() == v1::SimulatedChange::kWithoutRequest;
    if (by_name && !change.fields().empty()) {
      return InvalidField(absl::StrCat("changes[", i, "].fields"),
                          "must be empty: it is named as a whole");
    }
    if (change.target_case() != v1::SimulatedChange::kPolicyVersion) continue;
    const auto policy = journal.Get<v1::Policy>(absl::StrCat(
        "policies/", std::string(absl::StripPrefix(change.policy_version(), "policies/"))));
    if (policy.status().code() == absl::StatusCode::kNotFound) {
      return InvalidField(absl::StrCat("changes[", i, "].policy_version"),
                          absl::StrCat("there is no '", change.policy_version(), "'"));
    }
    if (!policy.ok()) return policy.status();
    *change.mutable_policy() = *policy;
  }
  return absl::OkStatus();
}

// `certificate_bytes` as Simulate takes it.
absl::Status SimulateOn(const Snapshot& unchanged, absl::Span<const v1::SimulatedChange> changes,
                        const Clock& clock, int64_t* certificate_bytes, journal::IsWanted is_wanted,
                        v1::SimulateResponse& out) {
  if (!is_wanted()) return journal::NotWanted();
  Snapshot changed = unchanged;
  RETURN_IF_ERROR(ApplyChanges(
      changes,
      [](const google::protobuf::Message& message, absl::string_view path) {
        return rpc::CheckFields(message, path);
      },
      changed));
  ASSIGN_OR_RETURN(out, Simulate(unchanged, changed, clock, certificate_bytes));
  return absl::OkStatus();
}

// The newest runs, newest first.
absl::StatusOr<std::vector<RecordedRun>> NewestRuns(journal::Journal& journal, int count) {
  journal::ListQuery query{.collection = "runs", .page_size = count, .descending = true};
  std::vector<RecordedRun> runs;
  // A page ends for its bytes too.
  do {
    ASSIGN_OR_RETURN(const auto page, journal.List<v1::SolveRun>(query));
    for (const v1::SolveRun& run : page.items) {
      if (static_cast<int>(runs.size()) == count) break;
      ASSIGN_OR_RETURN(RecordedRun found, FindRun(journal, run.name()));
      runs.push_back(std::move(found));
    }
    query.page_token = page.next_page_token;
  } while (static_cast<int>(runs.size()) < count && !query.page_token.empty());
  return runs;
}

// What is left for the certificates of an answer beside these runs, bytes; below 0: they take more by themselves.
int64_t CertificateBytesBeside(absl::Span<const RecordedRun> runs) {
  int64_t left = limits::kPageBytes;
  for (const RecordedRun& recorded : runs) {
    left -= static_cast<int64_t>(recorded.run.ByteSizeLong());
  }
  return left;
}

// `runs` are newest first, as the answer has them.
absl::Status TryOnPast(PoolReader& pools, const Clock& clock, std::vector<RecordedRun> runs,
                       absl::Span<const v1::SimulatedChange> changes, int64_t* certificate_bytes,
                       journal::IsWanted is_wanted, v1::TryPolicyResponse& out) {
  std::reverse(runs.begin(), runs.end());
  std::vector<PastMoment> moments;
  for (const RecordedRun& run : runs) moments.push_back(InputOf(run));
  ASSIGN_OR_RETURN(std::vector<Snapshot> snapshots, pools.ReadPast(moments, is_wanted));
  for (size_t i = runs.size(); i-- > 0;) {
    v1::SimulateResponse simulated;
    RETURN_IF_ERROR(
        Annotate(SimulateOn(snapshots[i], changes, clock, certificate_bytes, is_wanted, simulated),
                 runs[i].run.name()));
    v1::PastTrial& trial = *out.add_past();
    trial.set_reproduced(IsReproduced(runs[i].run, simulated.before()));
    *trial.mutable_recorded() = std::move(runs[i].run);
    *trial.mutable_before() = std::move(*simulated.mutable_before());
    *trial.mutable_after() = std::move(*simulated.mutable_after());
    *trial.mutable_difference() = std::move(*simulated.mutable_difference());
    trial.mutable_difference()->clear_changes();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SimulateChanges(journal::Journal& journal, PoolReader& pools, const Clock& clock,
                             const v1::SimulateRequest& in, journal::IsWanted is_wanted,
                             v1::SimulateResponse& out) {
  std::vector<v1::SimulatedChange> changes(in.changes().begin(), in.changes().end());
  RETURN_IF_ERROR(ResolveVersions(journal, changes));
  int64_t bytes_left = limits::kPageBytes;
  int64_t* const certificate_bytes = in.omit_certificates() ? nullptr : &bytes_left;
  if (in.run().empty()) {
    ASSIGN_OR_RETURN(const Snapshot present, pools.ReadPresent());
    return SimulateOn(present, changes, clock, certificate_bytes, is_wanted, out);
  }
  ASSIGN_OR_RETURN(RecordedRun run, FindRun(journal, in.run()));
  ASSIGN_OR_RETURN(const std::vector<Snapshot> past, pools.ReadPast({InputOf(run)}, is_wanted));
  RETURN_IF_ERROR(SimulateOn(past.front(), changes, clock, certificate_bytes, is_wanted, out));
  *out.mutable_recorded() = std::move(run.run);
  return absl::OkStatus();
}

absl::Status TryPolicy(journal::Journal& journal, PoolReader& pools, const Clock& clock,
                       const v1::TryPolicyRequest& in, journal::IsWanted is_wanted,
                       v1::TryPolicyResponse& out) {
  ASSIGN_OR_RETURN(*out.mutable_policy(), journal.Get<v1::Policy>(in.name()));
  std::vector<v1::SimulatedChange> changes(1);
  *changes[0].mutable_policy() = out.policy();
  // Read first: what they take is not there for certificates.
  ASSIGN_OR_RETURN(std::vector<RecordedRun> runs,
                   NewestRuns(journal, in.past_runs() == 0 ? kPastRuns : in.past_runs()));
  int64_t bytes_left = CertificateBytesBeside(runs);
  int64_t* const certificate_bytes = in.omit_certificates() ? nullptr : &bytes_left;
  ASSIGN_OR_RETURN(const Snapshot present, pools.ReadPresent());
  RETURN_IF_ERROR(
      SimulateOn(present, changes, clock, certificate_bytes, is_wanted, *out.mutable_present()));
  return TryOnPast(pools, clock, std::move(runs), changes, certificate_bytes, is_wanted, out);
}

}  // namespace critac::matching
