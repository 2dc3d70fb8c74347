#include "services/cli/simulation_text.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "services/cli/message_text.h"
#include "services/cli/number_text.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using matching::v1::PlannedRequest;
using matching::v1::SimulateResponse;
using matching::v1::SolveRun;

std::string Score(int64_t score_e6) {
  return absl::StrFormat("%.3f", static_cast<double>(score_e6) / 1e6);
}

std::string Version(const SolveRun& run) {
  return run.policy_version() == 0 ? "changed" : absl::StrCat(run.policy_version());
}

Table FiguresOf(const SimulateResponse& response) {
  const SolveRun& before = response.before();
  const SolveRun& after = response.after();
  const auto& difference = response.difference();
  Table table;
  table.columns = {{"", false, false}, {"BEFORE", true, false}, {"AFTER", true, false}};
  const auto count = [&](const std::string& label, int64_t was, int64_t is) {
    table.rows.push_back({label, WithThousands(was), WithThousands(is)});
  };
  table.rows.push_back({"policy version", Version(before), Version(after)});
  count("requests", before.request_count(), after.request_count());
  count("people asked for", before.unit_count(), after.unit_count());
  count("people assigned", before.assigned_count(), after.assigned_count());
  count("people missing", difference.missing_before(), difference.missing_after());
  count("eligible pairs", before.pair_count(), after.pair_count());
  table.rows.push_back(
      {"sum of scores", Score(difference.score_before_e6()), Score(difference.score_after_e6())});
  return table;
}

// One line of the plan.
Table PlanOf(const SimulateResponse& response) {
  Table table;
  table.columns = {{"REQUEST", false, false},
                   {"SLOT"},
                   {"EXPERT", false, false},
                   {"PARTNER"},
                   {"PERIOD"},
                   {"SCORE", true}};
  for (const PlannedRequest& request : response.requests()) {
    for (const auto& one : request.assignments()) {
      table.rows.push_back({request.request(), one.slot(), one.expert(),
                            std::string(absl::StripPrefix(one.partner(), "partners/")),
                            one.period(), Score(one.score_e6())});
    }
  }
  return table;
}

Table PartnersOf(const SimulateResponse& response) {
  Table table;
  table.columns = {{"PARTNER", false, false}, {"BEFORE", true}, {"AFTER", true}};
  for (const auto& one : response.difference().partners()) {
    table.rows.push_back({std::string(absl::StripPrefix(one.partner(), "partners/")),
                          absl::StrCat(one.assigned_before()), absl::StrCat(one.assigned_after())});
  }
  return table;
}

// Each open slot with what keeps it open, which may be long.
void WriteOpenSlots(const SimulateResponse& response, int width, std::ostream& out) {
  bool any = false;
  for (const PlannedRequest& request : response.requests()) {
    for (const auto& open : request.open_slots()) {
      if (!any) out << "\nopen slots\n";
      any = true;
      out << request.request() << " " << open.slot() << "\n" << WrapText(open.explanation(), width);
    }
  }
}

}  // namespace

Columns AssignmentChangeColumns() {
  return {Name("request", "request"),
          Field("slot", "slot"),
          Name("expert", "expert"),
          Brief("partner", "partner"),
          Field("before", "period_before"),
          Field("after", "period_after"),
          Number("score before", "score_before_e6"),
          Number("score after", "score_after_e6")};
}

absl::Status WriteSimulation(Context& context, const SimulateResponse& response, bool whole_plan) {
  std::ostream& out = context.world().out;
  const int width = context.world().out_width;
  if (response.has_recorded()) out << "on the records of " << response.recorded().name() << ", ";
  out << "after event " << response.sequence() << ", as of " << response.date() << "\n\n";
  out << FormatTable(FiguresOf(response), width);
  out << "\n" << WrapText(response.difference().summary(), width);
  if (response.difference().changes_size() > 0) {
    out << "\nwho changes where: the period before and after, - for not there\n";
    RETURN_IF_ERROR(
        context.printer().List(response.difference(), "changes", AssignmentChangeColumns()));
  }
  if (response.difference().partners_size() > 0) {
    out << "\npeople by partner, where that changes\n" << FormatTable(PartnersOf(response), width);
  }
  if (whole_plan) out << "\nthe plan after\n" << FormatTable(PlanOf(response), width);
  WriteOpenSlots(response, width, out);
  return absl::OkStatus();
}

}  // namespace critac::cli
