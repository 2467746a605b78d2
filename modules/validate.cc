// SPDX-License-Identifier: Apache-2.0
#include "modules/validate.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"

namespace fettle::modules {

absl::Status RunValidator(const Validator& validator,
                          const std::string& new_file,
                          sys::Host& host,
                          Deadline deadline) {
  sys::Command command;
  for (std::string word : validator.words) {
    if (const std::size_t at = word.find("%s"); at != std::string::npos) {
      word.replace(at, 2, new_file);
    }
    command.argv.push_back(std::move(word));
  }
  const absl::StatusOr<sys::CommandResult> result = host.commands().Run(command, deadline);
  if (!result.ok()) {
    return Annotate(result.status(), "validate");
  }
  if (result->exit_code == 0) {
    return absl::OkStatus();
  }
  const std::string said =
      validator.secret ? "its output is kept back, the content is secret" : result->Tail();
  return FailedPrecondition("validate: `{}` exited {}, so the file was left as it was: {}",
                            fmt::join(command.argv, " "),
                            result->exit_code,
                            said);
}

}  // namespace fettle::modules
