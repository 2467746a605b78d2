// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/recording_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::sys {
namespace {

std::string StatText(const FileStat& stat) {
  ByteWriter out;
  out.Number(static_cast<uint64_t>(stat.kind));
  out.Number(stat.mode);
  out.Number(stat.uid);
  out.Number(stat.gid);
  out.Number(stat.device);
  out.Number(stat.inode);
  if (stat.kind != FileKind::kDirectory) {
    out.Number(stat.links);
    out.Number(stat.size);
    out.Signed(stat.modified_ns);
    out.Signed(stat.changed_ns);
  }
  return out.Take();
}

std::string UnitText(const UnitState& unit) {
  ByteWriter out;
  for (const std::string& text : {unit.load_state,
                                  unit.active_state,
                                  unit.sub_state,
                                  unit.unit_file_state,
                                  unit.fragment_path,
                                  unit.type}) {
    out.Text(text);
  }
  out.Texts(unit.triggered_by);
  return out.Take();
}

std::string PackageText(const PackageState& state) {
  ByteWriter out;
  out.Number(static_cast<uint64_t>(state.presence));
  out.Text(state.version);
  out.Text(state.architecture);
  out.Flag(state.held);
  out.Text(state.broken_as);
  return out.Take();
}

std::string UserText(const User& user) {
  ByteWriter out;
  out.Text(user.name);
  out.Number(user.uid);
  out.Number(user.gid);
  for (const std::string& text : {user.comment, user.home, user.shell, user.password_hash}) {
    out.Text(text);
  }
  out.Flag(user.locked);
  out.Signed(user.expires_day);
  return out.Take();
}

std::string GroupText(const Group& group) {
  ByteWriter out;
  out.Text(group.name);
  out.Number(group.gid);
  out.Texts(group.members);
  return out.Take();
}

std::string ListText(const std::vector<std::string>& list) {
  ByteWriter out;
  out.Texts(list);
  return out.Take();
}

}  // namespace

std::vector<Observation> RecordingReader::Take() {
  std::vector<Observation> taken;
  {
    const absl::MutexLock lock(&mutex_);
    taken = std::exchange(seen_, {});
  }
  const auto by_question = [](const Observation& a, const Observation& b) {
    return a.question < b.question;
  };
  std::stable_sort(taken.begin(), taken.end(), by_question);
  const auto same = [](const Observation& a, const Observation& b) {
    return a.question == b.question;
  };
  taken.erase(std::unique(taken.begin(), taken.end(), same), taken.end());
  return taken;
}

void RecordingReader::Keep(std::string question,
                           const absl::Status& status,
                           std::string_view answer) const {
  std::string text = status.ok() ? "=" : fmt::format("!{}", static_cast<int>(status.code()));
  text += status.ok() ? answer : std::string_view();
  const absl::MutexLock lock(&mutex_);
  seen_.push_back({std::move(question), Sha256(text)});
}

absl::StatusOr<FileStat> RecordingReader::Stat(const std::string& path) const {
  absl::StatusOr<FileStat> answer = base_.files().Stat(path);
  Keep("file " + path, answer.status(), answer.ok() ? StatText(*answer) : "");
  return answer;
}

absl::StatusOr<std::string> RecordingReader::Read(const std::string& path,
                                                  uint64_t max_bytes) const {
  absl::StatusOr<std::string> answer = base_.files().Read(path, max_bytes);
  Keep("content of " + path, answer.status(), answer.ok() ? Sha256(*answer).Raw() : "");
  return answer;
}

absl::StatusOr<Digest> RecordingReader::ContentDigest(const std::string& path,
                                                      Deadline deadline) const {
  absl::StatusOr<Digest> answer = base_.files().ContentDigest(path, deadline);
  Keep("content of " + path, answer.status(), answer.ok() ? answer->Raw() : "");
  return answer;
}

absl::StatusOr<Digest> RecordingReader::DigestOf(const std::string& path,
                                                 const FileStat& seen,
                                                 Deadline deadline) const {
  absl::StatusOr<Digest> answer = base_.files().DigestOf(path, seen, deadline);
  Keep("content of " + path, answer.status(), answer.ok() ? answer->Raw() : "");
  return answer;
}

absl::StatusOr<std::string> RecordingReader::ReadLink(const std::string& path) const {
  absl::StatusOr<std::string> answer = base_.files().ReadLink(path);
  Keep("target of " + path, answer.status(), answer.ok() ? *answer : "");
  return answer;
}

absl::StatusOr<std::vector<std::string>> RecordingReader::List(const std::string& path) const {
  absl::StatusOr<std::vector<std::string>> answer = base_.files().List(path);
  Keep("names in " + path, answer.status(), answer.ok() ? ListText(*answer) : "");
  return answer;
}

