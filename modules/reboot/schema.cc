// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "modules/reboot/reboot.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

bool IsOneLine(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' || c < 0; });
}

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 200;
  if (name.empty() || name.size() > kMostBytes || !IsOneLine(name)) {
    return InvalidArgument("\"{}\" is no name for a reboot: expected one short line", name);
  }
  return std::string(name);
}

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  constexpr absl::Duration kLeast = absl::Seconds(1);
  constexpr absl::Duration kMost = absl::Hours(24);
  const absl::Duration delay = attributes.Duration("delay", kLeast);
  if (delay < kLeast || delay > kMost) {
    return InvalidArgument("delay: expected 1s to 24h");
  }
  if (!IsOneLine(attributes.String("message", ""))) {
    return InvalidArgument("message: expected one line");
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view /*name*/, const Attributes& /*attributes*/) {
  resource::Footprint footprint;
  footprint.owns.emplace_back("boot:host");  // There is one at most.
  return footprint;
}

std::vector<AttributeSchema> RebootAttributes() {
  return {
      {.name = "when",
       .doc = "When to reboot: as soon as something on the host wants it (see host.facts.reboot).",
       .default_value = "needed",
       .allowed = {"needed"}},
      {.name = "delay",
       .type = AttributeType::kDuration,
       .doc = "How long after it was ordered the host goes down, 1s to 24h; a run that is still "
              "under way then is waited for.",
       .default_value = "1m",
       .parameter = true},
      {.name = "message",
       .doc = "What those who are logged in and the journal are told, one line.",
       .default_value = "a reboot is needed",
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& RebootSchema() {
  static const resource::Schema kSchema{
      .type = "reboot",
      .doc = "A boot of the host when something wants one, and never twice for the same reason.",
      .name_doc = "Any name; a host has one reboot at most.",
      .example = "reboot \"after upgrades\" { delay = \"5m\", schedule = \"Sun 02:00-04:00\" }\n",
      .attributes = RebootAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
      .last = true,
  };
  return kSchema;
}

}  // namespace fettle::modules
