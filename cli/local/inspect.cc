// SPDX-License-Identifier: Apache-2.0
// `fettle inspect TYPE NAME`: the present state, printed as a recipe.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/local/local_commands.h"
#include "cli/local/value_json.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/linux_host.h"
#include "modules/types.h"

namespace fettle::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

struct Arguments {
  std::string type;
  std::string name;
  Output output;
};

absl::StatusOr<const resource::ResourceType*> TypeNamed(const std::string& name) {
  if (const resource::ResourceType* const type = FindType(name); type != nullptr) {
    return type;
  }
  std::vector<std::string_view> known;
  for (const resource::ResourceType* const one : AllTypes()) {
    known.push_back(one->schema->type);
  }
  return InvalidArgument("there is no resource type \"{}\"{}", name, DidYouMean(name, known));
}

std::string Recipe(const std::string& type,
                   const std::string& name,
                   const resource::Attributes& attributes) {
  std::string text = fmt::format("{} {}", type, resource::Value(name).ToLua());
  if (attributes.all().empty()) {
    return text + "\n";
  }
  std::size_t width = 0;
  for (const auto& [key, value] : attributes.all()) {
    width = std::max(width, key.size());
  }
  text += " {\n";
  for (const auto& [key, value] : attributes.all()) {
    const std::string lua = value.ToLua();
    // A digest is no file of a tree.
    const bool content = key == "source" && lua.starts_with("\"sha256:");
    text += content
                ? fmt::format(
                      "  -- source: the file as it is, copied to files/; its digest is {}\n", lua)
                : fmt::format("  {:<{}} = {},\n", key, width, lua);
  }
  return text + "}\n";
}

absl::StatusOr<std::string> Inspect(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const resource::ResourceType* const type, TypeNamed(arguments.type));
  std::string name = arguments.name;
  if (type->schema->canonical_name != nullptr) {
    ASSIGN_OR_RETURN(name, type->schema->canonical_name(arguments.name));
  }
  const auto resource = type->make(name, resource::Attributes());
  const auto* const describable = dynamic_cast<const resource::Describable*>(resource.get());
  if (describable == nullptr) {
    return FailedPrecondition(
        "a resource of type {} is a step, not a state: there is nothing to inspect",
        arguments.type);
  }
  const auto host = sys::MakeLinuxHost({});
  ASSIGN_OR_RETURN(const resource::Attributes present,
                   describable->Describe(*host, Deadline::After(kPatience)));
  if (!arguments.output.json()) {
    return Recipe(arguments.type, name, present);
  }
  nlohmann::ordered_json json = {{"type", arguments.type}, {"name", name}};
  for (const auto& [key, value] : present.all()) {
    json["attributes"][key] = ValueJson(value);
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

void AddInspectCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("inspect", "Print what is there now as a recipe");
  command->add_option("TYPE", arguments->type, "Resource type: file, package, service, user …")
      ->required();
  command->add_option("NAME", arguments->name, "Its name: a path, a package, a unit …")->required();
  AddOutputOptions(*command, &arguments->output);
  command->footer("Examples: fettle inspect file /etc/motd; fettle inspect service ssh");
  command->callback([arguments, exit_code] {
    const auto text = Inspect(*arguments);
    if (!text.ok()) {
      PrintError("inspect", text.status());
      *exit_code = kExitError;
      return;
    }
    Print(*text);
  });
}

}  // namespace fettle::cli
