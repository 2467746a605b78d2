// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/network.h"

#include "absl/time/clock.h"

#include "cli/lab/files.h"
#include "cli/lab/names.h"
#include "cli/lab/process.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

bool InterfaceExists(const std::string& name) {
  return Exists("/sys/class/net/" + name);
}

}  // namespace

absl::Status MakeBridge(int number, Deadline deadline) {
  const std::string bridge = BridgeName(number);
  // A fixed hardware address: a bridge otherwise takes that of a port, and hosts that remember the
  // old one can't reach the machine after a port has gone.
  std::string batch;
  if (!InterfaceExists(bridge)) {
    batch += fmt::format("link add {} address 02:fe:77:1e:00:{:02x} type bridge\n", bridge, number);
  }
  batch += fmt::format("address replace {}/24 dev {}\n", GatewayAddress(number), bridge);
  batch += fmt::format("link set {} up\n", bridge);
  return RunProgram({"ip", "-batch", "-"}, batch, deadline);
}

absl::Status RemoveInterface(const std::string& name, Deadline deadline) {
  if (!InterfaceExists(name)) {
    return absl::OkStatus();
  }
  const absl::Status removed = RunProgram({"ip", "link", "delete", name}, "", deadline);
  // A port also goes with its host's namespace, which may have been first.
  return InterfaceExists(name) ? removed : absl::OkStatus();
}

absl::Status SetPort(const std::string& port, bool up, Deadline deadline) {
  return RunProgram({"ip", "link", "set", port, up ? "up" : "down"}, "", deadline);
}

absl::Status WaitForPort(const std::string& port, Deadline deadline) {
  const std::string membership = fmt::format("/sys/class/net/{}/master", port);
  while (!Exists(membership)) {
    RETURN_IF_ERROR(deadline.Check("waiting for the host's network card"));
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::OkStatus();
}

}  // namespace fettle::lab
