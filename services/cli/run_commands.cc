#include "services/cli/run_commands.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "critac/matching/v1/certificate.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "services/cli/commands.h"
#include "services/cli/message_text.h"
#include "services/cli/number_text.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using Certificate = matching::v1::GetCertificateResponse;
using matching::v1::CertificateExpert;
using matching::v1::Disparity;
using matching::v1::Fairness;
using matching::v1::FairnessTrend;
using matching::v1::GroupOutcome;
using matching::v1::MatchService;
using matching::v1::PartnerLoad;
using matching::v1::SolveRun;

constexpr char kCertifiedHelp[] =
    "\nA certified run passed the independent check: its plan is feasible, and its bound is "
    "proved.\n"
    "It is optimal only where its objective equals the bound, or that is proved by cases\n"
    "(case_count in JSON, and in the run's certificate). Elsewhere a better plan may exist; it is\n"
    "better by no more than the difference.";

// Whether no plan is better than the run's, and that is proved.
bool IsProvedOptimal(const SolveRun& run) {
  return run.certified() && (run.objective() == run.bound() || run.case_count() > 0);
}

std::string OptimalText(const SolveRun& run, TextStyle style) {
  if (style == TextStyle::kFull) return IsProvedOptimal(run) ? "true" : "false";
  return IsProvedOptimal(run) ? "yes" : "no";
}

Columns RunColumns() {
  return {Name("name", "name"),
          Day("day", "time"),
          Number("policy", "policy_version"),
          Number("requests", "request_count"),
          Number("people", "unit_count"),
          Number("assigned", "assigned_count"),
          Number("pairs", "pair_count"),
          Number("objective", "objective"),
          Number("bound", "bound"),
          Field("certified", "certified"),
          Computed<SolveRun>("optimal", OptimalText),
          Number("microseconds", "solve_microseconds")};
}

Columns RunChangeColumns() {
  return {Name("request", "request"), Field("slot", "slot"),
          Name("was", "from_expert"), Field("was in", "period_before"),
          Name("is", "to_expert"),    Field("is in", "period_after"),
          Field("kind", "kind"),      Field("why", "reason")};
}

Columns DroppedRequestColumns() {
  return {Name("request", "request"), Field("slot", "slot"), Name("expert", "expert"),
          Field("reason", "reason")};
}

// A column as numbers stand.
Column RightAligned(Column column) {
  column.right = true;
  column.may_be_cut = false;
  return column;
}

// A part of a whole, as a fraction; empty where there is no whole.
std::string ShareText(int64_t part, int64_t whole) {
  if (whole == 0) return "";
  return absl::StrFormat("%.3f", static_cast<double>(part) / static_cast<double>(whole));
}

int64_t LoadOf(const PartnerLoad& load) { return load.open_count() + load.planned_count(); }

// What partners have and get; `whole` is what they have together with the plan.
Columns PartnerLoadColumns(int64_t whole) {
  return {
      Brief("partner", "partner"), Number("open", "open_count"), Number("planned", "planned_count"),
      RightAligned(Computed<PartnerLoad>(
          "load", [](const PartnerLoad& load, TextStyle) { return absl::StrCat(LoadOf(load)); })),
      RightAligned(Computed<PartnerLoad>("share", [whole](const PartnerLoad& load, TextStyle) {
        return ShareText(LoadOf(load), whole);
      }))};
}

// A group as people say it: `tribal` for `AGENCY_TYPE_TRIBAL`, `25-49` for `SIZE_BAND_25_49`; the code of a state
// as it is.
std::string GroupText(const std::string& group) {
  for (const auto* kinds : {type::v1::AgencyType_descriptor(), type::v1::SizeBand_descriptor()}) {
    const auto* value = kinds->FindValueByName(group);
    if (value != nullptr) return EnumText(*value, TextStyle::kShort);
  }
  return group;
}

