// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

// The commands that need no server. Each Add… adds one to `app`; parsing a command line that names
// it runs it and sets
// `*exit_code`, which must outlive `app`.
namespace fettle::cli {

void AddPlanCommand(CLI::App& app, int* exit_code);
void AddApplyCommand(CLI::App& app, int* exit_code);
void AddPlansCommand(CLI::App& app, int* exit_code);
void AddUndoCommand(CLI::App& app, int* exit_code);
void AddInspectCommand(CLI::App& app, int* exit_code);
void AddFactsCommand(CLI::App& app, int* exit_code);
void AddDocCommand(CLI::App& app, int* exit_code);
void AddLintCommand(CLI::App& app, int* exit_code);
void AddInitCommand(CLI::App& app, int* exit_code);

}  // namespace fettle::cli
