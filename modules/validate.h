// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "lib/base/deadline.h"
#include "lib/sys/host.h"

// The `validate` command of the types that write files: runs on the new file before it takes the
// old one's place. For modules/file and line; nobody else.
namespace fettle::modules {

struct Validator {
  std::vector<std::string> words;  // "%s" in them stands for the new file.
  bool secret = false;             // Keep back what it says: checkers quote what they dislike.
};

// OK when it exits with 0; kFailedPrecondition with the end of its output otherwise.
absl::Status RunValidator(const Validator& validator,
                          const std::string& new_file,
                          sys::Host& host,
                          Deadline deadline);

}  // namespace fettle::modules
