// What of a plan still stands, case by case of what changed since it was made.
#include "services/matching/overtaken_plan.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAreArray;

// Puts an expert of the partner nsa into slot s1 of a request.
ProposalChange PutInto(const std::string& request, const std::string& expert,
                       const std::string& supersedes = "") {
  ProposalChange change;
  change.proposal.set_request("requests/" + request);
  v1::Assignment& one = *change.proposal.add_assignments();
  one.set_slot("s1");
  one.set_expert("experts/" + expert);
  one.set_partner("partners/nsa");
  one.set_period("2026Q4");
  change.supersedes = supersedes;
  return change;
}

// `fy27-1 e1`.
std::vector<std::string> ChangesText(const StandingPart& part) {
  std::vector<std::string> texts;
  for (const ProposalChange& change : part.changes) {
    texts.push_back(
        absl::StrCat(absl::StripPrefix(change.proposal.request(), "requests/"), " ",
                     absl::StripPrefix(change.proposal.assignments(0).expert(), "experts/")));
  }
  return texts;
}

// `fy27-1 OUT s1 e1`, or `fy27-1 REQUEST_CHANGED`.
std::vector<std::string> DroppedText(const StandingPart& part) {
  std::vector<std::string> texts;
  for (const v1::DroppedRequest& one : part.dropped) {
    std::string& text = texts.emplace_back(
        absl::StrCat(absl::StripPrefix(one.request(), "requests/"), " ",
                     absl::StripPrefix(v1::DropReason_Name(one.reason()), "DROP_REASON_")));
    if (one.expert().empty()) continue;
    absl::StrAppend(&text, " ", one.slot(), " ", absl::StripPrefix(one.expert(), "experts/"));
  }
  return texts;
}

// Two requests and two experts, who have one assignment a period each; the program has two open at once.
class StandingPartOfAPlan : public ::testing::Test {
 protected:
  StandingPartOfAPlan() {
    center_.policy.set_capacity_open(2);
    center_.AddPartner("nsa");
    center_.AddPartner("iacp");
    for (const char* id : {"e1", "e2"}) center_.AddExpert(id).set_capacity_per_period(1);
    for (const char* id : {"fy27-1", "fy27-2"}) {
      center_.AddDemand(id).set_state(v1::DEMAND_STATE_OPEN);
    }
  }

  // A proposal stands for the request of a demand.
  void Stand(v1::Demand& demand, const std::string& name, const std::string& expert) {
    v1::Proposal proposal =
        PutInto(std::string(absl::StripPrefix(demand.request(), "requests/")), expert).proposal;
    proposal.set_name(name);
    proposal.set_state(v1::PROPOSAL_STATE_OPEN);
    demand.set_proposal(name);
    center_.proposals.push_back(proposal);
  }

  // Of an outcome for the center as it is, what stands in `now`.
  StandingPart PartIn(const Center& now, const PlanOutcome& outcome) const {
    absl::flat_hash_map<std::string, v1::Proposal> standing;
    for (const v1::Proposal& one : now.proposals) standing[one.name()] = one;
    return StandingPartOf(outcome, center_.demands, now.Build(), now.demands, standing);
  }

  Center center_;
};

