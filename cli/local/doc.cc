// SPDX-License-Identifier: Apache-2.0
// `fettle doc [TYPE]`: the reference of resource types, from their schemas.
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/local/doc_text.h"
#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/schemas.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string type;
  bool markdown = false;
  Output output;
};

absl::Status Show(const Arguments& arguments) {
  if (arguments.type.empty()) {
    Table table({"TYPE", "MANAGES"});
    for (const resource::Schema* const schema : AllSchemas()) {
      table.Add({{schema->type, Tone::kGood}, {schema->doc}});
    }
    arguments.output.Print(table, "no resource types");
    return absl::OkStatus();
  }
  const resource::Schema* const schema = FindSchema(arguments.type);
  if (schema == nullptr) {
    std::vector<std::string_view> known;
    for (const resource::Schema* const one : AllSchemas()) {
      known.push_back(one->type);
    }
    return InvalidArgument(
        "there is no resource type \"{}\"{}", arguments.type, DidYouMean(arguments.type, known));
  }
  Print(arguments.markdown ? DocMarkdown(*schema) : DocText(*schema));
  return absl::OkStatus();
}

}  // namespace

void AddDocCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("doc", "Reference of the resource types");
  command->add_option(
      "TYPE", arguments->type, "One type with all its attributes; without it, all types by name");
  command->add_flag("--markdown", arguments->markdown, "As a Markdown page");
  command->callback([arguments, exit_code] {
    if (const absl::Status status = Show(*arguments); !status.ok()) {
      PrintError("doc", status);
      *exit_code = kExitError;
    }
  });
}

}  // namespace fettle::cli
