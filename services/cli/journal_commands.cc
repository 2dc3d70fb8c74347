#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/exit_status.h"
#include "services/cli/servers.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;
using journal::v1::Event;
using journal::v1::GetHeadResponse;
using journal::v1::JournalService;
using journal::v1::ReadEventsResponse;
using journal::v1::VerifyChainResponse;

constexpr absl::Duration kVerifyDeadline = absl::Hours(1);
constexpr absl::Duration kReadDeadline = absl::Hours(24);

// `RequestTransitioned` of `critac.intake.v1.RequestTransitioned`.
std::string BriefType(const Event& event, TextStyle style) {
  if (style == TextStyle::kFull) return event.type();
  return event.type().substr(event.type().rfind('.') + 1);
}

Columns EventColumns(bool payload) {
  Columns columns = {Number("sequence", "sequence"), Name("recorded", "record_time"),
                     Field("actor", "actor"), Computed<Event>("type", BriefType),
                     Name("subject", "subject")};
  if (payload) columns.push_back(Name("payload", "payload"));
  columns.push_back(Computed<Event>("hash", [](const Event& event, TextStyle style) {
    return style == TextStyle::kFull ? event.hash() : event.hash().substr(0, 12);
  }));
  return columns;
}

// --- Show ---------------------------------------------------------------------------------------

struct ShowArguments {
  std::string journal;
  int64_t from = 0;
  int64_t limit = 20;
  bool all = false;
  std::vector<std::string> types;
  std::string subject;
  bool payload = false;
  bool follow = false;
};

// Prints events as they come: JSON as one document, a line an event; where the stream does not end,
// the lines alone.
class EventPrinter {
 public:
  EventPrinter(Context& context, const ShowArguments& arguments)
      : context_(context), arguments_(arguments) {}

  absl::Status Print(const ReadEventsResponse& batch) {
    if (context_.printer().format() == OutputFormat::kJson) return PrintJson(batch);
    std::vector<const Message*> rows;
    for (const Event& event : batch.events()) rows.push_back(&event);
    if (rows.empty()) return absl::OkStatus();
    const bool first = printed_ == 0;
    printed_ += static_cast<int64_t>(rows.size());
    const Columns columns = EventColumns(arguments_.payload);
    return first ? context_.printer().Rows(rows, columns)
                 : context_.printer().MoreRows(rows, columns);
  }

  void End() {
    if (context_.printer().format() != OutputFormat::kJson || arguments_.follow) return;
    context_.world().out << (printed_ == 0 ? "{\"events\":[" : "\n") << "]}\n";
  }

 private:
  absl::Status PrintJson(const ReadEventsResponse& batch) {
    std::ostream& out = context_.world().out;
    for (const Event& event : batch.events()) {
      ASSIGN_OR_RETURN(const std::string json, JsonLine(event));
      if (!arguments_.follow) out << (printed_ == 0 ? "{\"events\":[\n" : ",\n");
      out << json;
      if (arguments_.follow) out << "\n" << std::flush;
      ++printed_;
    }
    return absl::OkStatus();
  }

  Context& context_;
  const ShowArguments& arguments_;
  int64_t printed_ = 0;
};

// Where to begin when nobody says: so that the last events are seen.
absl::StatusOr<int64_t> BeginNearHead(Context& context, const ShowArguments& arguments) {
  journal::v1::GetHeadRequest request;
  request.set_journal(arguments.journal);
  ASSIGN_OR_RETURN(const GetHeadResponse head,
                   context.Call(&JournalService::Stub::GetHead, request));
  return std::max<int64_t>(1, head.sequence() - arguments.limit + 1);
}

absl::Status RunShow(Context& context, const ShowArguments& arguments) {
  journal::v1::ReadEventsRequest request;
  request.set_journal(arguments.journal);
  request.set_from_sequence(arguments.from);
  const bool filtered = !arguments.types.empty() || !arguments.subject.empty();
  if (arguments.from == 0 && !arguments.all && !filtered) {
    ASSIGN_OR_RETURN(const int64_t from, BeginNearHead(context, arguments));
    request.set_from_sequence(from);
  }
  for (const std::string& type : arguments.types) request.add_types(type);
  request.set_subject(arguments.subject);
  request.set_follow(arguments.follow);
  if (!arguments.all && !arguments.follow) request.set_max_events(arguments.limit);

  ASSIGN_OR_RETURN(Client * client, context.client());
  EventPrinter printer(context, arguments);
  absl::Status printed;
  RETURN_IF_ERROR(client->Stream(&JournalService::Stub::ReadEvents, request,
                                 context.Deadline(kReadDeadline),
                                 [&](const ReadEventsResponse& batch) {
                                   printed = printer.Print(batch);
                                   return printed.ok() && context.world().out.good();
                                 }));
  RETURN_IF_ERROR(printed);
  printer.End();
  return absl::OkStatus();
}