TEST_F(StandingPartOfAPlan, IsWhatTheChangesSinceDoNotTouch) {
  const std::string first = "fy27-1 e1", second = "fy27-2 e2";
  struct Case {
    std::string what;
    std::function<void(Center& now)> change;
    std::vector<std::string> stands;
    std::vector<std::string> dropped;
  };
  const std::vector<Case> cases = {
      {"nothing", [](Center&) {}, {first, second}, {}},
      {"a request that is new",
       [](Center& now) { now.AddDemand("fy27-3").set_state(v1::DEMAND_STATE_OPEN); },
       {first, second},
       {}},
      {"an expert who is new", [](Center& now) { now.AddExpert("e0"); }, {first, second}, {}},
      {"a request that was withdrawn",
       [](Center& now) { now.demands.erase(now.demands.begin()); },
       {second},
       {"fy27-1 REQUEST_CHANGED"}},
      {"a request that is more urgent",
       [](Center& now) { now.demands[1].set_urgency(intake::v1::URGENCY_CRITICAL); },
       {first},
       {"fy27-2 REQUEST_CHANGED"}},
      {"an expert who declined",
       [](Center& now) { now.demands[1].add_declined("s1 experts/e2"); },
       {first},
       {"fy27-2 REQUEST_CHANGED"}},
      {"an expert who stopped taking part",
       [](Center& now) { now.experts[0].set_active(false); },
       {second},
       {"fy27-1 OUT s1 e1"}},
      {"an expert who is with another partner",
       [](Center& now) { now.experts[0].set_partner("partners/iacp"); },
       {second},
       {"fy27-1 OUT s1 e1"}},
      {"a conflict of interest",
       [](Center& now) { now.AddConflict("e2", "fy27-2", v1::CONFLICT_KIND_LITIGATION); },
       {first},
       {"fy27-2 OUT s1 e2"}},
      {"an expert who agreed to another",
       [](Center& now) { now.Use("experts/e1", "2026Q4", 1); },
       {second},
       {"fy27-1 OUT s1 e1"}},
      {"one of the partner's two assignments",
       [](Center& now) { now.partners[0].set_capacity_per_period(1); },
       {first},
       {"fy27-2 NO_ROOM s1 e2"}},
      {"one of the program's two assignments",
       [](Center& now) { now.Use("partners/iacp", "open", 1); },
       {first},
       {"fy27-2 NO_ROOM s1 e2"}}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    Center now = center_;
    one.change(now);
    PlanOutcome outcome;
    outcome.changes = {PutInto("fy27-1", "e1"), PutInto("fy27-2", "e2")};
    const StandingPart part = PartIn(now, outcome);
    EXPECT_THAT(ChangesText(part), ElementsAreArray(one.stands));
    EXPECT_THAT(DroppedText(part), ElementsAreArray(one.dropped));
  }
}

TEST_F(StandingPartOfAPlan, LeavesTheRoomOfProposalsThatGoOnStanding) {
  Stand(center_.demands[0], "proposals/p1", "e2");
  PlanOutcome outcome;
  outcome.changes = {PutInto("fy27-1", "e1", "proposals/p1"), PutInto("fy27-2", "e2")};
  EXPECT_THAT(ChangesText(PartIn(center_, outcome)), ElementsAreArray({"fy27-1 e1", "fy27-2 e2"}));
  Center now = center_;
  now.experts[0].set_active(false);
  const StandingPart part = PartIn(now, outcome);
  EXPECT_TRUE(part.changes.empty());
  EXPECT_THAT(DroppedText(part), ElementsAreArray({"fy27-1 OUT s1 e1", "fy27-2 NO_ROOM s1 e2"}));
}

// The second has no room beside the first, so that e2 goes on standing there, and the first has none either.
TEST_F(StandingPartOfAPlan, LeavesThatRoomAlsoWhereItIsBeforeInThePlan) {
  Stand(center_.demands[1], "proposals/p1", "e2");
  PlanOutcome outcome;
  outcome.changes = {PutInto("fy27-1", "e2"), PutInto("fy27-2", "e1", "proposals/p1")};
  Center now = center_;
  now.partners[0].set_capacity_per_period(1);
  const StandingPart part = PartIn(now, outcome);
  EXPECT_TRUE(part.changes.empty());
  EXPECT_THAT(DroppedText(part),
              ElementsAreArray({"fy27-1 NO_ROOM s1 e2", "fy27-2 NO_ROOM s1 e1"}));
}

TEST_F(StandingPartOfAPlan, HasKeptProposalsThatAreOnRecordAndCouldStillBePlanned) {
  Stand(center_.demands[0], "proposals/p1", "e1");
  PlanOutcome outcome;
  outcome.kept = {"proposals/p1"};
  EXPECT_THAT(PartIn(center_, outcome).kept, ElementsAreArray({"proposals/p1"}));
  Center out = center_;
  out.experts[0].set_active(false);
  EXPECT_TRUE(PartIn(out, outcome).kept.empty());
  EXPECT_THAT(DroppedText(PartIn(out, outcome)), ElementsAreArray({"fy27-1 OUT s1 e1"}));
  Center decided = center_;
  decided.proposals.clear();
  EXPECT_TRUE(PartIn(decided, outcome).kept.empty());
  EXPECT_THAT(DroppedText(PartIn(decided, outcome)), ElementsAreArray({"fy27-1 REQUEST_CHANGED"}));
}

}  // namespace
}  // namespace critac::matching
