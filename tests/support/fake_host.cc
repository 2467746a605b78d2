// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_host.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::testing {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

// Runs of blanks as one blank, none at the ends: as the interface gives values back.
std::string Squeeze(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return fmt::format("{}", fmt::join(SplitWords(line), " "));
}

}  // namespace

void FakeKernel::AddKey(const std::string& key, const std::string& value) {
  const Lock lock(calls_.mutex());
  boot_[key] = Squeeze(value);
  live_[key] = Squeeze(value);
}

void FakeKernel::SetLive(const std::string& key, const std::string& value) {
  const Lock lock(calls_.mutex());
  live_[key] = Squeeze(value);
}

void FakeKernel::RemoveKey(const std::string& key) {
  const Lock lock(calls_.mutex());
  boot_.erase(key);
  live_.erase(key);
}

void FakeKernel::Boot() {
  const Lock lock(calls_.mutex());
  live_ = boot_;
  for (const auto& [path, line] : files_.Everything()) {
    if (!path.starts_with("/etc/sysctl.d/") || !path.ends_with(".conf")) {
      continue;
    }
    const std::string content = files_.Content(path).value_or("");
    for (const std::string_view setting : SplitLines(content)) {
      const std::size_t equals = setting.find('=');
      const std::string key(Trim(setting.substr(0, equals)));
      if (equals != std::string_view::npos && live_.contains(key)) {
        live_[key] = Squeeze(setting.substr(equals + 1));
      }
    }
  }
}

absl::StatusOr<std::string> FakeKernel::Sysctl(const std::string& key) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Sysctl {}", key)));
  const auto found = live_.find(key);
  if (found == live_.end()) {
    return NotFound("sysctl {}: no such key (its module may not be loaded)", key);
  }
  return found->second;
}

absl::Status FakeKernel::SetSysctl(const std::string& key, const std::string& value) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("SetSysctl {}", key)));
  const auto found = live_.find(key);
  if (found == live_.end()) {
    return NotFound("sysctl {}: no such key (its module may not be loaded)", key);
  }
  if (refused_.contains({key, value})) {
    return InvalidArgument("sysctl {}: the kernel refuses '{}'", key, value);
  }
  found->second = Squeeze(value);
  calls_.Wrote();
  return absl::OkStatus();
}

void FakePrograms::On(Matcher matches, sys::CommandResult result, Effect effect) {
  const Lock lock(host_.calls().mutex());
  scripts_.push_back({std::move(matches), std::move(result), std::move(effect)});
}

void FakePrograms::OnProgram(const std::string& program, int exit_code, Effect effect) {
  sys::CommandResult result;
  result.exit_code = exit_code;
  On([program](const std::vector<std::string>& argv) { return argv[0] == program; },
     std::move(result),
     std::move(effect));
}

void FakePrograms::OnHttp(const std::string& url, int status, const std::string& body) {
  const Lock lock(host_.calls().mutex());
  http_[url] = {status, body};
}

absl::StatusOr<sys::CommandResult> FakePrograms::Play(const sys::Command& command) const {
  commands_.push_back(command);
  for (auto script = scripts_.rbegin(); script != scripts_.rend(); ++script) {
    if (command.argv.empty() || !script->matches(command.argv)) {
      continue;
    }
    const sys::CommandResult result = script->result;
    if (const Effect effect = script->effect; effect) {
      host_.disk().SetUnsynced(true);
      effect(host_, command);
      host_.disk().SetUnsynced(false);
    }
    return result;
  }
  return NotFound("{}: no such program", fmt::join(command.argv, " "));
}

absl::StatusOr<sys::CommandResult> FakePrograms::Probe(const sys::Command& command,
                                                       Deadline deadline) const {
  const Lock lock(host_.calls().mutex());
  RETURN_IF_ERROR(
      host_.calls().Begin(false, fmt::format("Probe {}", fmt::join(command.argv, " ")), deadline));
  return Play(command);
}

absl::StatusOr<sys::CommandResult> FakePrograms::Run(const sys::Command& command,
                                                     Deadline deadline) {
  const Lock lock(host_.calls().mutex());
  RETURN_IF_ERROR(
      host_.calls().Begin(true, fmt::format("Run {}", fmt::join(command.argv, " ")), deadline));
  absl::StatusOr<sys::CommandResult> result = Play(command);
  host_.calls().Wrote();
  return result;
}

absl::StatusOr<sys::Prober::HttpAnswer> FakePrograms::HttpGet(const std::string& url,
                                                              Deadline deadline) const {
  const Lock lock(host_.calls().mutex());
  RETURN_IF_ERROR(host_.calls().Begin(false, fmt::format("HttpGet {}", url), deadline));
  const auto found = http_.find(url);
  if (found == http_.end()) {
    return Unavailable("{}: Connection refused", url);
  }
  return found->second;
}

absl::Status FakePrograms::TcpConnect(const std::string& host,
                                      uint16_t port,
                                      Deadline deadline) const {
  const Lock lock(host_.calls().mutex());
  RETURN_IF_ERROR(
      host_.calls().Begin(false, fmt::format("TcpConnect {}:{}", host, port), deadline));
  if (!listening_.contains({host, port})) {
    return Unavailable("{}:{}: Connection refused", host, port);
  }
  return absl::OkStatus();
}

Digest FakeBlobs::Add(std::string content) {
  const Lock lock(calls_.mutex());
  const Digest digest = Sha256(content);
  blobs_[digest] = std::move(content);
  return digest;
}

absl::StatusOr<std::string> FakeBlobs::Blob(const Digest& digest) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Blob {}", digest.Hex())));
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) {
    return NotFound("blob {}: not fetched yet", digest.Hex());
  }
  return found->second;
}

FakeHost::FakeHost()
    : files_(calls_, clock_),
      accounts_(calls_, files_),
      units_(calls_, clock_, files_),
      packages_(calls_, files_, units_, accounts_),
      kernel_(calls_, files_),
      programs_(*this),
      blobs_(calls_) {
  files_.PutDirectory("/etc/systemd/system");
  files_.PutDirectory("/tmp", {01777, 0, 0});
}

void FakeHost::Reboot() {
  const Lock lock(calls_.mutex());
  calls_.ClearFaults();
  files_.DropUnsynced();
  kernel_.Boot();
  units_.Boot();
}

}  // namespace fettle::testing
