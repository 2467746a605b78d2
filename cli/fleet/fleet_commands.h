// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

// The commands that speak to a server. Each Add… adds one (or two that belong together) to `app`;
// parsing a command line that names it runs it and sets `*exit_code`, which must outlive `app`.
namespace fettle::cli {

void AddLoginCommand(CLI::App& app, int* exit_code);
void AddPublishCommand(CLI::App& app, int* exit_code);
void AddRevisionsCommand(CLI::App& app, int* exit_code);
void AddShowCommand(CLI::App& app, int* exit_code);
void AddDiffCommand(CLI::App& app, int* exit_code);
void AddChannelCommand(CLI::App& app, int* exit_code);
void AddHostsCommands(CLI::App& app, int* exit_code);  // hosts, host
void AddLabelCommand(CLI::App& app, int* exit_code);
void AddEnrollCommand(CLI::App& app, int* exit_code);
void AddRunCommand(CLI::App& app, int* exit_code);
void AddPauseCommands(CLI::App& app, int* exit_code);  // pause, resume
void AddDriftCommand(CLI::App& app, int* exit_code);
void AddRunsCommand(CLI::App& app, int* exit_code);
void AddHistoryCommand(CLI::App& app, int* exit_code);
void AddPackagesCommand(CLI::App& app, int* exit_code);
void AddConsoleCommand(CLI::App& app, int* exit_code);
void AddComplianceCommand(CLI::App& app, int* exit_code);
void AddDiffHostCommand(CLI::App& app, int* exit_code);
void AddBlameCommand(CLI::App& app, int* exit_code);
void AddAuditCommands(CLI::App& app, int* exit_code);     // audit log, verify, head, key
void AddEvidenceCommands(CLI::App& app, int* exit_code);  // evidence export, verify

}  // namespace fettle::cli