void AddShow(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App& command = context.AddCommand(
      noun, "show", "Shows events of a journal: the last ones, or from a place on",
      {"critac journal show intake --as auditor:ines",
       "critac journal show matching --from 1 --all --output json --as auditor:ines",
       "critac journal show intake --subject requests/fy27-000001 --payload --as auditor:ines",
       "critac journal show intake --follow --as auditor:ines"},
      [&context, arguments] { return RunShow(context, *arguments); });
  command.add_option("JOURNAL", arguments->journal, "intake, matching or metrics")->required();
  command.add_option("--from", arguments->from, "First event wanted, by its sequence")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 62).description(""));
  command.add_option("--limit", arguments->limit, "Most events shown")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 62).description(""))
      ->capture_default_str();
  command.add_flag("--all", arguments->all, "Show all of them");
  AddRepeated(command, "--type", arguments->types,
              "Only events of this type, by its full name: critac.intake.v1.RequestTransitioned");
  command.add_option("--subject", arguments->subject, "Only events of this resource");
  command.add_flag("--payload", arguments->payload, "Show the payload as it is stored and hashed");
  command.add_flag("--follow", arguments->follow, "Go on with what is recorded later");
}

// --- Head and verify ----------------------------------------------------------------------------

absl::Status RunHead(Context& context, const std::vector<std::string>& journals) {
  std::vector<GetHeadResponse> heads;
  for (const std::string& journal : journals.empty() ? AllJournals() : journals) {
    journal::v1::GetHeadRequest request;
    request.set_journal(journal);
    ASSIGN_OR_RETURN(heads.emplace_back(), context.Call(&JournalService::Stub::GetHead, request));
  }
  std::vector<const Message*> rows;
  for (const GetHeadResponse& head : heads) rows.push_back(&head);
  return context.printer().Documents(rows, "heads",
                                     {Name("journal", "journal"), Number("sequence", "sequence"),
                                      Name("recorded", "record_time"), Name("hash", "hash")});
}

absl::Status RunVerify(Context& context, const std::vector<std::string>& journals) {
  std::vector<VerifyChainResponse> results;
  bool intact = true;
  for (const std::string& journal : journals.empty() ? AllJournals() : journals) {
    journal::v1::VerifyChainRequest request;
    request.set_journal(journal);
    ASSIGN_OR_RETURN(results.emplace_back(),
                     context.Call(&JournalService::Stub::VerifyChain, request, kVerifyDeadline));
    intact = intact && results.back().intact();
  }
  std::vector<const Message*> rows;
  for (const VerifyChainResponse& result : results) rows.push_back(&result);
  Column broken_at =
      Computed<VerifyChainResponse>("breaks at", [](const VerifyChainResponse& result, TextStyle) {
        return result.intact() ? std::string() : absl::StrCat(result.broken_sequence());
      });
  RETURN_IF_ERROR(context.printer().Documents(
      rows, "journals",
      {Name("journal", "journal"), Field("intact", "intact"), Number("events", "event_count"),
       Name("head hash", "head_hash"), std::move(broken_at), Field("problem", "problem")}));
  return intact ? absl::OkStatus() : AlreadyTold();
}

void AddOfAll(CLI::App& noun, Context& context, const std::string& name,
              const std::string& description,
              absl::Status (*run)(Context&, const std::vector<std::string>&)) {
  auto journals = std::make_shared<std::vector<std::string>>();
  CLI::App& command = context.AddCommand(
      noun, name, description,
      {absl::StrCat("critac journal ", name, " --as auditor:ines"),
       absl::StrCat("critac journal ", name, " intake --output json --as auditor:ines")},
      [&context, journals, run] { return run(context, *journals); });
  command.add_option("JOURNAL", *journals, "intake, matching, metrics (default: all three)");
}

}  // namespace

void AddJournalCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "journal", "The audit trail");
  AddShow(noun, context);
  AddOfAll(noun, context, "verify",
           "Recomputes every hash; exits with 1 where a chain is broken, and says where",
           RunVerify);
  AddOfAll(noun, context, "head", "Shows the last event's position and hash", RunHead);
  AddRebuildCommand(noun, context);
}

}  // namespace critac::cli
