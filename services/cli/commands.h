#ifndef SERVICES_CLI_COMMANDS_H_
#define SERVICES_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "services/cli/context.h"

namespace critac::cli {

// Each adds a noun's commands to the program. What they need when they run they keep in `context`.

void AddImportCommands(CLI::App& app, Context& context);
void AddSampleCommand(CLI::App& app, Context& context);

void AddAgencyCommands(CLI::App& app, Context& context);
void AddCatalogCommands(CLI::App& app, Context& context);
void AddRequestCommands(CLI::App& app, Context& context);

void AddPartnerCommands(CLI::App& app, Context& context);
void AddIdentityCommands(CLI::App& app, Context& context);
void AddMatchCommands(CLI::App& app, Context& context);
void AddRunCommands(CLI::App& app, Context& context);
// `simulate`, of the noun `match`.
void AddSimulateCommand(CLI::App& noun, Context& context);
void AddPolicyCommands(CLI::App& app, Context& context);
void AddDemandCommands(CLI::App& app, Context& context);
void AddProposalCommands(CLI::App& app, Context& context);
void AddMeetingCommands(CLI::App& app, Context& context);
void AddOfferCommands(CLI::App& app, Context& context);
void AddEngagementCommands(CLI::App& app, Context& context);

void AddSurveyCommands(CLI::App& app, Context& context);
void AddMetricsCommands(CLI::App& app, Context& context);
void AddReportCommands(CLI::App& app, Context& context);

void AddJournalCommands(CLI::App& app, Context& context);
// `rebuild`, of the noun `journal`.
void AddRebuildCommand(CLI::App& noun, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);

// These work on the databases of services, and call none.
void AddMigrateCommand(CLI::App& app, Context& context);
void AddBackupCommand(CLI::App& app, Context& context);
void AddRestoreCommand(CLI::App& app, Context& context);
void AddMoveCommand(CLI::App& app, Context& context);

// `policies/v00000003` of `3`, of `v00000003`, or as it is.
std::string PolicyNameOf(const std::string& version);

}  // namespace critac::cli

#endif  // SERVICES_CLI_COMMANDS_H_
