// SPDX-License-Identifier: Apache-2.0
#include "modules/reboot/reboot_order.h"

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::modules {
namespace {

constexpr uint64_t kMostBytes = 64U << 10;
constexpr const char* kStateFolder = "/var/lib/fettle";
constexpr const char* kUnitFolder = "/run/systemd/system";

absl::Status PutFile(const std::string& path,
                     const std::string& content,
                     uint32_t mode,
                     sys::Host& host) {
  sys::ReplaceOptions options;
  options.mode = mode;
  const absl::StatusOr<sys::FileStat> there = host.files().Stat(path);
  if (there.ok()) {
    options.expected = *there;
  } else if (!absl::IsNotFound(there.status())) {
    return there.status();
  }
  return host.write_files().Replace(path, content, options);
}

absl::Status MakeFolder(const char* path, uint32_t mode, sys::Host& host) {
  const absl::StatusOr<sys::FileStat> there = host.files().Stat(path);
  return absl::IsNotFound(there.status()) ? host.write_files().MakeDirectory(path, mode, 0, 0)
                                          : there.status();
}

// As systemd.service(5) reads it between double quotes.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted.append(c == '%' || c == '$' ? 2 : 1, c);
  }
  return quoted + '"';
}

}  // namespace

absl::StatusOr<RebootOrder> OrderFor(const sys::RebootNeed& need, const sys::FileReader& files) {
  RebootOrder order;
  ASSIGN_OR_RETURN(const std::string boot,
                   files.Read("/proc/sys/kernel/random/boot_id", kMostBytes));
  order.boot = Trim(boot);
  order.because = fmt::format("{}", fmt::join(need.because, "; "));
  const absl::StatusOr<sys::FileStat> database = files.Stat("/var/lib/dpkg/status");
  if (!database.ok() && !absl::IsNotFound(database.status())) {
    return database.status();
  }
  order.packages =
      database.ok() ? fmt::format("{} {}", database->modified_ns, database->size) : "none";
  return order;
}

std::string OrderText(const RebootOrder& order) {
  return fmt::format(
      "boot {}\nbecause {}\npackages {}\n", order.boot, order.because, order.packages);
}

std::optional<RebootOrder> ParseOrder(std::string_view text) {
  RebootOrder order;
  for (const std::string_view line : SplitLines(text)) {
    const std::size_t blank = line.find(' ');
    const std::string_view word = line.substr(0, blank);
    const std::string rest(blank == std::string_view::npos ? "" : line.substr(blank + 1));
    if (word == "boot") {
      order.boot = rest;
    } else if (word == "because") {
      order.because = rest;
    } else if (word == "packages") {
      order.packages = rest;
    }
  }
  return order.boot.empty() ? std::nullopt : std::optional<RebootOrder>(std::move(order));
}

absl::StatusOr<std::optional<RebootOrder>> LastOrder(const sys::FileReader& files) {
  const absl::StatusOr<std::string> text = files.Read(kRememberedPath, kMostBytes);
  if (absl::IsNotFound(text.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(text.status());
  return ParseOrder(*text);
}

std::string RebootServiceText(std::string_view message) {
  // A run that is still under way is waited for by its lock: it is not to be cut off.
  return fmt::format(
      "# Made by Fettle's resource type reboot.\n"
      "[Unit]\n"
      "Description=Reboot ordered by Fettle\n"
      "[Service]\n"
      "Type=oneshot\n"
      "ExecStartPre=-/usr/bin/flock --timeout 14400 {}/lock /bin/true\n"
      "ExecStart=/bin/systemctl --no-block --message={} reboot\n",
      kStateFolder,
      Quoted(message));
}

std::string RebootTimerText(absl::Duration delay) {
  return fmt::format(
      "# Made by Fettle's resource type reboot; `systemctl stop {}` calls it off.\n"
      "[Unit]\n"
      "Description=Reboot ordered by Fettle\n"
      "[Timer]\n"
      "OnActiveSec={}s\n"
      "AccuracySec=1s\n"
      "RemainAfterElapse=no\n",
      kRebootTimer,
      absl::ToInt64Seconds(absl::Ceil(delay, absl::Seconds(1))));
}

absl::Status GiveOrder(const RebootOrder& order,
                       std::string_view message,
                       absl::Duration delay,
                       sys::Host& host,
                       Deadline deadline) {
  // Remembered first: a boot that nobody remembers could be ordered again and again.
  RETURN_IF_ERROR(MakeFolder(kStateFolder, 0700, host));
  RETURN_IF_ERROR(PutFile(kRememberedPath, OrderText(order), 0600, host));
  RETURN_IF_ERROR(MakeFolder(kUnitFolder, 0755, host));
  RETURN_IF_ERROR(PutFile(fmt::format("{}/fettle-reboot.service", kUnitFolder),
                          RebootServiceText(message),
                          0644,
                          host));
  RETURN_IF_ERROR(
      PutFile(fmt::format("{}/{}", kUnitFolder, kRebootTimer), RebootTimerText(delay), 0644, host));
  RETURN_IF_ERROR(host.write_units().ReloadManager(deadline));
  return host.write_units().Start(kRebootTimer, deadline);
}

}  // namespace fettle::modules