Columns GroupColumns() {
  return {Field("by", "dimension"),
          Computed<GroupOutcome>("group", [](const GroupOutcome& outcome,
                                             TextStyle) { return GroupText(outcome.group()); }),
          Number("asked", "people_count"),
          Number("placed", "placed_count"),
          RightAligned(Computed<GroupOutcome>("share",
                                              [](const GroupOutcome& outcome, TextStyle) {
                                                return ShareText(outcome.placed_count(),
                                                                 outcome.people_count());
                                              })),
          RightAligned(Computed<GroupOutcome>("score",
                                              [](const GroupOutcome& outcome, TextStyle style) {
                                                // Where nobody is placed there is no mean.
                                                return outcome.placed_count() == 0
                                                           ? ""
                                                           : FieldText(outcome, "mean_score_e6",
                                                                       style);
                                              })),
          Number("days waited", "mean_waited_days")};
}

Columns DisparityColumns() {
  return {Field("by", "dimension"),
          Computed<Disparity>("lowest", [](const Disparity& disparity,
                                           TextStyle) { return GroupText(disparity.lowest()); }),
          Computed<Disparity>("highest", [](const Disparity& disparity,
                                            TextStyle) { return GroupText(disparity.highest()); }),
          Number("ratio", "ratio_e6"),
          Number("before", "previous_ratio_e6"),
          Field("below threshold", "below_threshold")};
}

Columns UnmetShareColumns() {
  return {Name("partner", "partner"), Number("in hand", "open_count"),
          Number("to add", "minimum_count"), Number("added", "planned_count"),
          Number("missing", "unmet_count")};
}

// Those partners whose minimum share is not met.
Fairness UnmetShares(const Fairness& fairness) {
  Fairness unmet;
  for (const PartnerLoad& load : fairness.partners()) {
    if (load.unmet_count() > 0) *unmet.add_partners() = load;
  }
  return unmet;
}

// Where groups are too far apart. Runs of before do not say it.
std::string ThresholdText(const Fairness& fairness) {
  if (fairness.disparity_threshold_e6() == 0) return "0.8: four fifths";
  return absl::StrCat("too far apart below ",
                      FieldText(fairness, "disparity_threshold_e6", TextStyle::kShort));
}

// One of the lists of disparities, `field`, under what it measures.
absl::Status ShowDisparities(Printer& printer, std::ostream& out, const Fairness& fairness,
                             absl::string_view field, absl::string_view measure) {
  const auto* list = fairness.GetDescriptor()->FindFieldByName(std::string(field));
  if (fairness.GetReflection()->FieldSize(fairness, list) == 0) return absl::OkStatus();
  out << "\n" << measure << ", lowest as a part of the highest\n";
  return printer.List(fairness, field, DisparityColumns());
}

// What a measure was in the runs: bars for people, fractions for programs; of a run that did not measure it nothing.
std::string TrendValuesText(const FairnessTrend& trend, TextStyle style) {
  if (style == TextStyle::kShort) return FractionBars(trend.values_e6());
  return absl::StrJoin(trend.values_e6(), ";", [](std::string* text, int64_t value_e6) {
    if (value_e6 >= 0) absl::StrAppendFormat(text, "%.6f", static_cast<double>(value_e6) / 1e6);
  });
}

// What the measure was in the run of a place; nothing where that run did not measure it.
std::string TrendValueText(const FairnessTrend& trend, int place) {
  if (place < 0 || place >= trend.values_e6_size() || trend.values_e6(place) < 0) return "";
  return ShareText(trend.values_e6(place), 1'000'000);
}

Columns TrendColumns() {
  Column runs = Computed<FairnessTrend>("runs", TrendValuesText);
  runs.may_be_cut = false;
  const auto oldest = [](const FairnessTrend& trend, TextStyle) {
    return TrendValueText(trend, 0);
  };
  const auto newest = [](const FairnessTrend& trend, TextStyle) {
    return TrendValueText(trend, trend.values_e6_size() - 1);
  };
  return {Field("measure", "measure"),
          Field("by", "dimension"),
          std::move(runs),
          RightAligned(Computed<FairnessTrend>("oldest", oldest)),
          RightAligned(Computed<FairnessTrend>("newest", newest)),
          Field("direction", "direction"),
          Number("s", "mann_kendall_s"),
          Number("p", "p_value_e6")};
}

