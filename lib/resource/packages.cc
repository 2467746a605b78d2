// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/packages.h"

namespace fettle::resource {

Digest PackageDigest(const PackageSet& packages) {
  std::string lines;
  for (const auto& [name, package] : packages) {
    lines += name;
    lines += ' ';
    lines += package.version;
    lines += ' ';
    lines += package.architecture;
    lines += '\n';
  }
  return Sha256(lines);
}

PackageReport PackageChanges(const PackageSet& before, const PackageSet& after) {
  PackageReport report;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->first < now->first)) {
      report.entries.push_back({old->first, {}, 0});
      ++old;
    } else if (old == before.end() || now->first < old->first) {
      report.entries.push_back({now->first, now->second, 0});
      ++now;
    } else {
      if (old->second != now->second) {
        report.entries.push_back({now->first, now->second, 0});
      }
      ++old;
      ++now;
    }
  }
  return report;
}

}  // namespace fettle::resource
