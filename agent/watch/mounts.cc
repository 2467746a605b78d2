// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/mounts.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "lib/base/text.h"

namespace fettle::watch {
namespace {

constexpr std::size_t kIdField = 0;
constexpr std::size_t kPointField = 4;

}  // namespace

std::set<std::string> MountPoints(std::string_view mountinfo) {
  std::set<std::string> points;
  for (const std::string_view line : SplitLines(mountinfo)) {
    const std::vector<std::string_view> fields = Split(line, ' ');
    if (fields.size() > kPointField) {
      points.insert(fmt::format("{} {}", fields[kPointField], fields[kIdField]));
    }
  }
  return points;
}

bool MountsConcern(const std::set<std::string>& before,
                   const std::set<std::string>& after,
                   const std::vector<std::string>& paths) {
  std::vector<std::string> changed;
  std::set_symmetric_difference(
      before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(changed));
  return std::any_of(changed.begin(), changed.end(), [&](const std::string& one) {
    const std::string_view point = std::string_view(one).substr(0, one.rfind(' '));
    const std::string below = point == "/" ? "/" : std::string(point) + "/";
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return path == point || path.starts_with(below);
    });
  });
}

}  // namespace fettle::watch
