// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

// Keys, values and files of sysctl.d(5). Pure; included by this folder only.
namespace fettle::modules {

// The dotted form of a key in either form: "net/ipv4/conf/eth0.1/forwarding" and
// "net.ipv4.conf.eth0/1.forwarding" are the same. kInvalidArgument for what is no single key.
absl::StatusOr<std::string> CanonicalKey(std::string_view key);

// A value as the kernel says it back: blanks as one blank, none around, "0x10" as "16".
std::string CanonicalSysctlValue(std::string_view value);

// What the text of a sysctl.d file sets `key` (canonical) to, canonical; nullopt if it does not.
// Patterns do not count: they give way to a setting by name.
std::optional<std::string> SettingIn(std::string_view text, std::string_view key);

// The file of ours that keeps `key` (canonical).
std::string SettingFile(std::string_view key);

// Its content.
std::string SettingText(std::string_view key, std::string_view value);

}  // namespace fettle::modules
