// SPDX-License-Identifier: Apache-2.0
// `fettle facts`: what this machine says of itself.
#include "agent/facts/facts.h"

#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/local/local_commands.h"
#include "cli/local/value_json.h"
#include "cli/terminal/output.h"
#include "lib/sys/linux_host.h"

namespace fettle::cli {
namespace {

// "os.id  debian", a line a fact.
// NOLINTNEXTLINE(misc-no-recursion): facts are as deep as our own code makes them.
void AddLines(const std::string& path, const resource::Value& value, std::string* text) {
  if (value.kind() != resource::Value::Kind::kMap) {
    *text += fmt::format("{:<28} {}\n", path, value.Display());
    return;
  }
  for (const auto& [name, inner] : value.AsMap()) {
    AddLines(path.empty() ? name : fmt::format("{}.{}", path, name), inner, text);
  }
}

}  // namespace

void AddFactsCommand(CLI::App& app, int* /*exit_code*/) {
  const auto output = std::make_shared<Output>();
  CLI::App* const command =
      app.add_subcommand("facts", "Print what this machine says of itself (host.facts)");
  AddOutputOptions(*command, output.get());
  command->footer(
      "Among them whether it wants a boot and which services run replaced files.\n"
      "Examples: fettle facts; fettle facts -o json");
  command->callback([output] {
    const auto host = sys::MakeLinuxHost({});
    facts::StaleServices stale;
    const resource::Value facts(facts::CollectFacts(*host, &stale));
    std::string text;
    if (output->json()) {
      constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
      text = ValueJson(facts).dump(2, ' ', false, kReplace) + "\n";
    } else {
      AddLines("", facts, &text);
    }
    Print(text);
  });
}

}  // namespace fettle::cli
