// SPDX-License-Identifier: Apache-2.0
#include "modules/sysctl/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::modules {
namespace {

// As sysctl(8) has it: the first separator says which one separates; the other one stands for
// itself and is written as its contrary in the other form.
std::string Dotted(std::string_view key) {
  std::string dotted(key);
  const std::size_t first = key.find_first_of("./");
  if (first != std::string_view::npos && key[first] == '/') {
    for (char& c : dotted) {
      c = c == '/' ? '.' : (c == '.' ? '/' : c);
    }
  }
  return dotted;
}

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@+").find(c) != std::string_view::npos;
}

// "0x1f" → "31"; anything else as it is.
std::string Decimal(std::string_view word) {
  if (!word.starts_with("0x") || word.size() == 2) {
    return std::string(word);
  }
  uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data() + 2, end, number, 16);
  return error == std::errc() && stopped == end ? std::to_string(number) : std::string(word);
}

}  // namespace

absl::StatusOr<std::string> CanonicalKey(std::string_view key) {
  constexpr std::size_t kMostBytes = 200;
  if (key.find('*') != std::string_view::npos) {
    return InvalidArgument(
        "\"{}\" is a pattern; name each key, such as \"net.ipv4.conf.all.rp_filter\" and "
        "\"net.ipv4.conf.default.rp_filter\"",
        key);
  }
  const bool characters_ok = std::all_of(key.begin(), key.end(), IsKeyCharacter);
  const std::string dotted = Dotted(key.starts_with("/proc/sys/") ? key.substr(10) : key);
  const std::vector<std::string_view> parts = Split(dotted, '.');
  const bool parts_ok =
      parts.size() >= 2 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        return !part.empty() && part.find_first_not_of('/') != std::string_view::npos;
      });
  if (!characters_ok || !parts_ok || key.size() > kMostBytes || key.front() == '-') {
    return InvalidArgument(
        "\"{}\" is no kernel setting: expected its dotted name, such as \"vm.swappiness\"", key);
  }
  return dotted;
}

std::string CanonicalSysctlValue(std::string_view value) {
  std::string canonical;
  std::string blanks(value);
  std::replace(blanks.begin(), blanks.end(), '\n', ' ');
  for (const std::string_view word : SplitWords(blanks)) {
    if (!canonical.empty()) {
      canonical += ' ';
    }
    canonical += Decimal(word);
  }
  return canonical;
}

std::optional<std::string> SettingIn(std::string_view text, std::string_view key) {
  std::optional<std::string> found;
  for (const std::string_view raw : SplitLines(text)) {
    std::string_view line = Trim(raw);
    const std::size_t equals = line.find('=');
    if (line.empty() || line.front() == '#' || line.front() == ';' ||
        equals == std::string_view::npos) {
      continue;
    }
    if (line.front() == '-') {  // "Never mind if it fails".
      line.remove_prefix(1);
    }
    if (Dotted(Trim(line.substr(0, line.find('=')))) == key) {
      found = CanonicalSysctlValue(line.substr(line.find('=') + 1));
    }
  }
  return found;
}

std::string SettingFile(std::string_view key) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '/', '~');
  return fmt::format("/etc/sysctl.d/99-fettle-{}.conf", name);
}

std::string SettingText(std::string_view key, std::string_view value) {
  return fmt::format("# Kept by Fettle; what is changed here is put back.\n{} = {}\n", key, value);
}

}  // namespace fettle::modules
