// SPDX-License-Identifier: Apache-2.0
#include "server/siem_command.h"

#include <cstdio>

#include <fmt/ranges.h>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "server/named.h"
#include "server/siem/from_leaf.h"
#include "server/siem/outlet.h"

namespace fettle::server {
namespace {

std::string Where(const SiemOutlet& outlet) {
  return outlet.file.empty() ? outlet.address : outlet.file;
}

}  // namespace

absl::Status TestSiem(const Config& config, const std::string& name) {
  ASSIGN_OR_RETURN(const SiemOutlet outlet, FindNamed(config.siem, "siem", name));
  const SystemClock clock;
  RETURN_IF_ERROR(
      Annotate(siem::MakeOutlet(outlet, config.names.front())->Send({siem::TestEvent(clock.Now())}),
               "siem " + name));
  fmt::print("{}: {} took a test event ({})\n", name, Where(outlet), SiemFormatName(outlet.format));
  return absl::OkStatus();
}

absl::Status ListSiem(const Config& config) {
  for (const SiemOutlet& outlet : config.siem) {
    fmt::print("{}  {}  {}  {}\n",
               outlet.name,
               SiemFormatName(outlet.format),
               Where(outlet),
               fmt::join(outlet.kinds, ","));
  }
  return absl::OkStatus();
}

}  // namespace fettle::server
