#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/meeting.grpc.pb.h"
#include "services/cli/assignment_option.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/meeting_text.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using intake::v1::AgencyService;
using intake::v1::RequestService;
using matching::v1::Meeting;
using matching::v1::MeetingItem;
using matching::v1::MeetingService;

// Columns of a page, where the output is no terminal.
constexpr int kPageWidth = 100;

// A meeting is solved for when it is called.
constexpr absl::Duration kCallDeadline = absl::Seconds(300);
// What a request is called is worth no more waiting: the meeting is printed without it.
constexpr absl::Duration kTitleDeadline = absl::Seconds(5);

Columns MeetingColumns() {
  return {
      Name("name", "name"),
      Day("date", "date"),
      Field("title", "title"),
      Field("state", "state"),
      Computed<Meeting>("requests", [](const Meeting& meeting,
                                       TextStyle) { return absl::StrCat(meeting.items_size()); }),
      Computed<Meeting>("decided", [](const Meeting& meeting, TextStyle) {
        int decided = 0;
        for (const auto& item : meeting.items()) decided += item.has_decision() ? 1 : 0;
        return absl::StrCat(decided);
      })};
}

// What intake tells whoever calls of the requests and agencies of a meeting. One that is not there for the caller has
// no title; any other error ends the asking, as the rest would meet it too: a partner may read neither, and the
// meeting can be read all the same.
MeetingTitles TitlesOf(Context& context, const Meeting& meeting) {
  MeetingTitles titles;
  const auto is_answer = [](const absl::Status&) { return true; };
  const auto ask = [&](auto method, auto request, const std::string& name) {
    request.set_name(name);
    return context.Call(method, request, kTitleDeadline, is_answer);
  };
  for (const MeetingItem& item : meeting.items()) {
    const auto request =
        ask(&RequestService::Stub::GetRequest, intake::v1::GetRequestRequest(), item.request());
    if (!request.ok() && !absl::IsNotFound(request.status())) break;
    if (request.ok()) titles.requests[item.request()] = request->title();
  }
  for (const MeetingItem& item : meeting.items()) {
    const std::string& name = item.agency().agency();
    if (name.empty() || titles.agencies.contains(name)) continue;
    const auto agency = ask(&AgencyService::Stub::GetAgency, intake::v1::GetAgencyRequest(), name);
    if (!agency.ok() && !absl::IsNotFound(agency.status())) break;
    if (agency.ok()) titles.agencies[name] = agency->display_name();
  }
  return titles;
}

// The whole of it for people, one line for CSV, the message for JSON.
absl::Status ShowMeeting(Context& context, const Meeting& meeting) {
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) return printer.Show(meeting, MeetingColumns());
  const int width = context.world().out_width;
  context.world().out << MeetingText(meeting, width == 0 ? kPageWidth : width,
                                     TitlesOf(context, meeting));
  return absl::OkStatus();
}

// One of its requests, after something was said of it.
absl::Status ShowItem(Context& context, const MeetingItem& item) {
  Printer printer = context.printer();
  if (printer.format() != OutputFormat::kTable) {
    return printer.Show(item, {Name("request", "request"), Field("decision", "decision.kind")});
  }
  const int width = context.world().out_width;
  context.world().out << MeetingItemText(item, 1, width == 0 ? kPageWidth : width);
  return absl::OkStatus();
}

struct CallArguments {
  std::vector<std::string> requests;
  std::string title;
  std::string date;
  int alternates = 3;
};

absl::Status RunCall(Context& context, const CallArguments& arguments) {
  if (!arguments.date.empty() && !ParseDate(arguments.date).has_value()) {
    return UsageError(absl::StrCat("--date: \"", arguments.date, "\" is not a day as 2026-12-03"));
  }
  matching::v1::CallMeetingRequest request;
  request.set_title(arguments.title);
  request.set_date(arguments.date);
  request.set_alternates(arguments.alternates);
  RETURN_IF_ERROR(SetField(request, "requests", absl::StrJoin(arguments.requests, ";")));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Meeting meeting,
                   context.Call(&MeetingService::Stub::CallMeeting, request, kCallDeadline));
  return ShowMeeting(context, meeting);
}

