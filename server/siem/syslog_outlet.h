// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/pki/tls_connection.h"
#include "server/siem/outlet.h"

namespace fettle::server::siem {

// Syslog over TLS (RFC 5425) on one connection that stays. The protocol has no answers: events
// count as taken when the other side's kernel has acknowledged all of them, and are in doubt for a
// while after.
class SyslogOutlet final : public Outlet {
 public:
  SyslogOutlet(SiemOutlet config, std::string server);

  absl::Status Send(const std::vector<Event>& events) override;
  absl::Status Check() override;

  absl::Duration doubt() const override { return absl::Seconds(10); }

 private:
  absl::Status Connect(Deadline deadline);
  absl::Status Put(std::string_view frames, Deadline deadline);
  absl::Status Listen();

  const SiemOutlet config_;
  const std::string server_;
  std::optional<pki::TlsConnection> connection_;
};

}  // namespace fettle::server::siem
