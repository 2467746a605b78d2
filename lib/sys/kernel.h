// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fettle::sys {

// Looks at kernel settings. Keys are in dotted form ("net.ipv4.ip_forward"); a "/" in a key stands
// for itself inside a component, as sysctl(8) has it ("net/ipv4/conf/eth0.1/forwarding").
class KernelReader {
 public:
  virtual ~KernelReader() = default;

  // The live value with runs of blanks as one blank and without the final newline. kNotFound: no
  // such key (its module may not be loaded); kFailedPrecondition: write-only.
  virtual absl::StatusOr<std::string> Sysctl(const std::string& key) const = 0;
};

class KernelWriter {
 public:
  virtual ~KernelWriter() = default;

  // Sets the live value. kInvalidArgument when the kernel refuses it, kNotFound as above.
  virtual absl::Status SetSysctl(const std::string& key, const std::string& value) = 0;
};

}  // namespace fettle::sys