struct ItemArguments {
  std::string name;
  std::string request;
  std::string slot = "s1";
  std::string expert;
  std::string choice;
  std::string text;
  std::vector<std::string> assignments;
};

absl::Status RunShow(Context& context, const ItemArguments& arguments) {
  matching::v1::GetMeetingRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  ASSIGN_OR_RETURN(const Meeting meeting, context.Call(&MeetingService::Stub::GetMeeting, request));
  return ShowMeeting(context, meeting);
}

absl::Status RunNote(Context& context, const ItemArguments& arguments) {
  matching::v1::AddNoteRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  RETURN_IF_ERROR(SetField(request, "request", arguments.request));
  request.set_text(arguments.text);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const MeetingItem item, context.Call(&MeetingService::Stub::AddNote, request));
  return ShowItem(context, item);
}

absl::Status RunVote(Context& context, const ItemArguments& arguments) {
  matching::v1::CastVoteRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  RETURN_IF_ERROR(SetField(request, "request", arguments.request));
  request.set_slot(arguments.slot);
  RETURN_IF_ERROR(SetField(request, "expert", arguments.expert));
  RETURN_IF_ERROR(SetField(request, "choice", arguments.choice));
  request.set_reason(arguments.text);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const MeetingItem item, context.Call(&MeetingService::Stub::CastVote, request));
  return ShowItem(context, item);
}

// Whether what is typed goes with the decision, in the words of the command line.
absl::Status CheckDecisionArguments(matching::v1::ItemDecisionKind kind,
                                    const ItemArguments& arguments) {
  const bool overrides = kind == matching::v1::ITEM_DECISION_KIND_OVERRIDDEN;
  if (overrides && arguments.assignments.empty()) {
    return UsageError("--assign is missing: say who serves instead, for example --assign s1=e034");
  }
  if (!overrides && !arguments.assignments.empty()) {
    return UsageError(
        "--assign is for overridden only: it puts others in the place of those "
        "proposed");
  }
  if (kind != matching::v1::ITEM_DECISION_KIND_APPROVED && arguments.text.empty()) {
    return UsageError("--reason is missing: only approved takes none");
  }
  return absl::OkStatus();
}

absl::Status RunDecide(Context& context, const ItemArguments& arguments) {
  matching::v1::DecideItemRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  RETURN_IF_ERROR(SetField(request, "request", arguments.request));
  RETURN_IF_ERROR(SetField(request, "kind", arguments.choice));
  RETURN_IF_ERROR(CheckDecisionArguments(request.kind(), arguments));
  RETURN_IF_ERROR(ReadAssignments(arguments.assignments, *request.mutable_assignments()));
  request.set_reason(arguments.text);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const MeetingItem item,
                   context.Call(&MeetingService::Stub::DecideItem, request));
  return ShowItem(context, item);
}

absl::Status RunClose(Context& context, const ItemArguments& arguments) {
  matching::v1::CloseMeetingRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Meeting meeting,
                   context.Call(&MeetingService::Stub::CloseMeeting, request));
  return ShowMeeting(context, meeting);
}

void AddCall(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<CallArguments>();
  CLI::App& command = context.AddCommand(
      noun, "call", "Calls a meeting, with the shortlist as the plan has it now",
      {"critac meeting call",
       "critac meeting call --request fy27-000001 --request fy27-000004 --date 2026-12-03 "
       "--alternates 5"},
      [&context, arguments] { return RunCall(context, *arguments); });
  AddRepeated(
      command, "--request", arguments->requests,
      "A request to meet about; may be repeated (default: all for which somebody is missing)");
  command.add_option("--title", arguments->title, "Title (default: Coalition meeting of DATE)");
  command.add_option("--date", arguments->date, "Day on which it takes place (default: today)");
  command.add_option("--alternates", arguments->alternates, "Alternates shown of each slot")
      ->check(CLI::Range(1, 20).description(""))
      ->capture_default_str();
  context.AddRequestId(command);
}

