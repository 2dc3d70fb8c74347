#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/display_width.h"
#include "services/cli/exit_status.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::Delivery;
using matching::v1::Engagement;
using matching::v1::EngagementService;

Columns EngagementColumns() {
  return {Name("name", "name"),
          Name("request", "request"),
          Field("state", "state"),
          Brief("lead partner", "lead_partner"),
          Computed<Engagement>("experts",
                               [](const Engagement& engagement, TextStyle) {
                                 return absl::StrCat(engagement.assignments_size());
                               }),
          Computed<Engagement>("sought",
                               [](const Engagement& engagement, TextStyle style) {
                                 return absl::StrJoin(engagement.sought_slots(),
                                                      style == TextStyle::kShort ? ", " : ";");
                               }),
          Computed<Engagement>("deliveries",
                               [](const Engagement& engagement, TextStyle) {
                                 return absl::StrCat(engagement.deliveries_size());
                               }),
          Day("agreed", "create_time")};
}

// As it was drawn up last; empty: none was.
const matching::v1::EngagementPlan& LastPlan(const Engagement& engagement) {
  return engagement.plans().empty() ? matching::v1::EngagementPlan::default_instance()
                                    : *engagement.plans().rbegin();
}

struct DeliveryArguments {
  std::string engagement;
  std::string slot;
  std::string delivery_type;
  std::string mode = "on-site";
  std::string date;
  double hours = 0;
  std::string place;
  std::string on_site;
  std::string virtual_count;
  std::string agencies;
  std::vector<std::string> ranks;
  std::vector<std::string> products;
  bool completes_slot = false;
  std::string external_id;
  std::string reason;
};

// Hours are kept in quarters.
absl::StatusOr<int> QuarterHours(double hours) {
  const double quarters = hours * 4;
  const int whole = static_cast<int>(quarters);
  if (whole < 1 || quarters != whole) {
    return UsageError(absl::StrCat("--hours: ", hours,
                                   " is not a number of quarter hours above 0: "
                                   "1.25 is, 1.3 is not"));
  }
  return whole;
}

absl::Status FillDelivery(Context& context, const DeliveryArguments& arguments,
                          Delivery& delivery) {
  delivery.set_slot(arguments.slot);
  RETURN_IF_ERROR(SetField(delivery, "delivery_type", arguments.delivery_type));
  RETURN_IF_ERROR(SetField(delivery, "mode", arguments.mode));
  delivery.set_date(arguments.date.empty() ? FormatDate(DayOf(context.world().clock.Now()))
                                           : arguments.date);
  ASSIGN_OR_RETURN(const int quarter_hours, QuarterHours(arguments.hours));
  delivery.set_quarter_hours(quarter_hours);
  delivery.set_place(arguments.place);
  for (const auto& [path, text] : {std::pair("attendance.on_site", &arguments.on_site),
                                   {"attendance.virtual", &arguments.virtual_count},
                                   {"attendance.agencies_represented", &arguments.agencies}}) {
    if (!text->empty()) RETURN_IF_ERROR(SetField(delivery, path, *text));
  }
  for (const std::string& rank : arguments.ranks) {
    RETURN_IF_ERROR(SetFields(*delivery.mutable_attendance()->add_by_rank(), "--rank", rank));
  }
  for (const std::string& product : arguments.products) delivery.add_products(product);
  delivery.set_completes_slot(arguments.completes_slot);
  delivery.set_external_id(arguments.external_id);
  return absl::OkStatus();
}

absl::Status RunRecord(Context& context, const DeliveryArguments& arguments) {
  matching::v1::RecordDeliveryRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.engagement));
  RETURN_IF_ERROR(FillDelivery(context, arguments, *request.mutable_delivery()));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::RecordDelivery, request));
  return context.printer().Show(engagement, EngagementColumns());
}

struct AmendArguments {
  std::string engagement;
  std::string id;
  // Of the delivery, by field; empty: stays as it is.
  std::map<std::string, std::string> fields;
  std::optional<double> hours;
  std::vector<std::string> ranks;
  std::vector<std::string> products;
  std::string reason;
};

