// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

// What the two programs of the command line share. `fettle` has the commands that need no server
// and loads no gRPC, which alone would take most of the time that they take; it hands every other
// command line over to `fettle-fleet`, which has them all. Users only ever type `fettle`.
namespace fettle::cli {

using AddCommands = std::function<void(CLI::App& app, int* exit_code)>;

// The commands that `add` adds are listed under `group` in the help.
void AddGroup(CLI::App& app, const char* group, const std::function<void()>& add);

// Those that need no server, with `version`.
void AddLocalGroup(CLI::App& app, int* exit_code);

// Whether `word`, the first of a command line, is one of the commands of `add`, or asks for the
// version.
bool HasCommand(const AddCommands& add, std::string_view word);

// Runs the command line over the commands of `add`; answers the exit code. Catches what libraries
// throw.
int RunProgram(int argc, char** argv, const AddCommands& add);

}  // namespace fettle::cli