// A command on a meeting, with its name as the first argument.
CLI::App& AddOnMeeting(CLI::App& noun, Context& context, const std::string& name,
                       const std::string& description, const std::vector<std::string>& examples,
                       const std::shared_ptr<ItemArguments>& arguments,
                       absl::Status (*run)(Context&, const ItemArguments&)) {
  CLI::App& command =
      context.AddCommand(noun, name, description, examples,
                         [&context, arguments, run] { return run(context, *arguments); });
  command.add_option("MEETING", arguments->name, "The meeting")->required();
  return command;
}

void AddNoteAndVote(CLI::App& noun, Context& context) {
  auto remark = std::make_shared<ItemArguments>();
  CLI::App& note = AddOnMeeting(
      noun, context, "note", "Makes a note on a request",
      {"critac meeting note m00000012 fy27-000001 'the chief would rather have somebody near'"},
      remark, RunNote);
  note.add_option("REQUEST", remark->request, "The request")->required();
  note.add_option("TEXT", remark->text, "The note")->required();
  context.AddRequestId(note);

  auto vote = std::make_shared<ItemArguments>();
  CLI::App& cast = AddOnMeeting(
      noun, context, "vote",
      "Says what a partner, who votes itself, thinks of a candidate; again, to think otherwise",
      {"critac meeting vote m00000012 fy27-000001 e012 for --as partner:partners/iacp",
       "critac meeting vote m00000012 fy27-000001 e034 against --slot s2 --reason 'away in May' "
       "--as partner:partners/nsa"},
      vote, RunVote);
  cast.add_option("REQUEST", vote->request, "The request")->required();
  cast.add_option("EXPERT", vote->expert, "The candidate, by the id beside the name")->required();
  cast.add_option("CHOICE", vote->choice, "for, against or abstain")->required();
  cast.add_option("--slot", vote->slot, "The slot of whose shortlist the candidate is")
      ->capture_default_str();
  cast.add_option("--reason", vote->text, "Why");
  context.AddRequestId(cast);
}

}  // namespace

void AddMeetingCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "meeting", "The coalition's meeting over open requests");
  AddCall(noun, context);
  auto shown = std::make_shared<ItemArguments>();
  AddOnMeeting(
      noun, context, "get",
      "Shows a meeting: shortlist with names, votes, notes, decisions; for the printer, too",
      {"critac meeting get m00000012", "critac meeting get m00000012 > meeting.txt",
       "critac meeting get m00000012 --as partner:partners/iacp"},
      shown, RunShow);
  AddList(
      noun, context, MethodOf(context, &MeetingService::Stub::ListMeetings),
      "Lists meetings, newest first",
      {"critac meeting list --state open",
       "critac meeting list --filter 'date >= 2026-12-01' --output json"},
      "meetings", MeetingColumns(),
      {{"--state", "state", "Only those in this state", matching::v1::MeetingState_descriptor()}});
  AddNoteAndVote(noun, context);

  auto decision = std::make_shared<ItemArguments>();
  CLI::App& decide = AddOnMeeting(
      noun, context, "decide", "Records the decision on a request and carries it out",
      {"critac meeting decide m00000012 fy27-000001 approved",
       "critac meeting decide m00000012 fy27-000004 overridden --assign s1=e034 --reason 'served "
       "in a tribal agency'",
       "critac meeting decide m00000012 fy27-000005 overridden --assign s1=e034 --assign s2=e012 "
       "--reason 'asked for by the chief'",
       "critac meeting decide m00000012 fy27-000007 deferred --reason 'the scope is not clear'"},
      decision, RunDecide);
  decide.add_option("REQUEST", decision->request, "The request")->required();
  decide.add_option("DECISION", decision->choice, "approved, overridden or deferred")->required();
  AddRepeated(
      decide, "--assign", decision->assignments,
      "SLOT=EXPERT who serves instead; with overridden, and there required; may be repeated");
  decide.add_option("--reason", decision->text, "Why; required unless it is approved");
  context.AddRequestId(decide);

  auto ended = std::make_shared<ItemArguments>();
  CLI::App& close =
      AddOnMeeting(noun, context, "close", "Ends a meeting; what is not decided is left for later",
                   {"critac meeting close m00000012"}, ended, RunClose);
  context.AddRequestId(close);
}

}  // namespace critac::cli
