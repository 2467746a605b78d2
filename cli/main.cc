// SPDX-License-Identifier: Apache-2.0
// The command line `fettle`: puts its commands together. Each is one file in one of the folders
// here.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "cli/completion/completion.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/lab/lab_command.h"
#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

constexpr char kVersion[] = "fettle " FETTLE_VERSION "\n";

// Commands added by `add` are listed under `group` in the help.
template <typename Add>
void AddGroup(CLI::App& app, const char* group, Add add) {
  const auto everything = [](const CLI::App*) { return true; };
  const std::size_t before = app.get_subcommands(everything).size();
  add();
  const auto commands = app.get_subcommands(everything);
  for (std::size_t i = before; i < commands.size(); ++i) {
    commands[i]->group(group);
  }
}

void AddCommands(CLI::App& app, int* exit_code) {
  AddGroup(app, "This machine, without a server", [&] {
    AddInitCommand(app, exit_code);
    AddLintCommand(app, exit_code);
    AddPlanCommand(app, exit_code);
    AddApplyCommand(app, exit_code);
    AddPlansCommand(app, exit_code);
    lab::AddRehearseCommand(app, exit_code);
    AddInspectCommand(app, exit_code);
    AddDocCommand(app, exit_code);
  });
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
  });
  AddGroup(app, "Who may join", [&] {
    AddLoginCommand(app, exit_code);
    AddEnrollCommand(app, exit_code);
  });
  AddGroup(app, "Others", [&] {
    lab::AddLabCommands(app, exit_code);
    AddCompletionCommand(app, exit_code);
    CLI::App* const version = app.add_subcommand("version", "Print the version");
    version->callback([] { Print(kVersion); });
  });
}

// "" when `word` is a command, or an option.
std::string UnknownCommand(const CLI::App& app, std::string_view word) {
  std::vector<std::string_view> names;
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) {
    return "";
  }
  return fmt::format("fettle: there is no command \"{}\"{}; `fettle --help` lists them\n",
                     word,
                     DidYouMean(word, names));
}

int Main(int argc, char** argv) {
  CLI::App app("Keeps a fleet of Linux hosts in the state that its owners wrote down.", "fettle");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("fettle " FETTLE_VERSION));
  app.footer(
      "`fettle COMMAND --help` tells about one command, with an example. Exit codes: 0 done, 1 "
      "usage or other\nerror, 3 the server cannot be reached, 5 refused; plan and apply: 0 "
      "nothing to do, 2 changes, 4 failures, 6 both.");
  int exit_code = 0;
  AddCommands(app, &exit_code);
  if (argc <= 1) {
    Print(app.help());
    return kExitError;
  }
  if (const std::string unknown = UnknownCommand(app, argv[1]); !unknown.empty()) {
    static_cast<void>(std::fputs(unknown.c_str(), stderr));
    return kExitError;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitError;
  }
  return exit_code;
}

}  // namespace
}  // namespace fettle::cli

int main(int argc, char** argv) {
  try {
    return fettle::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    // Out of memory, for one: nothing of ours throws.
    static_cast<void>(std::fputs("fettle: ", stderr));
    static_cast<void>(std::fputs(error.what(), stderr));
    static_cast<void>(std::fputs("\n", stderr));
    return fettle::cli::kExitError;
  }
}
