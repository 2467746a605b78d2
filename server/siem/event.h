// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "lib/resource/report.h"

// What happened in the fleet, one thing at a time, for what collects such things (a SIEM). Plain
// values; docs/siem.md describes them as they are written.
namespace fettle::server::siem {

// A run as a whole.
struct RunResult {
  std::string id;
  std::string reason;    // "push", "sweep", "drift" …
  bool enforce = true;   // False: it only looked.
  bool partial = false;  // It looked at some resources alone.
  absl::Duration duration;
  resource::RunCounts counts;
};

struct Event {
  std::string id;       // The same whenever the same event is sent.
  std::string kind;     // One of kSiemKinds, "gap" or "test".
  int severity = 0;     // 0 to 10, as CEF counts.
  absl::Time time;      // When it happened; of what hosts report by the host's clock.
  absl::Time received;  // When the server wrote it down.
  std::string host;     // The host that it concerns; "" none or several.
  std::string summary;  // One line for people.
  bool failed = false;  // It went wrong, or was refused.

  std::optional<uint64_t> leaf;  // Where it stands in the evidence log.
  std::string who;               // Of acts: "user/ann", "host/web1", "server".
  std::string act;               // "publish", "channel set" …
  std::map<std::string, std::string> data;

  std::string resource;  // Of what happened to a resource: "file:/etc/motd".
  std::vector<resource::DifferenceRecord> differences;
  std::optional<resource::Actor> actor;  // Who made it drift.
  std::vector<std::string> controls;
  std::string position;  // "recipes/nginx/init.lua:12".
  std::string revision;  // "r42".
  std::string run;       // Its id.
  std::optional<RunResult> result;
  std::string detail;  // Why, in full.
};

// How grave a kind is, 0 to 10; a failed run is graver than its kind.
int SeverityOf(std::string_view kind);

}  // namespace fettle::server::siem
