// SPDX-License-Identifier: Apache-2.0
#include "modules/service/unit_rules.h"

#include <algorithm>
#include <array>

namespace fettle::modules {
namespace {

constexpr std::string_view kService = ".service";

constexpr std::array<std::string_view, 10> kSuffixes = {".automount",
                                                        ".device",
                                                        ".mount",
                                                        ".path",
                                                        ".scope",
                                                        ".service",
                                                        ".slice",
                                                        ".socket",
                                                        ".target",
                                                        ".timer"};

// Units whose restart takes away the ground others stand on. A final "@" stands for all instances.
constexpr std::array<std::string_view, 15> kNotLive = {"NetworkManager.service",
                                                       "connman.service",
                                                       "dbus-broker.service",
                                                       "dbus.service",
                                                       "dbus.socket",
                                                       "display-manager.service",
                                                       "gdm.service",
                                                       "gdm3.service",
                                                       "getty@",
                                                       "ifup@",
                                                       "lightdm.service",
                                                       "networking.service",
                                                       "sddm.service",
                                                       "systemd-logind.service",
                                                       "user@"};

bool HasSuffix(std::string_view name) {
  return std::any_of(kSuffixes.begin(), kSuffixes.end(), [name](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

}  // namespace

std::string UnitName(std::string_view name) {
  std::string unit(name);
  if (!HasSuffix(name)) {
    unit += kService;
  }
  return unit;
}

std::string ShortUnitName(std::string_view name) {
  if (!name.ends_with(kService) || name.size() == kService.size()) {
    return std::string(name);
  }
  const std::string_view shorter = name.substr(0, name.size() - kService.size());
  return std::string(HasSuffix(shorter) ? name : shorter);
}

std::string TemplateOf(std::string_view unit) {
  const std::size_t at = unit.find('@');
  const std::size_t dot = unit.rfind('.');
  if (at == std::string_view::npos || dot == std::string_view::npos || dot <= at + 1) {
    return "";
  }
  return std::string(unit.substr(0, at + 1)).append(unit.substr(dot));
}

bool MustNotRestartLive(std::string_view unit) {
  return std::any_of(kNotLive.begin(), kNotLive.end(), [unit](std::string_view name) {
    return name.ends_with('@') ? unit.starts_with(name) : unit == name;
  });
}

std::string WhyNotEnable(std::string_view unit_file_state) {
  if (unit_file_state == "static") {
    return "it is static: its unit file has no [Install] section, so other units start it; take "
           "`enabled` out of the recipe";
  }
  if (unit_file_state == "indirect") {
    return "it is indirect: its [Install] section only names another unit (Also=); declare that "
           "one "
           "as enabled";
  }
  if (unit_file_state == "generated") {
    return "it is generated at boot from another file (fstab, init script …); change that file, "
           "and "
           "take `enabled` out of the recipe";
  }
  if (unit_file_state == "transient") {
    return "it is transient: made at run time and gone after a reboot";
  }
  if (unit_file_state == "masked" || unit_file_state == "masked-runtime") {
    return "it is masked; say masked = false to have it unmasked";
  }
  if (unit_file_state.empty()) {
    return "it has no unit file";
  }
  return "";
}

}  // namespace fettle::modules
