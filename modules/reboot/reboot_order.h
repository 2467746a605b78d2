// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/sys/host.h"
#include "lib/sys/upgrade_needs.h"

// How a boot is ordered, and what is remembered of it. Included by this folder only.
namespace fettle::modules {

// Where the last order is remembered, over the boot.
inline constexpr const char* kRememberedPath = "/var/lib/fettle/reboot";
// The timer that reboots; `systemctl stop` of it calls the boot off.
inline constexpr const char* kRebootTimer = "fettle-reboot.timer";

// Why, and in which boot, the host was last told to reboot.
struct RebootOrder {
  std::string boot;      // The kernel's boot id.
  std::string because;   // One line.
  std::string packages;  // Which state of the package database: a need after another upgrade is a
                         // new one, though the words be the same.
  bool operator==(const RebootOrder&) const = default;
};

// The order that would be given now for `need`.
absl::StatusOr<RebootOrder> OrderFor(const sys::RebootNeed& need, const sys::FileReader& files);

// The last one that was given; nullopt if there was none.
absl::StatusOr<std::optional<RebootOrder>> LastOrder(const sys::FileReader& files);

// The text of the file, and back; nullopt for what is none.
std::string OrderText(const RebootOrder& order);
std::optional<RebootOrder> ParseOrder(std::string_view text);

// The units that reboot: the service, and the timer that starts it after `delay`.
std::string RebootServiceText(std::string_view message);
std::string RebootTimerText(absl::Duration delay);

// Remembers `order`, then has systemd reboot after `delay`.
absl::Status GiveOrder(const RebootOrder& order,
                       std::string_view message,
                       absl::Duration delay,
                       sys::Host& host,
                       Deadline deadline);

}  // namespace fettle::modules
