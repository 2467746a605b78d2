// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

namespace fettle::cli {

// A script for the shell that completes commands, options, and the values of options that take one
// of a few words, of `app` and all below it; file names everywhere else. To be read by the shell as
// it is.
std::string BashCompletion(const CLI::App& app);
std::string ZshCompletion(const CLI::App& app);

// Adds `completion bash|zsh`, which prints the script for `app`; that must have all its commands by
// the time the command runs. Sets `*exit_code`, which must outlive `app`.
void AddCompletionCommand(CLI::App& app, int* exit_code);

}  // namespace fettle::cli
