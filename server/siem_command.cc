// SPDX-License-Identifier: Apache-2.0
#include "server/siem_command.h"

#include <cstdio>

#include "absl/time/clock.h"
#include <fmt/ranges.h>

#include "lib/base/clock.h"
#include "lib/base/deadline.h"
#include "lib/base/status_macros.h"
#include "server/named.h"
#include "server/siem/from_leaf.h"
#include "server/siem/outlet.h"

namespace fettle::server {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(2);
constexpr absl::Duration kLookEvery = absl::Milliseconds(50);

std::string Where(const SiemOutlet& outlet) {
  return outlet.file.empty() ? outlet.address : outlet.file;
}

}  // namespace

absl::Status TestSiem(const Config& config, const std::string& name) {
  ASSIGN_OR_RETURN(const SiemOutlet outlet, FindNamed(config.siem, "siem", name));
  const SystemClock clock;
  const auto out = siem::MakeOutlet(outlet, config.names.front());
  absl::Status status = out->Send({siem::TestEvent(clock.Now())});
  // A receiver that does not want our certificate says so after it has let us in (TLS 1.3).
  const Deadline deadline =
      Deadline::After(out->doubt() > absl::ZeroDuration() ? kPatience : absl::ZeroDuration());
  while (status.ok() && !deadline.expired()) {
    absl::SleepFor(kLookEvery);
    status = out->Check();
  }
  RETURN_IF_ERROR(Annotate(status, "siem " + name));
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
