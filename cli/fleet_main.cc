// SPDX-License-Identifier: Apache-2.0
// `fettle-fleet`: the command line with all its commands, see program.h.
#include <CLI/App.hpp>

#include "cli/completion/completion.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/program.h"

namespace fettle::cli {
namespace {

void AddAllCommands(CLI::App& app, int* exit_code) {
  AddLocalGroup(app, exit_code);
  AddGroup(app, "Revisions and channels", [&] {
    AddPublishCommand(app, exit_code);
    AddRevisionsCommand(app, exit_code);
    AddShowCommand(app, exit_code);
    AddDiffCommand(app, exit_code);
    AddChannelCommand(app, exit_code);
  });
  AddGroup(app, "Hosts", [&] {
    AddHostsCommands(app, exit_code);
    AddLabelCommand(app, exit_code);
    AddRunCommand(app, exit_code);
    AddPauseCommands(app, exit_code);
    AddRunsCommand(app, exit_code);
    AddDriftCommand(app, exit_code);
    AddHistoryCommand(app, exit_code);
    AddPackagesCommand(app, exit_code);
    AddComplianceCommand(app, exit_code);
    AddDiffHostCommand(app, exit_code);
    AddBlameCommand(app, exit_code);
    AddConsoleCommand(app, exit_code);
  });
  AddGroup(app, "Evidence", [&] {
    AddAuditCommands(app, exit_code);
    AddEvidenceCommands(app, exit_code);
  });
  AddGroup(app, "Who may join", [&] {
    AddLoginCommand(app, exit_code);
    AddEnrollCommand(app, exit_code);
  });
  AddGroup(app, "Others", [&] { AddCompletionCommand(app, exit_code); });
}

}  // namespace
}  // namespace fettle::cli

int main(int argc, char** argv) {
  return fettle::cli::RunProgram(argc, argv, fettle::cli::AddAllCommands);
}
