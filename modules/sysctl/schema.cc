// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "modules/sysctl/settings.h"
#include "modules/sysctl/sysctl.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

absl::Status Check(std::string_view /*name*/, const Attributes& attributes) {
  if (attributes.Bool("absent", false)) {
    return absl::OkStatus();
  }
  if (!attributes.Bool("runtime", true) && !attributes.Bool("persist", true)) {
    return InvalidArgument("runtime = false and persist = false leave nothing to do");
  }
  const std::string value = attributes.String("value", "");
  if (CanonicalSysctlValue(value).empty() || value.find('\0') != std::string::npos) {
    return InvalidArgument("value: expected text or a number, found nothing but blanks");
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  const std::string key = fmt::format("sysctl:{}", name);
  resource::Footprint footprint;
  footprint.owns.push_back(key);
  if (!attributes.Bool("absent", false)) {
    footprint.provides.push_back(key);
  }
  if (attributes.Bool("persist", true)) {
    footprint.owns.push_back(fmt::format("path:{}", SettingFile(name)));
    footprint.provides.push_back(fmt::format("content:{}", SettingFile(name)));
    footprint.needs.push_back("path:/etc/sysctl.d");
  }
  return footprint;
}

std::vector<AttributeSchema> SysctlAttributes() {
  return {
      {.name = "value",
       .doc = "The value, as text or a number; several numbers stand with blanks between them.",
       .required = true,
       .number_too = true},
      {.name = "persist",
       .type = AttributeType::kBool,
       .doc = "Whether the value is kept in a file of /etc/sysctl.d, so that it comes back after a "
              "boot.",
       .default_value = true},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether the file that keeps the value is to be removed; the live value stays until "
              "the next boot."},
      {.name = "runtime",
       .type = AttributeType::kBool,
       .doc = "Whether the live value is set now.",
       .default_value = true,
       .parameter = true},
      {.name = "ignore_missing",
       .type = AttributeType::kBool,
       .doc = "Whether it is fine that the running kernel has no such key (its module is not "
              "loaded).",
       .default_value = false,
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& SysctlSchema() {
  static const resource::Schema kSchema{
      .type = "sysctl",
      .doc = "A setting of the running kernel, now and after the next boot.",
      .name_doc = "The setting's dotted name, such as \"net.ipv4.ip_forward\".",
      .example =
          "sysctl \"vm.swappiness\" { value = 10 }\n"
          "sysctl \"net.ipv4.tcp_rmem\" { value = \"4096 87380 6291456\" }\n",
      .attributes = SysctlAttributes(),
      .canonical_name = CanonicalKey,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
