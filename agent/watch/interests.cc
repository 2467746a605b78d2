// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/interests.h"

#include <algorithm>

#include "lib/base/text.h"

namespace fettle::watch {
namespace {

// "net.ipv4.conf.eth0/1.forwarding" is .../net/ipv4/conf/eth0.1/forwarding.
std::string KernelPath(std::string_view key) {
  std::string path(key);
  for (char& c : path) {
    c = c == '.' ? '/' : c == '/' ? '.' : c;
  }
  return "/proc/sys/" + path;
}

std::string_view After(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

// What the resource owns; false for a kind of thing that nobody here knows how to watch.
bool AddOwned(std::string_view key, const resource::Attributes& attributes, Interests* interests) {
  if (const std::string_view path = After(key, "path:"); !path.empty()) {
    interests->paths.emplace_back(path);
  } else if (key.starts_with("line:")) {
    interests->paths.push_back(attributes.String("path", ""));
  } else if (const std::string_view unit = After(key, "service:"); !unit.empty()) {
    interests->units.emplace_back(unit);
  } else if (key.starts_with("package:")) {
    interests->packages = true;
  } else if (key.starts_with("user:") || key.starts_with("group:")) {
    interests->accounts = true;
  } else if (const std::string_view setting = After(key, "sysctl:"); !setting.empty()) {
    interests->paths.push_back(KernelPath(setting));
  } else if (key.starts_with("cron:")) {
    if (attributes.Bool("crontab", false)) {
      interests->paths.push_back("/var/spool/cron/crontabs/" + attributes.String("user", "root"));
    }
  } else if (key.starts_with("mount:")) {
    interests->mounts = true;
  } else if (key.starts_with("boot:")) {
    interests->paths.push_back("/run/reboot-required");
    interests->packages = true;  // Kernels come with packages.
  } else {
    return false;
  }
  return true;
}

}  // namespace

Interests InterestsOf(const resource::Declaration& declaration, const resource::Schema& schema) {
  Interests interests;
  interests.id = declaration.Id();
  if (schema.opaque || schema.read_only) {
    interests.why = schema.opaque ? "what a step depends on is not known"
                                  : "what a check depends on is not known";
    return interests;
  }
  const resource::Footprint footprint = schema.footprint(declaration.name, declaration.attributes);
  for (const std::string& key : footprint.owns) {
    if (!AddOwned(key, declaration.attributes, &interests)) {
      interests.why = "nothing tells of changes of what it manages";
    }
  }
  for (const std::string& key : footprint.needs) {
    // Its owner is a name; what number that is may change. root's does not.
    const bool account = key.starts_with("user:") || key.starts_with("group:");
    interests.accounts = interests.accounts || (account && !key.ends_with(":root"));
  }
  if (declaration.attributes.Bool("recurse", false) ||
      declaration.attributes.Bool("purge", false)) {
    interests.poll = true;
    interests.why = "what lies below a directory is looked at every so often";
  }
  if (declaration.attributes.Bool("follow", false)) {
    interests.poll = true;
    interests.why = "what a link leads to is looked at every so often";
  }
  std::erase(interests.paths, "");
  return interests;
}

std::vector<Interests> InterestsOf(const engine::Prepared& prepared) {
  std::vector<Interests> all;
  all.reserve(prepared.items().size());
  for (const engine::Item& item : prepared.items()) {
    all.push_back(InterestsOf(*item.declaration, *item.type->schema));
  }
  return all;
}

TouchMap::TouchMap(const std::vector<Interests>& resources) {
  for (std::size_t index = 0; index < resources.size(); ++index) {
    const Interests& one = resources[index];
    for (const std::string& path : one.paths) {
      AddPath(path, index);
    }
    for (const std::string& unit : one.units) {
      by_unit_[unit].push_back(index);
    }
    if (!one.units.empty()) {
      all_units_.push_back(index);
    }
    if (one.accounts) {
      for (const char* const path : kAccountFiles) {
        AddPath(path, index);
      }
    }
    if (one.packages) {
      AddPath(kPackageDatabase, index);
      packages_.push_back(index);
    }
    if (one.mounts) {
      mounts_.push_back(index);
    }
    if (one.poll) {
      polled_.push_back(index);
    }
  }
}

void TouchMap::AddPath(const std::string& path, std::size_t index) {
  const auto [found, fresh] = place_.try_emplace(path, paths_.size());
  if (fresh) {
    paths_.push_back(path);
    by_path_.emplace_back();
  }
  Indices& indices = by_path_[found->second];
  if (indices.empty() || indices.back() != index) {
    indices.push_back(index);
  }
}

const TouchMap::Indices& TouchMap::OfUnit(std::string_view unit) const {
  static const Indices kNone;
  if (unit.empty()) {
    return all_units_;
  }
  const auto found = by_unit_.find(unit);
  return found == by_unit_.end() ? kNone : found->second;
}

}  // namespace fettle::watch
