// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// What is known of units by their names alone, and by the words of systemd. Pure; included by this
// folder only.
namespace fettle::modules {

// "nginx" → "nginx.service"; a name with another suffix of systemd's stays.
std::string UnitName(std::string_view name);

// "nginx.service" → "nginx"; a name that would then read as another unit's stays.
std::string ShortUnitName(std::string_view name);

// "getty@tty1.service" → "getty@.service"; "" for what is no instance.
std::string TemplateOf(std::string_view unit);

// Whether restarting it on a running host breaks sessions, the network or the message bus, so that
// a reboot is the way.
bool MustNotRestartLive(std::string_view unit);

// Why a unit whose file is in that state ("static", "indirect" …) cannot be enabled; "" if it can.
std::string WhyNotEnable(std::string_view unit_file_state);

}  // namespace fettle::modules
