// SPDX-License-Identifier: Apache-2.0
#include "server/siem/outlet.h"

#include "server/siem/file_outlet.h"
#include "server/siem/syslog_outlet.h"

namespace fettle::server::siem {

std::unique_ptr<Outlet> MakeOutlet(const SiemOutlet& config, const std::string& server) {
  if (!config.file.empty()) {
    return std::make_unique<FileOutlet>(config, server);
  }
  return std::make_unique<SyslogOutlet>(config, server);
}

}  // namespace fettle::server::siem