// Changes of a delivery what the arguments say.
absl::Status ChangeDelivery(const AmendArguments& arguments, Delivery& delivery) {
  for (const auto& [path, text] : arguments.fields) {
    if (!text.empty()) RETURN_IF_ERROR(SetField(delivery, path, text));
  }
  if (arguments.hours.has_value()) {
    ASSIGN_OR_RETURN(const int quarter_hours, QuarterHours(*arguments.hours));
    delivery.set_quarter_hours(quarter_hours);
  }
  if (!arguments.ranks.empty()) delivery.mutable_attendance()->clear_by_rank();
  for (const std::string& rank : arguments.ranks) {
    RETURN_IF_ERROR(SetFields(*delivery.mutable_attendance()->add_by_rank(), "--rank", rank));
  }
  if (!arguments.products.empty()) delivery.clear_products();
  for (const std::string& product : arguments.products) delivery.add_products(product);
  return absl::OkStatus();
}

// Reads the delivery first, so that all stays that is not changed.
absl::Status RunAmend(Context& context, const AmendArguments& arguments) {
  matching::v1::GetEngagementRequest get;
  RETURN_IF_ERROR(SetField(get, "name", arguments.engagement));
  ASSIGN_OR_RETURN(const Engagement before,
                   context.Call(&EngagementService::Stub::GetEngagement, get));
  const auto& deliveries = before.deliveries();
  const auto found = std::find_if(deliveries.begin(), deliveries.end(),
                                  [&](const Delivery& one) { return one.id() == arguments.id; });
  if (found == deliveries.end()) {
    return UsageError(absl::StrCat(
        "DELIVERY: \"", arguments.id, "\" is none of ", before.name(), ", which has ",
        deliveries.empty()
            ? "none"
            : absl::StrJoin(deliveries, ", ",
                            [](std::string* out, const Delivery& one) { *out += one.id(); })));
  }
  matching::v1::AmendDeliveryRequest request;
  request.set_name(get.name());
  request.set_delivery_id(arguments.id);
  *request.mutable_delivery() = *found;
  RETURN_IF_ERROR(ChangeDelivery(arguments, *request.mutable_delivery()));
  request.set_reason(arguments.reason);
  request.set_etag(before.etag());
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::AmendDelivery, request));
  return context.printer().Show(engagement, EngagementColumns());
}

void AddAmend(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<AmendArguments>();
  CLI::App& amend = context.AddCommand(
      noun, "amend", "Corrects a delivery, or adds to it; what is not said stays as it is",
      {"critac delivery amend en-5t8w d1 --on-site 31 --reason 'the list of those present came "
       "late'",
       "critac delivery amend en-5t8w d2 --date 2026-11-19 --hours 6.5 --reason 'a slip of the "
       "pen'"},
      [&context, arguments] { return RunAmend(context, *arguments); });
  amend.add_option("ENGAGEMENT", arguments->engagement, "The engagement")->required();
  amend
      .add_option("DELIVERY", arguments->id,
                  "Which of its deliveries: d1, as `engagement get` lists them")
      ->required();
  const auto add = [&](const char* flag, const char* path, const char* help) {
    amend.add_option(flag, arguments->fields[path], help);
  };
  add("--slot", "slot", "Slot it serves");
  add("--type", "delivery_type", "Delivery type");
  add("--mode", "mode", "on-site or virtual");
  add("--date", "date", "Day it took place");
  amend.add_option("--hours", arguments->hours, "Hours, in quarters");
  add("--place", "place", "Where");
  add("--on-site", "attendance.on_site", "People who took part on site");
  add("--virtual", "attendance.virtual", "People who took part by wire");
  add("--agencies", "attendance.agencies_represented", "Agencies they came from");
  AddRepeated(amend, "--rank", arguments->ranks,
              "Those of a rank, in the place of all: rank=executive, command, supervisor, line, "
              "civilian or community, people=N");
  AddRepeated(amend, "--product", arguments->products, "Product left behind, in the place of all");
  add("--completes-slot", "completes_slot",
      "Whether it was the last delivery of its slot: true or false");
  add("--external-id", "external_id", "Id in another system, SYSTEM:ID");
  amend.add_option("--reason", arguments->reason, "Why")->required();
  context.AddRequestId(amend);
}

