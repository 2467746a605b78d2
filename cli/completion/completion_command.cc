// SPDX-License-Identifier: Apache-2.0
// `fettle completion bash|zsh`.
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/completion/completion.h"
#include "cli/terminal/output.h"

namespace fettle::cli {

void AddCompletionCommand(CLI::App& app, int* exit_code) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("completion", "Print a script that completes fettle's words in a shell");
  command->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  command->footer(
      "Examples: fettle completion bash > /etc/bash_completion.d/fettle\n"
      "          fettle completion zsh > ~/.zfunc/_fettle");
  command->callback([&app, shell, exit_code] {
    Print(*shell == "zsh" ? ZshCompletion(app) : BashCompletion(app));
    *exit_code = 0;
  });
}

}  // namespace fettle::cli
