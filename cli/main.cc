// SPDX-License-Identifier: Apache-2.0
// The command line `fettle`: what needs no server it does itself; for all else it becomes
// `fettle-fleet`.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "cli/program.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"
#include "lib/sys/program_beside.h"

namespace {

int BecomeFleetProgram(char** argv) {
  const std::string program = fettle::sys::ProgramBeside("fettle-fleet").value_or("fettle-fleet");
  execv(program.c_str(), argv);
  fmt::print(stderr,
             "fettle: {}; this command needs it, beside `fettle` itself: install Fettle anew\n",
             fettle::Message(fettle::sys::ErrnoStatus(errno, "start", program)));
  return fettle::cli::kExitError;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && fettle::cli::HasCommand(fettle::cli::AddLocalGroup, argv[1])) {
    return fettle::cli::RunProgram(argc, argv, fettle::cli::AddLocalGroup);
  }
  return BecomeFleetProgram(argv);
}