absl::Status RunWaive(Context& context, const DeliveryArguments& arguments) {
  matching::v1::WaiveSlotRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.engagement));
  request.set_slot(arguments.slot);
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::WaiveSlot, request));
  return context.printer().Show(engagement, EngagementColumns());
}

struct ReleaseArguments {
  std::string engagement;
  std::string slot;
  std::string expert;
  std::string code;
  std::string reason;
};

absl::Status RunRelease(Context& context, const ReleaseArguments& arguments) {
  matching::v1::ReleaseExpertRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.engagement));
  request.set_slot(arguments.slot);
  RETURN_IF_ERROR(SetField(request, "expert", arguments.expert));
  RETURN_IF_ERROR(SetField(request, "code", arguments.code));
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::ReleaseExpert, request));
  return context.printer().Show(engagement, EngagementColumns());
}

void AddRelease(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<ReleaseArguments>();
  CLI::App& release = context.AddCommand(
      noun, "release",
      "Says that an expert is lost; another is sought, and the rest of the team is kept",
      {"critac engagement release en-5t8w --slot s1 --expert e012 --code left --reason 'retired'"},
      [&context, arguments] { return RunRelease(context, *arguments); });
  release.add_option("ENGAGEMENT", arguments->engagement, "The engagement")->required();
  release.add_option("--slot", arguments->slot, "The slot")->required();
  release.add_option("--expert", arguments->expert, "The expert, not proposed for it again")
      ->required();
  release
      .add_option("--code", arguments->code, "not-available, conflict, left, agency-asked or other")
      ->required();
  release.add_option("--reason", arguments->reason, "In words");
  context.AddRequestId(release);
}

struct PlanArguments {
  std::string engagement;
  std::vector<std::string> objectives;
  std::vector<std::string> milestones;
  std::string etag;
  std::string milestone;
  std::string date;
};

Columns PlanColumns() {
  return {Name("engagement", "name"), Field("state", "state"),
          Computed<Engagement>("plan version",
                               [](const Engagement& engagement, TextStyle) {
                                 return absl::StrCat(engagement.plans_size());
                               }),
          Computed<Engagement>("objectives",
                               [](const Engagement& engagement, TextStyle) {
                                 return absl::StrCat(LastPlan(engagement).objectives_size());
                               }),
          Computed<Engagement>("milestones reached", [](const Engagement& engagement, TextStyle) {
            const auto& milestones = LastPlan(engagement).milestones();
            const auto reached =
                std::count_if(milestones.begin(), milestones.end(),
                              [](const auto& one) { return !one.reached_date().empty(); });
            return absl::StrCat(reached, " of ", milestones.size());
          })};
}

Columns MilestoneColumns() {
  return {Field("id", "id"), Field("due", "due_date"), Field("slot", "slot"),
          Field("reached", "reached_date"), Field("title", "title")};
}

Columns DeliveryColumns() {
  return {Name("id", "id"),
          Field("slot", "slot"),
          Brief("type", "delivery_type"),
          Field("mode", "mode"),
          Day("date", "date"),
          Computed<Delivery>("hours",
                             [](const Delivery& delivery, TextStyle) {
                               return absl::StrCat(delivery.quarter_hours() / 4.0);
                             }),
          Field("on site", "attendance.on_site"),
          Field("virtual", "attendance.virtual"),
          Field("completes slot", "completes_slot")};
}

Columns AmendmentColumns() {
  return {Field("delivery", "delivery"), Field("by", "actor"), Day("on", "amend_time"),
          Field("reason", "reason")};
}

// For people, what was delivered in an engagement, and who corrected it.
absl::Status ListDeliveries(Context& context, const Engagement& engagement) {
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) return absl::OkStatus();
  if (!engagement.deliveries().empty()) {
    context.world().out << "\ndeliveries\n";
    RETURN_IF_ERROR(printer.List(engagement, "deliveries", DeliveryColumns()));
  }
  if (engagement.amendments().empty()) return absl::OkStatus();
  context.world().out << "\ncorrections of deliveries\n";
  return printer.List(engagement, "amendments", AmendmentColumns());
}

