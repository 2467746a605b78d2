// SPDX-License-Identifier: Apache-2.0
// `fettle lab` as a program of its own, for tests that must not wait for the whole of `fettle`.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/lab/lab_command.h"

int main(int argc, char** argv) {
  CLI::App app("Throwaway test hosts", "fettle");
  app.require_subcommand(1);
  int exit_code = 0;
  fettle::lab::AddLabCommands(app, &exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
