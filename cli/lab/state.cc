// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/time/clock.h"
#include <nlohmann/json.hpp>

#include "cli/lab/files.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

using Json = nlohmann::json;

bool IsFolder(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::vector<std::string> Folders(const std::string& path) {
  std::vector<std::string> names;
  for (std::string& name : ListFolder(path)) {
    if (IsFolder(fmt::format("{}/{}", path, name))) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

// Whether `fd` is still what `path` names: the last lab's end removes the lock file.
bool IsCurrent(int fd, const std::string& path) {
  struct stat held;
  struct stat named;
  return fstat(fd, &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino;
}

}  // namespace

State::Lock::~Lock() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

absl::StatusOr<State::Lock> State::Acquire(Deadline deadline) const {
  const std::string path = base_ + "/lock";
  while (true) {
    RETURN_IF_ERROR(MakeFolders(base_));
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && IsCurrent(fd, path)) {
      return Lock(fd);
    }
    const int error = errno;
    if (fd >= 0) {
      close(fd);
    } else if (error != ENOENT) {
      return ErrnoStatus(error, "cannot open " + path);
    }
    if (deadline.expired()) {
      return DeadlineExceeded(
          "another `fettle lab` is at work and holds {}; see who with `fuser {}`", path, path);
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
}

void State::RemoveIfEmpty() const {
  if (Labs().empty()) {
    unlink((base_ + "/lock").c_str());
    rmdir(base_.c_str());
  }
}

std::vector<std::string> State::Labs() const {
  return Folders(base_);
}

std::optional<int> State::LabNumber(const std::string& lab) const {
  const absl::StatusOr<std::string> text = ReadText(LabFolder(lab) + "/lab.json");
  const Json json = Json::parse(text.value_or(""), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("number") || !json["number"].is_number_integer()) {
    return std::nullopt;
  }
  return json["number"].get<int>();
}

absl::Status State::SaveLab(const std::string& lab, int number) const {
  RETURN_IF_ERROR(MakeFolders(LabFolder(lab)));
  return WriteText(LabFolder(lab) + "/lab.json", Json{{"number", number}}.dump(2) + "\n");
}

std::vector<std::string> State::Hosts(const std::string& lab) const {
  return Folders(LabFolder(lab));
}

std::string State::HostFolder(const std::string& lab, const std::string& host) const {
  return fmt::format("{}/{}/{}", base_, lab, host);
}

absl::StatusOr<HostRecord> State::LoadHost(const std::string& lab, const std::string& host) const {
  const std::string path = HostFolder(lab, host) + "/host.json";
  const absl::StatusOr<std::string> text = ReadText(path);
  if (!text.ok()) {
    return NotFound("lab {} has no host {}", lab, host);
  }
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Internal("{} is damaged; remove the lab: fettle lab down --name {}", path, lab);
  }
  HostRecord record;
  record.name = host;
  record.index = json.value("index", 0);
  record.prepared = json.value("prepared", false);
  record.cut = json.value("cut", false);
  record.host_network = json.value("host_network", false);
  record.memory_bytes = json.value("memory_bytes", uint64_t{0});
  record.cpu_percent = json.value("cpu_percent", 0);
  record.mount_points = json.value("mount_points", std::vector<std::string>());
  record.binds = json.value("binds", std::vector<std::string>());
  record.supervisor.pid = json.value("pid", 0);
  record.supervisor.start_time = json.value("start_time", uint64_t{0});
  return record;
}

absl::Status State::SaveHost(const std::string& lab, const HostRecord& host) const {
  RETURN_IF_ERROR(MakeFolders(HostFolder(lab, host.name)));
  const Json json = {{"index", host.index},
                     {"prepared", host.prepared},
                     {"cut", host.cut},
                     {"host_network", host.host_network},
                     {"memory_bytes", host.memory_bytes},
                     {"cpu_percent", host.cpu_percent},
                     {"mount_points", host.mount_points},
                     {"binds", host.binds},
                     {"pid", host.supervisor.pid},
                     {"start_time", host.supervisor.start_time}};
  return WriteText(HostFolder(lab, host.name) + "/host.json", json.dump(2) + "\n");
}

}  // namespace fettle::lab
