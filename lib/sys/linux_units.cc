// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_units.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include <fmt/ranges.h>
#include <systemd/sd-journal.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

// The looking half of LinuxUnits; what it changes is in linux_unit_changes.cc.
namespace fettle::sys {
namespace {

constexpr std::size_t kMaxUnitName = 255;
constexpr std::size_t kMaxJournalLine = 500;

absl::Time TimeOf(uint64_t microseconds) {
  return microseconds == 0 || microseconds == UINT64_MAX
             ? absl::InfinitePast()
             : absl::FromUnixMicros(static_cast<int64_t>(microseconds));
}

bool IsUnitCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

struct JournalCloser {
  void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};

using Journal = std::unique_ptr<sd_journal, JournalCloser>;

// What the unit itself wrote, or what systemd wrote about it.
int MatchUnit(sd_journal* journal, const std::string& name) {
  const std::string own = "_SYSTEMD_UNIT=" + name;
  const std::string about = "UNIT=" + name;
  int error = sd_journal_add_match(journal, own.data(), own.size());
  error = error < 0 ? error : sd_journal_add_disjunction(journal);
  error = error < 0 ? error : sd_journal_add_match(journal, "_PID=1", 0);
  error = error < 0 ? error : sd_journal_add_match(journal, about.data(), about.size());
  error = error < 0 ? error : sd_journal_seek_tail(journal);
  return error;
}

std::string JournalMessage(sd_journal* journal) {
  constexpr std::string_view kField = "MESSAGE=";
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal, "MESSAGE", &data, &size) < 0 || size < kField.size()) {
    return "";
  }
  std::string_view text(static_cast<const char*>(data), size);
  text.remove_prefix(kField.size());
  return std::string(text.substr(0, kMaxJournalLine));
}

}  // namespace

absl::Status CheckUnitName(const std::string& name) {
  constexpr std::array<std::string_view, 11> kSuffixes = {".service",
                                                          ".socket",
                                                          ".timer",
                                                          ".path",
                                                          ".target",
                                                          ".mount",
                                                          ".automount",
                                                          ".swap",
                                                          ".slice",
                                                          ".scope",
                                                          ".device"};
  const std::size_t dot = name.rfind('.');
  const bool has_suffix =
      dot != std::string::npos && dot > 0 &&
      std::find(kSuffixes.begin(), kSuffixes.end(), std::string_view(name).substr(dot)) !=
          kSuffixes.end();
  if (!has_suffix || name.size() > kMaxUnitName ||
      !std::all_of(name.begin(), name.end(), IsUnitCharacter)) {
    return InvalidArgument("\"{}\" is no unit name (\"nginx.service\")", name);
  }
  return absl::OkStatus();
}

UnitState UnitStateOf(const BusProperties& properties) {
  UnitState state;
  state.load_state = properties.Text("LoadState");
  state.active_state = properties.Text("ActiveState");
  state.sub_state = properties.Text("SubState");
  state.unit_file_state = properties.Text("UnitFileState");
  state.fragment_path = properties.Text("FragmentPath");
  state.type = properties.Text("Type");
  state.result = properties.Text("Result");
  state.needs_daemon_reload = properties.Number("NeedDaemonReload") != 0;
  state.can_reload = properties.Number("CanReload") != 0;
  state.remain_after_exit = properties.Number("RemainAfterExit") != 0;
  state.active_since = TimeOf(properties.Number("ActiveEnterTimestamp"));
  const absl::Time process = TimeOf(properties.Number("ExecMainStartTimestamp"));
  state.started_at = process != absl::InfinitePast()
                         ? process
                         : TimeOf(properties.Number("InactiveExitTimestamp"));
  if (const auto found = properties.lists.find("TriggeredBy"); found != properties.lists.end()) {
    state.triggered_by = found->second;
  }
  std::sort(state.triggered_by.begin(), state.triggered_by.end());
  return state;
}

absl::StatusOr<BusProperties> LinuxUnits::Properties(const std::string& name,
                                                     Deadline deadline) const {
  const absl::MutexLock lock(&mutex_);
  // Twice: systemd closes connections when it re-executes itself, as after an upgrade of its
  // package.
  for (int attempt = 0;; ++attempt) {
    if (!looks_.has_value()) {
      ASSIGN_OR_RETURN(Bus bus, Bus::Connect());
      looks_ = std::move(bus);
    }
    absl::StatusOr<BusProperties> properties = looks_->UnitProperties(name, deadline);
    if (properties.ok() || !absl::IsUnavailable(properties.status())) {
      return properties;
    }
    looks_.reset();
    if (attempt > 0) {
      return properties;
    }
  }
}

absl::StatusOr<UnitState> LinuxUnits::Unit(const std::string& name, Deadline deadline) const {
  RETURN_IF_ERROR(CheckUnitName(name));
  absl::StatusOr<BusProperties> properties = Properties(name, deadline);
  if (absl::IsNotFound(properties.status())) {
    UnitState missing;
    missing.load_state = "not-found";
    missing.active_state = "inactive";
    return missing;
  }
  RETURN_IF_ERROR(Annotate(properties.status(), name));
  return UnitStateOf(*properties);
}

std::vector<std::string> LinuxUnits::JournalTail(const std::string& name, std::size_t lines) const {
  std::vector<std::string> messages;
  sd_journal* raw = nullptr;
  if (sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY) < 0) {
    return messages;
  }
  const Journal journal(raw);
  if (MatchUnit(raw, name) < 0) {
    return messages;
  }
  while (messages.size() < lines && sd_journal_previous(raw) > 0) {
    std::string message = JournalMessage(raw);
    if (!message.empty()) {
      messages.push_back(std::move(message));
    }
  }
  std::reverse(messages.begin(), messages.end());
  return messages;
}

absl::Status LinuxUnits::WithJournal(const absl::Status& status, const std::string& name) const {
  constexpr std::size_t kLines = 10;
  const std::vector<std::string> lines = JournalTail(name, kLines);
  if (status.ok() || lines.empty()) {
    return status;
  }
  return {status.code(),
          fmt::format("{}; its last journal lines: {}", Message(status), fmt::join(lines, " | "))};
}

}  // namespace fettle::sys
