// SPDX-License-Identifier: Apache-2.0
#pragma once

// CLI11's own name.
namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

namespace fettle::lab {

// Adds `lab` with its commands (up, boot, exec, list, cut, join, kill, down) to `app`. Parsing a
// command line that names one runs it, printing to standard output and error, and sets
// `*exit_code`: 0, 1 on failure, that of the command for `exec`. `exit_code` must outlive `app`.
void AddLabCommands(CLI::App& app, int* exit_code);

// Adds `fettle rehearse`, likewise.
void AddRehearseCommand(CLI::App& app, int* exit_code);

}  // namespace fettle::lab
