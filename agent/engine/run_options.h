// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "agent/undo/hold.h"
#include "lib/base/deadline.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"

namespace fettle::engine {

class PlanObserver;  // agent/engine/foresight.h
class ChangeGate;

// What one run is asked to do.
struct RunOptions {
  bool enforce = true;           // False: audit. Look and report, change nothing.
  bool paused = false;           // Somebody paused the host: as audit, said so in the report.
  std::string reason = "apply";  // See RunReport::reason.
  std::string revision = {};
  Deadline deadline = Deadline::Never();  // Of the whole run, the wait for another one included.

  // Ids to look at (with whoever is told of their changes or needs them); empty for all. What they
  // need is looked at too, but not changed. Ids that are not declared are ignored.
  std::vector<std::string> only = {};

  // Called with each resource that is not simply at rest, as soon as its state is known.
  std::function<void(const resource::ResourceReport&)> on_resource = {};

  // Called once, with the holder's word, when the run has to wait for another one.
  std::function<void(const std::string&)> on_wait = {};

  // What has a schedule is changed in its windows only, by the clock of this zone. Nullopt: at any
  // time, for somebody who applies by hand.
  std::optional<absl::TimeZone> schedule_zone = {};

  // Read every file, also those that look as they did when their digest was last verified.
  bool deep = false;

  // Keep what was before each change, so that the run can be undone.
  bool keep_preimages = true;

  // Of a plan: told of what would be done. Of a run: asked before each change. May be null.
  PlanObserver* observer = nullptr;
  ChangeGate* gate = nullptr;

  // What puts back groups that failed: a host that no gate narrows. Null: the one of the run.
  sys::Host* rollback_host = nullptr;

  // The folder of undo::Hold; "" for whoever applies by hand, whom nothing holds back.
  std::string state_dir = {};

  // Where what waits for the server is written down (undo::Pending) before something is changed
  // that may cut the host off; "" for whoever applies by hand, who is not asked to confirm.
  // Whether there is a session with the server now.
  std::string confirm_dir = {};
  bool connected = false;

  // Set by the engine: what was undone of this revision.
  std::optional<undo::Hold> held = {};
};

}  // namespace fettle::engine