// Where the measures go, for people.
absl::Status ShowTrends(Printer& printer, std::ostream& out, const Fairness& fairness) {
  const int count = fairness.trend_runs_size();
  if (count == 0) return absl::OkStatus();
  out << "from " << fairness.trend_runs(0) << " to " << fairness.trend_runs(count - 1)
      << ", oldest first: bars from 0 to 1, · not measured\n";
  RETURN_IF_ERROR(printer.List(fairness, "trends", TrendColumns()));
  out << "direction by the Mann-Kendall test (s, p) at 5 %, of five runs or more\n";
  return absl::OkStatus();
}

// How evenly a run treats partners and agencies, for people.
absl::Status ShowFairness(Printer& printer, std::ostream& out, const Fairness& fairness) {
  if (fairness.partners_size() > 0) {
    int64_t whole = 0;
    for (const PartnerLoad& load : fairness.partners()) whole += LoadOf(load);
    out << "\npartners: people agreed or offered, people that the plan adds\n";
    RETURN_IF_ERROR(printer.List(fairness, "partners", PartnerLoadColumns(whole)));
    out << "Gini coefficient of the load (0: all have the same) "
        << FieldText(fairness, "partner_gini_e6", TextStyle::kShort);
    if (fairness.has_previous_partner_gini_e6()) {
      out << ", before " << FieldText(fairness, "previous_partner_gini_e6", TextStyle::kShort);
    }
    out << "\n";
  }
  if (fairness.groups_size() > 0) {
    out << "\nagencies: people asked for and placed, mean score, mean days waited\n";
    RETURN_IF_ERROR(printer.List(fairness, "groups", GroupColumns()));
  }
  RETURN_IF_ERROR(
      ShowDisparities(printer, out, fairness, "disparities",
                      absl::StrCat("share of people placed (", ThresholdText(fairness), ")")));
  RETURN_IF_ERROR(
      ShowDisparities(printer, out, fairness, "waiting_disparities", "mean days waited"));
  RETURN_IF_ERROR(
      ShowDisparities(printer, out, fairness, "score_disparities", "mean score of those placed"));
  if (fairness.trends_size() == 0) return absl::OkStatus();
  out << "\ntrend ";
  return ShowTrends(printer, out, fairness);
}

absl::StatusOr<SolveRun> GetRun(Context& context, const std::string& name) {
  matching::v1::GetRunRequest request;
  RETURN_IF_ERROR(SetField(request, "name", name));
  return context.Call(&MatchService::Stub::GetRun, request);
}

// The run of a name; of none the newest.
absl::StatusOr<SolveRun> FindRun(Context& context, const std::string& name) {
  if (!name.empty()) return GetRun(context, name);
  matching::v1::ListRunsRequest request;
  request.set_page_size(1);
  ASSIGN_OR_RETURN(const matching::v1::ListRunsResponse response,
                   context.Call(&MatchService::Stub::ListRuns, request));
  if (response.runs().empty()) return absl::NotFoundError("no run is recorded yet");
  return response.runs(0);
}

absl::Status RunTrend(Context& context, const std::string& name) {
  ASSIGN_OR_RETURN(const SolveRun run, FindRun(context, name));
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) {
    return printer.List(run.fairness(), "trends", TrendColumns());
  }
  if (run.fairness().trends_size() == 0) {
    context.world().err << "(none)\n";
    return absl::OkStatus();
  }
  return ShowTrends(printer, context.world().out, run.fairness());
}

// Leaves the run those of its changes that are of the kind.
void KeepChanges(matching::v1::RunChangeKind kind, SolveRun& run) {
  auto& changes = *run.mutable_changes();
  changes.erase(
      std::remove_if(changes.begin(), changes.end(),
                     [kind](const matching::v1::RunChange& one) { return one.kind() != kind; }),
      changes.end());
}