absl::StatusOr<bool> RecordingReader::IsMountPoint(const std::string& path) const {
  absl::StatusOr<bool> answer = base_.files().IsMountPoint(path);
  Keep("mount point " + path, answer.status(), answer.ok() && *answer ? "1" : "0");
  return answer;
}

absl::StatusOr<PackageState> RecordingReader::Package(const std::string& name) const {
  absl::StatusOr<PackageState> answer = base_.packages().Package(name);
  Keep("package " + name, answer.status(), answer.ok() ? PackageText(*answer) : "");
  return answer;
}

absl::StatusOr<std::string> RecordingReader::Candidate(const std::string& name,
                                                       Deadline deadline) const {
  absl::StatusOr<std::string> answer = base_.packages().Candidate(name, deadline);
  Keep("candidate of package " + name, answer.status(), answer.ok() ? *answer : "");
  return answer;
}

absl::StatusOr<std::vector<std::string>> RecordingReader::AvailableVersions(
    const std::string& name, Deadline deadline) const {
  return base_.packages().AvailableVersions(name, deadline);
}

absl::StatusOr<std::vector<std::string>> RecordingReader::Broken() const {
  absl::StatusOr<std::vector<std::string>> answer = base_.packages().Broken();
  Keep("half-done packages", answer.status(), answer.ok() ? ListText(*answer) : "");
  return answer;
}

int RecordingReader::CompareVersions(std::string_view a, std::string_view b) const {
  return base_.packages().CompareVersions(a, b);
}

absl::StatusOr<UnitState> RecordingReader::Unit(const std::string& name, Deadline deadline) const {
  absl::StatusOr<UnitState> answer = base_.units().Unit(name, deadline);
  Keep("unit " + name, answer.status(), answer.ok() ? UnitText(*answer) : "");
  return answer;
}

std::vector<std::string> RecordingReader::JournalTail(const std::string& name,
                                                      std::size_t lines) const {
  return base_.units().JournalTail(name, lines);
}

absl::StatusOr<User> RecordingReader::FindUser(const std::string& name) const {
  absl::StatusOr<User> answer = base_.accounts().FindUser(name);
  Keep("user " + name, answer.status(), answer.ok() ? UserText(*answer) : "");
  return answer;
}

absl::StatusOr<User> RecordingReader::FindUser(uint32_t uid) const {
  absl::StatusOr<User> answer = base_.accounts().FindUser(uid);
  Keep(fmt::format("user of uid {}", uid), answer.status(), answer.ok() ? UserText(*answer) : "");
  return answer;
}

absl::StatusOr<Group> RecordingReader::FindGroup(const std::string& name) const {
  absl::StatusOr<Group> answer = base_.accounts().FindGroup(name);
  Keep("group " + name, answer.status(), answer.ok() ? GroupText(*answer) : "");
  return answer;
}

absl::StatusOr<Group> RecordingReader::FindGroup(uint32_t gid) const {
  absl::StatusOr<Group> answer = base_.accounts().FindGroup(gid);
  Keep(fmt::format("group of gid {}", gid), answer.status(), answer.ok() ? GroupText(*answer) : "");
  return answer;
}

absl::StatusOr<std::vector<std::string>> RecordingReader::GroupsOf(const std::string& user) const {
  absl::StatusOr<std::vector<std::string>> answer = base_.accounts().GroupsOf(user);
  Keep("groups of " + user, answer.status(), answer.ok() ? ListText(*answer) : "");
  return answer;
}

std::vector<std::string> RecordingReader::ProcessesOf(uint32_t uid, std::size_t most) const {
  return base_.accounts().ProcessesOf(uid, most);
}

absl::StatusOr<std::string> RecordingReader::Sysctl(const std::string& key) const {
  absl::StatusOr<std::string> answer = base_.kernel().Sysctl(key);
  Keep("kernel setting " + key, answer.status(), answer.ok() ? *answer : "");
  return answer;
}

absl::StatusOr<CommandResult> RecordingReader::Probe(const Command& command,
                                                     Deadline deadline) const {
  absl::StatusOr<CommandResult> answer = base_.prober().Probe(command, deadline);
  // The words of a command may be secret: only their digest is kept.
  Keep(fmt::format("answer of {} ({})",
                   command.argv.empty() ? "" : command.argv.front(),
                   Sha256(fmt::format("{}", fmt::join(command.argv, "\n"))).Hex().substr(0, 8)),
       answer.status(),
       answer.ok() ? std::to_string(answer->exit_code) : "");
  return answer;
}

absl::StatusOr<Prober::HttpAnswer> RecordingReader::HttpGet(const std::string& url,
                                                            Deadline deadline) const {
  return base_.prober().HttpGet(url, deadline);
}

absl::Status RecordingReader::TcpConnect(const std::string& host,
                                         uint16_t port,
                                         Deadline deadline) const {
  return base_.prober().TcpConnect(host, port, deadline);
}

}  // namespace fettle::sys
