#include "services/cli/run_cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/commands.h"
#include "services/cli/context.h"
#include "services/cli/display_width.h"
#include "services/cli/print_error.h"
#include "services/cli/servers.h"
#include "services/cli/up.h"

namespace critac::cli {
namespace {

constexpr char kDescription[] =
    "critac: the command line of a technical-assistance center for law enforcement.\n"
    "Every command takes --help, which shows its options with examples.";

constexpr char kFooter[] =
    "Exit status: 0 done; 1 the center refused; 2 the command line is not right; 3 no center "
    "answered.\n"
    "migrate, backup, restore, move and journal rebuild work on databases, and call no center.\n"
    "Times are UTC.\n"
    "Examples:\n"
    "  critac up\n"
    "  critac sample ./sample && critac import catalog sample/catalog.jsonl --as coordinator:dana\n"
    "  critac request list --state submitted --as coordinator:dana\n"
    "  CRITAC_AS=coordinator:dana critac match rank fy27-000001 --output json";

void AddCommands(CLI::App& app, Context& context) {
  // main runs it, with options of its own; here it only stands in the list.
  context
      .AddCommand(app, "up", kUpDescription,
                  {"critac up", "critac up --data /var/lib/critac --listen 127.0.0.1:7400"},
                  [] { return UsageError("`up` comes first: critac up [OPTION...]"); })
      .fallthrough(false)
      ->prefix_command();
  AddImportCommands(app, context);
  AddSampleCommand(app, context);
  AddAgencyCommands(app, context);
  AddRequestCommands(app, context);
  AddCatalogCommands(app, context);
  AddMatchCommands(app, context);
  AddRunCommands(app, context);
  AddPolicyCommands(app, context);
  AddDemandCommands(app, context);
  AddProposalCommands(app, context);
  AddMeetingCommands(app, context);
  AddOfferCommands(app, context);
  AddEngagementCommands(app, context);
  AddPartnerCommands(app, context);
  AddIdentityCommands(app, context);
  AddSurveyCommands(app, context);
  AddMetricsCommands(app, context);
  AddReportCommands(app, context);
  AddJournalCommands(app, context);
  AddQueueCommands(app, context);
  AddMigrateCommand(app, context);
  AddBackupCommand(app, context);
  AddRestoreCommand(app, context);
  AddMoveCommand(app, context);
}

// The command that an error is about: the deepest one that was named.
const CLI::App& NamedCommand(const CLI::App& app) {
  const CLI::App* named = &app;
  while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
  return *named;
}

// `critac request act` of the command `act`.
std::string PathOf(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name()
                           : absl::StrCat(PathOf(*parent), " ", command.get_name());
}

// What is wrong, in words. A command that there is not shows as an argument left over.
// CLI11 leaves it with the command that was named, or hands it back to the program.
std::string ProblemOf(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  std::vector<std::string> left = command.remaining();
  if (left.empty()) left = app.remaining();
  const bool needs_command = !command.get_subcommands({}).empty();
  if (!needs_command || left.empty() || left.front()[0] == '-') return error.what();
  std::vector<std::string> names;
  for (const CLI::App* each : command.get_subcommands({})) names.push_back(each->get_name());
  return absl::StrCat("\"", left.front(), "\" is no command of ", PathOf(command),
                      "; there are: ", absl::StrJoin(names, ", "));
}

ExitStatus ReportUsage(const CLI::App& app, const CLI::ParseError& error, World& world) {
  const CLI::App& command = NamedCommand(app);
  world.err << "error: " << Printable(ProblemOf(app, command, error)) << "\n"
            << "  hint: see `" << PathOf(command) << " --help`\n";
  return kUsage;
}

std::string HelpOf(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return command.help(parent == nullptr ? "" : PathOf(*parent));
}

// What is typed must be UTF-8, as all text that the center takes.
bool AreUtf8(const std::vector<std::string>& arguments) {
  return std::all_of(arguments.begin(), arguments.end(),
                     [](const std::string& argument) { return IsUtf8(argument); });
}

ExitStatus Finish(const absl::Status& status, World& world) {
  world.out.flush();
  if (status.ok() && !world.out.good()) {
    world.err << "error: the output cannot be written\n";
    return kRefused;
  }
  if (!status.ok() && !IsAlreadyTold(status)) {
    world.err << FormatError(status, ServerOf(status));
  }
  return ExitStatusOf(status);
}

}  // namespace

ExitStatus RunCli(const std::vector<std::string>& arguments, World& world) {
  CLI::App app(kDescription, "critac");
  try {
    if (!AreUtf8(arguments)) {
      world.err << "error: the command line is not UTF-8\n";
      return kUsage;
    }
    Context context(world);
    app.footer(kFooter);
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("critac ") + CRITAC_VERSION);
    context.AddGlobalOptions(app);
    AddCommands(app, context);
    // CLI11 takes the arguments last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return Finish(context.Run(), world);
  } catch (const CLI::CallForHelp&) {
    world.out << HelpOf(NamedCommand(app));
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    world.out << version.what() << "\n";
    return kDone;
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error, world);
  } catch (const std::exception& error) {
    world.err << "error: " << Printable(error.what()) << "\n";
    return kRefused;
  }
}

}  // namespace critac::cli