// `kind`: of the changes to be shown; empty: all.
absl::Status RunGetRun(Context& context, const std::string& name, const std::string& kind) {
  int number = 0;
  if (!kind.empty()) {
    ASSIGN_OR_RETURN(number, ReadEnum(*matching::v1::RunChangeKind_descriptor(), "--kind", kind));
  }
  ASSIGN_OR_RETURN(SolveRun run, GetRun(context, name));
  if (number == 0) return ShowRun(context, run);
  KeepChanges(static_cast<matching::v1::RunChangeKind>(number), run);
  if (run.changes_size() == 0) context.world().err << "(no change of this kind)\n";
  return ShowRun(context, run);
}

// Most it may take to have the records of a run again: what the method allows.
constexpr absl::Duration kCertificateDeadline = absl::Seconds(300);

Columns CertificateSlotColumns() {
  return {Name("request", "request"),       Field("slot", "slot"),
          Field("topic", "topic"),          Number("missing", "missing_count"),
          Number("open", "open_count"),     Number("price", "price"),
          Number("left open", "open_price")};
}

Columns CertificatePartnerColumns() {
  return {Name("partner", "name"), Number("in hand", "in_hand_count"),
          Number("at most", "maximum_count"), Number("price of the next", "price")};
}

// What room of an expert is worth to the plan: the price open at once, and those by period.
std::string RoomPrices(const CertificateExpert& expert) {
  std::vector<std::string> prices;
  if (expert.open_price() != 0)
    prices.push_back(absl::StrCat("open at once ", expert.open_price()));
  for (const matching::v1::PeriodPrice& one : expert.period_prices()) {
    prices.push_back(absl::StrCat(one.period(), " ", one.price()));
  }
  return absl::StrJoin(prices, ", ");
}

Columns ScarceExpertColumns() {
  return {
      Name("expert", "name"), Name("partner", "partner"),
      Computed<CertificateExpert>("one more saves", [](const CertificateExpert& expert, TextStyle) {
        return RoomPrices(expert);
      })};
}

// How good the plan is, as far as the certificate proves it.
std::string HowGoodText(const Certificate& certificate) {
  if (certificate.cases_size() > 0) {
    return absl::StrCat("no plan is better, proved by ", certificate.cases_size(), " cases");
  }
  const int64_t difference = certificate.objective() - certificate.bound();
  if (difference == 0) return "no plan is better";
  if (certificate.case_count() == 0) {
    return absl::StrCat("a better plan may exist, by no more than ", difference);
  }
  return absl::StrCat("the plan is within ", difference, " of the best; the ",
                      certificate.case_count(),
                      " cases that proved it the best were not recorded, so nobody else can check "
                      "them");
}

// The certificate for people: what it is about, and what is scarce.
absl::Status ShowCertificate(Context& context, const Certificate& certificate) {
  std::ostream& out = context.world().out;
  out << certificate.run() << " of " << certificate.date() << ", policy version "
      << certificate.policy_version() << "\n"
      << certificate.units_size() << " of " << certificate.people_count() << " people placed in "
      << certificate.slots_size() << " slots, of " << certificate.pair_count()
      << " eligible pairs with " << certificate.experts_size() << " experts of "
      << certificate.partners_size() << " partners\n"
      << "objective " << certificate.objective() << ", bound " << certificate.bound() << ": "
      << HowGoodText(certificate) << "\n";
  Printer printer = context.printer();
  out << "\nslots: what one person more would cost, and what leaving one out does\n";
  RETURN_IF_ERROR(printer.List(certificate, "slots", CertificateSlotColumns()));
  out << "\npartners\n";
  RETURN_IF_ERROR(printer.List(certificate, "partners", CertificatePartnerColumns()));
  Certificate scarce;
  for (const CertificateExpert& expert : certificate.experts()) {
    if (!RoomPrices(expert).empty()) *scarce.add_experts() = expert;
  }
  if (scarce.experts_size() > 0) {
    out << "\nexperts of whom more would be used\n";
    RETURN_IF_ERROR(printer.List(scarce, "experts", ScarceExpertColumns()));
  }
  if (certificate.program_price() > 0) {
    out << "\none more of the program's " << certificate.program_room() << " assignments saves "
        << certificate.program_price() << "\n";
  }
  return absl::OkStatus();
}

