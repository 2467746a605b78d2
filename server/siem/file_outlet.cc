// SPDX-License-Identifier: Apache-2.0
#include "server/siem/file_outlet.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "server/siem/format.h"

namespace fettle::server::siem {

FileOutlet::FileOutlet(const SiemOutlet& config, std::string server)
    : format_(config.format), server_(std::move(server)), file_(config.file, config.most_bytes) {}

absl::Status FileOutlet::Send(const std::vector<Event>& events) {
  std::string lines;
  for (const Event& event : events) {
    lines += FormatLine(format_, event, server_);
    lines += '\n';
  }
  const absl::Status written = file_.Append(lines);
  if (absl::IsNotFound(written) || absl::IsPermissionDenied(written)) {
    return Annotate(written,
                    "make its folder, which the server's user has to be able to write to (see "
                    "ReadWritePaths= of the unit)");
  }
  return written;
}

}  // namespace fettle::server::siem
