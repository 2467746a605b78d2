// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/undo_run.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "agent/undo/hold.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

std::set<std::string> ResourcesOf(const RunRecord& run, const std::set<std::string>& only) {
  std::set<std::string> resources;
  for (const Change& change : run.changes) {
    for (const std::string& resource : change.resources) {
      if (only.empty() || only.contains(resource)) {
        resources.insert(resource);
      }
    }
  }
  return resources;
}

// Before anything is put back: a kill in between must not let the agent do it again.
absl::Status HoldBack(const UndoTask& task, const RunRecord& run, absl::Time now) {
  if (task.state_dir.empty() || run.began.revision.empty()) {
    return absl::OkStatus();
  }
  Hold hold{run.began.revision,
            task.run,
            task.reason,
            now,
            ResourcesOf(run, task.only),
            task.until_connected};
  if (const std::optional<Hold> there = ReadHold(task.state_dir);
      there.has_value() && there->revision == hold.revision) {
    hold.resources.insert(there->resources.begin(), there->resources.end());
  }
  return WriteHold(task.state_dir, hold);
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash == 0 ? 1 : slash);
}

// The directories into which putting back `one` writes.
void AddFolders(const ThingBefore& one, std::set<std::string>* folders) {
  if (!IsFiles(one.thing.kind)) {
    return;
  }
  folders->insert(FolderOf(one.thing.name));
  for (const auto& [part, bytes] : one.before) {
    if (!part.empty()) {
      folders->insert(FolderOf(part.starts_with('/') ? part : one.thing.name + "/" + part));
    }
  }
}

// What an undo of `run` that was killed left beside the files it wrote.
void RemoveLeftovers(const RunRecord& run, sys::Host& host) {
  if (run.undone.empty()) {
    return;
  }
  std::set<std::string> folders;
  for (const Change& change : run.changes) {
    for (const ThingBefore& one : change.things) {
      AddFolders(one, &folders);
    }
  }
  for (const std::string& folder : folders) {
    (void)host.write_files().RemoveTemporaries(folder);
  }
}

absl::Status Forget(const Undone& undone, journal::Journal& journal) {
  journal::Forgotten forgotten;
  for (const Undone::Outcome& outcome : undone.outcomes) {
    if (outcome.put_back) {
      forgotten.ids.push_back(outcome.resource);
    }
  }
  return forgotten.ids.empty() ? absl::OkStatus() : journal.Add(forgotten);
}

}  // namespace

resource::RunReport ReportOf(const Undone& undone,
                             const std::string& run,
                             const std::string& revision,
                             const std::string& host) {
  resource::RunReport report;
  report.id = undone.by;
  report.host = host;
  report.revision = revision;
  report.reason = fmt::format("{} (run {})", undone.reason, run);
  report.partial = true;
  report.started = undone.at;
  for (const Undone::Outcome& outcome : undone.outcomes) {
    resource::ResourceReport one;
    one.id = outcome.resource;
    one.state = outcome.put_back ? resource::State::kReverted : resource::State::kFailed;
    one.error = outcome.put_back
                    ? fmt::format("put back to what it was before run {} ({})", run, undone.reason)
                    : fmt::format("not put back: {}", outcome.why_not);
    (outcome.put_back ? report.counts.reverted : report.counts.failed) += 1;
    report.resources.push_back(std::move(one));
  }
  return report;
}

absl::StatusOr<resource::RunReport> UndoRun(const UndoTask& task,
                                            Store& store,
                                            journal::Journal& journal,
                                            sys::Host& host,
                                            const Clock& clock) {
  const absl::Duration start = clock.Monotonic();
  const std::string id = NewId();
  RETURN_IF_ERROR(
      journal.Begin(fmt::format("undo of run {}, run {}, pid {}", task.run, id, ::getpid()),
                    task.deadline,
                    task.on_wait));
  absl::StatusOr<RunRecord> run = store.Read(task.run);
  absl::Status status = run.status();
  absl::StatusOr<Undone> undone = Undone();
  if (status.ok()) {
    status = HoldBack(task, *run, clock.Now());
  }
  if (status.ok()) {
    RemoveLeftovers(*run, host);
    undone = Perform(store,
                     task.run,
                     host,
                     clock,
                     {.only = task.only,
                      .by = id,
                      .reason = task.reason,
                      .deadline = task.deadline,
                      .told_later = task.told_later});
    status = undone.status();
  }
  if (status.ok()) {
    status = Forget(*undone, journal);
  }
  const absl::Status ended = journal.End();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(ended);
  resource::RunReport report = ReportOf(*undone, task.run, run->began.revision, task.host);
  report.id = id;
  report.duration = clock.Monotonic() - start;
  return report;
}

}  // namespace fettle::undo
