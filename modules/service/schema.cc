// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "modules/service/service.h"
#include "modules/service/unit_rules.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 255;
  constexpr std::string_view kPunctuation = ":_.\\@-";
  const bool ok = !name.empty() && name.size() <= kMostBytes && name.front() != '-' &&
                  name.front() != '.' && name.front() != '@' &&
                  std::all_of(name.begin(), name.end(), [&](char c) {
                    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || kPunctuation.find(c) != std::string_view::npos;
                  });
  if (!ok) {
    return InvalidArgument(
        "\"{}\" is no unit name: expected letters, digits and \":\", \"_\", \".\", \"\\\", \"@\", "
        "\"-\", as in \"nginx\" or \"getty@tty1\"",
        name);
  }
  return ShortUnitName(name);
}

absl::Status Check(std::string_view name, const Attributes& attributes) {
  const std::string unit = UnitName(name);
  const std::size_t at = unit.find('@');
  if (at != std::string::npos && unit[at + 1] == '.' && attributes.Bool("running", false)) {
    return InvalidArgument("running: {} is a template; name an instance, such as \"{}\"",
                           unit,
                           fmt::format("{}@name{}", unit.substr(0, at), unit.substr(at + 1)));
  }
  for (const char* const other : {"running", "enabled"}) {
    if (attributes.Bool("masked", false) && attributes.Bool(other, false)) {
      return InvalidArgument(
          "masked = true and {} = true contradict each other: a masked unit cannot be started",
          other);
    }
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& /*attributes*/) {
  const std::string unit = UnitName(name);
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("service:{}", unit));
  footprint.needs.push_back(fmt::format("unit:{}", unit));
  if (const std::string pattern = TemplateOf(unit); !pattern.empty()) {
    footprint.needs.push_back(fmt::format("unit:{}", pattern));
  }
  return footprint;
}

std::vector<AttributeSchema> ServiceAttributes() {
  return {
      {.name = "running",
       .type = AttributeType::kBool,
       .doc = "Whether the unit is to be active now."},
      {.name = "enabled",
       .type = AttributeType::kBool,
       .doc = "Whether the unit is to be started at boot, or by whatever its [Install] section "
              "names."},
      {.name = "masked",
       .type = AttributeType::kBool,
       .doc = "Whether the unit is to be made impossible to start, by anyone."},
      {.name = "settle",
       .type = AttributeType::kDuration,
       .doc = "How long after a start or restart the unit must still be active for it to count.",
       .default_value = "0s",
       .parameter = true},
      {.name = "restart",
       .doc = "What a notification to restart does: \"restart\", or \"reload\" where the unit can.",
       .default_value = "restart",
       .allowed = {"restart", "reload"},
       .parameter = true},
      {.name = "stop_triggers",
       .type = AttributeType::kBool,
       .doc =
           "Whether active sockets, timers and paths that would start the unit again are stopped "
           "with it.",
       .default_value = false,
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& ServiceSchema() {
  static const resource::Schema kSchema{
      .type = "service",
      .doc =
          "A service, or any other unit of systemd: whether it runs, starts at boot, or is "
          "masked. What is not said is left as it is.",
      .name_doc = "The unit's name; \".service\" may be left out, other suffixes not.",
      .example =
          "service \"nginx\" {\n"
          "  running = true, enabled = true,\n"
          "  reload_on = \"file:/etc/nginx/nginx.conf\",\n"
          "}\n",
      .attributes = ServiceAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
