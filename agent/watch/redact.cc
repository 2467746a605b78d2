// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/redact.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace fettle::watch {
namespace {

constexpr std::size_t kMostBytes = 400;
constexpr std::string_view kHidden = "<hidden>";

bool NamesSecret(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  for (const std::string_view word :
       {"pass", "pwd", "secret", "token", "apikey", "api-key", "api_key", "credential", "auth"}) {
    if (lower.find(word) != std::string::npos) {
      return true;
    }
  }
  return lower == "--key" || lower.ends_with("_key") || lower.ends_with("-key");
}

// "scheme://user:secret@host" without the secret.
std::string WithoutPassword(std::string text) {
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const std::size_t end = text.find_first_of("/ \t\"'", at + 3);
    const std::size_t sign = text.rfind('@', end);
    const std::size_t colon = text.find(':', at + 3);
    if (sign != std::string::npos && sign > at && colon < sign) {
      text.replace(colon + 1, sign - colon - 1, kHidden);
    }
  }
  return text;
}

// The value of "name=value" where the name names a secret. Also within a shell's one long argument.
std::string WithoutValues(const std::string& text) {
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t sign = text.find_first_of("=:", at);
    if (sign == std::string::npos) {
      break;
    }
    const std::size_t before = text.find_last_of(" \t\n;&|\"'({,?", sign);
    const std::size_t start = before == std::string::npos || before < at ? at : before + 1;
    const std::size_t end = std::min(text.find_first_of(" \t\n;&|)},", sign + 1), text.size());
    const bool hide = NamesSecret(std::string_view(text).substr(start, sign - start)) &&
                      text.compare(sign, 3, "://") != 0;
    shown.append(text, at, sign + 1 - at);
    at = sign + 1;
    if (hide && end > at) {
      shown.append(kHidden);
      at = end;
    }
  }
  return at < text.size() ? shown.append(text, at, std::string::npos) : shown;
}

// "-c 'mysql --password geheim'": the word after an option that names a secret.
std::string WithoutNextWord(const std::string& text) {
  std::string shown;
  bool hide = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = std::string_view(text).substr(at, end - at);
    shown.append(hide && !word.empty() ? kHidden : word);
    hide = word.starts_with('-') && word.find('=') == std::string_view::npos && NamesSecret(word);
    if (end < text.size()) {
      shown.push_back(' ');
    }
    at = end + 1;
  }
  return shown;
}

// Programs whose -p is followed by the password itself.
bool TakesShortPassword(std::string_view program) {
  program.remove_prefix(program.rfind('/') + 1);
  return program.starts_with("mysql") || program.starts_with("mariadb") || program == "sshpass";
}

}  // namespace

std::string RedactedCommand(const std::vector<std::string>& arguments) {
  std::string line;
  bool hide = false;
  const bool short_password = !arguments.empty() && TakesShortPassword(arguments[0]);
  for (const std::string& argument : arguments) {
    line += line.empty() ? "" : " ";
    line += hide ? std::string(kHidden)
            : short_password && argument.starts_with("-p") && argument.size() > 2
                ? "-p" + std::string(kHidden)
                : WithoutNextWord(WithoutValues(WithoutPassword(argument)));
    hide = argument.starts_with('-') && argument.find('=') == std::string::npos &&
           argument.find(' ') == std::string::npos && NamesSecret(argument);
  }
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  if (line.size() > kMostBytes) {
    line.resize(kMostBytes);
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0x80U) {
      line.pop_back();
    }
    if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xc0U) {
      line.pop_back();
    }
    line += "…";
  }
  return line;
}

}  // namespace fettle::watch
