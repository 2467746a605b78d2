// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/planned_host.h"

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"

namespace fettle::sys {

PlannedHost::PlannedHost(const HostReader& base, PackageForesight* foresight)
    : base_(base),
      files_(base.files(), world_),
      units_(base.units(), files_, world_),
      accounts_(base.accounts(), world_),
      packages_(base.packages(), foresight, files_, accounts_, world_) {}

absl::StatusOr<std::string> PlannedHost::Sysctl(const std::string& key) const {
  const auto at = sysctls_.find(key);
  if (at == sysctls_.end()) {
    return base_.kernel().Sysctl(key);
  }
  world_.Rely(Confidence::kPredicted);
  return at->second;
}

absl::Status PlannedHost::SetSysctl(const std::string& key, const std::string& value) {
  sysctls_[key] = value;
  world_.Note(fmt::format("set kernel setting {} to {}", key, value));
  return absl::OkStatus();
}

absl::StatusOr<CommandResult> PlannedHost::Probe(const Command& command, Deadline deadline) const {
  if (world_.changed()) {
    world_.Rely(Confidence::kLow);  // The program sees the host as it is.
  }
  return base_.prober().Probe(command, deadline);
}

absl::StatusOr<Prober::HttpAnswer> PlannedHost::HttpGet(const std::string& url,
                                                        Deadline deadline) const {
  if (world_.changed()) {
    world_.Rely(Confidence::kLow);
  }
  return base_.prober().HttpGet(url, deadline);
}

absl::Status PlannedHost::TcpConnect(const std::string& host,
                                     uint16_t port,
                                     Deadline deadline) const {
  if (world_.changed()) {
    world_.Rely(Confidence::kLow);
  }
  return base_.prober().TcpConnect(host, port, deadline);
}

absl::StatusOr<CommandResult> PlannedHost::Run(const Command& command, Deadline /*deadline*/) {
  world_.Note(fmt::format("run {}", fmt::join(command.argv, " ")), true);
  return CommandResult();
}

}  // namespace fettle::sys
