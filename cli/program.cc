// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "cli/lab/lab_command.h"
#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

constexpr char kVersion[] = "fettle " FETTLE_VERSION;

std::vector<CLI::App*> CommandsOf(CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> NamesOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// "" when `word` is a command, or an option.
std::string UnknownCommand(const CLI::App& app, std::string_view word) {
  const std::vector<std::string> names = NamesOf(app);
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) {
    return "";
  }
  return fmt::format("fettle: there is no command \"{}\"{}; `fettle --help` lists them\n",
                     word,
                     DidYouMean(word, std::vector<std::string_view>(names.begin(), names.end())));
}

// "fettle plan: --host: 1 required TEXT missing", and where help is.
std::string UsageError(const CLI::App* app, const CLI::Error& error) {
  std::string command = app->get_name();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    command += " " + app->get_name();
  }
  return fmt::format("{}: {}; see `{} --help`\n", command, error.what(), command);
}

int Run(int argc, char** argv, const AddCommands& add) {
  CLI::App app("Keeps a fleet of Linux hosts in the state that its owners wrote down.", "fettle");
  app.require_subcommand(1);
  app.set_version_flag("--version", kVersion);
  app.footer(
      "`fettle COMMAND --help` tells about one command, with an example. Exit codes: 0 done, 1 "
      "usage or other\nerror, 3 the server cannot be reached, 5 refused; plan and apply: 0 "
      "nothing to do, 2 changes, 4 failures, 6 both.");
  app.failure_message(UsageError);
  int exit_code = 0;
  add(app, &exit_code);
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

void AddGroup(CLI::App& app, const char* group, const std::function<void()>& add) {
  const std::size_t before = CommandsOf(app).size();
  add();
  const std::vector<CLI::App*> commands = CommandsOf(app);
  for (std::size_t i = before; i < commands.size(); ++i) {
    commands[i]->group(group);
  }
}

void AddLocalGroup(CLI::App& app, int* exit_code) {
  AddGroup(app, "This machine, without a server", [&] {
    AddInitCommand(app, exit_code);
    AddLintCommand(app, exit_code);
    AddPlanCommand(app, exit_code);
    AddApplyCommand(app, exit_code);
    AddPlansCommand(app, exit_code);
    AddUndoCommand(app, exit_code);
    lab::AddRehearseCommand(app, exit_code);
    AddInspectCommand(app, exit_code);
    AddFactsCommand(app, exit_code);
    AddDocCommand(app, exit_code);
    lab::AddLabCommands(app, exit_code);
    CLI::App* const version = app.add_subcommand("version", "Print the version");
    version->callback([] { Print(fmt::format("{}\n", kVersion)); });
  });
}

bool HasCommand(const AddCommands& add, std::string_view word) {
  CLI::App app;
  int exit_code = 0;
  add(app, &exit_code);
  const std::vector<std::string> names = NamesOf(app);
  return word == "--version" || std::find(names.begin(), names.end(), word) != names.end();
}

int RunProgram(int argc, char** argv, const AddCommands& add) {
  try {
    return Run(argc, argv, add);
  } catch (const std::exception& error) {
    // Out of memory, for one: nothing of ours throws.
    static_cast<void>(std::fputs("fettle: ", stderr));
    static_cast<void>(std::fputs(error.what(), stderr));
    static_cast<void>(std::fputs("\n", stderr));
    return kExitError;
  }
}

}  // namespace fettle::cli
