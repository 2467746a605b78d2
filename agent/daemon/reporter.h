// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "agent/daemon/converger.h"
#include "agent/link/events.h"
#include "agent/report/spool.h"
#include "lib/resource/coverage.h"

namespace fettle::agent {

// Decides what of a run is worth a report, and puts it into the spool. Nothing is said of a sweep
// that found everything as it was: the heartbeat's digest proves it. Remembers on disk what the
// server was told, so that a restart repeats nothing. One thread.
class Reporter {
 public:
  // `packages_path`: where PackageLook keeps what it found.
  Reporter(std::string path, std::string packages_path, report::Spool& spool);

  // After a run.
  void Record(const Outcome& outcome);

  // What somebody undid by hand on this host: a partial report, told as it is but for resources
  // that are not of the catalog of the last run.
  void RecordUndo(resource::RunReport undone);
  // Of a run whose states are not those to stand: they come with the next one.
  void Tell(const resource::RunReport& run);
  // The same of one that an earlier agent has encoded.
  void Tell(std::string run);

  // The agent would not take a revision: said once for each revision and reason.
  void Refuse(const link::Assignment& assignment, const std::string& reason);

  // The assigned revision is enforced: takes back a refusal, if there was one.
  void Accept(const link::Assignment& assignment);

  // Why the assigned revision is not enforced; "" when it is.
  const std::string& refusal() const { return refusal_; }

  // How each resource is watched.
  void TellCoverage(const std::map<std::string, resource::Coverage>& coverage);

  // That the host is paused; InfinitePast: no longer.
  void TellPause(absl::Time until, const std::string& reason);

  // Packages that came, went or changed, and the digest of all of them.
  void TellPackages(const std::vector<resource::PackageReport>& changes, const Digest& digest);
  // The server asks for the whole list.
  void ResyncPackages();

  // As told last; empty: nothing is told yet.
  const Digest& packages() const { return packages_; }

  // The server asks what is so: a snapshot and the facts, now or after the first run.
  void Resync();

  const Digest& states() const { return states_; }

  const Digest& catalog() const { return catalog_; }

  // The report of the last run, without its resources; nullopt before the first.
  const std::optional<resource::RunReport>& last_run() const { return last_run_; }

  // How many resources rest in which state.
  resource::RunCounts Resting() const;

  // Resources that are not at rest, by id.
  std::vector<link::SnapshotEntry> Unrest() const;

 private:
  // What the server was told last.
  struct Told {
    Digest catalog;
    Digest facts;
    Digest states;
    Digest refused;  // Of revision id and reason; empty for no refusal.
    std::string last_error;
  };

  void Load();
  void Save() const;
  void Append(report::Weight weight, std::string body, std::string_view what);
  std::vector<std::string> Merge(const Outcome& outcome);
  bool WorthTelling(const resource::RunReport& run) const;
  void TellSnapshot();
  void TellFacts();

  const std::string path_;
  const std::string packages_path_;
  report::Spool& spool_;
  Told told_;
  Digest states_;  // Empty before the first run.
  Digest catalog_;
  std::string revision_;
  std::vector<link::SnapshotEntry> entries_;
  std::string facts_json_;
  std::optional<resource::RunReport> last_run_;
  std::string refusal_;
  bool resync_wanted_ = false;
  std::string coverage_;  // As told last.
  std::string pause_;     // Likewise.
  Digest packages_;       // Likewise.
};

}  // namespace fettle::agent