// Where a plan comes from: `plan 2, drawn up by coordinator:dana on 2026-11-20`.
std::string OriginOf(const matching::v1::EngagementPlan& plan) {
  std::string origin = absl::StrCat("plan ", plan.version());
  if (!plan.drawn_up_by().empty() || plan.has_draw_up_time()) origin += ", drawn up";
  if (!plan.drawn_up_by().empty()) absl::StrAppend(&origin, " by ", plan.drawn_up_by());
  if (plan.has_draw_up_time()) {
    const absl::Time time = absl::FromUnixSeconds(plan.draw_up_time().seconds());
    absl::StrAppend(&origin, " on ", FormatDate(DayOf(time)));
  }
  return origin;
}

// An engagement, and for people its plan beside it; of a past one, also that none is on file.
absl::Status ShowWithPlan(Context& context, const Engagement& engagement, const Columns& columns) {
  Printer printer = context.printer();
  RETURN_IF_ERROR(printer.Show(engagement, columns));
  if (printer.format() != OutputFormat::kTable) return absl::OkStatus();
  std::ostream& out = context.world().out;
  if (engagement.plans().empty()) {
    if (!engagement.external_id().empty()) out << "\nno plan is on file: imported without one\n";
    return absl::OkStatus();
  }
  const auto& plan = LastPlan(engagement);
  out << "\n" << Printable(OriginOf(plan)) << "\n";
  for (const std::string& objective : plan.objectives()) {
    out << "  - " << Printable(objective) << "\n";
  }
  if (plan.milestones().empty()) return absl::OkStatus();
  out << "\nmilestones of plan " << plan.version() << "\n";
  return printer.List(plan, "milestones", MilestoneColumns());
}

absl::Status RunGetEngagement(Context& context, const std::string& name) {
  matching::v1::GetEngagementRequest request;
  RETURN_IF_ERROR(SetField(request, "name", name));
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::GetEngagement, request));
  RETURN_IF_ERROR(ShowWithPlan(context, engagement, EngagementColumns()));
  return ListDeliveries(context, engagement);
}

// Reads `due=DAY,slot=ID,title=TEXT`; the title is the rest of it, with its commas.
absl::Status ReadMilestone(const std::string& text, matching::v1::Milestone& milestone) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(",title=", 1));
  milestone.set_title(std::string(parts.second));
  return SetFields(milestone, "--milestone",
                   absl::StrReplaceAll(parts.first, {{"due=", "due_date="}}));
}

absl::Status RunDrawUp(Context& context, const PlanArguments& arguments) {
  matching::v1::DrawUpPlanRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.engagement));
  for (const std::string& objective : arguments.objectives) {
    request.mutable_plan()->add_objectives(objective);
  }
  for (const std::string& milestone : arguments.milestones) {
    RETURN_IF_ERROR(ReadMilestone(milestone, *request.mutable_plan()->add_milestones()));
  }
  request.set_etag(arguments.etag);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::DrawUpPlan, request));
  return ShowWithPlan(context, engagement, PlanColumns());
}

absl::Status RunReach(Context& context, const PlanArguments& arguments) {
  matching::v1::ReachMilestoneRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.engagement));
  request.set_milestone(arguments.milestone);
  request.set_date(arguments.date);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Engagement engagement,
                   context.Call(&EngagementService::Stub::ReachMilestone, request));
  return ShowWithPlan(context, engagement, PlanColumns());
}

void AddPlanCommands(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<PlanArguments>();
  CLI::App& plan = context.AddCommand(
      noun, "plan", "Draws up the plan: a new version, for both to approve",
      {"critac engagement plan en-5t8w --objective 'a policy on foot pursuits' --milestone "
       "'due=2027-01-15,slot=s1,title=The draft is with the chief, and with counsel'",
       "critac request act fy27-000001 approve-plan --plan-version 1 --as program-manager:morgan"},
      [&context, arguments] { return RunDrawUp(context, *arguments); });
  plan.add_option("ENGAGEMENT", arguments->engagement, "The engagement")->required();
  AddRepeated(plan, "--objective", arguments->objectives, "What the agency is to have afterwards");
  AddRepeated(plan, "--milestone", arguments->milestones,
              "Step on the way: due=DAY,slot=ID,title=TEXT, the title last");
  plan.add_option("--etag", arguments->etag, "Etag that it is based on (default: the current one)");
  context.AddRequestId(plan);

  CLI::App& reach =
      context.AddCommand(noun, "milestone", "Says that a milestone of the plan in force is reached",
                         {"critac engagement milestone en-5t8w m1 --date 2027-01-12"},
                         [&context, arguments] { return RunReach(context, *arguments); });
  reach.add_option("ENGAGEMENT", arguments->engagement, "The engagement")->required();
  reach.add_option("MILESTONE", arguments->milestone, "The milestone")->required();
  reach.add_option("--date", arguments->date, "Day on which it was reached (default: today)");
  context.AddRequestId(reach);
}

void AddDeliveryCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "delivery", "Sessions and products of an engagement");
  auto arguments = std::make_shared<DeliveryArguments>();
  CLI::App& record = context.AddCommand(
      noun, "record", "Records a delivery: one session or product",
      {"critac delivery record en-5t8w --slot s1 --type in-person-training --hours 8 --on-site 34 "
       "--agencies 3 --completes-slot",
       "critac delivery record en-5t8w --slot s2 --type policy-review --mode virtual --hours 12.5 "
       "--product 'policy review memorandum' --completes-slot"},
      [&context, arguments] { return RunRecord(context, *arguments); });
  record.add_option("ENGAGEMENT", arguments->engagement, "The engagement")->required();
  record.add_option("--slot", arguments->slot, "Slot it serves")->required();
  record.add_option("--type", arguments->delivery_type, "Delivery type")->required();
  record.add_option("--mode", arguments->mode, "on-site or virtual")->capture_default_str();
  record.add_option("--date", arguments->date, "Day it took place (default: today)");
  record.add_option("--hours", arguments->hours, "Hours, in quarters")->required();
  record.add_option("--place", arguments->place, "Where");
  record.add_option("--on-site", arguments->on_site, "People who took part on site");
  record.add_option("--virtual", arguments->virtual_count, "People who took part by wire");
  record.add_option("--agencies", arguments->agencies, "Agencies they came from");
  AddRepeated(record, "--rank", arguments->ranks,
              "Those of a rank: rank=executive, command, supervisor, line, civilian or community, "
              "people=N");
  AddRepeated(record, "--product", arguments->products, "Product left behind");
  record.add_flag("--completes-slot", arguments->completes_slot, "The last delivery of its slot");
  record.add_option("--external-id", arguments->external_id, "Id in another system, SYSTEM:ID");
  context.AddRequestId(record);

  AddAmend(noun, context);

  CLI::App& waive = context.AddCommand(
      noun, "waive", "Says that a slot will not be delivered",
      {"critac delivery waive en-5t8w --slot s2 --reason 'the agency found its own trainer'"},
      [&context, arguments] { return RunWaive(context, *arguments); });
  waive.add_option("ENGAGEMENT", arguments->engagement, "The engagement")->required();
  waive.add_option("--slot", arguments->slot, "The slot")->required();
  waive.add_option("--reason", arguments->reason, "Why")->required();
  context.AddRequestId(waive);
}

}  // namespace

void AddEngagementCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "engagement", "Matched requests being carried out");
  auto shown = std::make_shared<std::string>();
  CLI::App& get =
      context.AddCommand(noun, "get", "Shows an engagement with its deliveries, and its plan",
                         {"critac engagement get en-5t8w"},
                         [&context, shown] { return RunGetEngagement(context, *shown); });
  get.add_option("NAME", *shown, "Its name; the collection before the / may be left out")
      ->required();
  AddList(
      noun, context, MethodOf(context, &EngagementService::Stub::ListEngagements),
      "Lists engagements, newest first",
      {"critac engagement list --state in-delivery",
       "critac engagement list --request fy27-000001"},
      "engagements", EngagementColumns(),
      {{"--request", "request", "Only this request's", nullptr, "requests"},
       {"--state", "state", "Only those in this state", matching::v1::EngagementState_descriptor()},
       {"--lead-partner", "lead_partner", "Only those this partner leads", nullptr, "partners"},
       {"--incomplete", "incomplete",
        "true: only those that lost an expert for whom another is sought; false: only the "
        "others"}});
  AddPlanCommands(noun, context);
  AddRelease(noun, context);
  AddDeliveryCommands(app, context);
}

}  // namespace critac::cli
