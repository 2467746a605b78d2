// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/apt_policy.h"

#include "lib/base/text.h"

namespace fettle::sys {
namespace {

constexpr std::string_view kCandidate = "  Candidate: ";
constexpr std::string_view kDatabase = "/var/lib/dpkg/status";

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

// The form, with the columns apt prints:
//   bash:
//     Installed: 5.2.15-2+b8
//     Candidate: 5.2.15-2+b13
//     Version table:
//        5.2.15-2+b13 500
//           500 http://deb.debian.org/debian bookworm/main amd64 Packages
//    *** 5.2.15-2+b8 100
//           100 /var/lib/dpkg/status
std::map<std::string, AptPolicy> ParseAptPolicy(std::string_view output) {
  std::map<std::string, AptPolicy> packages;
  AptPolicy* package = nullptr;
  std::string version;  // Whose sources are being listed, as long as none of them counts.
  for (const std::string_view line : SplitLines(output)) {
    if (!line.empty() && line[0] != ' ' && line.back() == ':') {
      package = &packages[std::string(line.substr(0, line.size() - 1))];
      version.clear();
      continue;
    }
    if (package == nullptr) {
      continue;
    }
    if (StartsWith(line, kCandidate)) {
      const std::string_view candidate = line.substr(kCandidate.size());
      package->candidate = candidate == "(none)" ? "" : candidate;
    } else if (StartsWith(line, " *** ") ||
               (StartsWith(line, "     ") && line.size() > 5 && line[5] != ' ')) {
      const std::vector<std::string_view> words = SplitWords(line.substr(5));
      version = words.empty() ? "" : words[0];
    } else if (StartsWith(line, "        ") && !version.empty() &&
               line.find(kDatabase) == std::string_view::npos) {
      package->versions.push_back(version);
      version.clear();
    }
  }
  return packages;
}

}  // namespace fettle::sys
