// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "server/notify/notice.h"

// What one message says, and how each format puts it. Pure.
namespace fettle::server::notify {

enum class Status : uint8_t {
  kBegan,     // It is so now.
  kOver,      // It was said to be so, and is no longer.
  kHappened,  // It was so for a moment, and nobody has to do anything: drift put right.
};

// "firing", "resolved", "happened".
std::string_view StatusName(Status status);

// The same thing on any number of hosts.
struct Group {
  Status status = Status::kBegan;
  Kind kind = Kind::kDrift;
  Severity severity = Severity::kWarning;
  std::string subject;
  uint64_t count = 0;              // How many of it.
  uint64_t host_count = 0;         // On how many hosts; 0: on none, it is of the server.
  std::vector<std::string> hosts;  // The first of them, by name, each once.
  std::string detail;              // Of the first.
  std::string by;                  // Likewise.
  absl::Time since;                // The earliest.
};

// Who speaks, to whom.
struct Sender {
  std::string server;  // What the server is called.
  std::string link;    // Where people look; "" nowhere.
  std::string hook;
};

struct Bulletin {
  std::vector<Group> groups;  // The gravest first.
  uint64_t more = 0;          // Groups that there was no room for.
  uint64_t dropped = 0;       // Notices that were dropped since the last message.
  bool cut = false;           // More stands than is looked at.
};

inline constexpr std::size_t kMostGroups = 200;
inline constexpr std::size_t kMostHosts = 50;

// One group for the same thing (status, kind, subject), the gravest first, then those on most
// hosts. Groups beyond kMostGroups are only counted.
Bulletin GroupTogether(const std::vector<const Notice*>& began,
                       const std::vector<const Notice*>& over,
                       const std::vector<const Notice*>& happened);

// One line: "drift: file:/etc/motd on 300 hosts (web1, web2, web3 …)".
std::string Summary(const Group& group);

// JSON as docs/notifications.md describes it. `id` is the message's own.
std::string GenericBody(const Sender& sender,
                        const Bulletin& message,
                        std::string_view id,
                        absl::Time now);

// JSON for incoming webhooks of Slack and what understands the same (Mattermost, Rocket.Chat). What
// hosts say is text there, never markup.
std::string SlackBody(const Sender& sender, const Bulletin& message);

// One alert of Alertmanager's API, version 2.
struct Alert {
  const Notice* notice = nullptr;
  absl::Time ends;  // In the past: resolved.
};

// A body for POST /api/v2/alerts.
std::string AlertmanagerBody(const Sender& sender, const std::vector<Alert>& alerts);

// Where that is posted: `url` with the API's path, unless it has one.
std::string AlertmanagerUrl(std::string_view url);

}  // namespace fettle::server::notify