absl::Status RunCertificate(Context& context, const std::string& name) {
  matching::v1::GetCertificateRequest request;
  RETURN_IF_ERROR(SetField(request, "name", name));
  ASSIGN_OR_RETURN(Client * client, context.client());
  Certificate certificate;
  RETURN_IF_ERROR(client->Stream(&MatchService::Stub::GetCertificate, request,
                                 context.Deadline(kCertificateDeadline),
                                 [&](const Certificate& part) {
                                   certificate.MergeFrom(part);
                                   return true;
                                 }));
  Printer printer = context.printer();
  if (printer.format() == OutputFormat::kTable) return ShowCertificate(context, certificate);
  return printer.List(certificate, "slots", CertificateSlotColumns());
}

}  // namespace

absl::Status ShowRun(Context& context, const SolveRun& run) {
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) return printer.Show(run, RunColumns());
  // What has a table of its own below is left out of the figures.
  SolveRun figures = run;
  figures.clear_changes();
  figures.clear_dropped();
  figures.clear_fairness();
  RETURN_IF_ERROR(printer.Show(figures, RunColumns()));
  std::ostream& out = context.world().out;
  if (IsProvedOptimal(run)) {
    out << "\noptimal: no plan is better\n";
  } else if (run.certified()) {
    out << "\nfeasible, not proved optimal: a better plan may exist, by no more than the objective "
           "is "
           "above the bound\n";
  }
  if (run.changes_size() > 0) {
    out << "\nchanged from the standing proposals, and new\n";
    RETURN_IF_ERROR(printer.List(run, "changes", RunChangeColumns()));
  }
  if (run.dropped_size() > 0) {
    out << "\nnot proposed, since records changed after event " << run.base_sequence()
        << ", of which the plan is; the next run decides\n";
    RETURN_IF_ERROR(printer.List(run, "dropped", DroppedRequestColumns()));
  }
  if (const Fairness unmet = UnmetShares(run.fairness()); unmet.partners_size() > 0) {
    out << "\nminimum shares that are not met, in people\n";
    RETURN_IF_ERROR(printer.List(unmet, "partners", UnmetShareColumns()));
  }
  return ShowFairness(printer, out, run.fairness());
}

void AddRunCommands(CLI::App& app, Context& context) {
  CLI::App& noun =
      context.AddNoun(app, "run", "Runs of the solver: what each proposed, and what it changed");
  auto name = std::make_shared<std::string>();
  auto kind = std::make_shared<std::string>();
  CLI::App& get = context.AddCommand(
      noun, "get",
      "Shows a run: what it changed and why, and how evenly it treats partners and agencies",
      {"critac run get r00000042", "critac run get r00000042 --kind price --output json"},
      [&context, name, kind] { return RunGetRun(context, *name, *kind); });
  get.add_option("NAME", *name, "The run")->required();
  get.add_option("--kind", *kind,
                 "Only changes of this kind: what they are for, as in the column KIND");
  auto followed = std::make_shared<std::string>();
  CLI::App& trend = context.AddCommand(
      noun, "trend", "Shows where the disparities go over twelve runs, and whether it is a trend",
      {"critac run trend", "critac run trend r00000042 --output csv"},
      [&context, followed] { return RunTrend(context, *followed); });
  trend.add_option("NAME", *followed, "The run; not given: the newest");
  auto certified = std::make_shared<std::string>();
  CLI::App& certificate = context.AddCommand(
      noun, "certificate",
      "Shows what proves how good a run's plan is; as JSON all of it, for tests/verify_plan.py",
      {"critac run certificate r00000042",
       "critac run certificate r00000042 --output json --as auditor:ines"},
      [&context, certified] { return RunCertificate(context, *certified); });
  certificate.add_option("NAME", *certified, "The run")->required();
  AddList(noun, context, MethodOf(context, &MatchService::Stub::ListRuns),
          "Lists the runs that were recorded, newest first",
          {"critac run list", "critac run list --limit 5 --output json"}, "runs", RunColumns(), {});
  for (const char* command_name : {"get", "list"}) {
    CLI::App& command = *noun.get_subcommand(command_name);
    command.footer(command.get_footer() + kCertifiedHelp);
  }
}

}  // namespace critac::cli
