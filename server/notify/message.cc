// SPDX-License-Identifier: Apache-2.0
#include "server/notify/message.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/ranges.h>

namespace fettle::server::notify {
namespace {

constexpr std::size_t kNamedHosts = 3;

// What makes notices the same for who reads them.
using Sameness = std::tuple<Status, Kind, std::string>;

struct Gathered {
  Group group;
  std::set<std::string> hosts;
};

void Gather(Status status,
            const std::vector<const Notice*>& notices,
            std::map<Sameness, Gathered>* groups) {
  for (const Notice* notice : notices) {
    const auto [at, fresh] = groups->try_emplace({status, notice->key.kind, notice->key.subject});
    Group& group = at->second.group;
    if (fresh) {
      group.status = status;
      group.kind = notice->key.kind;
      group.subject = notice->key.subject;
      group.severity = notice->severity;
      group.detail = notice->detail;
      group.by = notice->by;
      group.since = notice->since;
    }
    ++group.count;
    group.severity = std::max(group.severity, notice->severity);
    group.since = std::min(group.since, notice->since);
    if (!notice->key.host.empty()) {
      at->second.hosts.insert(notice->key.host);
    }
  }
}

bool GraverFirst(const Group& a, const Group& b) {
  const auto rank = [](const Group& group) {
    return std::tuple(group.status != Status::kBegan,
                      group.status != Status::kHappened,
                      group.severity != Severity::kCritical);
  };
  return rank(a) != rank(b) ? rank(a) < rank(b) : a.host_count > b.host_count;
}

}  // namespace

std::string_view StatusName(Status status) {
  switch (status) {
    case Status::kBegan:
      return "firing";
    case Status::kOver:
      return "resolved";
    case Status::kHappened:
      return "happened";
  }
  return "firing";
}

Bulletin GroupTogether(const std::vector<const Notice*>& began,
                       const std::vector<const Notice*>& over,
                       const std::vector<const Notice*>& happened) {
  std::map<Sameness, Gathered> gathered;
  Gather(Status::kBegan, began, &gathered);
  Gather(Status::kOver, over, &gathered);
  Gather(Status::kHappened, happened, &gathered);
  Bulletin message;
  for (auto& [sameness, one] : gathered) {
    const auto last =
        one.hosts.size() <= kMostHosts ? one.hosts.end() : std::next(one.hosts.begin(), kMostHosts);
    one.group.host_count = one.hosts.size();
    one.group.hosts.assign(one.hosts.begin(), last);
    message.groups.push_back(std::move(one.group));
  }
  std::stable_sort(message.groups.begin(), message.groups.end(), GraverFirst);
  if (message.groups.size() > kMostGroups) {
    message.more = message.groups.size() - kMostGroups;
    message.groups.resize(kMostGroups);
  }
  return message;
}

std::string Summary(const Group& group) {
  std::string text =
      fmt::format("{}{}", group.status == Status::kOver ? "over: " : "", KindName(group.kind));
  if (!group.subject.empty()) {
    text += ": " + group.subject;
  }
  if (group.hosts.empty()) {
    return text;
  }
  if (group.host_count == 1) {
    const std::string times = group.count == 1 ? "" : fmt::format(", {} times", group.count);
    return fmt::format("{} on {}{}", text, group.hosts.front(), times);
  }
  const std::size_t named = std::min(group.hosts.size(), kNamedHosts);
  return fmt::format(
      "{} on {} hosts ({}{})",
      text,
      group.host_count,
      fmt::join(
          group.hosts.begin(), group.hosts.begin() + static_cast<std::ptrdiff_t>(named), ", "),
      group.host_count > named ? " …" : "");
}

}  // namespace fettle::server::notify
