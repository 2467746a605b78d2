// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lib/sys/appended_file.h"
#include "server/siem/outlet.h"

namespace fettle::server::siem {

// A line an event at the end of a file, on disk when Send() returns.
class FileOutlet final : public Outlet {
 public:
  FileOutlet(const SiemOutlet& config, std::string server);

  absl::Status Send(const std::vector<Event>& events) override;

  absl::Status Check() override { return absl::OkStatus(); }

  absl::Duration doubt() const override { return absl::ZeroDuration(); }

 private:
  const SiemFormat format_;
  const std::string server_;
  sys::AppendedFile file_;
};

}  // namespace fettle::server::siem
