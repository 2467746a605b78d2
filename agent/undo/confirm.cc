// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/confirm.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "agent/undo/undo_run.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

constexpr char kReason[] = "not confirmed";
constexpr char kWhatToDo[] =
    "publish a revision that is mended, or try this one again with `fettle-agent resume`";

std::string PathIn(const std::string& state_dir) {
  return state_dir + "/confirm";
}

// What came of each resource, over all runs that were undone.
class Results {
 public:
  void Add(const resource::RunReport& run) {
    for (const resource::ResourceReport& one : run.resources) {
      const auto [at, fresh] = by_id_.try_emplace(one.id, one);
      if (!fresh && one.state == resource::State::kFailed) {
        at->second = one;
      }
    }
  }

  // Commands: they are not undone.
  void Add(const std::vector<Opaque>& opaque) {
    for (const Opaque& one : opaque) {
      resource::ResourceReport report;
      report.id = one.resource;
      report.state = resource::State::kFailed;
      report.error = fmt::format("not put back: {}", one.why);
      by_id_.try_emplace(one.resource, std::move(report));
    }
  }

  void Fill(const std::string& reason, resource::RunReport* report) {
    for (auto& [id, one] : by_id_) {
      const bool back = one.state == resource::State::kReverted;  // And says already why.
      one.error = back ? fmt::format("{}; {}", one.error, kWhatToDo)
                       : fmt::format("{}; {}; {}", reason, one.error, kWhatToDo);
      (back ? report->counts.reverted : report->counts.failed) += 1;
      report->resources.push_back(std::move(one));
    }
  }

 private:
  std::map<std::string, resource::ResourceReport> by_id_;
};

// Of a run that was undone already, before a kill: what was said then.
resource::RunReport SaidBefore(const RunRecord& record, const UndoTask& task) {
  const auto said = std::find_if(record.undone.rbegin(),
                                 record.undone.rend(),
                                 [](const Undone& undone) { return !undone.outcomes.empty(); });
  return said == record.undone.rend() ? resource::RunReport()
                                      : ReportOf(*said, task.run, record.began.revision, task.host);
}

}  // namespace

std::optional<Pending> ReadPending(const std::string& state_dir) {
  const std::string bytes = journal::ReadWhole(PathIn(state_dir)).value_or("");
  const journal::Frames frames = journal::ReadFrames(bytes);
  if (frames.payloads.empty()) {
    return std::nullopt;
  }
  ByteReader in(frames.payloads.front());
  Pending pending;
  pending.runs = in.Texts();
  pending.revision = in.Text();
  pending.window = absl::Milliseconds(in.Signed());
  for (std::string& resource : in.Texts()) {
    pending.resources.insert(std::move(resource));
  }
  pending.connected = in.Flag();
  pending.phase =
      static_cast<Pending::Phase>(in.Number(static_cast<uint64_t>(Pending::Phase::kUndoing)));
  pending.report = in.Text();
  pending.why_not = in.Text();
  return in.failed() ? std::nullopt : std::optional(std::move(pending));
}

absl::Status WritePending(const std::string& state_dir, const Pending& pending) {
  ByteWriter out;
  out.Texts(pending.runs);
  out.Text(pending.revision);
  out.Signed(absl::ToInt64Milliseconds(pending.window));
  out.Texts({pending.resources.begin(), pending.resources.end()});
  out.Flag(pending.connected);
  out.Number(static_cast<uint64_t>(pending.phase));
  out.Text(pending.report);
  out.Text(pending.why_not);
  std::string bytes;
  journal::AppendFrame(out.bytes(), &bytes);
  return journal::ReplaceWhole(PathIn(state_dir), bytes);
}

// Emptied first: an unlink alone may not outlive a loss of power.
absl::Status DropPending(const std::string& state_dir) {
  const std::string path = PathIn(state_dir);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(journal::ReplaceWhole(path, ""));
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus()
                                                        : journal::ErrnoStatus("remove", path);
}

absl::Status AddPending(const std::string& state_dir, const Pending& news, const std::string& run) {
  const std::optional<Pending> there = ReadPending(state_dir);
  Pending pending = there.value_or(news);
  pending.revision = news.revision;
  pending.phase = Pending::Phase::kApplying;
  pending.window = std::max(pending.window, news.window);
  pending.resources.insert(news.resources.begin(), news.resources.end());
  if (std::find(pending.runs.begin(), pending.runs.end(), run) == pending.runs.end()) {
    pending.runs.push_back(run);
  }
  return there == pending ? absl::OkStatus() : WritePending(state_dir, pending);
}

absl::StatusOr<resource::RunReport> UndoPending(const Pending& pending,
                                                const UndoPendingTask& task,
                                                Store& store,
                                                journal::Journal& journal,
                                                sys::Host& host,
                                                const Clock& clock) {
  resource::RunReport report;
  report.id = pending.runs.empty() ? "" : pending.runs.back();
  report.host = task.host;
  report.revision = pending.revision;
  report.reason = kReason;
  report.partial = true;
  report.started = clock.Now();
  const std::string reason = fmt::format("{}: {}", kReason, pending.why_not);
  Results results;
  std::vector<Told> told_later;
  for (auto run = pending.runs.rbegin(); run != pending.runs.rend(); ++run) {
    const absl::StatusOr<RunRecord> record = store.Read(*run);
    if (absl::IsNotFound(record.status())) {
      continue;  // It was killed before it changed anything.
    }
    RETURN_IF_ERROR(record.status());
    UndoTask one{.run = *run, .reason = reason, .host = task.host};
    one.state_dir = record->began.revision == pending.revision ? task.state_dir : "";
    one.deadline = task.deadline;
    one.on_wait = task.on_wait;
    one.told_later = told_later;
    one.until_connected = !pending.connected;
    ASSIGN_OR_RETURN(resource::RunReport undone, UndoRun(one, store, journal, host, clock));
    results.Add(undone.resources.empty() ? SaidBefore(*record, one) : undone);
    results.Add(record->opaque);
    report.id = undone.id;
    told_later.insert(told_later.end(), record->told.begin(), record->told.end());
  }
  results.Fill(reason, &report);
  report.duration = clock.Now() - report.started;
  return report;
}

}  // namespace fettle::undo
