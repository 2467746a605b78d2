// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/exec/exec.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 200;
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' || c < 0; });
  if (Trim(name).empty() || name.size() > kMostBytes || !printable) {
    return InvalidArgument("\"{}\" is no name for a command: expected one short line", name);
  }
  return std::string(Trim(name));
}

absl::Status CheckWhen(const Attributes& attributes) {
  const bool refresh_only = attributes.Bool("refresh_only", false);
  const bool has_rest = attributes.Has("creates") || attributes.Has("check");
  if (refresh_only && has_rest) {
    return InvalidArgument(
        "refresh_only = true runs the command on notification alone: leave creates and check out");
  }
  if (!refresh_only && !has_rest) {
    return InvalidArgument(
        "nothing says when the command has been run, so it would run every time: give creates (the "
        "path that it makes), check (a command that succeeds once it has been run), or "
        "refresh_only = true");
  }
  return absl::OkStatus();
}

absl::Status CheckExits(const Attributes& attributes) {
  constexpr int64_t kMost = 255;
  if (attributes.Has("expect_exit") && attributes.StringList("expect_exit").empty()) {
    return InvalidArgument("expect_exit: is empty, so that no command could ever succeed");
  }
  for (const std::string& text : attributes.StringList("expect_exit")) {
    int64_t code = 0;
    if (!ParseInt(text, &code) || code < 0 || code > kMost) {
      return InvalidArgument(
          "expect_exit: expected exit codes from 0 to {}, as in {{ \"0\", \"2\" }}, found \"{}\"",
          kMost,
          text);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEnvironment(const Attributes& attributes) {
  const resource::Value* const environment = attributes.Find("environment");
  if (environment == nullptr) {
    return absl::OkStatus();
  }
  for (const auto& [name, value] : environment->AsMap()) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos || value.AsString().find('\0') != std::string::npos) {
      return InvalidArgument("environment: \"{}\" cannot be set as a variable", name);
    }
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  if (attributes.Has("command") == attributes.Has("shell")) {
    return InvalidArgument(
        "give either command (run as it is) or shell (text for /bin/sh), and only one of them");
  }
  const resource::Value* const shell = attributes.Find("shell");
  if (shell != nullptr && shell->HasSecret()) {
    return InvalidArgument(
        "shell: a secret may not stand on a command line, where every user of the host can read "
        "it; put it into environment or input");
  }
  RETURN_IF_ERROR(CheckWhen(attributes));
  RETURN_IF_ERROR(CheckExits(attributes));
  return CheckEnvironment(attributes);
}

resource::Footprint FootprintOf(std::string_view /*name*/, const Attributes& attributes) {
  resource::Footprint footprint;
  if (attributes.Has("creates")) {
    footprint.provides.push_back(fmt::format("path:{}", attributes.String("creates", "")));
  }
  if (attributes.Has("command")) {
    const std::string program = attributes.StringList("command").front();
    if (program.starts_with('/')) {
      footprint.needs.push_back(fmt::format("path:{}", program));
    }
  }
  if (attributes.Has("cwd")) {
    footprint.needs.push_back(fmt::format("path:{}", attributes.String("cwd", "")));
  }
  for (const char* const account : {"user", "group"}) {
    if (attributes.Has(account)) {
      footprint.needs.push_back(fmt::format("{}:{}", account, attributes.String(account, "")));
    }
  }
  return footprint;
}

// The attributes by which it is known whether there is something to do.
std::vector<AttributeSchema> StateAttributes() {
  return {
      {.name = "creates",
       .type = AttributeType::kPath,
       .doc = "The path that the command makes: it runs while there is nothing there."},
      {.name = "check",
       .type = AttributeType::kCommand,
       .doc = "A command that only looks and succeeds once there is nothing left to do."},
  };
}

std::vector<AttributeSchema> Parameters() {
  return {
      {.name = "command",
       .type = AttributeType::kCommand,
       .doc = "The program and its arguments, as a list or split at blanks; no shell.",
       .parameter = true},
      {.name = "shell",
       .doc = "Text for /bin/sh, where pipes or variables are needed.",
       .parameter = true},
      {.name = "refresh_only",
       .type = AttributeType::kBool,
       .doc = "Whether it runs only when something that it was told to watch has changed.",
       .default_value = false,
       .parameter = true},
      {.name = "user", .doc = "The local user to run as.", .parameter = true},
      {.name = "group", .doc = "The local group to run as.", .parameter = true},
      {.name = "cwd",
       .type = AttributeType::kPath,
       .doc = "The directory to run in.",
       .default_value = "/",
       .parameter = true},
      {.name = "environment",
       .type = AttributeType::kStringMap,
       .doc = "Variables to add to the small fixed environment (PATH, HOME, LANG, LC_ALL).",
       .parameter = true},
      {.name = "umask",
       .type = AttributeType::kMode,
       .doc = "The bits that files made by the command do not get.",
       .default_value = "0022",
       .parameter = true},
      {.name = "input",
       .doc = "Text for standard input, which is closed otherwise; never shown.",
       .secret = true,
       .parameter = true},
      {.name = "expect_exit",
       .type = AttributeType::kStringList,
       .doc = "The exit codes that count as success.",
       .default_value = resource::Value::List{"0"},
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& ExecSchema() {
  static const resource::Schema kSchema = [] {
    resource::Schema schema{
        .type = "exec",
        .doc =
            "A command, as the last resort where no resource type fits: it is run until what it "
            "makes is there, or when something that it watches has changed.",
        .name_doc = "What the command does, in a few words.",
        .example =
            "exec \"make DH parameters\" {\n"
            "  command = \"openssl dhparam -out /etc/ssl/dh.pem 2048\",\n"
            "  creates = \"/etc/ssl/dh.pem\",\n"
            "}\n"
            "exec \"rebuild aliases\" {\n"
            "  command = \"newaliases\", refresh_only = true, restart_on = "
            "\"file:/etc/aliases\",\n"
            "}\n",
        .attributes = StateAttributes(),
        .canonical_name = CanonicalName,
        .check = Check,
        .footprint = FootprintOf,
        .opaque = true,
    };
    for (AttributeSchema& parameter : Parameters()) {
      schema.attributes.push_back(std::move(parameter));
    }
    return schema;
  }();
  return kSchema;
}

}  // namespace fettle::modules
