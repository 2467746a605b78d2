// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "modules/cron/cron.h"
#include "modules/cron/cron_job.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;
using resource::Value;

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 100;
  const bool ok =
      !name.empty() && name.size() <= kMostBytes && name.front() != ' ' && name.back() != ' ' &&
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (!ok) {
    return InvalidArgument(
        "\"{}\" is no name for a job: expected at most {} printable characters", name, kMostBytes);
  }
  return std::string(name);
}

absl::Status CheckEnvironment(const Attributes& attributes) {
  const Value* const environment = attributes.Find("environment");
  if (environment == nullptr) {
    return absl::OkStatus();
  }
  if (environment->HasSecret()) {
    return InvalidArgument(
        "environment: a secret would stand in a file that every user can read; let the command "
        "read it from a file of its own");
  }
  for (const auto& [name, value] : environment->AsMap()) {
    const bool name_ok = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }) && (name.front() < '0' || name.front() > '9');
    if (!name_ok) {
      return InvalidArgument("environment: \"{}\" is no name of a variable", name);
    }
    const std::string& text = value.AsString();
    const bool both_quotes =
        text.find('"') != std::string::npos && text.find('\'') != std::string::npos;
    if (text.find('\n') != std::string::npos || both_quotes) {
      return InvalidArgument(
          "environment: {} holds a line break, or both kinds of quotes, which cron cannot read",
          name);
    }
  }
  if (attributes.Bool("crontab", false) && !environment->AsMap().empty()) {
    return InvalidArgument(
        "environment: in a user's crontab it would hold for the lines of others below too; leave "
        "crontab out, or set it in the command");
  }
  return absl::OkStatus();
}

absl::Status CheckSchedule(const Attributes& attributes) {
  const std::string special = attributes.String("special", "");
  for (const std::string_view field : kCronFields) {
    const std::string text = attributes.String(field, "*");
    if (!special.empty() && text != "*") {
      return InvalidArgument(
          "special = \"{}\" and {} = \"{}\" contradict each other", special, field, text);
    }
    RETURN_IF_ERROR(CheckCronField(field, text));
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  const std::string user = attributes.String("user", "root");
  if (user.empty() || user.find_first_of(" \t\n/:") != std::string::npos) {
    return InvalidArgument("user: \"{}\" is no user name", user);
  }
  if (attributes.Bool("absent", false)) {
    return absl::OkStatus();
  }
  const Value* const command = attributes.Find("command");
  if (command != nullptr && command->HasSecret()) {
    return InvalidArgument(
        "command: a secret would stand in a file and in the process list; let the command read it "
        "from a file");
  }
  const std::string text = attributes.String("command", "");
  if (text.empty() || text.find('\n') != std::string::npos || text.front() == ' ' ||
      text.front() == '\t') {
    return InvalidArgument("command: expected one line that does not begin with a blank");
  }
  RETURN_IF_ERROR(CheckSchedule(attributes));
  return CheckEnvironment(attributes);
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  const std::string user = attributes.String("user", "root");
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("cron:{}/{}", user, name));
  if (!attributes.Bool("crontab", false)) {
    footprint.owns.push_back(fmt::format("path:{}", JobFilePath(name)));
    footprint.provides.push_back(fmt::format("content:{}", JobFilePath(name)));
  } else {
    footprint.needs.push_back(fmt::format("content:/var/spool/cron/crontabs/{}", user));
  }
  if (!attributes.Bool("absent", false)) {
    footprint.needs.push_back(fmt::format("user:{}", user));
    footprint.needs.push_back("package:cron");
  }
  return footprint;
}

AttributeSchema Field(const char* name, const char* doc) {
  return {.name = name, .doc = doc, .default_value = "*", .number_too = true};
}

std::vector<AttributeSchema> CronAttributes() {
  return {
      {.name = "command",
       .doc = "The command line that the user's shell is given; \"%\" stands for itself.",
       .required = true},
      {.name = "user", .doc = "The user that the job runs as.", .default_value = "root"},
      Field("minute", "Minutes, 0 to 59: \"*\", \"30\", \"*/10\", \"0,30\"."),
      Field("hour", "Hours, 0 to 23."),
      Field("day", "Days of the month, 1 to 31."),
      Field("month", "Months, 1 to 12 or jan to dec."),
      Field("weekday", "Days of the week, 0 to 7 or sun to sat; 0 and 7 are Sunday."),
      {.name = "special",
       .doc = "A word instead of the five fields, such as \"@reboot\" or \"@daily\".",
       .allowed = {"@reboot",
                   "@yearly",
                   "@annually",
                   "@monthly",
                   "@weekly",
                   "@daily",
                   "@midnight",
                   "@hourly"}},
      {.name = "environment",
       .type = AttributeType::kStringMap,
       .doc = "Variables for the command, such as MAILTO or PATH."},
      {.name = "disabled",
       .type = AttributeType::kBool,
       .doc = "Whether the job is kept as a comment and does not run.",
       .default_value = false},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether there is to be no such job."},
      {.name = "crontab",
       .type = AttributeType::kBool,
       .doc = "Whether the job stands in the user's own crontab instead of a file in /etc/cron.d.",
       .default_value = false},
      {.name = "raw",
       .type = AttributeType::kBool,
       .doc = "Whether \"%\" in the command is left to cron, which makes a line break of it and "
              "gives what follows to the command as input.",
       .default_value = false,
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& CronSchema() {
  static const resource::Schema kSchema{
      .type = "cron",
      .doc =
          "A job of cron, known by its name and not by its command, so that changing either "
          "schedule or command never makes a second one.",
      .name_doc = "The job's name.",
      .example =
          "cron \"backup\" {\n"
          "  command = \"/usr/local/bin/backup --all\",\n"
          "  hour = 2, minute = 30,\n"
          "  environment = { MAILTO = \"ops@example.org\" },\n"
          "}\n",
      .attributes = CronAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
