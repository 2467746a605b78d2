// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/sys/units.h"
#include "tests/support/fake_calls.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_files.h"

namespace fettle::testing {

// The systemd of a FakeHost. Units are those that tests and packages add, and unit files under
// /etc/systemd/system, which are loaded when first asked for and need a daemon-reload when changed
// later, as on a real host.
class FakeUnits final : public sys::UnitReader, public sys::UnitWriter {
 public:
  FakeUnits(FakeCalls& calls, FakeClock& clock, const FakeFiles& files);

  // --- For tests: neither counted nor logged ---

  // A loaded, inactive service with a unit file in that state ("enabled", "static" …).
  void Add(const std::string& name, const std::string& unit_file_state = "disabled");
  void Forget(const std::string& name);
  // The unit as it is, to be changed at will. Aborts when it was never added.
  sys::UnitState& Edit(const std::string& name);
  // What somebody's systemctl does.
  void Activate(const std::string& name);
  void Deactivate(const std::string& name);
  // From now on starting it fails, and its journal says `reason`; "" mends it.
  void BreakStart(const std::string& name, const std::string& reason);
  void AddJournal(const std::string& name, const std::string& line);

  // No systemd here: every call is kUnavailable.
  void SetMissing(bool missing) { missing_ = missing; }

  // For the machine: after a boot exactly the enabled units run.
  void Boot();

  // UnitReader
  absl::StatusOr<sys::UnitState> Unit(const std::string& name, Deadline deadline) const override;
  std::vector<std::string> JournalTail(const std::string& name, std::size_t lines) const override;

  // UnitWriter
  absl::Status Start(const std::string& name, Deadline deadline) override;
  absl::Status Stop(const std::string& name, Deadline deadline) override;
  absl::Status Restart(const std::string& name, Deadline deadline) override;
  absl::Status Reload(const std::string& name, Deadline deadline) override;
  absl::Status Enable(const std::string& name, Deadline deadline) override;
  absl::Status Disable(const std::string& name, Deadline deadline) override;
  absl::Status Mask(const std::string& name, Deadline deadline) override;
  absl::Status Unmask(const std::string& name, Deadline deadline) override;
  absl::Status ReloadManager(Deadline deadline) override;

 private:
  struct Loaded {
    sys::UnitState state;
    std::string unmasked_file_state;  // What unit_file_state is without a mask.
    std::string fragment_seen;        // The unit file's text when it was loaded.
    std::string start_failure;
    std::vector<std::string> journal;
  };

  // Loads a unit file that is there; null when there is no such unit.
  Loaded* Load(const std::string& name) const;
  // Begin() of a writing call on an existing unit.
  absl::StatusOr<Loaded*> BeginOn(const char* verb, const std::string& name, Deadline deadline);
  absl::Status StartLoaded(Loaded* unit, const std::string& name);
  bool Stale(const Loaded& unit) const;

  FakeCalls& calls_;
  FakeClock& clock_;
  const FakeFiles& files_;
  mutable std::map<std::string, Loaded> units_;  // Looking loads, as systemd does.
  bool missing_ = false;
};

}  // namespace fettle::testing
