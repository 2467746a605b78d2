// SPDX-License-Identifier: Apache-2.0
// fettle-agent-link: the part of the agent that talks to the network, started by fettle-agent with
// a socket to it as standard input. Not for people.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>

#include "absl/synchronization/mutex.h"
#include <CLI/CLI.hpp>

#include "agent/link/confine.h"
#include "agent/link/enroll.h"
#include "agent/link/link.h"
#include "lib/base/heap.h"
#include "lib/base/status_macros.h"

namespace fettle::link {
namespace {

constexpr int kEngineFd = STDIN_FILENO;

// The engine's signals are not ours: it ends us by closing the socket.
void ResetSignals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);

  struct sigaction ignore {};

  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

int Report(const absl::Status& status) {
  if (status.ok()) {
    return 0;
  }
  fmt::print(stderr, "fettle-agent-link: {}\n", Message(status));
  return 1;
}

absl::Status Prepare(const std::string& user, int parent) {
  ResetSignals();
  ASSIGN_OR_RETURN(const Unprivileged who, FindUnprivileged(user));
  return Confine(who, parent);
}

absl::Status RunLink() {
  Link link(kEngineFd);
  link.Run();
  if (link.dialing()) {
    ::_exit(0);  // To wait for somebody who does not answer would keep the agent from ending.
  }
  return absl::OkStatus();
}

absl::Status RunEnroll(const std::string& server, const std::string& pin) {
  return RunEnrollment(server, pin, kEngineFd);
}

int Main(int argc, char** argv) {
  CLI::App app("Started by fettle-agent; not for people.");
  std::string user = "fettle-agent";
  int parent = 0;
  std::string server;
  std::string pin;
  app.add_option("--user", user, "Whom to run as");
  app.add_option("--parent", parent, "The agent's process id")->required();
  CLI::App* const run = app.add_subcommand("run", "Hold a session with the server");
  CLI::App* const enroll = app.add_subcommand("enroll", "Ask once for a certificate");
  enroll->add_option("--server", server, "host:port")->required();
  enroll->add_option("--pin", pin, "SHA-256 of the authority's certificate")->required();
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);

  if (const absl::Status status = Prepare(user, parent); !status.ok()) {
    return Report(status);
  }
  if (run->parsed()) {
    return Report(RunLink());
  }
  return Report(RunEnroll(server, pin));
}

}  // namespace
}  // namespace fettle::link

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  fettle::KeepHeapSmall();
  try {
    return fettle::link::Main(argc, argv);
  } catch (const std::exception& error) {  // The parser of the command line's, and out of memory.
    static_cast<void>(std::fputs("fettle-agent-link: ", stderr));
    static_cast<void>(std::fputs(error.what(), stderr));
    static_cast<void>(std::fputs("\n", stderr));
    return 1;
  }
}
