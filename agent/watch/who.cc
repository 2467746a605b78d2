// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/who.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "agent/watch/apt_history.h"
#include "agent/watch/redact.h"
#include "lib/base/text.h"

namespace fettle::watch {
namespace {

using resource::Actor;

constexpr absl::Duration kKeep = absl::Seconds(5);
constexpr std::size_t kMostKnown = 64;
constexpr std::size_t kMostGenerations = 32;
constexpr std::size_t kLogTail = 64U << 10;

// What carries out what another program decided.
bool IsTool(const sys::ProcessInfo& process) {
  constexpr std::array<std::string_view, 7> kTools = {
      "dpkg", "dpkg-deb", "dpkg-split", "frontend", "apt", "apt-get", "rpm"};
  return std::find(kTools.begin(), kTools.end(), process.name) != kTools.end();
}

bool IsPackageManager(const sys::ProcessInfo& process) {
  constexpr std::array<std::string_view, 7> kManagers = {
      "apt", "apt-get", "aptitude", "unattended-upgr", "packagekitd", "synaptic", "dpkg"};
  return std::find(kManagers.begin(), kManagers.end(), process.name) != kManagers.end();
}

std::string FirstWord(const std::string& text) {
  return text.substr(0, text.find(' '));
}

}  // namespace

std::vector<sys::ProcessInfo> Who::Line(int64_t pid) const {
  std::vector<sys::ProcessInfo> line;
  while (pid > 0 && line.size() < kMostGenerations) {
    auto process = processes_.Look(pid);
    if (!process.has_value()) {
      break;
    }
    pid = process->parent;
    line.push_back(*std::move(process));
  }
  return line;
}

Culprit Who::OfProcess(int64_t pid, absl::Duration now) {
  while (!known_.empty() && (now - known_.front().when > kKeep || known_.size() > kMostKnown)) {
    known_.pop_front();
  }
  const auto known = std::find_if(
      known_.rbegin(), known_.rend(), [pid](const Known& one) { return one.pid == pid; });
  if (known != known_.rend()) {
    return known->culprit;
  }
  Culprit culprit = Find(pid);
  known_.push_back({pid, now, culprit});
  return culprit;
}

Culprit Who::Find(int64_t pid) const {
  Culprit culprit;
  Actor& actor = culprit.actor;
  actor.pid = pid;
  if (pid == self_) {
    culprit.ours = true;
    return culprit;
  }
  const std::vector<sys::ProcessInfo> line = Line(pid);
  if (line.empty()) {
    actor.note = "it ended before it could be looked at";
    return culprit;
  }
  culprit.ours = std::any_of(
      line.begin(), line.end(), [this](const sys::ProcessInfo& one) { return one.pid == self_; });
  std::size_t chosen = 0;
  while (chosen + 1 < line.size() && IsTool(line[chosen]) && IsPackageManager(line[chosen + 1])) {
    ++chosen;
  }
  actor.certainty = Actor::Certainty::kCertain;
  Describe(line, chosen, &actor);
  return culprit;
}

void Who::Describe(const std::vector<sys::ProcessInfo>& line,
                   std::size_t chosen,
                   Actor* actor) const {
  const sys::ProcessInfo& process = line[chosen];
  actor->pid = process.pid;
  actor->executable = process.executable;
  actor->command = RedactedCommand(process.arguments);
  actor->user = processes_.UserName(process.uid);
  actor->login = process.login_uid.has_value() ? processes_.UserName(*process.login_uid) : "";
  actor->unit = UnitOfCgroup(process.cgroup);
  for (std::size_t i = chosen; i < line.size() && actor->ssh_source.empty(); ++i) {
    actor->ssh_source = FirstWord(processes_.Variable(line[i].pid, "SSH_CONNECTION"));
  }
  if (actor->command.empty() && actor->executable.empty()) {
    actor->command = process.name;
    actor->note = "it was ending when it was looked at";
  }
}

Culprit Who::OfUnit(std::string_view unit) const {
  Culprit culprit;
  const std::string_view stem = unit.substr(0, unit.rfind('.'));
  for (const char* const program : {"systemctl", "service", "invoke-rc.d", "init"}) {
    for (const int64_t pid : processes_.Named(program)) {
      const std::vector<sys::ProcessInfo> line = Line(pid);
      const bool names = !line.empty() && std::any_of(line[0].arguments.begin(),
                                                      line[0].arguments.end(),
                                                      [&](const std::string& word) {
                                                        return word == unit || word == stem;
                                                      });
      if (!names) {
        continue;
      }
      culprit.actor.certainty = Actor::Certainty::kProbable;
      Describe(line, 0, &culprit.actor);
      culprit.ours = std::any_of(line.begin(), line.end(), [this](const sys::ProcessInfo& one) {
        return one.pid == self_;
      });
      return culprit;
    }
  }
  culprit.actor.note = "systemd does not say who asked, or it stopped by itself";
  return culprit;
}

std::string Who::TransactionOf(std::string_view package) const {
  const std::string action = ActionOf(package);
  const std::string command = LastAptCommand(processes_.Tail("/var/log/apt/history.log", kLogTail));
  if (action.empty()) {
    return command;
  }
  return command.empty() ? action : fmt::format("{}; last of apt: {}", action, command);
}

std::string Who::ActionOf(std::string_view package) const {
  return LastDpkgAction(processes_.Tail("/var/log/dpkg.log", kLogTail), package);
}

std::string UnitOfCgroup(std::string_view cgroup) {
  std::string unit;
  for (const std::string_view part : Split(cgroup, '/')) {
    if (part.ends_with(".service") || part.ends_with(".scope")) {
      unit = part;
    }
  }
  return unit;
}

std::string LastAptCommand(std::string_view history) {
  const std::vector<AptTransaction> all = ParseAptHistory(history);
  return all.empty() ? "" : all.back().command;
}

std::string LastDpkgAction(std::string_view log, std::string_view package) {
  std::string last;
  for (const std::string_view line : SplitLines(log)) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() < 4) {
      continue;
    }
    const std::string_view act = words[2];
    const std::string_view name = words[3].substr(0, words[3].find(':'));
    if (name == package &&
        (act == "install" || act == "upgrade" || act == "remove" || act == "purge")) {
      last = line;
    }
  }
  return last;
}

}  // namespace fettle::watch
